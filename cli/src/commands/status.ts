import type { Lab } from "@goldenring/lab";
import { columns, EXIT, oneLine, print } from "@goldenring/run-kit";
import {
  cutText,
  DeadlineExceeded,
  type LabFaults,
  lockHolder,
  readLogins,
  readServices,
  waitFor,
} from "@goldenring/stand";
import { assertIsUp, type Context, lockKeyOf } from "../context.ts";
import { endpointsOf } from "../endpoints.ts";
import { statesOfPrograms } from "../stand-programs.ts";
import { type MachineOutside, type StandStatus, statusOf } from "../status.ts";
import { statusText } from "../status-text.ts";

/** @throws {CommandError} (noStand) when there is no stand, or none of its machines runs */
export async function readStatus(context: Context): Promise<StandStatus> {
  const inventory = await context.inventory();
  const { lab } = context;
  const [outside, services, runningCommand] = await Promise.all([
    lab && seenFromOutside(lab),
    readServices(inventory, { withMonitoring: true }),
    lockHolder(lockKeyOf(context)),
  ]);
  if (outside !== undefined) assertIsUp(outside);
  const programs = statesOfPrograms(context, inventory.file);
  return statusOf({ inventory, outside, services, ...programs, endpoints: await endpointsOf(context), runningCommand });
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

function faultsOf(name: string, { loss, cut, disk }: LabFaults): string[] {
  const lost = loss[name];
  const percents = lost === undefined ? [] : [`loses ${lost.in} % of what it receives, ${lost.out} % of what it sends`];
  const cuts = cut.filter(({ machine }) => machine === name).map(cutText);
  return [...percents, ...cuts, ...(disk.includes(name) ? ["its disk is stalled or slowed down"] : [])];
}

export async function status(context: Context, asJson: boolean): Promise<void> {
  const found = await readStatus(context);
  print(asJson ? `${JSON.stringify(found, null, 2)}\n` : `${statusText(found)}\n`);
}

export async function check(context: Context, waitSeconds: number): Promise<number> {
  const { problems } = await waitForHealth(context, waitSeconds);
  print(`${problems.length === 0 ? "all is well" : problems.map(oneLine).join("\n")}\n`);
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

/** @returns the first status without problems, or the last one at the deadline */
export async function waitForHealth(context: Context, waitSeconds: number, log: (detail: string) => void = () => {}) {
  let found: StandStatus | undefined;
  const attempt = async () => {
    found = await readStatus(context);
    const [problem] = found.problems;
    return problem === undefined ? { value: found } : { missing: problem };
  };
  const { signal } = context;
  const onMissing = (missing: string): void => log(`waiting: ${missing}`);
  try {
    return await waitFor(attempt, { deadlineMs: waitSeconds * 1_000, everyMs: 1_000, signal, onMissing });
  } catch (error) {
    if (error instanceof DeadlineExceeded && found !== undefined) return found;
    throw error;
  }
}

export async function logins(context: Context, asJson: boolean): Promise<void> {
  const found = await readLogins(await context.inventory());
  const rows = Object.entries(found).map(([name, { user, password }]) => [name, user, password]);
  print(`${asJson ? JSON.stringify(found, null, 2) : columns(rows).join("\n")}\n`);
}
