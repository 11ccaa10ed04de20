import { atMost, type Dashboard, lines, NO_OR_YES_IS_BAD, number, states, UP_OR_DOWN } from "./panels.ts";
import { rate } from "./promql.ts";
import { machineOf } from "./variables.ts";

const MEMBER = 'job="patroni", machine=~"$machine"';
const SERVER = 'job="postgres", machine=~"$machine"';

export const PATRONI: Dashboard = {
  name: "patroni",
  title: "PostgreSQL and Patroni",
  description:
    "Who is the primary, who could take over at once, how far replicas are behind, and what hinders a failover.",
  variables: [machineOf("patroni")],
  sections: [
    {
      title: "Roles",
      panels: [
        states({
          title: "Primary and synchronous standby",
          description: "A synchronous standby has every acknowledged write: it can take over without a loss.",
          measures: ["patroni_primary", "patroni_sync_standby"],
          queries: { "{{machine}}": `2 * patroni_primary{${MEMBER}} + patroni_sync_standby{${MEMBER}}` },
          unit: "switch",
          states: [
            { value: 0, text: "asynchronous replica", mood: "neutral" },
            { value: 1, text: "synchronous standby", mood: "good" },
            { value: 2, text: "primary", mood: "good" },
          ],
        }),
        states({
          title: "Postgres running",
          description: "As Patroni sees its server.",
          measures: ["patroni_postgres_running"],
          queries: { "{{machine}}": `patroni_postgres_running{${MEMBER}}` },
          unit: "switch",
          states: UP_OR_DOWN,
        }),
        number({
          title: "Primaries",
          description: "Exactly one.",
          measures: ["patroni_primary"],
          queries: { primaries: `sum(patroni_primary{${MEMBER}})` },
          unit: "count",
          limits: [{ from: 1, severity: "critical" }],
          limitsAreLower: true,
        }),
        number({
          title: "Synchronous standbys",
          description: "Without one, what is committed now is on one machine only.",
          measures: ["patroni_sync_standby"],
          queries: { standbys: `sum(patroni_sync_standby{${MEMBER}})` },
          unit: "count",
          limits: [{ from: 1, severity: "warning" }],
          limitsAreLower: true,
        }),
        number({
          title: "Replication lag",
          description: "WAL that the slowest replica has still to replay.",
          measures: ["pg_stat_replication_pg_wal_lsn_diff"],
          queries: { lag: `max(pg_stat_replication_pg_wal_lsn_diff{${SERVER}})` },
          unit: "bytes",
          limits: [{ from: 64 * 1024 * 1024, severity: "warning" }],
        }),
        number({
          title: "Timeline",
          description: "One more with each change of the primary.",
          measures: ["patroni_postgres_timeline"],
          queries: { timeline: `max(patroni_postgres_timeline{${MEMBER}})` },
          unit: "switch",
        }),
        number({
          title: "DCS (etcd) last contacted",
          description: "How long ago, the longest. Patroni asks once a second.",
          measures: ["patroni_dcs_last_seen"],
          queries: { DCS: `max(time() - patroni_dcs_last_seen{${MEMBER}})` },
          unit: "seconds",
          limits: atMost(10, 20),
        }),
        number({
          title: "Postgres started",
          description: "How long ago; the server that started last.",
          measures: ["patroni_postmaster_start_time"],
          queries: { started: `min(time() - patroni_postmaster_start_time{${MEMBER}})` },
          unit: "age",
        }),
      ],
    },
    {
      title: "What hinders a failover",
      panels: [
        states({
          title: "Cluster unlocked",
          description: "Nobody holds the leader key: an election is under way, or impossible.",
          measures: ["patroni_cluster_unlocked"],
          queries: { "{{machine}}": `patroni_cluster_unlocked{${MEMBER}}` },
          unit: "switch",
          states: NO_OR_YES_IS_BAD,
          width: 8,
        }),
        states({
          title: "Failsafe mode active",
          description: "etcd is away; the primary stays because all members still agree with it.",
          measures: ["patroni_failsafe_mode_is_active"],
          queries: { "{{machine}}": `patroni_failsafe_mode_is_active{${MEMBER}}` },
          unit: "switch",
          states: NO_OR_YES_IS_BAD,
          width: 8,
        }),
        states({
          title: "Failover disabled (paused)",
          description: "Somebody paused Patroni: no automatic failover.",
          measures: ["patroni_is_paused"],
          queries: { "{{machine}}": `patroni_is_paused{${MEMBER}}` },
          unit: "switch",
          states: NO_OR_YES_IS_BAD,
          width: 8,
        }),
        states({
          title: "Streaming",
          description: "The replica gets its WAL from the primary as it is written. The primary itself gets none.",
          measures: ["patroni_postgres_streaming"],
          queries: { "{{machine}}": `patroni_postgres_streaming{${MEMBER}}` },
          unit: "switch",
          states: [
            { value: 0, text: "not streaming", mood: "neutral" },
            { value: 1, text: "streaming", mood: "good" },
          ],
          width: 8,
        }),
        states({
          title: "Replay of the WAL (xlog) paused",
          description: "A replica that shows the past, on purpose.",
          measures: ["patroni_xlog_paused"],
          queries: { "{{machine}}": `patroni_xlog_paused{${MEMBER}}` },
          unit: "switch",
          states: NO_OR_YES_IS_BAD,
          width: 8,
        }),
        states({
          title: "Restart pending",
          description: "A changed setting waits for a restart.",
          measures: ["patroni_pending_restart"],
          queries: { "{{machine}}": `patroni_pending_restart{${MEMBER}}` },
          unit: "switch",
          states: [
            { value: 0, text: "no", mood: "good" },
            { value: 1, text: "yes", mood: "neutral" },
          ],
          width: 8,
        }),
      ],
    },
    {
      title: "Replication",
      panels: [
        lines({
          title: "Replication lag in bytes",
          description: "As the primary sees its replicas.",
          measures: ["pg_stat_replication_pg_wal_lsn_diff"],
          queries: { "{{application_name}} ({{state}})": `pg_stat_replication_pg_wal_lsn_diff{${SERVER}}` },
          unit: "bytes",
          limits: [{ from: 64 * 1024 * 1024, severity: "warning" }],
        }),
        lines({
          title: "Replication lag in seconds",
          description: "As the replicas see themselves: how old is what they show. Without writes it stays at 0.",
          measures: ["pg_replication_lag_seconds"],
          queries: { "{{machine}}": `pg_replication_lag_seconds{${SERVER}}` },
          unit: "seconds",
          limits: [{ from: 10, severity: "warning" }],
        }),
        lines({
          title: "Transaction log (WAL): written, received, replayed",
          description: "By the primary and by its replicas.",
          measures: ["patroni_xlog_location", "patroni_xlog_received_location", "patroni_xlog_replayed_location"],
          queries: {
            "{{machine}} written": rate("patroni_xlog_location", MEMBER),
            "{{machine}} received": rate("patroni_xlog_received_location", MEMBER),
            "{{machine}} replayed": rate("patroni_xlog_replayed_location", MEMBER),
          },
          unit: "bytes/s",
        }),
        lines({
          title: "Timeline of each server",
          description: "They differ only while a replica follows a new primary.",
          measures: ["patroni_postgres_timeline"],
          queries: { "{{machine}}": `patroni_postgres_timeline{${MEMBER}}` },
          unit: "switch",
        }),
      ],
    },
  ],
};
