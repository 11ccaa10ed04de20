import type { Lab } from "@goldenring/lab";
import { EXIT } from "@goldenring/run-kit";
import type { Direction } from "@goldenring/stand";
import { assertIsUp, type Context, labOf } from "../context.ts";

export async function power(context: Context, action: "off" | "on" | "reset", host: string): Promise<number> {
  const lab = await labOfRunningStand(context, "power");
  if (action === "off") await lab.powerOff(host);
  else if (action === "on") await lab.powerOn(host);
  else await lab.reset(host);
  if (action !== "off") await lab.waitUntilReachable([host]);
  return EXIT.ok;
}

export async function loss(context: Context, host: string, percent: number, direction: Direction): Promise<number> {
  const lab = await labOfRunningStand(context, "network");
  await lab.loss(host, percent, direction);
  return EXIT.ok;
}

export async function cut(context: Context, host: string, from: string | undefined): Promise<number> {
  const lab = await labOfRunningStand(context, "network");
  await lab.cut(host, from);
  return EXIT.ok;
}

export async function heal(context: Context, host: string | undefined): Promise<number> {
  const lab = await labOfRunningStand(context, "network");
  await lab.heal(host);
  return EXIT.ok;
}

async function labOfRunningStand(context: Context, command: string): Promise<Lab> {
  const lab = labOf(context, command);
  await context.inventory();
  assertIsUp(await lab.status());
  return lab;
}
