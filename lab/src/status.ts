import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isOff } from "./machine/power.ts";
import { type Limit, PROVISIONING } from "./plan.ts";
import type { Stand, StandMachine } from "./stand.ts";
import { limitOf } from "./state/settings.ts";

export interface MachineStatus {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  /** `missing`: it has no disk. */
  readonly state: "running" | "off" | "missing";
  /** Milliseconds since 1970; undefined unless it runs. */
  readonly bootedAt: number | undefined;
  readonly limit: Limit;
  /** Size of the disk. */
  readonly diskGiB: number;
}

export async function statusOf({ settings }: Stand, machine: StandMachine): Promise<MachineStatus> {
  const { name, role, address, diskGiB, power } = machine;
  const hasDisk = existsSync(power.folder.disk);
  const runs = hasDisk && !(await isOff(power));
  return {
    name,
    role,
    address,
    state: runs ? "running" : hasDisk ? "off" : "missing",
    bootedAt: runs ? await lastStart(power.folder.events) : undefined,
    limit: limitOf(settings, machine, PROVISIONING),
    diskGiB,
  };
}

async function lastStart(events: string): Promise<number | undefined> {
  const lines = (await readFile(events, "utf8").catch(() => "")).split("\n");
  const line = lines.findLast((each) => each.endsWith(" start"));
  return line === undefined ? undefined : Math.round(Number.parseFloat(line) * 1_000);
}
