import type { ChangeFeed } from "../freshness/change-feed.ts";
import type { Freshness, ReadBarrier } from "../freshness/read-barrier.ts";
import type { ReadModel } from "../model/read-model.ts";
import type { Moment } from "./answer.ts";
import { Problem } from "./problem.ts";

export interface Reading {
  readonly model: ReadModel;
  readonly moment: Moment;
}

/** Takes every read through the barrier to the model. Throws Problem 503 until the model is loaded. */
export class Reader {
  constructor(
    readonly feed: ChangeFeed,
    readonly barrier: ReadBarrier,
    readonly onStale: () => void,
    /** Whether the database was reached, but other sessions keep it from being migrated. */
    readonly waitsForMigration: () => boolean,
  ) {}

  /** The rows as they are known now, which may miss the last changes. */
  get current(): ReadModel | undefined {
    return this.feed.model;
  }

  /** Check the request before the call: one promise per read is enough, and each costs a fiftieth of the read. */
  read(answer: (reading: Reading) => Response | Promise<Response>): Promise<Response> {
    return this.barrier.wait().then((freshness) => answer(this.#readingAt(freshness)));
  }

  #readingAt(freshness: Freshness): Reading {
    const model = this.feed.model;
    if (!model) {
      const reason = this.waitsForMigration()
        ? "the migration of the database waits for other sessions, which /healthz/ready names"
        : "the database has not been reached since the service started";
      throw new Problem(503, `the data are not loaded: ${reason}`, { headers: { "retry-after": "1" } });
    }
    if (freshness === "confirmed") return { model, moment: CONFIRMED };
    this.onStale();
    return { model, moment: { freshness, ageMs: this.barrier.ageMs } };
  }
}

const CONFIRMED: Moment = { freshness: "confirmed", ageMs: 0 };
