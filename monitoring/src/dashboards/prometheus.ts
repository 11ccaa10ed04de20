import { type DashboardSource, lines, machineOf, states, wideNumber } from "./panels.ts";
import { seriesOfJob } from "./promql.ts";

const SELF = seriesOfJob("prometheus");

export const PROMETHEUS: DashboardSource = {
  description: "Targets, rules, and what Prometheus itself costs.",
  variables: [machineOf('up{job="prometheus"}')],
  sections: {
    "Targets and rules": [
      states("Jobs of which all targets are up", "Down: at least one target of the job is down.", {
        switch: { "{{job}}": "min by (job) (up)" },
        width: 24,
      }),
      lines("Scrape duration", "The slowest target of each job. A scrape times out after 5 s.", {
        seconds: { "{{job}}": "max by (job) (scrape_duration_seconds)" },
        limits: { critical: 5 },
      }),
      lines("Scrape: samples", "How many each job brings.", {
        count: { "{{job}}": "sum by (job) (scrape_samples_scraped)" },
        isStacked: true,
      }),
      lines("Rule groups: last duration", "How long an evaluation takes; there is one every 10 s.", {
        seconds: {
          "{{file}}": `label_replace(${SELF.selector("prometheus_rule_group_last_duration_seconds")}, "file", "$1", "rule_group", ".*/(.+)")`,
        },
      }),
      lines("Rule evaluation failures", "An alert that cannot be evaluated cannot fire. None is normal.", {
        "1/s": SELF.rates("prometheus_rule_evaluation_failures_total", "sum by (machine)"),
      }),
    ],
    "Resources of Prometheus": [
      wideNumber("Series in the head", "Kept in memory.", {
        count: SELF.values({ series: "prometheus_tsdb_head_series" }, "sum"),
      }),
      wideNumber("Samples appended", "Values stored, a second.", {
        "1/s": SELF.rates({ samples: "prometheus_tsdb_head_samples_appended_total" }, "sum"),
      }),
      wideNumber("Storage: size of blocks on disk", "Kept for 90 days.", {
        bytes: SELF.values({ blocks: "prometheus_tsdb_storage_blocks_bytes" }, "sum"),
      }),
      wideNumber("Resident memory", "Of Prometheus' process.", {
        bytes: SELF.values({ memory: "process_resident_memory_bytes" }, "sum"),
      }),
      lines("Resident memory over time", "It follows the number of series.", {
        bytes: SELF.values("process_resident_memory_bytes"),
      }),
      lines("CPU of the process", "Cores.", { count: SELF.rates("process_cpu_seconds_total") }),
    ],
  },
};
