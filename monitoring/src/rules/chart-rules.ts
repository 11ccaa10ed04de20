import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { RULES_FOLDER } from "./read-rules.ts";
import { serviceLevelRules } from "./service-level-rules.ts";

interface Groups {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
}

/** The API's own rules, for clusters where its chart brings them: without those that compare replicas with the stand's ingress. */
export function chartRules(): string {
  const texts = [readFileSync(join(RULES_FOLDER, "api-replicas.yml"), "utf8"), serviceLevelRules()];
  const groups = texts.flatMap((text) => (parse(text) as Groups).groups);
  const kept = groups.map((group) => ({
    ...group,
    rules: group.rules.filter(({ expr }) => !expr.includes("haproxy_server_status")),
  }));
  const comment =
    "# Written by monitoring/src/build.ts from monitoring/rules/ and stand/src/objectives/: change those.";
  return `${comment}\n${stringify({ groups: kept }, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
