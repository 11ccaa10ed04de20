import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import {
  commandFence,
  type Entry,
  type Fence,
  type Mode,
  openEtcd,
  readRecording,
  recordingsIn,
  replay,
  runGuardian,
} from "@goldenring/guardian";
import { CommandError, EXIT, print } from "@goldenring/run-kit";
import { bunProgram, type Inventory, inNamespace, readInventory, runOrThrow } from "@goldenring/stand";
import { type Context, labOf } from "../context.ts";
import { publishGuardian } from "../guardian-metrics.ts";
import { RING } from "../stand-programs.ts";

/** A check costs the lab a few milliseconds. */
const LAB_POLL_MS = 150;
const SET_MODE_MS = 15_000;

/** The guardian of real machines, in the foreground until Ctrl-C or SIGTERM. */
export async function guardian(context: Context, onlyAdvises: boolean): Promise<void> {
  if (context.lab !== undefined) {
    throw new CommandError(
      "`ring up` starts the lab's guardian; for real machines name their inventory: ring --inventory FILE guardian",
      EXIT.usage,
    );
  }
  const inventory = await context.inventory();
  await mkdir(context.folder, { recursive: true, mode: 0o700 });
  return watch(context, inventory, commandFence(inventory), onlyAdvises);
}

/** The lab's guardian; started inside the stand's network. */
export async function labGuardian(context: Context, inventoryFile: string): Promise<void> {
  const lab = labOf(context, "guardian");
  const fence: Fence = {
    pollMs: LAB_POLL_MS,
    isOff: ({ name }) => lab.isOff(name),
    powerOff: ({ name }) => lab.powerOff(name),
    powerOn: ({ name }) => lab.powerOn(name),
  };
  return watch(context, await readInventory(inventoryFile), fence, false);
}

async function watch(
  { folder, signal }: Context,
  inventory: Inventory,
  fence: Fence | undefined,
  onlyAdvises: boolean,
) {
  const onEntry = (entry: Entry): void => print(`${JSON.stringify(entry)}\n`);
  publishGuardian(inventory, folder, signal);
  await runGuardian({ inventory, fence, onlyAdvises, folder, onEntry, signal });
}

const MODE_WORDS: Readonly<Record<Mode, string>> = {
  act: "acts again",
  advise: "only advises: it writes to its log what it would do",
  pause: "is paused: it does nothing, not even for machines that are off",
};

/** For all guardians of the stand, wherever they run, until it is changed. */
export async function setMode(context: Context, mode: Mode): Promise<void> {
  const inventory = await context.inventory();
  // etcd is reached inside the stand's network only.
  const program = bunProgram(RING, "guardian", "--set-mode", mode, "--watch-lab", inventory.file);
  if (context.lab === undefined) await setModeHere(inventory.file, mode);
  else await runOrThrow(inNamespace(inventory, program), { deadlineMs: SET_MODE_MS });
  print(`The guardian ${MODE_WORDS[mode]}. \`ring guardian ${mode === "act" ? "pause" : "resume"}\` changes it.\n`);
}

export async function setModeHere(inventoryFile: string, mode: Mode): Promise<void> {
  const etcd = await openEtcd(await readInventory(inventoryFile));
  try {
    if (!(await etcd.setMode(mode))) throw new CommandError("Somebody else changed it at the same moment: try again.");
  } finally {
    etcd.close();
  }
}

/** Runs the judgement over recorded evidence. @param files default: what the stand's guardian recorded */
export async function replayEvidence(context: Context, files: readonly string[], asJson: boolean): Promise<void> {
  const recordings = files.length > 0 ? files : recordingsIn(context.folder);
  const missing = recordings.find((file) => !existsSync(file));
  if (missing !== undefined) throw new CommandError(`There is no file ${missing}.`, "usage");
  if (recordings.length === 0) throw new CommandError("The guardian has recorded nothing yet.", "usage");
  let lines = 0;
  const all = async function* () {
    for (const file of recordings)
      for await (const evidence of readRecording(file)) {
        lines += 1;
        yield evidence;
      }
  };
  for await (const { at, ...verdict } of replay(all())) {
    const time = new Date(at).toISOString();
    const { act, machine, candidate, why } = verdict;
    const whom = [machine, candidate === undefined ? undefined : `-> ${candidate}`].filter(Boolean).join(" ");
    print(
      asJson ? `${JSON.stringify({ time, ...verdict })}\n` : `${time}  ${act.padEnd(12)}  ${whom}  ${why.join("; ")}\n`,
    );
  }
  if (!asJson) print(`${lines} lines of evidence\n`);
}
