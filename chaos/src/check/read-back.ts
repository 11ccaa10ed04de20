import type { Read } from "../history/entries.ts";
import type { History, Write } from "../history/history.ts";
import { readSeen } from "../history/values.ts";
import { at, type NotChecked, type Violation } from "./violation.ts";

/** So many things on one page without a next one are probably not all that there are. */
const PAGE_LENGTHS = new Set([10, 15, 20, 25, 30, 40, 50, 60, 100, 200, 250, 500, 1_000, 5_000, 10_000]);

interface FinalList {
  readonly name: string;
  readonly read: Read;
  readonly seen: ReadonlySet<string>;
}

/**
 * Compares what was acknowledged with what the service shows of it when all is over, one by one and in its lists.
 *
 * @returns its `shown`: all values in lists; `incomplete`: keys of lists that do not show all, and prove nothing about what they lack; `notChecked`:
 *   what these reads cannot tell, and why
 */
export function judgeReadBack(writes: readonly Write[], readBack: History) {
  const { run } = readBack.header;
  const items = new Map(readBack.reads.filter(({ kind }) => kind === "value").map((read) => [read.key, read]));
  const lists = readBack.reads
    .filter(({ kind, outcome }) => kind === "list" && outcome === "ok")
    .map((read): FinalList => ({ name: requestOf(read), read, seen: readSeen(run, read.seen ?? "") }));
  const byKey = Map.groupBy(lists, ({ read }) => read.key);
  const changed = new Set(writes.filter(({ kind }) => kind === "put").map(({ key }) => key));
  const acknowledged = writes.filter(({ kind, outcome }) => kind === "add" && outcome === "ok");
  const found = acknowledged.map((write) => {
    const item = items.get(itemKeyOf(write));
    return locate(write, item, byKey.get(write.key) ?? [], changed.has(itemKeyOf(write)));
  });
  return {
    shown: new Set(lists.flatMap(({ seen }) => [...seen])),
    incomplete: new Set(acknowledged.flatMap(({ key }, index) => (isCut(found[index]) ? key : []))),
    violations: [...found.flatMap(({ violation }) => violation ?? []), ...judgeFinalLists(writes, lists)],
    notChecked: notCheckedOf(acknowledged, found, readBack),
  };
}

/** What reads of a written thing are called. */
export function itemKeyOf({ item, id }: Pick<Write, "item" | "id">): string {
  return item ?? `value/${id}`;
}

export function requestOf({ key, path }: Pick<Read, "key" | "path">): string {
  const request = path ?? key;
  return request.startsWith("/") ? `GET ${request}` : request;
}

interface Place {
  /** False: nothing is known about it, because of `error`. */
  readonly isRead: boolean;
  /** Whether a second one would show. */
  readonly isCounted: boolean;
  readonly isMissingInList: boolean;
  readonly violation?: Violation;
  readonly error?: string | undefined;
}

function locate(write: Write, item: Read | undefined, lists: readonly FinalList[], isChanged: boolean): Place {
  const { value } = write;
  const list = lists.find(({ seen }) => seen.has(value));
  /** It shows a thing twice that is there twice. */
  const isSearch = item !== undefined && requestOf(item).includes(encodeURIComponent(value));
  const isCounted = lists.length > 0 || isSearch;
  const place = { isRead: true, isCounted, isMissingInList: lists.length > 0 && !list && !isChanged };
  const acknowledged = `${write.sent ?? value} was acknowledged (${[write.status, write.id === undefined ? [] : `id ${write.id}`].flat().join(", ")}) ${at(write.end)}, and at the end`;
  const violation = (kind: Violation["kind"], what: string) => ({
    ...place,
    violation: { kind, what: `${acknowledged} ${what}` },
  });
  if (item?.outcome === "ok") {
    if (item.value === value || (isChanged && item.value !== null)) return place;
    const isThere = !isSearch && item.status !== undefined && item.status < 300;
    const shows = item.value == null ? `answers ${item.status} without ${value}` : `shows ${item.value}`;
    const though = list ? `, although ${list.name} shows it` : "";
    return violation(isThere || list ? "wrong-value" : "lost", `${requestOf(item)} ${shows}${though}`);
  }
  if (list) return place;
  const [first] = lists;
  if (first === undefined) return { ...place, isRead: false, error: item && (item.error ?? `answers ${item.status}`) };
  if (first.read.pages === undefined && PAGE_LENGTHS.has(first.read.length ?? 0))
    return {
      ...place,
      isRead: false,
      error: `${first.name} shows ${first.read.length} things, perhaps only its first page`,
    };
  const pages = first.read.pages === undefined ? "" : ` (${first.read.pages} pages)`;
  return violation("lost", `${lists.map(({ name }) => name).join(", ")}${pages} does not show it`);
}

/** It is there, as far as is known, and in no list. */
function isCut(place: Place | undefined): boolean {
  return place?.isMissingInList === true && place.violation === undefined;
}

function judgeFinalLists(writes: readonly Write[], lists: readonly FinalList[]): Violation[] {
  const sent = new Map(writes.map((write) => [write.value, write]));
  return lists.flatMap(({ name, read, seen }) => [
    ...(read.odd ?? []).map((value): Violation => {
      const what = `${sent.get(value)?.sent ?? value} was sent once, and at the end ${name} shows ${value} more than once`;
      return { kind: "duplicated", what };
    }),
    ...[...seen].flatMap((value): Violation[] => {
      const write = sent.get(value);
      if (!write) return [{ kind: "invented", what: `at the end ${name} shows ${value}, which nobody sent` }];
      if (write.outcome !== "failed") return [];
      const refused = `${write.sent ?? value} was refused (${write.status ?? write.error})`;
      return [{ kind: "refused-but-stored", what: `${refused}, and at the end ${name} shows it` }];
    }),
  ]);
}

function notCheckedOf(acknowledged: readonly Write[], found: readonly Place[], { reads }: History): NotChecked {
  const of = (count: number): string => `${count} of ${acknowledged.length} acknowledged writes`;
  const unread = found.filter(({ isRead }) => !isRead);
  const cut = found.filter(isCut);
  const uncounted = found.filter(({ isCounted }) => !isCounted);
  const errors = unread.flatMap(({ error }) => error ?? []);
  const failed = reads.find(({ outcome }) => outcome === "failed");
  const [
    why = failed ? `${requestOf(failed)}: ${failed.error ?? failed.status}` : "no read of the service file shows them",
  ] = errors;
  const lost = unread.length > 0 ? `${of(unread.length)} could not be read back: ${why}` : undefined;
  const partly = cut.length > 0 ? `${of(cut.length)} are there, but in no list: the lists do not show all` : undefined;
  const duplicated = uncounted.length > 0 ? `no list shows ${of(uncounted.length)}` : (lost ?? partly);
  return { ...(lost && { lost, other: lost }), ...(duplicated && { duplicated }) };
}
