import type { Stage } from "../../k6/plan.ts";
import type { RunOptions } from "../record/record.ts";
import { rampSeconds } from "./options.ts";

/** A constant number of users arrives over this share of the run, and in so many seconds at most: not all in one moment. */
const ARRIVAL_SHARE = 0.1;
const LONGEST_ARRIVAL = 10;

/** The first answers meet cold caches and new connections: an objective is judged after so many seconds. */
const JUDGED_AFTER = 10;

/** How the number of users goes from the beginning to the end. */
export function stagesOf({ load, seconds }: Pick<RunOptions, "load" | "seconds">): Stage[] {
  if (load.kind === "constant") {
    const arrival = Math.min(LONGEST_ARRIVAL, seconds * ARRIVAL_SHARE);
    return [
      { seconds: arrival, users: load.users },
      { seconds: seconds - arrival, users: load.users },
    ];
  }
  const rising = rampSeconds(load);
  if (seconds <= rising) return [{ seconds, users: Math.max(1, Math.round((load.maxUsers * seconds) / rising)) }];
  return [
    { seconds: rising, users: load.maxUsers },
    { seconds: seconds - rising, users: load.maxUsers },
  ];
}

/** Seconds after which a broken objective ends the run; short runs are judged from their second half on. */
export function judgedAfter(seconds: number): number {
  return Math.min(JUDGED_AFTER, Math.floor(seconds / 2));
}
