import { describe, expect, test } from "bun:test";
import { WATCHDOG } from "@goldenring/stand";
import { lastHeartbeat, receivedAlerts } from "./alert-log.ts";
import { alertOf, notificationOf } from "./notifications.fixture.ts";

const second = (number: number): string => `2026-01-01T00:00:${String(number).padStart(2, "0")}.000Z`;

describe("the alerts that were received", () => {
  test("count once each, with the time from the change to the arrival", () => {
    const firing = alertOf("Down", { startsAt: second(0) });
    const resolved = alertOf("Down", { startsAt: second(0), status: "resolved", endsAt: second(30) });
    const received = receivedAlerts([
      notificationOf(second(7), firing),
      // The group has a second alert; its notification repeats the first one.
      notificationOf(second(20), firing, alertOf("Slow", { startsAt: second(18) })),
      notificationOf(second(32), resolved),
    ]);
    expect(received.map(({ name, status, delayMs }) => [name, status, delayMs])).toEqual([
      ["Down", "firing", 7_000],
      ["Slow", "firing", 2_000],
      ["Down", "resolved", 2_000],
    ]);
    expect(received.map(({ endsAt }) => endsAt)).toEqual([undefined, undefined, second(30)]);
  });

  test("that fire again count again", () => {
    const received = receivedAlerts([
      notificationOf(second(1), alertOf("Down", { startsAt: second(0) })),
      notificationOf(second(41), alertOf("Down", { startsAt: second(40) })),
    ]);
    expect(received.map(({ startsAt }) => startsAt)).toEqual([second(0), second(40)]);
  });

  test("of two machines count as two", () => {
    const received = receivedAlerts([
      notificationOf(second(1), alertOf("Down", { fingerprint: "a" }), alertOf("Down", { fingerprint: "b" })),
    ]);
    expect(received).toHaveLength(2);
  });

  test("do not include the dead man's switch; its last notification is the heartbeat", () => {
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
