import { type Connection, type DatabaseConfig, QueryTimeout } from "../postgres/connection.ts";
import { classifyFailure, sqlState } from "../postgres/failures.ts";
import { connectToPrimary, type DatabaseIdentity, type PrimarySearch, sameHistory } from "../postgres/primary.ts";
import { IdReserve } from "./id-reserve.ts";
import { type BatchStatement, STATEMENTS, type WriteKind, type Writes } from "./statements.ts";

/** The queue is full: nothing was accepted. */
export class QueueFull extends Error {
  override readonly name = "QueueFull";
}

/** The deadline passed without a confirmation: the write may or may not have been done. */
export class WriteUnconfirmed extends Error {
  override readonly name = "WriteUnconfirmed";
  constructor(readonly lastFailure: string) {
    super(`not confirmed before the deadline; last failure: ${lastFailure}`);
  }
}

/** The database refused the data by a rule of its own, such as a constraint that the API does not know. */
export class WriteRefused extends Error {
  override readonly name = "WriteRefused";
  constructor(readonly state: string) {
    super(`the database refused the data (SQLSTATE ${state})`);
  }
}

export interface WriteQueueOptions {
  readonly database: DatabaseConfig;
  readonly search: Omit<PrimarySearch, "applicationName" | "settings">;
  /** Writes waiting at most; more are turned away. */
  readonly capacity: number;
  /** Writes to a statement at most. */
  readonly largestBatch: number;
  /** Bound on one statement, ms. */
  readonly statementDeadlineMs: number;
}

export interface WriteEvents {
  batch(kind: WriteKind, writes: number, milliseconds: number): void;
  /** The statement failed and will be sent again. */
  retry(kind: WriteKind, writes: number, error: unknown): void;
  settled(kind: WriteKind, outcome: "done" | "refused" | "unconfirmed", writes: number): void;
}

interface Job<K extends WriteKind> extends Pending {
  readonly input: Writes[K]["input"];
  /** 0 until an id is reserved; kept over every retry, which is what makes an insert repeatable. */
  id: number;
  readonly resolve: (output: Writes[K]["output"]) => void;
}

interface Pending {
  readonly deadline: number;
  /** True once an attempt ended without an outcome. */
  mayBeDone: boolean;
  /** Answered, perhaps while a statement with it is under way. */
  settled: boolean;
  readonly reject: (error: Error) => void;
}

/** First and longest pause between attempts while the primary is away, ms. */
const RETRY_PAUSE_MS = { first: 20, longest: 250 } as const;

/** Writes past their deadline are looked for this often, ms. */
const EXPIRY_INTERVAL_MS = 50;

/**
 * Every statement looks its rows up by their keys, one after another in the order of its input: two replicas that change the
 * same rows then never wait for each other in a circle, as they might if one of them read the table in its own order.
 * So there is one plan; made anew each time, as PostgreSQL would, it took more time than the statement (0.40 and 0.18 ms).
 * The bounds end sessions of ours that hang.
 */
const SESSION_SETTINGS =
  "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan -c jit=off " +
  "-c idle_in_transaction_session_timeout=10000 -c statement_timeout=30000";

/**
 * Gathers concurrent writes into one statement per kind, one statement under way at a time. A batch whose outcome is
 * unknown is sent again, to whichever server is the primary by then, until each write's own deadline: the statements are
 * made so that nothing happens twice. At its deadline a write is answered, even while a statement with it is under way. A
 * write that the database refuses fails alone.
 */
export class WriteQueue {
  readonly #waiting: { [K in WriteKind]: Job<K>[] } = {
    addCity: [],
    renameCity: [],
    addForecast: [],
    changeForecast: [],
  };
  readonly #reserves = { cities: new IdReserve("cities", 0), forecast: new IdReserve("forecast", 15) };
  /** The writes that left the queue for the statement under way. */
  #sending: { readonly kind: WriteKind; readonly batch: readonly Pending[] } | undefined;
  #connection: Connection | undefined;
  #identity: DatabaseIdentity | undefined;
  #depth = 0;
  #working: Promise<void> | undefined;
  #pauseMs: number = RETRY_PAUSE_MS.first;
  #lastFailure = "no answer yet";
  #closed = false;
  #abandoned = false;

  constructor(
    readonly options: WriteQueueOptions,
    readonly events: WriteEvents,
  ) {}

  /** Writes accepted and not yet settled. */
  get depth(): number {
    return this.#depth;
  }

  /**
   * Resolves once the write is committed at the primary. Throws QueueFull at once, later WriteUnconfirmed or WriteRefused.
   * @param deadline on the clock of performance.now()
   */
  submit<K extends WriteKind>(kind: K, input: Writes[K]["input"], deadline: number): Promise<Writes[K]["output"]> {
    if (this.#closed || this.#depth >= this.options.capacity) return Promise.reject(new QueueFull());
    return new Promise((resolve, reject) => {
      this.#depth += 1;
      this.#waiting[kind].push({ input, deadline, id: 0, mayBeDone: false, settled: false, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /**
   * Tells which history the primary has by now. A connection that leads to another one is given up, and what waits for an
   * answer there is sent to the primary: a machine that lost its power says nothing, and only a deadline would tell.
   */
  primaryIs(identity: DatabaseIdentity): void {
    if (this.#connection && !sameHistory(this.#identity, identity)) this.#connection.destroy();
  }

  /** Waits until every accepted write is settled, at most until `deadline` (performance.now()), and closes. */
  async close(deadline: number): Promise<void> {
    this.#closed = true;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, deadline - performance.now()));
    await Promise.race([this.#working, late]);
    clearTimeout(timer);
    this.#abandoned = this.#depth > 0;
    this.#lastFailure = "the service is stopping";
    for (const kind of KINDS) this.#expire(kind, Number.POSITIVE_INFINITY);
    if (this.#abandoned) this.#connection?.destroy();
    else await this.#connection?.close();
  }

  async #work(): Promise<void> {
    const expiry = setInterval(() => {
      for (const kind of KINDS) this.#expire(kind, performance.now());
    }, EXPIRY_INTERVAL_MS);
    // Writes that arrive in the same turn of the event loop share the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#depth > 0) {
      for (const kind of KINDS) await this.#flush(kind);
    }
    clearInterval(expiry);
    this.#working = undefined;
  }

  async #flush<K extends WriteKind>(kind: K): Promise<void> {
    if (this.#waiting[kind].length === 0) return;
    let batch: Job<K>[] = [];
    try {
      // Before the batch is taken, because another database than the last one settles some of those that wait.
      const connection = await this.#connected();
      batch = this.#takeBatch(kind);
      this.#sending = { kind, batch };
      const outputs = await this.#send(connection, kind, batch);
      this.#pauseMs = RETRY_PAUSE_MS.first;
      this.#done(kind, batch, outputs);
    } catch (error) {
      await this.#failed(kind, batch, error);
    } finally {
      this.#sending = undefined;
    }
  }

  /** A write without an output had an id that was taken: it gets another one, unless it may be done under this one. */
  #done<K extends WriteKind>(
    kind: K,
    batch: readonly Job<K>[],
    outputs: readonly (Writes[K]["output"] | undefined)[],
  ): void {
    const again: Job<K>[] = [];
    const unclear: Job<K>[] = [];
    let done = 0;
    for (const [index, job] of batch.entries()) {
      const output = outputs[index];
      if (job.settled) continue;
      if (output !== undefined) {
        job.settled = true;
        job.resolve(output);
        done += 1;
      } else if (job.mayBeDone) unclear.push(job);
      else {
        job.id = 0;
        again.push(job);
      }
    }
    const waiting: Job<K>[] = this.#waiting[kind];
    waiting.unshift(...again);
    this.#settled(kind, "done", done);
    this.#giveUp(kind, unclear, "another row has its id");
  }

  /** The longest-waiting writes of the kind, none of which share a key. */
  #takeBatch<K extends WriteKind>(kind: K): Job<K>[] {
    const waiting: Job<K>[] = this.#waiting[kind];
    const { key } = STATEMENTS[kind] as BatchStatement<K>;
    if (!key) return waiting.splice(0, this.options.largestBatch);
    const keys = new Set<number>();
    const batch: Job<K>[] = [];
    const later: Job<K>[] = [];
    for (const job of waiting.splice(0)) {
      const taken = batch.length < this.options.largestBatch && !keys.has(key(job.input));
      keys.add(key(job.input));
      (taken ? batch : later).push(job);
    }
    waiting.push(...later);
    return batch;
  }

  async #send<K extends WriteKind>(
    connection: Connection,
    kind: K,
    batch: readonly Job<K>[],
  ): Promise<(Writes[K]["output"] | undefined)[]> {
    const statement = STATEMENTS[kind] as BatchStatement<K>;
    const started = performance.now();
    if (statement.idsFrom) {
      const reserve = this.#reserves[statement.idsFrom];
      const without = batch.filter((job) => job.id === 0);
      await reserve.fill(connection, without.length, this.options.statementDeadlineMs);
      for (const job of without) job.id = reserve.take();
    }
    const outputs = await statement.run(connection, batch, this.options.statementDeadlineMs);
    this.events.batch(kind, batch.length, performance.now() - started);
    return outputs;
  }

  async #connected(): Promise<Connection> {
    if (this.#connection && !this.#connection.lost) return this.#connection;
    const { connection, identity } = await connectToPrimary(this.options.database, {
      ...this.options.search,
      applicationName: "goldenring writes",
      settings: SESSION_SETTINGS,
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
   * A server with another history may hand out the reserved ids again. And in another database cluster the ids of what was
   * sent before mean nothing, nor do the snapshots that changes carry: whether they were done cannot be found out there.
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
    if (classifyFailure(error) === "refused") return this.#refused(kind, batch, error);
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#lastFailure = error instanceof Error ? error.message : String(error);
    const again = batch.filter(({ settled }) => !settled);
    for (const job of again) job.mayBeDone = true;
    const waiting: Job<K>[] = this.#waiting[kind];
    waiting.unshift(...again);
    this.events.retry(kind, waiting.length, error);
    // A missed deadline has taken its time already; anything that failed at once would fail at once again.
    if (!(error instanceof QueryTimeout)) await this.#pause();
  }

  /** Finds the writes that the database refuses by halving the batch, so that they fail alone. */
  async #refused<K extends WriteKind>(kind: K, batch: readonly Job<K>[], error: unknown): Promise<void> {
    const open = batch.filter(({ settled }) => !settled);
    const [only] = open;
    if (batch.length === 1) {
      if (!only) return;
      only.settled = true;
      only.reject(new WriteRefused(sqlState(error) ?? "unknown"));
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
    const milliseconds = this.#pauseMs;
    this.#pauseMs = Math.min(2 * milliseconds, RETRY_PAUSE_MS.longest);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
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
      write.settled = true;
      write.reject(new WriteUnconfirmed(reason));
      given += 1;
    }
    const waiting: readonly Pending[] = this.#waiting[kind];
    this.#waiting[kind] = waiting.filter(({ settled }) => !settled) as never;
    this.#settled(kind, "unconfirmed", given);
  }

  #settled(kind: WriteKind, outcome: "done" | "refused" | "unconfirmed", writes: number): void {
    if (writes === 0) return;
    this.#depth -= writes;
    this.events.settled(kind, outcome, writes);
  }
}

/** New cities first: values that were sent together with their city then find it. */
const KINDS: readonly WriteKind[] = ["addCity", "renameCity", "addForecast", "changeForecast"];
