import { setTimeout as delay } from "node:timers/promises";
import { AddedValues } from "./added-values.ts";
import { type Answer, ApiClient, bodyOf, type NewValue, type Value } from "./api-client.ts";
import { RegisterHistory } from "./register-history.ts";
import type { Tables } from "./tables.ts";

export interface LoadOptions {
  readonly replicas: readonly ApiClient[];
  /** Cities that take new values. */
  readonly cityIds: readonly number[];
  /** Existing values whose temperature is written and read as a register, and whose other fields stay. */
  readonly registers: readonly Value[];
  /** An existing city whose name is written and read as a register. */
  readonly namedCity: number;
  /** Workers of each sort; each uses one connection at a time. */
  readonly adders: number;
  readonly changers: number;
  readonly readers: number;
  /** A read that takes longer counts as failed, ms. */
  readonly readBoundMs: number;
}

/** Pause of a worker between two requests, ms. */
const PACE_MS = { add: 15, change: 10, readOne: 5, readList: 150 } as const;

/** A started load as faults are judged by: on sample data, through all replicas. */
export async function startFaultLoad(urls: readonly string[], readBoundMs: number): Promise<Load> {
  const replicas = urls.map((url) => new ApiClient(url));
  const [client] = replicas;
  const values = client ? bodyOf.weather(await client.get("/WeatherForecast")) : [];
  const load = new Load({
    replicas,
    cityIds: [1, 2, 3],
    registers: values.filter(({ cityId }) => cityId === 4).slice(0, 3),
    namedCity: 9,
    adders: 8,
    changers: 8,
    readers: 6,
    readBoundMs,
  });
  load.start();
  return load;
}

/**
 * Clients that write and read through all replicas until they are stopped, and remember what they saw. Afterwards
 * `violations` says what no honest service could have answered.
 */
export class Load {
  readonly added = new AddedValues();
  /** Requests that got no answer or none of those allowed. */
  readonly failures: string[] = [];
  /** Writes answered 503, with how long that took, ms. */
  readonly unconfirmed: { readonly replica: ApiClient; readonly milliseconds: number }[] = [];
  reads = 0;
  staleReads = 0;
  slowestReadMs = 0;
  changes = 0;
  readonly #registers: readonly Register[];
  readonly #workers: Promise<void>[] = [];
  #stopped = false;
  /** Above every temperature of the sample data, so that no value is used twice. */
  #lastValue = 1_000;

  constructor(readonly options: LoadOptions) {
    this.#registers = [...options.registers.map(valueRegister), cityRegister(options.namedCity)];
  }

  start(): void {
    const { adders, changers, readers } = this.options;
    for (let index = 0; index < adders; index += 1) this.#work(index, PACE_MS.add, (replica) => this.#add(replica));
    for (let index = 0; index < changers; index += 1) {
      this.#work(index, PACE_MS.change, (replica) => this.#change(replica, this.#registerOf(index)));
    }
    for (let index = 0; index < readers; index += 1) {
      if (index % 3 === 2) this.#work(index, PACE_MS.readList, (replica) => this.#readList(replica));
      else this.#work(index, PACE_MS.readOne, (replica, turn) => this.#readOne(replica, this.#registerOf(turn)));
    }
  }

  /** Lets every request end, however long it takes. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  /** The judgement, with what the tables hold after `stop`. */
  violations(tables: Tables): string[] {
    const now = performance.now();
    this.added.checkTable(tables.values);
    for (const register of this.#registers) {
      const final =
        register.id === undefined
          ? numberOf(tables.cityNames.get(this.options.namedCity))
          : temperatureOf(tables.values, register.id);
      register.history.read(final, now, now);
    }
    return [
      ...this.failures,
      ...this.added.violations,
      ...this.#registers.flatMap(({ history }) => history.violations()),
    ];
  }

  #registerOf(turn: number): Register {
    const register = this.#registers[turn % this.#registers.length];
    if (!register) throw new Error("a load needs a register");
    return register;
  }

  /** Each worker alternates between the replicas, beginning with another one than its neighbour. */
  #work(index: number, paceMs: number, request: (replica: ApiClient, turn: number) => Promise<void>): void {
    const { replicas } = this.options;
    const loop = async (): Promise<void> => {
      for (let turn = index; !this.#stopped; turn += 1) {
        const replica = replicas[turn % replicas.length];
        if (!replica) return;
        try {
          await request(replica, turn);
        } catch (error) {
          this.failures.push(`no valid answer: ${error instanceof Error ? error.message : String(error)}`);
        }
        await delay(paceMs * (0.5 + Math.random()));
      }
    };
    this.#workers.push(loop());
  }

  async #add(replica: ApiClient): Promise<void> {
    const { cityIds } = this.options;
    const value = this.added.next(cityIds[Math.floor(Math.random() * cityIds.length)] ?? 0);
    const answer = await replica.addValue(value.cityId, value);
    if (this.#confirmed(replica, answer)) this.added.acknowledge(value, bodyOf.value(answer), answer.endedAt);
  }

  async #change(replica: ApiClient, register: Register): Promise<void> {
    this.#lastValue += 1;
    const value = this.#lastValue;
    register.history.writeStarted(value, performance.now());
    const answer = await register.write(replica, value);
    if (!this.#confirmed(replica, answer)) return;
    register.history.writeAcknowledged(value, answer.endedAt);
    this.changes += 1;
  }

  async #readOne(replica: ApiClient, register: Register): Promise<void> {
    const answer = await register.fetch(replica);
    this.#countRead(answer);
    register.history.read(register.valueIn(answer), momentFrom(answer), answer.endedAt);
  }

  async #readList(replica: ApiClient): Promise<void> {
    const answer = await replica.get("/WeatherForecast");
    this.#countRead(answer);
    const rows = bodyOf.weather(answer);
    this.added.checkList(rows, momentFrom(answer), answer.stale !== undefined);
    for (const { id, history } of this.#registers) {
      if (id !== undefined) history.read(temperatureOf(rows, id), momentFrom(answer), answer.endedAt);
    }
  }

  #countRead(answer: Answer): void {
    const milliseconds = answer.endedAt - answer.startedAt;
    this.reads += 1;
    if (answer.stale) this.staleReads += 1;
    this.slowestReadMs = Math.max(this.slowestReadMs, milliseconds);
    if (answer.status !== 200) this.failures.push(`a read was answered ${answer.status}: ${answer.text.slice(0, 200)}`);
    if (milliseconds > this.options.readBoundMs) this.failures.push(`a read took ${Math.round(milliseconds)} ms`);
  }

  /** False for a 503: the write may or may not be stored. */
  #confirmed(replica: ApiClient, answer: Answer): boolean {
    if (answer.status === 200) return true;
    const retryAfter = answer.headers.get("retry-after") ?? "";
    if (answer.status === 503 && /^\d+$/.test(retryAfter)) {
      this.unconfirmed.push({ replica, milliseconds: answer.endedAt - answer.startedAt });
    } else
      this.failures.push(
        `a write was answered ${answer.status} (Retry-After: ${retryAfter}): ${answer.text.slice(0, 200)}`,
      );
    return false;
  }
}

/** One place that holds a number, written and read through the API. */
interface Register {
  readonly history: RegisterHistory;
  /** The value's id; undefined for a city. */
  readonly id: number | undefined;
  write(replica: ApiClient, value: number): Promise<Answer>;
  fetch(replica: ApiClient): Promise<Answer>;
  valueIn(answer: Answer): number;
}

function valueRegister(row: Value): Register {
  const fixed: NewValue = { dateTime: row.dateTime, temperature: row.temperature, summary: row.summary };
  return {
    history: new RegisterHistory(`value ${row.id}`, row.temperature),
    id: row.id,
    write: (replica, temperature) => replica.changeValue(row.id, { ...fixed, temperature }),
    fetch: (replica) => replica.get(`/Forecast/${row.id}`),
    valueIn: (answer) => bodyOf.value(answer).temperature,
  };
}

function cityRegister(id: number): Register {
  return {
    history: new RegisterHistory(`city ${id}`, 0),
    id: undefined,
    write: (replica, value) => replica.renameCity(id, cityName(value)),
    fetch: (replica) => replica.get("/Cities"),
    valueIn: (answer) => numberOf(bodyOf.cities(answer).find((city) => city.id === id)?.name),
  };
}

/**
 * The earliest moment whose state the answer may show: that of its request, or the one that its mark names. `Age` counts
 * whole seconds.
 */
function momentFrom({ startedAt, stale }: Answer): number {
  return stale === undefined ? startedAt : startedAt - 1_000 * (stale.ageSeconds + 1);
}

function cityName(value: number): string {
  return `Плёс ${value}`;
}

/** 0 for the name that the city had before. */
function numberOf(name: string | undefined): number {
  return name === undefined ? Number.NaN : Number(/\d+$/.exec(name)?.[0] ?? 0);
}

function temperatureOf(rows: readonly Value[], id: number): number {
  return rows.find((row) => row.id === id)?.temperature ?? Number.NaN;
}
