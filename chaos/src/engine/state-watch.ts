import { setTimeout as delay } from "node:timers/promises";
import {
  byRole,
  ETCD_HEALTH,
  isHealthy,
  SHOW_SERVERS,
  type Stand,
  type StandMachine,
  serversIn,
} from "@goldenring/stand";
import { monotonicMs } from "../clock.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { StateSpan } from "../run/record.ts";

/** Between two questions to the same machine. */
const POLL_EVERY_MS = 1_000;
/** A machine that does not answer by then is silent. */
const ANSWER_DEADLINE_MS = 2_500;

type States = Readonly<Record<string, string>>;

/** Polls the states of HAProxy's servers and etcd's health once a second, on its own connections. */
export class StateWatch {
  readonly #from: number;
  readonly #spans = new Map<string, StateSpan[]>();
  readonly #over = new AbortController();
  readonly #done: Promise<unknown>;

  /** @param from the moment that counts as 0, ms of the shared clock */
  constructor(stand: Stand, watch: Experiment["watch"], from: number) {
    this.#from = from;
    const own = stand.again();
    const balancers = watch.haproxy ? [...byRole(own, "haproxy"), ...byRole(own, "ingress")] : [];
    const members = watch.etcd ? byRole(own, "etcd") : [];
    this.#done = Promise.all([
      ...balancers.map((machine) => this.#watch(machine, SHOW_SERVERS, serverStates)),
      ...members.map((machine) => this.#watch(machine, ETCD_HEALTH, etcdState)),
    ]).finally(() => own.disconnect());
  }

  async stop(): Promise<readonly StateSpan[]> {
    this.#over.abort();
    await this.#done;
    return [...this.#spans.values()].flat();
  }

  async #watch(machine: StandMachine, question: string, read: (answer: string) => States): Promise<void> {
    while (!this.#over.signal.aborted) {
      const at = Math.round(monotonicMs() - this.#from);
      const { code, stdout } = await machine.run(question, { deadlineMs: ANSWER_DEADLINE_MS });
      const states = code === 0 ? read(stdout) : this.#silent(machine.name);
      for (const [what, state] of Object.entries(states)) this.#take(machine.name, what, state, at);
      await delay(POLL_EVERY_MS, undefined, { signal: this.#over.signal }).catch(() => {});
    }
  }

  /** Everything that it has reported on. */
  #silent(machine: string): States {
    const known = [...this.#spans.values()].flatMap(([span]) => (span?.machine === machine ? [span.what] : []));
    return Object.fromEntries(known.map((what) => [what, "silent"]));
  }

  #take(machine: string, what: string, state: string, at: number): void {
    const key = `${machine} ${what}`;
    const spans = this.#spans.get(key) ?? [];
    this.#spans.set(key, spans);
    const last = spans.at(-1);
    if (last) last.to = at;
    if (last?.state !== state) spans.push({ machine, what, state, from: at, to: at });
  }
}

function serverStates(csv: string): States {
  return Object.fromEntries(serversIn(csv).map(({ listener, server, state }) => [`${listener}/${server}`, state]));
}

function etcdState(answer: string): States {
  return { etcd: isHealthy(answer) ? "healthy" : "unhealthy" };
}
