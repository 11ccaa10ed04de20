import type { Prometheus, Series } from "@goldenring/stand";
import type { ResourceRow, ResourceUse } from "../record/record.ts";
import { bySecond, clampShare } from "./resources.ts";

/** How often the stand's Prometheus scrapes, and over how long a rate is taken. */
const STEP_SECONDS = 10;
const RATE_WINDOW = "30s";

type Use = Omit<ResourceUse, "name">;

const machineCpuTime = (mode: string): string =>
  `sum by (machine) (rate(node_cpu_seconds_total{job="node", group!="api"${mode}}[${RATE_WINDOW}]))`;
const memory = (kind: "Total" | "Available"): string => `node_memory_Mem${kind}_bytes{job="node", group!="api"}`;
const transactions = (end: "commit" | "rollback"): string =>
  `rate(pg_stat_database_xact_${end}{job="postgres", datname="weather"}[${RATE_WINDOW}])`;

/** Replicas are not among them: each is one process under a limit, which its machine's figures do not show. */
const QUERIES: readonly (readonly [string, (value: number) => Use])[] = [
  [`1 - ${machineCpuTime(', mode="idle"')} / ${machineCpuTime("")}`, (value) => ({ cpuShare: clampShare(value) })],
  [`${memory("Total")} - ${memory("Available")}`, (value) => ({ memoryBytes: value })],
  [`sum by (machine) (${transactions("commit")} + ${transactions("rollback")})`, (value) => ({ transactions: value })],
];

/** What the stand's machines used between two moments (Unix time, ms), every ten seconds. @throws {PrometheusError} */
export async function standResources(prometheus: Pick<Prometheus, "queryRange">, from: number, to: number) {
  const range = { start: from / 1000, end: to / 1000, step: STEP_SECONDS };
  const measures = QUERIES.map(async ([query, use]) => ({ series: await prometheus.queryRange(query, range), use }));
  return rowsOf(await Promise.all(measures), range.start);
}

interface Measure {
  readonly series: readonly Series[];
  readonly use: (value: number) => Use;
}

/** One row for each time, with what each machine used. @param start seconds since 1970, the beginning of the run's clock */
export function rowsOf(measures: readonly Measure[], start: number): ResourceRow[] {
  const rows = measures.flatMap(({ series, use }) =>
    series.flatMap(({ labels: { machine: name }, values }) =>
      values.flatMap(({ time, value }) =>
        name === undefined || !Number.isFinite(value) ? [] : { t: time - start, parts: [{ name, ...use(value) }] },
      ),
    ),
  );
  return bySecond(rows);
}
