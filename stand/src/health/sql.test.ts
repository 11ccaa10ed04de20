import { expect, test } from "bun:test";
import { type Stand, type StandMachine, thisComputer } from "../stand.ts";
import { primaryOf, sql } from "./sql.ts";

/** Answers each statement with this text; undefined: it cannot be reached. */
function database(name: string, answer: string | undefined): StandMachine {
  const { operator } = thisComputer("/nowhere");
  const run: StandMachine["run"] = async () =>
    answer === undefined ? { code: 255, stdout: "", stderr: "no connection" } : { code: 0, stdout: answer, stderr: "" };
  return { ...operator, name, roles: ["postgres"], run };
}

const standOf = (...machines: StandMachine[]): Stand => ({ ...thisComputer("/nowhere"), machines });

test("the primary is the one machine that is not in recovery, also when others do not answer", async () => {
  const [one, two] = [database("pg-01", "t\n"), database("pg-02", "f\n")];
  expect(await primaryOf(standOf(one, two))).toBe(two);
  expect(await primaryOf(standOf(database("pg-01", undefined), two))).toBe(two);
});

test("without a primary, or with two, none is named", async () => {
  await expect(primaryOf(standOf(database("pg-01", "t\n")))).rejects.toThrow("there is no primary");
  await expect(primaryOf(standOf(database("pg-01", "f\n"), database("pg-02", "f\n")))).rejects.toThrow("two primaries");
});

test("a statement that fails says where and why", async () => {
  await expect(sql(database("pg-01", undefined), "SELECT 1")).rejects.toThrow("pg-01: exit code 255: no connection");
});
