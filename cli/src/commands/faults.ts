import type { Lab } from "@goldenring/lab";
import { assertIsUp, type Context, labOf } from "../context.ts";

export async function power(context: Context, action: "off" | "on" | "reset", host: string): Promise<void> {
  const lab = await labOfRunningStand(context, "power");
  if (action === "off") await lab.powerOff(host);
  else if (action === "on") await lab.powerOn(host);
  else await lab.reset(host);
  if (action !== "off") await lab.waitUntilReachable([host]);
}

export async function labOfRunningStand(context: Context, command: string): Promise<Lab> {
  const lab = labOf(context, command);
  await context.inventory();
  assertIsUp(await lab.status());
  return lab;
}
