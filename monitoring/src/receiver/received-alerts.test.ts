import { describe, expect, test } from "bun:test";
import { WATCHDOG } from "@goldenring/stand";
import { alertOf, notificationOf } from "./notifications.fixture.ts";
import { lastHeartbeat, receivedAlerts } from "./received-alerts.ts";

const second = (number: number): string => `2026-01-01T00:00:${String(number).padStart(2, "0")}.000Z`;

describe("the alerts that were received", () => {
  test("are each told once, with the time from its change to its arrival", () => {
    const firing = alertOf("Down", { startsAt: second(0) });
    const resolved = alertOf("Down", { startsAt: second(0), status: "resolved", endsAt: second(30) });
    const told = receivedAlerts([
      notificationOf(second(7), firing),
      // The group has one more by now, and is told as a whole.
      notificationOf(second(20), firing, alertOf("Slow", { startsAt: second(18) })),
      notificationOf(second(32), resolved),
    ]);
    expect(told.map(({ name, status, delayMs }) => [name, status, delayMs])).toEqual([
      ["Down", "firing", 7_000],
      ["Slow", "firing", 2_000],
      ["Down", "resolved", 2_000],
    ]);
    expect(told.map(({ endsAt }) => endsAt)).toEqual([undefined, undefined, second(30)]);
  });

  test("that fire a second time are told a second time", () => {
    const told = receivedAlerts([
      notificationOf(second(1), alertOf("Down", { startsAt: second(0) })),
      notificationOf(second(41), alertOf("Down", { startsAt: second(40) })),
    ]);
    expect(told.map(({ startsAt }) => startsAt)).toEqual([second(0), second(40)]);
  });

  test("of two machines are two", () => {
    const told = receivedAlerts([
      notificationOf(second(1), alertOf("Down", { fingerprint: "a" }), alertOf("Down", { fingerprint: "b" })),
    ]);
    expect(told).toHaveLength(2);
  });

  test("are without the dead man's switch, whose last word is told apart", () => {
    const notifications = [
      notificationOf(second(1), alertOf(WATCHDOG)),
      notificationOf(second(2), alertOf(WATCHDOG)),
      notificationOf(second(3), alertOf("Down")),
    ];
    expect(receivedAlerts(notifications).map(({ name }) => name)).toEqual(["Down"]);
    expect(lastHeartbeat(notifications)).toBe(second(2));
    expect(lastHeartbeat([])).toBeUndefined();
  });
});
