import { z } from "zod";
import { parseJson } from "../computer/files.ts";

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

/** The members in Patroni's `GET /cluster`; undefined where the text is none. */
export function parseCluster(text: string) {
  return ClusterBody.safeParse(parseJson(text)).data?.members;
}

/** A server of HAProxy in one of its listeners. */
export interface ServerState {
  readonly listener: string;
  readonly server: string;
  /** `UP`, `DOWN`, `UP 1/2` ... */
  readonly state: string;
}

/** @param csv HAProxy's statistics, from its socket or its page; the column of the state is found by its name */
export function serversIn(csv: string): ServerState[] {
  const [head = "", ...rows] = csv.trim().split("\n");
  const column = head.replace(/^# /, "").split(",").indexOf("status");
  return rows.flatMap((row) => {
    const cells = row.split(",");
    const [listener = "", server = ""] = cells;
    const state = cells[column] ?? "";
    return server === "FRONTEND" || server === "BACKEND" || state === "" ? [] : [{ listener, server, state }];
  });
}
