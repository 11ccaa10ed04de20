import { describe, expect, test } from "bun:test";
import { type AlertmanagerAlert, firingAlerts } from "./alertmanager.ts";
import type { Alert } from "./prometheus.ts";

const alert = (name: string, change: Partial<Alert> = {}): Alert => ({
  name,
  labels: { alertname: name, machine: "pg-01", severity: "warning" },
  annotations: { summary: `${name}!` },
  state: "firing",
  activeAt: "2026-01-01T00:00:00Z",
  value: 1,
  ...change,
});

const known = ({ labels }: Alert, change: Partial<AlertmanagerAlert> = {}): AlertmanagerAlert => ({
  labels: { ...labels, stand: "lab" },
  state: "active",
  inhibitedBy: [],
  silencedBy: [],
  ...change,
});

describe("the alerts that fire", () => {
  test("are without pending ones and the dead man's switch, the worst and then the oldest first", () => {
    const critical = { alertname: "D", severity: "critical" };
    const found = firingAlerts(
      [
        alert("A"),
        alert("B", { activeAt: "2025-12-31T00:00:00Z" }),
        alert("C", { state: "pending" }),
        alert("D", { labels: critical }),
        alert("E", { labels: { alertname: "E" } }),
        alert("Watchdog"),
      ],
      [],
    );
    expect(found.map(({ name, severity, machine }) => [name, severity, machine])).toEqual([
      ["D", "critical", ""],
      ["B", "warning", "pg-01"],
      ["A", "warning", "pg-01"],
      ["E", "", ""],
    ]);
  });

  test("say what Alertmanager makes of them, which may have given them labels more", () => {
    const [a, b, c, d, e] = ["A", "B", "C", "D", "E"].map((name) => alert(name));
    if (!a || !b || !c || !d || !e) throw new Error("there are five");
    const found = firingAlerts(
      [a, b, c, d, e],
      [
        known(a),
        known(b, { state: "suppressed", inhibitedBy: ["x"] }),
        known(c, { state: "suppressed", silencedBy: ["x"], inhibitedBy: ["x"] }),
        known(d, { state: "unprocessed" }),
        known({ ...e, labels: { ...e.labels, machine: "pg-02" } }),
      ],
    );
    expect(found.map(({ delivery }) => delivery)).toEqual([
      "sent",
      "inhibited by another alert",
      "silenced",
      "unknown",
      "unknown",
    ]);
  });

  test("have an unknown delivery when Alertmanager did not answer", () => {
    expect(firingAlerts([alert("A")], undefined).map(({ delivery }) => delivery)).toEqual(["unknown"]);
  });
});
