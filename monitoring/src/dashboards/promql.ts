/** How fast a counter grows, a second. `matchers` stand between the braces. */
export function rate(counter: string, matchers: string): string {
  return `rate(${counter}{${matchers}}[$__rate_interval])`;
}

/**
 * A quantile of a histogram.
 *
 * @param histogram its name without `_bucket`
 * @param by labels that are kept apart
 * @param over a range; a long one for what is counted seldom
 */
export function quantile(
  share: number,
  histogram: string,
  matchers: string,
  by: readonly string[],
  over = "$__rate_interval",
): string {
  const labels = ["le", ...by].join(", ");
  return `histogram_quantile(${share}, sum by (${labels}) (rate(${histogram}_bucket{${matchers}}[${over}])))`;
}

/** What one observation of a histogram is on average. */
export function average(histogram: string, matchers: string, by: readonly string[]): string {
  const sum = (part: string): string => `sum by (${by.join(", ")}) (${rate(`${histogram}_${part}`, matchers)})`;
  return `${sum("sum")} / ${sum("count")}`;
}
