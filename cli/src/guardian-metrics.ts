import { type GuardianReport, guardianReport } from "@goldenring/guardian";
import { type Inventory, Shell } from "@goldenring/stand";

const EVERY_MS = 5_000;
const DEADLINE_MS = 4_000;
/** node_exporter there reads it; without monitoring there is no such folder. */
const FILE = "/var/lib/prometheus/node-exporter/goldenring-guardian.prom";
const WRITE = `test ! -d "\${0%/*}" || { cat >"$0.new" && mv "$0.new" "$0"; }`;

/** The events by which the guardian changed something. */
const ACTIONS = new Set([
  "leader key released",
  "replication ended",
  "switched over",
  "taken out of the synchronous standbys",
  "turned off",
]);

/** For Prometheus: what the guardian may do, what it would do, and what it did, by machine. */
export function guardianMetrics({ mode, mayFence, verdict, machines, sees, newest }: GuardianReport): string {
  const names = [...new Set([...Object.keys(machines), ...Object.keys(sees)])].toSorted();
  const actedAt = (name: string): number => {
    const last = newest.findLast(({ machine, event }) => machine === name && ACTIONS.has(event));
    return last === undefined ? 0 : Date.parse(last.time) / 1_000;
  };
  const advises = (name: string): number => Number(verdict.act === "advise" && verdict.machine === name);
  const ofEach = (metric: string, value: (name: string) => number): string[] =>
    names.map((name) => `goldenring_guardian_${metric}{watched="${name}"} ${value(name)}`);
  return [
    `goldenring_guardian_may_act ${Number(mode === "act")}`,
    `goldenring_guardian_may_fence ${Number(mayFence)}`,
    ...ofEach("advises", advises),
    ...ofEach("acted_timestamp_seconds", actedAt),
    "",
  ].join("\n");
}

/** Brings the guardian's metrics to Prometheus' machine, until the signal aborts. */
export function publishGuardian(inventory: Inventory, folder: string, signal: AbortSignal): void {
  const [machine] = inventory.byRole("prometheus");
  if (machine === undefined) return;
  const shell = new Shell(machine);
  const publish = async (): Promise<void> => {
    const report = guardianReport.read(folder);
    if (report === undefined) return;
    await shell.run(`sh -c '${WRITE}' ${FILE}`, { deadlineMs: DEADLINE_MS, input: guardianMetrics(report) });
  };
  const timer = setInterval(publish, EVERY_MS);
  const stop = (): void => {
    clearInterval(timer);
    shell.close();
  };
  signal.addEventListener("abort", stop, { once: true });
}
