import { ALERTS_ON_GRAPHS, type Dashboard, FAULTS_ON_GRAPHS, type Panel } from "../dashboards/panels.ts";
import type { Rule } from "../rules/read-rules.ts";
import type { Claim } from "./meaning.ts";
import { substitute } from "./substitute.ts";

/** An expression that somebody relies on. */
export interface Question {
  /** `etcd > Failed proposals`, `etcd.yml > EtcdNoLeader` */
  readonly source: string;
  readonly expr: string;
  /** Whether it is there to have a result. That of an alert has none while all is well. */
  readonly hasResult: boolean;
  /** What a panel says of it. */
  readonly claim?: Claim;
}

/** Every query of every panel, every query behind a variable, and what is drawn across the graphs. */
export function questionsOfDashboards(dashboards: readonly Dashboard[]): readonly Question[] {
  const annotations = [ALERTS_ON_GRAPHS, FAULTS_ON_GRAPHS].map(({ title, expr }) => ({
    source: `annotations > ${title}`,
    expr,
    hasResult: true,
  }));
  return [...dashboards.flatMap(questionsOfDashboard), ...annotations];
}

function questionsOfDashboard({ name, variables, sections }: Dashboard): readonly Question[] {
  const names = variables.map((variable) => variable.name);
  const behindVariables = variables.map(({ name: variable, of }) => ({
    source: `${name} > variable ${variable}`,
    expr: substitute(of, names),
    hasResult: true,
  }));
  const panels = Object.values(sections).flat();
  return [...behindVariables, ...panels.flatMap((panel) => questionsOfPanel(name, names, panel))];
}

function questionsOfPanel(
  dashboard: string,
  variables: readonly string[],
  { title, queries }: Panel,
): readonly Question[] {
  const together = queries.map(({ expr }) => substitute(expr, variables));
  return queries.map(({ expr, legend }) => {
    const asked = substitute(expr, variables);
    return {
      source: `${dashboard} > ${title}`,
      expr: asked,
      hasResult: true,
      claim: { title, legend, expr: asked, together },
    };
  });
}

export function questionsOfRules(rules: readonly Rule[]): readonly Question[] {
  return rules.map(({ file, name, kind, expr }) => ({
    source: `${file} > ${name}`,
    expr,
    hasResult: kind === "record",
  }));
}
