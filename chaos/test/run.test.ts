import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { EXIT } from "@goldenring/run-kit";
import { WeatherApi } from "@goldenring/run-kit/weather-api-fixture";
import { bunProgram, runProgram } from "@goldenring/stand";
import { HostileFolder } from "../../hostile-folder.fixture.ts";
import type { ExperimentInput, ExperimentRun } from "../src/index.ts";
import { readRun } from "../src/run/record.ts";
import { undoAllThere } from "../src/undo/guard.ts";

const CHAOS = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const DEADLINE = 120_000;

const folder = mkdtempSync(join(tmpdir(), "goldenring-chaos-run-"));
const runs = join(folder, "runs");
const api = new WeatherApi();
/** Where the program runs. */
const hostile = new HostileFolder();
const children: ChildProcess[] = [];

beforeAll(() => api.start(), DEADLINE);
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await api.remove();
  rmSync(folder, { recursive: true });
  hostile.remove();
}, DEADLINE);

/** An experiment as a user writes it for a service of his own: here the Weather API is one like any other. */
function experiment(id: string, change: Partial<ExperimentInput> = {}): string {
  const input: ExperimentInput = {
    id,
    title: "The disk beside the service fills",
    hypothesis: "The service does not notice.",
    expectations: [
      { words: "no read fails", metric: "failedReads", comparison: "at most", limit: 0, unit: "requests" },
      { words: "no write fails", metric: "failedWrites", comparison: "at most", limit: 0, unit: "requests" },
      { words: "nothing is lost", metric: "lostWrites", comparison: "at most", limit: 0, unit: "writes" },
      { words: "nothing is stored twice", metric: "duplicatedWrites", comparison: "at most", limit: 0, unit: "writes" },
    ],
    steadyState: { cluster: false, loadSeconds: 1, deadlineSeconds: 10 },
    load: { clients: 2, intervalMs: 50, background: { users: 3, intervalMs: 200, path: "/Cities/1" } },
    service: {
      target: api.url,
      reads: [{ path: "/Cities" }, { path: "/Cities/2" }],
      writes: [{ path: "/Forecast/1", body: '{"dateTime":1700000000,"temperature":5,"summary":"{value}"}' }],
      database: { urlVariable: "OWN_DATABASE", query: "SELECT summary FROM forecast WHERE summary LIKE $1" },
    },
    stages: [
      { name: "full", faults: [{ fault: "disk-fill", on: "operator", path: folder, fill: { mib: 5 } }], seconds: 2 },
    ],
    leadOutSeconds: 1,
    ...change,
  };
  const file = join(folder, `${id}.json`);
  writeFileSync(file, JSON.stringify(input));
  return file;
}

interface Chaos {
  readonly process: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

function chaos(...words: string[]): Chaos {
  const env = { ...process.env, RING_HOME: folder, OWN_DATABASE: api.databaseUrl };
  const [program = "", ...args] = bunProgram(CHAOS, ...words);
  const child = spawn(program, args, { cwd: hostile.path, env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text: Buffer) => {
      said += text.toString();
    });
  }
  return { process: child, said: () => said, ended: once(child, "close").then(([code]) => code as number | null) };
}

async function recordOf(id: string): Promise<ExperimentRun> {
  const name = readdirSync(runs).find((each) => each.endsWith(`Z-${id}`));
  return readRun(join(runs, name ?? "none"));
}

/** The fault lasts until something ends it. */
const LONG: ExperimentInput["stages"] = [
  { name: "full", faults: [{ fault: "disk-fill", on: "operator", path: folder, fill: { mib: 5 } }], seconds: 60 },
];

const isFilled = (): boolean => existsSync(join(folder, ".goldenring-chaos-fill"));

async function until(words: string, holds: () => boolean): Promise<void> {
  for (const giveUpAt = performance.now() + 30_000; !holds(); await delay(20))
    if (performance.now() > giveUpAt) throw new Error(`${words} did not come`);
}

const untilFilled = (): Promise<void> => until("the fault", isFilled);

test(
  "an experiment with the user's own service runs, is judged and recorded; its undo is on disk before its fault",
  async () => {
    const { ended, said } = chaos("run", experiment("mine"), "--runs", runs);
    expect([await ended, said()]).toEqual([EXIT.ok, expect.stringContaining("The hypothesis held.")]);
    const run = await recordOf("mine");
    expect(run.expectations.map(({ verdict, worst }) => [verdict, worst])).toEqual(Array(4).fill(["held", 0]));
    expect(run.journal.map(({ event }) => event)).toEqual([
      "steady",
      "load",
      "stage",
      "undo-written",
      "injected",
      "undone",
      "recovered",
      "judged",
    ]);
    const [round] = run.rounds;
    expect(round?.figures.acknowledgedWrites).toBeGreaterThan(50);
    expect(round?.figures.background?.ok).toBeGreaterThan(20);
    expect(round?.stages[0]?.faults[0]).toMatchObject({
      kind: "disk-fill",
      machine: "operator",
      undoneAt: expect.any(Number),
    });
    expect(round?.series.reads.length).toBeGreaterThan(3);
    expect(isFilled()).toBe(false);
    expect(hostile.traces).toBe("");
  },
  DEADLINE,
);

test(
  "a missed expectation is a deviation",
  async () => {
    const words = "writes take no time";
    const expectations = [{ words, metric: "longestWrite", comparison: "at most", limit: 0, unit: "ms" }] as const;
    const { ended } = chaos("run", experiment("deviates", { expectations: [...expectations] }), "--runs", runs);
    expect(await ended).toBe(EXIT.expectationMissed);
    expect(await recordOf("deviates")).toMatchObject({ endedBy: "deviated", ending: expect.stringContaining(words) });
  },
  DEADLINE,
);

test(
  "when the abort condition holds the fault is undone at once, and what was seen is kept",
  async () => {
    const abortWhen = [{ metric: "readSilence", above: 1_500, words: "no read is answered" }] as const;
    const { ended } = chaos("run", experiment("aborts", { abortWhen: [...abortWhen], stages: LONG }), "--runs", runs);
    await untilFilled();
    api.suspend();
    try {
      expect([await ended, isFilled()]).toEqual([EXIT.aborted, false]);
    } finally {
      api.resume();
    }
    expect(await recordOf("aborts")).toMatchObject({
      endedBy: "aborted",
      ending: expect.stringContaining("no read is answered"),
    });
  },
  DEADLINE,
);

test(
  "a service that is not well is not experimented with",
  async () => {
    const service = { target: api.url, reads: [{ path: "/nowhere" }] };
    const { ended } = chaos("run", experiment("unwell", { service }), "--runs", runs);
    expect(await ended).toBe(EXIT.notSteady);
    expect((await recordOf("unwell")).journal.map(({ event }) => event)).not.toContain("injected");
  },
  DEADLINE,
);

test(
  "what cannot be injected is named by the plan, and by a run before its load",
  async () => {
    const faults = [{ fault: "stop-unit", on: "operator", unit: "goldenring-nope" } as const];
    const file = experiment("no-unit", { stages: [{ name: "stop", faults, seconds: 1 }] });
    const plan = chaos("plan", file);
    const refusal = expect.stringContaining("goldenring-nope does not run there");
    expect([await plan.ended, plan.said()]).toEqual([EXIT.usage, refusal]);
    expect(await chaos("run", file, "--runs", runs).ended).toBe(EXIT.failed);
    const { ending, journal } = await recordOf("no-unit");
    expect([ending, journal.map(({ event }) => event)]).toEqual([refusal, ["steady", "judged"]]);
    const fit = chaos("plan", experiment("fit"));
    expect([await fit.ended, fit.said()]).toEqual([EXIT.ok, expect.stringContaining("can be injected")]);
    const elsewhere = chaos("plan", "CE-01");
    expect([await elsewhere.ended, elsewhere.said()]).toEqual([EXIT.ok, expect.stringContaining("not checked")]);
  },
  DEADLINE,
);

for (const [signal, code] of [
  ["SIGINT", EXIT.interrupted],
  ["SIGTERM", EXIT.terminated],
] as const) {
  test(
    `${signal} undoes the active faults and keeps the record`,
    async () => {
      const { process: engine, ended } = chaos("run", experiment(`gets-${signal}`, { stages: LONG }), "--runs", runs);
      await untilFilled();
      engine.kill(signal);
      expect([await ended, isFilled()]).toEqual([code, false]);
      expect((await recordOf(`gets-${signal}`)).journal.at(-2)?.event).toBe("undone");
    },
    DEADLINE,
  );
}

test(
  "an interruption is written into the journal of what it interrupts, not of what was over before",
  async () => {
    const over = experiment("over");
    const interrupted = experiment("is-interrupted", { stages: LONG });
    const { process: engine, ended, said } = chaos("run", over, interrupted, "--runs", runs);
    await until("the fault of the second experiment", () => said().includes("is-interrupted:") && isFilled());
    engine.kill("SIGINT");
    expect(await ended).toBe(EXIT.interrupted);
    const events = async (id: string) => (await recordOf(id)).journal.map(({ event }) => event);
    expect((await events("is-interrupted")).filter((event) => event === "interrupt")).toHaveLength(1);
    expect(await events("over")).not.toContain("interrupt");
    // The file of a closed journal may be anything by now: a write into it is an error, or worse.
    expect(said()).not.toContain("error:");
  },
  DEADLINE,
);

test(
  "a fault that something else ends before its time makes no verdict",
  async () => {
    const stages: ExperimentInput["stages"] = LONG.map((stage) => ({ ...stage, seconds: 3 }));
    const { ended, said } = chaos("run", experiment("ended-before", { stages }), "--runs", runs);
    await untilFilled();
    const faults = join(folder, "this-computer", "chaos", "faults");
    await runProgram(["sh", "-c", undoAllThere(faults)], { deadlineMs: 10_000 });
    expect([await ended, said()]).toEqual([EXIT.failed, expect.stringContaining("had ended before its time")]);
    expect(await recordOf("ended-before")).toMatchObject({ endedBy: "failed" });
  },
  DEADLINE,
);

test(
  "the kill switch ends the running experiment, and a second run is refused until then",
  async () => {
    const first = chaos("run", experiment("long", { stages: LONG }), "--runs", runs);
    await untilFilled();
    expect(await chaos("run", experiment("second"), "--runs", runs).ended).toBe(EXIT.busy);
    const stop = chaos("stop");
    expect(await first.ended).toBe(EXIT.terminated);
    await stop.ended;
    expect(stop.said()).toContain("ending long");
    expect(isFilled()).toBe(false);
  },
  DEADLINE,
);

test(
  "what a killed run has left is undone by the next one, and its probes have ended",
  async () => {
    const first = chaos("run", experiment("killed", { stages: LONG }), "--runs", runs);
    await untilFilled();
    first.process.kill("SIGKILL");
    await first.ended;
    expect(isFilled()).toBe(true);
    const open = chaos("open");
    await open.ended;
    expect(open.said()).toContain("5 MiB of the disk");
    const next = chaos("run", experiment("next"), "--runs", runs);
    expect(await next.ended).toBe(EXIT.ok);
    expect(next.said()).toContain("may be active: undoing it");
    expect(isFilled()).toBe(false);
  },
  DEADLINE,
);

test(
  "real machines are not hurt without being asked",
  async () => {
    const inventory = join(folder, "inventory.yml");
    writeFileSync(
      inventory,
      `all:\n  vars:\n    stand_name: shop\n    stand_network: 10.99.0.0/24\n    stand_secrets: ${folder}/secrets\n  children:\n    etcd:\n      hosts:\n        web-01:\n          ansible_host: 10.99.0.1\n`,
    );
    const { ended, said } = chaos("--inventory", inventory, "run", experiment("shop"), "--runs", runs);
    expect([await ended, said()]).toEqual([EXIT.usage, expect.stringContaining("--i-own-these-machines")]);
  },
  DEADLINE,
);
