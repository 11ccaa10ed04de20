import { RTO } from "@goldenring/stand";
import * as z from "zod";

/** Ages are milliseconds since the event, at the time of the evidence. */
const AgeMs = z.number();

const Attempts = z.object({ connected: z.int(), refused: z.int(), silent: z.int() });
/** How recent attempts to connect to PostgreSQL on another machine ended, by that machine. */
const Reach = z.record(z.string(), Attempts);

/** What an API replica feels, or HAProxy's machine reaches. */
const Client = z.object({
  /** Since its last sign of life. */
  heardMs: AgeMs,
  reach: Reach,
  /** Of API replicas: how long the database has answered no write while one waits. */
  waitingMs: AgeMs.optional(),
  answeredMs: AgeMs.nullable().optional(),
  /** The slowest write of the last one to two seconds. */
  slowMs: z.number().optional(),
  waitsFor: z.string().nullable().optional(),
});

/** What PostgreSQL says of itself over a connection on its own machine. */
const Sql = z.object({
  /** Null before the first answer. */
  answeredMs: AgeMs.nullable(),
  /** Why there is no connection; null while there is one. */
  error: z.string().nullable(),
  primary: z.boolean().optional(),
  /** How long the oldest commit waits for a standby, a write of the API for the disk, and one for a lock. */
  standbyMs: AgeMs.nullish(),
  diskMs: AgeMs.nullish(),
  lockMs: AgeMs.nullish(),
  /** Of a primary: how far each standby has confirmed. */
  standbys: z.record(z.string(), z.object({ sync: z.string(), flushed: z.string().nullable() })).nullish(),
  /** Of a standby: since it last heard the primary. */
  receivedMs: AgeMs.nullish(),
});

const Database = z.object({
  heardMs: AgeMs,
  reach: Reach,
  sql: Sql,
  /** How long a write of one block took, or takes. */
  diskMs: z.number(),
  /** What PostgreSQL may still use of its disk. */
  freeMb: z.number().nullish(),
  /** Since any process of PostgreSQL last used CPU time. */
  ranMs: AgeMs.nullish(),
  /** Since Patroni's REST interface last answered. */
  patroniMs: AgeMs.nullable(),
});

export const MODES = ["act", "advise", "pause"] as const;
export type Mode = (typeof MODES)[number];

/** All that a judgement may rest on, at one moment: a line of the recording. */
export const Evidence = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  rto: z.enum(RTO),
  mode: z.enum(MODES),
  /** Whether there is a command that turns machines off. */
  mayFence: z.boolean(),
  /** Since etcd last answered. */
  etcdMs: AgeMs,
  /** The machine that has the leader key. */
  leader: z.string().nullable(),
  /** The standbys that have every acknowledged write, as Patroni records. */
  synchronous: z.array(z.string()),
  /** Since the last switchover or fence by a guardian; null when it is too long ago to count. */
  actedMs: AgeMs.nullable(),
  clients: z.record(z.string(), Client),
  databases: z.record(z.string(), Database),
});
export type Evidence = z.output<typeof Evidence>;
export type Client = z.output<typeof Client>;
export type Database = z.output<typeof Database>;
export type Attempts = z.output<typeof Attempts>;
