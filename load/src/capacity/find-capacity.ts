import { CommandError } from "@goldenring/run-kit";
import * as z from "zod";

/** A measured step as the search sees it: so many users, and whether every objective held. */
export interface Measured {
  readonly users: number;
  readonly held: boolean;
}

/**
 * What a search is; another one is another bracket. Why these defaults: three doublings of the first step lead past the best of 2023. k6 takes about
 * 0.15 ms of CPU per request, so that two cores simulate fewer than 7,000 users. A bracket of 2 % leaves room for noise within the 5 % that the
 * search promises. A majority of five turns a step that is wrong one time in five into one that is wrong one time in seventeen.
 */
export const Search = z.object({
  start: z.int().positive().default(300),
  /** The search goes no higher. */
  max: z.int().positive().default(10_000),
  /** Width of the bracket at the end, as a share of its upper end. */
  resolution: z.number().gt(0).lt(1).default(0.02),
  /** Times a step at an end of the last bracket is measured at most; the majority decides. */
  repeats: z
    .int()
    .positive()
    .refine((count) => count % 2 === 1, "repeats is an odd number")
    .default(5),
  /** Of a step: users arrive and caches fill; not judged. */
  warmUpSeconds: z.number().nonnegative().default(15),
  /** Of a step: judged as a whole. */
  holdSeconds: z.number().positive().default(30),
});
export type Search = z.infer<typeof Search>;

export type StepTimes = Pick<Search, "warmUpSeconds" | "holdSeconds">;

const Limited = Search.extend({
  /** The search ends after this many steps, the earlier ones included, whatever noise does. An ordinary search takes about 22. */
  maxSteps: z.int().positive().default(50),
}).refine(({ start, max }) => start <= max, "the first step has more users than the maximum");

export type SearchOptions = { readonly [Name in keyof z.infer<typeof Limited>]?: number | undefined };

export interface CapacityOptions<Step extends Measured> extends SearchOptions {
  readonly earlier?: readonly Step[];
  readonly signal?: AbortSignal;
  readonly onStep?: (step: Step, soFar: Capacity<Step>) => void;
}

export interface Capacity<Step extends Measured = Measured> {
  /** Most users that held below the fewest that did not; 0 when nothing held. */
  readonly held: number;
  /** Fewest users that did not hold; undefined when nothing broke. */
  readonly broke: number | undefined;
  /** Why the search ended; rely on the bracket with "found" and "max" only. */
  readonly ended: "found" | "max" | "too many steps" | "interrupted";
  readonly steps: readonly Step[];
}

/**
 * Measured steps are never lost: an abort of `signal` during a step discards that step and returns what is known; a later call resumes from `earlier`.
 * @throws {CommandError} (usage) when the options make no search; whatever `tryStep` throws, unless the search was interrupted
 */
export async function findCapacity<Step extends Measured>(
  tryStep: (users: number, times: StepTimes) => Promise<Step>,
  { earlier = [], signal, onStep, ...options }: CapacityOptions<Step> = {},
): Promise<Capacity<Step>> {
  const parsed = Limited.safeParse(options);
  if (!parsed.success) {
    throw new CommandError(`This is no capacity search:\n${z.prettifyError(parsed.error)}`, "usage");
  }
  const { maxSteps, warmUpSeconds, holdSeconds, ...search } = parsed.data;
  const steps = [...earlier];
  const soFar = (ended: Capacity["ended"]): Capacity<Step> => ({
    ...bracketOf(steps, search.repeats),
    ended,
    steps: [...steps],
  });
  for (;;) {
    const users = nextStep(steps, search);
    if (users === undefined) return soFar(bracketOf(steps, search.repeats).broke === undefined ? "max" : "found");
    if (steps.length >= maxSteps) return soFar("too many steps");
    if (signal?.aborted) return soFar("interrupted");
    const step = await tryStep(users, { warmUpSeconds, holdSeconds }).catch((error: unknown) => {
      if (signal?.aborted) return undefined;
      throw error;
    });
    if (step === undefined || signal?.aborted) return soFar("interrupted");
    steps.push(step);
    onStep?.(step, soFar("interrupted"));
  }
}

type Votes = Record<"held" | "broke", number>;

function votesByUsers(steps: readonly Measured[]): ReadonlyMap<number, Votes> {
  const votes = new Map<number, Votes>();
  for (const { users, held } of steps) {
    const those = votes.get(users) ?? { held: 0, broke: 0 };
    those[held ? "held" : "broke"] += 1;
    votes.set(users, those);
  }
  return votes;
}

/**
 * A disturbance breaks a step that would have held, hardly ever the other way round: so one step that broke decides nothing, while
 * one that held is believed until the bracket is narrow.
 */
function verdictOf({ held, broke }: Votes, repeats: number): "held" | "broke" | "open" {
  if (!isSettled({ held, broke }, repeats) && (held === broke || (held === 0 && broke === 1))) return "open";
  return held > broke ? "held" : "broke";
}

/** Whether repeating the step could not change its verdict any more. */
function isSettled({ held, broke }: Votes, repeats: number): boolean {
  return Math.max(held, broke) > repeats / 2;
}

/** What the steps so far say; later ones may overturn it. */
export function bracketOf(steps: readonly Measured[], repeats: number): Pick<Capacity, "held" | "broke"> {
  const votes = [...votesByUsers(steps)];
  const usersWith = (verdict: "held" | "broke"): number[] =>
    votes.filter(([, each]) => verdictOf(each, repeats) === verdict).map(([users]) => users);
  const broke = Math.min(...usersWith("broke"));
  const held = Math.max(0, ...usersWith("held").filter((users) => users < broke));
  return { held, broke: broke === Number.POSITIVE_INFINITY ? undefined : broke };
}

/**
 * The users of the next step: doubling until one breaks, bisection until the bracket is narrow, then repetitions of its two ends until each has its
 * majority. An end that is overturned moves the bracket. @returns undefined when the search is at its end
 */
export function nextStep(
  steps: readonly Measured[],
  { start, max, resolution, repeats }: Pick<Search, "start" | "max" | "resolution" | "repeats">,
): number | undefined {
  const votes = votesByUsers(steps);
  const open = [...votes].find(([, each]) => verdictOf(each, repeats) === "open");
  if (open) return open[0];
  const { held, broke } = bracketOf(steps, repeats);
  const unsettled = (users: number): boolean => !isSettled(votes.get(users) ?? { held: 0, broke: 0 }, repeats);
  if (broke === undefined) {
    if (held < max) return Math.min(max, held === 0 ? start : held * 2);
    return unsettled(max) ? max : undefined;
  }
  if (broke - held > Math.max(1, broke * resolution)) return Math.floor((held + broke) / 2);
  return [held, broke].find((users) => users > 0 && unsettled(users));
}
