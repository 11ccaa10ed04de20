import { ask } from "./ask.ts";

export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)?\\})? (\\S+)$`);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
};

/**
 * Reads Prometheus' text format as strictly as its own checker: what is described comes first and once, names and labels
 * are well-formed, series come once, counters end in `_total`, buckets are cumulative and end with the count. Throws on
 * the first fault.
 */
export function parseMetrics(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families = new Map<string, { help: string; type: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, kind, name = "", words = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      if (families.has(name)) throw new Error(`described twice: ${name}`);
      if (!/^[A-Z0-9].*\.$/.test(words)) throw new Error(`no sentence: ${line}`);
      families.set(name, { help: words, type: "", samples: [] });
      current = name;
    } else if (kind === "TYPE") {
      const family = families.get(name);
      if (!family || name !== current || !(words in SUFFIXES)) throw new Error(`out of place: ${line}`);
      family.type = words;
    } else {
      const sample = sampleOf(line);
      const family = families.get(current);
      if (!family?.type || !SUFFIXES[family.type]?.includes(sample.name.slice(current.length)))
        throw new Error(`not described: ${line}`);
      const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(series)) throw new Error(`comes twice: ${line}`);
      seen.add(series);
      family.samples.push(sample);
    }
  }
  for (const [name, family] of families) {
    if (family.type === "counter" && !name.endsWith("_total")) throw new Error(`counter without _total: ${name}`);
    if (family.type === "histogram") checkHistogram(name, family.samples);
  }
  return families;
}

function sampleOf(line: string): Sample {
  const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  const number = value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value);
  if (name === "" || Number.isNaN(number)) throw new Error(`no sample: ${line}`);
  const pairs = Array.from(labels.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g), ([, key = "", text = ""]) => [
    key,
    text,
  ]);
  return { name, labels: Object.fromEntries(pairs), value: number };
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const bySeries = Map.groupBy(samples, ({ labels: { le, ...others } }) => JSON.stringify(others));
  for (const [series, parts] of bySeries) {
    const buckets = parts.filter((part) => part.name === `${name}_bucket`);
    const count = parts.find((part) => part.name === `${name}_count`)?.value;
    const bounds = buckets.map(({ labels }) => (labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le)));
    const rises = (numbers: readonly number[], strictly: boolean) =>
      numbers.every((number, index) => {
        const before = numbers[index - 1] ?? Number.NEGATIVE_INFINITY;
        return strictly ? number > before : number >= before;
      });
    const values = buckets.map(({ value }) => value);
    if (
      !rises(bounds, true) ||
      bounds.at(-1) !== Number.POSITIVE_INFINITY ||
      !rises(values, false) ||
      values.at(-1) !== count
    )
      throw new Error(`no histogram: ${name} ${series}`);
    if (!parts.some((part) => part.name === `${name}_sum`)) throw new Error(`no sum: ${name} ${series}`);
  }
}

export class Metrics {
  constructor(readonly families: ReadonlyMap<string, Family>) {}

  /** The sum of the samples of this name that have these labels; 0 without any. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    for (const { samples } of this.families.values()) {
      for (const sample of samples) {
        if (sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text)) {
          sum += sample.value;
        }
      }
    }
    return sum;
  }

  get series(): number {
    return [...this.families.values()].reduce((sum, { samples }) => sum + samples.length, 0);
  }
}

export async function scrape(server: { readonly url: string }): Promise<Metrics> {
  return new Metrics(parseMetrics((await ask(server, "GET /metrics")).text));
}
