/** What a panel shows: its queries by their legends, and every metric that they read. */
export interface Reading {
  readonly measures: readonly string[];
  readonly queries: Readonly<Record<string, string>>;
}

/** Metrics by the legends of their lines. A metric alone: the legend has the labels that the aggregation keeps, or the machine. */
type Metrics = string | Readonly<Record<string, string>>;

type Aggregation = `${"sum" | "avg" | "max" | "min"}${"" | ` by (${string})`}`;

/**
 * The series with certain labels, and the usual ways to show their metrics. A metric's name occurs once in a panel that is
 * written so: `MEMBER.rates("etcd_server_proposals_failed_total")` is both the query and what the panel measures.
 */
export class Series {
  readonly #matchers: string;

  /** @param matchers what PromQL has between the braces */
  constructor(matchers: string) {
    this.#matchers = matchers;
  }

  with(matchers: string): Series {
    return new Series(`${this.#matchers}, ${matchers}`);
  }

  selector(metric: string): string {
    return `${metric}{${this.#matchers}}`;
  }

  /** How fast a counter grows, a second. */
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

  /** A part of a whole, by machine. */
  ratio(part: string, whole: string): Reading {
    return {
      measures: [part, whole],
      queries: { "{{machine}}": `${this.selector(part)} / ${this.selector(whole)}` },
    };
  }

  /**
   * Quantiles of a histogram: a line for each, or one quantile by labels.
   *
   * @param histogram its name without `_bucket`
   * @param range a long one where little is counted
   */
  quantiles(
    histogram: string,
    shares: readonly number[],
    by: readonly string[] = [],
    range = "$__rate_interval",
  ): Reading {
    const bucket = `${histogram}_bucket`;
    const rates = `sum by (${["le", ...by].join(", ")}) (rate(${this.selector(bucket)}[${range}]))`;
    const legendOf = (share: number): string => (by.length > 0 ? legendOfLabels(by) : `${share * 100} % within`);
    const queries = shares.map((share) => [legendOf(share), `histogram_quantile(${share}, ${rates})`]);
    return { measures: [bucket], queries: Object.fromEntries(queries) };
  }

  /** The mean of what a histogram counts, by a label. */
  mean(histogram: string, by: string): Reading {
    const parts = [`${histogram}_sum`, `${histogram}_count`];
    const expr = parts.map((part) => `sum by (${by}) (${this.rate(part)})`).join(" / ");
    return { measures: parts, queries: { [legendOfLabels([by])]: expr } };
  }
}

/** What Prometheus scrapes as these jobs from the chosen machines. */
export function seriesOfJob(...jobs: readonly string[]): Series {
  const operator = jobs.length === 1 ? "=" : "=~";
  return new Series(`job${operator}"${jobs.join("|")}", machine=~"$machine"`);
}

function readingOf(
  metrics: Metrics,
  exprOf: (metric: string) => string,
  aggregation: Aggregation | undefined,
): Reading {
  const byLegend = typeof metrics === "string" ? { [legendOf(aggregation)]: metrics } : metrics;
  const aggregate = (expr: string): string => {
    if (aggregation === undefined) return expr;
    return aggregation.includes(" ") ? `${aggregation} (${expr})` : `${aggregation}(${expr})`;
  };
  return {
    measures: [...new Set(Object.values(byLegend))],
    queries: Object.fromEntries(
      Object.entries(byLegend).map(([legend, metric]) => [legend, aggregate(exprOf(metric))]),
    ),
  };
}

function legendOf(aggregation: Aggregation | undefined): string {
  const kept = / by \((.+)\)$/.exec(aggregation ?? "")?.[1];
  return legendOfLabels(kept?.split(", ") ?? ["machine"]);
}

const legendOfLabels = (labels: readonly string[]): string => labels.map((label) => `{{${label}}}`).join(" ");
