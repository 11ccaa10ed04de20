import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import * as z from "zod";

/** With the name of the alert, or of the recorded metric; `file`: `etcd.yml`; `forSeconds`: how long an alert is pending before it fires. */
export type Rule = ReturnType<typeof parseRules>[number];

export const RULES_FOLDER = fileURLToPath(new URL("../../rules", import.meta.url));

/** Where to read on about an alert (its annotation `runbook`): a page for each part of the stand, a section for each alert. */
export function runbookOf(page: string, alert: string): string {
  return `docs/runbooks/${page}.md#${alert.toLowerCase()}`;
}

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, y: 31_536_000 } as const;

const duration = z
  .string()
  .regex(/^(?:\d+(?:ms|[smhdwy]))+$/, "expected a duration such as 30s or 1h30m")
  .transform((text) =>
    [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
      (seconds, [, amount, unit]) => seconds + Number(amount) * UNITS[unit as keyof typeof UNITS],
      0,
    ),
  );

const texts = z.record(z.string(), z.string()).default({});
const alert = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: duration.default(0),
  keep_firing_for: duration.optional(),
  labels: texts,
  annotations: texts,
});
const record = z.strictObject({ record: z.string(), expr: z.string(), labels: texts });
const ruleFile = z.strictObject({
  groups: z.array(
    z.strictObject({ name: z.string(), interval: duration.optional(), rules: z.array(z.union([alert, record])) }),
  ),
});

/**
 * The rules of one rule file. It accepts only the fields that the stand's rules use; promtool checks the expressions.
 *
 * @throws {Error} that names the file, when it is no rule file
 */
export function parseRules(file: string, text: string) {
  const parsed = ruleFile.safeParse(parse(text));
  if (!parsed.success) throw new Error(`${file} is no rule file:\n${z.prettifyError(parsed.error)}`);
  return parsed.data.groups.flatMap(({ name: group, rules }) =>
    rules.map(({ expr, labels, ...rule }) => {
      const common = { expr, labels, group, file };
      if ("record" in rule)
        return { ...common, name: rule.record, kind: "record" as const, annotations: texts.parse({}), forSeconds: 0 };
      const { alert: name, annotations, for: forSeconds } = rule;
      return { ...common, name, kind: "alert" as const, annotations, forSeconds };
    }),
  );
}

export function readRules(): readonly Rule[] {
  return readdirSync(RULES_FOLDER)
    .filter((file) => file.endsWith(".yml"))
    .sort()
    .flatMap((file) => parseRules(file, readFileSync(join(RULES_FOLDER, file), "utf8")));
}
