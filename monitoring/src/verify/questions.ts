import { ANNOTATIONS, type Dashboard } from "../dashboards/panels.ts";
import type { Rule } from "../rules/read-rules.ts";
import type { Claim } from "./meaning.ts";

/** An expression that a panel, a variable or a rule relies on. */
export interface Question {
  /** `etcd > Failed proposals`, `etcd.yml > EtcdNoLeader` */
  readonly source: string;
  readonly expr: string;
  /** Whether it should have a result. That of an alert has none while all is well. */
  readonly hasResult: boolean;
  readonly claim?: Claim;
}

/** Every query of every panel, every query behind a variable, and what is drawn across the graphs. */
export function questionsOfDashboards(dashboards: readonly Dashboard[]): readonly Question[] {
  const annotations = ANNOTATIONS.map(({ title, expr }) => question("annotations", title, expr));
  return [...dashboards.flatMap(questionsOfDashboard), ...annotations];
}

function question(from: string, what: string, expr: string, hasResult = true): Question {
  return { source: `${from} > ${what}`, expr, hasResult };
}

function questionsOfDashboard({ name, variables, sections }: Dashboard): readonly Question[] {
  const names = variables.map((variable) => variable.name);
  const behindVariables = variables.map((each) => question(name, `variable ${each.name}`, substitute(each.of, names)));
  const panels = Object.values(sections).flat();
  const ofPanels = panels.flatMap(({ title, queries }) => {
    const asked = queries.map(({ expr, legend }) => ({ title, legend, expr: substitute(expr, names) }));
    const together = asked.map(({ expr }) => expr);
    return asked.map((claim) => ({ ...question(name, title, claim.expr), claim: { ...claim, together } }));
  });
  return [...behindVariables, ...ofPanels];
}

export function questionsOfRules(rules: readonly Rule[]): readonly Question[] {
  return rules.map(({ file, name, kind, expr }) => question(file, name, expr, kind === "record"));
}

/** Values of Grafana's own variables. Rates need two scrapes (10 s, of certificates 60 s); Grafana takes at least four scrapes. */
const GRAFANAS: Readonly<Record<string, string>> = { __rate_interval: "1m", __interval: "10s", __range: "1h" };
/** Grafana's value for "All", as the dashboards define it. */
const ALL = ".*";

/** The expression as Grafana sends it when all `variables` of the dashboard are "All". @throws {Error} at a variable that nobody defines */
export function substitute(expr: string, variables: readonly string[]): string {
  return expr.replaceAll(/\$(?:\{(\w+)(?::\w+)?\}|([a-zA-Z_]\w*))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    const value = variables.includes(name) ? ALL : GRAFANAS[name];
    if (value === undefined) throw new Error(`$${name} is a variable that the dashboard does not have`);
    return value;
  });
}
