import { median } from "@goldenring/run-kit";
import type { ResourceRow, RunRecord, Series } from "../record/record.ts";
import { mostUsed, type ResourceKind } from "../resources/resources.ts";

/** The stand of docs/system.md: replicas of 128 MiB. */
const REPLICA_MEMORY_BYTES = 128 * 2 ** 20;

interface Rule {
  readonly cause: string;
  readonly part: ResourceKind;
  readonly uses: "cpu" | "memory";
  /** Of what the part may use; from here on it has given out. */
  readonly share: number;
  readonly why: string;
}

/** The more exactly a rule names what gave out, the further up it stands: of those that hold at once the first is told. */
export const RULES: readonly Rule[] = [
  {
    cause: "memory of a replica",
    part: "replica",
    uses: "memory",
    share: 0.95,
    why: "what is left is less than one large answer, and the kernel ends who asks for more",
  },
  {
    cause: "k6 itself",
    part: "k6",
    uses: "cpu",
    share: 0.6,
    why: "the load generator alone takes more of the computer than all that it measures; its own delays are in the latencies",
  },
  {
    cause: "CPU of a replica",
    part: "replica",
    uses: "cpu",
    share: 0.9,
    why: "a limit is dealt out per 100 ms, so that at 90 % of it over a second many of these slices are used up",
  },
  {
    cause: "CPU of the database",
    part: "database",
    uses: "cpu",
    share: 0.9,
    why: "the same limit by slices, and every write of every replica waits for this machine",
  },
  {
    cause: "CPU of the ingress or HAProxy",
    part: "ingress",
    uses: "cpu",
    share: 0.9,
    why: "the same limit by slices; all requests, or all of the replicas' statements, go through it",
  },
  {
    cause: "CPU of the computer",
    part: "computer",
    uses: "cpu",
    share: 0.95,
    why: "everything waits for a core; the service might do more on a computer of its own",
  },
  {
    cause: "memory of the computer",
    part: "computer",
    uses: "memory",
    share: 0.95,
    why: "the kernel throws out what it reads again at once",
  },
];

/** Samples of a second; the middle one must be at the rule's share, so that one spike is no limit and one gap no relief. */
const WINDOW = 5;

export interface Exhausted {
  readonly cause: string;
  /** Seconds from the run's start. */
  readonly since: number;
  /** Highest use over a window, as a share. */
  readonly peak: number;
}

export interface Saturation {
  /** The first to give out; "none" when nothing did; "not measured" when no part was watched. */
  readonly first: string;
  /** All that gave out, the first one first. */
  readonly exhausted: readonly Exhausted[];
}

/** What was saturated first during a run, by RULES. */
export function saturationOf(
  { computer }: Pick<RunRecord, "computer">,
  { parts = [] }: Pick<Series, "parts">,
): Saturation {
  if (parts.every((row) => row.parts.length === 0)) return { first: "not measured", exhausted: [] };
  const limits = { replica: REPLICA_MEMORY_BYTES, computer: computer.memoryMiB * 2 ** 20 };
  const exhausted = RULES.flatMap((rule) => exhaustedBy(rule, parts, limits) ?? []).sort(
    (one, other) => one.since - other.since,
  );
  return { first: exhausted[0]?.cause ?? "none", exhausted };
}

/** Bytes that they may use. */
type MemoryLimits = Readonly<Record<"replica" | "computer", number>>;

function exhaustedBy(rule: Rule, rows: readonly ResourceRow[], limits: MemoryLimits): Exhausted | undefined {
  const uses = rows.flatMap((row) => {
    const share = shareUsed(rule, row, limits);
    return share === undefined ? [] : [{ t: row.t, share }];
  });
  const windows = uses
    .slice(0, Math.max(0, uses.length - WINDOW + 1))
    .map(({ t }, from) => ({ t, share: median(uses.slice(from, from + WINDOW).map(({ share }) => share)) }));
  const first = windows.find(({ share }) => share >= rule.share);
  return first && { cause: rule.cause, since: first.t, peak: Math.max(...windows.map(({ share }) => share)) };
}

function shareUsed({ part, uses }: Rule, row: ResourceRow, limits: MemoryLimits): number | undefined {
  if (uses === "cpu") return mostUsed(row, part, ({ cpuShare }) => cpuShare);
  const limit = part === "replica" ? limits.replica : limits.computer;
  const bytes = mostUsed(row, part, ({ memoryBytes }) => memoryBytes);
  return bytes === undefined ? undefined : bytes / limit;
}
