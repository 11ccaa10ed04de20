import { z } from "zod";
import { parseJson } from "../computer/parse-json.ts";

const ClusterBody = z.object({
  members: z.array(
    z.object({
      name: z.string(),
      /** leader, sync_standby, replica. */
      role: z.string(),
      /** running, streaming, starting, stopped. */
      state: z.string(),
      timeline: z.int().optional(),
      /** Bytes behind the leader, or "unknown". */
      lag: z.union([z.int(), z.string()]).optional(),
    }),
  ),
});

export type ClusterMember = z.infer<typeof ClusterBody>["members"][number];

/** The members in Patroni's `GET /cluster`; undefined where the text is none. */
export function parseCluster(text: string): readonly ClusterMember[] | undefined {
  return ClusterBody.safeParse(parseJson(text)).data?.members;
}
