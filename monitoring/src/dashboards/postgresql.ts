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
          queries: [{ expr: `pg_up{${SERVER}}`, legend: "{{machine}}" }],
          unit: "switch",
          states: UP_OR_DOWN,
        }),
        number({
          title: "Postmaster started",
          description: "How long ago.",
          measures: ["pg_postmaster_start_time_seconds"],
          queries: [{ expr: `time() - pg_postmaster_start_time_seconds{${SERVER}}`, legend: "{{machine}}" }],
          unit: "age",
          width: 6,
        }),
        number({
          title: "Size of databases",
          description: "On disk, indexes included.",
          measures: ["pg_database_size_bytes"],
          queries: [{ expr: `max by (datname) (pg_database_size_bytes{${DATABASES}})`, legend: "{{datname}}" }],
          unit: "bytes",
          width: 6,
        }),
        lines({
          title: "Connections, of those allowed",
          description: "Share of max_connections. An alert fires when it stays above the line.",
          measures: ["pg_settings_max_connections", "pg_stat_activity_count"],
          queries: [
            {
              expr: `sum by (machine) (pg_stat_activity_count{${SERVER}}) / max by (machine) (pg_settings_max_connections{${SERVER}})`,
              legend: "{{machine}}",
            },
          ],
          unit: "share",
          limits: [{ from: 0.8, severity: "warning" }],
          max: 1,
        }),
        lines({
          title: "Connections by state",
          description: "Idle ones cost little; idle in transaction hinders vacuum.",
          measures: ["pg_stat_activity_count"],
          queries: [
            { expr: `sum by (machine, state) (pg_stat_activity_count{${SERVER}})`, legend: "{{machine}} {{state}}" },
          ],
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
          queries: [
            { expr: byMachine("pg_stat_database_xact_commit"), legend: "{{machine}} committed" },
            { expr: byMachine("pg_stat_database_xact_rollback"), legend: "{{machine}} rolled back" },
          ],
          unit: "1/s",
        }),
        lines({
          title: "Longest transaction (max duration)",
          description: "A long one keeps old rows from being cleaned up.",
          measures: ["pg_stat_activity_max_tx_duration"],
          queries: [{ expr: `max by (machine) (pg_stat_activity_max_tx_duration{${SERVER}})`, legend: "{{machine}}" }],
          unit: "seconds",
        }),
        lines({
          title: "Rows inserted, updated, deleted",
          description: "On the primary; replicas only replay.",
          measures: ["pg_stat_database_tup_deleted", "pg_stat_database_tup_inserted", "pg_stat_database_tup_updated"],
          queries: [
            { expr: byMachine("pg_stat_database_tup_inserted"), legend: "{{machine}} inserted" },
            { expr: byMachine("pg_stat_database_tup_updated"), legend: "{{machine}} updated" },
            { expr: byMachine("pg_stat_database_tup_deleted"), legend: "{{machine}} deleted" },
          ],
          unit: "1/s",
        }),
        lines({
          title: "Rows returned and fetched by queries",
          description: "Returned: read by scans. Fetched: found by an index.",
          measures: ["pg_stat_database_tup_fetched", "pg_stat_database_tup_returned"],
          queries: [
            { expr: byMachine("pg_stat_database_tup_returned"), legend: "{{machine}} returned" },
            { expr: byMachine("pg_stat_database_tup_fetched"), legend: "{{machine}} fetched" },
          ],
          unit: "1/s",
        }),
        lines({
          title: "Locks by mode",
          description: "Of the chosen servers together.",
          measures: ["pg_locks_count"],
          queries: [{ expr: `sum by (mode) (pg_locks_count{${DATABASES}})`, legend: "{{mode}}" }],
          unit: "count",
          isStacked: true,
        }),
        lines({
          title: "Deadlocks, and queries canceled by conflicts",
          description: "None is normal. Conflicts with replay end queries on a replica.",
          measures: ["pg_stat_database_conflicts", "pg_stat_database_deadlocks"],
          queries: [
            { expr: byMachine("pg_stat_database_deadlocks"), legend: "{{machine}} deadlocks" },
            { expr: byMachine("pg_stat_database_conflicts"), legend: "{{machine}} conflicts" },
          ],
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
          queries: [
            {
              expr: `${byMachine("pg_stat_database_blks_hit")} / (${byMachine("pg_stat_database_blks_hit")} + ${byMachine("pg_stat_database_blks_read")})`,
              legend: "{{machine}}",
            },
          ],
          unit: "share",
          max: 1,
        }),
        lines({
          title: "Temporary files, bytes written",
          description: "Sorts that did not fit into work_mem. None is normal.",
          measures: ["pg_stat_database_temp_bytes"],
          queries: [{ expr: byMachine("pg_stat_database_temp_bytes"), legend: "{{machine}}" }],
          unit: "bytes/s",
        }),
        lines({
          title: "Checkpoints, scheduled and requested",
          description: "In an hour. Requested ones come from too much WAL, backups and changes of roles.",
          measures: ["pg_stat_checkpointer_num_requested_total", "pg_stat_checkpointer_num_timed_total"],
          queries: [
            { expr: `increase(pg_stat_checkpointer_num_timed_total{${SERVER}}[1h])`, legend: "{{machine}} scheduled" },
            {
              expr: `increase(pg_stat_checkpointer_num_requested_total{${SERVER}}[1h])`,
              legend: "{{machine}} requested",
            },
          ],
          unit: "count",
        }),
        lines({
          title: "Checkpoints: time spent writing and syncing",
          description: "Share of the time.",
          measures: ["pg_stat_checkpointer_sync_time_total", "pg_stat_checkpointer_write_time_total"],
          queries: [
            { expr: `${rate("pg_stat_checkpointer_write_time_total", SERVER)} / 1000`, legend: "{{machine}} write" },
            { expr: `${rate("pg_stat_checkpointer_sync_time_total", SERVER)} / 1000`, legend: "{{machine}} sync" },
          ],
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
          queries: [
            { expr: rate("pg_stat_bgwriter_buffers_alloc_total", SERVER), legend: "{{machine}} allocated" },
            { expr: rate("pg_stat_bgwriter_buffers_clean_total", SERVER), legend: "{{machine}} background writer" },
            { expr: rate("pg_stat_checkpointer_buffers_written_total", SERVER), legend: "{{machine}} checkpointer" },
          ],
          unit: "1/s",
        }),
        lines({
          title: "Size of WAL segments",
          description: "It grows while a replica or the archive does not take them.",
          measures: ["pg_wal_size_bytes"],
          queries: [{ expr: `pg_wal_size_bytes{${SERVER}}`, legend: "{{machine}}" }],
          unit: "bytes",
        }),
        lines({
          title: "WAL files archived, and attempts that failed",
          description: "In an hour. What is not archived is missing in the backups.",
          measures: ["pg_stat_archiver_archived_count", "pg_stat_archiver_failed_count"],
          queries: [
            { expr: `increase(pg_stat_archiver_archived_count{${SERVER}}[1h])`, legend: "{{machine}} archived" },
            { expr: `increase(pg_stat_archiver_failed_count{${SERVER}}[1h])`, legend: "{{machine}} failed" },
          ],
          unit: "count",
        }),
        lines({
          title: "Age of the oldest transaction not frozen",
          description: "In transactions. Vacuum freezes at 200 million; at 2 billion the server stops.",
          measures: ["pg_database_wraparound_age_datfrozenxid_seconds"],
          queries: [
            {
              expr: `max by (machine) (pg_database_wraparound_age_datfrozenxid_seconds{${DATABASES}})`,
              legend: "{{machine}}",
            },
          ],
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
          queries: [
            { expr: `max by (relname) (pg_stat_user_tables_n_live_tup{${SERVER}})`, legend: "{{relname}} live" },
            { expr: `max by (relname) (pg_stat_user_tables_n_dead_tup{${SERVER}})`, legend: "{{relname}} dead" },
          ],
          unit: "count",
        }),
        lines({
          title: "Size of tables",
          description: "On disk, indexes included.",
          measures: ["pg_stat_user_tables_size_bytes"],
          queries: [{ expr: `max by (relname) (pg_stat_user_tables_size_bytes{${SERVER}})`, legend: "{{relname}}" }],
          unit: "bytes",
        }),
      ],
    },
  ],
};
