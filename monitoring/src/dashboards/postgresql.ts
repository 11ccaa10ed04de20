import { type DashboardSource, lines, machineOf, states, wideNumber } from "./panels.ts";
import { type Reading, Series, seriesOfJob } from "./promql.ts";

const SERVER = seriesOfJob("postgres");
const DATABASES = SERVER.with('datname!~"template.+"');
const byMachine = (counters: Parameters<typeof DATABASES.rates>[0]): Reading =>
  DATABASES.rates(counters, "sum by (machine)");
/** Of the machine that takes the backups, whatever machine is chosen. */
const BACKUPS = new Series('job="node"');
const sumOf = (counter: string): string => `sum by (machine) (${DATABASES.rate(counter)})`;

export const POSTGRESQL: DashboardSource = {
  description:
    "Connections, transactions, rows, cache, checkpoints and WAL of the servers, as postgres_exporter sees them.",
  variables: [machineOf('up{job="postgres"}')],
  sections: {
    Server: [
      states("Server up (able to connect)", "Whether postgres_exporter can log in.", {
        switch: SERVER.values("pg_up"),
      }),
      wideNumber("Postmaster started", "How long ago.", { age: SERVER.ages("pg_postmaster_start_time_seconds") }),
      wideNumber("Size of databases", "On disk, indexes included.", {
        bytes: DATABASES.values("pg_database_size_bytes", "max by (datname)"),
      }),
      lines("Connections, of those allowed", "Share of max_connections. An alert fires when it stays above the line.", {
        share: {
          "{{machine}}": `sum by (machine) (${SERVER.selector("pg_stat_activity_count")}) / max by (machine) (${SERVER.selector("pg_settings_max_connections")})`,
        },
        limits: { warning: 0.8 },
        max: 1,
      }),
      lines("Connections by state", "Idle ones cost little; idle in transaction blocks vacuum.", {
        count: SERVER.values("pg_stat_activity_count", "sum by (machine, state)"),
      }),
    ],
    Work: [
      lines("Transactions committed and rolled back", "A rollback is an error or a refused row.", {
        "1/s": byMachine({
          committed: "pg_stat_database_xact_commit",
          "rolled back": "pg_stat_database_xact_rollback",
        }),
      }),
      lines("Longest transaction (max duration)", "A long one prevents the cleanup of old rows.", {
        seconds: SERVER.values("pg_stat_activity_max_tx_duration", "max by (machine)"),
      }),
      lines("Rows inserted, updated, deleted", "On the primary; replicas only replay.", {
        "1/s": byMachine({
          inserted: "pg_stat_database_tup_inserted",
          updated: "pg_stat_database_tup_updated",
          deleted: "pg_stat_database_tup_deleted",
        }),
      }),
      lines("Rows returned and fetched by queries", "Returned: read by scans. Fetched: found by an index.", {
        "1/s": byMachine({ returned: "pg_stat_database_tup_returned", fetched: "pg_stat_database_tup_fetched" }),
      }),
      lines("Locks by mode", "Of the chosen servers together.", {
        count: DATABASES.values("pg_locks_count", "sum by (mode)"),
        isStacked: true,
      }),
      lines(
        "Deadlocks, and queries canceled by conflicts",
        "None is normal. Conflicts with replay end queries on a replica.",
        { "1/s": byMachine({ deadlocks: "pg_stat_database_deadlocks", conflicts: "pg_stat_database_conflicts" }) },
      ),
    ],
    "Memory and disk": [
      lines("Blocks found in the cache", "Share of all reads. Near 100 % is normal here: the data fit into memory.", {
        share: {
          "{{machine}}": `${sumOf("pg_stat_database_blks_hit")} / (${sumOf("pg_stat_database_blks_hit")} + ${sumOf("pg_stat_database_blks_read")})`,
        },
        max: 1,
      }),
      lines("Temporary files, bytes written", "Sorts that did not fit into work_mem. None is normal.", {
        "bytes/s": byMachine("pg_stat_database_temp_bytes"),
      }),
      lines(
        "Checkpoints, scheduled and requested",
        "In an hour. Too much WAL, backups and changes of roles request one.",
        {
          count: SERVER.increases("1h", {
            scheduled: "pg_stat_checkpointer_num_timed_total",
            requested: "pg_stat_checkpointer_num_requested_total",
          }),
        },
      ),
      lines("Checkpoints: time spent writing and syncing", "Share of the time.", {
        share: {
          "{{machine}} write": `${SERVER.rate("pg_stat_checkpointer_write_time_total")} / 1000`,
          "{{machine}} sync": `${SERVER.rate("pg_stat_checkpointer_sync_time_total")} / 1000`,
        },
      }),
      lines("Buffers allocated, and written by whom", "Blocks of 8 KB. The checkpointer should write most of them.", {
        "1/s": SERVER.rates({
          allocated: "pg_stat_bgwriter_buffers_alloc_total",
          "background writer": "pg_stat_bgwriter_buffers_clean_total",
          checkpointer: "pg_stat_checkpointer_buffers_written_total",
        }),
      }),
      lines("Size of WAL segments", "It grows while a replica or the archive does not take them.", {
        bytes: SERVER.values("pg_wal_size_bytes"),
      }),
      lines(
        "WAL files archived, and attempts that failed",
        "In an hour. What is not archived is missing in the backups.",
        {
          count: SERVER.increases("1h", {
            archived: "pg_stat_archiver_archived_count",
            failed: "pg_stat_archiver_failed_count",
          }),
        },
      ),
      lines(
        "Age of the oldest transaction not frozen",
        "In transactions. Vacuum freezes at 200 million; at 2 billion the server stops.",
        {
          count: DATABASES.values("pg_database_wraparound_age_datfrozenxid_seconds", "max by (machine)"),
          limits: { warning: 500_000_000 },
        },
      ),
    ],
    Tables: [
      lines("Live and dead rows", "Estimates. Dead ones wait for vacuum.", {
        count: SERVER.values(
          { live: "pg_stat_user_tables_n_live_tup", dead: "pg_stat_user_tables_n_dead_tup" },
          "max by (relname)",
        ),
      }),
      lines("Size of tables", "On disk, indexes included.", {
        bytes: SERVER.values("pg_stat_user_tables_size_bytes", "max by (relname)"),
      }),
    ],
    Backups: [
      wideNumber(
        "Age of the newest backup",
        "By repository and type. An alert fires when the newest of both is too old.",
        {
          age: {
            "{{repository}} {{type}}": `time() - (${BACKUPS.selector("goldenring_backup_newest_timestamp_seconds")} > 0)`,
          },
        },
      ),
      wideNumber("Missing segments of WAL", "After the newest backup. None: every moment since then can be restored.", {
        count: BACKUPS.values({ "{{repository}}": "goldenring_backup_missing_segments" }),
      }),
      states("Repository up", "Whether pgBackRest could read it at the last look.", {
        switch: BACKUPS.values({ "{{repository}}": "goldenring_backup_repository_up" }),
      }),
      lines(
        "Archived location, bytes behind the primary",
        "Up to a segment (16 MB) is normal. From 1 GB on, WAL is dropped.",
        {
          bytes: {
            "{{repository}}": `max(patroni_xlog_location{job="patroni"}) - on () group_right () ${BACKUPS.selector("goldenring_backup_archived_location_bytes")}`,
          },
          limits: { warning: 512 * 1024 * 1024 },
        },
      ),
      lines("Repository: bytes free and stored by backups", "WAL comes on top of the backups.", {
        bytes: BACKUPS.values({
          "{{repository}} free": "goldenring_backup_repository_free_bytes",
          "{{repository}} backups": "goldenring_backup_stored_bytes",
        }),
      }),
    ],
  },
};
