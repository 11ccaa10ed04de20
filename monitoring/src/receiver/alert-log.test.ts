import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendToAlertLog, readAlertLog } from "./alert-log.ts";
import { alertOf, notificationOf } from "./notifications.fixture.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-alert-log-"));
  file = join(folder, "alerts.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

const numbered = (number: number) => notificationOf(`2026-01-01T00:00:${number}Z`, alertOf("A"));

describe("the log of alerts", () => {
  test("is empty before the first one", () => {
    expect(readAlertLog(file)).toEqual([]);
  });

  test("returns what was appended, oldest first, and only its owner can read it", () => {
    appendToAlertLog(file, numbered(10));
    appendToAlertLog(file, numbered(11));
    expect(readAlertLog(file)).toEqual([numbered(10), numbered(11)]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("skips a line that a full disk or a crash truncated", () => {
    appendToAlertLog(file, numbered(10));
    appendFileSync(file, '{"arrivedAt":"2026\n');
    appendToAlertLog(file, numbered(11));
    appendFileSync(file, '{"half');
    expect(readAlertLog(file)).toEqual([numbered(10), numbered(11)]);
  });

  test("holds at most two files of its size, and the newest notifications", () => {
    const size = Buffer.byteLength(`${JSON.stringify(numbered(10))}\n`);
    for (let number = 10; number < 30; number += 1) {
      appendToAlertLog(file, numbered(number), 3 * size);
      expect(statSync(file).size).toBeLessThanOrEqual(3 * size);
    }
    const kept = readAlertLog(file);
    expect(kept.length).toBeGreaterThan(3);
    expect(kept.length).toBeLessThanOrEqual(6);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => numbered(30 - kept.length + index)));
  });

  test("stores a notification that is larger than a file, too", () => {
    appendToAlertLog(file, numbered(10), 10);
    appendToAlertLog(file, numbered(11), 10);
    expect(readAlertLog(file)).toEqual([numbered(10), numbered(11)]);
  });
});
