import { expect, test } from "bun:test";
import { CommandError } from "@goldenring/run-kit";
import fc from "fast-check";
import { type Faults, healed, NO_FAULTS, rulesOf, withCut, withLoss } from "./faults.ts";

const rules = (faults: Faults): string[] =>
  rulesOf(faults)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.endsWith("drop"));

test("without faults nothing is dropped, and earlier rules are replaced", () => {
  expect(rules(NO_FAULTS)).toEqual([]);
  expect(rulesOf(NO_FAULTS)).toStartWith("table bridge faults\ndelete table bridge faults\n");
});

test("loss has its own rule and its own dice in each direction, and spares ARP", () => {
  expect(rules(withLoss(NO_FAULTS, "pg-01", 12.5, "both"))).toEqual([
    'iifname "vb-pg-01" ether type != arp numgen random mod 10000 < 1250 counter drop',
    'oifname "vb-pg-01" ether type != arp numgen random mod 10000 < 1250 counter drop',
  ]);
  expect(rules(withLoss(NO_FAULTS, "pg-01", 40, "out"))).toEqual([
    'iifname "vb-pg-01" ether type != arp numgen random mod 10000 < 4000 counter drop',
  ]);
});

test("a loss of 100 % needs no dice, and a loss that rounds to 0 has no rule", () => {
  expect(rules(withLoss(NO_FAULTS, "pg-01", 100, "in"))).toEqual(['oifname "vb-pg-01" ether type != arp counter drop']);
  expect(rules(withLoss(NO_FAULTS, "pg-01", 0.001, "in"))).toEqual([]);
});

test("a loss in one direction leaves the other as it is; 0 ends it", () => {
  const both = withLoss(withLoss(NO_FAULTS, "pg-01", 10, "both"), "pg-01", 30, "in");
  expect(both.loss).toEqual({ "pg-01": { in: 30, out: 10 } });
  expect(withLoss(both, "pg-01", 0, "both")).toEqual(NO_FAULTS);
});

test.each([-1, 100.5, Number.NaN])("a loss of %p percent is refused", (percent) => {
  expect(() => withLoss(NO_FAULTS, "pg-01", percent, "in")).toThrow(CommandError);
});

test("a cut drops everything both ways, ARP included", () => {
  expect(rules(withCut(NO_FAULTS, "pg-01"))).toEqual([
    'iifname "vb-pg-01" counter drop',
    'oifname "vb-pg-01" counter drop',
  ]);
});

test("a cut from one machine drops what passes between the two only", () => {
  expect(rules(withCut(NO_FAULTS, "pg-01", { from: "pg-02" }))).toEqual([
    'iifname "vb-pg-01" oifname "vb-pg-02" counter drop',
    'oifname "vb-pg-01" iifname "vb-pg-02" counter drop',
  ]);
});

test("a cut at a port, or in one direction, is seen from the machine", () => {
  expect(rules(withCut(NO_FAULTS, "pg-01", { from: "haproxy", port: 5_432 }))).toEqual([
    'iifname "vb-pg-01" oifname "vb-haproxy" tcp sport 5432 counter drop',
    'oifname "vb-pg-01" iifname "vb-haproxy" tcp dport 5432 counter drop',
  ]);
  expect(rules(withCut(NO_FAULTS, "pg-01", { direction: "in" }))).toEqual(['oifname "vb-pg-01" counter drop']);
  expect(rules(withCut(NO_FAULTS, "pg-01", { from: "pg-02", direction: "out" }))).toEqual([
    'iifname "vb-pg-01" oifname "vb-pg-02" counter drop',
  ]);
});

const machine = fc.constantFrom("pg-01", "pg-02", "haproxy");
const step = fc.oneof(
  fc.record({ kind: fc.constant("loss" as const), machine, percent: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ kind: fc.constant("cut" as const), machine }),
  fc.record({ kind: fc.constant("between" as const), machine, from: machine }),
);
const faults = fc.array(step, { maxLength: 8 }).map((steps) =>
  steps.reduce((before: Faults, each) => {
    if (each.kind === "loss") return withLoss(before, each.machine, each.percent, "both");
    return withCut(before, each.machine, each.kind === "between" ? { from: each.from } : {});
  }, NO_FAULTS),
);

test("healing a machine leaves no rule that names it and all the others; healing all leaves none", () => {
  fc.assert(
    fc.property(faults, machine, (before, name) => {
      const interfaceName = `"vb-${name}"`;
      expect(rules(healed(before, name))).toEqual(rules(before).filter((rule) => !rule.includes(interfaceName)));
      expect(rules(healed(before))).toEqual([]);
    }),
  );
});

test("the same cut twice is one", () => {
  fc.assert(
    fc.property(faults, machine, (before, name) => {
      const once = withCut(before, name);
      expect(withCut(once, name)).toEqual(once);
    }),
  );
});
