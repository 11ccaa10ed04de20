import { fileURLToPath } from "node:url";
import type { Bench } from "./bench.ts";
import type { Limits } from "./limits.ts";
import type { Program } from "./program.ts";

const ownApi = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** A replica of the API on the database. */
export function apiProgram(options: Bench["options"], databaseUrl: string, limits?: Limits): Program {
  return {
    name: "the API",
    script: options.api ?? ownApi,
    env: { DATABASE_URL: databaseUrl, HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "info", SAMPLE_DATA: "never" },
    readyPath: "/healthz/ready",
    ...(limits === undefined ? {} : { limits }),
  };
}
