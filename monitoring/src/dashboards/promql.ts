/** Queries by the legends of their lines. */
export type Reading = Readonly<Record<string, string>>;

/**
 * Metrics by the names of their lines; one metric alone needs no name. The legend is the labels that the aggregation keeps (without one: the machine)
 * and the name; a name with labels of its own is the whole legend.
 */
type Metrics = string | Readonly<Record<string, string>>;

type Aggregation = `${"sum" | "avg" | "max" | "min"}${"" | ` by (${string})`}`;

/** The series with certain labels, and the usual ways to show their metrics. */
export class Series {
  /** @param matchers what PromQL has between the braces */
  constructor(private readonly matchers: string) {}

  with(matchers: string): Series {
    return new Series(`${this.matchers}, ${matchers}`);
  }

  selector(metric: string): string {
    return `${metric}{${this.matchers}}`;
  }

  rate(counter: string): string {
    return `rate(${this.selector(counter)}[$__rate_interval])`;
  }

  values(metrics: Metrics, aggregation?: Aggregation): Reading {
    return readingOf(metrics, (metric) => this.selector(metric), aggregation);
  }

  rates(counters: Metrics, aggregation?: Aggregation): Reading {
    return readingOf(counters, (counter) => this.rate(counter), aggregation);
  }

  /** How much counters have grown within a range such as `5m`. */
  increases(range: string, counters: Metrics, aggregation?: Aggregation): Reading {
    return readingOf(counters, (counter) => `increase(${this.selector(counter)}[${range}])`, aggregation);
  }

  /** How long ago something happened, from the metric of its time. */
  ages(times: Metrics, aggregation?: Aggregation): Reading {
    return readingOf(times, (time) => `time() - ${this.selector(time)}`, aggregation);
  }

  ratio(part: string, whole: string): Reading {
    return { "{{machine}}": `${this.selector(part)} / ${this.selector(whole)}` };
  }

  /** Quantiles of a histogram (its name without `_bucket`): a line for each, or one quantile by labels. A long range where little is counted. */
  quantiles(
    histogram: string,
    shares: readonly number[],
    by: readonly string[] = [],
    range = "$__rate_interval",
  ): Reading {
    const rates = `sum by (${["le", ...by].join(", ")}) (rate(${this.selector(`${histogram}_bucket`)}[${range}]))`;
    const legendOf = (share: number): string => (by.length > 0 ? legendOfLabels(by) : `${share * 100} % within`);
    return Object.fromEntries(shares.map((share) => [legendOf(share), `histogram_quantile(${share}, ${rates})`]));
  }

  /** The mean of what a histogram counts, by a label. */
  mean(histogram: string, by: string): Reading {
    const parts = [`${histogram}_sum`, `${histogram}_count`];
    return { [legendOfLabels([by])]: parts.map((part) => `sum by (${by}) (${this.rate(part)})`).join(" / ") };
  }
}

/** What Prometheus scrapes as these jobs from the chosen machines. */
export function seriesOfJob(...jobs: readonly string[]): Series {
  const operator = jobs.length === 1 ? "=" : "=~";
  return new Series(`job${operator}"${jobs.join("|")}", machine=~"$machine"`);
}

function readingOf(metrics: Metrics, exprOf: (metric: string) => string, aggregation?: Aggregation): Reading {
  const kept = aggregation === undefined ? "machine" : (/ by \((.+)\)$/.exec(aggregation)?.[1] ?? "");
  const labels = legendOfLabels(kept.split(", ").filter(Boolean));
  const legendOf = (name: string): string => (name.includes("{{") ? name : `${labels} ${name}`.trim());
  const aggregate = (expr: string): string => {
    if (aggregation === undefined) return expr;
    return kept === "" ? `${aggregation}(${expr})` : `${aggregation} (${expr})`;
  };
  const byName = typeof metrics === "string" ? { "": metrics } : metrics;
  return Object.fromEntries(
    Object.entries(byName).map(([name, metric]) => [legendOf(name), aggregate(exprOf(metric))]),
  );
}

const legendOfLabels = (labels: readonly string[]): string => labels.map((label) => `{{${label}}}`).join(" ");
