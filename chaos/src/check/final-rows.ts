import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type { Write } from "../history/history.ts";
import type { Violation } from "./violation.ts";

/** A row of `public.forecast` when all is over. */
export const FinalRow = z.object({
  id: z.coerce.number().int(),
  cityId: z.coerce.number().int(),
  dateTime: z.coerce.number().int(),
  temperature: z.int(),
  summary: z.string(),
});
export type FinalRow = Readonly<z.infer<typeof FinalRow>>;

export interface NodeRows {
  readonly node: string;
  /** When reading them began (clock.ts), after the last request had ended and the node had caught up. */
  readonly readAt: number;
  /** All whose summary begins with the run's name and a colon. */
  readonly rows: readonly FinalRow[];
}

/** Every value must be stored as its acknowledgement, refusal or silence allows. Values that PUT has replaced are judged elsewhere. */
export function judgeRows({ node, rows }: NodeRows, writes: readonly Write[]): readonly Violation[] {
  const violations: Violation[] = [];
  const say = (kind: Violation["kind"], what: string): void => void violations.push({ kind, what: `${node}: ${what}` });
  const writeOf = new Map(writes.map((write) => [write.value, write]));
  const changed = new Set(writes.filter(({ kind }) => kind === "put").map(({ key }) => key));
  const byId = new Map<number | string, FinalRow>(rows.map((row) => [row.id, row]));

  if (byId.size < rows.length) say("duplicated", "an id stands in two rows");
  for (const [value, copies] of Map.groupBy(rows, ({ summary }) => summary)) {
    const write = writeOf.get(value);
    const ids = copies.map(({ id }) => id).join(", ");
    if (!write) say("invented", `${value} is stored (id ${ids}), and nobody sent it`);
    else if (copies.length > 1) say("duplicated", `${value} is stored ${copies.length} times (ids ${ids})`);
    else if (write.outcome === "failed")
      say("refused-but-stored", `${value} was refused (${write.status ?? write.error}) and is stored (id ${ids})`);
    const differences = write ? copies.flatMap((row) => differencesOf(row, write)) : [];
    if (differences.length > 0) say("wrong-value", `${value}: ${differences.join(", ")}`);
  }
  for (const write of writes) {
    if (write.kind !== "add" || write.outcome !== "ok" || write.id === undefined) continue;
    const row = byId.get(write.id);
    if (!row) say("lost", `${write.value} was acknowledged as id ${write.id}, which is not there`);
    else if (row.summary !== write.value && !changed.has(`value/${write.id}`))
      say("lost", `${write.value} was acknowledged as id ${write.id}, which holds ${row.summary}`);
  }
  return violations;
}

/** A PUT does not name the row's city, so nothing is expected of it. */
function differencesOf(row: FinalRow, write: Write): string[] {
  const [kind, number] = write.key.split("/");
  const id = kind === "value" ? Number(number) : write.id === undefined ? undefined : Number(write.id);
  const expected: Partial<FinalRow> = {
    ...(id === undefined ? {} : { id }),
    ...(kind === "city" ? { cityId: Number(number) } : {}),
    dateTime: write.dateTime,
    temperature: write.temperature,
  };
  return Object.entries(expected)
    .filter(([name, value]) => row[name as keyof FinalRow] !== value)
    .map(([name, value]) => `${name} is ${row[name as keyof FinalRow]} and was ${value}`);
}

/** All nodes of a cluster at rest hold the same rows. */
export function judgeNodes(nodes: readonly NodeRows[]): readonly Violation[] {
  const [first, ...others] = nodes;
  if (!first) return [];
  const expected = new Map(first.rows.map((row) => [row.id, row]));
  return others.flatMap(({ node, rows }) => {
    const found = new Map(rows.map((row) => [row.id, row]));
    const ids = new Set([...expected.keys(), ...found.keys()]);
    return [...ids]
      .filter((id) => !isDeepStrictEqual(expected.get(id), found.get(id)))
      .map((id) => ({
        kind: "nodes-differ" as const,
        what: `id ${id} is ${describe(expected.get(id))} on ${first.node} and ${describe(found.get(id))} on ${node}`,
      }));
  });
}

function describe(row: FinalRow | undefined): string {
  return row ? JSON.stringify(row) : "missing";
}

/** Of a service that is not the Weather API: every acknowledged value must be among those stored, each at most once. */
export function judgeStoredValues(writes: readonly Write[], stored: readonly string[]): Violation[] {
  const copies = Map.groupBy(stored, (value) => value);
  const sent = new Map(writes.map((write) => [write.value, write]));
  const lost = writes.filter(({ outcome, value }) => outcome === "ok" && !copies.has(value));
  return [
    ...lost.map(({ value }): Violation => ({ kind: "lost", what: `${value} was acknowledged and is not stored` })),
    ...[...copies].flatMap(([value, { length }]): Violation[] => {
      const write = sent.get(value);
      if (!write) return [{ kind: "invented", what: `${value} is stored, and nobody sent it` }];
      if (length > 1) return [{ kind: "duplicated", what: `${value} is stored ${length} times` }];
      if (write.outcome !== "failed") return [];
      return [
        { kind: "refused-but-stored", what: `${value} was refused (${write.status ?? write.error}) and is stored` },
      ];
    }),
  ];
}
