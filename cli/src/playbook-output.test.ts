import { describe, expect, test } from "bun:test";
import { failuresIn, stepOf } from "./playbook.ts";

test.each([
  ["TASK [etcd : The service runs] ****************", { role: "etcd", task: "The service runs" }],
  ["RUNNING HANDLER [weather_api : Restart] ***", { role: "weather_api", task: "Restart" }],
  ["TASK [Gathering Facts] ***", { role: undefined, task: "Gathering Facts" }],
])("%s is a step", (line, step) => {
  expect(stepOf(line)).toEqual(step);
});

test.each([["PLAY [etcd] ****"], ["ok: [etcd-01]"], ["changed: [pg-01] => (item=TASK [x])"], [""]])(
  "%p is none",
  (line) => {
    expect(stepOf(line)).toBeUndefined();
  },
);

describe("the failures in a playbook's output", () => {
  test("are the messages of the tasks that failed, without what else is in them", () => {
    const json = JSON.stringify({ changed: false, msg: "no such unit", stderr: "exit 5", invocation: { secret: "x" } });
    const output = `TASK [a : b] ***\nok: [pg-01]\nfatal: [pg-02]: FAILED! => ${json}\nPLAY RECAP ***\npg-02: ok=1 failed=1\n`;
    expect(failuresIn(output)).toBe("fatal: [pg-02]: FAILED!: no such unit | exit 5");
  });

  test("are the last lines when no task is named", () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    expect(failuresIn(lines.join("\n")).split("\n")).toEqual(lines.slice(-10));
  });
});
