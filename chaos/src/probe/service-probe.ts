import { CommandError } from "@goldenring/run-kit";
import { monotonicMs } from "../clock.ts";
import type { Begin, Read, Start } from "../history/entries.ts";
import { parseValue, valueName, writeSeen } from "../history/values.ts";
import type { Service, ServiceRead, ServiceRequest, ServiceWrite } from "../service/service.ts";
import { differences, fill, fillRequest, type Variables } from "../service/template.ts";
import { answerOf, lengthOf, recordedWrite, timedRead, valuesIn } from "./answers.ts";
import { type Client, itemAt, runClients } from "./clients.ts";
import type { ProbePlan } from "./plan.ts";

/** See `runClients`. @throws {CommandError} where the service cannot be read or written at the start */
export async function probeService(plan: ProbePlan, interrupted: AbortSignal, log: (line: string) => void) {
  await runClients(plan, interrupted, async (client) => {
    const knowledge = new Knowledge(await startRequests(client));
    const { writes } = client.service;
    for (const write of writes)
      for (let index = 0; index < (write.change?.count ?? 0); index += 1) {
        const made = await add(client, write, knowledge.variables(index));
        if (made === undefined)
          throw new CommandError(`${plan.target.href} does not take a value: see the end of ${plan.out}`);
        knowledge.registers.push(made);
      }
    log(`run ${plan.run}: ${plan.clients} clients read and write every ${plan.intervalMs} ms`);
    const readInSlot = readerOf(client.service, knowledge);
    return {
      read: readInSlot,
      write: writes.length === 0 ? undefined : (each, slot) => writeOnce(each, knowledge, slot),
    };
  });
}

type Found = Start["variables"];

async function startRequests(client: Client): Promise<Found> {
  const { service, options, journal } = client;
  const { target, writeDeadlineMs } = options;
  const variables: Found = {};
  const remove: string[] = [];
  for (const step of service.start) {
    const known = { ...pick(variables, 0), ...freshValue(client) };
    const exchange = await client.writes.send(step.method, step, known, writeDeadlineMs);
    if (!exchange.answered) throw new CommandError(`${target.href} does not answer: ${exchange.error}`);
    const answer = answerOf(exchange);
    const what = `${target.href}: ${step.method} ${step.path}`;
    if (!step.status.includes(exchange.status))
      throw new CommandError(`${what} answers ${exchange.status}: ${answer.text.slice(0, 200)}`);
    for (const [name, place] of Object.entries(step.take)) {
      const values = answer.at(place).filter((each) => typeof each === "string" || typeof each === "number");
      if (values.length === 0) throw new CommandError(`${what} shows nothing at ${place}, which is to be {${name}}`);
      variables[name] = values.slice(0, step.first);
    }
    if (step.remove !== undefined)
      remove.push(fill(step.remove, { ...known, ...pick(variables, 0) }, encodeURIComponent));
  }
  if (service.start.length > 0) journal.write({ e: "start", at: monotonicMs(), variables, remove });
  return variables;
}

/** Of each variable one value, another one for each number. */
export function pick(variables: Found, number: number): Variables {
  return Object.fromEntries(Object.entries(variables).map(([name, values]) => [name, itemAt(values, number)]));
}

/** What every write has: `{value}`, which is used once in all the world, `{now}`, `{time}` and `{number}`. */
export function valueVariables(value: string, now: number, number: number) {
  return { value, now, time: new Date(now).toISOString(), number };
}

function freshValue(client: Client) {
  const counter = client.nextValue();
  return valueVariables(valueName(client.options.run, client.number, counter), Date.now(), counter % 60);
}

/** Something that the service has acknowledged. */
interface Known {
  readonly write: ServiceWrite;
  readonly dateTime: number;
  /** Those of its requests, `{id}` among them. */
  readonly variables: Variables;
}

/** A list is asked for from the oldest of so many acknowledged values of its key on: some tens of kilobytes at most. */
const LISTED = 100;

/** What the clients of a run know together: what `start` found, and what must be there to read. */
class Knowledge {
  readonly #recent = new Map<string, Known[]>();
  /** Items that are changed again and again. */
  readonly registers: Known[] = [];
  /** Acknowledged last, by whichever client: a read that misses it is the first sign of a stale one. */
  newest: Known | undefined;

  constructor(readonly found: Found) {}

  variables(number: number): Variables {
    return pick(this.found, number);
  }

  added(key: string, known: Known): void {
    const ofKey = this.#recent.get(key) ?? [];
    ofKey.push(known);
    if (ofKey.length > LISTED) ofKey.shift();
    this.#recent.set(key, ofKey);
    if (known.write.item) this.newest = known;
  }

  recent(number: number): Known | undefined {
    const lists = [...this.#recent.values()];
    if (lists.length === 0) return undefined;
    const known = itemAt(itemAt(lists, number), Math.floor(number / lists.length));
    return known.write.item && known;
  }

  /** `{from}`: the time from which on a list is asked for. */
  listFrom(key: string): number {
    return this.#recent.get(key)?.[0]?.dateTime ?? Date.now();
  }
}

async function writeOnce(client: Client, knowledge: Knowledge, slot: number): Promise<void> {
  const { number, service } = client;
  const write = itemAt(service.writes, number + slot);
  const every = write.change?.every ?? Number.POSITIVE_INFINITY;
  if (slot % every === every - 1) {
    const own = knowledge.registers.filter((known) => known.write === write);
    await change(client, itemAt(own, number + Math.floor(slot / every)));
    return;
  }
  const at = knowledge.variables(number + slot);
  const known = await add(client, write, at);
  if (known) knowledge.added(keyOf(write, at), known);
}

/** Of writes and lists without a name of their own: such a list shows every write. */
const ALL = "all";

/** Name of the lists that show a write. */
function keyOf({ key = ALL }: ServiceWrite, at: Variables): string {
  return fill(key, at);
}

/** What the reads of an item are called in the history. */
export function itemKey({ item }: ServiceWrite, variables: Variables): string | undefined {
  return item && fill(item.key ?? item.path, variables, item.key === undefined ? encodeURIComponent : undefined);
}

const LONGEST_SENT = 300;

function sentText(method: string, request: ServiceRequest, variables: Variables): string {
  const { path, body = "" } = fillRequest(request, variables, "");
  return `${method} ${path} ${body}`.trimEnd().slice(0, LONGEST_SENT);
}

function add(client: Client, write: ServiceWrite, at: Variables): Promise<Known | undefined> {
  return send(client, write, write, { ...at, ...freshValue(client) }, { kind: "add", key: keyOf(write, at) }, at);
}

function change(client: Client, { write, variables }: Known): Promise<Known | undefined> {
  if (write.change === undefined) throw new Error("only what has `change` is changed");
  const all = { ...variables, ...freshValue(client) };
  const key = itemKey(write, all) ?? `value/${variables.id}`;
  return send(client, write, { ...write.change, done: write.done }, all, { kind: "put", key }, {});
}

/** @returns undefined where it was not acknowledged, or its id is not known */
async function send(
  client: Client,
  write: ServiceWrite,
  request: ServiceRequest & Pick<ServiceWrite, "method" | "status" | "shows" | "done">,
  variables: Variables & ReturnType<typeof freshValue>,
  intent: Pick<Begin, "kind" | "key">,
  at: Variables,
): Promise<Known | undefined> {
  const { journal, service } = client;
  const { method, status, shows, done } = request;
  const { value, now, number } = variables;
  const index = service.writes.indexOf(write);
  const begin = {
    ...{ ...intent, value, dateTime: now, temperature: number, sent: sentText(method, request, variables) },
    ...(Object.keys(at).length > 0 && { with: at }),
    ...(index > 0 && { write: index }),
  };
  const { exchange, end } = await recordedWrite(client, begin, request, variables, status);
  if (!exchange.answered || end.outcome !== "ok") {
    journal.write(end);
    return undefined;
  }
  const answer = answerOf(exchange);
  const isNot = differences(answer.json, done, variables);
  if (isNot !== undefined) {
    journal.write({ ...end, outcome: "unknown", error: `the answer is no acknowledgement: ${isNot}` });
    return undefined;
  }
  const found = intent.kind === "add" && write.id !== undefined ? answer.at(write.id)[0] : undefined;
  const id = typeof found === "string" || typeof found === "number" ? found : undefined;
  const lacksId = intent.kind === "add" && write.id !== undefined && id === undefined;
  const differs = differences(answer.json, shows, variables);
  const wrong = lacksId ? `no ${write.id} in the answer: ${answer.text.slice(0, 200)}` : differs;
  const known = { write, dateTime: now, variables: { ...variables, ...(id !== undefined && { id }) } };
  const item = intent.kind === "add" && !lacksId ? itemKey(write, known.variables) : undefined;
  const named = item !== undefined && item !== `value/${id}` ? { item } : {};
  journal.write({ ...end, ...(id !== undefined && { id }), ...named, ...(wrong && { wrong }) });
  return lacksId ? undefined : known;
}

/** What a client reads, in this order: the newest value most often, because it shows a stale read first. */
const READS = "newest changed newest recent path newest changed newest recent list".split(" ");

/** A list that takes long is read seldom: for so long after it, measured by its own time, the client reads other things. */
const LIST_PAUSE = 9;

function readerOf({ reads, writes }: Service, knowledge: Knowledge) {
  const lists = reads.filter((read) => read.lists !== false);
  const paths = reads.filter((read) => read.lists === false);
  const hasItems = writes.some(({ item }) => item);
  const has: Readonly<Record<string, boolean>> = {
    ...{ newest: hasItems, recent: hasItems, changed: writes.some(({ item, change }) => item && change) },
    ...{ path: paths.length > 0, list: lists.length > 0 },
  };
  const order = READS.filter((kind) => has[kind]);
  /** By client: until when it reads no list. */
  const pauseUntil = new Map<number, number>();
  return async (client: Client, slot: number): Promise<void> => {
    const { number } = client;
    const kind = itemAt(order, slot + 3 * number);
    const round = number + Math.floor(slot / order.length);
    if (kind === "path") return readPath(client, itemAt(paths, round), knowledge.variables(round));
    if (kind === "list") {
      const begin = monotonicMs();
      if (begin < (pauseUntil.get(number) ?? 0)) return;
      const list = itemAt(lists, round);
      const at = knowledge.variables(round);
      const key = listKey(list, at);
      await readList(client, list, key, { ...at, from: knowledge.listFrom(key) });
      pauseUntil.set(number, monotonicMs() + LIST_PAUSE * (monotonicMs() - begin));
      return;
    }
    const changed = knowledge.registers.filter(({ write }) => write.item);
    const known = { newest: knowledge.newest, recent: knowledge.recent(number + slot) };
    const item = kind === "changed" ? itemAt(changed, number + slot) : known[kind as keyof typeof known];
    if (item) await readItem(client, item.write, item.variables);
  };
}

/** Name of the writes that a list shows. */
export function listKey({ lists }: ServiceRead, at: Variables): string {
  return typeof lists === "string" ? fill(lists, at) : ALL;
}

const NOT_ASKED_FOR = "not the body that was asked for";

async function readPath(client: Client, read: ServiceRead, variables: Variables): Promise<void> {
  const path = fill(read.path, variables, encodeURIComponent);
  const { exchange, entry } = await timedRead(client, { kind: "path", key: path }, read, variables);
  const isGood = exchange.answered && read.status.includes(exchange.status);
  const wrong = isGood ? differences(answerOf(exchange).json, read.shows, variables) : undefined;
  const error = wrong === undefined ? {} : { error: `${NOT_ASKED_FOR}: ${wrong}` };
  client.journal.write({ ...entry, outcome: isGood && wrong === undefined ? "ok" : "failed", ...error });
}

/** @returns what was recorded */
export async function readItem(client: Client, write: ServiceWrite, variables: Variables) {
  const { item } = write;
  if (item === undefined) throw new Error("only what has `item` is read back");
  const key = itemKey(write, variables) ?? "";
  const path = fill(item.path, variables, encodeURIComponent);
  const asked = { kind: "value", key, ...(path !== key && { path }) } as const;
  const { exchange, entry } = await timedRead(client, asked, item, variables);
  const record = (more: Pick<Read, "outcome" | "value" | "error" | "odd" | "wrong">) => {
    const read = { ...entry, ...more };
    client.journal.write(read);
    return read;
  };
  // That a value is not there is an answer, too: whether it may be so is for the checker to judge.
  if (exchange.answered && item.missing.includes(exchange.status)) return record({ outcome: "ok", value: null });
  if (!exchange.answered || !item.status.includes(exchange.status)) return record({ outcome: "failed" });
  const answer = answerOf(exchange);
  const { values, twice } = valuesIn(answer, client.options.run);
  if (values.size === 0 && answer.json === undefined) return record({ outcome: "failed", error: NOT_ASKED_FOR });
  const own = String(variables.value);
  const value = values.has(own) ? own : ([...values][0] ?? null);
  const wrong = value === own ? differences(answer.json, item.shows, variables) : undefined;
  const odd = twice.includes(own) ? { odd: [own] } : {};
  return record({ outcome: "ok", value, ...odd, ...(wrong && { wrong }) });
}

/** So many pages have no list that a probe can use; a service that ignores its page's number would have them. */
const MAX_PAGES = 10_000;

/**
 * Follows the pages of a list.
 *
 * @param key of the writes that it shows
 * @param isQuiet nobody writes: else what is new moves things to the next page, where they show a second time
 * @returns what was recorded
 */
export async function readList(
  client: Client,
  list: ServiceRead,
  key: string,
  variables: Variables & { from: number },
  isQuiet = false,
) {
  const { run, target } = client.options;
  const isFrom = list.path.includes("{from}");
  const seen = new Set<string>();
  const odd = new Set<string>();
  let length = 0;
  let page: Page | undefined = { page: list.firstPage, offset: 0, cursor: "" };
  const path = fill(list.path, { ...variables, ...page }, encodeURIComponent);
  const asked = { kind: "list", key, ...(path !== key && { path }), ...(isFrom && { from: variables.from }) } as const;
  let first: Awaited<ReturnType<typeof timedRead>> | undefined;
  let pages = 0;
  let text: string | undefined;
  let error: string | undefined;
  while (page !== undefined && error === undefined) {
    const request = page.url === undefined ? list : { headers: list.headers, path: String(page.url) };
    const got = await timedRead(client, asked, request, { ...variables, ...page });
    first ??= got;
    pages += 1;
    const { exchange, entry } = got;
    first.entry.end = entry.end;
    if (!exchange.answered || !list.status.includes(exchange.status)) {
      const failed = {
        ...first.entry,
        ...entry,
        op: first.entry.op,
        start: first.entry.start,
        outcome: "failed" as const,
      };
      client.journal.write(failed);
      return failed;
    }
    const answer = answerOf(exchange);
    const found = valuesIn(answer, run);
    const wrong = differences(answer.json, list.shows, variables);
    if (wrong !== undefined || (answer.json === undefined && found.values.size === 0)) error = NOT_ASKED_FOR;
    for (const value of found.twice) odd.add(value);
    for (const value of found.values) {
      if (isQuiet && seen.has(value)) odd.add(value);
      seen.add(value);
    }
    const count = lengthOf(answer.json) ?? found.values.size;
    if (answer.text === text && count > 0) error = `page ${pages} is the page before once more`;
    text = answer.text;
    length += count;
    if (pages >= MAX_PAGES) error = `its pages do not end: ${MAX_PAGES}`;
    page = nextPage(list, page, count, answer.at, target.pathname.replace(/\/$/, ""));
  }
  if (first === undefined) throw new Error("a list has a first page");
  const values = [...seen].flatMap((value) => parseValue(run, value) ?? []);
  const shown = {
    seen: writeSeen(values),
    length,
    ...(odd.size > 0 && { odd: [...odd] }),
    ...(pages > 1 && { pages }),
  };
  const read = {
    ...first.entry,
    outcome: error === undefined ? "ok" : "failed",
    ...(error ? { error } : shown),
  } as const;
  client.journal.write(read);
  return read;
}

interface Page {
  readonly [name: string]: string | number;
  readonly page: number;
  readonly offset: number;
  readonly cursor: string;
}

/** @param count how many things the page had @returns undefined: it was the last one */
function nextPage(
  list: ServiceRead,
  now: Page,
  count: number,
  at: (place: string) => unknown[],
  basePath: string,
): Page | undefined {
  if (list.next !== undefined) {
    const [found] = at(list.next);
    const next = typeof found === "string" || typeof found === "number" ? String(found) : "";
    if (next === "" || next === now.cursor || next === now.url) return undefined;
    if (list.path.includes("{cursor}")) return { ...now, cursor: next };
    const url = URL.parse(next, "http://next");
    if (url === null) return undefined;
    const path = url.pathname.startsWith(`${basePath}/`) ? url.pathname.slice(basePath.length) : url.pathname;
    return { ...now, url: path + url.search };
  }
  if (count === 0) return undefined;
  if (list.path.includes("{offset}")) return { ...now, offset: now.offset + count };
  return list.path.includes("{page}") ? { ...now, page: now.page + 1 } : undefined;
}
