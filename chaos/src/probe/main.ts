/**
 * Loads a service or observes a stand by a plan (plan.ts), until its time is over or a signal comes, and records what it sees:
 * `bun chaos/src/probe/main.ts plan.json`. The engine starts it, in the lab inside the stand's network.
 */
import { printError, readRunFile, runCommandLine } from "@goldenring/run-kit";
import { Command } from "commander";
import { probePaths } from "./path-probe.ts";
import { Plan } from "./plan.ts";
import { sampleRoles } from "./roles-sampler.ts";
import { probeWeather } from "./weather-probe.ts";

/** Its reason is the name of the signal that ends the program. */
const interrupted = new AbortController();

await runCommandLine(
  () => new Command("probe").argument("<plan>", "a JSON file: docs/history.md").exitOverride().action(run),
  (signal) => interrupted.abort(signal),
);

async function run(file: string): Promise<void> {
  const plan = await readRunFile("", file, Plan);
  const { signal } = interrupted;
  if (plan.kind === "weather") return probeWeather(plan, signal, (line) => printError(`${line}\n`));
  return plan.kind === "paths" ? probePaths(plan, signal) : sampleRoles(plan, signal);
}
