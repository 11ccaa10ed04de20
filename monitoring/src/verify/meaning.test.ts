import { describe, expect, test } from "bun:test";
import { misreading } from "./meaning.ts";

const HELP = {
  etcd_server_proposals_failed_total: "The total number of failed proposals seen.",
  etcd_server_proposals_pending: "The current number of pending proposals to commit.",
  etcd_server_leader_changes_seen_total: "The number of leader changes seen.",
  etcd_disk_wal_fsync_duration_seconds: "The latency distributions of fsync called by WAL.",
  pg_stat_database_xact_commit: "Number of transactions in this database that have been committed",
  pg_stat_database_xact_rollback: "Number of transactions in this database that have been rolled back",
  node_filesystem_avail_bytes: "Filesystem space available to non-root users in bytes.",
  node_filesystem_free_bytes: "Filesystem free space in bytes.",
};
const KNOWN = { names: Object.keys(HELP), help: new Map(Object.entries(HELP)) };
const claim = (title: string, expr: string, legend = "{{machine}}") =>
  misreading({ title, expr, legend, together: [expr] }, KNOWN);

describe("a panel whose title fits what it reads", () => {
  test.each([
    ["Failed proposals", "rate(etcd_server_proposals_failed_total[1m])"],
    ["Proposal failures", "rate(etcd_server_proposals_failed_total[1m])"],
    ["Leader changes", "increase(etcd_server_leader_changes_seen_total[1h])"],
    ["Fsync of the WAL, p99", "histogram_quantile(0.99, rate(etcd_disk_wal_fsync_duration_seconds_bucket[1m]))"],
    ["Committed transactions", "rate(pg_stat_database_xact_commit[1m])"],
    ["Free space", "node_filesystem_avail_bytes"],
    ["Share of filesystems in use", "1 - node_filesystem_avail_bytes / node_filesystem_size_bytes"],
  ])("is accepted: %s, %s", (title, expr) => {
    expect(claim(title, expr)).toBeUndefined();
  });

  test("is accepted when only the legend describes one of its queries", () => {
    expect(claim("How it ends", "rate(pg_stat_database_xact_commit[1m])", "committed on {{machine}}")).toBeUndefined();
    expect(claim("How it ends", "rate(pg_stat_database_xact_commit[1m])", "{{machine}}")).toBeDefined();
  });

  test("is accepted when each of its queries shows a part of the title", () => {
    const together = ["rate(pg_stat_database_xact_commit[1m])", "rate(pg_stat_database_xact_rollback[1m])"];
    const title = "Transactions: commit and rollback";
    for (const expr of together) expect(misreading({ title, expr, legend: "", together }, KNOWN)).toBeUndefined();
  });

  test("is accepted when a matcher has the word", () => {
    expect(claim("Stopped units", 'node_systemd_unit_state{state="stopped"}')).toBeUndefined();
  });
});

describe("a panel that reads something else", () => {
  test("is caught: failed proposals, read from the counter of leader changes", () => {
    expect(claim("Failed proposals", "rate(etcd_server_leader_changes_seen_total[1m])")).toBe(
      'is titled "Failed proposals", but reads etcd_server_leader_changes_seen_total ("The number of leader changes seen."); ' +
        'what fits the title is etcd_server_proposals_failed_total ("The total number of failed proposals seen.")',
    );
  });

  test("is caught when it is similar", () => {
    expect(claim("Failed proposals", "etcd_server_proposals_pending")).toContain(
      "what fits the title is etcd_server_proposals_failed_total",
    );
    expect(claim("Free space", "rate(pg_stat_database_xact_commit[1m])")).toContain('is titled "Free space"');
  });

  test("is caught although the title and all metrics name the program", () => {
    expect(claim("etcd", "etcd_server_proposals_pending")).toBeDefined();
  });
});
