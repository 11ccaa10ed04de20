import type { RouteSecond, SeriesRow } from "../record/record.ts";
import { Latencies } from "./latencies.ts";

class RouteCollector {
  readonly #latencies = new Latencies();
  #failed = 0;

  add(ms: number, failed: boolean): void {
    this.#latencies.add(ms);
    if (failed) this.#failed += 1;
  }

  finish(): RouteSecond {
    const latency = this.#latencies.latency();
    return { requests: this.#latencies.count, failed: this.#failed, ...(latency === undefined ? {} : { latency }) };
  }
}

/** What happened in one second of the run. */
export class Second {
  readonly #all = new RouteCollector();
  readonly #routes = new Map<string, RouteCollector>();
  #checksFailed = 0;
  /** Moderators included; undefined while k6 has not told. */
  users: number | undefined;

  addAnswer(route: string, ms: number, failed: boolean): void {
    this.#all.add(ms, failed);
    const collector = this.#routes.get(route) ?? new RouteCollector();
    this.#routes.set(route, collector);
    collector.add(ms, failed);
  }

  addFailedCheck(): void {
    this.#checksFailed += 1;
  }

  /** @param t seconds from the run's start to the end of this second. @param users without moderators */
  finish(t: number, users: number): SeriesRow {
    const routes = [...this.#routes].map(([route, collector]) => [route, collector.finish()] as const);
    return { t, users, checksFailed: this.#checksFailed, ...this.#all.finish(), routes: Object.fromEntries(routes) };
  }
}
