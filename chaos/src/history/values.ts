import { randomBytes } from "node:crypto";
import { rangesOf } from "@goldenring/run-kit";
import * as z from "zod";

/** The values that a run writes: `RUN:CLIENT:NUMBER`, each used for one request only, and the short form of a set of them. */

export const RunName = z.string().regex(/^[A-Za-z0-9-]{1,40}$/);

/** Sorts by time, and two runs that begin at the same moment differ. */
export function newRunName(): string {
  return `p${Date.now().toString(36)}-${randomBytes(2).toString("hex")}`;
}

export function valueName(run: string, client: number, number: number): string {
  return `${run}:${client}:${number}`;
}

type Value = NonNullable<ReturnType<typeof parseValue>>;

/** Undefined where it is no value of this run. */
export function parseValue(run: string, value: string) {
  const match = value.startsWith(`${run}:`) && /^(\d+):(\d+)$/.exec(value.slice(run.length + 1));
  return match ? { client: Number(match[1]), number: Number(match[2]) } : undefined;
}

/** A set of values as ranges per client, `0:3-7,9;2:1`: one client's values come in order, so that hundreds take a few characters. */
export function writeSeen(values: Iterable<Value>): string {
  const byClient = Map.groupBy(values, ({ client }) => client);
  return [...byClient]
    .sort(([one], [other]) => one - other)
    .map(([client, ofClient]) => `${client}:${writeRanges(ofClient.map(({ number }) => number))}`)
    .join(";");
}

/** The inverse of `writeSeen`. Throws on text of another form. */
export function readSeen(run: string, text: string): Set<string> {
  const seen = new Set<string>();
  if (text === "") return seen;
  for (const part of text.split(";")) {
    const match = /^(\d+):(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/.exec(part);
    if (!match) throw new Error(`no set of values: ${part.slice(0, 80)}`);
    for (const range of (match[2] ?? "").split(",")) {
      const [first = 0, last = first] = range.split("-").map(Number);
      for (let number = first; number <= last; number += 1) seen.add(valueName(run, Number(match[1]), number));
    }
  }
  return seen;
}

function writeRanges(numbers: readonly number[]): string {
  return rangesOf(numbers)
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    .join(",");
}
