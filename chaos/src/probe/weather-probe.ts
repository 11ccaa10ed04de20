import { CommandError } from "@goldenring/run-kit";
import * as z from "zod";
import { HttpConnection } from "../http/connection.ts";
import { bodyAs, CityBody } from "./answers.ts";
import { itemAt, type ProbeOptions, runClients } from "./clients.ts";
import { Knowledge } from "./knowledge.ts";
import { readOnce } from "./reader.ts";
import { add, REGISTER_DATE_TIME, writeOnce } from "./writer.ts";

export interface WeatherOptions extends ProbeOptions {
  /** How many of the service's cities are written to. */
  readonly cities: number;
  /** How many values are changed by PUT. */
  readonly registers: number;
}

/**
 * Reads from and writes to a service that keeps the Weather API's contract; see `runClients`.
 *
 * @throws {CommandError} where the service cannot be read or written at the start
 */
export async function probeWeather(
  options: WeatherOptions,
  interrupted: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
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

async function firstCities({ target, readDeadlineMs, cities }: WeatherOptions): Promise<readonly number[]> {
  const connection = new HttpConnection(target);
  const exchange = await connection.request({ method: "GET", path: "/Cities", deadlineMs: readDeadlineMs });
  connection.close();
  if (!exchange.answered) throw new CommandError(`${target.href} does not answer: ${exchange.error}`);
  const found = exchange.status === 200 ? bodyAs(z.array(CityBody), exchange.body) : undefined;
  if (!found) throw new CommandError(`${target.href}: GET /Cities answers ${exchange.status} and no list of cities`);
  if (found.length === 0) throw new CommandError(`${target.href} has no city to write to: add one first`);
  return found.slice(0, cities).map(({ id }) => id);
}
