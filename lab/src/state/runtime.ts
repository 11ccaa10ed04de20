import { z } from "zod";
import type { Folders } from "../folders.ts";
import { readJson, writeJson } from "./json-file.ts";

const percent = z.number().min(0).max(100);

const faults = z.object({
  /** Percent of the packets that get lost, by machine. */
  loss: z.record(z.string(), z.object({ in: percent, out: percent })),
  cut: z.array(z.object({ machine: z.string(), from: z.string().optional() })),
});

const runtime = z.object({
  /** Folders of the stand in each cgroup hierarchy. */
  cgroups: z.array(z.string()),
  faults,
  forwards: z.record(z.string(), z.object({ pid: z.int(), startedAt: z.string(), port: z.int(), wanted: z.int() })),
});

export type Faults = z.output<typeof faults>;
/** What a running stand has on the computer; ends with `down`. */
export type Runtime = z.output<typeof runtime>;

export const NO_FAULTS: Faults = { loss: {}, cut: [] };
const NOTHING: Runtime = { cgroups: [], faults: NO_FAULTS, forwards: {} };

export async function readRuntime(folders: Folders): Promise<Runtime> {
  return (await readJson(folders.runtime, runtime)) ?? NOTHING;
}

export async function changeRuntime(folders: Folders, change: Partial<Runtime>): Promise<void> {
  await writeJson(folders.runtime, { ...(await readRuntime(folders)), ...change });
}
