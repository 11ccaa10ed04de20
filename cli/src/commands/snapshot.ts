import { columns, print } from "@goldenring/run-kit";
import { changeProvisioned } from "../checksums.ts";
import { type Context, labOf, machineOf, noStand } from "../context.ts";
import { guardianOf, startGuardian } from "../stand-programs.ts";

/** One machine; undefined: the whole stand. */
type Scope = string | undefined;

export async function save(context: Context, name: string, machine: Scope): Promise<void> {
  const lab = labOf(context, "snapshot");
  await assertKnown(context, machine);
  await context.progress.step(`Snapshot ${name}`, (onProgress) =>
    withoutGuardian(context, machine, () => lab.snapshots.save(name, { onProgress, signal: context.signal, machine })),
  );
  if (machine === undefined) {
    changeProvisioned(context.folder, ({ machines, snapshots }) => {
      return { machines, snapshots: machines === undefined ? snapshots : { ...snapshots, [name]: machines } };
    });
  }
}

export async function restore(context: Context, name: string, machine: Scope): Promise<void> {
  const lab = labOf(context, "snapshot");
  await assertKnown(context, machine);
  await assertSnapshot(context, name);
  await context.progress.step(`Restore ${name}`, (onProgress) =>
    withoutGuardian(context, machine, async () => {
      // Unknown until the restore is complete: after an interrupted one the playbook runs.
      changeProvisioned(context.folder, ({ snapshots }) => ({ snapshots }));
      await lab.snapshots.restore(name, { onProgress, signal: context.signal, machine });
      if (machine !== undefined) return;
      changeProvisioned(context.folder, ({ snapshots }) => ({ machines: snapshots[name], snapshots }));
    }),
  );
}

export async function list(context: Context, asJson: boolean): Promise<void> {
  const snapshots = await labOf(context, "snapshot").snapshots.list();
  const rows = snapshots.map(({ name, madeAt, whole, machines, bytes }) => [
    name,
    madeAt.slice(0, 19).replace("T", " "),
    whole ? "whole stand" : machines.join(", "),
    `${Math.round(bytes / 1_000_000)} MB`,
  ]);
  const text = rows.length === 0 ? "no snapshots" : columns(rows).join("\n");
  print(`${asJson ? JSON.stringify(snapshots, null, 2) : text}\n`);
}

export async function remove(context: Context, name: string): Promise<void> {
  const lab = labOf(context, "snapshot");
  await assertSnapshot(context, name);
  await lab.snapshots.delete(name);
  changeProvisioned(context.folder, ({ snapshots: { [name]: _, ...snapshots }, ...provisioned }) => ({
    ...provisioned,
    snapshots,
  }));
}

async function assertKnown(context: Context, machine: Scope): Promise<void> {
  if (machine === undefined) await context.inventory();
  else await machineOf(context, machine);
}

async function assertSnapshot(context: Context, name: string): Promise<void> {
  await context.inventory();
  const snapshots = await labOf(context, "snapshot").snapshots.list();
  if (snapshots.some((snapshot) => snapshot.name === name)) return;
  throw noStand(`There is no snapshot "${name}": \`ring snapshot list\` shows all.`);
}

/** When all machines are turned off on purpose, there is nothing to guard; for a single one the guardian goes on. */
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
