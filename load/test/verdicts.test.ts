import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { EXIT } from "@goldenring/run-kit";
import { isGiven } from "../../skips.fixture.ts";
import { k6IsMissing, LoadCommand } from "./load-command.ts";
import { MisbehavingTarget } from "./misbehaving-target.ts";

const DEADLINE_MS = 120_000;
setDefaultTimeout(DEADLINE_MS);

let target: MisbehavingTarget;
let load: LoadCommand;
beforeEach(async () => {
  target = new MisbehavingTarget();
  load = new LoadCommand();
  await target.start();
});
afterEach(async () => {
  await target.die();
  load.remove();
});

function args(...more: string[]): string[] {
  return ["browse-cities", "--target", target.url, "--users", "5", "--duration", "60s", ...more];
}

/** The run had a minute's time and must not have needed it. */
function secondsOf({ start, end }: { readonly start: string; readonly end: string }): number {
  return (Date.parse(end) - Date.parse(start)) / 1000;
}

async function untilLoaded(requests = 10): Promise<void> {
  while (target.requests < requests) await delay(50);
}

describe.skipIf(k6IsMissing)("a target that", () => {
  test("answers 500 breaks the objective of errors", async () => {
    target.behaviour = "answers 500";
    const { exitCode, record, output } = await load.scenario(...args());
    expect(exitCode).toBe(EXIT.objectiveMissed);
    expect(record).toMatchObject({ endedBy: "objective missed", exit: EXIT.objectiveMissed });
    expect(record.verdict.find(({ name }) => name === "errors")).toMatchObject({ actual: 1, isHeld: false });
    expect(record.figures.failed).toBe(record.figures.requests);
    expect(record.figures.usersAtBreak).toBe(5);
    expect(secondsOf(record)).toBeLessThan(30);
    expect(output).toContain("MISSED  failed 100.0 %");
  });

  test("answers slowly breaks the objectives of latency, and only those", async () => {
    target.behaviour = "is slow";
    const { exitCode, record } = await load.scenario(...args());
    expect(exitCode).toBe(EXIT.objectiveMissed);
    expect(record.endedBy).toBe("objective missed");
    expect(record.verdict.filter(({ isHeld }) => !isHeld).map(({ name }) => name)).toEqual(["p95", "p90"]);
    expect(record.figures.latency?.p50).toBeGreaterThan(890);
    expect(secondsOf(record)).toBeLessThan(30);
  });

  test("lies in the body is found out although every status is 200", async () => {
    target.behaviour = "lies";
    const { exitCode, record } = await load.scenario(...args());
    expect(exitCode).toBe(EXIT.objectiveMissed);
    expect(record.figures.failed).toBe(0);
    expect(record.verdict.filter(({ isHeld }) => !isHeld).map(({ name }) => name)).toEqual(["checks"]);
    expect(record.notes[0]).toContain("missing or wrong");
  });

  test("never answers breaks the objective of errors in bounded time", async () => {
    target.behaviour = "is silent";
    const { exitCode, record } = await load.scenario(...args());
    expect(exitCode).toBe(EXIT.objectiveMissed);
    expect(record.verdict.find(({ name }) => name === "errors")).toMatchObject({ isHeld: false });
    expect(secondsOf(record)).toBeLessThan(40);
  });

  test("dies in mid-run is told from one that is too slow", async () => {
    const { ended } = load.start(args());
    await untilLoaded(30);
    await target.die();
    const { exitCode } = await ended;
    const { record } = await load.newest();
    expect(exitCode).toBe(EXIT.targetUnreachable);
    expect(record).toMatchObject({ endedBy: "target unreachable", exit: EXIT.targetUnreachable });
    expect(record.notes).toContain("the target stopped answering");
    expect(secondsOf(record)).toBeLessThan(30);
  });

  test("is bad for a while is judged at the end when the run is to keep going", async () => {
    target.behaviour = "answers 500";
    const { exitCode, record } = await load.scenario(...args("--keep-going", "--duration", "5s"));
    expect(exitCode).toBe(EXIT.objectiveMissed);
    expect(record.endedBy).toBe("duration");
    expect(secondsOf(record)).toBeGreaterThan(4);
  });
});

describe("before any load", () => {
  const short = ["--users", "1", "--duration", "1s"];

  test.skipIf(k6IsMissing)("a target that is down is told", async () => {
    const { url } = target;
    await target.die();
    const { exitCode, output } = await load.run("browse-cities", "--target", url, ...short);
    expect(exitCode).toBe(EXIT.targetUnreachable);
    expect(output).toContain(`${url}/Cities does not answer`);
    expect(readdirSync(load.runs)).toEqual([]);
    await target.start();
  });

  test.skipIf(k6IsMissing)("a target without the data is told, and how to put it there", async () => {
    const { exitCode, output } = await load.run("browse-weather", "--target", target.url, ...short);
    expect(exitCode).toBe(EXIT.targetUnfit);
    expect(output).toContain("has 9 cities, 0 of them fit");
    expect(output).toContain(`load seed base --target ${target.url}`);
  });

  test.skipIf(k6IsMissing)("something that is no Weather API is told", async () => {
    const { exitCode, output } = await load.run("browse-cities", "--target", `${target.url}/elsewhere`, ...short);
    expect(exitCode).toBe(EXIT.targetUnfit);
    expect(output).toContain("answers 404 instead of 200");
  });

  test.skipIf(k6IsMissing)("somebody else's service is not loaded without the user's word", async () => {
    const { exitCode, output } = await load.run("browse-cities", "--target", "http://203.0.113.5", ...short);
    expect(exitCode).toBe(EXIT.usage);
    expect(output).toContain("--i-own-this-target");
  });

  test("a k6 that is not there is told", async () => {
    const started = load.start(["browse-cities", "--target", target.url, ...short], { GOLDENRING_K6: "/no/such/k6" });
    const { exitCode, output } = await started.ended;
    expect(exitCode).toBe(EXIT.k6Missing);
    expect(output).toContain("go install");
  });

  test.each([
    [["browse-cities", "--users", "0"]],
    [["browse-cities", "--ramp", "600"]],
    [["browse-cities", "--users", "1", "--max-users", "5"]],
    [["browse-cities", "--encoding", "br"]],
    [["browse-cities"]],
    [["no-such-scenario"]],
    [["seed", "huge"]],
    [["unseed"]],
  ])("%p is wrong usage", async (command) => {
    const { exitCode } = await load.run(...command);
    expect(exitCode).toBe(EXIT.usage);
  });
});

describe.skipIf(k6IsMissing || !isGiven("Linux", process.platform === "linux"))("a run that is stopped", () => {
  for (const [signal, code] of [
    ["SIGINT", EXIT.interrupted],
    ["SIGTERM", EXIT.terminated],
  ] as const) {
    test(`by ${signal} keeps its result so far, and no k6 stays behind`, async () => {
      const { child, ended } = load.start(args());
      await untilLoaded(20);
      const k6 = k6Of(child.pid);
      await delay(1_500);
      child.kill(signal);
      const { exitCode, output } = await ended;
      const { record } = await load.newest();
      expect(exitCode).toBe(code);
      expect(record).toMatchObject({ endedBy: "interrupted", exit: code });
      expect(record.figures.requests).toBeGreaterThan(15);
      expect(output).toContain("interrupted: this is the result so far");
      expect(isAlive(k6)).toBeFalse();
    });
  }

  test("by SIGKILL takes its k6 along", async () => {
    const { child, ended } = load.start(args());
    await untilLoaded(10);
    const k6 = k6Of(child.pid);
    expect(isAlive(k6)).toBeTrue();
    child.kill("SIGKILL");
    await ended;
    for (let waited = 0; isAlive(k6) && waited < 15_000; waited += 100) await delay(100);
    expect(isAlive(k6)).toBeFalse();
  });
});

function k6Of(parent: number | undefined): number {
  const children = execFileSync("ps", ["-o", "pid=,comm=", "--ppid", String(parent)], { encoding: "utf8" });
  const pid = /^\s*(\d+)\s+k6$/m.exec(children)?.[1];
  if (pid === undefined) throw new Error(`there is no k6 among: ${children}`);
  return Number(pid);
}

/** A dead process that nobody has waited for yet is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
