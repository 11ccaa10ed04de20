import { normal, seededRandom } from "../statistics/seeded-random.fixture.ts";
import type { Measured } from "./find-capacity.ts";

export interface Simulation {
  /** Most users within the objective when nothing disturbs. */
  readonly limit: number;
  readonly seed: number;
  /** Between two steps the capacity varies by at most this share, evenly. */
  readonly variation?: number;
  /** The same, bell-shaped: standard deviation as a share. */
  readonly deviation?: number;
  /** Chance that something else on the computer spoils a step. */
  readonly disturbed?: number;
}

const P95_OBJECTIVE_MS = 600;
const IDLE_P95_MS = 20;

/** A service with a queue: its P95 grows slowly at first and without bound towards saturation, and reaches 600 ms at the limit. */
export function simulatedService(simulation: Simulation): (users: number) => Promise<Measured> {
  const { limit, seed, variation = 0, deviation = 0, disturbed = 0 } = simulation;
  const random = seededRandom(seed);
  return async (users) => {
    const factor = 1 + variation * (2 * random() - 1) + deviation * normal(random);
    const saturation = (limit * factor) / (1 - IDLE_P95_MS / P95_OBJECTIVE_MS);
    const p95 = users >= saturation ? Number.POSITIVE_INFINITY : IDLE_P95_MS / (1 - users / saturation);
    const spoilt = random() < disturbed;
    // The limit itself holds, whatever the last binary digit says.
    return { users, held: !spoilt && p95 <= P95_OBJECTIVE_MS + 1e-6 };
  };
}
