import { z } from "zod";
import type { Folders } from "../folders.ts";
import { Faults, NO_FAULTS } from "../network/faults.ts";
import { Forward } from "../network/forwards.ts";
import { readJson, writeJson } from "./json-file.ts";

const Runtime = z.object({
  /** Folders of the stand in each cgroup hierarchy. */
  cgroups: z.array(z.string()),
  faults: Faults,
  forwards: z.record(z.string(), Forward),
});
/** What a running stand has on the computer; `down` removes it. */
export type Runtime = z.output<typeof Runtime>;

export async function readRuntime(folders: Folders): Promise<Runtime> {
  return (await readJson(folders.runtime, Runtime)) ?? { cgroups: [], faults: NO_FAULTS, forwards: {} };
}

export async function changeRuntime(folders: Folders, change: Partial<Runtime>): Promise<void> {
  writeJson(folders.runtime, { ...(await readRuntime(folders)), ...change });
}
