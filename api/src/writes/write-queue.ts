import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { messageOf } from "../operations/log.ts";
import { type Connection, type DatabaseConfig, QueryTimeout } from "../postgres/connection.ts";
import { classifyFailure, sqlState } from "../postgres/failures.ts";
import { requireMigrated } from "../postgres/migrate.ts";
import { type DatabaseIdentity, PrimaryFinder, type PrimarySearch, sameHistory } from "../postgres/primary.ts";
import { IdReserve } from "./id-reserve.ts";
import {
  type BatchStatement,
  type Outcome,
  STATEMENTS,
  WriteError,
  type WriteKind,
  type Writes,
} from "./statements.ts";

export interface WriteQueueOptions {
  readonly database: DatabaseConfig;
  readonly search: Omit<PrimarySearch, "applicationName" | "settings">;
  /** Maximum number of waiting writes; more are refused. */
  readonly capacity: number;
  /** How much memory waiting writes may take; at least one is always accepted. */
  readonly capacityBytes: number;
  /** Maximum number of writes in a statement. */
  readonly maxBatch: number;
  readonly statementDeadlineMs: number;
}

export interface WriteEvents {
  batch(kind: WriteKind, writes: number, durationMs: number): void;
  /** The statement failed and will be sent again. */
  retry(kind: WriteKind, writes: number, error: unknown): void;
  settled(kind: WriteKind, outcome: "done" | "refused" | "unconfirmed", writes: number): void;
}

interface Job<K extends WriteKind> extends Pending {
  readonly input: Writes[K]["input"];
  /** 0 until an id is reserved. Every retry keeps it, which makes an insert repeatable. */
  id: number;
  readonly resolve: (output: Writes[K]["output"]) => void;
}

interface Pending {
  /** What it takes in memory, a share of the statement included. */
  readonly bytes: number;
  readonly deadline: number;
  /** True once an attempt ended without an outcome. */
  mayBeDone: boolean;
  /** Answered, perhaps while a statement with it still runs. */
  settled: boolean;
  readonly reject: (error: Error) => void;
}

/** Pauses between attempts while the primary is unreachable. */
const RETRY_PAUSE_MS = { first: 20, max: 250 } as const;

/** A statement takes writes of so many bytes at most, or one. */
const MAX_BATCH_BYTES = 2_097_152;
/** Objects of a waiting write: its request, promises, numbers. */
const WRITE_OVERHEAD_BYTES = 2_000;
/** A character in the input, in the statement's parameters and in the bytes that are sent. */
const BYTES_PER_CHARACTER = 6;

/** How often writes past their deadline are answered. */
const EXPIRY_INTERVAL_MS = 50;

/**
 * Every statement finds its rows by their keys, in the order of its input: two replicas that change the same rows then
 * cannot deadlock, which they could if one of them read the table in another order. So one plan is enough; planning each
 * statement, PostgreSQL's default, took longer than the statement itself (0.40 and 0.18 ms). The timeouts end sessions
 * that hang.
 */
const SESSION_SETTINGS =
  "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan -c jit=off " +
  "-c idle_in_transaction_session_timeout=10000 -c statement_timeout=30000";

/**
 * Joins concurrent writes into one statement per kind; one statement runs at a time. A batch whose outcome is unknown is
 * sent again, to the server that is the primary then, until each write's own deadline: the statements have no effect the
 * second time. At its deadline a write is answered, even while a statement with it runs. A write that the database
 * refuses fails alone.
 */
export class WriteQueue {
  readonly #waiting: { [K in WriteKind]: Job<K>[] } = {
    addCity: [],
    renameCity: [],
    addForecast: [],
    changeForecast: [],
    canary: [],
  };
  readonly #reserves = { cities: new IdReserve("cities", 0), forecast: new IdReserve("forecast", 15) };
  /** The writes of the statement that runs. */
  #sending: { readonly kind: WriteKind; readonly batch: readonly Pending[] } | undefined;
  readonly #finder: PrimaryFinder;
  #connection: Connection | undefined;
  #identity: DatabaseIdentity | undefined;
  #depth = 0;
  #bytes = 0;
  #working: Promise<void> | undefined;
  #pauseMs: number = RETRY_PAUSE_MS.first;
  /** Start of the first attempt since the database last answered one. */
  #unansweredMs: number | undefined;
  #answeredMs = Number.NEGATIVE_INFINITY;
  /** The longest attempt of this second, and of the one before. */
  #slowest: readonly { readonly second: number; readonly ms: number }[] = [];
  #lastFailure = "no answer yet";
  #closed = false;
  #abandoned = false;

  constructor(
    readonly options: WriteQueueOptions,
    readonly events: WriteEvents,
  ) {
    const search = { ...options.search, applicationName: "goldenring writes", settings: SESSION_SETTINGS };
    this.#finder = new PrimaryFinder(options.database, search);
  }

  /** Writes accepted and not yet answered. */
  get depth(): number {
    return this.#depth;
  }

  /** Memory that those writes take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What writes wait for. All ages in milliseconds. */
  state() {
    const now = performance.now();
    const waitingMs = this.#depth > 0 && this.#unansweredMs !== undefined ? now - this.#unansweredMs : 0;
    const slowest = this.#slowest.filter(({ second }) => second >= Math.floor(now / 1_000) - 1).map(({ ms }) => ms);
    return {
      /** How long the database has answered no attempt, while there is one. */
      waitingMs: Math.round(waitingMs),
      /** Since the last answer; null before the first. */
      answeredMs: Number.isFinite(this.#answeredMs) ? Math.round(now - this.#answeredMs) : null,
      /** The slowest of the last one to two seconds, what waits included. */
      slowMs: Math.round(Math.max(waitingMs, ...slowest)),
      waitsFor: waitingMs === 0 ? null : this.#sending === undefined ? this.#lastFailure : "an answer",
    };
  }

  /** Sends a canary, unless a write waits or was answered within the interval. */
  canary(intervalMs: number, deadlineMs: number): void {
    const now = performance.now();
    if (this.#closed || this.#depth > 0 || now - this.#answeredMs < intervalMs) return;
    this.submit("canary", { request: null }, now + deadlineMs).catch(() => {});
  }

  /**
   * Resolves once the write is committed at the primary. Throws WriteError.
   * @param deadline on the clock of performance.now()
   */
  submit<K extends WriteKind>(kind: K, input: Writes[K]["input"], deadline: number): Promise<Writes[K]["output"]> {
    const bytes = bytesOf(input);
    const isFull = this.#depth > 0 && this.#bytes + bytes > this.options.capacityBytes;
    if (this.#closed || this.#depth >= this.options.capacity || isFull)
      return Promise.reject(new WriteError("queue full"));
    return new Promise((resolve, reject) => {
      this.#depth += 1;
      this.#bytes += bytes;
      this.#waiting[kind].push({ input, bytes, deadline, id: 0, mayBeDone: false, settled: false, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /**
   * Closes a connection that leads to another history than the primary's, so that what waits for an answer there is sent
   * to the primary: a machine that lost its power never answers, and its deadline would take longer.
   */
  primaryIs(identity: DatabaseIdentity): void {
    if (this.#connection && !sameHistory(this.#identity, identity)) this.#connection.destroy();
  }

  /** Waits until every accepted write is answered, at most until `deadline` (performance.now()), and closes. */
  async close(deadline: number): Promise<void> {
    this.#closed = true;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, deadline - performance.now()));
    await Promise.race([this.#working, late]);
    clearTimeout(timer);
    this.#abandoned = this.#depth > 0;
    this.#lastFailure = "the service is stopping";
    for (const kind of KINDS) this.#expire(kind, Number.POSITIVE_INFINITY);
    this.#finder.close();
    if (this.#abandoned) this.#connection?.destroy();
    else await this.#connection?.close();
  }

  async #work(): Promise<void> {
    const expiry = setInterval(() => {
      for (const kind of KINDS) this.#expire(kind, performance.now());
    }, EXPIRY_INTERVAL_MS);
    // Writes that arrive in the same turn of the event loop share the first batch.
    await nextTurn();
    while (this.#depth > 0) {
      for (const kind of KINDS) await this.#flush(kind);
    }
    clearInterval(expiry);
    this.#working = undefined;
  }

  async #flush<K extends WriteKind>(kind: K): Promise<void> {
    if (this.#waiting[kind].length === 0) return;
    let batch: Job<K>[] = [];
    this.#unansweredMs ??= performance.now();
    try {
      // Before the batch is taken: a connection to another database than the last one ends some of the waiting writes.
      const connection = await this.#connected();
      batch = this.#takeBatch(kind);
      this.#sending = { kind, batch };
      const outcomes = await this.#send(connection, kind, batch);
      this.#answered();
      this.#pauseMs = RETRY_PAUSE_MS.first;
      this.#done(kind, batch, outcomes);
    } catch (error) {
      await this.#failed(kind, batch, error);
    } finally {
      this.#sending = undefined;
    }
  }

  #answered(): void {
    const now = performance.now();
    const second = Math.floor(now / 1_000);
    const ms = now - (this.#unansweredMs ?? now);
    this.#unansweredMs = undefined;
    this.#answeredMs = now;
    const [last] = this.#slowest;
    if (last?.second === second) this.#slowest = [{ second, ms: Math.max(ms, last.ms) }, ...this.#slowest.slice(1, 2)];
    else this.#slowest = [{ second, ms }, ...this.#slowest.slice(0, 1)];
  }

  /** A write without an outcome had an id that another row has: it gets a new id, unless it may be stored under this one. */
  #done<K extends WriteKind>(kind: K, batch: readonly Job<K>[], outcomes: readonly Outcome<K>[]): void {
    const again: Job<K>[] = [];
    const unclear: Job<K>[] = [];
    const counts = { done: 0, refused: 0 };
    for (const [index, job] of batch.entries()) {
      const outcome = outcomes[index];
      if (job.settled) continue;
      if (outcome instanceof WriteError) {
        this.#release(job);
        job.reject(outcome);
        counts.refused += 1;
      } else if (outcome !== undefined) {
        this.#release(job);
        job.resolve(outcome);
        counts.done += 1;
      } else if (job.mayBeDone) unclear.push(job);
      else {
        job.id = 0;
        again.push(job);
      }
    }
    const waiting: Job<K>[] = this.#waiting[kind];
    waiting.unshift(...again);
    this.#settled(kind, "done", counts.done);
    this.#settled(kind, "refused", counts.refused);
    this.#giveUp(kind, unclear, "another row has its id");
  }

  /** The oldest writes of the kind that may share a statement. */
  #takeBatch<K extends WriteKind>(kind: K): Job<K>[] {
    const { keys, group } = STATEMENTS[kind] as BatchStatement<K>;
    const waiting: Job<K>[] = this.#waiting[kind];
    const taken = new Set<number | string>();
    const batch: Job<K>[] = [];
    const later: Job<K>[] = [];
    let bytes = 0;
    let seen = 0;
    for (const job of waiting) {
      if (batch.length === this.options.maxBatch || (bytes > 0 && bytes + job.bytes > MAX_BATCH_BYTES)) break;
      seen += 1;
      const [first = job] = batch;
      const own = keys(job.input);
      const fits = own.every((key) => !taken.has(key)) && group?.(job.input) === group?.(first.input);
      for (const key of own) taken.add(key);
      if (fits) bytes += job.bytes;
      (fits ? batch : later).push(job);
    }
    waiting.splice(0, seen, ...later);
    return batch;
  }

  async #send<K extends WriteKind>(connection: Connection, kind: K, batch: readonly Job<K>[]): Promise<Outcome<K>[]> {
    const statement = STATEMENTS[kind] as BatchStatement<K>;
    const started = performance.now();
    if (statement.idsFrom) {
      const reserve = this.#reserves[statement.idsFrom];
      const without = batch.filter((job) => job.id === 0);
      await reserve.fill(connection, without.length, this.options.statementDeadlineMs);
      for (const job of without) job.id = reserve.take();
    }
    const outcomes = await statement.run(connection, batch, this.options.statementDeadlineMs);
    this.events.batch(kind, batch.length, performance.now() - started);
    return outcomes;
  }

  async #connected(): Promise<Connection> {
    if (this.#connection && !this.#connection.lost) return this.#connection;
    const { connection, identity } = await this.#finder.find();
    // Before any id is reserved: the sample data take the first ones.
    await requireMigrated(connection, this.options.statementDeadlineMs).catch((error) => {
      connection.destroy();
      throw error;
    });
    if (this.#abandoned) {
      connection.destroy();
      throw new Error("the queue is closed");
    }
    this.#connection = connection;
    this.#follow(identity);
    return connection;
  }

  /**
   * A server with another history may give the reserved ids to others. In another database cluster the ids of what was
   * sent mean nothing, nor do the snapshots of changes: there is no way to know whether they were done.
   */
  #follow(identity: DatabaseIdentity): void {
    const known = this.#identity;
    this.#identity = identity;
    if (!known || sameHistory(known, identity)) return;
    for (const reserve of Object.values(this.#reserves)) reserve.forget();
    if (known.systemIdentifier === identity.systemIdentifier) return;
    for (const kind of KINDS) {
      const waiting: readonly Pending[] = this.#waiting[kind];
      const isAdded = STATEMENTS[kind].idsFrom !== undefined;
      const unclear = waiting.filter(({ mayBeDone }) => mayBeDone || !isAdded);
      this.#giveUp(kind, unclear, "the database was replaced by another one");
    }
  }

  async #failed<K extends WriteKind>(kind: K, batch: readonly Job<K>[], error: unknown): Promise<void> {
    if (classifyFailure(error) === "refused") {
      this.#answered();
      return this.#refused(kind, batch, error);
    }
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#lastFailure = messageOf(error);
    const again = batch.filter(({ settled }) => !settled);
    for (const job of again) job.mayBeDone = true;
    const waiting: Job<K>[] = this.#waiting[kind];
    waiting.unshift(...again);
    this.events.retry(kind, waiting.length, error);
    // A missed deadline took time already. What failed at once would fail at once again.
    if (!(error instanceof QueryTimeout)) await this.#pause();
  }

  /** Finds the writes that the database refuses by halving the batch, so that they fail alone. */
  async #refused<K extends WriteKind>(kind: K, batch: readonly Job<K>[], error: unknown): Promise<void> {
    const open = batch.filter(({ settled }) => !settled);
    const [only] = open;
    if (batch.length === 1) {
      if (!only) return;
      this.#release(only);
      const state = sqlState(error) ?? "unknown";
      only.reject(new WriteError("refused", `the database refused the data (SQLSTATE ${state})`));
      this.#settled(kind, "refused", 1);
      return;
    }
    const middle = (open.length + 1) >> 1;
    for (const part of [open.slice(0, middle), open.slice(middle)]) {
      if (part.length === 0) continue;
      try {
        this.#done(kind, part, await this.#send(await this.#connected(), kind, part));
      } catch (partError) {
        await this.#failed(kind, part, partError);
      }
    }
  }

  async #pause(): Promise<void> {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, RETRY_PAUSE_MS.max);
    await delay(pauseMs);
  }

  /** Answers the writes whose deadline has passed. */
  #expire(kind: WriteKind, now: number): void {
    const waiting: readonly Pending[] = this.#waiting[kind];
    const sent = this.#sending?.kind === kind ? this.#sending.batch : [];
    const late = [...sent, ...waiting].filter(({ deadline }) => deadline <= now);
    if (late.length > 0) this.#giveUp(kind, late, this.#lastFailure);
  }

  #giveUp(kind: WriteKind, writes: readonly Pending[], reason: string): void {
    let given = 0;
    for (const write of writes) {
      if (write.settled) continue;
      this.#release(write);
      write.reject(new WriteError("unconfirmed", `not confirmed before the deadline; last failure: ${reason}`));
      given += 1;
    }
    const waiting: readonly Pending[] = this.#waiting[kind];
    this.#waiting[kind] = waiting.filter(({ settled }) => !settled) as never;
    this.#settled(kind, "unconfirmed", given);
  }

  #release(write: Pending): void {
    write.settled = true;
    this.#bytes -= write.bytes;
  }

  #settled(kind: WriteKind, outcome: "done" | "refused" | "unconfirmed", writes: number): void {
    if (writes === 0) return;
    this.#depth -= writes;
    this.events.settled(kind, outcome, writes);
  }
}

/** New cities first, so that values sent together with their city find it. */
const KINDS: readonly WriteKind[] = ["addCity", "renameCity", "addForecast", "changeForecast", "canary"];

function bytesOf(input: object): number {
  let characters = 0;
  for (const value of Object.values(input)) if (typeof value === "string") characters += value.length;
  return WRITE_OVERHEAD_BYTES + BYTES_PER_CHARACTER * characters;
}
