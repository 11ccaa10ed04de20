import type { Bar, Finding } from "../bench.ts";
import { each } from "../contest.ts";
import type { Measurement } from "../measure.ts";

/** Rate, p90 and size of one way to serve GET /WeatherForecast. */
export function weatherFindings(what: string, rounds: readonly Measurement[], atLeast?: number): Finding[] {
  const rateBar: { bar?: Bar } =
    atLeast === undefined ? {} : { bar: { kind: "at least", value: atLeast, judges: "median" } };
  return [
    { what, unit: "requests/s", values: each(rounds, (round) => round.perSecond), ...rateBar },
    {
      what: `${what}, p90`,
      unit: "ms",
      values: each(rounds, (round) => round.latencyMs.p90),
      bar: { kind: "at most", value: 300, judges: "median" },
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
      bar: { kind: "at most", value: limitMiB, judges: "worst" },
    },
    {
      what: `${what}, highest memory resident, with the runtime's file pages`,
      unit: "MiB",
      values: each(rounds, (round) => round.residentPeakMiB),
    },
  ];
}
