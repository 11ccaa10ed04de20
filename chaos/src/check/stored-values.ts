import type { Write } from "../history/history.ts";
import type { Violation } from "./violation.ts";

/** Of a service that is not the Weather API: every acknowledged value must be among those stored, each at most once. */
export function judgeStoredValues(writes: readonly Write[], stored: readonly string[]): readonly Violation[] {
  const copies = Map.groupBy(stored, (value) => value);
  const sent = new Map(writes.map((write) => [write.value, write]));
  const lost = writes.filter(({ outcome, value }) => outcome === "ok" && !copies.has(value));
  return [
    ...lost.map(({ value }): Violation => ({ kind: "lost", what: `${value} was acknowledged and is not stored` })),
    ...[...copies].flatMap(([value, { length }]): Violation[] => {
      const write = sent.get(value);
      if (!write) return [{ kind: "invented", what: `${value} is stored, and nobody sent it` }];
      if (length > 1) return [{ kind: "duplicated", what: `${value} is stored ${length} times` }];
      if (write.outcome === "failed")
        return [
          { kind: "refused-but-stored", what: `${value} was refused (${write.status ?? write.error}) and is stored` },
        ];
      return [];
    }),
  ];
}
