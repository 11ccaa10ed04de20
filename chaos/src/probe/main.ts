/**
 * Loads a service or observes a stand by a plan (plan.ts), until its time is over or a signal comes, and records what it sees:
 * `bun chaos/src/probe/main.ts plan.json`. The engine starts it, in the lab inside the stand's network.
 */
import { printError, readRunFile, runCommandLine } from "@goldenring/run-kit";
import { Command } from "commander";
import { Plan } from "./plan.ts";
import { cleanUp, readBack } from "./read-back.ts";
import { sampleRoles } from "./roles-sampler.ts";
import { probeService } from "./service-probe.ts";

/** Its reason is the name of the signal that ends the program. */
const interrupted = new AbortController();

await runCommandLine(
  () => new Command("probe").argument("<plan>", "a JSON file: docs/history.md").exitOverride().action(run),
  (signal) => interrupted.abort(signal),
);

async function run(file: string): Promise<void> {
  const plan = await readRunFile("", file, Plan);
  const { signal } = interrupted;
  if (plan.kind === "roles") return sampleRoles(plan, signal);
  if (plan.kind === "read-back") return readBack(plan, signal);
  const log = (line: string): void => printError(`${line}\n`);
  return plan.kind === "service" ? probeService(plan, signal, log) : cleanUp(plan, signal, log);
}
