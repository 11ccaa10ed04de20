import { metricsOf, selectorsOf } from "./selectors.ts";

/** What a panel claims to show, and what one of its queries reads. */
export interface Claim {
  readonly title: string;
  readonly legend: string;
  readonly expr: string;
  /** All queries of the panel: each may show a part of the title. */
  readonly together: readonly string[];
}

/** All metrics of Prometheus, and the descriptions that their targets give. */
export interface Known {
  readonly names: readonly string[];
  readonly help: ReadonlyMap<string, string>;
}

/**
 * Why a query doesn't show what its panel's title says; undefined: no contradiction was found.
 *
 * The title is compared with the names of the metrics that are read, the values of their matchers, and their descriptions, which
 * come from the targets and not from the author of the panel. A query is wrong when it shares no word with the title, or when the name of
 * another metric of the same program shares more words with it.
 */
export function misreading({ title, legend, expr, together }: Claim, known: Known): string | undefined {
  const inTitle = wordsOf(title);
  const read = metricsOf(expr);
  if (inTitle.length === 0 || read.length === 0) return undefined;

  const reads = `is titled "${title}", but reads ${read.map((metric) => described(metric, known)).join(" and ")}`;
  const better = namesake(inTitle, together, known);
  if (better !== undefined) return `${reads}; what fits the title is ${described(better, known)}`;
  const inLegend = wordsOf(legend.replaceAll(/\{\{.*?\}\}/g, ""));
  return agreeing([...inTitle, ...inLegend], understood(expr, known)).length > 0 ? undefined : reads;
}

/** A metric of the same programs whose name has more words of the title than everything that the queries read. */
function namesake(inTitle: readonly string[], exprs: readonly string[], known: Known): string | undefined {
  const covered = agreeing(
    inTitle,
    exprs.flatMap((expr) => understood(expr, known)),
  ).length;
  const programs = new Set(exprs.flatMap(metricsOf).map(programOf));
  return known.names.find(
    (name) => programs.has(programOf(name)) && agreeing(inTitle, wordsOf(withoutProgram(name))).length > covered,
  );
}

/** The words of the names, matchers and descriptions of what an expression reads. */
function understood(expr: string, known: Known): readonly string[] {
  const values = selectorsOf(expr).flatMap(({ matchers }) => matchers.map(({ value }) => value));
  const read = metricsOf(expr);
  return wordsOf([...read.map(withoutProgram), ...values, ...read.map((metric) => helpOf(metric, known))].join(" "));
}

/** Words that do not tell one metric from another. */
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

/** `failed`, `failures` and `failing` become `fail`. Rough, which is enough to compare two words. */
function stemOf(word: string): string {
  const stem = word.replace(/(?:ures?|ings?|ions?|ers?|ies|ed|es|s|e|y)$/, "");
  return stem.length < 3 ? word : stem.replace(/(.)\1$/, "$1");
}

/** The words that are among the others; `replicat` agrees with `replica`. */
function agreeing(words: readonly string[], others: readonly string[]): readonly string[] {
  const agree = (one: string, other: string): boolean =>
    one === other || (Math.min(one.length, other.length) >= 4 && (one.startsWith(other) || other.startsWith(one)));
  return words.filter((word) => others.some((other) => agree(word, other)));
}

/** `etcd` of `etcd_server_has_leader`: every metric of etcd has this word. A name of one word, such as `up`, is its own program. */
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
