import type { Read } from "../history/entries.ts";
import type { History, Write } from "../history/history.ts";
import { readSeen } from "../history/values.ts";
import { type AddedValue, judgeLists } from "./city-list.ts";
import { judgeNodes, judgeRows, judgeStoredValues, type NodeRows } from "./final-rows.ts";
import { judgeRegister, type RegisterRead, type RegisterWrite } from "./register.ts";
import type { Violation } from "./violation.ts";

export type Verdict = Readonly<ReturnType<typeof checkHistory>>;

/** Judges a history against what each database node holds at the end; without nodes only its reads and answers. Pure. */
export function checkHistory(history: History, nodes: readonly NodeRows[]) {
  const { writes } = history;
  const { run } = history.header;
  const requests = requestsOf(writes);
  const answered = history.reads.filter(({ outcome, kind }) => outcome === "ok" && kind !== "city");
  const fresh = answered.filter(({ stale }) => stale === undefined);
  // Each alone, so that what an unconfirmed answer shows is no proof against the others.
  const marked = answered.filter(({ stale }) => stale !== undefined).map((read) => judgeReads(requests, run, [read]));
  const stored = new Set(nodes.flatMap(({ rows }) => rows.map(({ summary }) => summary)));
  return {
    violations: [
      ...wrongAnswers(history),
      ...judgeReads(requests, run, fresh, finalReads(writes, nodes)),
      ...marked.flat().filter(({ kind }) => kind === "invented"),
      ...nodes.flatMap((node) => judgeRows(node, writes)),
      ...judgeNodes(nodes),
    ],
    ...countsOf(writes, stored),
    judgedReads: fresh.length,
    /** Reads that said of themselves that they were not confirmed, and were older than an acknowledged write. Only what such reads invent counts. */
    staleMarkedAndOld: marked.filter((found) => found.some(({ kind }) => kind === "stale-read")).length,
  };
}

/** Of a service that is not the Weather API. @param stored undefined: it is not known */
export function checkOwnService({ writes }: History, stored: readonly string[] | undefined): Verdict {
  return {
    violations: stored === undefined ? [] : judgeStoredValues(writes, stored),
    ...countsOf(writes, new Set(stored)),
    judgedReads: 0,
    staleMarkedAndOld: 0,
  };
}

function countsOf(writes: readonly Write[], stored: ReadonlySet<string>) {
  const unknown = writes.filter(({ outcome }) => outcome === "unknown");
  return {
    acknowledgedWrites: writes.filter(({ outcome }) => outcome === "ok").length,
    /** Writes whose answer never came, or said 5xx, and that are stored all the same: allowed. */
    recoveredWrites: unknown.filter(({ value }) => stored.has(value)).length,
  };
}

function wrongAnswers({ writes, reads }: History): Violation[] {
  const wrongWrites = writes.flatMap(({ op, value, wrong }) => (wrong ? [`write ${op} of ${value}: ${wrong}`] : []));
  const oddLists = reads.flatMap(({ op, key, odd }) =>
    odd ? [`list ${op} of ${key} shows twice or in the wrong place: ${odd.join(", ")}`] : [],
  );
  return [...wrongWrites, ...oddLists].map((what) => ({ kind: "wrong-value", what }));
}

function judgeReads(
  { registers, added }: Requests,
  run: string,
  reads: readonly Read[],
  finals: ReadonlyMap<string, readonly RegisterRead[]> = new Map(),
): Violation[] {
  const byKey = (of: Read["kind"]) => {
    const ofKind = reads.filter(({ kind }) => kind === of);
    return Map.groupBy(ofKind, ({ key }) => key);
  };
  const [lists, values] = [byKey("list"), byKey("value")];
  const ofLists = [...lists].flatMap(([key, ofKey]) =>
    judgeLists(
      key,
      added.get(key) ?? [],
      ofKey.map(({ op, start, end, from = 0, seen = "" }) => ({ op, start, end, from, seen: readSeen(run, seen) })),
    ),
  );
  const ofValues = [...new Set([...values.keys(), ...finals.keys()])].flatMap((key) =>
    judgeRegister(key, registers.get(key) ?? [], [
      ...(values.get(key) ?? []).map(({ value = null, start, end }) => ({ value, start, end, final: false })),
      ...(finals.get(key) ?? []),
    ]),
  );
  return [...ofLists, ...ofValues];
}

/** The rows that were changed, as the database shows them at the end: the last read of each. */
function finalReads(writes: readonly Write[], nodes: readonly NodeRows[]): Map<string, RegisterRead[]> {
  const changed = new Set(writes.filter(({ kind }) => kind === "put").map(({ key }) => key));
  const reads = nodes.flatMap(({ rows, readAt }) =>
    rows.flatMap(({ id, summary }) => {
      const key = `value/${id}`;
      return changed.has(key) ? [{ key, read: { value: summary, start: readAt, end: Infinity, final: true } }] : [];
    }),
  );
  return new Map([...Map.groupBy(reads, ({ key }) => key)].map(([key, ofKey]) => [key, ofKey.map(({ read }) => read)]));
}

const BEFORE_ALL: RegisterWrite = { value: null, start: -Infinity, end: -Infinity, acknowledged: true };

type Requests = ReturnType<typeof requestsOf>;

/** What clients asked for, sorted by the thing that reads look at. Refused writes are left out: nobody may ever see them. */
function requestsOf(writes: readonly Write[]) {
  /** By `value/ID`: the addition that made the row, if it was acknowledged, and its changes. */
  const registers = new Map<string, RegisterWrite[]>();
  /** By `city/ID`. */
  const added = new Map<string, AddedValue[]>();
  for (const write of writes) {
    if (write.outcome === "failed") continue;
    const { value, dateTime, start } = write;
    // One that was given up may still happen after its request has ended.
    const acknowledged = write.outcome === "ok";
    const end = acknowledged ? write.end : Number.POSITIVE_INFINITY;
    if (write.kind === "add") append(added, write.key, { value, dateTime, start, acknowledgedAt: end });
    const key = write.kind === "put" ? write.key : write.id === undefined ? undefined : `value/${write.id}`;
    if (key !== undefined) append(registers, key, { value, start, end, acknowledged }, BEFORE_ALL);
  }
  return { registers, added };
}

function append<Item>(lists: Map<string, Item[]>, key: string, item: Item, first?: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, first === undefined ? [item] : [first, item]);
}
