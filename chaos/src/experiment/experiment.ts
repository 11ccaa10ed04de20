import { ROLES } from "@goldenring/stand";
import * as z from "zod";
import { FaultUse } from "../faults/registry.ts";
import { LIVE_METRICS, METRIC_NAMES, METRICS } from "./metrics.ts";
import { OwnService } from "./own-service.ts";

const seconds = z.number().min(0).max(86_400);

export const COMPARISONS = ["at most", "at least", "below"] as const;

const labels = z.record(z.string(), z.string()).optional();

const Expectation = z
  .object({
    words: z.string().min(1),
    metric: z.enum(METRIC_NAMES),
    /** Without comparison and limit the figure is measured, not judged. */
    comparison: z.enum(COMPARISONS).optional(),
    /** For each round. */
    limit: z.number().optional(),
    /** For the median and the worst of three and more rounds: targets of a run that measures; `at most`. */
    medianLimit: z.number().optional(),
    worstLimit: z.number().optional(),
    unit: z.string(),
    /** Names of stages: only requests that began in them count, up to the end of their undo. Default: the whole round. */
    during: z.array(z.string()).min(1).optional(),
    /** alertDelay, alertResolved: its name, and labels that it must have. A machine may be given as a fault's target: `primary`. */
    alert: z.string().optional(),
    labels,
    /** undeclaredAlerts: those that may come, and why. */
    mayCome: z.array(z.object({ alert: z.string(), labels, why: z.string().min(1) })).optional(),
    /** watchingCpu: for each stage of `during` the one that it is compared with. */
    comparedWith: z.array(z.string()).min(1).optional(),
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
  name: z.string().min(1),
  /** Injected one after another, in this order. May be none: a time to wait. */
  faults: z.array(FaultUse),
  /** From the last injection on. */
  seconds,
  /** It ends so long after all alerts that it must bring (alertDelay) have come. Then `seconds` is how long it waits for them. */
  secondsAfterAlerts: seconds.optional(),
  /** `undo`: then its faults are undone; `recover`: and everything must be as before; `keep`: they last until the last stage is over. */
  after: z.enum(["undo", "recover", "keep"]).default("undo"),
});

const AbortWhen = z.object({
  metric: z.enum(LIVE_METRICS),
  /** It holds when the figure is above. */
  above: z.number(),
  words: z.string().min(1),
});

/** An experiment: what is injected, what is expected, and when to stop. Data only. */
export const Experiment = z
  .object({
    /** Letters, digits and hyphens. */
    id: z.string().regex(/^[A-Za-z0-9-]{1,60}$/, "has 1 to 60 letters, digits and hyphens"),
    title: z.string().min(1),
    /** What is believed to happen, in one or two sentences. */
    hypothesis: z.string().min(1),
    expectations: z.array(Expectation).min(1),
    /** What must hold before each round, and again when its faults are undone. */
    steadyState: z
      .object({
        words: z
          .string()
          .default("the cluster has a leader and a synchronous standby, every part is up, and no request fails"),
        /** Leader, standby, etcd, HAProxy, ingress: each that the stand has is as it should be. */
        cluster: z.boolean().default(true),
        guardian: z.boolean().default(false),
        /** No alert fires. One that still fires after 300 s does not count in the round; one that a fault must bring may not fire. */
        noAlerts: z.boolean().default(false),
        /** Load without a fault in which no request may fail. */
        loadSeconds: seconds.default(5),
        /** How long the stand may take to reach it, before a round and after its last undo. */
        deadlineSeconds: seconds.default(180),
      })
      .prefault({}),
    load: z
      .object({
        /** Clients of the probe, each reads and writes every `intervalMs`. */
        clients: z.int().min(1).max(100).default(4),
        intervalMs: z.number().min(5).max(60_000).default(50),
        /** The chaos scenario of the load tests: users who only read one path. null: none. */
        background: z
          .object({
            users: z.int().min(1).max(1_000).default(20),
            intervalMs: z.number().min(5).max(60_000).default(500),
            path: z.string().startsWith("/").default("/Cities"),
          })
          .nullable()
          .prefault({}),
      })
      .prefault({}),
    service: OwnService.optional(),
    stages: z.array(Stage).min(1),
    /** Load after everything is as before. */
    leadOutSeconds: seconds.default(3),
    /** How many machines of a role may be faulty at a time; default: one of each. */
    blastRadius: z.partialRecord(z.enum(ROLES), z.int().min(1).max(9)).default({}),
    abortWhen: z.array(AbortWhen).default([]),
    watch: z
      .object({
        /** Patroni's role and timeline, four times a second. */
        roles: z.boolean().default(true),
        /** The states of HAProxy's servers, once a second. */
        haproxy: z.boolean().default(true),
        /** etcd's health, once a second. */
        etcd: z.boolean().default(true),
      })
      .prefault({}),
    rounds: z.int().min(1).max(1_000).default(1),
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
/** As it is written: what has a default may be left out. */
export type ExperimentInput = z.input<typeof Experiment>;
export type Expectation = Experiment["expectations"][number];
export type Stage = Experiment["stages"][number];
export type AbortWhen = Experiment["abortWhen"][number];
