import type { ChangeFeed } from "../freshness/change-feed.ts";
import type { Freshness, ReadBarrier } from "../freshness/read-barrier.ts";
import type { ReadModel } from "../model/read-model.ts";
import type { Moment } from "./answer.ts";
import { Problem } from "./problem.ts";

export interface Reading {
  readonly model: ReadModel;
  readonly moment: Moment;
}

/** The way every read takes: through the barrier to the model. Throws Problem 503 before the model was first loaded. */
export class Reader {
  constructor(
    readonly feed: ChangeFeed,
    readonly barrier: ReadBarrier,
    readonly onStale: () => void,
  ) {}

  /** What a read checks of its request it checks before; one promise a read, because each costs a fiftieth of it. */
  read(answer: (reading: Reading) => Response | Promise<Response>): Promise<Response> {
    return this.barrier.wait().then((freshness) => answer(this.#look(freshness)));
  }

  #look(freshness: Freshness): Reading {
    const model = this.feed.model;
    if (!model) {
      throw new Problem(503, "the data are not loaded yet: the database has not been reached since the start", {
        headers: { "retry-after": "1" },
      });
    }
    if (freshness === "confirmed") return { model, moment: CONFIRMED };
    this.onStale();
    return { model, moment: { freshness, ageMs: this.barrier.ageMs } };
  }
}

const CONFIRMED: Moment = { freshness: "confirmed", ageMs: 0 };
