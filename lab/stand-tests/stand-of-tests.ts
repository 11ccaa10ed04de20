import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Completed, runProgram } from "@goldenring/stand";
import { parse } from "yaml";
import { z } from "zod";
import { Lab, type UpOptions } from "../src/index.ts";

/** A stand for the tests alone; others on the computer may run at the same time. */
export const STAND = "labtest";
export const NAMESPACE = `ring-${STAND}`;
export const lab = new Lab({ stand: STAND });
export const FOLDER = dirname(lab.inventory);
export const UP: UpOptions = { network: "10.89.9.0/24", machines: ["pg-01", "haproxy", "api-01"] };
export const ADDRESS = { haproxy: "10.89.9.5", "pg-01": "10.89.9.11", "api-01": "10.89.9.31" } as const;
export type Name = keyof typeof ADDRESS;

const shape = z.object({
  all: z.object({ vars: z.object({ ansible_ssh_private_key_file: z.string(), ansible_ssh_common_args: z.string() }) }),
});

/** Runs a command on a machine as Ansible does: with the options in the inventory. */
export async function on(name: Name, command: string, deadlineMs = 30_000): Promise<Completed> {
  const { vars } = shape.parse(parse(await readFile(lab.inventory, "utf8"))).all;
  const target = `exec ssh ${vars.ansible_ssh_common_args} -i ${vars.ansible_ssh_private_key_file} root@${ADDRESS[name]} "$0"`;
  return runProgram(["sh", "-c", target, command], { deadlineMs });
}

/** @throws when the command fails */
export async function outputOf(name: Name, command: string, deadlineMs?: number): Promise<string> {
  const { code, stdout, stderr } = await on(name, command, deadlineMs);
  if (code === 0) return stdout.trim();
  throw new Error(`${name}: ${command}: exit code ${code}: ${stderr}`);
}

/** Percent of the echo requests without an answer. */
export function lossIn(ping: Completed): number {
  return Number(/([\d.]+)% packet loss/.exec(ping.stdout)?.[1] ?? Number.NaN);
}

/** From another machine. */
export function ping(name: Name, count: number): Promise<Completed> {
  return on("haproxy", `ping -n -q -c ${count} -i 0.005 -W 0.5 ${ADDRESS[name]}`);
}
