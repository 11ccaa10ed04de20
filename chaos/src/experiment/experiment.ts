import { ROLES } from "@goldenring/stand";
import * as z from "zod";
import { FaultUse } from "../faults/registry.ts";
import { Service } from "../service/service.ts";
import { WEATHER_API } from "../service/weather-api.ts";
import { LIVE_METRICS, METRIC_NAMES, METRICS } from "./metrics.ts";

const seconds = z.number().min(0).max(86_400);

export const COMPARISONS = ["at most", "at least", "below"] as const;

const labels = z.record(z.string(), z.string()).optional().describe("Labels that it must have");

const Expectation = z
  .object({
    words: z.string().min(1).describe("The expectation, for people"),
    metric: z.enum(METRIC_NAMES).describe("What is measured: the table below, or `ring chaos metrics`"),
    comparison: z.enum(COMPARISONS).optional().describe("Without it and `limit` the figure is measured, not judged"),
    limit: z.number().optional().describe("For each round, in `unit`"),
    medianLimit: z.number().optional().describe("For the median of three and more rounds; with `at most`"),
    worstLimit: z.number().optional().describe("For the worst of three and more rounds; with `at most`"),
    unit: z.string().describe("Unit of the metric"),
    during: z
      .array(z.string())
      .min(1)
      .optional()
      .describe(
        "Names of stages: only requests that began in them count, up to the end of their undo. Default: the whole round",
      ),
    alert: z.string().optional().describe("`alertDelay`, `alertResolved`: the alert's name"),
    labels: labels.describe("And labels that it must have; a machine may be given as a fault's target: `primary`"),
    mayCome: z
      .array(z.object({ alert: z.string().describe("Its name"), labels, why: z.string().min(1).describe("Reason") }))
      .optional()
      .describe("`undeclaredAlerts`: those that may come"),
    comparedWith: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("`watchingCpu`: for each stage of `during` the one that it is compared with"),
  })
  .superRefine((expectation, { addIssue }) => {
    const { metric, unit, comparison, limit, medianLimit, worstLimit, during, alert, comparedWith } = expectation;
    const isOfRun = medianLimit !== undefined || worstLimit !== undefined;
    const isOfAlert = metric === "alertDelay" || metric === "alertResolved";
    const refuse = (message: string, path: string): void => addIssue({ code: "custom", message, path: [path] });
    if (unit !== METRICS[metric].unit) refuse(`${metric} is in ${METRICS[metric].unit}`, "unit");
    if ((comparison === undefined) !== (limit === undefined && !isOfRun))
      refuse("comparison and limit belong together", "limit");
    if (isOfRun && comparison !== "at most") refuse("medianLimit and worstLimit belong to `at most`", "comparison");
    if (isOfAlert && alert === undefined) refuse(`${metric} needs the alert's name`, "alert");
    if (isOfAlert && during?.length !== 1) refuse(`${metric} needs the one stage that brings the alert`, "during");
    if (metric === "watchingCpu" && (during === undefined || during.length !== comparedWith?.length))
      refuse("watchingCpu needs a stage to compare with for each stage", "comparedWith");
    if (metric === "newPrimary" && (during?.length ?? 1) !== 1) refuse("newPrimary can be of one stage", "during");
    const hasStages = isOfAlert || metric === "newPrimary" || metric === "watchingCpu";
    if (METRICS[metric].scope === "round" && !hasStages && during !== undefined)
      refuse(`${metric} is of the whole round`, "during");
  });

const Stage = z.object({
  name: z.string().min(1).describe("For `during`, and for people"),
  faults: z.array(FaultUse).describe("Injected one after another, in this order. May be none: a time to wait"),
  seconds: seconds.describe("From the last injection on (s)"),
  secondsAfterAlerts: seconds
    .optional()
    .describe(
      "It ends so long (s) after all alerts that it must bring have come; then `seconds` is how long it waits for them",
    ),
  after: z
    .enum(["undo", "recover", "keep"])
    .default("undo")
    .describe(
      "`undo`: then its faults are undone; `recover`: and everything must be as before; `keep`: they last until the last stage is over",
    ),
});

const AbortWhen = z.object({
  metric: z
    .enum(LIVE_METRICS)
    .describe("A figure of the round so far; a silence (ms) is the time since the last good answer"),
  above: z.number().describe("It holds when the figure is above"),
  words: z.string().min(1).describe("For people"),
});

/** An experiment: what is injected, what is expected, and when to stop. Data only. */
export const Experiment = z
  .object({
    id: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,60}$/, "has 1 to 60 letters, digits and hyphens")
      .describe("Letters, digits and hyphens"),
    title: z.string().min(1).describe("For people"),
    hypothesis: z.string().min(1).describe("What is believed to happen, in one or two sentences"),
    expectations: z.array(Expectation).min(1).describe("What is measured and judged"),
    steadyState: z
      .object({
        words: z
          .string()
          .default("the cluster has a leader and a synchronous standby, every part is up, and no request fails")
          .describe("For people"),
        cluster: z
          .boolean()
          .default(true)
          .describe("Leader, standby, etcd, HAProxy, ingress: each that the stand has is as it should be"),
        guardian: z.boolean().default(false).describe("A guardian runs that may act"),
        noAlerts: z
          .boolean()
          .default(false)
          .describe(
            "No alert fires. One that still fires after 300 s does not count in the round; one that a fault must bring may not fire",
          ),
        loadSeconds: seconds.default(5).describe("Load without a fault in which no request may fail (s)"),
        deadlineSeconds: seconds
          .default(180)
          .describe("How long the stand may take to reach it, before a round and after its last undo (s)"),
      })
      .prefault({})
      .describe("What must hold before each round, and again when its faults are undone"),
    load: z
      .object({
        clients: z.int().min(1).max(100).default(4).describe("Clients of the probe"),
        intervalMs: z
          .number()
          .min(5)
          .max(60_000)
          .default(50)
          .describe("Each reads, and writes, once in this time (ms)"),
        background: z
          .object({
            users: z.int().min(1).max(1_000).default(20).describe("Users who only read"),
            intervalMs: z.number().min(5).max(60_000).default(500).describe("Between two reads of a user (ms)"),
            path: z.string().startsWith("/").default("/Cities").describe("What they read"),
          })
          .nullable()
          .prefault({})
          .describe("The chaos scenario of the load tests. null: none"),
      })
      .prefault({})
      .describe("Requests during a round"),
    service: Service.optional().describe(
      "A service of one's own, instead of the Weather API: the fields of a service file",
    ),
    stages: z.array(Stage).min(1).describe("What happens, one after another"),
    leadOutSeconds: seconds.default(3).describe("Load after everything is as before (s)"),
    blastRadius: z
      .partialRecord(z.enum(ROLES), z.int().min(1).max(9))
      .default({})
      .describe("How many machines of a role may be faulty at a time. Default: one of each"),
    abortWhen: z.array(AbortWhen).default([]).describe("When the first holds, everything is undone at once"),
    watch: z
      .object({
        roles: z.boolean().default(true).describe("Patroni's role and timeline, four times a second"),
        haproxy: z.boolean().default(true).describe("The states of HAProxy's servers, once a second"),
        etcd: z.boolean().default(true).describe("etcd's health, once a second"),
      })
      .prefault({})
      .describe("What is recorded besides requests"),
    rounds: z.int().min(1).max(1_000).default(1).describe("How often it runs"),
  })
  .superRefine(({ stages, expectations }, { addIssue }) => {
    const refuse = (message: string, ...path: (string | number)[]): void => addIssue({ code: "custom", message, path });
    const names = stages.map(({ name }) => name);
    if (new Set(names).size < names.length) refuse("two stages have the same name", "stages");
    for (const [index, { during = [], comparedWith = [] }] of expectations.entries()) {
      const unknown = [...during, ...comparedWith].filter((name) => !names.includes(name));
      if (unknown.length > 0) refuse(`no stage is called ${unknown.join(", ")}`, "expectations", index, "during");
    }
  });

export type Experiment = z.infer<typeof Experiment>;
/** What it loads. */
export const serviceOf = ({ service = WEATHER_API }: Pick<Experiment, "service">): Service => service;

/** The same experiment with another service, at its pace; the background load reads what the service file reads. */
export function withService(experiment: Experiment, service: Service): Experiment {
  const { load } = experiment;
  const path = service.reads.find((read) => read.lists === false && !read.path.includes("{"))?.path;
  const background = load.background && path !== undefined ? { ...load.background, path } : null;
  const { clients = load.clients, intervalMs = load.intervalMs } = service.load ?? {};
  return { ...experiment, service, load: { clients, intervalMs, background } };
}

/** As it is written: what has a default may be left out. */
export type ExperimentInput = z.input<typeof Experiment>;
export type Expectation = Experiment["expectations"][number];
export type Stage = Experiment["stages"][number];
export type AbortWhen = Experiment["abortWhen"][number];
