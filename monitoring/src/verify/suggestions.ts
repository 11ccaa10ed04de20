/** From 0 to 1. At 0.8 a forgotten `_total` and a typo are alike, and little else. */
const MIN_LIKENESS = 0.8;
const MAX_SUGGESTIONS = 3;

/** What could be meant by a metric that is not among the known ones. */
export function suggestion(metric: string, known: readonly string[]): string {
  const rename = RENAMES.find(({ from }) => from === metric);
  if (rename !== undefined) return `${rename.since} renamed it to ${rename.to}`;
  const alike = known
    .map((name) => ({ name, likeness: likeness(metric, name) }))
    .filter((one) => one.likeness >= MIN_LIKENESS)
    .toSorted((one, other) => other.likeness - one.likeness || (one.name < other.name ? -1 : 1));
  return alike.length === 0
    ? "nothing has a similar name"
    : `did you mean ${alike
        .slice(0, MAX_SUGGESTIONS)
        .map(({ name }) => name)
        .join(" or ")}?`;
}

/** Dice's coefficient of the pairs of letters: 1 for equal names, 0 for names without a common pair. */
export function likeness(one: string, other: string): number {
  const [left, right] = [pairsOf(one), pairsOf(other)];
  if (left.length + right.length === 0) return one === other ? 1 : 0;
  const rest = [...right];
  let shared = 0;
  for (const pair of left) {
    const at = rest.indexOf(pair);
    if (at === -1) continue;
    rest.splice(at, 1);
    shared += 1;
  }
  return (2 * shared) / (left.length + right.length);
}

function pairsOf(text: string): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2));
}

/** A metric that older dashboards ask for, and its name in the versions of the stand. */
export interface Rename {
  readonly from: string;
  readonly to: string;
  readonly since: string;
}

function renames(since: string, pairs: Readonly<Record<string, string>>): readonly Rename[] {
  return Object.entries(pairs).map(([from, to]) => ({ from, to, since }));
}

/** Sources: the changelogs, and https://www.postgresql.org/docs/17/release-17.html for pg_stat_bgwriter. */
export const RENAMES: readonly Rename[] = [
  ...renames("etcd 3.0", {
    etcd_server_proposal_failed_total: "etcd_server_proposals_failed_total",
    etcd_server_pending_proposal_total: "etcd_server_proposals_pending",
  }),
  ...renames("etcd 3.5", {
    etcd_debugging_mvcc_db_total_size_in_bytes: "etcd_mvcc_db_total_size_in_bytes",
    etcd_debugging_mvcc_put_total: "etcd_mvcc_put_total",
    etcd_debugging_mvcc_delete_total: "etcd_mvcc_delete_total",
    etcd_debugging_mvcc_txn_total: "etcd_mvcc_txn_total",
    etcd_debugging_mvcc_range_total: "etcd_mvcc_range_total",
  }),
  ...renames("node_exporter 0.16", {
    node_boot_time: "node_boot_time_seconds",
    node_context_switches: "node_context_switches_total",
    node_cpu: "node_cpu_seconds_total",
    node_disk_bytes_read: "node_disk_read_bytes_total",
    node_disk_bytes_written: "node_disk_written_bytes_total",
    node_disk_io_time_ms: "node_disk_io_time_seconds_total",
    node_disk_reads_completed: "node_disk_reads_completed_total",
    node_disk_writes_completed: "node_disk_writes_completed_total",
    node_filesystem_avail: "node_filesystem_avail_bytes",
    node_filesystem_free: "node_filesystem_free_bytes",
    node_filesystem_size: "node_filesystem_size_bytes",
    node_forks: "node_forks_total",
    node_intr: "node_intr_total",
    node_memory_Buffers: "node_memory_Buffers_bytes",
    node_memory_Cached: "node_memory_Cached_bytes",
    node_memory_MemAvailable: "node_memory_MemAvailable_bytes",
    node_memory_MemFree: "node_memory_MemFree_bytes",
    node_memory_MemTotal: "node_memory_MemTotal_bytes",
    node_memory_SwapFree: "node_memory_SwapFree_bytes",
    node_memory_SwapTotal: "node_memory_SwapTotal_bytes",
    node_network_receive_bytes: "node_network_receive_bytes_total",
    node_network_receive_drop: "node_network_receive_drop_total",
    node_network_receive_errs: "node_network_receive_errs_total",
    node_network_transmit_bytes: "node_network_transmit_bytes_total",
    node_network_transmit_drop: "node_network_transmit_drop_total",
    node_network_transmit_errs: "node_network_transmit_errs_total",
    node_time: "node_time_seconds",
  }),
  ...renames("postgres_exporter 0.11", {
    pg_stat_bgwriter_buffers_alloc: "pg_stat_bgwriter_buffers_alloc_total",
    pg_stat_bgwriter_buffers_clean: "pg_stat_bgwriter_buffers_clean_total",
    pg_stat_bgwriter_maxwritten_clean: "pg_stat_bgwriter_maxwritten_clean_total",
  }),
  ...renames("postgres_exporter 0.13", { pg_replication_lag: "pg_replication_lag_seconds" }),
  ...renames("PostgreSQL 17", {
    pg_stat_bgwriter_checkpoints_timed: "pg_stat_checkpointer_num_timed_total",
    pg_stat_bgwriter_checkpoints_timed_total: "pg_stat_checkpointer_num_timed_total",
    pg_stat_bgwriter_checkpoints_req: "pg_stat_checkpointer_num_requested_total",
    pg_stat_bgwriter_checkpoints_req_total: "pg_stat_checkpointer_num_requested_total",
    pg_stat_bgwriter_checkpoint_write_time: "pg_stat_checkpointer_write_time_total",
    pg_stat_bgwriter_checkpoint_write_time_total: "pg_stat_checkpointer_write_time_total",
    pg_stat_bgwriter_checkpoint_sync_time: "pg_stat_checkpointer_sync_time_total",
    pg_stat_bgwriter_checkpoint_sync_time_total: "pg_stat_checkpointer_sync_time_total",
    pg_stat_bgwriter_buffers_checkpoint: "pg_stat_checkpointer_buffers_written_total",
    pg_stat_bgwriter_buffers_checkpoint_total: "pg_stat_checkpointer_buffers_written_total",
  }),
  ...renames("Patroni 4", { patroni_master: "patroni_primary" }),
  ...renames("HAProxy's own exporter", {
    haproxy_server_up: "haproxy_server_status",
    haproxy_backend_up: "haproxy_backend_status",
    haproxy_server_check_duration_milliseconds: "haproxy_server_check_duration_seconds",
    haproxy_frontend_http_requests_rate_current: "haproxy_frontend_http_requests_total",
    haproxy_frontend_current_session_rate: "haproxy_frontend_sessions_total",
    haproxy_backend_current_session_rate: "haproxy_backend_sessions_total",
  }),
  ...renames("Prometheus 2", {
    prometheus_local_storage_memory_series: "prometheus_tsdb_head_series",
    prometheus_local_storage_ingested_samples_total: "prometheus_tsdb_head_samples_appended_total",
    prometheus_evaluator_duration_seconds: "prometheus_rule_group_duration_seconds",
  }),
];
