import { type Dashboard, lines, number, states, UP_OR_DOWN } from "./panels.ts";
import { quantile, rate } from "./promql.ts";
import { machineOf } from "./variables.ts";

const MEMBER = 'job="etcd", machine=~"$machine"';

export const ETCD: Dashboard = {
  name: "etcd",
  title: "etcd",
  description:
    "The three members that decide who is the primary: who leads them, what they agree on, how fast their disks are.",
  variables: [machineOf("etcd")],
  sections: [
    {
      title: "Members",
      panels: [
        states({
          title: "Members up",
          description: "Whether the member answers Prometheus. Two of three must.",
          measures: ["up"],
          queries: { "{{machine}}": `up{${MEMBER}}` },
          unit: "switch",
          states: UP_OR_DOWN,
        }),
        states({
          title: "Leader",
          description: "Exactly one member leads the others.",
          measures: ["etcd_server_is_leader"],
          queries: { "{{machine}}": `etcd_server_is_leader{${MEMBER}}` },
          unit: "switch",
          states: [
            { value: 0, text: "follows", mood: "neutral" },
            { value: 1, text: "leads", mood: "good" },
          ],
        }),
        number({
          title: "Members that have a leader",
          description: "One less is a member that is off or cut off; with none nothing can be written.",
          measures: ["etcd_server_has_leader"],
          queries: { members: `sum(etcd_server_has_leader{${MEMBER}})` },
          unit: "count",
          limits: [
            { from: 2, severity: "critical" },
            { from: 3, severity: "warning" },
          ],
          limitsAreLower: true,
          width: 6,
        }),
        number({
          title: "Leader changes in the last hour",
          description: "None is normal; a member that restarts counts one.",
          measures: ["etcd_server_leader_changes_seen_total"],
          queries: { changes: `max(increase(etcd_server_leader_changes_seen_total{${MEMBER}}[1h]))` },
          unit: "count",
          limits: [{ from: 5, severity: "warning" }],
          decimals: 0,
          width: 6,
        }),
        number({
          title: "Quota of the backend in use",
          description: "At 100 % etcd refuses all writes.",
          measures: ["etcd_mvcc_db_total_size_in_bytes", "etcd_server_quota_backend_bytes"],
          queries: {
            "quota, database size": `max(etcd_mvcc_db_total_size_in_bytes{${MEMBER}} / etcd_server_quota_backend_bytes{${MEMBER}})`,
          },
          unit: "share",
          limits: [{ from: 0.8, severity: "warning" }],
          width: 6,
        }),
        number({
          title: "Keys",
          description: "Patroni keeps about a dozen.",
          measures: ["etcd_debugging_mvcc_keys_total"],
          queries: { keys: `max(etcd_debugging_mvcc_keys_total{${MEMBER}})` },
          unit: "count",
          width: 6,
        }),
      ],
    },
    {
      title: "Agreement",
      panels: [
        lines({
          title: "Proposals committed and applied",
          description: "What the members have agreed on. A member that falls behind applies less than is committed.",
          measures: ["etcd_server_proposals_applied_total", "etcd_server_proposals_committed_total"],
          queries: {
            "{{machine}} committed": rate("etcd_server_proposals_committed_total", MEMBER),
            "{{machine}} applied": rate("etcd_server_proposals_applied_total", MEMBER),
          },
          unit: "1/s",
        }),
        lines({
          title: "Pending proposals",
          description: "Waiting for the majority. Many for long: the majority or the disks are lost.",
          measures: ["etcd_server_proposals_pending"],
          queries: { "{{machine}}": `etcd_server_proposals_pending{${MEMBER}}` },
          unit: "count",
        }),
        lines({
          title: "Failed proposals",
          description: "Mostly because there is no leader, or no majority. None is normal.",
          measures: ["etcd_server_proposals_failed_total"],
          queries: { "{{machine}}": rate("etcd_server_proposals_failed_total", MEMBER) },
          unit: "1/s",
        }),
        lines({
          title: "Leader changes",
          description: "In 5 minutes, as each member has seen them.",
          measures: ["etcd_server_leader_changes_seen_total"],
          queries: { "{{machine}}": `increase(etcd_server_leader_changes_seen_total{${MEMBER}}[5m])` },
          unit: "count",
        }),
        lines({
          title: "Slow requests: applied, read",
          description:
            "Took longer than 100 ms to apply, or a read index in vain or too late. The disk or the network is slow.",
          measures: ["etcd_server_slow_apply_total", "etcd_server_slow_read_indexes_total"],
          queries: {
            "{{machine}} apply": rate("etcd_server_slow_apply_total", MEMBER),
            "{{machine}} read": rate("etcd_server_slow_read_indexes_total", MEMBER),
          },
          unit: "1/s",
        }),
        lines({
          title: "Heartbeat send failures",
          description: "Heartbeats that the leader sent too late: it is overloaded.",
          measures: ["etcd_server_heartbeat_send_failures_total"],
          queries: { "{{machine}}": rate("etcd_server_heartbeat_send_failures_total", MEMBER) },
          unit: "1/s",
        }),
      ],
    },
    {
      title: "Disk",
      panels: [
        lines({
          title: "Fsync of the WAL, slowest 1 %",
          description:
            "Every agreement waits for it. Under 10 ms is good; a member that says nothing for 1 s is taken for dead.",
          measures: ["etcd_disk_wal_fsync_duration_seconds_bucket"],
          queries: { "{{machine}}": quantile(0.99, "etcd_disk_wal_fsync_duration_seconds", MEMBER, ["machine"]) },
          unit: "seconds",
          limits: [{ from: 0.5, severity: "warning" }],
        }),
        lines({
          title: "Commit of the backend, slowest 1 %",
          description: "Writing what was agreed on into the database's file.",
          measures: ["etcd_disk_backend_commit_duration_seconds_bucket"],
          queries: { "{{machine}}": quantile(0.99, "etcd_disk_backend_commit_duration_seconds", MEMBER, ["machine"]) },
          unit: "seconds",
        }),
        lines({
          title: "Size of the database, and in use of it",
          description: "What is not in use is given back by a defragmentation only.",
          measures: ["etcd_mvcc_db_total_size_in_bytes", "etcd_mvcc_db_total_size_in_use_in_bytes"],
          queries: {
            "{{machine}} file": `etcd_mvcc_db_total_size_in_bytes{${MEMBER}}`,
            "{{machine}} in use": `etcd_mvcc_db_total_size_in_use_in_bytes{${MEMBER}}`,
          },
          unit: "bytes",
        }),
      ],
    },
    {
      title: "Network and process",
      panels: [
        lines({
          title: "Round trip between peers, slowest 1 %",
          description: "From each member to the others.",
          measures: ["etcd_network_peer_round_trip_time_seconds_bucket"],
          queries: { "{{machine}}": quantile(0.99, "etcd_network_peer_round_trip_time_seconds", MEMBER, ["machine"]) },
          unit: "seconds",
        }),
        lines({
          title: "Bytes sent to peers and received from them",
          description: "Between the members.",
          measures: ["etcd_network_peer_received_bytes_total", "etcd_network_peer_sent_bytes_total"],
          queries: {
            "{{machine}} sent": `sum by (machine) (${rate("etcd_network_peer_sent_bytes_total", MEMBER)})`,
            "{{machine}} received": `sum by (machine) (${rate("etcd_network_peer_received_bytes_total", MEMBER)})`,
          },
          unit: "bytes/s",
        }),
        lines({
          title: "RPCs completed, by code",
          description: "Answers to Patroni and the guardian. Canceled and Unavailable are watches that ended.",
          measures: ["grpc_server_handled_total"],
          queries: { "{{grpc_code}}": `sum by (grpc_code) (${rate("grpc_server_handled_total", MEMBER)})` },
          unit: "requests/s",
        }),
        lines({
          title: "Resident memory",
          description: "Of etcd's process.",
          measures: ["process_resident_memory_bytes"],
          queries: { "{{machine}}": `process_resident_memory_bytes{${MEMBER}}` },
          unit: "bytes",
        }),
        lines({
          title: "CPU of the process",
          description: "Cores.",
          measures: ["process_cpu_seconds_total"],
          queries: { "{{machine}}": rate("process_cpu_seconds_total", MEMBER) },
          unit: "count",
        }),
        lines({
          title: "Open file descriptors",
          description: "Of those that the process may have open.",
          measures: ["process_max_fds", "process_open_fds"],
          queries: { "{{machine}}": `process_open_fds{${MEMBER}} / process_max_fds{${MEMBER}}` },
          unit: "share",
          limits: [{ from: 0.8, severity: "warning" }],
        }),
      ],
    },
  ],
};
