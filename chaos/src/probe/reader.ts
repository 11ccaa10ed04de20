import type { Read } from "../history/entries.ts";
import { parseValue, writeSeen } from "../history/values.ts";
import { bodyAs, CityBody, isListedValue, timedRead, ValueBody, WeatherBody } from "./answers.ts";
import { type Client, itemAt } from "./clients.ts";

/** A row that the service has acknowledged. */
export interface KnownValue {
  readonly id: number;
  readonly dateTime: number;
}

/** A list is asked for from the oldest of so many acknowledged values of its city on: some tens of kilobytes at most. */
const LISTED = 100;

/** What the clients of a run know together: where to write, and what must be there to read. */
export class Knowledge {
  readonly #recent = new Map<number, KnownValue[]>();
  /** The value acknowledged last, by whichever client: a read that misses it is the first sign of a stale one. */
  newest: KnownValue | undefined;

  constructor(
    readonly cities: readonly number[],
    /** Ids of the rows that are changed by PUT. */
    readonly registers: readonly number[],
  ) {}

  added(cityId: number, value: KnownValue): void {
    const ofCity = this.#recent.get(cityId) ?? [];
    ofCity.push(value);
    if (ofCity.length > LISTED) ofCity.shift();
    this.#recent.set(cityId, ofCity);
    this.newest = value;
  }

  recent(number: number): KnownValue | undefined {
    const ofCity = this.#recent.get(itemAt(this.cities, number));
    return ofCity && ofCity.length > 0 ? itemAt(ofCity, Math.floor(number / this.cities.length)) : undefined;
  }

  /** `dateTime` from which on a list of the city is asked for. */
  listFrom(cityId: number): number {
    return this.#recent.get(cityId)?.[0]?.dateTime ?? Date.now();
  }
}

/** What a client reads, in this order: the newest value most often, because it shows a stale read first. */
const READS = "newest register newest recent city newest register newest recent list".split(" ");

/** The read of one slot; none where nothing is known to read yet. */
export async function readOnce(client: Client, knowledge: Knowledge, slot: number): Promise<void> {
  const { number } = client;
  const kind = READS[(slot + 3 * number) % READS.length];
  const round = number + Math.floor(slot / READS.length);
  if (kind === "city") return read(client, cityQuestion(itemAt(knowledge.cities, round)));
  if (kind === "list")
    return read(client, listQuestion(client.options.run, itemAt(knowledge.cities, round), knowledge));
  if (kind === "register") return read(client, valueQuestion(itemAt(knowledge.registers, number + slot)));
  const known = kind === "newest" ? knowledge.newest : knowledge.recent(number + slot);
  if (known) await read(client, valueQuestion(known.id));
}

type Seen = Pick<Read, "value" | "seen" | "odd">;

interface Question extends Pick<Read, "kind" | "key" | "from"> {
  readonly path: string;
  /** Undefined where the body is not what was asked for. */
  readonly see: (body: Buffer) => Seen | undefined;
}

async function read(client: Client, { path, see, ...question }: Question): Promise<void> {
  const { journal } = client;
  const { exchange, entry } = await timedRead(client, question, path);
  const status = exchange.answered ? exchange.status : undefined;
  // That a value is not there is an answer, too: whether it may be so is for the checker to judge.
  if (status === 404 && question.kind === "value") return journal.write({ ...entry, outcome: "ok", value: null });
  const seen = exchange.answered && status === 200 ? see(exchange.body) : undefined;
  if (seen) return journal.write({ ...entry, outcome: "ok", ...seen });
  const wrong = status === 200 ? { error: "not the body that was asked for" } : {};
  journal.write({ ...entry, outcome: "failed", ...wrong });
}

function valueQuestion(id: number): Question {
  const see = (body: Buffer): Seen | undefined => {
    const value = bodyAs(ValueBody, body);
    return value?.id === id ? { value: String(value.summary) } : undefined;
  };
  return { kind: "value", key: `value/${id}`, path: `/Forecast/${id}`, see };
}

function cityQuestion(id: number): Question {
  const see = (body: Buffer): Seen | undefined => (bodyAs(CityBody, body)?.id === id ? {} : undefined);
  return { kind: "city", key: `city/${id}`, path: `/Cities/${id}`, see };
}

/** The query's parameters narrow the answer; of a service that does not know them, the rest is left aside here. */
function listQuestion(run: string, cityId: number, knowledge: Knowledge): Question {
  const from = knowledge.listFrom(cityId);
  const see = (body: Buffer): Seen | undefined => {
    const city = bodyAs(WeatherBody, body)?.find(({ id }) => id === cityId);
    return city && seenIn(run, cityId, from, city.forecast);
  };
  return { kind: "list", key: `city/${cityId}`, from, path: `/WeatherForecast?cityId=${cityId}&from=${from}`, see };
}

function seenIn(run: string, cityId: number, from: number, forecast: readonly unknown[]): Seen | undefined {
  const values = new Map<string, { client: number; number: number }>();
  const odd: string[] = [];
  for (const item of forecast) {
    if (!isListedValue(item)) return undefined;
    const { summary, dateTime } = item;
    if (dateTime < from || !summary?.startsWith(`${run}:`)) continue;
    const value = parseValue(run, summary);
    if (!value || item.cityId !== cityId || values.has(summary)) odd.push(summary);
    else values.set(summary, value);
  }
  return { seen: writeSeen(values.values()), ...(odd.length > 0 ? { odd } : {}) };
}
