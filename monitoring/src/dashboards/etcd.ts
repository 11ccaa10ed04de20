import { type DashboardSource, good, lines, machineOf, neutral, states, wideNumber } from "./panels.ts";
import { seriesOfJob } from "./promql.ts";

const MEMBER = seriesOfJob("etcd");

export const ETCD: DashboardSource = {
  description:
    "The three members that decide who is the primary: their leader, their agreement, the speed of their disks.",
  variables: [machineOf('up{job="etcd"}')],
  sections: {
    Members: [
      states("Members up", "Whether the member answers Prometheus. Two of three must.", {
        switch: MEMBER.values("up"),
      }),
      states("Leader", "Exactly one member leads the others.", {
        switch: MEMBER.values("etcd_server_is_leader"),
        states: [neutral("follows"), good("leads")],
      }),
      wideNumber("Members that have a leader", "Two: one member is off or cut off. None: nothing can be written.", {
        count: MEMBER.values({ members: "etcd_server_has_leader" }, "sum"),
        minimums: { critical: 2, warning: 3 },
      }),
      wideNumber("Leader changes in the last hour", "None is normal; a member that restarts counts one.", {
        count: MEMBER.increases("1h", { changes: "etcd_server_leader_changes_seen_total" }, "max"),
        limits: { warning: 5 },
        decimals: 0,
      }),
      wideNumber("Quota of the backend in use", "At 100 % etcd refuses all writes.", {
        share: {
          "quota, database size": `max(${MEMBER.selector("etcd_mvcc_db_total_size_in_bytes")} / ${MEMBER.selector("etcd_server_quota_backend_bytes")})`,
        },
        limits: { warning: 0.8 },
      }),
      wideNumber("Keys", "Patroni keeps about a dozen.", {
        count: MEMBER.values({ keys: "etcd_debugging_mvcc_keys_total" }, "max"),
      }),
    ],
    Agreement: [
      lines("Proposals committed and applied", "A member that falls behind applies less than is committed.", {
        "1/s": MEMBER.rates({
          committed: "etcd_server_proposals_committed_total",
          applied: "etcd_server_proposals_applied_total",
        }),
      }),
      lines("Pending proposals", "They wait for the majority. Many for long: the majority or the disks are lost.", {
        count: MEMBER.values("etcd_server_proposals_pending"),
      }),
      lines("Failed proposals", "Mostly because there is no leader, or no majority. None is normal.", {
        "1/s": MEMBER.rates("etcd_server_proposals_failed_total"),
      }),
      lines("Leader changes", "In 5 minutes, as each member has seen them.", {
        count: MEMBER.increases("5m", "etcd_server_leader_changes_seen_total"),
      }),
      lines("Slow requests: applied, read", "Took longer than 100 ms. The disk or the network is slow.", {
        "1/s": MEMBER.rates({ apply: "etcd_server_slow_apply_total", read: "etcd_server_slow_read_indexes_total" }),
      }),
      lines("Heartbeat send failures", "Heartbeats that the leader sent too late: it is overloaded.", {
        "1/s": MEMBER.rates("etcd_server_heartbeat_send_failures_total"),
      }),
    ],
    Disk: [
      lines(
        "Fsync of the WAL, slowest 1 %",
        "Every agreement waits for it. Under 10 ms is good; a member that is silent for 1 s counts as dead.",
        {
          seconds: MEMBER.quantiles("etcd_disk_wal_fsync_duration_seconds", [0.99], ["machine"]),
          limits: { warning: 0.5 },
        },
      ),
      lines("Commit of the backend, slowest 1 %", "Writing what was agreed on into the database's file.", {
        seconds: MEMBER.quantiles("etcd_disk_backend_commit_duration_seconds", [0.99], ["machine"]),
      }),
      lines("Size of the database, and in use of it", "Only a defragmentation frees what is not in use.", {
        bytes: MEMBER.values({
          file: "etcd_mvcc_db_total_size_in_bytes",
          "in use": "etcd_mvcc_db_total_size_in_use_in_bytes",
        }),
      }),
    ],
    "Network and process": [
      lines("Round trip between peers, slowest 1 %", "From each member to the others.", {
        seconds: MEMBER.quantiles("etcd_network_peer_round_trip_time_seconds", [0.99], ["machine"]),
      }),
      lines("Bytes sent to peers and received from them", "Between the members.", {
        "bytes/s": MEMBER.rates(
          { sent: "etcd_network_peer_sent_bytes_total", received: "etcd_network_peer_received_bytes_total" },
          "sum by (machine)",
        ),
      }),
      lines(
        "RPCs completed, by code",
        "Of Patroni and the guardian. Canceled and Unavailable are watches that ended.",
        { "requests/s": MEMBER.rates("grpc_server_handled_total", "sum by (grpc_code)") },
      ),
      lines("Resident memory", "Of etcd's process.", { bytes: MEMBER.values("process_resident_memory_bytes") }),
      lines("CPU of the process", "Cores.", { count: MEMBER.rates("process_cpu_seconds_total") }),
      lines("Open file descriptors", "Of those that the process may have open.", {
        share: MEMBER.ratio("process_open_fds", "process_max_fds"),
        limits: { warning: 0.8 },
      }),
    ],
  },
};
