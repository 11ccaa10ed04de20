/** The stand's machines on one Linux computer: see docs/lab.md. */
export { Lab } from "./lab.ts";
export type { UpOptions } from "./state/settings.ts";
