import { formatRules } from "./rule-file.ts";
import { serviceLevelRules } from "./service-level-rules.ts";

/** A file that a program writes and that is committed. */
export interface GeneratedFile {
  /** From the folder `monitoring/`. */
  readonly path: string;
  readonly text: string;
}

export function buildRules(): readonly GeneratedFile[] {
  const comment = "Written by monitoring/src/build.ts out of the objectives in slo/: change those.";
  return [{ path: "rules/api.yml", text: formatRules(serviceLevelRules(), comment) }];
}
