import { expect, test } from "bun:test";
import { type Role, runProgram, type StandMachine } from "@goldenring/stand";
import { acknowledgedAt } from "../history/acknowledged.fixture.ts";
import { readFailover } from "./journals.ts";

const STARTED = new Date("2026-11-30T18:00:00.000Z");
const FROM = 100_000;

/** As journalctl prints it with --output=short-unix. @param lines ms of the round, and what a unit logged */
function machine(name: string, role: Role, lines: readonly (readonly [number, string])[]): StandMachine {
  const journal = lines.map(
    ([at, text]) => `${((STARTED.getTime() + at) / 1_000).toFixed(6)} ${name} unit[7]: ${text}\n`,
  );
  const run: StandMachine["run"] = (command, { deadlineMs }) =>
    runProgram(["sh", "-c", `journalctl() { cat; }; ${command}`], { deadlineMs, input: journal.join("") });
  return { name, address: "10.0.0.1", roles: [role], faultFolder: "/none", run };
}

const history = acknowledgedAt(FROM, [4_900, 7_000]);
const sample = (node: string, at: number, timeline: number) =>
  ({ e: "sample", node, start: FROM + at, end: FROM + at + 5, role: "primary", state: "running", timeline }) as const;
const fault = { kind: "power-off", machine: "pg-01", words: "power", at: 5_000, injectedAt: 5_400, undoneAt: 20_000 };
const evidence = {
  history,
  stages: [{ name: "power", from: 5_000, to: 20_000, faults: [fault] }],
  samples: [sample("pg-01", 1_000, 3), sample("pg-02", 6_900, 4)],
  from: FROM,
};

test("the parts of a failover come from the journals of the machines and the guardian's decisions", async () => {
  const machines = [
    machine("pg-01", "postgres", [[1_000, "INFO: no action. I am (pg-01), the leader with the lock"]]),
    machine("pg-02", "postgres", [
      [6_000, "2026-11-30 18:00:06,000 INFO: promoted self to leader by acquiring session lock"],
      [6_100, "2026-11-30 18:00:06.100 UTC [9] LOG:  received promote request"],
      [6_400, "2026-11-30 18:00:06.400 UTC [9] LOG:  database system is ready to accept connections"],
    ]),
    machine("haproxy", "haproxy", [[6_650, "[WARNING] (1) : Server master/pg-02 is UP, reason: Layer7 check passed"]]),
  ];
  const newest = [{ time: new Date(STARTED.getTime() + 5_300).toISOString(), event: "is off" }];
  const guardian = () => ({ pid: 1, coolDownMs: 0, newest, recordedSince: () => "" });
  const expected = { detection: 400, key: 700, promotion: 400, haproxy: 250, search: 600 };
  expect(await readFailover({ machines, guardian }, evidence, STARTED)).toEqual(expected);
  expect(await readFailover({ machines, guardian }, { ...evidence, samples: [] }, STARTED)).toBeUndefined();
});
