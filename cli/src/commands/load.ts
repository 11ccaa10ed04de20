import { type LoadDeps, RUNS_FOLDER, type StandUnderLoad, standParts, TerminalOutput } from "@goldenring/load";
import { createPrometheus } from "@goldenring/prometheus";
import type { Context } from "../context.ts";
import { endpointsOf } from "../endpoints.ts";
import { EXIT } from "../exit.ts";
import { monitoringServers } from "../monitoring-servers.ts";

/** What `ring load` gets beside its options: the stand that is up is the target unless another is named. */
export function loadDeps(
  openContext: () => Promise<Context>,
  signal: AbortSignal,
  outcome: { exitCode: number },
): LoadDeps {
  return {
    output: new TerminalOutput(),
    signal,
    interruptedExit: () => interruptedExit(signal),
    outcome,
    runs: RUNS_FOLDER,
    stand: async () => standUnderLoad(await openContext()),
  };
}

/** Undefined where no stand is up: then a target must be named. */
async function standUnderLoad(context: Context): Promise<StandUnderLoad | undefined> {
  const inventory = await context.inventory().catch(() => undefined);
  if (inventory === undefined) return undefined;
  const { api } = await endpointsOf(context);
  if (api === undefined) return undefined;
  return {
    target: api,
    hosts: inventory.machines.flatMap(({ name, address }) => [name, address]),
    parts: async (from, to) => standParts(createPrometheus((await monitoringServers(context)).prometheus), from, to),
  };
}

function interruptedExit({ reason }: AbortSignal): number {
  const code = reason instanceof Error && "exitCode" in reason ? reason.exitCode : undefined;
  return typeof code === "number" ? code : EXIT.interrupted;
}
