import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WATCHDOG } from "@goldenring/stand";
import { parse } from "yaml";
import { RULES_FOLDER, type Rule, readRules, runbookOf } from "./read-rules.ts";

const ALERTS = readRules().filter(({ kind }) => kind === "alert");
const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** Names of alerts that operators, routes and silences outside this repository rely on. */
const PROMISED = [
  ...["NodeExporterHostOutOfMemory", "NodeExporterHostOutOfDiskSpace", "NodeExporterHostHighCpuLoad"],
  ...["EtcdInsufficientMembers", "EtcdNoLeader", "PatroniHasNoLeader", "PatroniMemberDown"],
  ...["ProbeFailed", "ProbeSlow", "ProbeHttpStatusNot200", "MachineDown", "PostgresqlDown", "ApiReplicaDown"],
  ...["TargetDown", "Watchdog"],
];

test("the promised alerts exist (else rename them back in monitoring/rules/)", () => {
  const names = new Set(ALERTS.map(({ name }) => name));
  expect(PROMISED.filter((name) => !names.has(name))).toEqual([]);
});

test("Alertmanager routes and inhibits by names of alerts that exist", () => {
  const template = readFileSync(join(REPOSITORY, "cluster/roles/alertmanager/templates/alertmanager.yml.j2"), "utf8");
  const named = [...template.matchAll(/alertname(?:=~|!=|=)"([^"]+)"/g)].flatMap(([, names = ""]) => names.split("|"));
  const names = new Set(ALERTS.map(({ name }) => name));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !names.has(name))).toEqual([]);
});

/** Rules of the same name differ in their labels. */
const titleOf = ({ name, labels }: Rule): string =>
  [name, labels.severity, labels.burn_rate].filter((part) => part !== undefined).join(" ");

test("no two rules are the same alert", () => {
  expect(new Set(ALERTS.map(titleOf)).size).toBe(ALERTS.length);
});

describe.each(ALERTS.map((rule) => [titleOf(rule), rule] as const))("%s", (_, rule) => {
  test("has a severity, a summary, and a description with the value (monitoring/rules/)", () => {
    expect(["critical", "warning", "info"]).toContain(rule.labels.severity ?? "");
    expect(Object.keys(rule.annotations).sort()).toEqual(["description", "runbook", "summary"]);
    expect(rule.annotations.description).toMatch(/\{\{[^}]*\$value\b[^}]*\}\}/);
    expect(rule.annotations.summary).not.toContain("$value");
  });

  test("has a section in a runbook (docs/runbooks/)", () => {
    const page = /\/([a-z]+)\.md#/.exec(rule.annotations.runbook ?? "")?.[1] ?? "none";
    expect(rule.annotations.runbook).toBe(runbookOf(page, rule.name));
    expect(headingsOf(page), `docs/runbooks/${page}.md lacks the section "## ${rule.name}"`).toContain(rule.name);
  });

  test("notifies in time: critical within 90 s, others within 3 minutes", () => {
    expect(rule.forSeconds).toBeLessThanOrEqual(
      LATER.get(rule.name) ?? (rule.labels.severity === "critical" ? 30 : 60),
    );
  });

  test("has unit tests in which it fires and in which it does not (monitoring/rules/tests/)", () => {
    const cases = UNIT_TESTS.filter(({ alertname }) => alertname === rule.name);
    const fires = cases.some(({ fired }) => fired.some((labels) => isPartOf(rule.labels, labels)));
    const found = { fires, isSilent: cases.some(({ fired }) => fired.length === 0) };
    const file = `monitoring/rules/tests/${rule.file.replace(".yml", ".test.yml")}`;
    expect(found, `add the missing case to ${file}`).toEqual({ fires: true, isSilent: rule.name !== WATCHDOG });
  });
});

/** Scrape, evaluation and Alertmanager take at most 30 s; `for` has the rest. These take longer, for the reason in their file. */
const LATER = new Map([["PostgresqlArchivingFailing", 120]]);

test("runbooks have no section without an alert (else delete it in docs/runbooks/)", () => {
  const pages = readdirSync(join(REPOSITORY, "docs/runbooks")).map((file) => basename(file, ".md"));
  const sections = pages.flatMap((page) => headingsOf(page).map((name) => runbookOf(page, name)));
  const named = new Set(ALERTS.map(({ annotations }) => annotations.runbook));
  expect(sections.filter((section) => !named.has(section))).toEqual([]);
});

test.each(readdirSync(join(REPOSITORY, "docs/runbooks")))(
  "every section of docs/runbooks/%s answers the same questions",
  (file) => {
    const [, ...sections] = readFileSync(join(REPOSITORY, "docs/runbooks", file), "utf8").split(/^## /m);
    for (const section of sections) {
      const questions = [...section.matchAll(/^- \*\*(\w+):\*\* ./gm)].map(([, question]) => question);
      expect([section.split("\n", 1)[0], ...questions]).toEqual([
        section.split("\n", 1)[0],
        ...["Means", "Users", "Look", "Do", "Ends"],
      ]);
    }
  },
);

function headingsOf(page: string): readonly string[] {
  const text = readFileSync(join(REPOSITORY, `docs/runbooks/${page}.md`), "utf8");
  return [...text.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading);
}

type Labels = Readonly<Record<string, string>>;

interface UnitTestFile {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly {
      readonly alertname: string;
      readonly exp_alerts?: readonly { readonly exp_labels: Labels }[];
    }[];
  }[];
}

/** The cases of promtool: at some moment exactly these alerts of this name fire. */
const UNIT_TESTS = readdirSync(join(RULES_FOLDER, "tests")).flatMap((file) => {
  const { tests } = parse(readFileSync(join(RULES_FOLDER, "tests", file), "utf8")) as UnitTestFile;
  return tests.flatMap(({ alert_rule_test: cases = [] }) =>
    cases.map(({ alertname, exp_alerts = [] }) => ({ alertname, fired: exp_alerts.map((each) => each.exp_labels) })),
  );
});

function isPartOf(part: Labels, whole: Labels): boolean {
  return Object.entries(part).every(([name, value]) => whole[name] === value);
}
