import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import {
  httpRequest,
  type Inventory,
  loginOf,
  type Machine,
  machineNamed,
  messageOf,
  readAuthority,
  waitFor,
} from "@goldenring/stand";
import { type Etcd, openEtcd } from "./etcd.ts";
import type { Evidence, Mode } from "./evidence.ts";
import type { Fence } from "./fence.ts";
import { type Cluster, fencingResponse, responseOf } from "./fencing-response.ts";
import { type Entry, type GuardianReport, guardianReport, openJournal } from "./journal.ts";
import { COOL_DOWN_MS, judge, mayReturn, objectionTo, type Verdict, WINDOW_MS } from "./judge.ts";
import { openNodes } from "./nodes.ts";
import { type Observers, openObservers, TICK_MS } from "./observe.ts";
import { afterFence, type Hands, recover } from "./recovery.ts";
import { openLoadBalancer, openPostgres, type Postgres } from "./services.ts";
import { type WatchedState, watch } from "./watch.ts";
import { viewsOf } from "./words.ts";

export interface GuardianOptions {
  readonly inventory: Inventory;
  /** Undefined: nothing tells whether a machine is off. */
  readonly fence: Fence | undefined;
  /** Whether it only judges, whatever etcd has as its mode. */
  readonly onlyAdvises?: boolean;
  /** Existing folder for the guardian's files. */
  readonly folder: string;
  readonly onEntry: (entry: Entry) => void;
  readonly signal: AbortSignal;
}

/** How long a switchover may take before the primary counts as unable to. */
const SWITCHOVER_MS = { fast: 2_500, norm: 8_000, safe: 20_000 } as const;
const PATRONI_DEADLINE_MS = 20_000;
/** How long a machine that is off may keep its leader key before the watch alone goes on. */
const FREE_MS = 15_000;
const RETRY_MS = 100;
/** A standby that was taken out must be well for so long before it may confirm commits again. */
const WELL_AGAIN_MS = 10_000;
const KEEP_OUT_MS = 3_000;
const AFTER_FENCE_MS = 1_000;
const RETURN_NODES_MS = 2_000;
/** After an action that failed. */
const PAUSE_MS = 1_000;

/** Watches the database machines, and nodes of Kubernetes, until the signal aborts; in the lab inside its namespace. @throws {SecretsError} */
export async function runGuardian(options: GuardianOptions): Promise<void> {
  const { inventory, fence, folder, onEntry, signal } = options;
  const journal = openJournal(folder, onEntry);
  const watched = inventory.byRole("postgres");
  const nodes = await openNodes(inventory);
  const etcd = await openEtcd(inventory);
  const proxies = new Map(inventory.byRole("haproxy").map((machine) => [machine.name, openLoadBalancer(machine)]));
  const databases = new Map(watched.map((machine) => [machine.name, openPostgres(machine)]));
  const cluster: Cluster = {
    etcd,
    databases,
    proxies,
  };
  const observers = await openObservers(inventory, etcd, signal, (detail) =>
    journal.note({ event: "observer", detail }),
  );
  const machines: GuardianReport["machines"] = {};
  let window: readonly Evidence[] = [];
  let verdict: Verdict = { act: "nothing", why: [] };
  const mayFence = fence?.powerOff !== undefined;
  /** Undefined until etcd was reached: then only a machine that is off for certain is acted on. */
  const knownMode = (): Mode | undefined => (options.onlyAdvises ? "advise" : observers.shared()?.mode);
  const mode = (): Mode => knownMode() ?? "advise";
  const look = (): Evidence => observers.evidence({ mode: mode(), mayFence });
  const all = [...watched, ...(nodes?.machines ?? [])];
  journal.note({ event: "watching", detail: all.map(({ name }) => name).join(" ") });
  const report = guardianReport.keep(folder, () => {
    const now = window.at(-1);
    const sees = now === undefined ? {} : viewsOf(now);
    const coolDownMs = Math.max(0, COOL_DOWN_MS - (now?.actedMs ?? COOL_DOWN_MS));
    return { machines, mode: mode(), mayFence, verdict, coolDownMs, sees, newest: journal.newest() };
  });

  /** In a mode in which nothing may be done, none counts as off. */
  const isOff = async (machine: Machine): Promise<boolean> =>
    (knownMode() ?? "act") === "act" && (await fence?.isOff(machine)) === true;
  const respond = (machine: Machine, isStillOff: () => Promise<boolean>) => {
    const { name } = machine;
    if (!nodes?.machines.includes(machine)) return fencingResponse(name, cluster, isStillOff, journal.note);
    const takeOut = async (): Promise<boolean> => {
      if (!(await isStillOff())) return false;
      await nodes.takeOut(name);
      journal.note({ machine: name, event: "out of service", detail: "its pods start elsewhere" });
      return true;
    };
    return responseOf(name, new Map([["take it out of service", takeOut]]), journal.note);
  };
  const watchMachine = async (machine: Machine): Promise<void> => {
    if (fence === undefined) return;
    const { name } = machine;
    const onState = (next: WatchedState): void => {
      const known = machines[name];
      machines[name] = next;
      if (known?.state !== next.state || known.fence !== next.fence) report.renew();
    };
    await watch(
      {
        name,
        isOff: () => isOff(machine),
        pollMs: fence.pollMs,
        respond: (isStillOff) => respond(machine, isStillOff),
      },
      journal.note,
      onState,
      signal,
    );
  };

  const keptOut = new Map<string, string>();
  const hands = await openHands({ ...options, etcd, cluster, databases, observers, look, note: journal.note, keptOut });
  // Each of the two does not wait for the other: a standby may be taken out while its primary is lost.
  let acting: Promise<void> | undefined;
  let dropping: Promise<void> | undefined;
  const carryOut = (what: Verdict): Promise<void> =>
    recover(what, hands, journal.note)
      .catch((error) => journal.note({ event: "the action failed", detail: messageOf(error) }))
      .then(() => delay(PAUSE_MS));
  const judgeOnce = (): void => {
    const now = look();
    window = [...window.filter(({ at }) => now.at - at <= WINDOW_MS && at < now.at), now];
    const before = verdict;
    verdict = judge(window);
    journal.record(now, verdict);
    if (
      acting === undefined &&
      verdict.act === "advise" &&
      (before.act !== "advise" || before.machine !== verdict.machine)
    )
      journal.note({
        ...(verdict.machine === undefined ? {} : { machine: verdict.machine }),
        event: "advises",
        detail: verdict.why.join("; "),
      });
    if (verdict.act !== before.act) report.renew();
    if (verdict.act === "drop standby") {
      dropping ??= carryOut(verdict).finally(() => {
        dropping = undefined;
      });
    } else if (verdict.act === "switch over" || verdict.act === "fence") {
      acting ??= carryOut(verdict).finally(() => {
        acting = undefined;
      });
    }
  };

  /** Renews what keeps sick standbys out, and lets those in that do not hang any more. */
  const tendStandbys = async (): Promise<void> => {
    for (const [standby, primary] of keptOut) {
      const isOver = window.at(-1)?.leader !== primary || mayReturn(standby, window, WELL_AGAIN_MS);
      if (isOver || mode() !== "act") {
        keptOut.delete(standby);
        journal.note({ machine: standby, event: "may confirm commits again" });
      }
      // What cannot be renewed ends by itself.
      await hands.refuseKeptOut(primary).catch(() => {});
    }
  };
  /** Also after a restart of the guardian. An API server that does not answer is asked again. */
  const returnNodes = async (): Promise<void> => {
    if (nodes === undefined || fence === undefined || (knownMode() ?? "act") !== "act") return;
    const mayReturn = async (name: string): Promise<boolean> => {
      const machine = nodes.machines.find((each) => each.name === name);
      return machine !== undefined && !(await fence.isOff(machine));
    };
    for (const machine of await nodes.letIn(mayReturn).catch(() => []))
      journal.note({ machine, event: "in service again" });
  };
  const turnOn = fence?.powerOn;
  const tendMachines = async (): Promise<void> => {
    const shared = observers.shared();
    if (shared === undefined || mode() !== "act" || acting !== undefined) return;
    for (const [name, since] of Object.entries(shared.turnedOff)) {
      const machine = machineNamed(inventory, name);
      if (machine === undefined) continue;
      const isOff = await fence?.isOff(machine).catch(() => undefined);
      const next = afterFence(name, Date.now() - since, {
        isOff,
        leader: shared.leader,
        mayTurnOn: turnOn !== undefined,
      });
      if (next === "turn on") {
        await turnOn?.(machine);
        journal.note({ machine: name, event: "turned on" });
      }
      if (next !== "wait") await etcd.noteTurnedOff(name, undefined);
    }
  };

  try {
    const every = async (pauseMs: number, work: () => Promise<void> | void): Promise<void> => {
      while (!signal.aborted) {
        try {
          await work();
        } catch (error) {
          journal.note({ event: "failed", detail: messageOf(error) });
        }
        await delay(pauseMs, undefined, { signal }).catch(() => {});
      }
    };
    await Promise.all([
      ...all.map(watchMachine),
      every(TICK_MS, judgeOnce),
      every(KEEP_OUT_MS, tendStandbys),
      every(AFTER_FENCE_MS, tendMachines),
      every(RETURN_NODES_MS, returnNodes),
    ]);
  } finally {
    await Promise.all([acting, dropping]);
    report.stop();
    for (const open of [etcd, ...proxies.values(), ...databases.values()]) open.close();
    journal.note({ event: "stopped" });
  }
}

interface HandsOptions extends GuardianOptions {
  readonly etcd: Etcd;
  readonly cluster: Cluster;
  readonly databases: ReadonlyMap<string, Postgres>;
  readonly observers: Observers;
  readonly look: () => Evidence;
  readonly note: Parameters<typeof recover>[2];
  readonly keptOut: Map<string, string>;
}

/** What a recovery of a real stand acts with. */
async function openHands(options: HandsOptions) {
  const { inventory, fence, etcd, cluster, databases, observers, look, note, keptOut } = options;
  const ca = await readAuthority(inventory, "servers");
  const login = await loginOf(inventory, "patroni");
  const machineOf = (name: string): Machine => {
    const machine = machineNamed(inventory, name);
    if (machine === undefined) throw new Error(`${name} is not in the inventory`);
    return machine;
  };
  const refuseKeptOut = async (primary: string): Promise<void> => {
    const standbys = [...keptOut].filter(([, of]) => of === primary);
    await databases.get(primary)?.refuse(standbys.map(([name]) => machineOf(name).address));
  };
  const until = (attempt: () => Promise<boolean>, missing: string, deadlineMs: number): Promise<true> =>
    waitFor(async () => ((await attempt()) ? { value: true as const } : { missing }), {
      deadlineMs,
      everyMs: RETRY_MS,
    });
  const hands: Hands & { refuseKeptOut: typeof refuseKeptOut } = {
    refuseKeptOut,
    lock: () => etcd.lockActions(`${hostname()} ${process.pid}`),
    async objection(machine) {
      await observers.renewShared();
      return objectionTo(machine, look());
    },
    async switchOver(leader, candidate) {
      // Any member takes the request; the candidate's network is the healthy one.
      const url = `https://${machineOf(candidate).address}:8008/switchover`;
      const body = { leader, candidate };
      let refusal: Error | undefined;
      void httpRequest({ url, tls: { ca }, login, body, deadlineMs: PATRONI_DEADLINE_MS }).then(
        ({ status, text }) => {
          if (status >= 400) refusal = new Error(`Patroni answers ${status} ${text.trim().slice(0, 200)}`);
        },
        () => {},
      );
      const leads = async (): Promise<boolean> => {
        if (refusal !== undefined) throw refusal;
        return (await etcd.leadership())?.leader === candidate;
      };
      await until(leads, `${candidate} does not lead`, SWITCHOVER_MS[inventory.rto]);
    },
    async powerOff(name) {
      const machine = machineOf(name);
      if (fence?.powerOff === undefined) throw new Error("there is no command that turns machines off");
      await fence.powerOff(machine);
      if (!(await fence.isOff(machine))) throw new Error(`${name} was turned off and is not off`);
    },
    async free(name) {
      const machine = machineOf(name);
      const isStillOff = async (): Promise<boolean> => (await fence?.isOff(machine)) === true;
      const response = fencingResponse(name, cluster, isStillOff, note);
      await until(() => response.attempt(), `${name} still holds up the cluster`, FREE_MS);
    },
    noteTurnedOff: (machine) => etcd.noteTurnedOff(machine, Date.now()),
    noteAction: (what) => etcd.noteAction(Date.now(), what),
    async dropStandby(machine) {
      const leader = look().leader;
      const primary = leader === null ? undefined : databases.get(leader);
      if (leader === null || primary === undefined) throw new Error("nobody leads");
      keptOut.set(machine, leader);
      // In this order: it would be connected again before Patroni looks.
      await refuseKeptOut(leader);
      await primary.endReplication(machine);
    },
  };
  return hands;
}
