import type { Output } from "@goldenring/run-kit";
import type { Machine } from "@goldenring/stand";
import type { ResourceRow } from "../record/record.ts";
import type { InsideNetwork } from "../run/k6-run.ts";
import type { DatabasePlace } from "../seed/database.ts";

/** What the load commands get from the program that they are part of. */
export interface LoadDeps {
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Gets the exit code of the command that ran. */
  readonly outcome: { exitCode: number };
  /** Where the runs are kept. */
  readonly runs: string;
  /** The stand that is up, if there is one. */
  readonly stand?: () => Promise<StandUnderLoad | undefined>;
}

export interface StandUnderLoad {
  /** URL of its ingress, as this computer reaches it: the target unless another is named. */
  readonly target: string;
  /** Names and addresses of its machines: they may be loaded without being asked. */
  readonly hosts: readonly string[];
  /** Where its network can be entered from this computer: k6 then asks the ingress itself, and no forwarded port costs CPU. */
  readonly inside?: InsideNetwork;
  /** Those whose CPU is measured every second during a run; those of the replicas among them may get the baseline for a while. */
  readonly machines?: readonly Machine[];
  /** What seeds go into. */
  readonly database?: () => Promise<DatabasePlace>;
  /** What its parts used between two moments (Unix time, ms): rows a second apart, `t` in seconds from the first moment. */
  readonly parts?: (from: number, to: number) => Promise<ResourceRow[]>;
}
