import { setTimeout as delay } from "node:timers/promises";
import { guardianReport } from "../guardian/src/index.ts";
import { Lab } from "../lab/src/index.ts";
import { type Completed, type Inventory, type Machine, readInventory, Shell } from "../stand/src/index.ts";

/** A guardian writes its report every second. */
const GUARDIAN_SILENT_MS = 5_000;
const COMMAND_DEADLINE_MS = 10_000;

/** The lab's stand as the fault rounds use it: its machines by ssh, their power and cables by the lab. */
export class Stand {
  readonly #shells = new Map<string, Shell>();

  private constructor(
    readonly lab: Lab,
    readonly inventory: Inventory,
  ) {}

  /** The stand that RING_HOME and RING_STAND name. Throws where there is none. */
  static async open(): Promise<Stand> {
    const lab = new Lab();
    if (!lab.exists) throw new Error("there is no stand yet: ./ring up makes one");
    return new Stand(lab, await readInventory(lab.inventory));
  }

  /** What clients of the service use. */
  get serviceUrl(): string {
    const ingress = this.inventory.byRole("ingress")[0];
    if (!ingress) throw new Error("the stand has no ingress");
    return `http://${ingress.address}`;
  }

  /** A shell command line as root; never rejects. */
  run(machine: Machine, command: string, { deadlineMs = COMMAND_DEADLINE_MS, input = "" } = {}): Promise<Completed> {
    let shell = this.#shells.get(machine.name);
    if (!shell) {
      shell = new Shell(machine);
      this.#shells.set(machine.name, shell);
    }
    return shell.run(command, { deadlineMs, ...(input ? { input } : {}) });
  }

  /** As `run`, but rejects unless the command succeeds. */
  async must(
    machine: Machine,
    command: string,
    options: { deadlineMs?: number; input?: string } = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this.run(machine, command, options);
    if (code !== 0)
      throw new Error(`${machine.name}: ${command.slice(0, 80)}: exit code ${code}: ${(stderr || stdout).trim()}`);
    return stdout;
  }

  /** One statement in the stand's database, by the superuser on the machine itself. */
  sql(machine: Machine, statement: string, deadlineMs = 60_000): Promise<string> {
    const psql = "cd / && runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d weather";
    return this.must(machine, psql, { deadlineMs, input: `${statement};` });
  }

  get guardianRuns(): boolean {
    return this.#guardian() !== undefined;
  }

  /** It stands still and sees nothing, as if it were not there. Returns the way to wake it. */
  pauseGuardian(): () => void {
    const pid = this.#guardian();
    if (pid === undefined) throw new Error("the guardian does not run: ./ring up starts it");
    process.kill(pid, "SIGSTOP");
    return () => void process.kill(pid, "SIGCONT");
  }

  /** After a fault, and at the end; the next command connects anew. A connection to a machine that lost its power would only be noticed at the next command's deadline. */
  disconnect(): void {
    for (const shell of this.#shells.values()) shell.close();
    this.#shells.clear();
  }

  /** Its process number. */
  #guardian(): number | undefined {
    const report = guardianReport.read(this.folder);
    return report && Date.now() - Date.parse(report.aliveAt) < GUARDIAN_SILENT_MS ? report.pid : undefined;
  }

  /** Where the stand keeps its files. */
  get folder(): string {
    return this.lab.inventory.slice(0, this.lab.inventory.lastIndexOf("/"));
  }

  /** Machines of these roles. */
  withRoles(...roles: readonly ("etcd" | "postgres" | "haproxy" | "api" | "ingress")[]): Machine[] {
    return roles.flatMap((role) => [...this.inventory.byRole(role)]);
  }
}

/** Tries until the answer is there. Rejects with what was missing last, when the time is over or the signal comes. */
export async function until<Answer>(
  attempt: () => Promise<{ answer: Answer } | { missing: string }>,
  { deadlineMs, everyMs, signal, onMissing }: UntilOptions,
): Promise<Answer> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const result = await attempt();
    if ("answer" in result) return result.answer;
    if (performance.now() > giveUpAt)
      throw new Error(`after ${Math.round(deadlineMs / 1000)} s still: ${result.missing}`);
    onMissing?.(result.missing);
    await delay(everyMs, undefined, { signal });
  }
}

interface UntilOptions {
  readonly deadlineMs: number;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  readonly onMissing?: (what: string) => void;
}
