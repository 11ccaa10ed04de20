import { readFile } from "node:fs/promises";
import { z } from "zod";
import { parseLines } from "../history/lines.ts";

/** A time in which a node was the primary, on one timeline. */
export interface Reign {
  readonly node: string;
  readonly timeline: number | undefined;
  /** Before `start` of its first and after `end` of its last answer nothing is known. */
  readonly firstStart: number;
  readonly firstEnd: number;
  readonly lastStart: number;
  readonly lastEnd: number;
}

/** @returns its `twoPrimaries`: pairs of primaries that take writes at the same moment, for certain, as far as the samples can tell */
export function judgeRoles(samples: readonly RoleSample[]) {
  const reigns = reignsOf(samples);
  const pairs = reigns.flatMap((one, index) => reigns.slice(index + 1).map((other) => [one, other] as const));
  const twoPrimaries = pairs.filter(([one, other]) => one.node !== other.node && certainlyTogether(one, other));
  return { reigns, twoPrimaries };
}

/** When a primary was first seen after the moment that is not the reign of that moment, ms after it; undefined: never. */
export function timeToNewPrimary(samples: readonly RoleSample[], moment: number): number | undefined {
  const reigns = reignsOf(samples);
  const old = reigns.findLast(({ firstEnd }) => firstEnd <= moment);
  const next = reigns.find((reign) => reign !== old && reign.firstEnd > moment);
  return next && next.firstEnd - moment;
}

/**
 * A node that stops being the primary can only become it again on another timeline: so two answers with the same one, with none
 * between them that denies it, cover the time between them as well, whatever questions went unanswered.
 */
function reignsOf(samples: readonly RoleSample[]): Reign[] {
  const byNode = Map.groupBy(samples, ({ node }) => node);
  return [...byNode.values()]
    .flatMap((ofNode) => {
      const reigns: Reign[] = [];
      let current: Reign | undefined;
      for (const sample of ofNode) {
        if (sample.role === undefined) continue;
        if (sample.role !== "primary" || sample.state !== "running") {
          current = undefined;
          continue;
        }
        const { node, timeline, start, end } = sample;
        if (current && current.timeline === timeline) reigns.pop();
        else current = { node, timeline, firstStart: start, firstEnd: end, lastStart: start, lastEnd: end };
        current = { ...current, lastStart: start, lastEnd: end };
        reigns.push(current);
      }
      return reigns;
    })
    .sort((one, other) => one.firstEnd - other.firstEnd);
}

/** A reign holds from its first answer's end to its last one's start; one of a single answer at one moment within it. */
function certainlyTogether(one: Reign, other: Reign): boolean {
  const oneHolds = one.firstEnd <= one.lastStart;
  const otherHolds = other.firstEnd <= other.lastStart;
  if (oneHolds && otherHolds) return Math.max(one.firstEnd, other.firstEnd) <= Math.min(one.lastStart, other.lastStart);
  if (oneHolds) return one.firstEnd <= other.firstStart && other.lastEnd <= one.lastStart;
  if (otherHolds) return other.firstEnd <= one.firstStart && one.lastEnd <= other.lastStart;
  return false;
}

/** The lines of a file of role samples (JSONL). Times are ms of the clock in `clock.ts`. */
const SamplesHeader = z.object({
  e: z.literal("roles"),
  version: z.literal(1),
  nodes: z.array(z.string()),
  intervalMs: z.number(),
  at: z.number(),
  wallClock: z.string(),
});

/** What a node's Patroni said about itself, at some moment between start and end. */
const SampleEntry = z.object({
  e: z.literal("sample"),
  node: z.string(),
  start: z.number(),
  end: z.number(),
  /** Undefined: no answer. `primary`, `replica`, or another word of Patroni. */
  role: z.string().optional(),
  state: z.string().optional(),
  timeline: z.int().optional(),
  error: z.string().optional(),
});

export const RolesEntry = z.discriminatedUnion("e", [SamplesHeader, SampleEntry]);
export type RolesEntry = z.infer<typeof RolesEntry>;
export type RoleSample = z.infer<typeof SampleEntry>;

/** In the order of their ends. Throws where the file cannot be read or holds something else; its last line may be cut. */
export async function readRoleSamples(path: string): Promise<readonly RoleSample[]> {
  const { lines } = parseLines(await readFile(path, "utf8"), RolesEntry);
  return lines.filter((line) => line.e === "sample");
}
