import type { ChangeFeed } from "../freshness/change-feed.ts";
import type { ReadBarrier } from "../freshness/read-barrier.ts";
import { isLong, type List, selectedBody } from "../model/list.ts";
import type { ReadModel } from "../model/read-model.ts";
import type { CityShape, Selection } from "../model/render.ts";
import { negotiateListEncoding } from "./accept-encoding.ts";
import { answer, readyList, rowBody, staleHeaders } from "./answer.ts";
import type { OpenAnswers } from "./open-answers.ts";
import { Problem } from "./problem.ts";
import type { Handler } from "./route.ts";
import { idFromPath, validatedQuery } from "./schemas.ts";

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

  get loaded(): ReadModel {
    const { model } = this.feed;
    if (model) return model;
    const reason = this.waitsForMigration()
      ? "the migration of the database waits for other sessions, which /healthz/ready names"
      : "the database has not been reached since the service started";
    throw new Problem(503, `the data are not loaded: ${reason}`, { headers: { "retry-after": "1" } });
  }

  /** Check the request before the call: one promise per read is enough, and each costs a fiftieth of the read. */
  read(answer: (model: ReadModel, staleMs: number | undefined) => Response | Promise<Response>): Promise<Response> {
    return this.barrier.wait().then((freshness) => {
      const model = this.loaded;
      if (freshness === "confirmed") return answer(model, undefined);
      this.onStale();
      return answer(model, this.barrier.ageMs);
    });
  }
}

/** Answers one row, by the id in the path. */
export function rowHandler(
  reader: Reader,
  jsonOf: (model: ReadModel, id: number) => Uint8Array | undefined,
  missing: string,
): Handler {
  return ({ request, parameter }) => {
    const id = idFromPath(parameter);
    return reader.read((model, staleMs) => {
      const json = jsonOf(model, id);
      if (!json) throw new Problem(404, missing, { headers: staleHeaders(staleMs) });
      return answer(request, rowBody(json), staleMs);
    });
  };
}

/** What the list answers of one service share. */
export interface Lists {
  readonly cities: List;
  readonly forecast: List;
  readonly weather: List;
  readonly open: OpenAnswers;
}

/** Answers a list: what is ready of it, or made for this request when the query narrows it. */
export function listHandler(reader: Reader, list: List, open: OpenAnswers): Handler {
  return ({ request, query }) => {
    const { shape } = list;
    const selection = query === "" || !shape ? undefined : queryOf(query);
    return reader.read((model, staleMs) => {
      const encoding = negotiateListEncoding(request.headers.get("accept-encoding"));
      // What waits must not keep a model in memory.
      const make = () => selectedBody(reader.loaded, shape as CityShape, selection as Selection, encoding);
      const body = !selection
        ? list.body(model, encoding)
        : isLong(model, selection)
          ? inTurn(request.signal, make)
          : make();
      return body instanceof Promise
        ? body.then((made) => answer(request, readyList(made, open), staleMs))
        : answer(request, readyList(body, open), staleMs);
    });
  };
}

let lastInTurn: Promise<unknown> = Promise.resolve();

/**
 * One at a time, so that many do not take memory at once and the first are not as late as the last. Throws Problem 499
 * for a client that went away while it waited.
 */
function inTurn<T>(client: AbortSignal, make: () => Promise<T>): Promise<T> {
  const made = lastInTurn.then(() => {
    if (client.aborted) throw new Problem(499, "the client closed the connection before its answer was made");
    return make();
  });
  lastInTurn = made.catch(() => {});
  return made;
}

function queryOf(query: string): Selection | undefined {
  const { cityId, ...others } = validatedQuery(query);
  if (cityId === undefined && Object.values(others).every((value) => value === undefined)) return undefined;
  return { ...others, cityId: cityId === undefined ? undefined : Number(cityId) };
}
