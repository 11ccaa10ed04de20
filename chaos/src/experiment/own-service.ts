import * as z from "zod";

const status = z.array(z.int().min(100).max(599)).min(1);
const path = z.string().startsWith("/");

/** A service that is not the Weather API: what to read and write, and where the writes can be found afterwards. */
export const OwnService = z.object({
  /** Base URL, such as http://127.0.0.1:3000. Default: the ingress of the stand. */
  target: z.url({ protocol: /^https?$/ }).optional(),
  /** `here`: as this computer reaches it; `stand`: from inside the lab's network. */
  from: z.enum(["here", "stand"]).default("here"),
  /** Taken in turn by every client. */
  reads: z.array(z.object({ path, status: status.default([200]) })).min(1),
  /** Taken in turn; `{value}` in path and body becomes a text that is used once in all the world. May be none. */
  writes: z
    .array(
      z.object({
        method: z.enum(["POST", "PUT"]).default("POST"),
        path,
        /** Sent as application/json. */
        body: z
          .string()
          .includes("{value}", { error: "must have {value} in it, so that the write can be found again" }),
        status: status.default([200, 201, 204]),
      }),
    )
    .default([]),
  deadlineMs: z.number().min(100).max(600_000).default(35_000),
  /** Where acknowledged writes must be, each exactly once. Without it lost writes are not judged. */
  database: z
    .object({
      /** Name of the environment variable with the connection string: passwords stand in no experiment. */
      urlVariable: z.string().regex(/^[A-Z_][A-Z0-9_]*$/),
      /** One column with the values; $1 is the pattern of LIKE that all values of a run fit. */
      query: z.string().includes("$1", { error: "must have $1 in it: the pattern of the run's values" }),
    })
    .optional(),
});
export type OwnService = z.infer<typeof OwnService>;
