import { EXIT } from "@goldenring/run-kit";
import { runningEngine } from "../engine/lock.ts";
import { OpenFaults } from "../undo/open-fault.ts";
import type { ChaosDeps } from "./deps.ts";

/** What runs, and which faults may be active. @returns an exit code */
export async function open({ output, stand }: ChaosDeps, json: boolean): Promise<number> {
  const { folder } = (await stand()).stand;
  const running = runningEngine(folder);
  const faults = new OpenFaults(folder).list();
  if (json) output.result(JSON.stringify({ running: running ?? null, faults }, null, 2));
  else {
    output.result(
      running ? `${running.what} runs since ${running.since} (process ${running.pid})` : "No experiment runs.",
    );
    for (const { machine, words, writtenAt } of faults) output.result(`${machine}: ${words} (${writtenAt})`);
    if (faults.length === 0) output.result("No fault is open.");
    else if (!running) output.result("Undo them: ring chaos recover");
  }
  return EXIT.ok;
}
