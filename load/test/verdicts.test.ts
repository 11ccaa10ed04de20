import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { EXIT } from "@goldenring/run-kit";
import { isAlive, type ProcessId, processIdOf, waitUntil } from "@goldenring/stand";
import { k6IsMissing, LoadCommand } from "./load-command.ts";
import { MisbehavingTarget, type Misbehaviour } from "./misbehaving-target.ts";

setDefaultTimeout(120_000);

const K6_ENDS_MS = 15_000;
const PLANNED_SECONDS = 60;

interface Setting {
  readonly target: MisbehavingTarget;
  readonly load: LoadCommand;
  /** A run of a minute. */
  readonly args: string[];
}

/** A test with a target and a folder of runs: such tests wait most of the time, and run side by side. */
function against(behaviour: Misbehaviour, work: (setting: Setting) => Promise<void>): () => Promise<void> {
  return async () => {
    const [target, load] = [new MisbehavingTarget(), new LoadCommand()];
    await target.start();
    target.behaviour = behaviour;
    const args = ["browse-cities", "--target", target.url, "--users", "5", "--duration", `${PLANNED_SECONDS}s`];
    try {
      await work({ target, load, args });
    } finally {
      await target.die();
      load.remove();
    }
  };
}

async function untilLoaded(target: MisbehavingTarget, requests: number): Promise<void> {
  while (target.requests < requests) await delay(50);
}

describe.skipIf(k6IsMissing)("a target that", () => {
  test.concurrent.each([
    ["answers 500", ["errors", "checks"]],
    ["is slow", ["p95", "p90"]],
    ["lies", ["checks"]],
    ["is silent", ["p95", "p90", "errors", "checks"]],
  ] as const)("%s misses the objectives of %p, long before the planned end", (behaviour, missed) =>
    against(behaviour, async ({ load, args }) => {
      const { exitCode, record, series, output } = await load.scenario(...args);
      expect(exitCode).toBe(EXIT.objectiveMissed);
      expect(record).toMatchObject({ endedBy: "objective missed", exit: EXIT.objectiveMissed });
      expect(record.verdict.filter(({ isHeld }) => !isHeld).map(({ name }) => name)).toEqual([...missed]);
      expect(series.rows.length).toBeLessThan(PLANNED_SECONDS);
      if (behaviour === "answers 500") {
        expect(record.verdict.find(({ name }) => name === "errors")?.actual).toBe(1);
        expect(record.figures.failed).toBe(record.figures.requests);
        expect(record.figures.usersAtBreak).toBe(5);
        expect(output).toContain("MISSED  failed 100.0 %");
      }
      if (behaviour === "is slow") expect(record.figures.latency?.p50).toBeGreaterThan(890);
      if (behaviour === "lies") {
        expect(record.figures.failed).toBe(0);
        expect(record.notes[0]).toContain("missing or wrong");
      }
    })(),
  );

  test.concurrent(
    "dies during the run is distinguished from one that is too slow",
    against("none", async ({ target, load, args }) => {
      const { ended } = load.start(args);
      await untilLoaded(target, 30);
      await target.die();
      const { exitCode } = await ended;
      const { record, series } = await load.newest();
      expect(exitCode).toBe(EXIT.targetUnreachable);
      expect(record).toMatchObject({ endedBy: "target unreachable", exit: EXIT.targetUnreachable });
      expect(record.notes).toContain("the target stopped answering");
      expect(series.rows.length).toBeLessThan(PLANNED_SECONDS);
    }),
  );

  test.concurrent(
    "is bad for a while is judged at the end when the run is to keep going",
    against("answers 500", async ({ load, args }) => {
      const { exitCode, record } = await load.scenario(...args, "--keep-going", "--duration", "5s");
      expect(exitCode).toBe(EXIT.objectiveMissed);
      expect(record.endedBy).toBe("duration");
      expect(Date.parse(record.end) - Date.parse(record.start)).toBeGreaterThan(4_000);
    }),
  );
});

describe("before any load", () => {
  const short = ["--users", "1", "--duration", "1s"];

  test.concurrent.skipIf(k6IsMissing)(
    "a target that is down is reported",
    against("none", async ({ target, load }) => {
      await target.die();
      const { exitCode, output } = await load.run("browse-cities", "--target", target.url, ...short);
      expect(exitCode).toBe(EXIT.targetUnreachable);
      expect(output).toContain(`${target.url}/Cities does not answer`);
      expect(readdirSync(load.runs)).toEqual([]);
      await target.start();
    }),
  );

  test.concurrent.skipIf(k6IsMissing)(
    "a target without the data is reported, with the command that adds them",
    against("none", async ({ target, load }) => {
      const { exitCode, output } = await load.run("browse-weather", "--target", target.url, ...short);
      expect(exitCode).toBe(EXIT.targetUnfit);
      expect(output).toContain("has 9 cities, 0 of them fit");
      expect(output).toContain(`ring load seed base --target ${target.url}`);
    }),
  );

  test.concurrent.skipIf(k6IsMissing)(
    "something that is no Weather API is reported",
    against("none", async ({ target, load }) => {
      const { exitCode, output } = await load.run("browse-cities", "--target", `${target.url}/elsewhere`, ...short);
      expect(exitCode).toBe(EXIT.targetUnfit);
      expect(output).toContain("answers 404 instead of 200");
    }),
  );

  test.concurrent.skipIf(k6IsMissing)(
    "somebody else's service is not loaded without permission",
    against("none", async ({ load }) => {
      const { exitCode, output } = await load.run("browse-cities", "--target", "http://203.0.113.5", ...short);
      expect(exitCode).toBe(EXIT.usage);
      expect(output).toContain("--i-own-this-target");
    }),
  );

  test.concurrent(
    "a missing k6 is reported, with the ways to install it",
    against("none", async ({ target, load }) => {
      const args = ["browse-cities", "--target", target.url, ...short];
      const { exitCode, output } = await load.start(args, { GOLDENRING_K6: "/no/such/k6" }).ended;
      expect(exitCode).toBe(EXIT.k6Missing);
      expect(output).toContain("go install");
    }),
  );

  test.concurrent.each([
    [["browse-cities", "--users", "0"]],
    [["browse-cities", "--ramp", "600"]],
    [["browse-cities", "--users", "1", "--max-users", "5"]],
    [["browse-cities", "--encoding", "br"]],
    [["browse-cities"]],
    [["no-such-scenario"]],
    [["capacity", "no-such-scenario"]],
    [["all", "--only", "steady,nothing"]],
    [["seed", "huge"]],
    [["unseed"]],
  ])("%p is wrong usage", (command) =>
    against("none", async ({ load }) => {
      const { exitCode } = await load.run(...command);
      expect(exitCode).toBe(EXIT.usage);
    })(),
  );
});

describe.skipIf(k6IsMissing || process.platform !== "linux")("a run that is stopped", () => {
  test.concurrent.each([
    ["SIGINT", EXIT.interrupted],
    ["SIGTERM", EXIT.terminated],
  ] as const)("by %s keeps its result so far, and no k6 stays behind", (signal, code) =>
    against("none", async ({ target, load, args }) => {
      const { child, ended } = load.start(args);
      await untilLoaded(target, 20);
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
    })(),
  );

  test.concurrent(
    "by SIGKILL takes its k6 along",
    against("none", async ({ target, load, args }) => {
      const { child, ended } = load.start(args);
      await untilLoaded(target, 10);
      const k6 = k6Of(child.pid);
      expect(isAlive(k6)).toBeTrue();
      child.kill("SIGKILL");
      await ended;
      expect(await waitUntil(() => !isAlive(k6), { deadlineMs: K6_ENDS_MS })).toBeTrue();
    }),
  );
});

function k6Of(parent: number | undefined): ProcessId {
  const children = execFileSync("ps", ["-o", "pid=,comm=", "--ppid", String(parent)], { encoding: "utf8" });
  const pid = processIdOf(Number(/^\s*(\d+)\s+k6$/m.exec(children)?.[1] ?? 0));
  if (pid === undefined) throw new Error(`there is no k6 among: ${children}`);
  return pid;
}
