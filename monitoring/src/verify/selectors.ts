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

/** Words that stand where a metric could, in any case: https://prometheus.io/docs/prometheus/latest/querying/operators/ */
const OPERATORS = new Set(["and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"]);
/** Words that a list of labels may follow, in parentheses. */
const BEFORE_LABELS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);

/** Every vector selector of an expression that Prometheus accepts, in order. */
export function selectorsOf(expr: string): readonly Selector[] {
  const tokens = [...tokensOf(expr)];
  const selectors: Selector[] = [];
  for (let at = 0; at < tokens.length; ) {
    const selector = selectorAt(tokens, at);
    if (selector === undefined) {
      at = isBeforeLabels(tokens[at]) ? afterLabels(tokens, at + 1) : at + 1;
    } else {
      selectors.push(selector.value);
      at = selector.end;
    }
  }
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

function selectorAt(tokens: readonly Token[], at: number): { value: Selector; end: number } | undefined {
  const [first, second] = [tokens[at], tokens[at + 1]];
  if (isMark(first, "{")) return withMatchers(undefined, tokens, at + 1);
  if (first?.kind !== "word" || isBeforeLabels(first)) return undefined;
  if (isMark(second, "{")) return withMatchers(first.text, tokens, at + 2);
  if (OPERATORS.has(first.text.toLowerCase()) || isMark(second, "(") || isGrouping(second)) return undefined;
  return { value: { metric: first.text, matchers: [] }, end: at + 1 };
}

/** @param start the token after the opening brace */
function withMatchers(name: string | undefined, tokens: readonly Token[], start: number) {
  const matchers: Matcher[] = [];
  let metric = name;
  let at = start;
  while (at < tokens.length && !isMark(tokens[at], "}")) {
    const [label, operator, value] = tokens.slice(at, at + 3);
    if (isMark(label, ",") || !isOperator(operator) || label === undefined || value?.kind !== "string") {
      at += 1;
      continue;
    }
    if (label.text === "__name__" && operator.text === "=") metric = value.text;
    else matchers.push({ label: label.text, operator: operator.text, value: value.text });
    at += 3;
  }
  return { value: { metric, matchers }, end: at + 1 };
}

function afterLabels(tokens: readonly Token[], at: number): number {
  if (!isMark(tokens[at], "(")) return at;
  const end = tokens.findIndex((token, index) => index > at && isMark(token, ")"));
  return end === -1 ? tokens.length : end + 1;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}

function isOperator(token: Token | undefined): token is Token & { readonly text: Operator } {
  return token?.kind === "mark" && ["=", "!=", "=~", "!~"].includes(token.text);
}

function isBeforeLabels(token: Token | undefined): boolean {
  return token?.kind === "word" && BEFORE_LABELS.has(token.text.toLowerCase());
}

/** `sum by (machine) (...)`: the word before `by` is no metric. */
function isGrouping(token: Token | undefined): boolean {
  return token?.kind === "word" && ["by", "without"].includes(token.text.toLowerCase());
}

/** A word, a string (without its quotes) or a punctuation mark of PromQL. */
interface Token {
  readonly kind: "word" | "string" | "mark";
  readonly text: string;
}

/** Spaces, comments, numbers, durations, and durations in square brackets (`[5m:1m]`): no selector is in them. */
const SKIPPED = /(?:\s+|#[^\n]*|(?:\d|\.\d)(?:[eE][+-]?\d|[\w.])*|\[[^\]]*\])+/y;
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const STRING = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/sy;
const MARK = /=~|!~|!=|./sy;

/** Splits an expression that Prometheus accepts. Other texts give useless tokens, but no error. */
function* tokensOf(expr: string): Generator<Token> {
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const text = pattern.exec(expr)?.[0];
    at += text?.length ?? 0;
    return text;
  };
  while (at < expr.length) {
    if (take(SKIPPED) !== undefined) continue;
    const word = take(WORD);
    if (word !== undefined) {
      yield { kind: "word", text: word };
      continue;
    }
    const string = take(STRING);
    if (string !== undefined) yield { kind: "string", text: unquote(string) };
    else yield { kind: "mark", text: take(MARK) ?? "" };
  }
}

/** The escapes that occur in matchers; PromQL's are those of Go. */
function unquote(string: string): string {
  const inside = string.slice(1, -1);
  if (string.startsWith("`")) return inside;
  return inside.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/gs, (_, escaped: string) => {
    if (escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return NAMED_ESCAPES.get(escaped) ?? escaped;
  });
}

const NAMED_ESCAPES = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
]);
