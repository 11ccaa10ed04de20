import { type Connection, type DatabaseConfig, QueryTimeout } from "../postgres/connection.ts";
import { classifyFailure, sqlState } from "../postgres/failures.ts";
import { connectToPrimary, type PrimarySearch } from "../postgres/primary.ts";
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

interface Job<K extends WriteKind> {
  readonly input: Writes[K]["input"];
  readonly deadline: number;
  /** 0 until an id is reserved; kept over every retry, which is what makes an insert repeatable. */
  id: number;
  readonly resolve: (output: Writes[K]["output"]) => void;
  readonly reject: (error: Error) => void;
}

/** First and longest pause between attempts while the primary is away, ms. */
const RETRY_PAUSE_MS = { first: 20, longest: 250 } as const;

/** A statement shows what went wrong at the server by then: end sessions of ours that hang, there too. */
const SESSION_SETTINGS = "-c idle_in_transaction_session_timeout=10000 -c statement_timeout=30000 -c jit=off";

/**
 * Gathers concurrent writes into one statement per kind, one statement under way at a time. A batch whose outcome is
 * unknown is sent again, to whichever server is the primary by then, until each write's own deadline: the statements are
 * made so that nothing happens twice. A write that the database refuses fails alone.
 */
export class WriteQueue {
  readonly #waiting: { [K in WriteKind]: Job<K>[] } = {
    addCity: [],
    renameCity: [],
    addForecast: [],
    changeForecast: [],
  };
  readonly #reserves = { cities: new IdReserve("cities", 0), forecast: new IdReserve("forecast", 15) };
  #connection: Connection | undefined;
  #depth = 0;
  #working: Promise<void> | undefined;
  #pauseMs: number = RETRY_PAUSE_MS.first;
  #closed = false;

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
      this.#waiting[kind].push({ input, deadline, id: 0, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Waits until every accepted write is settled, at most until `deadline` (performance.now()), and closes. */
  async close(deadline: number): Promise<void> {
    this.#closed = true;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, deadline - performance.now()));
    await Promise.race([this.#working, late]);
    clearTimeout(timer);
    for (const kind of KINDS) this.#expire(kind, Number.POSITIVE_INFINITY, "the service is stopping");
    if (this.#depth === 0) await this.#connection?.close();
    else this.#connection?.destroy();
  }

  async #work(): Promise<void> {
    // Writes that arrive in the same turn of the event loop share the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#depth > 0) {
      for (const kind of KINDS) await this.#flush(kind);
    }
    this.#working = undefined;
  }

  async #flush<K extends WriteKind>(kind: K): Promise<void> {
    const batch = this.#takeBatch(kind);
    if (batch.length === 0) return;
    try {
      const outputs = await this.#send(kind, batch);
      this.#pauseMs = RETRY_PAUSE_MS.first;
      for (const [index, job] of batch.entries()) job.resolve(outputs[index] as Writes[K]["output"]);
      this.#settled(kind, "done", batch.length);
    } catch (error) {
      await this.#failed(kind, batch, error);
    }
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

  async #send<K extends WriteKind>(kind: K, batch: readonly Job<K>[]): Promise<Writes[K]["output"][]> {
    const statement = STATEMENTS[kind] as BatchStatement<K>;
    const connection = await this.#connected();
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
    const { connection } = await connectToPrimary(this.options.database, {
      ...this.options.search,
      applicationName: "goldenring writes",
      settings: SESSION_SETTINGS,
    });
    this.#connection = connection;
    return connection;
  }

  async #failed<K extends WriteKind>(kind: K, batch: Job<K>[], error: unknown): Promise<void> {
    if (classifyFailure(error) === "refused") return this.#refused(kind, batch, error);
    this.#connection?.destroy();
    this.#connection = undefined;
    this.events.retry(kind, batch.length, error);
    const waiting: Job<K>[] = this.#waiting[kind];
    waiting.unshift(...batch);
    const lastFailure = error instanceof Error ? error.message : String(error);
    // A missed deadline has taken its time already; anything that failed at once would fail at once again.
    if (!(error instanceof QueryTimeout)) await this.#pause();
    for (const each of KINDS) this.#expire(each, performance.now(), lastFailure);
  }

  /** Finds the writes that the database refuses by halving the batch, so that they fail alone. */
  async #refused<K extends WriteKind>(kind: K, batch: Job<K>[], error: unknown): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only) {
      only.reject(new WriteRefused(sqlState(error) ?? "unknown"));
      this.#settled(kind, "refused", 1);
      return;
    }
    const middle = batch.length >> 1;
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      try {
        const outputs = await this.#send(kind, half);
        for (const [index, job] of half.entries()) job.resolve(outputs[index] as Writes[K]["output"]);
        this.#settled(kind, "done", half.length);
      } catch (halfError) {
        await this.#failed(kind, half, halfError);
      }
    }
  }

  async #pause(): Promise<void> {
    const milliseconds = this.#pauseMs;
    this.#pauseMs = Math.min(2 * milliseconds, RETRY_PAUSE_MS.longest);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  #expire(kind: WriteKind, now: number, lastFailure: string): void {
    const waiting = this.#waiting[kind] as Job<WriteKind>[];
    const expired = waiting.filter((job) => job.deadline <= now);
    if (expired.length === 0) return;
    this.#waiting[kind] = waiting.filter((job) => job.deadline > now) as never;
    for (const job of expired) job.reject(new WriteUnconfirmed(lastFailure));
    this.#settled(kind, "unconfirmed", expired.length);
  }

  #settled(kind: WriteKind, outcome: "done" | "refused" | "unconfirmed", writes: number): void {
    this.#depth -= writes;
    this.events.settled(kind, outcome, writes);
  }
}

/** New cities first: values that were sent together with their city then find it. */
const KINDS: readonly WriteKind[] = ["addCity", "renameCity", "addForecast", "changeForecast"];
