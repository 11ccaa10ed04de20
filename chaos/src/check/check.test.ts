import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Entry } from "../history/entries.ts";
import { readSeen } from "../history/values.ts";
import { checkHistory } from "./check.ts";
import type { FinalRow } from "./final-rows.ts";
import { historyOf, RUN, type Simulation, simulation } from "./simulated-service.fixture.ts";
import type { ViolationKind } from "./violation.ts";

/** A busy computer makes these tests slow, not wrong. */
setDefaultTimeout(120_000);

const RUNS = { numRuns: 500 };

function kinds({ entries, rows, over }: Simulation, otherRows: readonly FinalRow[] = rows): Set<ViolationKind> {
  const nodes = [
    { node: "pg-01", readAt: over, rows },
    { node: "pg-02", readAt: over + 1, rows: otherRows },
  ];
  return new Set(checkHistory(historyOf({ entries }), { nodes }).violations.map(({ kind }) => kind));
}

test("what a linearizable service did is never suspected, however its requests overlap or go unanswered", () => {
  let recovered = 0;
  let unknown = 0;
  fc.assert(
    fc.property(simulation, (simulated) => {
      const history = historyOf(simulated);
      const verdict = checkHistory(history, {
        nodes: [{ node: "pg-01", readAt: simulated.over, rows: simulated.rows }],
      });
      expect(verdict.violations).toEqual([]);
      recovered += verdict.recoveredWrites;
      unknown += history.writes.filter(({ outcome }) => outcome === "unknown").length;
    }),
    { numRuns: 2_000 },
  );
  expect(recovered).toBeGreaterThan(100);
  expect(unknown - recovered).toBeGreaterThan(100);
});

test("a history that ends in the middle of a line is judged by what it holds", () => {
  fc.assert(
    fc.property(simulation, fc.nat(), ({ entries, rows, over }, cut) => {
      const kept = entries.slice(0, 1 + (cut % entries.length));
      // What was not begun yet when the probe was killed cannot have been stored.
      const begun = new Set(kept.flatMap((entry) => (entry.e === "begin" ? [entry.value] : [])));
      const there = rows.filter(({ summary }) => begun.has(summary));
      const missing = rows.length - there.length;
      const found = kinds({ entries: kept, rows: there, over });
      if (missing === 0) expect(found).toEqual(new Set());
      expect(found.has("invented") || found.has("duplicated")).toBe(false);
    }),
    RUNS,
  );
});

/** Plants one fault into what a right service did, wherever it can be planted, and names what must be found. */
function planted(
  what: string,
  plant: (simulated: Simulation) => (Partial<Simulation> & { otherRows?: readonly FinalRow[] }) | undefined,
  expected: readonly ViolationKind[],
  runs = RUNS,
): void {
  test(what, () => {
    let tried = 0;
    fc.assert(
      fc.property(simulation, (simulated) => {
        const fault = plant(simulated);
        if (!fault) return;
        tried += 1;
        const rows = fault.rows ?? simulated.rows;
        const found = kinds({ ...simulated, ...fault, rows }, fault.otherRows ?? rows);
        expect(expected.some((kind) => found.has(kind))).toBe(true);
      }),
      runs,
    );
    expect(tried).toBeGreaterThan(50);
  });
}

describe("always found:", () => {
  planted(
    "an acknowledged value that is not there",
    ({ entries, rows }) => {
      const victim = acknowledged(entries, "add").at(-1);
      return victim && { rows: rows.filter(({ id }) => id !== victim.id) };
    },
    ["lost"],
  );
  planted(
    "an acknowledged value that is missing on one node only",
    ({ entries, rows }) => {
      const victim = acknowledged(entries, "add").at(0);
      return victim && { otherRows: rows.filter(({ id }) => id !== victim.id) };
    },
    ["lost"],
  );
  planted(
    "an unanswered value that is on one node only",
    ({ entries, rows }) => {
      const victim = rows.find(
        ({ summary }) => outcomeOf(entries, summary) === "unknown" && kindOf(entries, summary) === "add",
      );
      return victim && { otherRows: rows.filter((row) => row !== victim) };
    },
    ["nodes-differ"],
  );
  planted(
    "a value that is stored twice, acknowledged or not",
    ({ rows }) => {
      const copy = rows.at(-1);
      return copy && { rows: [...rows, { ...copy, id: 10_000 }] };
    },
    ["duplicated"],
  );
  planted(
    "a refused value that is stored",
    ({ entries, rows }) => {
      const refused = entries.find((entry) => entry.e === "begin" && outcomeOf(entries, entry.value) === "failed");
      if (refused?.e !== "begin" || refused.kind !== "add") return undefined;
      const { value, dateTime, temperature } = refused;
      const cityId = Number(refused.key.split("/")[1]);
      return { rows: [...rows, { id: 10_000, cityId, dateTime, temperature, summary: value }] };
    },
    ["refused-but-stored"],
  );
  planted(
    "a value that nobody sent",
    ({ rows }) => ({ rows: [...rows, { id: 10_000, cityId: 1, dateTime: 5, temperature: 5, summary: `${RUN}:9:9` }] }),
    ["invented"],
  );
  planted(
    "a stored value in the wrong city, with another temperature or another time",
    ({ rows }) => {
      const [first, ...others] = [...rows].reverse();
      if (!first) return undefined;
      const wrong = [{ temperature: 99 }, { dateTime: 99 }, { temperature: 99, dateTime: 99 }][first.id % 3];
      return { rows: [...others, { ...first, ...wrong }] };
    },
    ["wrong-value"],
  );
  planted(
    "a changed value that fell back to what it was first, although a change was acknowledged",
    ({ entries, rows }) => {
      const change = acknowledged(entries, "put").at(-1);
      if (!change) return undefined;
      const summary = `${RUN}:0:${change.id - 1}`;
      return {
        rows: rows.map((row) => (row.id === change.id ? { ...row, summary, temperature: change.id - 1 } : row)),
      };
    },
    ["lost"],
  );
  planted(
    "a read that misses a value acknowledged before it began",
    ({ entries }) => changeRead(entries, (read) => (read.kind === "value" ? { value: null } : undefined)),
    ["stale-read", "read-went-back"],
  );
  planted(
    "a list that misses a value acknowledged before it began",
    ({ entries }) =>
      changeRead(entries, (read) => {
        const seen = [...readSeen(RUN, read.seen ?? "")];
        const missed = seen.find((value) => (endOf(entries, value) ?? Infinity) < read.start);
        return missed ? { seen: shortForm(seen.filter((value) => value !== missed)) } : undefined;
      }),
    ["stale-read", "read-went-back"],
  );
  planted(
    "a list that misses what an earlier list showed, although nobody had acknowledged it",
    ({ entries }) => {
      for (const early of lists(entries)) {
        for (const value of readSeen(RUN, early.seen ?? "")) {
          if ((endOf(entries, value) ?? Infinity) < early.end) continue;
          const later = lists(entries).find(
            (read) => read.key === early.key && read.start > early.end && readSeen(RUN, read.seen ?? "").has(value),
          );
          if (later && (endOf(entries, value) ?? Infinity) > later.end)
            return {
              entries: entries.map((entry) =>
                entry === later
                  ? { ...later, seen: shortForm([...readSeen(RUN, later.seen ?? "")].filter((each) => each !== value)) }
                  : entry,
              ),
            };
        }
      }
      return undefined;
    },
    ["read-went-back"],
    { numRuns: 4_000 },
  );
  planted(
    "a list that shows a value twice, and an acknowledgement that says something else",
    ({ entries }) => changeRead(entries, (read) => (read.kind === "list" ? { odd: ["run:0:5"] } : undefined)),
    ["wrong-value"],
  );
  planted(
    "a read of a value that is not the row's",
    ({ entries }) => changeRead(entries, (read) => (read.kind === "value" ? { value: `${RUN}:9:9` } : undefined)),
    ["invented"],
  );
});

test("a read that is marked as stale may be old, which is counted, but may not invent", () => {
  let old = 0;
  fc.assert(
    fc.property(simulation, (simulated) => {
      const oldRead = changeRead(simulated.entries, (read) =>
        read.kind === "value" ? { value: null, stale: 2 } : undefined,
      );
      if (!oldRead) return;
      const nodes = [{ node: "pg-01", readAt: simulated.over, rows: simulated.rows }];
      const verdict = checkHistory(historyOf(oldRead), { nodes });
      expect(verdict.violations).toEqual([]);
      expect(verdict.staleMarkedAndOld).toBe(1);
      old += 1;
      const invented = changeRead(simulated.entries, (read) =>
        read.kind === "value" ? { value: `${RUN}:9:9`, stale: 2 } : undefined,
      );
      if (invented) expect(kinds({ ...simulated, ...invented })).toEqual(new Set(["invented"]));
    }),
    RUNS,
  );
  expect(old).toBeGreaterThan(50);
});

type ReadEntry = Extract<Entry, { e: "read" }>;

function changeRead(
  entries: readonly Entry[],
  change: (read: ReadEntry) => Partial<ReadEntry> | undefined,
): { entries: Entry[] } | undefined {
  for (const [index, entry] of entries.entries()) {
    if (entry.e !== "read" || entry.stale !== undefined) continue;
    const other = change(entry);
    if (other) return { entries: entries.with(index, { ...entry, ...other }) };
  }
  return undefined;
}

function lists(entries: readonly Entry[]): ReadEntry[] {
  return entries.filter(
    (entry) => entry.e === "read" && entry.kind === "list" && entry.stale === undefined,
  ) as ReadEntry[];
}

function acknowledged(entries: readonly Entry[], kind: "add" | "put"): { readonly id: number }[] {
  return entries.flatMap((entry) => {
    if (entry.e !== "end" || entry.outcome !== "ok" || entry.id === undefined) return [];
    const begin = entries.find((other) => other.e === "begin" && other.op === entry.op);
    return begin?.e === "begin" && begin.kind === kind ? [{ id: Number(entry.id) }] : [];
  });
}

function endOf(entries: readonly Entry[], value: string): number | undefined {
  const begin = entries.find((entry) => entry.e === "begin" && entry.value === value);
  const end = begin?.e === "begin" ? entries.find((entry) => entry.e === "end" && entry.op === begin.op) : undefined;
  return end?.e === "end" && end.outcome === "ok" ? end.at : undefined;
}

function outcomeOf(entries: readonly Entry[], value: string): string | undefined {
  const begin = entries.find((entry) => entry.e === "begin" && entry.value === value);
  const end = begin?.e === "begin" ? entries.find((entry) => entry.e === "end" && entry.op === begin.op) : undefined;
  return end?.e === "end" ? end.outcome : undefined;
}

function kindOf(entries: readonly Entry[], value: string): string | undefined {
  const begin = entries.find((entry) => entry.e === "begin" && entry.value === value);
  return begin?.e === "begin" ? begin.kind : undefined;
}

function shortForm(values: readonly string[]): string {
  return values.map((value) => value.slice(RUN.length + 1)).join(";");
}
