import { setTimeout as delay } from "node:timers/promises";
import { CommandError } from "@goldenring/run-kit";
import { monotonicMs } from "../clock.ts";
import type { Entry } from "../history/entries.ts";
import { Journal } from "../history/lines.ts";
import type { Service } from "../service/service.ts";
import { Access, type ServiceConnection } from "./access.ts";
import type { ProbePlan } from "./plan.ts";

/** What was under way when a signal came has this long to end; afterwards it counts as abandoned. */
const GRACE_MS = 1_000;

export interface Client {
  readonly number: number;
  readonly options: ProbePlan;
  readonly service: Service;
  readonly journal: Pick<Journal<Entry>, "write">;
  readonly reads: ServiceConnection;
  readonly writes: ServiceConnection;
  /** A number that no other request of the run has. */
  nextOperation(): number;
  /** A number that no other write of this client has. */
  nextValue(): number;
}

/** The requests of one slot of the schedule. */
export interface Requests {
  readonly read: (client: Client, slot: number) => Promise<void>;
  /** Undefined: nothing is written. */
  readonly write: ((client: Client, slot: number) => Promise<void>) | undefined;
}

/**
 * Runs the clients until their time is over and waits for what is under way, or until the signal comes (its reason is its name) and one second more.
 * First it calls `prepare` with one client.
 */
export async function runClients(
  options: ProbePlan,
  interrupted: AbortSignal,
  prepare: (client: Client) => Promise<Requests>,
): Promise<void> {
  const { out, run, target, maxSeconds, clients: count, intervalMs, readDeadlineMs, writeDeadlineMs } = options;
  const access = new Access(options.service, target);
  const { service, hide } = access;
  const journal = new Journal<Entry>(out, hide.in);
  const deadlines = { readDeadlineMs, writeDeadlineMs };
  let isClosed = false;
  let operations = 0;
  // Nothing is written after the end, whatever still arrives: what is given up there counts as abandoned.
  const writer: Client["journal"] = { write: (entry) => void (isClosed || journal.write(entry)) };
  const nextOperation = (): number => operations++;
  const clients = Array.from({ length: count }, (_, number): Client => {
    let values = 0;
    const connections = { reads: access.connection(), writes: access.connection() };
    return { number, options, service, journal: writer, ...connections, nextOperation, nextValue: () => values++ };
  });
  try {
    const header = { e: "history", version: 1, run, target: target.href, clients: count, intervalMs } as const;
    journal.write({ ...header, ...deadlines, at: monotonicMs(), wallClock: new Date().toISOString() });
    await access.logIn();
    const [first] = clients;
    if (!first) throw new Error("a probe needs a client");
    const requests = await prepare(first).catch((error: unknown) => {
      throw error instanceof CommandError ? new CommandError(hide.in(error.message), error.exitCode) : error;
    });
    const begin = monotonicMs();
    const over = untilEither(interrupted, maxSeconds);
    const lanes = clients.flatMap((client) => lanesOf(client, requests, begin));
    await Promise.race([Promise.all(lanes.map((lane) => follow(lane, over))), graceAfter(interrupted)]);
    isClosed = true;
    journal.write({ e: "close", at: monotonicMs(), reason: interrupted.aborted ? String(interrupted.reason) : "time" });
  } finally {
    isClosed = true;
    for (const { reads, writes } of clients) for (const connection of [reads, writes]) connection.close();
    journal.close();
  }
}

/** Every client has its own place in the interval, and its writes are half a place after its reads. */
function lanesOf(client: Client, { read, write }: Requests, begin: number) {
  const { number, journal } = client;
  const { intervalMs, clients } = client.options;
  const lane = (kind: "read" | "write", place: number, request: Requests["read"]) => ({
    from: begin + (place * intervalMs) / clients,
    intervalMs,
    act: (slot: number) => request(client, slot),
    onSkipped: (slots: number) => journal.write({ e: "skipped", client: number, lane: kind, slots, at: monotonicMs() }),
  });
  return [lane("read", number, read), ...(write ? [lane("write", number + 0.5, write)] : [])];
}

function graceAfter(interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wait = (): void => void setTimeout(resolve, GRACE_MS).unref();
    if (interrupted.aborted) wait();
    else interrupted.addEventListener("abort", wait, { once: true });
  });
}

/** The items in order, again and again. @throws when there is none */
export function itemAt<Item>(items: readonly Item[], number: number): Item {
  const item = items[number % items.length];
  if (item === undefined) throw new Error("there is no item to take");
  return item;
}

export interface Lane {
  /** The first slot, ms of the shared clock. */
  readonly from: number;
  readonly intervalMs: number;
  /** Sends the request of a slot; the next one starts when it is over. */
  readonly act: (slot: number) => Promise<void>;
  /** Slots that passed while a request was under way: they are skipped, and the schedule stays as it is. */
  readonly onSkipped: (slots: number) => void;
}

/** Acts in every slot until the signal comes; resolves when the last act is over. */
export async function follow({ from, intervalMs, act, onSkipped }: Lane, stop: AbortSignal): Promise<void> {
  for (let slot = 0; await wakesAt(from + slot * intervalMs, stop); ) {
    await act(slot);
    const next = Math.max(slot + 1, Math.ceil((monotonicMs() - from) / intervalMs));
    if (next > slot + 1) onSkipped(next - slot - 1);
    slot = next;
  }
}

/** Aborts at the signal, or when the time is over. @param maxSeconds Infinity: only at the signal */
export function untilEither(signal: AbortSignal, maxSeconds: number): AbortSignal {
  return Number.isFinite(maxSeconds) ? AbortSignal.any([signal, AbortSignal.timeout(1_000 * maxSeconds)]) : signal;
}

/** False when the signal comes first. */
function wakesAt(moment: number, signal: AbortSignal): Promise<boolean> {
  return delay(Math.max(0, moment - monotonicMs()), true, { signal }).catch(() => false);
}
