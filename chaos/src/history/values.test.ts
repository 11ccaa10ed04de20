import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseValue, readSeen, valueName, writeSeen } from "./values.ts";

const values = fc.array(fc.record({ client: fc.nat(5), number: fc.nat(30) }));

test("a set of values is read as it was written", () => {
  fc.assert(
    fc.property(values, (all) => {
      const names = new Set(all.map(({ client, number }) => valueName("run-1", client, number)));
      expect(readSeen("run-1", writeSeen(all))).toEqual(names);
    }),
  );
});

test("neighbours become ranges", () => {
  const numbers = [3, 4, 5, 9].map((number) => ({ client: 0, number }));
  expect(writeSeen([...numbers, { client: 2, number: 1 }])).toBe("0:3-5,9;2:1");
});

test("what is no set of values is refused", () => {
  for (const text of ["x", "0:", "0:1-", "0:1;", "1-2"])
    expect(() => readSeen("run", text)).toThrow("no set of values");
});

test("values of other runs are none of this one", () => {
  expect(parseValue("run", "run:1:2")).toEqual({ client: 1, number: 2 });
  for (const text of ["run2:1:2", "run:1", "run:1:2:3", "run:a:b", "request 5"])
    expect(parseValue("run", text)).toBeUndefined();
});
