import { fileURLToPath } from "node:url";

/** The programs of this room, to be started by Bun, in the lab inside the stand's network namespace. `--help` explains each. */
export const probeProgram = fileURLToPath(new URL("./main.ts", import.meta.url));
export const roleSamplerProgram = fileURLToPath(new URL("./roles-main.ts", import.meta.url));
export const pathProbeProgram = fileURLToPath(new URL("./path-main.ts", import.meta.url));
