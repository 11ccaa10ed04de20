import { type Context, labOf, machineOf, noStand } from "../context.ts";
import { EXIT } from "../exit.ts";
import type { Progress } from "../progress.ts";
import { changeStamps } from "../stamps.ts";
import { guardianOf, startGuardian } from "../stand-programs.ts";
import { table } from "../status-text.ts";

/** One machine; undefined: the whole stand. */
type Scope = string | undefined;

export async function save(
  context: Context,
  name: string,
  machine: Scope,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const lab = labOf(context, "snapshot");
  await assertKnown(context, machine);
  await progress.step(`Snapshot ${name}`, (onProgress) =>
    withoutGuardian(context, machine, () => lab.snapshots.save(name, { onProgress, signal, ...only(machine) })),
  );
  if (machine === undefined) {
    changeStamps(context.folder, ({ machines, snapshots }) => ({
      ...(machines === undefined ? {} : { machines }),
      snapshots: machines === undefined ? snapshots : { ...snapshots, [name]: machines },
    }));
  }
  return EXIT.ok;
}

export async function restore(
  context: Context,
  name: string,
  machine: Scope,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const lab = labOf(context, "snapshot");
  await assertKnown(context, machine);
  await assertSnapshot(context, name);
  await progress.step(`Restore ${name}`, (onProgress) =>
    withoutGuardian(context, machine, async () => {
      // Not known until it is done: an interrupted restore is followed by a playbook run.
      changeStamps(context.folder, ({ snapshots }) => ({ snapshots }));
      await lab.snapshots.restore(name, { onProgress, signal, ...only(machine) });
      if (machine === undefined) changeStamps(context.folder, ({ snapshots }) => stampsAfter(snapshots, name));
    }),
  );
  return EXIT.ok;
}

export async function list(context: Context, asJson: boolean): Promise<number> {
  const snapshots = await labOf(context, "snapshot").snapshots.list();
  const rows = snapshots.map(({ name, madeAt, whole, machines, bytes }) => [
    name,
    madeAt.slice(0, 19).replace("T", " "),
    whole ? "whole stand" : machines.join(", "),
    `${Math.round(bytes / 1_000_000)} MB`,
  ]);
  const text = rows.length === 0 ? "no snapshots" : table(rows).join("\n");
  process.stdout.write(`${asJson ? JSON.stringify(snapshots, null, 2) : text}\n`);
  return EXIT.ok;
}

export async function remove(context: Context, name: string): Promise<number> {
  const lab = labOf(context, "snapshot");
  await assertSnapshot(context, name);
  await lab.snapshots.delete(name);
  changeStamps(context.folder, ({ snapshots: { [name]: _, ...snapshots }, ...stamps }) => ({ ...stamps, snapshots }));
  return EXIT.ok;
}

function only(machine: Scope): { readonly machine?: string } {
  return machine === undefined ? {} : { machine };
}

function stampsAfter(snapshots: Readonly<Record<string, string>>, restored: string) {
  const stamp = snapshots[restored];
  return stamp === undefined ? { snapshots } : { machines: stamp, snapshots };
}

async function assertKnown(context: Context, machine: Scope): Promise<void> {
  if (machine === undefined) await context.inventory();
  else await machineOf(context, machine);
}

async function assertSnapshot(context: Context, name: string): Promise<void> {
  await context.inventory();
  const snapshots = await labOf(context, "snapshot").snapshots.list();
  if (snapshots.some((snapshot) => snapshot.name === name)) return;
  throw noStand(`There is no snapshot "${name}": \`ring snapshot list\` shows those there are.`);
}

/** When all machines are turned off on purpose, there is nothing to guard; one alone is an event like any other. */
async function withoutGuardian(context: Context, machine: Scope, work: () => Promise<void>): Promise<void> {
  if (machine !== undefined) return work();
  const lab = labOf(context, "snapshot");
  const wasUp = (await lab.status()).some(({ state }) => state === "running");
  await guardianOf(context.folder, lab.inventory).stop();
  try {
    await work();
  } finally {
    if (wasUp) await startGuardian(context);
  }
}
