import fc from "fast-check";
import type { Entry } from "../history/entries.ts";
import { type History, parseHistory } from "../history/history.ts";
import { parseValue, valueName, writeSeen } from "../history/values.ts";
import type { FinalRow } from "./final-rows.ts";

/**
 * A linearizable service and its clients, in simulated time: every request takes effect at one moment between its
 * start and its end, if at all. What it yields is right by construction, however much overlaps.
 */
export interface Simulation {
  readonly entries: readonly Entry[];
  readonly rows: readonly FinalRow[];
  /** After the last request. */
  readonly over: number;
}

export const RUN = "run";
const CITIES = [1, 2];
const REGISTERS = 2;

interface Step {
  readonly kind: "add" | "put" | "value" | "list";
  readonly which: number;
  readonly pause: number;
  readonly toEffect: number;
  readonly toAnswer: number;
  readonly fate: "answered" | "done without answer" | "not done, without answer" | "refused" | "marked as stale";
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("add", "add", "put", "value", "value", "list", "list"),
  which: fc.nat(30),
  pause: fc.nat(20),
  toEffect: fc.nat(30),
  toAnswer: fc.nat(30),
  fate: fc.oneof(
    { weight: 8, arbitrary: fc.constant("answered" as const) },
    fc.constantFrom("done without answer", "not done, without answer", "refused", "marked as stale"),
  ),
});

export const simulation: fc.Arbitrary<Simulation> = fc
  .array(fc.array(step, { minLength: 5, maxLength: 25 }), { minLength: 1, maxLength: 4 })
  .map(simulate);

export function historyOf({ entries }: Pick<Simulation, "entries">): History {
  return parseHistory(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
}

interface Event {
  readonly time: number;
  readonly happen: () => void;
}

function simulate(lanes: readonly (readonly Step[])[]): Simulation {
  const service = new Service();
  const events: Event[] = [];
  let op = REGISTERS;
  for (const [client, steps] of lanes.entries()) {
    let time = 10 + client / 100;
    for (const [index, each] of steps.entries()) {
      const start = time + each.pause + 0.001;
      const effect = start + each.toEffect + 0.001;
      // What got no answer may take effect long after the client has given up.
      const write = each.kind === "add" || each.kind === "put";
      const late = write && each.fate === "done without answer" && each.which % 2 === 0 ? each.toAnswer * 20 : 0;
      const end = effect + each.toAnswer + 0.001;
      time = end;
      events.push(
        ...service.handle(each, { client, number: index + REGISTERS, op, start, effect: effect + late, end }),
      );
      op += 1;
    }
  }
  events.sort((one, other) => one.time - other.time);
  for (const { happen } of events) happen();
  const over = Math.max(0, ...events.map(({ time }) => time)) + 1;
  return { entries: service.entries, rows: [...service.rows.values()], over };
}

interface Request {
  readonly client: number;
  readonly number: number;
  readonly op: number;
  readonly start: number;
  readonly effect: number;
  readonly end: number;
}

class Service {
  readonly rows = new Map<number, FinalRow>();
  readonly entries: Entry[] = [
    {
      e: "history",
      version: 1,
      run: RUN,
      target: "http://127.0.0.1/",
      at: 0,
      wallClock: "2026-01-01T00:00:00Z",
      clients: 4,
      intervalMs: 50,
      readDeadlineMs: 5_000,
      writeDeadlineMs: 35_000,
    },
  ];
  /** Ids that were acknowledged. */
  readonly #known: number[] = [];

  constructor() {
    for (let op = 0; op < REGISTERS; op += 1) {
      const request = { client: 0, number: op, op, start: op, effect: op + 0.1, end: op + 0.2 };
      for (const { happen } of this.#add(request, 1, 1, "answered")) happen();
    }
  }

  handle({ kind, which, fate }: Step, request: Request): Event[] {
    const city = CITIES[which % CITIES.length] ?? 1;
    if (kind === "add") return this.#add(request, city, 1000 + Math.floor(request.start), fate);
    if (kind === "put") return this.#put(request, 1 + (which % REGISTERS), fate);
    if (kind === "value") return this.#readValue(request, which, fate);
    return this.#readList(request, city, which, fate);
  }

  #add(request: Request, city: number, dateTime: number, fate: Step["fate"]): Event[] {
    let id: number | undefined;
    return this.#write(request, { kind: "add", key: `city/${city}`, dateTime }, fate, (row) => {
      id = this.rows.size + 1;
      this.rows.set(id, { ...row, id, cityId: city });
      return id;
    });
  }

  #put(request: Request, id: number, fate: Step["fate"]): Event[] {
    return this.#write(request, { kind: "put", key: `value/${id}`, dateTime: 1 }, fate, (row) => {
      this.rows.set(id, { ...row, id, cityId: this.rows.get(id)?.cityId ?? 1 });
      return id;
    });
  }

  #write(
    { client, number, op, start, effect, end }: Request,
    intent: { kind: "add" | "put"; key: string; dateTime: number },
    fate: Step["fate"],
    apply: (row: Pick<FinalRow, "dateTime" | "temperature" | "summary">) => number,
  ): Event[] {
    const value = valueName(RUN, client, number);
    const temperature = number;
    let id: number | undefined;
    const done = fate === "answered" || fate === "done without answer" || fate === "marked as stale";
    const acknowledged = done && fate !== "done without answer";
    return [
      {
        time: start,
        happen: () => void this.entries.push({ e: "begin", op, client, ...intent, value, temperature, at: start }),
      },
      {
        time: effect,
        happen: () => {
          if (done) id = apply({ dateTime: intent.dateTime, temperature, summary: value });
        },
      },
      {
        time: end,
        happen: () => {
          if (acknowledged && id !== undefined) {
            this.#known.push(id);
            this.entries.push({ e: "end", op, at: end, outcome: "ok", status: 200, id });
          } else if (fate === "refused") this.entries.push({ e: "end", op, at: end, outcome: "failed", status: 400 });
          else this.entries.push({ e: "end", op, at: end, outcome: "unknown", error: "deadline" });
        },
      },
    ];
  }

  #readValue({ client, op, start, effect, end }: Request, which: number, fate: Step["fate"]): Event[] {
    let id = 1;
    let value: string | null = null;
    return [
      {
        time: start,
        happen: () => {
          id = this.#known.at(-1 - (which % this.#known.length)) ?? 1;
        },
      },
      {
        time: effect,
        happen: () => {
          value = this.rows.get(id)?.summary ?? null;
        },
      },
      {
        time: end,
        happen: () => {
          const stale = fate === "marked as stale" ? { stale: 1 } : {};
          const key = `value/${id}`;
          this.entries.push({ e: "read", op, client, kind: "value", key, start, end, outcome: "ok", value, ...stale });
        },
      },
    ];
  }

  #readList({ client, op, start, effect, end }: Request, city: number, which: number, fate: Step["fate"]): Event[] {
    const from = 1000 + Math.floor(start) - 10 * which;
    let seen = "";
    const look = (): void => {
      const values = [...this.rows.values()]
        .filter(({ cityId, dateTime }) => cityId === city && dateTime >= from)
        .flatMap(({ summary }) => parseValue(RUN, summary) ?? []);
      seen = writeSeen(values);
    };
    return [
      { time: effect, happen: look },
      {
        time: end,
        happen: () => {
          const stale = fate === "marked as stale" ? { stale: 1 } : {};
          const key = `city/${city}`;
          this.entries.push({
            e: "read",
            op,
            client,
            kind: "list",
            key,
            start,
            end,
            outcome: "ok",
            from,
            seen,
            ...stale,
          });
        },
      },
    ];
  }
}
