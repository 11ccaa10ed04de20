import type { Machine } from "../stand/src/index.ts";
import type { Fault, Site } from "./fault.ts";

const NONE_FAILED = { failedReads: 0, failedWrites: 0 } as const;
/** Between the loss of one etcd node and the next, ms: longer than an election and several of Patroni's loops. */
const ETCD_PACE_MS = 5_000;

/** The faults of the stand's bars. A bar with a number is one of the project's goals; without one the figure is only stated. */
export const FAULTS: readonly Fault[] = [
  {
    name: "reboot-primary",
    about: "planned reboot of the primary's machine",
    agent: "on",
    rounds: 5,
    short: true,
    inject: ({ stand, primary }) => stand.run(primary, "systemctl reboot"),
    holdMs: 5_000,
    undo: ({ stand, primary }) => stand.lab.powerOn(primary.name),
    bars: { ...NONE_FAILED, longestWrite: 5_000 },
  },
  {
    name: "kill-postgres",
    about: "SIGKILL of the primary's postgres",
    agent: "on",
    rounds: 5,
    short: true,
    inject: ({ stand, primary }) =>
      stand.must(primary, 'kill -KILL "$(head -n 1 /var/lib/postgresql/*/main/postmaster.pid)"'),
    holdMs: 3_000,
    undo: async () => {},
    bars: { ...NONE_FAILED, longestWrite: 4_000 },
  },
  {
    name: "power-off-primary",
    about: "hard power-off of the primary's machine, with the agent",
    agent: "on",
    rounds: 5,
    short: true,
    inject: ({ stand, primary }) => stand.lab.powerOff(primary.name),
    holdMs: 10_000,
    undo: ({ stand, primary }) => stand.lab.powerOn(primary.name),
    bars: { ...NONE_FAILED, longestWrite: 4_000 },
  },
  {
    name: "power-off-primary-alone",
    about: "hard power-off of the primary's machine, without the agent",
    agent: "off",
    rounds: 5,
    short: false,
    inject: ({ stand, primary }) => stand.lab.powerOff(primary.name),
    holdMs: 35_000,
    undo: ({ stand, primary }) => stand.lab.powerOn(primary.name),
    bars: { ...NONE_FAILED, longestWrite: 25_000 },
  },
  {
    name: "power-off-replica",
    about: "hard power-off of the replica's machine, with the agent",
    agent: "on",
    rounds: 5,
    short: true,
    inject: ({ stand, replica }) => stand.lab.powerOff(replica.name),
    holdMs: 8_000,
    undo: ({ stand, replica }) => stand.lab.powerOn(replica.name),
    bars: { ...NONE_FAILED, longestWrite: 2_500, samePrimary: true },
  },
  {
    name: "power-off-replica-alone",
    about: "hard power-off of the replica's machine, without the agent",
    agent: "off",
    rounds: 5,
    short: false,
    inject: ({ stand, replica }) => stand.lab.powerOff(replica.name),
    holdMs: 15_000,
    undo: ({ stand, replica }) => stand.lab.powerOn(replica.name),
    bars: { ...NONE_FAILED, longestWrite: 8_000, samePrimary: true },
  },
  {
    name: "power-off-haproxy",
    about: "hard power-off of the haproxy machine",
    agent: "on",
    rounds: 5,
    short: false,
    inject: ({ stand, haproxy }) => stand.lab.powerOff(haproxy.name),
    holdMs: 10_000,
    undo: ({ stand, haproxy }) => stand.lab.powerOn(haproxy.name),
    bars: { ...NONE_FAILED, samePrimary: true },
  },
  {
    name: "kill-api",
    about: "SIGKILL of one API replica",
    agent: "on",
    rounds: 5,
    short: true,
    inject: ({ stand, api }) => stand.must(api, "systemctl kill --signal=KILL goldenring-api"),
    holdMs: 5_000,
    undo: async () => {},
    bars: { ...NONE_FAILED, samePrimary: true },
  },
  etcdFault("etcd-stop", "etcd stopped gracefully, one node after another, all three", false, stopEtcd, startEtcd),
  etcdFault("etcd-kill", "etcd killed, one node after another, all three", false, killEtcd, startEtcd),
  etcdFault(
    "etcd-cut",
    "etcd's machines cut off, one after another, all three",
    true,
    ({ stand }, machine) => stand.lab.cut(machine.name),
    ({ stand }, machine) => stand.lab.heal(machine.name),
  ),
  ...[10, 20, 30, 40].map((percent) => lossFault("out", percent)),
  ...[20, 30, 40].map((percent) => lossFault("both", percent)),
];

function lossFault(direction: "out" | "both", percent: number): Fault {
  return {
    name: `loss-${direction}-${percent}`,
    about: `${percent} % of the packets of the primary's machine lost, ${direction === "out" ? "outgoing only" : "in both directions"}, 60 s`,
    agent: "on",
    rounds: 3,
    short: direction === "out" && percent === 30,
    inject: ({ stand, primary }) => stand.lab.loss(primary.name, percent, direction),
    holdMs: 60_000,
    undo: ({ stand, primary }) => stand.lab.heal(primary.name),
    bars: NONE_FAILED,
  };
}

function etcdFault(
  name: string,
  about: string,
  short: boolean,
  take: (site: Site, machine: Machine) => Promise<unknown>,
  giveBack: (site: Site, machine: Machine) => Promise<unknown>,
): Fault {
  return {
    name,
    about,
    agent: "on",
    rounds: 5,
    short,
    inject: async (site) => {
      for (const [index, machine] of site.etcd.entries()) {
        if (index > 0) await site.pause(ETCD_PACE_MS);
        await take(site, machine);
      }
    },
    holdMs: 15_000,
    undo: (site) => Promise.all(site.etcd.map((machine) => giveBack(site, machine))),
    bars: { ...NONE_FAILED, longestWrite: 2_000, samePrimary: true },
  };
}

function stopEtcd({ stand }: Site, machine: Machine): Promise<unknown> {
  return stand.must(machine, "systemctl stop etcd", { deadlineMs: 30_000 });
}

/** Its unit would start it again at once. */
function killEtcd({ stand }: Site, machine: Machine): Promise<unknown> {
  const stayDead = `mkdir -p ${KEPT_DEAD} && printf '[Service]\\nRestart=no\\n' > ${KEPT_DEAD}/kept-dead.conf && systemctl daemon-reload`;
  return stand.must(machine, `${stayDead} && systemctl kill --signal=KILL etcd`);
}

/** Gone after a reboot at the latest. */
const KEPT_DEAD = "/run/systemd/system/etcd.service.d";

/** etcd says that it is started when it has found the others: they are started together, and nobody waits. */
export function startEtcd({ stand }: Pick<Site, "stand">, machine: Machine): Promise<unknown> {
  const clear = `rm -f ${KEPT_DEAD}/kept-dead.conf && systemctl daemon-reload && systemctl reset-failed etcd`;
  return stand.must(machine, `${clear}; systemctl start --no-block etcd`);
}
