/**
 * `ring` itself is killed (SIGKILL) at random moments of experiments, and `ring chaos recover` must leave nothing of any fault: asked of the
 * machines, not of what is written down. Needs root and a stand that is up and whole: `bun test ./chaos/stand-tests/killed-ring.stand.ts`.
 * KILLS is their number (default 200, some 25 s each).
 */
import { afterAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Inventory, inNamespace, readInventory, runOn, runProgram } from "@goldenring/stand";
import * as z from "zod";
import type { ExperimentInput } from "../src/index.ts";
import { openFaults } from "../src/index.ts";

const RING = join(dirname(dirname(import.meta.dirname)), "ring");
const KILLS = Number(process.env.KILLS ?? 200);
/** From the start of `ring`: before, in the middle of and after its faults, ms. */
const AT_MOST_MS = 25_000;
/** A machine boots and finds its cluster again, ms. */
const RECOVERY_MS = 300_000;
const COMMAND_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), "goldenring-killed-ring-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each lasts 2 s; they follow each other so that a kill meets every kind of fault in time. */
const FAULTS: readonly ExperimentInput["stages"][number]["faults"][number][] = [
  { fault: "loss", on: "primary", percent: 20, direction: "both" },
  { fault: "cut", on: "etcd/1", port: 2_379 },
  { fault: "stop-unit", on: "etcd/2", unit: "etcd" },
  { fault: "kill-unit", on: "etcd/3", unit: "etcd", staysDead: true },
  { fault: "freeze-unit", on: "api/1", unit: "goldenring-api" },
  { fault: "cpu", on: "replica", percent: 50 },
  { fault: "prevent-start", on: "replica", program: "/usr/lib/postgresql/*/bin/postgres" },
  { fault: "memory", on: "haproxy", percent: 60 },
  { fault: "disk-fill", on: "replica", path: "/var/lib", fill: { mib: 50 } },
  { fault: "disk-io", on: "etcd/1", path: "/var/lib", writers: 1 },
  { fault: "power-off", on: "api/2" },
  { fault: "freeze-guardian" },
  { fault: "disk-stall", on: "replica" },
  { fault: "freeze-process", on: "replica", process: "all" },
  { fault: "connections", on: "primary" },
  { fault: "etcd-alarm", on: "etcd/1" },
];

/** @param first the fault that comes first */
function experiment(first: number): string {
  const order = [...FAULTS.slice(first), ...FAULTS.slice(0, first)];
  const input: ExperimentInput = {
    id: "killed-ring",
    title: "ring is killed",
    hypothesis: "Nothing of a fault is left.",
    expectations: [{ words: "failed reads", metric: "failedReads", unit: "requests" }],
    steadyState: { loadSeconds: 0, deadlineSeconds: 120 },
    load: { clients: 1, intervalMs: 500, background: null },
    watch: { roles: false, haproxy: false, etcd: false },
    stages: order.map((use, index) => ({ name: `${index} ${use.fault}`, faults: [use], seconds: 2 })),
  };
  const file = join(folder, "experiment.json");
  writeFileSync(file, JSON.stringify(input));
  return file;
}

/** @returns the kinds of faults that were open when it was killed */
async function killAtRandom(standFolder: string, kill: number): Promise<string[]> {
  const words = ["chaos", "run", experiment(kill % FAULTS.length), "--runs", join(folder, "runs")];
  const ring = spawn(RING, words, { detached: true, stdio: "ignore" });
  const ended = once(ring, "exit");
  await Promise.race([delay(Math.random() * AT_MOST_MS), ended]);
  ring.kill("SIGKILL");
  await ended;
  return openFaults(standFolder)
    .list()
    .map(({ kind }) => kind);
}

/** How many values the probes have left, where they can be deleted; silent when there are none. */
const VALUES =
  "psql -XAt -U experiments -d weather -c \"SELECT count(*) || ' values' FROM public.forecast WHERE summary ~ '^p[0-9a-z]{6,10}-[0-9a-f]{4}:' AND NOT pg_is_in_recovery() HAVING count(*) > 0\"";

const LOOK = [
  "systemctl list-units --all --plain --no-legend 'goldenring-chaos-*'",
  "find / -xdev -name '.goldenring-chaos-*' 2>/dev/null",
  "find /run/goldenring-chaos /run/systemd/system -name '*.undo' -o -name 'goldenring-chaos.conf' 2>/dev/null",
  "find /var/lib/prometheus/node-exporter -name 'goldenring-chaos*' 2>/dev/null",
  "pgrep -a stress-ng",
  "grep /bin/false /proc/self/mountinfo",
  "nft list tables | grep goldenring",
  "tc qdisc show | grep netem",
  "grep -l '^State:.T (stopped)' /proc/[0-9]*/status 2>/dev/null",
  `if [ -d /etc/patroni ]; then ${VALUES}; fi`,
  "! command -v ring-etcdctl >/dev/null || ring-etcdctl alarm list",
  // A disk that is stalled lets nobody write.
  "timeout 5 touch /root/.written || echo the disk stalls",
  "systemctl --failed --plain --no-legend",
  "for unit in etcd patroni haproxy goldenring-api; do if systemctl is-enabled --quiet $unit 2>/dev/null; then systemctl is-active --quiet $unit || echo $unit does not run; fi; done",
  ":",
].join("; ");

/** What the machines and the bridge between them have of faults. */
async function leftOf(inventory: Inventory): Promise<string[]> {
  const onMachines = inventory.machines.map(async (machine) => {
    const { code, stdout, stderr } = await runOn(machine, LOOK, { deadlineMs: COMMAND_MS });
    const said = code === 0 ? stdout.trim() : `exit code ${code}: ${stderr.trim()}`;
    return said === "" ? [] : [`${machine.name}: ${said}`];
  });
  const rules = await runProgram(inNamespace(inventory, ["nft", "list", "ruleset"]), { deadlineMs: COMMAND_MS });
  const drops = rules.stdout.split("\n").filter((line) => / drop$/.test(line) && line.includes('"vb-'));
  return [...(await Promise.all(onMachines)).flat(), ...drops];
}

test(
  `after ${KILLS} kills of ring nothing is left of any fault`,
  async () => {
    const status = await runProgram([RING, "status", "--json"], { deadlineMs: COMMAND_MS });
    const inventory = await readInventory(
      z.object({ inventory: z.string() }).parse(JSON.parse(status.stdout)).inventory,
    );
    const met: Record<string, number> = {};
    let open = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const kinds = await killAtRandom(dirname(inventory.file), kill);
      for (const kind of kinds) met[kind] = (met[kind] ?? 0) + 1;
      if (kinds.length > 0) open += 1;
      const recovered = await runProgram([RING, "chaos", "recover"], { deadlineMs: RECOVERY_MS });
      expect([kill, recovered.code, recovered.code === 0 ? "" : recovered.stdout + recovered.stderr]).toEqual([
        kill,
        0,
        "",
      ]);
      expect([kill, await leftOf(inventory)]).toEqual([kill, []]);
      console.error(`kill ${kill + 1} of ${KILLS}: ${kinds.join(", ") || "no fault"} open; recovered, nothing is left`);
    }
    // Else the kills came at the wrong moments, and nothing was shown.
    console.error(`${open} of ${KILLS} kills met a fault: ${JSON.stringify(met)}`);
    expect(open).toBeGreaterThan(KILLS / 4);
  },
  KILLS * (AT_MOST_MS + RECOVERY_MS),
);
