import { expect, test } from "bun:test";
import { AddedValues } from "./added-values.ts";

/** Two requests: the first was acknowledged at 10 as id 1, the second was not. */
function twoRequests() {
  const added = new AddedValues();
  const first = added.next(5);
  const second = added.next(5);
  added.acknowledge(first, { ...first, id: 1 }, 10);
  return { added, first, second };
}

test("a list without a value acknowledged before its moment is found", () => {
  const { added } = twoRequests();
  added.checkList([], 9, false);
  expect(added.violations).toEqual([]);
  added.checkList([], 11, false);
  expect(added.violations).toHaveLength(1);
});

test("a value stored twice is found, acknowledged or not", () => {
  const { added, first, second } = twoRequests();
  added.checkTable([
    { ...first, id: 1 },
    { ...second, id: 2 },
  ]);
  expect(added.violations).toEqual([]);
  added.checkTable([
    { ...first, id: 1 },
    { ...second, id: 2 },
    { ...second, id: 3 },
  ]);
  expect(added.violations).toEqual(["the table has request 2 twice"]);
});

test("a value under another id, or another value under its id, is found", () => {
  const { added, first, second } = twoRequests();
  added.checkTable([{ ...first, id: 2 }]);
  added.checkTable([{ ...second, id: 1 }]);
  expect(added.violations).toHaveLength(2);
});

test("a changed value, and an answer that is not what was sent, are found", () => {
  const { added, first, second } = twoRequests();
  added.checkTable([{ ...first, id: 1, temperature: -40 }]);
  added.acknowledge(second, { ...second, id: 2, cityId: 6 }, 20);
  expect(added.violations).toHaveLength(2);
});
