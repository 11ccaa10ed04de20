import { metricsOf, selectorsOf } from "./selectors.ts";

/** What a panel says it shows, and what one of its queries reads. */
export interface Claim {
  readonly title: string;
  readonly legend: string;
  readonly expr: string;
  /** All queries of the panel: each may show a part of what the title says. */
  readonly together: readonly string[];
}

/** What there is to read: all metrics, and what their targets say of them. */
export interface Known {
  readonly names: readonly string[];
  readonly help: ReadonlyMap<string, string>;
}

/**
 * Why a query doesn't show what its panel's title says; undefined when nothing speaks against it.
 *
 * The title is held against the names of the metrics that are read, the values of their matchers, and their descriptions, which
 * come from the targets and not from whoever wrote the panel. Wrong is: not a word in common; and a metric of the same program whose
 * name alone says more of the title than all that is read.
 */
export function misreading({ title, legend, expr, together }: Claim, known: Known): string | undefined {
  const said = wordsOf(title);
  const read = metricsOf(expr);
  if (said.length === 0 || read.length === 0) return undefined;

  const reads = `is titled "${title}", but reads ${read.map((metric) => described(metric, known)).join(" and ")}`;
  const better = namesake(said, together, known);
  if (better !== undefined) return `${reads}; what fits the title is ${described(better, known)}`;
  const inLegend = wordsOf(legend.replaceAll(/\{\{.*?\}\}/g, ""));
  return agreeing([...said, ...inLegend], understood(expr, known)).length > 0 ? undefined : reads;
}

/** A metric of one of the programs that are read, whose name says more of what is said than everything that is read. */
function namesake(said: readonly string[], exprs: readonly string[], known: Known): string | undefined {
  const covered = agreeing(
    said,
    exprs.flatMap((expr) => understood(expr, known)),
  ).length;
  const programs = new Set(exprs.flatMap(metricsOf).map(programOf));
  return known.names.find(
    (name) => programs.has(programOf(name)) && agreeing(said, wordsOf(withoutProgram(name))).length > covered,
  );
}

/** The words of all that an expression says of what it reads. */
function understood(expr: string, known: Known): readonly string[] {
  const values = selectorsOf(expr).flatMap(({ matchers }) => matchers.map(({ value }) => value));
  const read = metricsOf(expr);
  return wordsOf([...read.map(withoutProgram), ...values, ...read.map((metric) => helpOf(metric, known))].join(" "));
}

/** They say nothing about what is measured. */
const EMPTY_WORDS = new Set(
  `a all an and are as at been by count current each every for from has have how in is its last long many most much no not number of
   on one or other per rate second seconds since so sum than that the their there this time to total was were what when where
   which who with`.split(/\s+/),
);

function wordsOf(text: string): readonly string[] {
  const words = text
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 1 && !EMPTY_WORDS.has(word));
  return [...new Set(words.map(stemOf))];
}

/** `failed`, `failures` and `failing` are `fail`. Rough: two words are compared, nobody reads it. */
function stemOf(word: string): string {
  const stem = word.replace(/(?:ures?|ings?|ions?|ers?|ies|ed|es|s|e|y)$/, "");
  return stem.length < 3 ? word : stem.replace(/(.)\1$/, "$1");
}

/** Those of the words that are among the others; `replicat` is `replica`. */
function agreeing(words: readonly string[], others: readonly string[]): readonly string[] {
  const agree = (one: string, other: string): boolean =>
    one === other || (Math.min(one.length, other.length) >= 4 && (one.startsWith(other) || other.startsWith(one)));
  return words.filter((word) => others.some((other) => agree(word, other)));
}

/** `etcd_` of `etcd_server_has_leader`: that every metric of etcd has this word says nothing. Itself for a name of one word, as `up`. */
function programOf(metric: string): string {
  return /^[^_:]+(?=[_:])/.exec(metric)?.[0] ?? metric;
}

function withoutProgram(metric: string): string {
  return programOf(metric) === metric ? metric : metric.slice(programOf(metric).length);
}

/** Targets describe a histogram, not its parts. */
function helpOf(metric: string, { help }: Known): string {
  return help.get(metric) ?? help.get(metric.replace(/_(?:bucket|sum|count)$/, "")) ?? "";
}

function described(metric: string, known: Known): string {
  const help = helpOf(metric, known);
  return help === "" ? metric : `${metric} ("${help}")`;
}
