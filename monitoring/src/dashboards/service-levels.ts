import { BUDGET_PERIOD, BURN_RATES, SERVICE_LEVELS } from "@goldenring/stand";
import { type DashboardSource, lines, number, type Panel } from "./panels.ts";
import { Series } from "./promql.ts";

const CHOSEN = new Series('slo=~"$slo"');
const BUDGET = CHOSEN.selector("slo:error_budget:ratio");

const PROMISES = SERVICE_LEVELS.map(({ name, promise }) => `${name}: ${promise}`).join("; ");

const burnRate = ({ factor, long, short, severity }: (typeof BURN_RATES)[number]): Panel => {
  const windows = [long, short].map((window) => ({ window, ratio: `slo:errors:ratio_rate${window}` }));
  return lines(
    `Error budget: burn rate over ${long} and ${short}`,
    `How many times too fast the budget is used up. An alert (${severity}) fires when both are above ${factor}.`,
    {
      count: Object.fromEntries(
        windows.map(({ window, ratio }) => [`{{slo}} ${window}`, `${CHOSEN.selector(ratio)} / on (slo) ${BUDGET}`]),
      ),
      limits: { [severity]: factor },
    },
  );
};

export const SERVICE_LEVELS_DASHBOARD: DashboardSource = {
  description: `What the API promises for ${BUDGET_PERIOD}, and how much of the allowed errors is left. ${PROMISES}.`,
  variables: [{ name: "slo", title: "Promise", label: "slo", of: "slo:error_budget:ratio" }],
  sections: {
    Budget: [
      number("Error budget left", `Share of the errors that are allowed in ${BUDGET_PERIOD}. ${PROMISES}.`, {
        share: CHOSEN.values({ "{{slo}}": "slo:error_budget_left:ratio" }),
        minimums: { critical: 0, warning: 0.25 },
        mayBeNegative: true,
        width: 24,
      }),
      lines("Error budget left over time", "Below 0 the promise is broken.", {
        share: CHOSEN.values({ "{{slo}}": "slo:error_budget_left:ratio" }),
        minimums: { critical: 0 },
        mayBeNegative: true,
        max: 1,
      }),
      lines("Errors: share of the requests", "Of the last minute: answered with 5xx, or more slowly than promised.", {
        share: { "{{slo}}": `${CHOSEN.selector("slo:errors:rate1m")} / ${CHOSEN.selector("slo:requests:rate1m")}` },
      }),
      lines("Requests that count", "For each promise: all requests, or those with a good answer.", {
        "requests/s": CHOSEN.values({ "{{slo}}": "slo:requests:rate1m" }),
      }),
      lines(
        `Errors: share over ${BUDGET_PERIOD}, and the budget`,
        "The promise holds as long as the first stays below the second.",
        {
          share: CHOSEN.values({
            "{{slo}}": `slo:errors:ratio_rate${BUDGET_PERIOD}`,
            "{{slo}} budget": "slo:error_budget:ratio",
          }),
        },
      ),
    ],
    "Burn rates": BURN_RATES.map(burnRate),
  },
};
