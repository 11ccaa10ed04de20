import { expect, test } from "bun:test";
import type { Finding } from "@goldenring/monitoring";
import { verificationText } from "./dashboards.ts";

const fine: Finding = { source: "etcd: Leader", expr: "etcd_server_has_leader", verdict: "data" };
const rightlyEmpty: Finding = { source: "etcd: Lost", expr: "x", verdict: "declared empty", reason: "none is lost" };

test("when every query has data, their count is enough", () => {
  const text = verificationText({ findings: [fine, rightlyEmpty], checked: 2, failed: [] });
  expect(text).toBe("2 queries checked, 1 of them rightly empty on a healthy stand: every one has its data");
});

test("each query that failed is named with its expression", () => {
  const failed: Finding[] = [
    { source: "Nodes: CPU", expr: "rate(node_cpu[5m])\n  > 1\n", verdict: "empty" },
    { source: "Rule: Broken", expr: "sum(up", verdict: "error", reason: "bad_data: unclosed left parenthesis" },
  ];
  expect(verificationText({ findings: [fine, ...failed], checked: 3, failed }).split("\n")).toEqual([
    "Nodes: CPU: returns nothing",
    "  rate(node_cpu[5m])",
    "    > 1",
    "Rule: Broken: error: bad_data: unclosed left parenthesis",
    "  sum(up",
    "3 queries checked: 2 failed",
  ]);
});
