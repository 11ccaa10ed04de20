import type { Figures, ObjectiveVerdict, SeriesRow } from "../record/record.ts";
import { judge, type Measured, missedSoFar } from "../record/verdict.ts";
import { Answers, LatencySketch } from "./latencies.ts";
import type { Sample } from "./samples.ts";

/** k6 hands its samples out once a second, those of one second together with the first of the next. */
const SETTLED_MS = 1_500;
/** After this many seconds without one good answer the target is checked: it may be unreachable. */
const DEAD_ROWS = 3;

class Second {
  readonly all = new Answers();
  readonly routes = new Map<string, Answers>();
  checksFailed = 0;
  /** Moderators included; undefined while k6 has not told. */
  users: number | undefined;
}

export class Measurements {
  readonly rows: SeriesRow[] = [];
  /** Unix time, ms: when the first users came. k6 prepares all of them before, which may take it seconds. */
  startedAt: number | undefined;
  /** Unix time, ms: of the latest sample. */
  latestAt = 0;
  usersAtBreak: number | undefined;
  /** By their number from the start; finished ones are rows. */
  readonly #open = new Map<number, Second>();
  readonly #answers = new Answers();
  readonly #sketch = new LatencySketch();
  readonly #bytes = { received: 0, sent: 0 };
  #users = 0;
  #checks = 0;
  #checksFailed = 0;

  /** @param moderators who come on top of the users. @param judgedAfterSeconds from the start */
  constructor(
    private readonly moderators: number,
    private readonly judgedAfterSeconds: number,
  ) {}

  take(sample: Sample): void {
    if (sample.kind === "bytes") {
      this.#bytes.received += sample.received;
      this.#bytes.sent += sample.sent;
      return;
    }
    if (this.startedAt === undefined) {
      if (sample.kind === "users" && sample.users === 0) return;
      this.startedAt = sample.kind === "answer" ? sample.at - sample.ms : sample.at;
    }
    this.latestAt = Math.max(this.latestAt, sample.at);
    const second = this.#secondAt(sample.at, this.startedAt);
    if (sample.kind === "users") second.users = Math.max(second.users ?? 0, sample.users);
    else if (sample.kind === "answer") this.#takeAnswer(second, sample);
    else {
      this.#checks += 1;
      if (sample.isRight) return;
      this.#checksFailed += 1;
      second.checksFailed += 1;
    }
  }

  /** Makes rows of the seconds that are over. @param now Unix time, ms; Infinity: all of them. Returns the new rows */
  settle(now: number): SeriesRow[] {
    const before = this.rows.length;
    if (this.startedAt === undefined) return [];
    const over = Math.floor((now - SETTLED_MS - this.startedAt) / 1000);
    const last = Math.min(over, Math.max(-1, ...this.#open.keys()) + 1);
    for (let number = this.rows.length; number < last; number += 1) this.#finish(number);
    return this.rows.slice(before);
  }

  /** Over everything so far; latencies to half a percent. */
  verdictSoFar(): ObjectiveVerdict[] {
    return judge(this.#measured(this.#sketch));
  }

  /** The same at the end, exactly. */
  verdict(): ObjectiveVerdict[] {
    return judge(this.#measured(this.#answers));
  }

  figures(): Figures {
    const latency = this.#answers.latency();
    const requests = this.#answers.count;
    return {
      requests,
      rate: requests / Math.max(1, this.rows.length),
      failed: this.#answers.failed,
      checksFailed: this.#checksFailed,
      latency: latency && { ...latency, mean: this.#answers.mean(), max: this.#answers.max() },
      maxUsers: this.rows.reduce((max, { users }) => Math.max(max, users), 0),
      usersAtBreak: this.usersAtBreak,
      bytesReceived: this.#bytes.received,
      bytesSent: this.#bytes.sent,
    };
  }

  /** Nothing but failures lately: the target may be unreachable. */
  looksDead(): boolean {
    const latest = this.rows.slice(-DEAD_ROWS);
    return latest.length === DEAD_ROWS && latest.every(onlyFailures);
  }

  /** The same at the end, which a missed objective may have brought sooner. */
  endedDead(): boolean {
    const last = this.rows.findLast(({ requests }) => requests > 0);
    return last === undefined || onlyFailures(last);
  }

  #takeAnswer(second: Second, { route, ms, failed }: Extract<Sample, { kind: "answer" }>): void {
    const ofRoute = second.routes.get(route) ?? new Answers();
    second.routes.set(route, ofRoute);
    for (const answers of [ofRoute, second.all, this.#answers]) answers.add(ms, failed);
    this.#sketch.add(ms);
  }

  /** What comes late counts in the oldest second that is still open. */
  #secondAt(at: number, startedAt: number): Second {
    const number = Math.max(this.rows.length, Math.floor((at - startedAt) / 1000));
    const second = this.#open.get(number) ?? new Second();
    this.#open.set(number, second);
    return second;
  }

  #finish(number: number): void {
    const second = this.#open.get(number) ?? new Second();
    this.#open.delete(number);
    this.#users = second.users ?? this.#users;
    const t = number + 1;
    const users = Math.max(0, this.#users - this.moderators);
    const routes = Object.fromEntries([...second.routes].map(([route, answers]) => [route, answers.summary()]));
    this.rows.push({ t, users, checksFailed: second.checksFailed, ...second.all.summary(), routes });
    if (t >= this.judgedAfterSeconds && missedSoFar(this.verdictSoFar()).length > 0) this.usersAtBreak ??= users;
  }

  #measured(latencies: Answers | LatencySketch): Measured {
    const { count, failed } = this.#answers;
    return {
      p95: latencies.percentile(0.95),
      p90: latencies.percentile(0.9),
      errors: count === 0 ? undefined : failed / count,
      checks: this.#checks === 0 ? undefined : 1 - this.#checksFailed / this.#checks,
    };
  }
}

function onlyFailures({ requests, failed }: SeriesRow): boolean {
  return requests > 0 && failed === requests;
}
