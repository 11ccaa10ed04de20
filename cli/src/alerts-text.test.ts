import { expect, test } from "bun:test";
import type { ReceivedAlert } from "@goldenring/monitoring";
import { alertsText, receivedLine } from "./alerts-text.ts";

const received: ReceivedAlert = {
  name: "EtcdNoLeader",
  status: "firing",
  labels: { severity: "critical", machine: "etcd-01" },
  annotations: { summary: "etcd has no leader" },
  startsAt: "2026-01-01T00:00:00Z",
  endsAt: undefined,
  arrivedAt: "2026-01-01T00:00:07.2Z",
  delayMs: 7_200,
};

test("firing alerts, received ones and the heartbeat are shown", () => {
  const firing = {
    name: "HostHot",
    severity: "warning",
    machine: "pg-01",
    delivery: "silenced" as const,
    since: new Date(Date.now() - 60_000).toISOString(),
    value: 1,
    summary: "hot",
    labels: {},
  };
  const heartbeat = new Date(Date.now() - 30_000).toISOString();
  const lines = alertsText({ firing: [firing], received: [received], heartbeat }, "10m").split("\n");
  expect(lines).toEqual([
    "Firing",
    "  warning  HostHot  pg-01  for 60 s  silenced  hot",
    "",
    "Received in the last 10m",
    expect.stringMatching(
      /^ {2}\d\d:\d\d:07 {2}firing {2}critical {2}EtcdNoLeader {2}etcd-01 {2}after 7.2 s {2}etcd has no leader$/,
    ),
    "",
    "Heartbeat  30 s ago",
    "",
  ]);
});

test("where nothing fires and nothing arrived, that is said", () => {
  const text = alertsText({ firing: [], received: [], heartbeat: undefined }, "1h");
  expect(text).toBe("Firing\n  none\n\nReceived in the last 1h\n  none\n\nHeartbeat  none yet\n");
});

test("of real machines, whose alerts go elsewhere, only those that fire are shown", () => {
  expect(alertsText({ firing: [], received: undefined, heartbeat: undefined }, "1h")).toBe("Firing\n  none\n");
});

test("an alert that is over is a line without its summary", () => {
  const over = { ...received, status: "resolved" as const };
  expect(receivedLine(over)).toMatch(
    /^\d\d:\d\d:07 {2}resolved {2}critical {2}EtcdNoLeader {2}etcd-01 {2}after 7.2 s$/,
  );
});

test("what an alert says stays one harmless line, so that it can neither clear the screen nor write a line of ring's", () => {
  const summary = "\u001b[2J\u001b[Hbad\nHeartbeat  1 s ago";
  const forging = { ...received, annotations: { summary }, labels: { ...received.labels, machine: "pg\u202e" } };
  const shown = "\\u001b[2J\\u001b[Hbad\\nHeartbeat  1 s ago";
  expect(receivedLine(forging)).toEndWith(shown);
  const lines = alertsText({ firing: [], received: [forging], heartbeat: undefined }, "1h").split("\n");
  expect(lines.filter((line) => line.startsWith("Heartbeat"))).toEqual(["Heartbeat  none yet"]);
  expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
});
