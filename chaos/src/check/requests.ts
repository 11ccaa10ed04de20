import type { Write } from "../history/history.ts";
import type { AddedValue } from "./city-list.ts";
import type { RegisterWrite } from "./register.ts";

/** What clients asked for, sorted by the thing that reads look at. Refused writes are left out: nobody may ever see them. */
export interface Requests {
  /** By `value/ID`: the addition that made the row, if it was acknowledged, and its changes. */
  readonly registers: ReadonlyMap<string, readonly RegisterWrite[]>;
  /** By `city/ID`. */
  readonly added: ReadonlyMap<string, readonly AddedValue[]>;
}

const BEFORE_ALL: RegisterWrite = {
  value: null,
  start: Number.NEGATIVE_INFINITY,
  end: Number.NEGATIVE_INFINITY,
  acknowledged: true,
};

export function requestsOf(writes: readonly Write[]): Requests {
  const registers = new Map<string, RegisterWrite[]>();
  const added = new Map<string, AddedValue[]>();
  for (const write of writes) {
    if (write.outcome === "failed") continue;
    if (write.kind === "add") append(added, write.key, addedValue(write));
    const key = write.kind === "put" ? write.key : write.id === undefined ? undefined : `value/${write.id}`;
    if (key !== undefined) append(registers, key, registerWrite(write), BEFORE_ALL);
  }
  return { registers, added };
}

function addedValue({ value, dateTime, start, end, outcome }: Write): AddedValue {
  return { value, dateTime, start, acknowledgedAt: outcome === "ok" ? end : Number.POSITIVE_INFINITY };
}

/** One that was given up may still happen after its request has ended. */
function registerWrite({ value, start, end, outcome }: Write): RegisterWrite {
  const acknowledged = outcome === "ok";
  return { value, start, end: acknowledged ? end : Number.POSITIVE_INFINITY, acknowledged };
}

function append<Item>(lists: Map<string, Item[]>, key: string, item: Item, first?: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, first === undefined ? [item] : [first, item]);
}
