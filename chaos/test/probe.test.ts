import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { WeatherApi } from "@goldenring/run-kit/weather-api-fixture";
import { waitUntil } from "@goldenring/stand";
import { checkHistory } from "../src/check/check.ts";
import { monotonicMs } from "../src/clock.ts";
import { PROBE_PROGRAM } from "../src/engine/observers.ts";
import { readHistory } from "../src/history/history.ts";
import { summarize } from "../src/history/summary.ts";
import { parseRows, rowsOfRunSql } from "../src/stored/weather-rows.ts";

const DEADLINE = 120_000;

const folder = mkdtempSync(join(tmpdir(), "goldenring-probe-"));
const api = new WeatherApi();
const probes: ChildProcess[] = [];

beforeAll(() => api.start(), DEADLINE);
afterAll(async () => {
  for (const probe of probes) probe.kill("SIGKILL");
  await api.remove();
  rmSync(folder, { recursive: true });
}, DEADLINE);

interface RunningProbe {
  readonly run: string;
  readonly file: string;
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
}

/** Argv of a probe with this plan. */
function probeOf(plan: object): string[] {
  const file = join(folder, `${crypto.randomUUID()}.json`);
  writeFileSync(file, JSON.stringify(plan));
  return [PROBE_PROGRAM, file];
}

function startProbe(run: string, more: object = {}): RunningProbe {
  const file = join(folder, `${run}.jsonl`);
  const args = probeOf({ kind: "service", target: api.url, out: file, run, ...more });
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  probes.push(child);
  return { run, file, process: child, ended: new Promise((resolve) => child.once("exit", resolve)) };
}

/** Waits until its history has that many acknowledged writes. */
async function hasWritten({ file }: RunningProbe, count: number): Promise<void> {
  const written = (): number =>
    existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(isAcknowledgedWrite).length : 0;
  if (!(await waitUntil(() => written() >= count, { deadlineMs: DEADLINE / 2, everyMs: 50 })))
    throw new Error(`the probe has ${written()} acknowledged writes instead of ${count}`);
}

const isAcknowledgedWrite = (line: string): boolean => /"e":"end"/.test(line) && /"outcome":"ok"/.test(line);

async function judged({ run, file }: RunningProbe) {
  const history = await readHistory(file);
  const readAt = monotonicMs();
  const lines = await api.query(rowsOfRunSql(run));
  const rows = parseRows(lines.map((line) => `${line}\n`).join(""));
  const verdict = checkHistory(history, { nodes: [{ node: "embedded", readAt, rows }] });
  // Undefined of a probe that was killed.
  const [, endReason] = /"e":"close".*"reason":"([^"]+)"/.exec(readFileSync(file, "utf8")) ?? [];
  return { history, verdict, summary: summarize(history), endReason };
}

test(
  "an undisturbed service keeps its word, at the probe's fixed pace",
  async () => {
    const probe = startProbe("calm", { maxSeconds: 4 });
    expect(await probe.ended).toBe(0);
    const { history, verdict, summary, endReason } = await judged(probe);
    expect(endReason).toBe("time");
    expect(verdict.violations).toEqual([]);
    expect(history.writes.filter(({ outcome }) => outcome === "unknown")).toEqual([]);
    expect(summary.reads.staleMarked).toBe(0);
    for (const { count, ok, skipped } of [summary.reads, summary.writes]) {
      expect(ok).toBe(count);
      // 4 clients, 20 a second each.
      expect(count + skipped).toBeGreaterThan(4 * 20 * 4 * 0.95);
      expect(count + skipped).toBeLessThan(4 * 20 * 4 * 1.05 + 10);
    }
    expect(new Set(history.reads.map(({ kind }) => kind))).toEqual(new Set(["value", "path", "list"]));
    expect(new Set(history.writes.map(({ kind }) => kind))).toEqual(new Set(["add", "put"]));
  },
  DEADLINE,
);

test(
  "a service that is killed with its database in the middle of writes, and comes back, has lost nothing; a row that is deleted by hand is found",
  async () => {
    const probe = startProbe("killed");
    await hasWritten(probe, 100);
    await api.kill();
    await delay(500);
    await api.start();
    await hasWritten(probe, 210);
    probe.process.kill("SIGTERM");
    expect(await probe.ended).toBe(0);
    const { history, verdict, summary, endReason } = await judged(probe);
    expect(endReason).toBe("SIGTERM");
    expect(verdict.violations).toEqual([]);
    expect(summary.writes.failed).toBeGreaterThan(0);
    expect(summary.writes.longestGap).toBeGreaterThan(500);
    expect(summary.writes.ok).toBeGreaterThan(200);

    const victim = history.writes.findLast(({ kind, outcome }) => kind === "add" && outcome === "ok");
    await api.query(`DELETE FROM forecast WHERE id = ${victim?.id}`);
    expect((await judged(probe)).verdict.violations.map(({ kind }) => kind)).toEqual(["lost"]);
  },
  DEADLINE,
);

test(
  "a probe that is killed leaves a history that can be judged",
  async () => {
    const probe = startProbe("dies");
    await hasWritten(probe, 60);
    probe.process.kill("SIGKILL");
    await probe.ended;
    await delay(1_000);
    const { history, verdict, endReason } = await judged(probe);
    expect(endReason).toBeUndefined();
    expect(history.writes.length).toBeGreaterThan(50);
    expect(verdict.violations).toEqual([]);
  },
  DEADLINE,
);

test(
  "a probe that is stopped while the service is silent ends soon; what it waited for is unknown",
  async () => {
    const probe = startProbe("silent");
    await hasWritten(probe, 5);
    api.suspend();
    try {
      await delay(1_000);
      probe.process.kill("SIGTERM");
      expect(await probe.ended).toBe(0);
    } finally {
      api.resume();
    }
    await delay(1_000);
    const { history, verdict, summary, endReason } = await judged(probe);
    expect(endReason).toBe("SIGTERM");
    // It did not wait for their deadlines.
    expect(summary.writes).toMatchObject({ abandoned: 4, unknown: 0, failed: 0 });
    expect(summary.writes.longest).toBeGreaterThan(1_000);
    expect(history.writes.filter(({ outcome }) => outcome === "unknown")).toHaveLength(4);
    expect(verdict).toMatchObject({ violations: [], recoveredWrites: 4 });
  },
  DEADLINE,
);

test(
  "a service that cannot be reached, and a plan that cannot be used, are said clearly",
  async () => {
    const plan = { kind: "service", target: "http://127.0.0.1:1", out: join(folder, "x") };
    const nowhere = spawn(process.execPath, probeOf(plan));
    let said = "";
    nowhere.stderr.on("data", (text: Buffer) => {
      said += text.toString();
    });
    expect(await new Promise((resolve) => nowhere.once("close", resolve))).toBe(1);
    expect(said).toContain("http://127.0.0.1:1/ does not answer: ECONNREFUSED");
    const wrong = spawn(process.execPath, probeOf({ ...plan, target: "nonsense" }));
    expect(await new Promise((resolve) => wrong.once("close", resolve))).toBe(2);
  },
  DEADLINE,
);
