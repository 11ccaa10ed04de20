import type { Machine } from "../stand/src/index.ts";
import type { Stand } from "./stand.ts";

/** Who is who when the round begins, and what its fault may do. */
export interface Site {
  readonly stand: Stand;
  readonly primary: Machine;
  readonly replica: Machine;
  readonly haproxy: Machine;
  readonly etcd: readonly Machine[];
  /** Another API replica each round. */
  readonly api: Machine;
  /** Waits; rejects when the round is interrupted. */
  readonly pause: (ms: number) => Promise<void>;
}

/** What must hold in every round, beside: nothing lost, stored twice or read stale, and never two primaries. */
export interface Bars {
  readonly failedReads?: 0;
  /** Failed or without an answer. */
  readonly failedWrites?: 0;
  /** ms. */
  readonly longestWrite?: number;
  readonly samePrimary?: true;
}

/** A fault of the table in `faults.ts`. */
export interface Fault {
  readonly name: string;
  readonly about: string;
  /** `off`: the guardian stands still, so that the stand has to do without it. */
  readonly agent: "on" | "off";
  readonly rounds: number;
  /** Part of the shorter selection. */
  readonly short: boolean;
  readonly inject: (site: Site) => Promise<unknown>;
  /** How long the fault stays after its injection, ms. */
  readonly holdMs: number;
  /** Must work whatever part of the injection was done. */
  readonly undo: (site: Site) => Promise<unknown>;
  readonly bars: Bars;
}
