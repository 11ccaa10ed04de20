import { parser } from "@prometheus-io/lezer-promql";

type Node = ReturnType<typeof parser.parse>["topNode"];

/** A condition on a label, as in `status=~"5.."`. */
export interface Matcher {
  readonly label: string;
  readonly operator: Operator;
  readonly value: string;
}

type Operator = "=" | "!=" | "=~" | "!~";

/** What an expression reads: a metric and conditions on its labels. */
export interface Selector {
  /** Undefined when it names none, as in `{job="node"}`. */
  readonly metric: string | undefined;
  readonly matchers: readonly Matcher[];
}

/** Every vector selector of an expression that Prometheus accepts, in order; by the grammar of Prometheus' own editor. */
export function selectorsOf(expr: string): readonly Selector[] {
  const selectors: Selector[] = [];
  parser.parse(expr).iterate({
    enter: ({ name, node }) => {
      if (name === "VectorSelector") selectors.push(selectorAt(node, expr));
    },
  });
  return selectors;
}

/** The metrics that an expression names: each once, sorted. */
export function metricsOf(expr: string): readonly string[] {
  const names = selectorsOf(expr).flatMap(({ metric }) => (metric === undefined ? [] : [metric]));
  return [...new Set(names)].toSorted();
}

/** A selector as PromQL with sorted matchers: equal selectors give equal texts. */
export function formatSelector({ metric, matchers }: Selector): string {
  const conditions = matchers.map(({ label, operator, value }) => `${label}${operator}${JSON.stringify(value)}`);
  if (metric !== undefined && conditions.length === 0) return metric;
  return `${metric ?? ""}{${conditions.toSorted().join(",")}}`;
}

function selectorAt(node: Node, expr: string): Selector {
  const textOf = (part: Node | null): string => (part === null ? "" : expr.slice(part.from, part.to));
  const name = node.getChild("Identifier");
  const conditions = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
  const matchers = conditions.map((condition): Matcher => {
    const partOf = (name: string): string => textOf(condition.getChild(name));
    return {
      label: partOf("LabelName"),
      operator: partOf("MatchOp") as Operator,
      value: unquote(partOf("StringLiteral")),
    };
  });
  const named = matchers.find(({ label, operator }) => label === "__name__" && operator === "=");
  return {
    metric: name === null ? named?.value : textOf(name),
    matchers: matchers.filter((matcher) => matcher !== named),
  };
}

/** The escapes that occur in matchers; PromQL's are those of Go. */
function unquote(string: string): string {
  const inside = string.slice(1, -1);
  if (string.startsWith("`")) return inside;
  return inside.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/gs, (_, escaped: string) => {
    if (escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return NAMED_ESCAPES[escaped] ?? escaped;
  });
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
