import { z } from "zod";

/**
 * The lines of a history file (JSONL), in the order in which things happened. Times are ms of the clock in `clock.ts`.
 * A write has a line before it is sent and one when its outcome is known; everything else has one line when it is over.
 */

const moment = z.number();
const operation = z.int().nonnegative();
/** Of an exchange; `by`: who answered. */
const answer = { status: z.int().optional(), error: z.string().optional(), by: z.string().optional() };

const HeaderEntry = z.object({
  e: z.literal("history"),
  version: z.literal(1),
  /** Every value of this run begins with it and a colon. */
  run: z.string().min(1),
  target: z.string(),
  at: moment,
  /** The same moment for people. */
  wallClock: z.string(),
  clients: z.int(),
  intervalMs: z.number(),
  readDeadlineMs: z.number(),
  writeDeadlineMs: z.number(),
});

/** What `start` of the service file found, and what is to be removed at the end. */
const StartEntry = z.object({
  e: z.literal("start"),
  at: moment,
  variables: z.record(z.string(), z.array(z.union([z.string(), z.number()]))),
  remove: z.array(z.string()),
});

const BeginEntry = z.object({
  e: z.literal("begin"),
  op: operation,
  client: z.int(),
  /** add: POST of a new value; put: PUT on a value that this run added. */
  kind: z.enum(["add", "put"]),
  /** add: what the lists that show it are called (`city/ID`); put: the item that is changed (`value/ID`). */
  key: z.string(),
  /** Used once in all the world: it stands in the row's summary. */
  value: z.string(),
  /** `{now}` and `{number}` of the service file. */
  dateTime: z.int(),
  temperature: z.int(),
  /** The variables of `start` that it was sent with. */
  with: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** Its place in the service file; absent: the first. */
  write: z.int().optional(),
  /** Method, path and body, for people. */
  sent: z.string().optional(),
  at: moment,
});

const EndEntry = z.object({
  e: z.literal("end"),
  op: operation,
  at: moment,
  /** ok: acknowledged; failed: certainly not done (refused with 4xx, or never sent); unknown: anything else. */
  outcome: z.enum(["ok", "failed", "unknown"]),
  ...answer,
  /** Of the row, as acknowledged. */
  id: z.union([z.int(), z.string()]).optional(),
  /** What reads of it are called. Default: `value/ID`. */
  item: z.string().optional(),
  /** In what the acknowledgement differs from what was sent. */
  wrong: z.string().optional(),
});

const ReadEntry = z.object({
  e: z.literal("read"),
  op: operation,
  client: z.int(),
  /** value: one row by id; list: the values of one key, from a time on or all; path: any other path, timed but not judged; city: the same in old files. */
  kind: z.enum(["value", "city", "list", "path"]),
  /** value: `value/ID`; list: the key of its writes; path: itself. */
  key: z.string(),
  /** Where the key is not the path. */
  path: z.string().optional(),
  start: moment,
  end: moment,
  outcome: z.enum(["ok", "failed"]),
  ...answer,
  /** The answer says of itself that it is not confirmed (Warning: 110); its Age in seconds. */
  stale: z.number().optional(),
  /** value: the summary found; null: 404, there is no such row. */
  value: z.string().nullable().optional(),
  /** list: rows with this `dateTime` or later were asked for. */
  from: z.int().optional(),
  /** list: the values of this run in it (`values.ts`). */
  seen: z.string().optional(),
  /** list: values of this run that it holds more than once, or that are no value of this form. */
  odd: z.array(z.string()).optional(),
  /** list: it took several requests, so it shows no single moment. */
  pages: z.int().optional(),
  /** list: how many things it showed, those of others included. */
  length: z.int().optional(),
  /** In what the answer differs from what was written. */
  wrong: z.string().optional(),
});

const SkippedEntry = z.object({
  e: z.literal("skipped"),
  client: z.int(),
  lane: z.enum(["read", "write"]),
  /** Slots of the fixed schedule that passed while the request before them was under way. */
  slots: z.int(),
  at: moment,
});

const CloseEntry = z.object({
  e: z.literal("close"),
  at: moment,
  /** `time`, or the signal that ended the probe. */
  reason: z.string(),
});

const ENTRIES = [HeaderEntry, StartEntry, BeginEntry, EndEntry, ReadEntry, SkippedEntry, CloseEntry] as const;
export const Entry = z.discriminatedUnion("e", ENTRIES);

export type Entry = z.infer<typeof Entry>;
export type Start = z.infer<typeof StartEntry>;
export type Begin = z.infer<typeof BeginEntry>;
export type End = z.infer<typeof EndEntry>;
export type Read = Omit<z.infer<typeof ReadEntry>, "e">;
export type Skipped = z.infer<typeof SkippedEntry>;
