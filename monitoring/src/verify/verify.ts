import type { Prometheus } from "@goldenring/stand";
import { DASHBOARDS } from "../dashboards/all.ts";
import { type Rule, readRules } from "../rules/read-rules.ts";
import { type Finding, judgeBy } from "./judge.ts";
import { type Question, questionsOfDashboards, questionsOfRules } from "./questions.ts";
import { formatSelector, selectorsOf } from "./selectors.ts";

interface VerifyOptions {
  /** Called for each finding at once, in the order of the dashboards and the rule files. */
  readonly onFinding?: (finding: Finding) => void;
  readonly rules?: readonly Rule[];
  readonly questions?: readonly Question[];
}

/** Asks a live Prometheus every query of every dashboard and rule, and whether it has loaded these rules. @throws {PrometheusError} at no answer */
export async function verifyQueries(prometheus: Prometheus, options: VerifyOptions = {}) {
  const { onFinding, rules = readRules() } = options;
  const { questions = [...questionsOfDashboards(DASHBOARDS), ...questionsOfRules(rules)] } = options;
  const findings: Finding[] = [];
  const add = (finding: Finding): void => {
    findings.push(finding);
    onFinding?.(finding);
  };
  const [names, help] = await Promise.all([prometheus.metricNames(), prometheus.help()]);
  const judge = judgeBy(prometheus, { names, help });
  for (const question of questions) add(await judge(question));
  for (const finding of await notLoaded(prometheus, rules)) add(finding);
  const failed = findings.filter(({ verdict }) => verdict === "empty" || verdict === "error");
  return { findings, checked: questions.length, failed };
}

export type Verification = Awaited<ReturnType<typeof verifyQueries>>;

/** Rules that Prometheus doesn't have, has in another form, or cannot evaluate. */
async function notLoaded(prometheus: Prometheus, rules: readonly Rule[]): Promise<readonly Finding[]> {
  const loaded = await prometheus.rules();
  return rules.flatMap((rule): readonly Finding[] => {
    const namesakes = loaded.filter(({ name }) => name === rule.name);
    const same = namesakes.filter(({ expr }) => fingerprint(expr) === fingerprint(rule.expr));
    const failing = same.find(({ health }) => health === "err");
    if (same.length > 0 && failing === undefined) return [];
    const reason =
      failing === undefined ? `${lack(namesakes.length)}: run the playbook (ring up --provision)` : failing.error;
    return [{ source: `${rule.file} > ${rule.name}`, expr: rule.expr, verdict: "error", reason }];
  });
}

function lack(namesakes: number): string {
  return namesakes === 0 ? "Prometheus has not loaded this rule" : "Prometheus has loaded another form of this rule";
}

/** Prometheus reformats expressions; what they read stays the same. */
function fingerprint(expr: string): string {
  return selectorsOf(expr).map(formatSelector).join(" ");
}
