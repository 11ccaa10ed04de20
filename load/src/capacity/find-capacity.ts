import { type Bracket, bracketOf, type Measured } from "./bracket.ts";
import { nextStep, type SearchOptions } from "./next-step.ts";

/** Seconds of a step. */
export interface StepTimes {
  /** Users arrive and caches fill; not judged. */
  readonly warmUpSeconds: number;
  /** Judged as a whole. */
  readonly holdSeconds: number;
}

export interface CapacityOptions<Step extends Measured> extends Partial<SearchOptions & StepTimes> {
  /** Steps of a search that was interrupted; it is resumed where it ended. */
  readonly earlier?: readonly Step[];
  /** The search ends after this many steps, the earlier ones included, whatever noise does. */
  readonly maxSteps?: number;
  readonly signal?: AbortSignal;
  /** Called after each step. */
  readonly onStep?: (step: Step, bracket: Bracket) => void;
}

export interface Capacity<Step extends Measured = Measured> extends Bracket {
  /** Why the search ended; rely on the bracket with "found" and "max" only. */
  readonly ended: "found" | "max" | "too many steps" | "interrupted";
  /** All that were measured, in their order. */
  readonly steps: readonly Step[];
}

/**
 * Why these: three doublings of the first step lead past the best of 2023. k6 takes about 0.15 ms of CPU per request, so that two cores
 * simulate fewer than 7,000 users. A bracket of 2 % leaves room for noise within the 5 % that the search promises. A majority of five turns a
 * step that is wrong one time in five into one that is wrong one time in seventeen. An ordinary search takes about 22 steps.
 */
export const CAPACITY_DEFAULTS = {
  start: 300,
  max: 10_000,
  resolution: 0.02,
  repeats: 5,
  maxSteps: 50,
  warmUpSeconds: 15,
  holdSeconds: 30,
} as const;

/**
 * The highest number of users within the objectives. Measured steps are never lost: an abort of `signal` during a step discards that
 * step and returns what is known; a later call resumes from `earlier`.
 *
 * @throws RangeError when the options make no search; whatever `tryStep` throws, unless the search was interrupted
 */
export async function findCapacity<Step extends Measured>(
  tryStep: (users: number, times: StepTimes) => Promise<Step>,
  options: CapacityOptions<Step> = {},
): Promise<Capacity<Step>> {
  const { earlier = [], signal, onStep, ...given } = options;
  const { maxSteps, warmUpSeconds, holdSeconds, ...search } = checked({ ...CAPACITY_DEFAULTS, ...given });
  const steps = [...earlier];
  const end = (ended: Capacity["ended"]): Capacity<Step> => ({ ...bracketOf(steps, search.repeats), ended, steps });
  for (;;) {
    const users = nextStep(steps, search);
    if (users === undefined) return end(bracketOf(steps, search.repeats).broke === undefined ? "max" : "found");
    if (steps.length >= maxSteps) return end("too many steps");
    if (signal?.aborted) return end("interrupted");
    let step: Step;
    try {
      step = await tryStep(users, { warmUpSeconds, holdSeconds });
    } catch (error) {
      if (signal?.aborted) return end("interrupted");
      throw error;
    }
    if (signal?.aborted) return end("interrupted");
    steps.push(step);
    onStep?.(step, bracketOf(steps, search.repeats));
  }
}

function checked<Options extends SearchOptions & StepTimes & { readonly maxSteps: number }>(options: Options): Options {
  const { start, max, resolution, repeats, maxSteps, warmUpSeconds, holdSeconds } = options;
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value > 0;
  const rules: readonly (readonly [boolean, string])[] = [
    [isCount(start) && isCount(max) && start <= max, "start and max are whole numbers of users, start the smaller one"],
    [resolution > 0 && resolution < 1, "the resolution is a share between 0 and 1"],
    [isCount(repeats) && repeats % 2 === 1, "repeats is an odd number: the majority decides"],
    [isCount(maxSteps), "maxSteps is a whole number of steps"],
    [warmUpSeconds >= 0 && holdSeconds > 0, "a step needs seconds to hold"],
  ];
  const broken = rules.find(([holds]) => !holds);
  if (broken) throw new RangeError(`This is no capacity search: ${broken[1]}.`);
  return options;
}
