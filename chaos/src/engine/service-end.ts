import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { lastLines, readJsonFile } from "@goldenring/stand";
import { serviceOf } from "../experiment/experiment.ts";
import { Plan } from "../probe/plan.ts";
import type { DeletesByPlan } from "../stored/weather-rows.ts";
import { deadlinesOf, runProbe } from "./observers.ts";
import type { RunContext } from "./run-context.ts";

/** For reading or deleting everything that a round has written. */
const MAX_SECONDS = 600;
const GRACE_MS = 30_000;

/**
 * Reads back over HTTP what a round has written, where the service file says how. Nothing can be said about a service that has not recovered.
 *
 * @returns the file with what was read; undefined: nothing could be read back
 */
export async function readBackAll(context: RunContext, history: string, hasRecovered: boolean) {
  const { experiment, target, stand, lock, signal, journal } = context;
  const service = serviceOf(experiment);
  const { database, reads, writes } = service;
  const canBeRead =
    writes.length > 0 && (reads.some(({ lists }) => lists !== false) || writes.some(({ item }) => item));
  if (database === "stand" || !canBeRead || !hasRecovered || signal.aborted) return undefined;
  const out = join(dirname(history), "read-back.jsonl");
  const plan = { kind: "read-back", out, history, target, service, ...deadlinesOf(service), maxSeconds: MAX_SECONDS };
  const limits = { deadlineMs: MAX_SECONDS * 1_000 + GRACE_MS, signal, stopGraceMs: GRACE_MS, onStart: lock.started };
  const { code, stderr } = await runProbe(`${out}.plan.json`, plan, stand, service, limits);
  if (code === 0) return out;
  journal.write("note", `what was written could not be read back: ${lastLines(stderr, 3)}`);
  return undefined;
}

/** Writes the plan that deletes what a round writes. @returns its file; undefined: the service file does not say how */
export function cleanUpPlan({ experiment, target }: RunContext, folder: string): string | undefined {
  const service = serviceOf(experiment);
  if (![...service.writes, ...service.start].some(({ remove }) => remove)) return undefined;
  const history = join(folder, "history.jsonl");
  const plan = { kind: "clean-up", history, target, service, ...deadlinesOf(service), maxSeconds: MAX_SECONDS };
  const file = join(folder, "clean-up.plan.json");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`);
  return file;
}

export const deleteByPlan: DeletesByPlan = async (file, stand) => {
  const plan = readJsonFile(file, Plan);
  // Whoever has deleted the run's folder must delete its values, too.
  if (plan?.kind !== "clean-up" || !existsSync(plan.history)) return undefined;
  const { code, stderr } = await runProbe(file, plan, stand, plan.service, {
    deadlineMs: MAX_SECONDS * 1_000 + GRACE_MS,
  });
  return code === 0 && !stderr.includes("could not be deleted") ? undefined : lastLines(stderr, 3);
};
