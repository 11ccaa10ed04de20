import { type Dashboard, lines, number, states, UP_OR_DOWN } from "./panels.ts";
import { rate } from "./promql.ts";
import { machineOf } from "./variables.ts";

const SELF = 'job="prometheus", machine=~"$machine"';

export const PROMETHEUS: Dashboard = {
  name: "prometheus",
  title: "Prometheus",
  description: "Who watches: targets, rules, and what Prometheus itself costs.",
  variables: [machineOf("prometheus")],
  sections: [
    {
      title: "Targets and rules",
      panels: [
        states({
          title: "Jobs of which all targets are up",
          description: "The least of a job's targets.",
          measures: ["up"],
          queries: { "{{job}}": "min by (job) (up)" },
          unit: "switch",
          states: UP_OR_DOWN,
          width: 24,
        }),
        lines({
          title: "Scrape duration",
          description: "The slowest target of each job. Given up after 5 s.",
          measures: ["scrape_duration_seconds"],
          queries: { "{{job}}": "max by (job) (scrape_duration_seconds)" },
          unit: "seconds",
          limits: [{ from: 5, severity: "critical" }],
        }),
        lines({
          title: "Scrape: samples",
          description: "How much each job brings.",
          measures: ["scrape_samples_scraped"],
          queries: { "{{job}}": "sum by (job) (scrape_samples_scraped)" },
          unit: "count",
          isStacked: true,
        }),
        lines({
          title: "Rule groups: last duration",
          description: "How long an evaluation takes; they come every 10 s.",
          measures: ["prometheus_rule_group_last_duration_seconds"],
          queries: {
            "{{file}}": `label_replace(prometheus_rule_group_last_duration_seconds{${SELF}}, "file", "$1", "rule_group", ".*/(.+)")`,
          },
          unit: "seconds",
        }),
        lines({
          title: "Rule evaluation failures",
          description: "An alert that cannot be evaluated cannot fire. None is normal.",
          measures: ["prometheus_rule_evaluation_failures_total"],
          queries: { "{{machine}}": `sum by (machine) (${rate("prometheus_rule_evaluation_failures_total", SELF)})` },
          unit: "1/s",
        }),
      ],
    },
    {
      title: "Its own needs",
      panels: [
        number({
          title: "Series in the head",
          description: "Kept in memory.",
          measures: ["prometheus_tsdb_head_series"],
          queries: { series: `sum(prometheus_tsdb_head_series{${SELF}})` },
          unit: "count",
          width: 6,
        }),
        number({
          title: "Samples appended",
          description: "Values kept, a second.",
          measures: ["prometheus_tsdb_head_samples_appended_total"],
          queries: { samples: `sum(${rate("prometheus_tsdb_head_samples_appended_total", SELF)})` },
          unit: "1/s",
          width: 6,
        }),
        number({
          title: "Storage: size of blocks on disk",
          description: "Kept for 90 days.",
          measures: ["prometheus_tsdb_storage_blocks_bytes"],
          queries: { blocks: `sum(prometheus_tsdb_storage_blocks_bytes{${SELF}})` },
          unit: "bytes",
          width: 6,
        }),
        number({
          title: "Resident memory",
          description: "Of Prometheus' process.",
          measures: ["process_resident_memory_bytes"],
          queries: { memory: `sum(process_resident_memory_bytes{${SELF}})` },
          unit: "bytes",
          width: 6,
        }),
        lines({
          title: "Resident memory over time",
          description: "It follows the number of series.",
          measures: ["process_resident_memory_bytes"],
          queries: { "{{machine}}": `process_resident_memory_bytes{${SELF}}` },
          unit: "bytes",
        }),
        lines({
          title: "CPU of the process",
          description: "Cores.",
          measures: ["process_cpu_seconds_total"],
          queries: { "{{machine}}": rate("process_cpu_seconds_total", SELF) },
          unit: "count",
        }),
      ],
    },
  ],
};
