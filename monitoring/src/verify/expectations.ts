import { isDeepStrictEqual } from "node:util";
import { type Matcher, type Selector, selectorsOf } from "./selectors.ts";

/** A selector that has no data on a healthy stand, or only old data. */
export interface Expectation {
  /** It covers all selectors of its metric, or of any if it names none, that have at least its matchers. */
  readonly selector: Selector;
  readonly why: string;
  /** The series must exist; it may have counted nothing lately. */
  readonly isThere: boolean;
  /** What proves that there is data at other times: a fault of an experiment, or the unit test of a rule. */
  readonly provenBy: string;
}

function empty(why: string, provenBy: string, selectors: readonly string[]): readonly Expectation[] {
  return selectors.flatMap(selectorsOf).map((selector) => ({ selector, why, isThere: false, provenBy }));
}

/** Series that exist, but whose rates and quantiles may be NaN. */
function idle(why: string, provenBy: string, selectors: readonly string[]): readonly Expectation[] {
  return empty(why, provenBy, selectors).map((expected) => ({ ...expected, isThere: true }));
}

export const EXPECTATIONS: readonly Expectation[] = [
  ...empty("nobody gets bad answers", "without a primary, writes are answered with 503 (fault: no leader)", [
    'http_request_duration_seconds_bucket{status=~"[45].."}',
    'http_request_duration_seconds_count{status=~"[45].."}',
    'http_request_duration_seconds_count{status=~"5.."}',
  ]),
  ...empty("nobody writes", "any POST", [
    "weather_write_batch_size_count",
    "weather_write_batch_size_sum",
    "weather_write_statement_seconds_bucket",
    "weather_writes_total",
  ]),
  ...idle(
    "nobody writes to etcd: while the cluster does not change, Patroni only renews its lease, which is no write",
    "any change of the leader, such as the experiment MON-switchover",
    ["etcd_disk_backend_commit_duration_seconds_bucket", "etcd_disk_wal_fsync_duration_seconds_bucket"],
  ),
  ...empty("every write has a known outcome", "writes during a failover (fault: postgres killed)", [
    "weather_write_retries_total",
  ]),
  ...empty(
    "no verification of the backups, or test of a restore, has run yet",
    "unit tests of the rules in backup.yml",
    ["goldenring_backup_damaged", "goldenring_restore_test_success", "goldenring_restore_test_timestamp_seconds"],
  ),
  ...empty("no replica is repaired", "a replica that was away for too long (cluster/stand-tests/heal.stand.ts)", [
    "goldenring_replica_repair_blocked",
    "goldenring_replica_repair_done_bytes",
    "goldenring_replica_repair_total_bytes",
  ]),
  ...empty("no guardian runs (the inventory has no fence_command)", "the lab, which has one", [
    'node_textfile_mtime_seconds{file=~".*/goldenring-guardian.prom"}',
    "goldenring_guardian_acted_timestamp_seconds",
    "goldenring_guardian_advises",
    "goldenring_guardian_may_act",
    "goldenring_guardian_may_fence",
  ]),
  ...empty("the API does not run on Kubernetes, or has no autoscaler", "ring up --platform kubernetes", [
    '{job="apiserver"}',
    '{job="kubelet"}',
    '{job="kube-state-metrics"}',
    'up{job="api", node!=""}',
  ]),
  ...empty("the API runs on Kubernetes", "ring up --platform machines", ['up{job="api", node=""}']),
  ...empty("nothing is wrong", "every experiment of the suite monitoring", [
    'ALERTS{alertstate="firing", severity=~"critical|warning"}',
  ]),
  ...empty("no chaos experiment runs", "any chaos experiment, while it runs", [
    "goldenring_fault_begun_timestamp_seconds",
  ]),
  ...empty("no alert has been suppressed", "a machine that is off suppresses its other alerts (fault: machine off)", [
    "alertmanager_notifications_suppressed_total",
  ]),
  ...empty("Alertmanager has no receiver (alert_webhook_url in the inventory is empty)", "the lab, which has one", [
    "alertmanager_notification_latency_seconds_bucket",
    "alertmanager_notification_requests_failed_total",
    "alertmanager_notifications_failed_total",
    "alertmanager_notifications_total",
  ]),
  ...empty("the kernel does not measure pressure (CONFIG_PSI)", "a kernel that does", [
    "node_pressure_cpu_waiting_seconds_total",
    "node_pressure_io_waiting_seconds_total",
    "node_pressure_memory_waiting_seconds_total",
  ]),
  ...empty(
    "the lab's machines have the clock of their computer: they cannot set it, nor ask how exact it is",
    "rules/tests/host.test.yml (HostClockNotSynchronised)",
    ["node_timex_maxerror_seconds", 'node_systemd_unit_state{name=~"chrony.service|systemd-timesyncd.service"}'],
  ),
  ...empty(
    "only the lab's machines have an overlay as their root",
    "the lab; rules/tests/host.test.yml (HostOomKill)",
    ['node_filesystem_size_bytes{fstype="overlay"}'],
  ),
];

/** Why a selector may be without data; undefined: it must have data. */
export function expectationFor(selector: Selector): Expectation | undefined {
  return EXPECTATIONS.find((expected) => covers(expected, selector));
}

export function covers({ selector }: Expectation, { metric, matchers }: Selector): boolean {
  const isAmong = (one: Matcher): boolean => matchers.some((other) => isDeepStrictEqual(one, other));
  return (selector.metric ?? metric) === metric && selector.matchers.every(isAmong);
}
