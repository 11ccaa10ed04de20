import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { likeness, RENAMES, suggestion } from "./suggestions.ts";

const KNOWN = [
  "etcd_server_proposals_failed_total",
  "etcd_server_leader_changes_seen_total",
  "node_memory_MemAvailable_bytes",
  "pg_stat_bgwriter_buffers_alloc_total",
];

describe("what could be meant by a metric that does not exist", () => {
  test.each([
    ["etcd_server_proposals_failed", "did you mean etcd_server_proposals_failed_total?"],
    ["etcd_server_leader_change_seen_total", "did you mean etcd_server_leader_changes_seen_total?"],
    ["node_memory_MemAvailible_bytes", "did you mean node_memory_MemAvailable_bytes?"],
    ["pg_stat_bgwriter_buffers_alloc", "postgres_exporter 0.11 renamed it to pg_stat_bgwriter_buffers_alloc_total"],
    ["pg_stat_bgwriter_checkpoints_timed_total", "PostgreSQL 17 renamed it to pg_stat_checkpointer_num_timed_total"],
    ["x", "nothing has a similar name"],
  ])("%s: %s", (metric, words) => {
    expect(suggestion(metric, KNOWN)).toBe(words);
  });

  test("names the most similar first, three at most", () => {
    const known = ["abcdefgh_a", "abcdefgh_ab", "abcdefgh_abc", "abcdefgh_abcd"];
    expect(suggestion("abcdefgh_abc_", known)).toBe("did you mean abcdefgh_abc or abcdefgh_abcd or abcdefgh_ab?");
  });
});

test("likeness is between 0 and 1, 1 for the same name, and the same both ways", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const both = likeness(one, other);
      expect(both).toBeGreaterThanOrEqual(0);
      expect(both).toBeLessThanOrEqual(1);
      expect(likeness(other, one)).toBe(both);
      expect(likeness(one, one)).toBe(1);
    }),
  );
});

test("no metric is renamed twice, nor to a name that was itself renamed", () => {
  const old = RENAMES.map(({ from }) => from);
  expect(new Set(old).size).toBe(old.length);
  expect(RENAMES.filter(({ to }) => old.includes(to))).toEqual([]);
});
