import type { Read } from "../history/entries.ts";
import type { History, Write } from "../history/history.ts";
import { readSeen } from "../history/values.ts";
import { type AddedValue, judgeLists } from "./city-list.ts";
import { judgeNodes, judgeRows, judgeStoredValues, type NodeRows } from "./final-rows.ts";
import { itemKeyOf, judgeReadBack, requestOf } from "./read-back.ts";
import { judgeRegister, type RegisterRead, type RegisterWrite } from "./register.ts";
import type { NotChecked, Violation } from "./violation.ts";

export type Verdict = Readonly<ReturnType<typeof checkHistory>>;

/** What is known of the end, when all requests were over. */
export interface Finals {
  /** What each database node of the Weather API holds. */
  readonly nodes?: readonly NodeRows[] | undefined;
  /** The values that a database holds. */
  readonly stored?: readonly string[] | undefined;
  /** What the service itself shows (`probe/read-back.ts`). */
  readonly readBack?: History | undefined;
}

/** Judges a history against what is there at the end; what nobody can tell is in `notChecked`. Pure. */
export function checkHistory(history: History, finals: Finals) {
  const { nodes = [], stored, readBack } = finals;
  const { writes } = history;
  const { run } = history.header;
  const back = readBack && judgeReadBack(writes, readBack);
  const requests = requestsOf(writes);
  const isJudged = ({ outcome, kind, key }: Read): boolean =>
    outcome === "ok" && (kind === "value" || (kind === "list" && !back?.incomplete.has(key)));
  const answered = history.reads.filter(isJudged);
  const fresh = answered.filter(({ stale }) => stale === undefined);
  // Each alone, so that what an unconfirmed answer shows is no proof against the others.
  const marked = answered.filter(({ stale }) => stale !== undefined).map((read) => judgeReads(requests, run, [read]));
  const found = [...nodes.flatMap(({ rows }) => rows.map(({ summary }) => summary)), ...(stored ?? [])];
  const violations = [
    ...wrongAnswers(history),
    ...wrongAnswers({ writes: [], reads: readBack?.reads.filter(({ kind }) => kind === "value") ?? [] }),
    ...judgeReads(requests, run, fresh, finalReads(requests, nodes, readBack)),
    ...marked.flat().filter(({ kind }) => kind === "invented"),
    ...nodes.flatMap((node) => judgeRows(node, writes)),
    ...judgeNodes(nodes),
    ...(stored === undefined ? [] : judgeStoredValues(writes, stored)),
    // What a database tells is not counted once more.
    ...(back?.violations ?? []).filter(({ kind }) => stored === undefined || kind === "wrong-value"),
  ];
  const atEnd = nodes.length > 0 || stored !== undefined ? {} : (back?.notChecked ?? nothingAtEnd(writes));
  return {
    violations: withRequests(violations, writes, run),
    notChecked: { ...atEnd, ...staleNotChecked(writes, answered) },
    ...countsOf(writes, new Set([...found, ...(back?.shown ?? [])])),
    judgedReads: fresh.length,
    /** Reads that said of themselves that they were not confirmed, and were older than an acknowledged write. Only what such reads invent counts. */
    staleMarkedAndOld: marked.filter((found) => found.some(({ kind }) => kind === "stale-read")).length,
  };
}

function nothingAtEnd(writes: readonly Write[]): NotChecked {
  const why = writes.length === 0 ? "nothing was written" : "what is stored is not known";
  return { lost: why, duplicated: why, other: why };
}

function staleNotChecked(writes: readonly Write[], reads: readonly Read[]): NotChecked {
  const keys = new Set(reads.map(({ key }) => key));
  const acknowledged = writes.filter(({ kind, outcome }) => kind === "add" && outcome === "ok");
  if (acknowledged.length === 0) return { stale: "nothing was written" };
  const isShown = (of: readonly Write[]): boolean =>
    of.some((write) => keys.has(write.key) || keys.has(itemKeyOf(write)));
  const unseen = [...Map.groupBy(acknowledged, ({ write = 0 }) => write).values()].find((of) => !isShown(of));
  return unseen ? { stale: `no read during the load shows what ${unseen[0]?.sent ?? "was written"} wrote` } : {};
}

/** Adds the request that sent the first value which a violation is about. */
function withRequests(violations: readonly Violation[], writes: readonly Write[], run: string): Violation[] {
  const sent = new Map(writes.map((write) => [write.value, write.sent]));
  return violations.map(({ kind, what }) => {
    const [value = ""] = new RegExp(`${run}:\\d+:\\d+`).exec(what) ?? [];
    const request = sent.get(value);
    return {
      kind,
      what: request === undefined || what.includes(request) ? what : `${what}. ${value} was sent by ${request}`,
    };
  });
}

function countsOf(writes: readonly Write[], stored: ReadonlySet<string>) {
  const unknown = writes.filter(({ outcome }) => outcome === "unknown");
  return {
    acknowledgedWrites: writes.filter(({ outcome }) => outcome === "ok").length,
    /** Writes whose answer never came, or said 5xx, and that are stored all the same: allowed. */
    recoveredWrites: unknown.filter(({ value }) => stored.has(value)).length,
  };
}

function wrongAnswers({ writes, reads }: Pick<History, "writes" | "reads">): Violation[] {
  const wrongWrites = writes.flatMap(({ op, value, wrong }) => (wrong ? [`write ${op} of ${value}: ${wrong}`] : []));
  const wrongReads = reads.flatMap(({ op, value, wrong, ...read }) =>
    wrong ? [`read ${op} of ${value}, ${requestOf(read)}: ${wrong}`] : [],
  );
  const oddLists = reads.flatMap(({ op, kind, odd, ...read }) =>
    odd
      ? [
          `${kind === "list" ? "list" : "read"} ${op} of ${requestOf(read)} shows twice or in the wrong place: ${odd.join(", ")}`,
        ]
      : [],
  );
  return [...wrongWrites, ...wrongReads, ...oddLists].map((what) => ({ kind: "wrong-value", what }));
}

function judgeReads(
  { registers, added, changedValues }: Requests,
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
      requestOf(ofKey[0] ?? { key }),
      added.get(key) ?? [],
      ofKey.map(({ op, start, end, from = 0, seen = "", pages }) => {
        const values = readSeen(run, seen).difference(changedValues);
        return { op, start, end, from, seen: values, isOneMoment: pages === undefined };
      }),
    ),
  );
  const ofValues = [...new Set([...values.keys(), ...finals.keys()])].flatMap((key) =>
    judgeRegister(requestOf(values.get(key)?.[0] ?? { key }), registers.get(key) ?? [], [
      ...(values.get(key) ?? []).map(({ value = null, start, end }) => ({ value, start, end, final: false })),
      ...(finals.get(key) ?? []),
    ]),
  );
  return [...ofLists, ...ofValues];
}

/** What was changed, as the database or the service shows it at the end: the last read of each. */
function finalReads(
  { changed }: Requests,
  nodes: readonly NodeRows[],
  readBack?: History,
): Map<string, RegisterRead[]> {
  const inRows = nodes.flatMap(({ rows, readAt }) =>
    rows.map(({ id, summary }) => ({ key: `value/${id}`, value: summary, start: readAt })),
  );
  const shown = (readBack?.reads ?? [])
    .filter(({ kind, outcome }) => kind === "value" && outcome === "ok")
    .map(({ key, value = null, start }) => ({ key, value, start }));
  const all = [...inRows, ...shown].filter(({ key }) => changed.has(key));
  const reads = all.map(({ key, value, start }) => ({ key, read: { value, start, end: Infinity, final: true } }));
  return new Map([...Map.groupBy(reads, ({ key }) => key)].map(([key, ofKey]) => [key, ofKey.map(({ read }) => read)]));
}

const BEFORE_ALL: RegisterWrite = { value: null, start: -Infinity, end: -Infinity, acknowledged: true };

type Requests = ReturnType<typeof requestsOf>;

/** What clients asked for, sorted by the thing that reads look at. Refused writes are left out: nobody may ever see them. */
function requestsOf(writes: readonly Write[]) {
  const changed = new Set(writes.filter(({ kind }) => kind === "put").map(({ key }) => key));
  /** By what reads of it are called: the addition that made the row, if it was acknowledged, and its changes. */
  const registers = new Map<string, RegisterWrite[]>();
  /** By what the lists that show it are called. */
  const added = new Map<string, AddedValue[]>();
  /** Lists are judged as values that never change, so these are left out. */
  const changedValues = new Set<string>();
  for (const write of writes) {
    if (write.outcome === "failed") continue;
    const { value, dateTime, start } = write;
    // One that was given up may still happen after its request has ended.
    const acknowledged = write.outcome === "ok";
    const end = acknowledged ? write.end : Number.POSITIVE_INFINITY;
    const isKnown = write.id !== undefined || write.item !== undefined;
    const key = write.kind === "put" ? write.key : isKnown ? itemKeyOf(write) : undefined;
    if (key !== undefined && changed.has(key)) changedValues.add(value);
    else append(added, write.key, { value, dateTime, start, acknowledgedAt: end });
    if (key !== undefined) append(registers, key, { value, start, end, acknowledged }, BEFORE_ALL);
  }
  return { registers, added, changed, changedValues };
}

function append<Item>(lists: Map<string, Item[]>, key: string, item: Item, first?: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, first === undefined ? [item] : [first, item]);
}
