import { DIRECTIONS, type LabControl } from "@goldenring/stand";
import * as z from "zod";

export const LabCall = z.discriminatedUnion("do", [
  z.object({ do: z.enum(["power-off", "power-on", "heal"]) }),
  z.object({ do: z.literal("loss"), percent: z.number(), direction: z.enum(DIRECTIONS) }),
  /** Without `from`: from everything. */
  z.object({
    do: z.literal("cut"),
    from: z.array(z.string()).optional(),
    port: z.number().optional(),
    direction: z.enum(DIRECTIONS),
  }),
]);
export type LabCall = z.infer<typeof LabCall>;

export async function carryOut(lab: LabControl, machine: string, call: LabCall): Promise<void> {
  if (call.do === "power-off") await lab.powerOff(machine);
  if (call.do === "power-on") await lab.powerOn(machine);
  if (call.do === "heal") await lab.heal(machine);
  if (call.do === "loss") await lab.loss(machine, call.percent, call.direction);
  if (call.do === "cut") for (const from of call.from ?? [undefined]) await lab.cut(machine, { ...call, from });
}

/** What is left of the fault that the call undoes; undefined: nothing. */
export async function leftAfter(lab: LabControl, machine: string, call: LabCall): Promise<string | undefined> {
  if (call.do === "power-on") return (await lab.isOff(machine)) ? `${machine} is off` : undefined;
  if (call.do === "heal")
    return (await hasNetworkFault(lab, machine)) ? `${machine} has a fault of the network` : undefined;
  return undefined;
}

export async function hasNetworkFault(lab: LabControl, machine: string): Promise<boolean> {
  const { loss, cut } = await lab.faults();
  return machine in loss || cut.some((each) => each.machine === machine || each.from === machine);
}
