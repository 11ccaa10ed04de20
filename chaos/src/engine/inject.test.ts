import { expect, test } from "bun:test";
import type { StandMachine } from "@goldenring/stand";
import { beyondBlastRadius } from "./inject.ts";

const machine = (name: string, ...roles: StandMachine["roles"]): StandMachine => ({
  name,
  address: name,
  roles,
  faultFolder: "/run/goldenring-chaos",
  run: () => Promise.reject(new Error("nothing is run here")),
});

const [one, two, proxy] = [machine("pg-01", "postgres"), machine("pg-02", "postgres"), machine("haproxy", "haproxy")];
const stand = { machines: [one, two, proxy] };
const faulty = (...names: string[]) => names.map((name) => ({ machine: name }));

test("a second machine of a role is refused, unless the experiment allows it", () => {
  expect(beyondBlastRadius(two, faulty("pg-01"), stand, {})).toContain("pg-01 and pg-02");
  expect(beyondBlastRadius(two, faulty("pg-01"), stand, { postgres: 2 })).toBeUndefined();
});

test("a second fault of the same machine, and machines of other roles, are within it", () => {
  expect(beyondBlastRadius(one, faulty("pg-01"), stand, {})).toBeUndefined();
  expect(beyondBlastRadius(proxy, faulty("pg-01", "operator"), stand, {})).toBeUndefined();
});
