/** A word, a string (without its quotes) or a punctuation mark of PromQL. */
export interface Token {
  readonly kind: "word" | "string" | "mark";
  readonly text: string;
}

/** Spaces, comments, numbers, durations, and durations in square brackets (`[5m:1m]`): no selector is in them. */
const SKIPPED = /(?:\s+|#[^\n]*|(?:\d|\.\d)(?:[eE][+-]?\d|[\w.])*|\[[^\]]*\])+/y;
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const STRING = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/sy;
const MARK = /=~|!~|!=|./sy;

/** Splits an expression that Prometheus accepts. Other texts give useless tokens, but no error. */
export function* tokensOf(expr: string): Generator<Token> {
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
