import * as z from "zod";
import { OwnService } from "../experiment/own-service.ts";
import { newRunName, RunName } from "../history/values.ts";

const HttpUrl = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text));
const positive = z.number().positive();

const ends = {
  /** What it records (JSONL, docs/history.md); must not exist. */
  out: z.string(),
  /** Default: until SIGTERM or SIGINT. */
  maxSeconds: positive.default(Number.POSITIVE_INFINITY),
};

const ProbePlan = z.object({
  ...ends,
  target: HttpUrl,
  /** Every value begins with it. */
  run: RunName.default(newRunName),
  /** Each has one connection for reads and one for writes. */
  clients: z.int().min(1).max(1_000).default(4),
  /** Between two requests of a client on the same connection. */
  intervalMs: positive.default(50),
  readDeadlineMs: positive.default(5_000),
  /** The API itself answers 503 after 30 s. */
  writeDeadlineMs: positive.default(35_000),
});
export type ProbePlan = z.infer<typeof ProbePlan>;

/** Reads from and writes to a service that keeps the Weather API's contract. */
const WeatherPlan = ProbePlan.extend({
  kind: z.literal("weather"),
  /** How many cities are written to. */
  cities: z.int().min(1).max(1_000).default(3),
  /** How many values are changed again and again by PUT. */
  registers: z.int().min(1).max(1_000).default(4),
});
export type WeatherPlan = z.infer<typeof WeatherPlan>;

/** Reads given paths of any HTTP service, and writes to it. The target's path is put before those of the requests. */
const PathPlan = ProbePlan.extend({
  kind: z.literal("paths"),
  reads: OwnService.shape.reads,
  writes: OwnService.shape.writes,
});
export type PathPlan = z.infer<typeof PathPlan>;

/** Asks Patroni on every node which role it has. */
const RolesPlan = z.object({
  ...ends,
  kind: z.literal("roles"),
  /** Patroni's REST interfaces: https://10.88.0.11:8008. */
  nodes: z.array(z.object({ name: z.string(), url: HttpUrl })).min(1),
  intervalMs: positive.default(250),
  deadlineMs: positive.default(1_000),
  /** Certificates that https trusts, PEM. */
  caFile: z.string().optional(),
});
export type RolesPlan = z.infer<typeof RolesPlan>;

/** What a probe does, and what it records. */
export const Plan = z.discriminatedUnion("kind", [WeatherPlan, PathPlan, RolesPlan]);
export type PlanInput = z.input<typeof Plan>;
