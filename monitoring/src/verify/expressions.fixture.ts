import fc from "fast-check";
import type { Matcher, Selector } from "./selectors.ts";

/** PromQL and the selectors in it, in order. */
export interface Expression {
  readonly text: string;
  readonly selectors: readonly Selector[];
}

const KEYWORDS =
  /^(?:and|or|unless|atan2|bool|offset|inf|nan|by|without|on|ignoring|group_left|group_right|group|sum|avg|count|min|max|stddev|stdvar|topk|bottomk|count_values|quantile|start|end)$/i;

const name = (pattern: RegExp) => fc.stringMatching(pattern).filter((text) => !KEYWORDS.test(text));
const metric = name(/^[a-z_:][a-z0-9_:]{0,12}$/);
const label = name(/^[a-z_][a-z0-9_]{0,6}$/).filter((text) => text !== "__name__");
const labels = fc.array(label, { maxLength: 3 }).map((names) => `(${names.join(", ")})`);

/** Strings with everything that could be taken for the end of something. */
const value = fc.stringMatching(/^[ a-z{}()[\]"'#,=\\\n]{0,8}$/);
/** Not of a regular expression: it would have to be one. */
const matcher: fc.Arbitrary<Matcher> = fc.record({ label, operator: fc.constantFrom("=", "!="), value });
/** Prometheus wants a condition that doesn't match everything. */
const selector: fc.Arbitrary<Selector> = fc.oneof(
  fc.record({ metric, matchers: fc.array(matcher, { maxLength: 3 }) }),
  fc.record({
    metric: fc.constant(undefined),
    matchers: fc
      .array(matcher, { maxLength: 2 })
      .map((some) => [...some, { label: "job", operator: "=", value: "a" } as const]),
  }),
);

const blank = fc.constantFrom("", " ", "\n", " # a comment, {not} read\n");

const quoted = (text: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    JSON.stringify(text),
    `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`,
    `\`${text}\``,
  );

const written = (one: Selector): fc.Arbitrary<string> =>
  fc
    .tuple(blank, fc.constantFrom("", ","), ...one.matchers.map((each) => quoted(each.value)))
    .map(([space, comma, ...values]) => {
      const conditions = one.matchers.map(
        ({ label: left, operator }, index) => `${left}${space}${operator}${space}${values[index]}`,
      );
      const end = conditions.length > 0 ? comma : "";
      const braces = `{${space}${conditions.join(`,${space}`)}${end}${space}}`;
      return one.matchers.length === 0 && comma === ""
        ? (one.metric ?? braces)
        : `${one.metric ?? ""}${space}${braces}`;
    });

const leaf: fc.Arbitrary<Expression> = selector.chain((one) =>
  written(one).map((text) => ({ text, selectors: [one] })),
);

const range = fc.constantFrom("[5m]", "[1h30m]", "[ 90s ]");
const rate: fc.Arbitrary<Expression> = fc
  .tuple(leaf, range, blank)
  .map(([{ text, selectors }, over, space]) => ({ text: `rate(${space}${text}${over})`, selectors }));

/** An expression that Prometheus accepts; most of them make no sense. */
export const expression: fc.Arbitrary<Expression> = fc.letrec<{ vector: Expression }>((tie) => {
  const vector = tie("vector");
  const wrap = (form: (text: string, list: string) => string) =>
    fc.tuple(vector, labels).map(([{ text, selectors }, list]) => ({ text: form(text, list), selectors }));
  const join = (form: (left: string, right: string, list: string) => string) =>
    fc.tuple(vector, vector, labels).map(([left, right, list]) => ({
      text: form(left.text, right.text, list),
      selectors: [...left.selectors, ...right.selectors],
    }));
  return {
    vector: fc.oneof(
      { maxDepth: 4 },
      leaf,
      rate,
      leaf.map(({ text, selectors }) => ({ text: `${text} offset 1h`, selectors })),
      wrap((text, list) => `sum by ${list} (${text})`),
      wrap((text, list) => `Max(${text}) WITHOUT ${list}`),
      wrap((text) => `(1e-3 * ${text} > bool 0x1F)`),
      wrap((text) => `max_over_time(abs(${text})[1h:5m] @ end())`),
      wrap((text) => `label_replace(${text}, "a", "{$1}", "b", "(.*)")`),
      join((left, right, list) => `(${left}) / on ${list} group_left () (${right})`),
      join((left, right, list) => `(${left}) AND IGNORING${list} (${right})`),
      join((left, right) => `(${left}) + (${right})`),
    ),
  };
}).vector;
