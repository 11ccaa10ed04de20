import { setTimeout as delay } from "node:timers/promises";
import type { Fault, Site } from "./fault.ts";
import type { Stand, Status } from "./stand.ts";

/** Milliseconds. */
const LOOK_EVERY = 1_000;
const SAY_EVERY = 10_000;
/** A machine boots, rejoins, maybe copies the whole database; and what Alertmanager has to say is said. */
const HEALTH = 300_000;
/** Alerts of a long window outlive their fault; whoever waits longer for them waits for an hour. */
const SILENCE = 300_000;

export interface Waiting {
  readonly stand: Stand;
  /** Ends the waiting; it rejects then. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Looks until it pleases or the time is over. @returns what was seen last */
export async function until<Seen>(
  look: () => Promise<Seen> | Seen,
  pleases: (seen: Seen) => boolean,
  deadlineMs: number,
  signal: AbortSignal,
  onMissing: (seen: Seen) => void = () => {},
): Promise<Seen> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (pleases(seen) || performance.now() > giveUpAt) return seen;
    onMissing(seen);
    await delay(LOOK_EVERY, undefined, { signal });
  }
}

export interface Calm {
  readonly site: Site;
  /** Names of alerts that go on firing all the same. */
  readonly standing: readonly string[];
}

/** Waits until the stand is whole and no alert fires. @throws when it does not become whole */
export async function untilCalm({ stand, signal, say }: Waiting): Promise<Calm> {
  let saidAt = performance.now();
  const sayMissing = (what: readonly string[]): void => {
    if (performance.now() - saidAt < SAY_EVERY) return;
    saidAt = performance.now();
    say(`waiting: ${what.slice(0, 3).join("; ")}`);
  };
  const whole = await until(
    () => stand.status(),
    ({ problems }) => problems.length === 0,
    HEALTH,
    signal,
    ({ problems }) => sayMissing(problems),
  );
  assertWhole(whole);
  const silent = await until(
    () => stand.status(),
    (status) => status.problems.length === 0 && alertsOf(status).length === 0,
    SILENCE,
    signal,
    (status) => sayMissing([...status.problems, ...alertsOf(status).map((name) => `${name} fires`)]),
  );
  assertWhole(silent);
  return { site: siteOf(stand, silent), standing: alertsOf(silent) };
}

function assertWhole({ problems }: Status): void {
  if (problems.length > 0) throw new Error(`the stand is not well: ${problems.join("; ")}`);
}

function alertsOf({ monitoring }: Status): string[] {
  return [...new Set(monitoring?.alerts.map(({ name }) => name) ?? [])];
}

function siteOf(stand: Stand, { cluster }: Status): Site {
  const { inventory } = stand;
  const replica = cluster.members.find(({ name }) => name !== cluster.leader);
  const [ingress] = inventory.byRole("ingress");
  if (cluster.leader === null || replica === undefined || ingress === undefined) {
    throw new Error("the stand needs a leader, a replica and an ingress");
  }
  return {
    stand,
    primary: stand.machine(cluster.leader),
    replica: stand.machine(replica.name),
    etcd: inventory.byRole("etcd"),
    api: inventory.byRole("api"),
    ingress,
  };
}

/** @throws for a fault whose alert fires already: its first notification would not be its own */
export function assertNews(fault: Fault, { site, standing }: Calm): void {
  const { alert } = fault.expected(site);
  if (standing.includes(alert)) throw new Error(`${alert} fires already`);
}
