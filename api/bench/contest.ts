import type { Bench, Finding } from "./bench.ts";
import { type Duration, type Load, type Measurement, measure } from "./measure.ts";
import type { RunningProgram } from "./program.ts";

export interface Contestant {
  readonly program: RunningProgram;
  readonly load: Load;
  /** In place of plain `measure`, where more than the answers is to be checked. */
  readonly measure?: typeof measure;
}

/**
 * Load before the first round, as a multiple of a round's window: at a quarter of a core the runtime takes long to compile what is
 * hot, and a baseline must not lose for that.
 */
export const firstWarmUpWindows = 4;

/**
 * Measures all contestants in turn, round by round, so that what else happens on the computer hits product and baselines alike.
 * Returns for each name its rounds.
 */
export async function contest<Name extends string>(
  bench: Bench,
  contestants: Readonly<Record<Name, Contestant>>,
): Promise<Record<Name, readonly Measurement[]>> {
  const names = Object.keys(contestants).filter((name): name is Name => name in contestants);
  const measured = Object.fromEntries(names.map((name) => [name, [] as Measurement[]])) as Record<Name, Measurement[]>;
  const run = (name: Name, duration: Duration): Promise<Measurement> => {
    const { program, load, measure: measureIt = measure } = contestants[name];
    return measureIt(bench, program, load, duration);
  };
  for (const name of names) {
    await run(name, { warmUpSeconds: 0, seconds: firstWarmUpWindows * bench.options.seconds });
  }
  for (let round = 1; round <= bench.options.rounds; round += 1) {
    for (const name of names) {
      const measurement = await run(name, bench.options);
      measured[name].push(measurement);
      bench.log(`round ${round} of ${bench.options.rounds}, ${name}: ${summary(measurement)}`);
    }
  }
  return measured;
}

function summary(measurement: Measurement): string {
  const { perSecond, latencyMs, cpuMicros, limitShare, chargedPeakMiB } = measurement;
  return [
    `${perSecond.toFixed(perSecond < 100 ? 1 : 0)} requests/s`,
    `p50 ${latencyMs.p50.toFixed(1)}`,
    `p90 ${latencyMs.p90.toFixed(1)}`,
    `p99 ${latencyMs.p99.toFixed(1)} ms`,
    ...(Number.isNaN(cpuMicros) ? [] : [`${cpuMicros.toFixed(cpuMicros < 100 ? 1 : 0)} us CPU each`]),
    ...(Number.isNaN(limitShare) ? [] : [`${(limitShare * 100).toFixed(0)} % of the CPU limit`]),
    ...(Number.isNaN(chargedPeakMiB) ? [] : [`${chargedPeakMiB.toFixed(0)} MiB`]),
  ].join(", ");
}

/** One number of each round. */
export function each(rounds: readonly Measurement[], value: (round: Measurement) => number): number[] {
  return rounds.map(value);
}

/** Product over baseline, round by round. */
export function ratios(product: readonly Measurement[], baseline: readonly Measurement[]): number[] {
  return product.map((round, index) => round.perSecond / (baseline[index]?.perSecond ?? Number.NaN));
}

/** Requests/s and CPU per request, without a target. */
export function rateFindings(name: string, rounds: readonly Measurement[]): Finding[] {
  return [
    { what: name, unit: "requests/s", values: each(rounds, (round) => round.perSecond) },
    { what: `${name}, CPU per request`, unit: "us", values: each(rounds, (round) => round.cpuMicros) },
  ];
}
