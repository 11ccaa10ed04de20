import type { RunDeps } from "@goldenring/run-kit";
import type { Stand } from "@goldenring/stand";
import type { StandMonitoring } from "../engine/run-context.ts";

export interface ChaosDeps extends RunDeps {
  /** @throws {CommandError} (noStand) where there is no stand, or it is down */
  readonly stand: () => Promise<AvailableStand>;
}

export interface AvailableStand {
  readonly stand: Stand;
  /** Undefined: it cannot be asked, and nobody receives alerts. */
  readonly monitoring?: StandMonitoring;
  /** Faults may be injected without asking: the lab, or this computer. */
  readonly isOurs: boolean;
}
