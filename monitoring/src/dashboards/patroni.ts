import { bad, type DashboardSource, good, lines, machineOf, neutral, number, states } from "./panels.ts";
import { seriesOfJob } from "./promql.ts";

const MEMBER = seriesOfJob("patroni");
const SERVER = seriesOfJob("postgres");
const MEMBER_MACHINE = seriesOfJob("node");

const LAG_LIMIT_BYTES = 64 * 1024 * 1024;

const NO_OR_YES_IS_BAD = [good("no"), bad("yes")];

/** One state of each member. Three in a row. */
const stateOfMembers = (title: string, description: string, metric: string, meanings = NO_OR_YES_IS_BAD) =>
  states(title, description, { switch: MEMBER.values(metric), states: meanings, width: 8 });

export const PATRONI: DashboardSource = {
  description:
    "Who is the primary, who could take over at once, how far replicas are behind, what prevents a failover.",
  variables: [machineOf('up{job="patroni"}')],
  sections: {
    Roles: [
      states(
        "Primary and synchronous standby",
        "A synchronous standby has every acknowledged write: it can take over without a loss.",
        {
          switch: {
            "{{machine}}": `2 * ${MEMBER.selector("patroni_primary")} + ${MEMBER.selector("patroni_sync_standby")}`,
          },
          states: [neutral("asynchronous replica"), good("synchronous standby"), good("primary")],
        },
      ),
      states("Postgres running", "As Patroni sees its server.", { switch: MEMBER.values("patroni_postgres_running") }),
      number("Primaries", "Exactly one.", {
        count: MEMBER.values({ primaries: "patroni_primary" }, "sum"),
        minimums: { critical: 1 },
      }),
      number("Synchronous standbys", "Without one, new commits are on one machine only.", {
        count: MEMBER.values({ standbys: "patroni_sync_standby" }, "sum"),
        minimums: { warning: 1 },
      }),
      number("Replication lag", "WAL that the slowest replica has still to replay.", {
        bytes: SERVER.values({ lag: "pg_stat_replication_pg_wal_lsn_diff" }, "max"),
        limits: { warning: LAG_LIMIT_BYTES },
      }),
      number("Timeline", "Each change of the primary adds one.", {
        switch: MEMBER.values({ timeline: "patroni_postgres_timeline" }, "max"),
      }),
      number("DCS (etcd) last contacted", "How long ago, by the slowest member. Patroni asks once a second.", {
        seconds: MEMBER.ages({ DCS: "patroni_dcs_last_seen" }, "max"),
        limits: { warning: 10, critical: 20 },
      }),
      number("Postgres started", "How long ago; the server that started last.", {
        age: MEMBER.ages({ started: "patroni_postmaster_start_time" }, "min"),
      }),
    ],
    "What prevents a failover": [
      stateOfMembers(
        "Cluster unlocked",
        "Nobody holds the leader key: an election is under way, or impossible.",
        "patroni_cluster_unlocked",
      ),
      stateOfMembers(
        "Failsafe mode active",
        "etcd is unavailable; the primary stays because all members still agree with it.",
        "patroni_failsafe_mode_is_active",
      ),
      stateOfMembers(
        "Failover disabled (paused)",
        "An operator paused Patroni: no automatic failover.",
        "patroni_is_paused",
      ),
      stateOfMembers(
        "Streaming",
        "The replica gets its WAL from the primary as it is written. The primary itself gets none.",
        "patroni_postgres_streaming",
        [neutral("not streaming"), good("streaming")],
      ),
      stateOfMembers(
        "Replay of the WAL (xlog) paused",
        "The replica shows the past, on purpose.",
        "patroni_xlog_paused",
      ),
      stateOfMembers("Restart pending", "A changed setting waits for a restart.", "patroni_pending_restart", [
        good("no"),
        neutral("yes"),
      ]),
    ],
    Replication: [
      lines("Replication lag in bytes", "As the primary sees its replicas.", {
        bytes: SERVER.values({ "{{application_name}} ({{state}})": "pg_stat_replication_pg_wal_lsn_diff" }),
        limits: { warning: LAG_LIMIT_BYTES },
      }),
      lines("Replication lag in seconds", "The age of the data that a replica shows. Without writes it stays at 0.", {
        seconds: SERVER.values("pg_replication_lag_seconds"),
        limits: { warning: 10 },
      }),
      lines("Transaction log (WAL): written, received, replayed", "By the primary and by its replicas.", {
        "bytes/s": MEMBER.rates({
          written: "patroni_xlog_location",
          received: "patroni_xlog_received_location",
          replayed: "patroni_xlog_replayed_location",
        }),
      }),
      lines(
        "Repair of a replica",
        "From the archive, or by a new copy: bytes done, and all. Empty while none is repaired.",
        {
          bytes: MEMBER_MACHINE.values({
            "{{machine}} {{way}} done": "goldenring_replica_repair_done_bytes",
            "{{machine}} {{way}} all": "goldenring_replica_repair_total_bytes",
          }),
        },
      ),
      lines("Timeline of each server", "They differ only while a replica follows a new primary.", {
        switch: MEMBER.values("patroni_postgres_timeline"),
      }),
    ],
  },
};
