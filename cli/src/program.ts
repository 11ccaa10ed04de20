import { addChaosCommands, addInitCommand } from "@goldenring/chaos";
import { MODES } from "@goldenring/guardian";
import type { Lab } from "@goldenring/lab";
import { addLoadCommands } from "@goldenring/load";
import {
  type CommandContext,
  EXIT,
  type ExitName,
  exitCodeHelp,
  startProgress,
  terminalOutput,
} from "@goldenring/run-kit";
import { DIRECTIONS, PLATFORMS, RTO, SERVICE_NAMES } from "@goldenring/stand";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import manifest from "../package.json" with { type: "json" };
import { type Age, alerts } from "./commands/alerts.ts";
import { listBackups, takeBackup, verifyBackups } from "./commands/backup.ts";
import { assertNoExperiment, chaosDeps } from "./commands/chaos.ts";
import { verifyDashboards } from "./commands/dashboards.ts";
import { destroy, down } from "./commands/down.ts";
import { labOfRunningStand, power } from "./commands/faults.ts";
import { guardian, labGuardian, replayEvidence, setMode, setModeHere } from "./commands/guardian.ts";
import { loadDeps } from "./commands/load.ts";
import { logs, ssh } from "./commands/on-machine.ts";
import { type RestoreOptions, restoreDatabase } from "./commands/restore.ts";
import { list, remove, restore, save } from "./commands/snapshot.ts";
import { check, logins, status } from "./commands/status.ts";
import { audit, sbom } from "./commands/supply-chain.ts";
import { newAuthority, up } from "./commands/up.ts";
import { type Context, exclusively, openContext } from "./context.ts";

/** docs/security.md describes them. */
const AUTHORITIES = ["servers", "monitoring", "etcd-peers", "etcd-clients", "backups", "kubernetes"];
/** Short commands wait for one another; long ones report at once that another command is running. */
const SHORT_WAIT_MS = 10_000;
const NO_WAIT_MS = 0;

const EXAMPLES = `
Examples:
  sudo ring up                          start the whole stand; again: repair what is missing
  sudo ring up --replicas 5 --replica-cpu 0.5   another size of the API, without a failed request
  sudo ring status                      machines, leader, replication, targets, alerts, addresses
  sudo ring alerts --follow             print each alert as it arrives
  sudo ring dashboards verify           check that every panel and rule finds its data
  sudo ring ssh pg-01                   a shell on a machine
  sudo ring ssh pg-01 patronictl list   one command there
  sudo ring logs pg-02 patroni -f       follow the journal of a unit
  sudo ring backup list                 which moments of the database can be restored
  sudo ring snapshot save clean         later: sudo ring snapshot restore clean
  sudo ring restore --to "2026-01-31 12:00:00"   the database as it was at a moment
  sudo ring power off pg-01             cut its power, without a shutdown
  sudo ring network loss pg-01 30       lose 30 % of its packets, both ways; 0 ends it
  sudo ring network cut etcd-01         cut it off; sudo ring network heal
  sudo ring down                        stop everything, keep the disks
  sudo ring load browse-cities          a load test of the stand; sudo ring load --help
  sudo ring chaos run CE-01             an experiment; sudo ring chaos --help
  ring init --openapi openapi.json      a service file, for experiments with a service of your own
  ring --inventory my.yml status        the machines of an inventory instead of the lab

Environment:
  RING_STAND       name of the lab's stand (default: lab); stands with other names run side by side
  RING_HOME        where the lab keeps images, disks and secrets (default: /var/lib/goldenring)
  RING_INVENTORY   the same as --inventory

Exit codes:
${exitCodeHelp(Object.keys(EXIT) as ExitName[])}
  ring ssh and ring logs end with the exit code of the command on the machine.

More: docs/ring.md`;

/** Returns the exit code where it may be another than 0. */
type Work = (context: Context) => Promise<number> | Promise<void>;

export function createProgram(command: CommandContext): Command {
  const program = new Command("ring")
    .description("One command for the stand: machines, database cluster, API, monitoring, faults and snapshots.")
    .version(manifest.version)
    .option("-i, --inventory <file>", "use the machines of an Ansible inventory instead of the lab")
    .addHelpText("after", EXAMPLES)
    .helpCommand(false)
    .showHelpAfterError("(ring --help shows all commands)")
    .enablePositionalOptions()
    .exitOverride();

  const contextOf = (): Promise<Context> => {
    const { inventory } = program.opts<{ inventory?: string }>();
    const session = { progress: startProgress(), signal: command.signal };
    return openContext(inventory ?? (process.env.RING_INVENTORY || undefined), session);
  };
  const exitWith = async (code: ReturnType<Work>): Promise<void> => {
    command.outcome.exitCode = (await code) ?? EXIT.ok;
  };
  const run = async (work: Work): Promise<void> => exitWith(work(await contextOf()));
  const locked = async (name: string, waitMs: number, work: Work): Promise<void> => {
    const context = await contextOf();
    await exclusively(context, name, waitMs, () => exitWith(work(context)));
  };

  /** Commands that would break a running experiment. */
  const withoutExperiment = (name: string, work: Work): Promise<void> =>
    locked(name, NO_WAIT_MS, (context) => {
      assertNoExperiment(context);
      return work(context);
    });

  const add = (name: string, description: string, parent = program): Command =>
    parent.command(name).description(description);
  const group = (name: string, description: string): Command => add(name, description).helpCommand(false);

  add("up", "start the whole stand: machines, cluster, API, monitoring, guardian; again: repair what is missing")
    .option("--subnet <network>", "private IPv4 network of a new stand (default: 10.88.0.0/24)")
    .addOption(
      new Option("--platform <name>", "machines, or pods on three nodes of Kubernetes; kept for later runs").choices(
        PLATFORMS,
      ),
    )
    .addOption(new Option("--rto <value>", "recovery time of the database, kept for later runs").choices(RTO))
    .option(
      "--ports <list>",
      `ports of this computer, kept for later runs: ${SERVICE_NAMES.join(", ")}; e.g. api=8090,database=5433`,
      portsOf,
    )
    .option("--replicas <number>", "how many API replicas, 1 to 30, kept for later runs (default: 3)", numberOf)
    .option("--replica-cpu <cores>", "CPU of each, kept for later runs (default: 0.25)", coresOf)
    .option("--replica-memory <MiB>", "memory of each, from 128, kept for later runs (default: 128)", numberOf)
    .option("--provision", "run the playbook even when nothing has changed", false)
    .option("--from-backup", "make the database from the backup when all its machines have lost their data", false)
    .action(({ subnet: network, replicaMemory: replicaMemoryMiB, ...options }) =>
      withoutExperiment("up", (context) => up(context, { network, replicaMemoryMiB, ...options })),
    );
  add("down", "stop the stand: nothing of it runs on this computer afterwards; disks and settings stay").action(() =>
    withoutExperiment("down", down),
  );
  add("destroy", "stop the stand and delete its disks, snapshots and logins; asks first")
    .option("-y, --yes", "do not ask", false)
    .action(({ yes }) => withoutExperiment("destroy", (context) => destroy(context, yes)));
  add("status", "machines, roles, leader, replication, versions, targets, firing alerts, addresses")
    .option("--json", "for programs: machines, cluster, monitoring, endpoints, logins, problems", false)
    .action(({ json }) => run((context) => status(context, json)));
  add("check", "print the problems of the stand; exit code 0 when there are none, 1 otherwise")
    .option("--wait <seconds>", "wait up to this long until all is well", numberOf, 0)
    .action(({ wait }) => run((context) => check(context, wait)));
  add("alerts", "firing alerts, and the notifications that the lab's receiver got, with their delay")
    .option("--json", "for programs; with --follow one line each", false)
    .addOption(
      new Option("--since <age>", "how old notifications may be: 90s, 10m, 2h, 1d")
        .argParser(ageOf)
        .default(ageOf("1h"), "1h"),
    )
    .option("-f, --follow", "print each notification as it arrives, until Ctrl-C", false)
    .action((options) => run((context) => alerts(context, options)));
  const dashboards = group("dashboards", "the dashboards and their queries");
  add(
    "verify",
    "run every query of every panel and rule; exit code 1 names those that fail or find no data",
    dashboards,
  )
    .option("--json", "for programs: findings, checked, failed", false)
    .action(({ json }) => run((context) => verifyDashboards(context, json)));
  add("logins", "users and passwords of the stand's services")
    .option("--json", "for programs", false)
    .action(({ json }) => run((context) => logins(context, json)));
  add("ssh", "a shell on a machine as root, or one command; its exit code is ring's")
    .argument("<host>", "name of the machine, as ring status shows it")
    .argument("[command...]", "one word is a shell command line, several are a program and its arguments")
    .option("-t, --tty", "give the command a terminal (for psql, top, ...)", false)
    .passThroughOptions()
    .action((host, command, { tty }) => run((context) => ssh(context, host, command, tty)));
  add("logs", "the journal of a machine, or of one unit: etcd, patroni, haproxy, goldenring-api, ...")
    .argument("<host>")
    .argument("[unit]")
    .option("-f, --follow", "go on until Ctrl-C", false)
    .option("-n, --lines <number>", "how many of the newest lines", numberOf, 100)
    .action((host, unit, options) => run((context) => logs(context, host, unit, options)));
  add("sbom", "what the repository and the stand's machines consist of, as CycloneDX (JSON)")
    .argument("[file]", "default: standard output")
    .action((file) => run((context) => sbom(context, file)));
  add(
    "audit",
    "compare all that with the known vulnerabilities; exit code 1 where there are any, or nobody can be asked",
  ).action(() => run(audit));

  const backup = group(
    "backup",
    "backups of the database: what can be restored, a backup now, whether files are damaged",
  );
  add("list", "backups, and the moments that can be restored, by repository and timeline", backup)
    .option("--json", "for programs: times in seconds since 1970", false)
    .action(({ json }) => run((context) => listBackups(context, json)));
  add("now", "take a backup in each repository; after Ctrl-C it goes on", backup)
    .addOption(
      new Option("--type <which>", "full, or diff: what has changed since the last full one")
        .choices(["full", "diff"])
        .default("diff"),
    )
    .action(({ type }) => run((context) => takeBackup(context, type)));
  add("verify", "read every file of the repositories; exit code 1 when files are damaged", backup).action(() =>
    run(verifyBackups),
  );
  add("restore", "the database as it was: restored beside the running one, proven, and switched; asks first")
    .option(
      "--to <time>",
      'a moment, such as "2026-01-31 12:00:00"; of this computer\'s time zone unless it ends with one (+00)',
    )
    .option("--to-latest", "the newest state in the archive", false)
    .option("--to-before <point>", "before a position in the WAL (0/5000000) or a transaction (750)")
    .option("--timeline <number>", "follow this timeline; default: the one that was the cluster's then", numberOf)
    .option("--plan", "only check whether it can work, and print what it would do", false)
    .option("--into <name>", "a read-only PostgreSQL with the state of then, beside the database")
    .option("--drop <name>", "remove what --into made")
    .option("-y, --yes", "do not ask", false)
    .action((options: RestoreOptions) => withoutExperiment("restore", (context) => restoreDatabase(context, options)));

  add("new-authority", "replace certificate authorities, one machine after the other, while the stand serves")
    .addArgument(new Argument("<name...>", "which").choices(AUTHORITIES))
    .action((names: string[]) =>
      withoutExperiment("new-authority", (context) => newAuthority(context, [...new Set(names)])),
    );

  const snapshot = group("snapshot", "save and restore the disks of the stand, or of one machine");
  add("save <name>", "save the disks; running machines are shut down for it and started again", snapshot)
    .option("--machine <host>", "only this machine")
    .action((name, { machine }) => withoutExperiment("snapshot save", (context) => save(context, name, machine)));
  add("restore <name>", "restore the disks (and, of the whole stand, the logins)", snapshot)
    .option("--machine <host>", "only this machine")
    .action((name, { machine }) => withoutExperiment("snapshot restore", (context) => restore(context, name, machine)));
  add("list", "all snapshots, newest first", snapshot)
    .option("--json", "for programs", false)
    .action(({ json }) => run((context) => list(context, json)));
  add("delete <name>", "delete a snapshot", snapshot).action((name) =>
    locked("snapshot delete", SHORT_WAIT_MS, (context) => remove(context, name)),
  );

  const powerCommand = group("power", "cut a machine's power without a shutdown, restore it, or reset the machine");
  const actions = { off: "cut its power, without a shutdown", on: "turn it on", reset: "cut its power and turn it on" };
  for (const [action, about] of Object.entries(actions) as [keyof typeof actions, string][]) {
    add(`${action} <host>`, about, powerCommand).action((host) =>
      locked(`power ${action}`, SHORT_WAIT_MS, (context) => power(context, action, host)),
    );
  }

  const withLab = (name: string, change: (lab: Lab) => Promise<unknown>): Promise<void> =>
    locked(`network ${name}`, SHORT_WAIT_MS, async (context) => {
      await change(await labOfRunningStand(context, "network"));
    });
  const network = group("network", "network faults, injected outside of the machines");
  add("loss <host>", "lose packets of a machine at random; 0 ends it", network)
    .argument("<percent>", "from 0 to 100", percentOf)
    .addOption(
      new Option("--direction <which>", "in (what it receives), out (what it sends) or both")
        .choices(DIRECTIONS)
        .default("both"),
    )
    .action((host, percent, { direction }) => withLab("loss", (lab) => lab.loss(host, percent, direction)));
  add("cut <host>", "cut a machine off: from everything, or from one other machine", network)
    .option("--from <host>", "only from this machine")
    .action((host, { from }) => withLab("cut", (lab) => lab.cut(host, { from })));
  add("heal [host]", "end all network faults, or those of one machine", network).action((host) =>
    withLab("heal", (lab) => lab.heal(host)),
  );

  addLoadCommands(
    group("load", "load tests of the API with k6, judged by its objectives"),
    loadDeps(contextOf, command),
  );
  addInitCommand(program, terminalOutput());
  const chaos = group("chaos", "experiments: faults under load, with a measured verdict and an undo that always runs");
  addChaosCommands(chaos, chaosDeps(contextOf, command));

  const guard = group(
    "guardian",
    "replace primaries that are off, or that hang, on the machines of an inventory, until Ctrl-C; `up` starts the lab's guardian",
  )
    .option("--advise", "do nothing; write to the log what it would do", false)
    .addOption(new Option("--watch-lab <inventory>").hideHelp())
    .addOption(new Option("--set-mode <mode>").choices(MODES).hideHelp())
    .action(({ advise, watchLab, setMode: mode }) =>
      run((context) => {
        if (watchLab === undefined) return guardian(context, advise);
        return mode === undefined ? labGuardian(context, watchLab) : setModeHere(watchLab, mode);
      }),
    );
  const modes = {
    pause: ["pause", "all guardians of the stand do nothing, until `resume`"],
    advise: ["advise", "they only write to their logs what they would do"],
    resume: ["act", "they act again"],
  } as const;
  for (const [name, [mode, about]] of Object.entries(modes))
    add(name, about, guard).action(() => run((context) => setMode(context, mode)));
  add(
    "replay [files...]",
    "what the judgement makes of recorded evidence; default: what this stand's guardian recorded",
    guard,
  )
    .option("--json", "for programs: a line for each change of the verdict", false)
    .action((files, { json }) => run((context) => replayEvidence(context, files, json)));
  return program;
}

function numberOf(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a whole number is expected.");
}

function coresOf(text: string): number {
  if (/^\d{1,2}(\.\d{1,2})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a number of cores such as 0.5 is expected.");
}

function percentOf(text: string): number {
  if (/^\d{1,3}(\.\d+)?$/.test(text) && Number(text) <= 100) return Number(text);
  throw new InvalidArgumentError("a number from 0 to 100 is expected.");
}

const MS_OF_UNIT = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `10m`, `2h`, `1d` */
function ageOf(text: string): Age {
  const [, count, unit] = /^(\d{1,4})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new InvalidArgumentError("90s, 10m, 2h or 1d is expected.");
  return { text, ms: Number(count) * MS_OF_UNIT[unit as keyof typeof MS_OF_UNIT] };
}

/** `api=8090,database=5433` */
function portsOf(text: string): Record<string, number> {
  const entries = text.split(",").map((entry): [string, number] => {
    const [, name = "", port = ""] = /^(\w+)=(\d{1,5})$/.exec(entry) ?? [];
    const isKnown = SERVICE_NAMES.some((known) => known === name);
    if (isKnown && Number(port) >= 1 && Number(port) <= 65_535) return [name, Number(port)];
    throw new InvalidArgumentError(
      `"${entry}" is none of ${SERVICE_NAMES.map((known) => `${known}=PORT`).join(", ")}.`,
    );
  });
  return Object.fromEntries(entries);
}
