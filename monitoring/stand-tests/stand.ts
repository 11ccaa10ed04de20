import { dirname, join } from "node:path";
import { type Inventory, type Machine, readInventory, runOn, runProgram } from "@goldenring/stand";
import * as z from "zod";
import { alertLogIn, type ReceivedAlert, readAlertLog, receivedAlerts } from "../src/index.ts";
import { UNDO_ALL } from "./machine-fault.ts";

const RING = join(import.meta.dirname, "../../ring");
/** Milliseconds. */
const RING_DEADLINE = 120_000;
const COMMAND_DEADLINE = 60_000;

const Status = z.object({
  machines: z.array(z.object({ name: z.string(), state: z.string(), limit: z.object({ cpu: z.number() }) })),
  cluster: z.object({ leader: z.string().nullable(), members: z.array(z.object({ name: z.string() })) }),
  monitoring: z
    .object({
      targets: z.object({ up: z.number(), down: z.array(z.unknown()) }).optional(),
      alerts: z.array(z.object({ name: z.string(), machine: z.string(), severity: z.string() })),
    })
    .nullable(),
  problems: z.array(z.string()),
  inventory: z.string(),
});
export type Status = z.infer<typeof Status>;

/** What `ring dashboards verify --json` says. */
const Verification = z.object({
  checked: z.number(),
  findings: z.array(z.object({ source: z.string(), verdict: z.string() })),
  failed: z.array(z.object({ source: z.string() })),
});

/** The lab's stand as its user has it: by `ring`, and its machines by ssh. */
export class Stand {
  private constructor(readonly inventory: Inventory) {}

  /** @throws when there is none, or it is down */
  static async open(): Promise<Stand> {
    return new Stand(await readInventory((await statusOf()).inventory));
  }

  status(): Promise<Status> {
    return statusOf();
  }

  /** @throws with what it said, unless it ends well */
  ring(...words: string[]): Promise<string> {
    return ring(...words);
  }

  /** Every query of every panel and rule, asked of the live Prometheus. @throws when it was not */
  async verification(): Promise<z.infer<typeof Verification>> {
    const { stdout, stderr } = await runProgram([RING, "dashboards", "verify", "--json"], {
      deadlineMs: RING_DEADLINE,
    });
    if (stdout.trim() === "") throw new Error(`ring dashboards verify: ${stderr.trim()}`);
    return Verification.parse(JSON.parse(stdout));
  }

  /** A shell command as root on the machine. @throws with what it said, unless it ends well */
  async run(machine: Machine, command: string): Promise<string> {
    const { code, stdout, stderr } = await runOn(machine, command, { deadlineMs: COMMAND_DEADLINE });
    if (code === 0) return stdout;
    throw new Error(`${machine.name}: ${command.slice(0, 80)}: exit code ${code}: ${(stderr || stdout).trim()}`);
  }

  machine(name: string): Machine {
    const found = this.inventory.machines.find((machine) => machine.name === name);
    if (found === undefined) throw new Error(`the stand has no machine ${name}`);
    return found;
  }

  /** What arrived at the lab's receiver since then. @param since milliseconds since 1970 */
  receivedSince(since: number): readonly ReceivedAlert[] {
    const log = alertLogIn(dirname(this.inventory.file));
    return receivedAlerts(readAlertLog(log)).filter(({ arrivedAt }) => Date.parse(arrivedAt) >= since);
  }

  /** Ends whatever fault an interrupted run has left. */
  async putRight(): Promise<void> {
    const { machines } = await this.status();
    for (const { name, state } of machines) if (state === "off") await this.ring("power", "on", name);
    await Promise.all(this.inventory.machines.map((machine) => this.run(machine, UNDO_ALL)));
  }
}

async function statusOf(): Promise<Status> {
  return Status.parse(JSON.parse(await ring("status", "--json")));
}

async function ring(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram([RING, ...words], { deadlineMs: RING_DEADLINE });
  if (code === 0) return stdout;
  throw new Error(`ring ${words.join(" ")}: exit code ${code}: ${(stderr || stdout).trim()}`);
}
