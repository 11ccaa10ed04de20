import { addChaosCommands } from "@goldenring/chaos";
import { addLoadCommands } from "@goldenring/load";
import { Command, InvalidArgumentError, Option } from "commander";
import manifest from "../package.json" with { type: "json" };
import { type Age, alerts } from "./commands/alerts.ts";
import { assertNoExperiment, chaosDeps } from "./commands/chaos.ts";
import { verifyDashboards } from "./commands/dashboards.ts";
import { destroy, down } from "./commands/down.ts";
import { cut, heal, loss, power } from "./commands/faults.ts";
import { guardian, labGuardian } from "./commands/guardian.ts";
import { loadDeps } from "./commands/load.ts";
import { logins } from "./commands/logins.ts";
import { logs, ssh } from "./commands/on-machine.ts";
import { list, remove, restore, save } from "./commands/snapshot.ts";
import { check, status } from "./commands/status.ts";
import { up } from "./commands/up.ts";
import { type Context, openContext } from "./context.ts";
import { SERVICE_NAMES } from "./endpoints.ts";
import { EXIT_MEANINGS } from "./exit.ts";
import { Progress } from "./progress.ts";
import { inTurn } from "./turn.ts";

/** Milliseconds: short commands wait for one another, long ones say at once that another is at work. */
const SHORT_WAIT = 10_000;
const NO_WAIT = 0;

const EXAMPLES = `
Examples:
  sudo ring up                          the whole stand; again: mends what is missing
  sudo ring status                      machines, leader, replication, targets, alerts, addresses
  sudo ring alerts --follow             each alert as it arrives
  sudo ring dashboards verify           does every panel and rule find its data?
  sudo ring ssh pg-01                   a shell on a machine
  sudo ring ssh pg-01 patronictl list   one command there
  sudo ring logs pg-02 patroni -f       follow the journal of a unit
  sudo ring snapshot save clean         later: sudo ring snapshot restore clean
  sudo ring power off pg-01             as if its cable were pulled out of the wall
  sudo ring network loss pg-01 30       lose 30 % of its packets, both ways; 0 ends it
  sudo ring network cut etcd-01         cut it off; sudo ring network heal
  sudo ring down                        end everything, keep the disks
  sudo ring load browse-cities          a load test of the stand; sudo ring load --help
  sudo ring chaos run CE-01             an experiment; sudo ring chaos --help
  ring --inventory my.yml status        the machines of an inventory instead of the lab

Environment:
  RING_STAND       name of the lab's stand (default: lab); stands of other names run side by side
  RING_HOME        where the lab keeps images, disks and secrets (default: /var/lib/goldenring)
  RING_INVENTORY   as --inventory

Exit codes:
${EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`).join("\n")}
  ring ssh and ring logs end with the exit code of what ran on the machine; ring load and ring chaos have codes of their own besides.

More: docs/ring.md`;

/** @param outcome gets the exit code of the command that ran */
export function createProgram(signal: AbortSignal, outcome: { exitCode: number }): Command {
  const progress = new Progress();
  const program = new Command("ring")
    .description(
      "The stand at your fingertips: machines, database cluster, API, monitoring; their faults and snapshots.",
    )
    .version(manifest.version)
    .option("-i, --inventory <file>", "work on the machines of an Ansible inventory instead of the lab")
    .addHelpText("after", EXAMPLES)
    .helpCommand(false)
    .showHelpAfterError("(ring --help shows all commands)")
    .enablePositionalOptions()
    .exitOverride();

  /** What the options name. */
  const contextOf = (): Promise<Context> => {
    const { inventory } = program.opts<{ inventory?: string }>();
    return openContext(inventory ?? (process.env.RING_INVENTORY || undefined));
  };
  const run = async (work: (context: Context) => Promise<number>): Promise<void> => {
    outcome.exitCode = await work(await contextOf());
  };
  const alone = (command: string, waitMs: number, work: (context: Context) => Promise<number>): Promise<void> =>
    run((context) => inTurn(context.stand, command, waitMs, () => work(context)));

  /** Long commands that an experiment would not survive. */
  const undisturbed = (command: string, work: (context: Context) => Promise<number>): Promise<void> =>
    alone(command, NO_WAIT, (context) => {
      assertNoExperiment(context);
      return work(context);
    });

  program
    .command("up")
    .description("bring the whole stand up: machines, cluster, API, monitoring, guardian; again: mend what is missing")
    .option("--subnet <network>", "private IPv4 network of a new stand (default: 10.88.0.0/24)")
    .addOption(new Option("--rto <knob>", "how fast to fail over; kept").choices(["fast", "norm", "safe"]))
    .option(
      "--ports <list>",
      `ports of this computer, kept: ${SERVICE_NAMES.join(", ")}; e.g. api=8090,database=5433`,
      portsOf,
    )
    .option("--provision", "run the playbook even when nothing has changed", false)
    .action(({ subnet, rto, ports, provision }) =>
      undisturbed("up", (context) => up(context, { network: subnet, rto, ports, provision }, progress, signal)),
    );
  program
    .command("down")
    .description("end the stand: afterwards nothing of it runs on this computer; disks and settings stay")
    .action(() => undisturbed("down", (context) => down(context, progress)));
  program
    .command("destroy")
    .description("end the stand and delete its disks, snapshots and logins; asks first")
    .option("-y, --yes", "do not ask", false)
    .action(({ yes }) => undisturbed("destroy", (context) => destroy(context, yes, progress, signal)));
  program
    .command("status")
    .description("machines, roles, leader, replication, versions, targets, firing alerts, addresses")
    .option("--json", "for programs: machines, cluster, monitoring, endpoints, logins, problems", false)
    .action(({ json }) => run((context) => status(context, json)));
  program
    .command("check")
    .description("whether all is well: exit code 0, or 1 and what is not")
    .option("--wait <seconds>", "give it that long", numberOf, 0)
    .action(({ wait }) => run((context) => check(context, wait, signal)));
  program
    .command("alerts")
    .description("alerts that fire, and those that Alertmanager told the lab's receiver, with their delay")
    .option("--json", "for programs; with --follow one line each", false)
    .addOption(
      new Option("--since <age>", "how far back received ones go: 90s, 10m, 2h, 1d")
        .argParser(ageOf)
        .default(ageOf("1h"), "1h"),
    )
    .option("-f, --follow", "only received ones, and go on until Ctrl-C", false)
    .action((options) => run((context) => alerts(context, options, signal)));
  const dashboards = program.command("dashboards").description("the dashboards and what they ask").helpCommand(false);
  dashboards
    .command("verify")
    .description("run every query of every panel and rule; exit code 1, and which, when one fails or has no data")
    .option("--json", "for programs: findings, checked, failed", false)
    .action(({ json }) => run((context) => verifyDashboards(context, json, progress, signal)));
  program
    .command("logins")
    .description("users and passwords of the stand's services")
    .option("--json", "for programs", false)
    .action(({ json }) => run((context) => logins(context, json)));
  program
    .command("ssh")
    .description("a shell on a machine as root, or one command; its exit code is ring's")
    .argument("<host>", "name of the machine, as ring status shows it")
    .argument("[command...]", "one word is a command line of the shell, several are a program and its arguments")
    .option("-t, --tty", "give the command a terminal (for psql, top, ...)", false)
    .passThroughOptions()
    .action((host, command, { tty }) => run((context) => ssh(context, host, command, tty)));
  program
    .command("logs")
    .description("the journal of a machine, or of one unit: etcd, patroni, haproxy, goldenring-api, ...")
    .argument("<host>")
    .argument("[unit]")
    .option("-f, --follow", "go on until Ctrl-C", false)
    .option("-n, --lines <number>", "how many of the newest lines", numberOf, 100)
    .action((host, unit, options) => run((context) => logs(context, host, unit, options)));

  const snapshot = program
    .command("snapshot")
    .description("save and put back the disks of the stand, or of one machine")
    .helpCommand(false);
  snapshot
    .command("save <name>")
    .description("machines that run are shut down for it and started again")
    .option("--machine <host>", "only this machine")
    .action((name, { machine }) =>
      undisturbed("snapshot save", (context) => save(context, name, machine, progress, signal)),
    );
  snapshot
    .command("restore <name>")
    .description("put the disks (and, of the whole stand, the logins) back")
    .option("--machine <host>", "only this machine")
    .action((name, { machine }) =>
      undisturbed("snapshot restore", (context) => restore(context, name, machine, progress, signal)),
    );
  snapshot
    .command("list")
    .description("newest first")
    .option("--json", "for programs", false)
    .action(({ json }) => run((context) => list(context, json)));
  snapshot
    .command("delete <name>")
    .action((name) => alone("snapshot delete", SHORT_WAIT, (context) => remove(context, name)));

  const powerCommand = program
    .command("power")
    .description("take a machine's power (hard, no goodbye), give it back, or reset it")
    .helpCommand(false);
  for (const action of ["off", "on", "reset"] as const) {
    powerCommand
      .command(`${action} <host>`)
      .action((host) => alone(`power ${action}`, SHORT_WAIT, (context) => power(context, action, host)));
  }

  const network = program
    .command("network")
    .description("faults of the network, made outside of the machines")
    .helpCommand(false);
  network
    .command("loss <host> <percent>")
    .description("lose packets of a machine at random; 0 ends it")
    .option("--direction <which>", "in (what it gets), out (what it sends) or both", "both")
    .action((host, percent, { direction }) =>
      alone("network loss", SHORT_WAIT, (context) => loss(context, host, percent, direction)),
    );
  network
    .command("cut <host>")
    .description("cut a machine off: from everything, or from one other machine")
    .option("--from <host>", "only from this machine")
    .action((host, { from }) => alone("network cut", SHORT_WAIT, (context) => cut(context, host, from)));
  network
    .command("heal [host]")
    .description("end all network faults, or those of one machine")
    .action((host) => alone("network heal", SHORT_WAIT, (context) => heal(context, host)));

  const load = program
    .command("load")
    .description("load tests of the API by k6: the report's scenarios, judged by its objectives")
    .helpCommand(false);
  addLoadCommands(load, loadDeps(contextOf, signal, outcome));
  const chaos = program
    .command("chaos")
    .description("experiments: faults under load, with a measured verdict and an undo that always runs")
    .helpCommand(false);
  addChaosCommands(chaos, chaosDeps(contextOf, signal, outcome));

  program
    .command("guardian")
    .description(
      "fence real machines that are off for certain (fence_command of the inventory), until Ctrl-C; the lab's is started by up",
    )
    .addOption(new Option("--watch-lab <inventory>").hideHelp())
    .action(({ watchLab }) =>
      run((context) => (watchLab === undefined ? guardian(context, signal) : labGuardian(context, watchLab, signal))),
    );
  return program;
}

function numberOf(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a whole number is expected.");
}

const MILLISECONDS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `10m`, `2h`, `1d` */
function ageOf(text: string): Age {
  const [, count, unit] = /^(\d{1,4})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new InvalidArgumentError("90s, 10m, 2h or 1d is expected.");
  return { text, ms: Number(count) * MILLISECONDS[unit as keyof typeof MILLISECONDS] };
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
