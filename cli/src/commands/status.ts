import { setTimeout as delay } from "node:timers/promises";
import type { Faults, Lab } from "@goldenring/lab";
import { type Context, noStand } from "../context.ts";
import { endpointsOf } from "../endpoints.ts";
import { EXIT } from "../exit.ts";
import { askStand } from "../facts/ask-stand.ts";
import { alertReceiverOf, guardianOf } from "../stand-programs.ts";
import { type MachineOutside, type StandStatus, statusOf } from "../status.ts";
import { statusText } from "../status-text.ts";

/** @throws {RingError} (noStand) when there is no stand, or none of its machines runs */
export async function readStatus(context: Context): Promise<StandStatus> {
  const inventory = await context.inventory();
  const { lab } = context;
  const [outside, facts] = await Promise.all([lab && seenFromOutside(lab), askStand(inventory)]);
  if (outside !== undefined) assertIsUp(outside);
  const guardian = guardianOf(context.folder, inventory.file).state;
  const alertReceiver = lab && alertReceiverOf(context.folder).state;
  return statusOf({ inventory, outside, facts, guardian, alertReceiver, endpoints: await endpointsOf(context) });
}

/** @throws {RingError} (noStand) */
export function assertIsUp(outside: readonly { readonly state: string }[]): void {
  if (outside.every(({ state }) => state !== "running")) throw noStand("The stand is down: start it with `ring up`.");
}

async function seenFromOutside(lab: Lab): Promise<MachineOutside[]> {
  const [machines, faults] = await Promise.all([lab.status(), lab.faults()]);
  return machines.map(({ name, state, bootedAt, limit }) => ({
    name,
    state,
    limit,
    faults: faultsOf(name, faults),
    ...(bootedAt === undefined ? {} : { bootedAt: new Date(bootedAt).toISOString() }),
  }));
}

function faultsOf(name: string, { loss, cut }: Faults): string[] {
  const lost = loss[name];
  const percents = lost === undefined ? [] : [`loses ${lost.in} % of what it gets, ${lost.out} % of what it sends`];
  const cuts = cut.filter(({ machine }) => machine === name).map(({ from }) => `cut off from ${from ?? "everything"}`);
  return [...percents, ...cuts];
}

export async function status(context: Context, asJson: boolean): Promise<number> {
  const found = await readStatus(context);
  process.stdout.write(asJson ? `${JSON.stringify(found, null, 2)}\n` : `${statusText(found)}\n`);
  return EXIT.ok;
}

/** Milliseconds between two looks. */
const LOOK_EVERY = 1_000;

/** Whether all is well, now or within some seconds. */
export async function check(context: Context, waitSeconds: number, signal: AbortSignal): Promise<number> {
  const problems = await awaitHealth(context, waitSeconds, signal);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  if (problems.length === 0) process.stdout.write("all is well\n");
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

/** @returns what is still not well at the end of the time */
export async function awaitHealth(
  context: Context,
  waitSeconds: number,
  signal: AbortSignal,
  say: (detail: string) => void = () => {},
): Promise<readonly string[]> {
  const deadline = performance.now() + waitSeconds * 1_000;
  for (;;) {
    const { problems } = await readStatus(context);
    const [first] = problems;
    if (first === undefined || performance.now() > deadline) return problems;
    say(`waiting: ${first}`);
    await delay(LOOK_EVERY, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
