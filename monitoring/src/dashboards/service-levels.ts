import { BUDGET_PERIOD, BURN_RATES, SERVICE_LEVELS } from "@goldenring/stand";
import { type Dashboard, lines, number, type Panel, type Variable } from "./panels.ts";

const PROMISE: Variable = { name: "slo", title: "Promise", label: "slo", of: "slo:error_budget:ratio" };
const CHOSEN = 'slo=~"$slo"';
const BUDGET = `slo:error_budget:ratio{${CHOSEN}}`;

const PROMISES = SERVICE_LEVELS.map(({ name, promise }) => `${name}: ${promise}`).join("; ");

/** An alert fires when both windows are above the line. */
const BURNING: readonly Panel[] = BURN_RATES.map(({ factor, long, short, severity }) =>
  lines({
    title: `Error budget: burn rate over ${long} and ${short}`,
    description: `How many times as fast as allowed the budget is used up. An alert (${severity}) fires when both are above ${factor}.`,
    measures: ["slo:error_budget:ratio", `slo:errors:ratio_rate${long}`, `slo:errors:ratio_rate${short}`],
    queries: Object.fromEntries(
      [long, short].map((window) => [
        `{{slo}} ${window}`,
        `slo:errors:ratio_rate${window}{${CHOSEN}} / on (slo) ${BUDGET}`,
      ]),
    ),
    unit: "count",
    limits: [{ from: factor, severity }],
  }),
);

export const SERVICE_LEVELS_DASHBOARD: Dashboard = {
  name: "slo",
  title: "Service levels and their error budgets",
  description: `What the API promises for ${BUDGET_PERIOD}, and how much of the allowed errors is left. ${PROMISES}.`,
  variables: [PROMISE],
  sections: [
    {
      title: "Budget",
      panels: [
        number({
          title: "Error budget left",
          description: `Of what may go wrong in ${BUDGET_PERIOD}. ${PROMISES}.`,
          measures: ["slo:error_budget_left:ratio"],
          queries: { "{{slo}}": `slo:error_budget_left:ratio{${CHOSEN}}` },
          unit: "share",
          limits: [
            { from: 0, severity: "critical" },
            { from: 0.25, severity: "warning" },
          ],
          limitsAreLower: true,
          mayBeNegative: true,
          width: 24,
        }),
        lines({
          title: "Error budget left over time",
          description: "Below 0 the promise is broken.",
          measures: ["slo:error_budget_left:ratio"],
          queries: { "{{slo}}": `slo:error_budget_left:ratio{${CHOSEN}}` },
          unit: "share",
          limits: [{ from: 0, severity: "critical" }],
          limitsAreLower: true,
          mayBeNegative: true,
          max: 1,
        }),
        lines({
          title: "Errors: share of the requests",
          description: "Of the last minute: answered with 5xx, or more slowly than promised.",
          measures: ["slo:errors:rate1m", "slo:requests:rate1m"],
          queries: { "{{slo}}": `slo:errors:rate1m{${CHOSEN}} / slo:requests:rate1m{${CHOSEN}}` },
          unit: "share",
        }),
        lines({
          title: "Requests that count",
          description: "For each promise: all, or those that got a good answer.",
          measures: ["slo:requests:rate1m"],
          queries: { "{{slo}}": `slo:requests:rate1m{${CHOSEN}}` },
          unit: "requests/s",
        }),
        lines({
          title: `Errors: share over ${BUDGET_PERIOD}, and the budget`,
          description: "The promise holds as long as the first stays below the second.",
          measures: ["slo:error_budget:ratio", `slo:errors:ratio_rate${BUDGET_PERIOD}`],
          queries: { "{{slo}}": `slo:errors:ratio_rate${BUDGET_PERIOD}{${CHOSEN}}`, "{{slo}} budget": BUDGET },
          unit: "share",
        }),
      ],
    },
    { title: "Burn rates", panels: BURNING },
  ],
};
