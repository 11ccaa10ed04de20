import { OBJECTIVES } from "@goldenring/stand";
import {
  type EndedBy,
  RECORD_FORMAT,
  type ResourceRow,
  RunRecord,
  SERIES_FORMAT,
  Series,
  type SeriesRow,
  type StoredRun,
} from "../record/record.ts";
import { judge } from "../record/verdict.ts";
import { mixedPercentile } from "../statistics/mixed-percentile.ts";
import { normal, seededRandom } from "../statistics/seeded-random.fixture.ts";

export interface SyntheticRun {
  readonly seed?: number;
  readonly seconds?: number;
  readonly maxUsers?: number;
  /** Users at which latency grows without bound. */
  readonly saturation?: number;
  readonly scenario?: RunRecord["scenario"];
  readonly endedBy?: EndedBy;
  readonly encoding?: "gzip" | "identity";
  readonly commit?: string;
  readonly build?: Readonly<Record<string, string>>;
  readonly values?: number;
  readonly notes?: readonly string[];
  /** Share of the answers that fail. */
  readonly errorShare?: number;
  /** Without measurements of the stand. */
  readonly noParts?: boolean;
}

const ROUTES = ["GET /Cities", "GET /Cities/{id}"];

/** A ramp on a service with a queue, as a run's folder would tell of it. The same seed gives the same run. */
export function syntheticRun(options: SyntheticRun = {}): StoredRun {
  const { seed = 1, seconds = 120, maxUsers = 1_200, saturation = 2_000, errorShare = 0 } = options;
  const random = seededRandom(seed);
  const rows = Array.from({ length: seconds }, (_, at): SeriesRow => {
    const t = at + 1 + 0.02 * random();
    const users = Math.round((maxUsers * (at + 1)) / seconds);
    const load = Math.min(0.999, users / saturation);
    const p50 = (2 / (1 - load)) * Math.exp(0.1 * normal(random));
    const requests = Math.max(0, users * (1 + 0.05 * normal(random)));
    const latency = { p50, p90: 2 * p50, p95: 3 * p50, p99: 6 * p50 };
    const half = { requests: requests / 2, failed: (requests * errorShare) / 2, latency };
    return {
      t,
      users,
      requests,
      failed: requests * errorShare,
      checksFailed: 0,
      latency,
      routes: Object.fromEntries(ROUTES.map((route) => [route, half])),
    };
  });
  const sum = (of: (row: SeriesRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const requests = Math.round(sum((row) => row.requests));
  const percentile = (share: number): number => mixedPercentile(rows, share) ?? 0;
  const latency = { p50: percentile(0.5), p90: percentile(0.9), p95: percentile(0.95), p99: percentile(0.99) };
  const breaking = rows.find((row) => (row.latency?.p95 ?? 0) > OBJECTIVES.p95Ms);
  const start = new Date(Date.UTC(2026, 10, 23, 12, seed % 60));
  const record: RunRecord = {
    format: RECORD_FORMAT,
    id: `run-${seed}`,
    scenario: options.scenario ?? "browse-cities",
    options: {
      load: { kind: "ramp", stepUsers: 600, stepSeconds: 60, maxUsers },
      seconds,
      encoding: options.encoding ?? "gzip",
      stopsAtBreach: true,
      bodyCheckShare: 0.1,
    },
    commit: options.commit ?? "0123abc",
    dirty: false,
    k6: "1.8.1",
    computer: { os: "Linux 6.1.0", cpu: "Test CPU", cores: 2, memoryMiB: 24 * 2 ** 10 },
    before: { loadAverage: 0.1 },
    target: {
      url: "http://127.0.0.1:8088",
      build: options.build ?? { version: "0.1.0" },
      cities: 9,
      values: options.values ?? 720,
    },
    start: start.toISOString(),
    end: new Date(start.getTime() + seconds * 1000).toISOString(),
    endedBy: options.endedBy ?? "ramp",
    verdict: judge({ p95: latency.p95, p90: latency.p90, errors: errorShare, checks: 1 }),
    figures: {
      requests,
      rate: requests / seconds,
      failed: Math.round(requests * errorShare),
      checksFailed: 0,
      latency: { ...latency, mean: 1.3 * latency.p50, max: 2 * latency.p99 },
      maxUsers,
      ...(breaking === undefined ? {} : { usersAtBreak: breaking.users }),
      bytesReceived: requests * 400,
      bytesSent: requests * 100,
    },
    restarted: [],
    exit: 0,
    notes: [...(options.notes ?? [])],
  };
  const parts = options.noParts ? {} : { parts: partsOf(rows, saturation, random) };
  const series = { format: SERIES_FORMAT, interval: 1, rows, ...parts };
  // What readers would refuse is no fixture.
  return { folder: `/runs/${record.id}`, record: RunRecord.parse(record), series: Series.parse(series) };
}

/** k6 and the computer are measured at other moments than the stand's machines, in rows of their own. */
function partsOf(rows: readonly SeriesRow[], saturation: number, random: () => number): ResourceRow[] {
  const share = (value: number): number => Math.min(1, Math.max(0, value + 0.02 * normal(random)));
  return rows.flatMap(({ t, users }) => {
    const load = users / saturation;
    const machine = (name: string, cpu: number, mebibytes: number) => ({
      name,
      cpuShare: share(cpu),
      memoryBytes: Math.round(mebibytes * 2 ** 20),
    });
    return [
      { t, parts: [machine("computer", 0.2 + 0.6 * load, 8_000), machine("k6", 0.3 * load, 200)] },
      {
        t: t + 0.3,
        parts: [
          ...[1, 2, 3].map((number) => machine(`api-0${number}`, load, 90)),
          machine("pg-01", 0.1, 400),
          machine("ingress", 0.3 * load, 60),
        ],
      },
    ];
  });
}
