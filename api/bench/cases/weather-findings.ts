import type { Bench, Finding, Target } from "../bench.ts";
import { contest, each } from "../contest.ts";
import { weatherLoad } from "../loads/weather.ts";
import type { Measurement } from "../measure.ts";
import type { MeasuredReplica } from "../measured-programs.ts";

/** Rate, p90 and size of one way to serve GET /WeatherForecast. */
export function weatherFindings(what: string, rounds: readonly Measurement[], atLeast?: number): Finding[] {
  const rateTarget: { target?: Target } =
    atLeast === undefined ? {} : { target: { kind: "at least", value: atLeast, judges: "median" } };
  return [
    { what, unit: "requests/s", values: each(rounds, (round) => round.perSecond), ...rateTarget },
    {
      what: `${what}, p90`,
      unit: "ms",
      values: each(rounds, (round) => round.latencyMs.p90),
      target: { kind: "at most", value: 300, judges: "median" },
    },
    { what: `${what}, CPU per request`, unit: "us", values: each(rounds, (round) => round.cpuMicros) },
    { what: `${what}, body`, unit: "MiB", values: each(rounds, (round) => round.largestBody / 1024 ** 2) },
  ];
}

/** Highest memory; what the group is charged must hold in every round. */
export function memoryFindings(what: string, rounds: readonly Measurement[], limitMiB: number): Finding[] {
  return [
    {
      what: `${what}, highest memory charged`,
      unit: "MiB",
      values: each(rounds, (round) => round.chargedPeakMiB),
      target: { kind: "at most", value: limitMiB, judges: "worst" },
    },
    {
      what: `${what}, highest memory resident, with the runtime's file pages`,
      unit: "MiB",
      values: each(rounds, (round) => round.residentPeakMiB),
    },
  ];
}

/** Measures GET /WeatherForecast in each encoding, with this many connections. */
export function weatherRounds(
  bench: Bench,
  { program, digest }: MeasuredReplica,
  connections: { readonly identity: number; readonly gzip: number },
  samples?: number,
) {
  const entrant = (encoding: keyof typeof connections) => ({
    program,
    load: weatherLoad([encoding], connections[encoding], { digest }, samples),
  });
  return contest(bench, { identity: entrant("identity"), gzip: entrant("gzip") });
}
