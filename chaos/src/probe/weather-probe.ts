import { CommandError } from "@goldenring/run-kit";
import * as z from "zod";
import type { Begin } from "../history/entries.ts";
import { valueName } from "../history/values.ts";
import { HttpConnection } from "../http/connection.ts";
import { bodyAs, CityBody, recordedWrite, ValueBody } from "./answers.ts";
import { type Client, itemAt, runClients } from "./clients.ts";
import type { WeatherPlan } from "./plan.ts";
import { Knowledge, readOnce } from "./reader.ts";

/**
 * See `runClients`.
 *
 * @throws {CommandError} where the service cannot be read or written at the start
 */
export async function probeWeather(options: WeatherPlan, interrupted: AbortSignal, log: (line: string) => void) {
  const cities = await firstCities(options);
  await runClients(options, interrupted, async (client) => {
    const registers: number[] = [];
    for (let index = 0; index < options.registers; index += 1) {
      const id = await add(client, itemAt(cities, index), REGISTER_DATE_TIME);
      if (id === undefined)
        throw new CommandError(`${options.target.href} does not take a value: see the end of ${options.out}`);
      registers.push(id);
    }
    const knowledge = new Knowledge(cities, registers);
    log(`run ${options.run}: ${options.clients} clients read and write every ${options.intervalMs} ms`);
    return {
      read: (each, slot) => readOnce(each, knowledge, slot),
      write: (each, slot) => writeOnce(each, knowledge, slot),
    };
  });
}

async function firstCities({ target, readDeadlineMs, cities }: WeatherPlan): Promise<readonly number[]> {
  const connection = new HttpConnection(target);
  const exchange = await connection.request({ method: "GET", path: "/Cities", deadlineMs: readDeadlineMs });
  connection.close();
  if (!exchange.answered) throw new CommandError(`${target.href} does not answer: ${exchange.error}`);
  const found = exchange.status === 200 ? bodyAs(z.array(CityBody), exchange.body) : undefined;
  if (!found) throw new CommandError(`${target.href}: GET /Cities answers ${exchange.status} and no list of cities`);
  if (found.length === 0) throw new CommandError(`${target.href} has no city to write to: add one first`);
  return found.slice(0, cities).map(({ id }) => id);
}

/** Every so-many-th write of a client changes a value, the others add one. */
const PUT_EVERY = 5;

/** `dateTime` of what PUT changes: long ago, so that it is in no list, for lists are judged as values that never change. */
const REGISTER_DATE_TIME = 1;

async function writeOnce(client: Client, knowledge: Knowledge, slot: number): Promise<void> {
  const { number } = client;
  if (slot % PUT_EVERY === PUT_EVERY - 1) {
    const id = itemAt(knowledge.registers, number + Math.floor(slot / PUT_EVERY));
    const path = `/Forecast/${id}`;
    await write(client, { kind: "put", key: `value/${id}`, dateTime: REGISTER_DATE_TIME, path, id });
    return;
  }
  const cityId = itemAt(knowledge.cities, number + slot);
  const dateTime = Date.now();
  const id = await add(client, cityId, dateTime);
  if (id !== undefined) knowledge.added(cityId, { id, dateTime });
}

/** @returns the new row's id; undefined where it was not acknowledged */
function add(client: Client, cityId: number, dateTime: number): Promise<number | undefined> {
  return write(client, { kind: "add", key: `city/${cityId}`, dateTime, path: `/Forecast/${cityId}`, cityId });
}

interface Intent extends Pick<Begin, "kind" | "key" | "dateTime"> {
  readonly path: string;
  /** What the answer must name. */
  readonly id?: number;
  readonly cityId?: number;
}

async function write(client: Client, { path, id, cityId, ...intent }: Intent): Promise<number | undefined> {
  const { journal } = client;
  const counter = client.nextValue();
  const value = valueName(client.options.run, client.number, counter);
  const temperature = (counter % 60) - 20;
  const sent = { dateTime: intent.dateTime, temperature, summary: value };
  const request = { method: intent.kind === "add" ? "POST" : "PUT", path, body: JSON.stringify(sent) } as const;
  const { exchange, end } = await recordedWrite(client, { ...intent, value, temperature }, request, [200]);
  if (!exchange.answered || end.outcome !== "ok") {
    journal.write(end);
    return undefined;
  }
  const answered = bodyAs(ValueBody, exchange.body);
  const expected = { ...sent, ...(id === undefined ? {} : { id }), ...(cityId === undefined ? {} : { cityId }) };
  const wrong = answered ? differences(expected, answered) : `no such body: ${exchange.body.toString().slice(0, 200)}`;
  journal.write({ ...end, ...(answered ? { id: answered.id } : {}), ...(wrong ? { wrong } : {}) });
  return answered?.id;
}

function differences(expected: Readonly<Record<string, unknown>>, answered: Readonly<Record<string, unknown>>): string {
  return Object.entries(expected)
    .filter(([name, value]) => answered[name] !== value)
    .map(([name, value]) => `${name} ${JSON.stringify(answered[name])} instead of ${JSON.stringify(value)}`)
    .join(", ");
}
