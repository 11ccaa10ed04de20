import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../clock.ts";
import type { Entry } from "../history/entries.ts";
import { readHistory, type Write } from "../history/history.ts";
import { Journal } from "../history/lines.ts";
import { readSeen } from "../history/values.ts";
import type { ServiceRead, ServiceWrite } from "../service/service.ts";
import { fill, type Variables } from "../service/template.ts";
import { Access } from "./access.ts";
import { type Client, itemAt, untilEither } from "./clients.ts";
import type { CleanUpPlan, ReadBackPlan } from "./plan.ts";
import { listKey, pick, readItem, readList, valueVariables } from "./service-probe.ts";

const CONNECTIONS = 4;
const TRY_AGAIN_MS = 1_000;

/**
 * Reads everything that a history has written and that was acknowledged, by lists and one by one, when nobody writes any more. What is not there is read again
 * until the service has had its time to settle: a standby may be behind, and the history has the reads that were stale.
 */
export async function readBack(plan: ReadBackPlan, interrupted: AbortSignal): Promise<void> {
  const history = await readHistory(plan.history);
  const { run } = history.header;
  const access = new Access(plan.service, plan.target);
  const { service } = access;
  const journal = new Journal<Entry>(plan.out, access.hide.in);
  const over = untilEither(interrupted, plan.maxSeconds);
  const from = monotonicMs();
  const options = { ...plan, kind: "service", run, clients: CONNECTIONS, intervalMs: 0 } as const;
  const { target, readDeadlineMs, writeDeadlineMs } = options;
  const deadlines = { readDeadlineMs, writeDeadlineMs, intervalMs: 0, clients: CONNECTIONS };
  const at = { at: from, wallClock: new Date().toISOString() };
  journal.write({ e: "history", version: 1, run, target: target.href, ...deadlines, ...at });
  await access.logIn();
  let operations = 0;
  /** Only the last reading of each thing is evidence, so nothing is recorded before. */
  const kept = new Map<string, Entry>();
  const clients = Array.from({ length: CONNECTIONS }, (_, number): Client => {
    const record = {
      write: (entry: Entry): void => void (entry.e === "read" && kept.set(entry.path ?? entry.key, entry)),
    };
    const connections = { reads: access.connection(), writes: access.connection() };
    const numbers = { nextOperation: () => operations++, nextValue: () => 0 };
    return { number, options, service, journal: record, ...connections, ...numbers };
  });
  const settledAt = from + service.settleSeconds * 1_000;
  const isSettled = (): boolean => over.aborted || monotonicMs() >= settledAt;
  const written = history.writes.filter(({ kind, outcome }) => kind === "add" && outcome === "ok");
  await each(listsOf(service.reads, history.start.variables), clients, over, async ({ list, variables }, client) => {
    const key = listKey(list, variables);
    const listed = Date.parse(history.header.wallClock) - 60_000;
    const expected = written.filter((write) => write.key === key).map(({ value }) => value);
    const changed = new Set(history.writes.filter(({ kind }) => kind === "put").map((put) => put.key));
    const isChanged = new Set(
      written.filter(({ item, id }) => changed.has(item ?? `value/${id}`)).map(({ value }) => value),
    );
    for (;;) {
      const read = await readList(client, list, key, { ...variables, from: listed }, true);
      const seen = read.outcome === "ok" && "seen" in read ? readSeen(run, read.seen ?? "") : new Set();
      const isAllThere = expected.every((value) => seen.has(value) || isChanged.has(value));
      const isOdd = "odd" in read && read.odd !== undefined;
      if ((isAllThere && !isOdd) || isSettled()) return;
      await delay(TRY_AGAIN_MS);
    }
  });
  const items = written.flatMap((write) => {
    const template = service.writes[write.write ?? 0];
    const canBeRead = template?.item && (write.id !== undefined || !template.item.path.includes("{id}"));
    return canBeRead ? [{ template, variables: variablesOf(write) }] : [];
  });
  let left = items;
  while (left.length > 0) {
    const missing: typeof left = [];
    await each(left, clients, over, async (item, client) => {
      const read = await readItem(client, item.template, item.variables);
      if (read.outcome === "failed" || (read.value ?? null) === null) missing.push(item);
    });
    left = missing;
    if (isSettled()) break;
    if (left.length > 0) await delay(TRY_AGAIN_MS);
  }
  for (const entry of kept.values()) journal.write(entry);
  journal.write({ e: "close", at: monotonicMs(), reason: over.aborted ? "interrupted" : "all was read" });
  journal.close();
  for (const { reads, writes } of clients) for (const connection of [reads, writes]) connection.close();
}

/** Each list once for each value of the variables in its path. */
function listsOf(reads: readonly ServiceRead[], found: Parameters<typeof pick>[0]) {
  return reads
    .filter(({ lists }) => lists !== false)
    .flatMap((list) => {
      const used = Object.entries(found).filter(([name]) => list.path.includes(`{${name}}`));
      const count = Math.max(1, ...used.map(([, values]) => values.length));
      return Array.from({ length: count }, (_, number) => ({ list, variables: pick(found, number) }));
    });
}

/** Those of the request that wrote it. */
function variablesOf({ value, dateTime, temperature, id, with: at }: Write): Variables {
  return { ...at, ...valueVariables(value, dateTime, temperature), ...(id !== undefined && { id }) };
}

/** Works through the items, one at a time on each connection, until none is left or the signal comes. */
async function each<Item>(
  items: readonly Item[],
  clients: readonly Client[],
  over: AbortSignal,
  work: (item: Item, client: Client) => Promise<void>,
): Promise<void> {
  const rest = [...items];
  const workThrough = async (client: Client): Promise<void> => {
    for (let item = rest.shift(); item !== undefined && !over.aborted; item = rest.shift()) await work(item, client);
  };
  await Promise.all(clients.map(workThrough));
}

/** Deletes what a history has written, and at last what its `start` has made. Prints how much is left. */
export async function cleanUp(plan: CleanUpPlan, interrupted: AbortSignal, log: (line: string) => void): Promise<void> {
  const history = await readHistory(plan.history);
  const access = new Access(plan.service, plan.target);
  const over = untilEither(interrupted, plan.maxSeconds);
  await access.logIn();
  const paths = history.writes.flatMap((write) => {
    const template: ServiceWrite | undefined = access.service.writes[write.write ?? 0];
    const isKnown = write.kind === "add" && write.outcome !== "failed" && write.id !== undefined;
    const path = isKnown ? template?.remove : undefined;
    return path === undefined ? [] : fill(path, variablesOf(write), encodeURIComponent);
  });
  const connections = Array.from({ length: CONNECTIONS }, () => access.connection());
  let left = 0;
  const remove = async (path: string, number: number): Promise<void> => {
    const exchange = await itemAt(connections, number).send("DELETE", { path }, {}, plan.writeDeadlineMs);
    if (!exchange.answered || (exchange.status >= 400 && exchange.status !== 404 && exchange.status !== 410)) left += 1;
  };
  const inTurn = connections.map(async (_, number) => {
    for (let index = number; index < paths.length && !over.aborted; index += CONNECTIONS)
      await remove(paths[index] ?? "", number);
  });
  await Promise.all(inTurn);
  for (const path of history.start.remove.toReversed()) await remove(path, 0);
  for (const connection of connections) connection.close();
  log(
    left === 0
      ? "everything is deleted"
      : `${left} of ${paths.length + history.start.remove.length} could not be deleted`,
  );
}
