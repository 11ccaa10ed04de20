import { z } from "zod";
import { monotonicMs } from "../clock.ts";
import { Journal } from "../history/journal.ts";
import { HttpConnection } from "../http/connection.ts";
import { bodyAs, CityBody } from "./answers.ts";
import type { Client } from "./client.ts";
import { Knowledge } from "./knowledge.ts";
import type { ProbeOptions } from "./options.ts";
import { readOnce } from "./reader.ts";
import { follow } from "./schedule.ts";
import { add, REGISTER_DATE_TIME, writeOnce } from "./writer.ts";

/** What was under way when a signal came has this long to end, ms; afterwards it counts as abandoned. */
const GRACE_MS = 1_000;

/**
 * Runs the clients until their time is over, and then waits for what is under way; or until the signal comes (its reason: the
 * signal's name), and then waits one second. Throws where the service cannot be read or written at the start.
 */
export async function probe(
  options: ProbeOptions,
  interrupted: AbortSignal,
  progress: (line: string) => void,
): Promise<void> {
  const cities = await firstCities(options);
  const journal = new Journal(options.out);
  try {
    journal.write({
      e: "history",
      version: 1,
      run: options.run,
      target: options.target.href,
      at: monotonicMs(),
      wallClock: new Date().toISOString(),
      clients: options.clients,
      intervalMs: options.intervalMs,
      readDeadlineMs: options.readDeadlineMs,
      writeDeadlineMs: options.writeDeadlineMs,
    });
    const { clients, close } = await startClients(options, journal, cities);
    progress(`run ${options.run}: ${options.clients} clients read and write every ${options.intervalMs} ms`);
    await runClients(clients, options, interrupted);
    journal.write({ e: "close", at: monotonicMs(), reason: interrupted.aborted ? String(interrupted.reason) : "time" });
    close();
  } finally {
    journal.close();
  }
}

interface RunningClient extends Client {
  readonly reads: HttpConnection;
  readonly writes: HttpConnection;
}

async function startClients(options: ProbeOptions, journal: Journal, cities: readonly number[]) {
  let operations = 0;
  let closed = false;
  const numbered = Array.from({ length: options.clients }, (_, number) => {
    let values = 0;
    return {
      number,
      options,
      // Nothing is written after the end, whatever still comes in.
      journal: { write: (entry: Parameters<Journal["write"]>[0]) => void (closed || journal.write(entry)) },
      nextOperation: () => operations++,
      nextValue: () => values++,
      reads: new HttpConnection(options.target),
      writes: new HttpConnection(options.target),
    };
  });
  const [first] = numbered;
  if (!first) throw new Error("there must be at least one client");
  const registers: number[] = [];
  for (let index = 0; index < options.registers; index += 1) {
    const id = await add(first, first.writes, at(cities, index), REGISTER_DATE_TIME);
    if (id === undefined)
      throw new Error(`${options.target.href} does not take a value: see the end of ${options.out}`);
    registers.push(id);
  }
  const knowledge = new Knowledge(cities, registers);
  const clients: RunningClient[] = numbered.map((client) => ({ ...client, knowledge }));
  const close = (): void => {
    closed = true;
    for (const { reads, writes } of clients) {
      reads.close();
      writes.close();
    }
  };
  return { clients, close };
}

async function runClients(
  clients: readonly RunningClient[],
  options: ProbeOptions,
  interrupted: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const interrupt = (): void => over.abort();
  interrupted.addEventListener("abort", interrupt, { once: true });
  if (interrupted.aborted) interrupt();
  const timer = Number.isFinite(options.durationMs) ? setTimeout(() => over.abort(), options.durationMs) : undefined;
  const begin = monotonicMs();
  const done = Promise.all(
    clients.flatMap((client) => lanesOf(client, begin).map((lane) => follow(lane, over.signal))),
  );
  const impatient = Promise.withResolvers<void>();
  let patience: NodeJS.Timeout | undefined;
  const lostPatience = (): void => {
    patience = setTimeout(impatient.resolve, GRACE_MS);
  };
  if (interrupted.aborted) lostPatience();
  else interrupted.addEventListener("abort", lostPatience, { once: true });
  await Promise.race([done, impatient.promise]);
  clearTimeout(timer);
  clearTimeout(patience);
}

/** Every client has its own place in the interval, and its writes stand half a place after its reads. */
function lanesOf(client: RunningClient, begin: number) {
  const { number, options, journal } = client;
  const place = options.intervalMs / options.clients;
  const lane = (kind: "read" | "write", from: number, act: (slot: number) => Promise<void>) => ({
    from,
    intervalMs: options.intervalMs,
    act,
    onSkipped: (slots: number) => journal.write({ e: "skipped", client: number, lane: kind, slots, at: monotonicMs() }),
  });
  return [
    lane("read", begin + number * place, (slot) => readOnce(client, client.reads, slot)),
    lane("write", begin + (number + 0.5) * place, (slot) => writeOnce(client, client.writes, slot)),
  ];
}

async function firstCities({ target, readDeadlineMs, cities }: ProbeOptions): Promise<readonly number[]> {
  const connection = new HttpConnection(target);
  const exchange = await connection.request({ method: "GET", path: "/Cities", deadlineMs: readDeadlineMs });
  connection.close();
  if (!exchange.answered) throw new Error(`${target.href} does not answer: ${exchange.error}`);
  const found = exchange.status === 200 ? bodyAs(z.array(CityBody), exchange.body) : undefined;
  if (!found) throw new Error(`${target.href}: GET /Cities answers ${exchange.status} and no list of cities`);
  if (found.length === 0) throw new Error(`${target.href} has no city to write to: add one first`);
  return found.slice(0, cities).map(({ id }) => id);
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error("there must be at least one city");
  return item;
}
