import { describe, expect, test } from "bun:test";
import type { ResourceRow, ResourceUse } from "../record/record.ts";
import { RULES, saturationOf } from "./saturation.ts";

const saturationIn = (parts: ResourceRow[]) =>
  saturationOf({ computer: { os: "", cpu: "", cores: 2, memoryMiB: 24 * 2 ** 10 } }, { parts });

/** A row a second; each part's use from its second on. */
function rows(seconds: number, of: (second: number) => readonly ResourceUse[]): ResourceRow[] {
  return Array.from({ length: seconds }, (_, at) => ({ t: at + 1, parts: [...of(at + 1)] }));
}

const QUIET = [
  { name: "api-01", cpuShare: 0.2, memoryBytes: 80 * 2 ** 20 },
  { name: "pg-01", cpuShare: 0.1 },
  { name: "k6", cpuShare: 0.2 },
  { name: "computer", cpuShare: 0.5 },
];

function withUse(name: string, use: Partial<ResourceUse>): ResourceUse[] {
  return QUIET.map((part) => (part.name === name ? { ...part, ...use } : part));
}

describe("what was saturated first", () => {
  test("is nothing where no resource was at its limit", () => {
    expect(saturationIn(rows(60, () => QUIET))).toEqual({ first: "none", exhausted: [] });
  });

  test("is unknown where no resource was measured", () => {
    expect(saturationIn([]).first).toBe("not measured");
    expect(saturationIn(rows(60, () => [])).first).toBe("not measured");
  });

  test("is judged by the memory that the replicas of the stand may use", () => {
    const computer = { os: "", cpu: "", cores: 2, memoryMiB: 24 * 2 ** 10 };
    const parts = rows(60, () => withUse("api-01", { memoryBytes: 127 * 2 ** 20 }));
    const firstAt = (memoryMiB: number): string =>
      saturationOf({ computer, size: { replicas: 3, cpu: 0.25, memoryMiB } }, { parts }).first;
    expect([128, 256].map(firstAt)).toEqual(["memory of a replica", "none"]);
  });

  test("is the only resource at its limit", () => {
    const cases: readonly (readonly [string, Partial<ResourceUse>, string])[] = [
      ["api-01", { cpuShare: 0.97 }, "CPU of a replica"],
      ["api-01", { memoryBytes: 127 * 2 ** 20 }, "memory of a replica"],
      ["pg-01", { cpuShare: 0.95 }, "CPU of the database"],
      ["k6", { cpuShare: 0.7 }, "k6 itself"],
      ["computer", { cpuShare: 0.99 }, "CPU of the computer"],
    ];
    for (const [name, use, cause] of cases) {
      const found = saturationIn(rows(30, (second) => (second > 10 ? withUse(name, use) : QUIET)));
      expect(found.first).toBe(cause);
      expect(found.exhausted.map((each) => each.cause)).toEqual([cause]);
      expect(found.exhausted[0]?.since).toBeWithin(8, 12);
    }
  });

  test("is the resource that reached its limit first; the others follow", () => {
    const found = saturationIn(
      rows(60, (second) => [
        { name: "api-01", cpuShare: second > 40 ? 1 : 0.3 },
        { name: "computer", cpuShare: second > 20 ? 1 : 0.3 },
      ]),
    );
    expect(found.exhausted.map(({ cause }) => cause)).toEqual(["CPU of the computer", "CPU of a replica"]);
  });

  test("is the busiest replica, whatever the others do", () => {
    const found = saturationIn(
      rows(20, () => [
        { name: "api-01", cpuShare: 0.1 },
        { name: "api-02", cpuShare: 0.98 },
      ]),
    );
    expect(found.first).toBe("CPU of a replica");
  });

  test("is not a spike of two seconds, and a gap of one does not hide it", () => {
    const busyIn = (seconds: readonly number[]): ResourceRow[] =>
      rows(20, (second) => withUse("api-01", { cpuShare: seconds.includes(second) ? 1 : 0.2 }));
    expect(saturationIn(busyIn([10, 11])).first).toBe("none");
    expect(saturationIn(busyIn([8, 9, 11, 12])).first).toBe("CPU of a replica");
  });

  test("is found where the stand and the computer are measured at different moments", () => {
    const apart = rows(20, () => []).flatMap(({ t }) => [
      { t, parts: [{ name: "computer", cpuShare: 0.4 }] },
      { t: t + 0.4, parts: [{ name: "api-01", cpuShare: 0.95 }] },
    ]);
    expect(saturationIn(apart).first).toBe("CPU of a replica");
  });

  test("follows rules that each have a reason", () => {
    for (const { share, why } of RULES) {
      expect(share).toBeWithin(0.5, 1);
      expect(why.length).toBeGreaterThan(20);
    }
  });
});
