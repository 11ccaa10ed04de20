import { fileURLToPath } from "node:url";
import { type Limits, replicaLimits } from "./limits.ts";
import type { Program } from "./program.ts";

/** A server of the folder baselines/, under the same limits as the API. */
export function baselineProgram(
  name: "static-fetch" | "static-routes" | "sql-per-request" | "insert-per-request",
  databaseUrl = "",
  limits: Limits = replicaLimits,
): Program {
  return {
    name: `baseline ${name}`,
    script: fileURLToPath(new URL(`baselines/${name}.ts`, import.meta.url)),
    env: { DATABASE_URL: databaseUrl },
    limits,
  };
}
