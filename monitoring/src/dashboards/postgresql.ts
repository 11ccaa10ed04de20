import { type Dashboard, lines, number, states, UP_OR_DOWN } from "./panels.ts";
import { rate } from "./promql.ts";
import { machineOf } from "./variables.ts";

const SERVER = 'job="postgres", machine=~"$machine"';
const DATABASES = `${SERVER}, datname!~"template.+"`;
const byMachine = (counter: string): string => `sum by (machine) (${rate(counter, DATABASES)})`;

export const POSTGRESQL: Dashboard = {
  name: "postgresql",
  title: "PostgreSQL database",
  description:
    "Connections, transactions, rows, cache, checkpoints and WAL of the servers, as postgres_exporter sees them.",
  variables: [machineOf("postgres")],
  sections: [
    {
      title: "Server",
      panels: [
        states({
          title: "Server up (able to connect)",
          description: "Whether postgres_exporter can log in.",
          measures: ["pg_up"],
          queries: { "{{machine}}": `pg_up{${SERVER}}` },
          unit: "switch",
          states: UP_OR_DOWN,
        }),
        number({
          title: "Postmaster started",
          description: "How long ago.",
          measures: ["pg_postmaster_start_time_seconds"],
          queries: { "{{machine}}": `time() - pg_postmaster_start_time_seconds{${SERVER}}` },
          unit: "age",
          width: 6,
        }),
        number({
          title: "Size of databases",
          description: "On disk, indexes included.",
          measures: ["pg_database_size_bytes"],
          queries: { "{{datname}}": `max by (datname) (pg_database_size_bytes{${DATABASES}})` },
          unit: "bytes",
          width: 6,
        }),
        lines({
          title: "Connections, of those allowed",
          description: "Share of max_connections. An alert fires when it stays above the line.",
          measures: ["pg_settings_max_connections", "pg_stat_activity_count"],
          queries: {
            "{{machine}}": `sum by (machine) (pg_stat_activity_count{${SERVER}}) / max by (machine) (pg_settings_max_connections{${SERVER}})`,
          },
          unit: "share",
          limits: [{ from: 0.8, severity: "warning" }],
          max: 1,
        }),
        lines({
          title: "Connections by state",
          description: "Idle ones cost little; idle in transaction hinders vacuum.",
          measures: ["pg_stat_activity_count"],
          queries: { "{{machine}} {{state}}": `sum by (machine, state) (pg_stat_activity_count{${SERVER}})` },
          unit: "count",
        }),
      ],
    },
    {
      title: "Work",
      panels: [
        lines({
          title: "Transactions committed and rolled back",
          description: "A rollback is an error or a refused row.",
          measures: ["pg_stat_database_xact_commit", "pg_stat_database_xact_rollback"],
          queries: {
            "{{machine}} committed": byMachine("pg_stat_database_xact_commit"),
            "{{machine}} rolled back": byMachine("pg_stat_database_xact_rollback"),
          },
          unit: "1/s",
        }),
        lines({
          title: "Longest transaction (max duration)",
          description: "A long one keeps old rows from being cleaned up.",
          measures: ["pg_stat_activity_max_tx_duration"],
          queries: { "{{machine}}": `max by (machine) (pg_stat_activity_max_tx_duration{${SERVER}})` },
          unit: "seconds",
        }),
        lines({
          title: "Rows inserted, updated, deleted",
          description: "On the primary; replicas only replay.",
          measures: ["pg_stat_database_tup_deleted", "pg_stat_database_tup_inserted", "pg_stat_database_tup_updated"],
          queries: {
            "{{machine}} inserted": byMachine("pg_stat_database_tup_inserted"),
            "{{machine}} updated": byMachine("pg_stat_database_tup_updated"),
            "{{machine}} deleted": byMachine("pg_stat_database_tup_deleted"),
          },
          unit: "1/s",
        }),
        lines({
          title: "Rows returned and fetched by queries",
          description: "Returned: read by scans. Fetched: found by an index.",
          measures: ["pg_stat_database_tup_fetched", "pg_stat_database_tup_returned"],
          queries: {
            "{{machine}} returned": byMachine("pg_stat_database_tup_returned"),
            "{{machine}} fetched": byMachine("pg_stat_database_tup_fetched"),
          },
          unit: "1/s",
        }),
        lines({
          title: "Locks by mode",
          description: "Of the chosen servers together.",
          measures: ["pg_locks_count"],
          queries: { "{{mode}}": `sum by (mode) (pg_locks_count{${DATABASES}})` },
          unit: "count",
          isStacked: true,
        }),
        lines({
          title: "Deadlocks, and queries canceled by conflicts",
          description: "None is normal. Conflicts with replay end queries on a replica.",
          measures: ["pg_stat_database_conflicts", "pg_stat_database_deadlocks"],
          queries: {
            "{{machine}} deadlocks": byMachine("pg_stat_database_deadlocks"),
            "{{machine}} conflicts": byMachine("pg_stat_database_conflicts"),
          },
          unit: "1/s",
        }),
      ],
    },
    {
      title: "Memory and disk",
      panels: [
        lines({
          title: "Blocks found in the cache",
          description:
            "Share of the blocks that need not be read. Near 100 % is normal here: the data fit into memory.",
          measures: ["pg_stat_database_blks_hit", "pg_stat_database_blks_read"],
          queries: {
            "{{machine}}": `${byMachine("pg_stat_database_blks_hit")} / (${byMachine("pg_stat_database_blks_hit")} + ${byMachine("pg_stat_database_blks_read")})`,
          },
          unit: "share",
          max: 1,
        }),
        lines({
          title: "Temporary files, bytes written",
          description: "Sorts that did not fit into work_mem. None is normal.",
          measures: ["pg_stat_database_temp_bytes"],
          queries: { "{{machine}}": byMachine("pg_stat_database_temp_bytes") },
          unit: "bytes/s",
        }),
        lines({
          title: "Checkpoints, scheduled and requested",
          description: "In an hour. Requested ones come from too much WAL, backups and changes of roles.",
          measures: ["pg_stat_checkpointer_num_requested_total", "pg_stat_checkpointer_num_timed_total"],
          queries: {
            "{{machine}} scheduled": `increase(pg_stat_checkpointer_num_timed_total{${SERVER}}[1h])`,
            "{{machine}} requested": `increase(pg_stat_checkpointer_num_requested_total{${SERVER}}[1h])`,
          },
          unit: "count",
        }),
        lines({
          title: "Checkpoints: time spent writing and syncing",
          description: "Share of the time.",
          measures: ["pg_stat_checkpointer_sync_time_total", "pg_stat_checkpointer_write_time_total"],
          queries: {
            "{{machine}} write": `${rate("pg_stat_checkpointer_write_time_total", SERVER)} / 1000`,
            "{{machine}} sync": `${rate("pg_stat_checkpointer_sync_time_total", SERVER)} / 1000`,
          },
          unit: "share",
        }),
        lines({
          title: "Buffers allocated, and written by whom",
          description: "Blocks of 8 KB. The checkpointer should write most of them.",
          measures: [
            "pg_stat_bgwriter_buffers_alloc_total",
            "pg_stat_bgwriter_buffers_clean_total",
            "pg_stat_checkpointer_buffers_written_total",
          ],
          queries: {
            "{{machine}} allocated": rate("pg_stat_bgwriter_buffers_alloc_total", SERVER),
            "{{machine}} background writer": rate("pg_stat_bgwriter_buffers_clean_total", SERVER),
            "{{machine}} checkpointer": rate("pg_stat_checkpointer_buffers_written_total", SERVER),
          },
          unit: "1/s",
        }),
        lines({
          title: "Size of WAL segments",
          description: "It grows while a replica or the archive does not take them.",
          measures: ["pg_wal_size_bytes"],
          queries: { "{{machine}}": `pg_wal_size_bytes{${SERVER}}` },
          unit: "bytes",
        }),
        lines({
          title: "WAL files archived, and attempts that failed",
          description: "In an hour. What is not archived is missing in the backups.",
          measures: ["pg_stat_archiver_archived_count", "pg_stat_archiver_failed_count"],
          queries: {
            "{{machine}} archived": `increase(pg_stat_archiver_archived_count{${SERVER}}[1h])`,
            "{{machine}} failed": `increase(pg_stat_archiver_failed_count{${SERVER}}[1h])`,
          },
          unit: "count",
        }),
        lines({
          title: "Age of the oldest transaction not frozen",
          description: "In transactions. Vacuum freezes at 200 million; at 2 billion the server stops.",
          measures: ["pg_database_wraparound_age_datfrozenxid_seconds"],
          queries: {
            "{{machine}}": `max by (machine) (pg_database_wraparound_age_datfrozenxid_seconds{${DATABASES}})`,
          },
          unit: "count",
          limits: [{ from: 500_000_000, severity: "warning" }],
        }),
      ],
    },
    {
      title: "Tables",
      panels: [
        lines({
          title: "Live and dead rows",
          description: "Estimates. Dead ones wait for vacuum.",
          measures: ["pg_stat_user_tables_n_dead_tup", "pg_stat_user_tables_n_live_tup"],
          queries: {
            "{{relname}} live": `max by (relname) (pg_stat_user_tables_n_live_tup{${SERVER}})`,
            "{{relname}} dead": `max by (relname) (pg_stat_user_tables_n_dead_tup{${SERVER}})`,
          },
          unit: "count",
        }),
        lines({
          title: "Size of tables",
          description: "On disk, indexes included.",
          measures: ["pg_stat_user_tables_size_bytes"],
          queries: { "{{relname}}": `max by (relname) (pg_stat_user_tables_size_bytes{${SERVER}})` },
          unit: "bytes",
        }),
      ],
    },
  ],
};
