import { monotonicMs } from "../clock.ts";
import type { Begin, End } from "../history/entries.ts";
import { Journal } from "../history/journal.ts";
import { valueName } from "../history/values.ts";
import { type Exchange, HttpConnection } from "../http/connection.ts";
import { marks } from "./answers.ts";
import type { PathPlan } from "./path-plan.ts";
import { follow } from "./schedule.ts";

/** What was under way when a signal came has this long to end, ms; afterwards it counts as abandoned. */
const GRACE_MS = 1_000;

interface Client {
  readonly number: number;
  readonly plan: PathPlan;
  readonly journal: Pick<Journal, "write">;
  readonly nextOperation: () => number;
  readonly reads: HttpConnection;
  readonly writes: HttpConnection;
}

/** Runs the clients until the signal comes or the time is over. */
export async function probePaths(plan: PathPlan, interrupted: AbortSignal): Promise<void> {
  const journal = new Journal(plan.out);
  const begin = monotonicMs();
  journal.write({
    e: "history",
    version: 1,
    run: plan.run,
    target: plan.target,
    at: begin,
    wallClock: new Date().toISOString(),
    clients: plan.clients,
    intervalMs: plan.intervalMs,
    readDeadlineMs: plan.deadlineMs,
    writeDeadlineMs: plan.deadlineMs,
  });
  let closed = false;
  // What is given up at the end is abandoned: nothing is written about its end.
  const clients = clientsOf(plan, { write: (entry) => void (closed || journal.write(entry)) });
  const over = AbortSignal.any([interrupted, AbortSignal.timeout(plan.atMostSeconds * 1_000)]);
  const done = Promise.all(clients.flatMap((client) => lanesOf(client, begin).map((lane) => follow(lane, over))));
  await Promise.race([done, patience(over)]);
  closed = true;
  for (const { reads, writes } of clients) {
    reads.close();
    writes.close();
  }
  await done;
  journal.write({ e: "close", at: monotonicMs(), reason: interrupted.aborted ? String(interrupted.reason) : "time" });
  journal.close();
}

function patience(over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wait = (): void => void setTimeout(resolve, GRACE_MS).unref();
    if (over.aborted) wait();
    else over.addEventListener("abort", wait, { once: true });
  });
}

function clientsOf(plan: PathPlan, journal: Client["journal"]): readonly Client[] {
  let operations = 0;
  const target = new URL(plan.target);
  return Array.from({ length: plan.clients }, (_, number) => ({
    number,
    plan,
    journal,
    nextOperation: () => operations++,
    reads: new HttpConnection(target),
    writes: new HttpConnection(target),
  }));
}

/** Every client has its own place in the interval, and its writes stand half a place after its reads. */
function lanesOf(client: Client, begin: number) {
  const { number, plan, journal } = client;
  const { intervalMs, clients } = plan;
  const lane = (kind: "read" | "write", place: number, act: (slot: number) => Promise<void>) => ({
    from: begin + (place * intervalMs) / clients,
    intervalMs,
    act,
    onSkipped: (slots: number) => journal.write({ e: "skipped", client: number, lane: kind, slots, at: monotonicMs() }),
  });
  return [
    lane("read", number, (slot) => readOnce(client, slot)),
    ...(plan.writes.length > 0 ? [lane("write", number + 0.5, (slot) => writeOnce(client, slot))] : []),
  ];
}

async function readOnce({ plan, journal, number, nextOperation, reads }: Client, slot: number): Promise<void> {
  const wanted = plan.reads[(slot + number) % plan.reads.length];
  if (!wanted) return;
  const op = nextOperation();
  const start = monotonicMs();
  const exchange = await reads.request({ method: "GET", path: pathOf(plan, wanted.path), deadlineMs: plan.deadlineMs });
  const isOk = exchange.answered && wanted.status.includes(exchange.status);
  journal.write({
    e: "read",
    op,
    client: number,
    kind: "path",
    key: wanted.path,
    start,
    end: monotonicMs(),
    ...marks(exchange),
    outcome: isOk ? "ok" : "failed",
  });
}

async function writeOnce({ plan, journal, number, nextOperation, writes }: Client, slot: number): Promise<void> {
  const wanted = plan.writes[(slot + number) % plan.writes.length];
  if (!wanted) return;
  const op = nextOperation();
  const value = valueName(plan.run, number, slot);
  const begin: Begin = {
    e: "begin",
    op,
    client: number,
    kind: "add",
    key: wanted.path,
    value,
    dateTime: Date.now(),
    temperature: 0,
    at: monotonicMs(),
  };
  journal.write(begin);
  const exchange = await writes.request({
    method: wanted.method,
    path: pathOf(plan, wanted.path.replaceAll("{value}", encodeURIComponent(value))),
    body: wanted.body.replaceAll("{value}", value),
    deadlineMs: plan.deadlineMs,
  });
  journal.write({ e: "end", op, at: monotonicMs(), outcome: outcomeOf(exchange, wanted.status), ...marks(exchange) });
}

/** Only what certainly did nothing has failed: what was never sent, or what the service refused. 408 is a proxy that lost patience. */
function outcomeOf(exchange: Exchange, wanted: readonly number[]): End["outcome"] {
  if (!exchange.answered) return exchange.sent ? "unknown" : "failed";
  if (wanted.includes(exchange.status)) return "ok";
  return exchange.status >= 400 && exchange.status < 500 && exchange.status !== 408 ? "failed" : "unknown";
}

function pathOf({ target }: PathPlan, path: string): string {
  return `${new URL(target).pathname.replace(/\/$/, "")}${path}`;
}
