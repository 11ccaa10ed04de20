import * as z from "zod";
import { newRunName, RunName } from "../history/values.ts";
import { Service } from "../service/service.ts";
import { WEATHER_API } from "../service/weather-api.ts";

const HttpUrl = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text));
const positive = z.number().positive();

const ends = {
  /** What it records (JSONL, docs/history.md); must not exist. */
  out: z.string(),
  /** Default: until SIGTERM or SIGINT. */
  maxSeconds: positive.default(Number.POSITIVE_INFINITY),
};

const toService = {
  target: HttpUrl,
  /** Default: the Weather API. */
  service: Service.default(WEATHER_API),
  readDeadlineMs: positive.default(5_000),
  /** The API itself answers 503 after 30 s. */
  writeDeadlineMs: positive.default(35_000),
};

/** Reads from and writes to a service. The target's path is put before those of the requests. */
const ProbePlan = z.object({
  ...ends,
  kind: z.literal("service"),
  ...toService,
  /** Every value begins with it. */
  run: RunName.default(newRunName),
  /** Each has one connection for reads and one for writes. */
  clients: z.int().min(1).max(1_000).default(4),
  /** Between two requests of a client on the same connection. */
  intervalMs: positive.default(50),
});
export type ProbePlan = z.infer<typeof ProbePlan>;

/** Reads all that a history has written, when all is over; it records a history of its own. */
const ReadBackPlan = z.object({ ...ends, kind: z.literal("read-back"), ...toService, history: z.string() });
export type ReadBackPlan = z.infer<typeof ReadBackPlan>;

/** Deletes what a history has written, as far as the service file says how. */
const CleanUpPlan = z
  .object({ ...ends, kind: z.literal("clean-up"), ...toService, history: z.string() })
  .omit({ out: true });
export type CleanUpPlan = z.infer<typeof CleanUpPlan>;

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
export const Plan = z.discriminatedUnion("kind", [ProbePlan, ReadBackPlan, CleanUpPlan, RolesPlan]);
export type PlanInput = z.input<typeof Plan>;
