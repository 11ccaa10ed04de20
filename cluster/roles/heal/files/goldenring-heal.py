#!/usr/bin/python3
"""Heals the copy of the database on this machine. Run as root, as a service on every database machine.

A replica that lacks WAL which the primary no longer has gets it from the archive, by PostgreSQL's restore_command: it asks the first repository that
has the file, and nobody while it is not told to, so that a failover never waits for the archive. Where no repository has it, and where the data are
damaged, the replica is cloned from the primary, by Patroni. Never when the primary is not proven to be well: this may be the last good copy.

On the primary: a slot that keeps WAL for an absent replica gives it up before the disk is full.

Its metrics are also a probe: their file is renewed every few seconds, after a write to the database's disk. When that hangs, the file stays old.
"""

import glob
import json
import os
import re
import shutil
import sys
import threading
import time

sys.path.append("/usr/local/lib/goldenring")
from member import ASK_TIMEOUT_S, SEGMENT_BITS, SOCKETS, Failed, Member, psql, segment_name, succeeds, write  # noqa: E402

# Names the configuration of the repository that restore_command asks; without it, restore_command asks nobody. systemd deletes the folder when
# the service ends.
ARCHIVE = "/run/goldenring-heal/archive"
# When this machine was last cloned.
CLONED = "/var/lib/postgresql/cloned-at"
METRICS = "/var/lib/prometheus/node-exporter/goldenring-heal.prom"
TICK_S = 5
SQL_DEADLINE_S = 10
COMMAND_DEADLINE_S = 60
# Without progress: then another repository may have it; then none gives it.
ASK_AGAIN_S = 20
STUCK_S = 60
# A server that does not stay up: Patroni tries once in loop_wait.
BROKEN_S = 120
# What the server says when a file of its data is gone or damaged.
LACKING = r'could not open file "[^"]+": No such file|invalid page in block|contains incorrect checksum|contains unexpected data'
BROKEN_TICKS = 10
# A server that says so itself at each connection: it does not get well, and counts as a standby that could take over.
LACKING_S = 20
# After this time without another one, failed starts are forgotten.
FORGIVEN_S = 300
BETWEEN_CLONES_S = 1800
# A primary that has just started may be the next one to stop.
SETTLED_S = 60
MIN_FREE_SHARE = 0.05
# Below this, slots of absent replicas give up their WAL.
MIN_FREE_SHARE_OF_PRIMARY = 0.1
SLOT_MAY_KEEP_BYTES = 64 << 20

PRIMARY_SQL = """
SELECT pg_is_in_recovery(),
  CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() - '0/0' END,
  CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() - '0/0' END,
  (SELECT min(substr(name, 9)) FROM pg_ls_dir('pg_wal', true, false) name WHERE name ~ '^[0-9A-F]{24}$'),
  (SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database),
  extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::int,
  (SELECT sum(backup_streamed) FROM pg_stat_progress_basebackup JOIN pg_stat_replication USING (pid) WHERE client_addr = inet_client_addr()),
  (SELECT sum(backup_total) FROM pg_stat_progress_basebackup JOIN pg_stat_replication USING (pid) WHERE client_addr = inet_client_addr())
"""
CHECKSUM_SQL = "SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database"
DROP_SQL = """
SELECT slot_name, pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE NOT active AND slot_type = 'physical' AND pg_current_wal_lsn() - restart_lsn > %d
""" % SLOT_MAY_KEEP_BYTES


# ---- judgement ----


class Memory:
    """What earlier looks at a replica found, since it last streamed."""

    def __init__(self, cloned_at=0):
        self.cloned_at = cloned_at
        self.is_cloned = False
        self.flushed = None
        self.forget()

    def forget(self):
        self.position = None
        self.since = None
        self.began_at = None
        self.blocked = None
        self.failed_ticks = 0
        self.failing_since = None
        self.failed_at = 0
        self.lacking_since = None
        self.postmaster = None

    def note(self, seen, now):
        """Progress, and starts that failed."""
        if seen["position"] != self.position or self.since is None:
            self.position, self.since = seen["position"], now
        self.lacking_since = (self.lacking_since or now) if seen["lacks_files"] else None
        fails = seen["state"] in ("start failed", "crashed", "stopped") or seen["postmaster"] != self.postmaster
        self.postmaster = seen["postmaster"]
        if now - self.failed_at > FORGIVEN_S:
            self.failed_ticks, self.failing_since = 0, now
        if fails and not seen["is_rewinding"]:
            self.failed_ticks += 1
            self.failed_at = now


def segment_of(position):
    """The name of the segment at a position, without its timeline."""
    return segment_name(position >> SEGMENT_BITS)


def judge(seen, memory, now):
    """(what to do, why). wait: nothing. stream: it follows the primary, forget the rest. archive: ask the repositories for its WAL, or go on with the
    one that has it. clone. blocked: a clone is needed and must not be made. cloning: Patroni does it.

    seen: state (Patroni's), lacks_files (it runs, and lets nobody in for that reason), is_streaming, position (bytes; None while PostgreSQL does not run), postmaster (its process), is_rewinding, can_run,
    checksum_failures, free_share, is_paused, is_restoring, others_clone, primary (what it says itself, or None)."""
    primary = seen["primary"]
    before, memory.flushed = memory.flushed, primary and primary["flushed"]
    if seen["state"] == "creating replica":
        return "cloning", "it is copied from the primary"
    if seen["is_streaming"] and not seen["checksum_failures"]:
        return "stream", ""
    why = reason_to_clone(seen, memory, now)
    if why is None:
        lacks = primary is not None and seen["position"] is not None and lacks_wal(seen, primary)
        return ("archive", lacks) if lacks else ("wait", "")
    obstacle = obstacle_to_clone(seen, memory, now, before)
    return ("clone", why) if obstacle is None else ("blocked", "%s, but %s" % (why, obstacle))


def lacks_wal(seen, primary):
    """A sentence; None while the primary has what the replica needs."""
    needed = segment_of(seen["position"])
    return "the primary no longer has the WAL from %s on" % needed if primary["oldest"] and needed < primary["oldest"] else None


def reason_to_clone(seen, memory, now):
    """A sentence; None while it can do without."""
    if seen["checksum_failures"]:
        return "%d reads met a page whose checksum is wrong" % seen["checksum_failures"]
    memory.note(seen, now)
    if memory.failed_ticks >= BROKEN_TICKS and now - memory.failing_since >= BROKEN_S:
        return "PostgreSQL does not stay up"
    if memory.lacking_since is not None and now - memory.lacking_since >= LACKING_S:
        return "PostgreSQL lets nobody in, because it lacks files"
    primary = seen["primary"]
    lacks = primary is not None and seen["position"] is not None and lacks_wal(seen, primary)
    if not lacks or now - memory.since < STUCK_S:
        return None
    return lacks + ", and no repository gives it"


def obstacle_to_clone(seen, memory, now, flushed_before):
    """Why it must not be cloned now; None when it may be."""
    primary = seen["primary"]
    if seen["is_paused"]:
        return "Patroni is paused"
    if seen["is_restoring"]:
        return "a restore is under way"
    if primary is None or primary["flushed"] is None:
        return "there is no primary that answers"
    if primary["age_s"] < SETTLED_S:
        return "the primary has just started"
    if primary["checksum_failures"]:
        return "the primary's data are damaged, too: this may be the better copy"
    # Since the last look, what was written must have reached its disk.
    if flushed_before is None or (primary["flushed"] == flushed_before and primary["inserted"] > flushed_before):
        return "the primary's disk has not been seen to write"
    if seen["others_clone"]:
        return "another member is being copied"
    if now - memory.cloned_at < BETWEEN_CLONES_S:
        return "it was cloned %d minutes ago already" % ((now - memory.cloned_at) // 60)
    if seen["free_share"] < MIN_FREE_SHARE:
        return "its disk is full"
    if not seen["can_run"]:
        return "PostgreSQL's program does not run"
    return None


def samples(action, seen, memory):
    """[(metric, labels, value)] of a replica"""
    primary = seen["primary"] or {}
    if action in ("clone", "cloning"):
        return progress("clone", primary.get("copied") or 0, primary.get("to_copy") or 0)
    if memory.began_at is not None:
        return progress("archive", seen["position"] - memory.began_at, primary["inserted"] - memory.began_at)
    return [("replica_repair_blocked", {"reason": memory.blocked}, 1)] if memory.blocked else []


def progress(way, done, total):
    return [("replica_repair_done_bytes", {"way": way}, done), ("replica_repair_total_bytes", {"way": way}, max(total, done, 1))]


# ---- this machine ----


class Machine(Member):
    def __init__(self, settings):
        super().__init__(settings)
        self.rewind_password = settings["rewind_password"]

    def checksum_failures(self):
        """(how many, why not), over a new connection that has no reserved place; (None, error) when PostgreSQL does not let it in."""
        where = "host=%s user=guardian dbname=postgres connect_timeout=%d" % (SOCKETS, ASK_TIMEOUT_S)
        try:
            return int(psql(["-d", where], CHECKSUM_SQL, deadline_s=SQL_DEADLINE_S)), ""
        except Failed as error:
            return None, str(error)

    def look(self):
        """What judge() needs of a replica; of a primary, only is_primary, connects and checksum_failures. None when Patroni does not answer."""
        own = self.describe("/patroni")
        if not own:
            return None
        failures, error = self.checksum_failures()
        seen = {
            "is_primary": own.get("role") in ("primary", "master"),
            "connects": failures is not None,
            "checksum_failures": failures or 0,
            "state": own.get("state"),
            "lacks_files": bool(re.search(LACKING, error)),
            "is_streaming": own.get("replication_state") == "streaming",
            "position": own.get("xlog", {}).get("replayed_location") if own.get("state") == "running" else None,
            "timeline": own.get("timeline"),
            "primary": None,
        }
        if seen["is_primary"] or (seen["is_streaming"] and not failures):
            return seen
        members = self.describe("/cluster").get("members", [])
        leader = next((each for each in members if each.get("role") == "leader"), None)
        return {
            **seen,
            "postmaster": first_line(self.data + "/postmaster.pid"),
            "is_rewinding": any(first_line(path) == "pg_rewind" for path in glob.glob("/proc/[0-9]*/comm")),
            "can_run": succeeds([self.bin + "/postgres", "-V"], deadline_s=COMMAND_DEADLINE_S, user="postgres"),
            "free_share": free_share(os.path.dirname(self.data)),
            "is_paused": bool(own.get("pause")),
            "is_restoring": is_active("goldenring-restore-switch") or is_active("goldenring-restore-yield"),
            "others_clone": any(each.get("state") == "creating replica" for each in members if each.get("host") != self.address),
            "primary": leader and self.look_at_primary(leader),
        }

    def look_at_primary(self, leader):
        if self.ask("/primary", leader["host"])[0] != 200:
            return None
        options = "host=%s user=rewinder dbname=postgres sslmode=verify-full sslrootcert=/etc/patroni/tls/ca.crt" % leader["host"]
        options += " channel_binding=require connect_timeout=%d options='-c statement_timeout=3000'" % ASK_TIMEOUT_S
        try:
            found = psql(["-d", options], PRIMARY_SQL, deadline_s=SQL_DEADLINE_S, password=self.rewind_password)
        except Failed:
            return None
        in_recovery, inserted, flushed, oldest, failures, age_s, copied, to_copy = found.rstrip("\n").split("|")
        number = lambda text: int(text) if text else None  # noqa: E731
        return {
            "timeline": leader.get("timeline"),
            "inserted": number(inserted),
            "flushed": number(flushed) if in_recovery == "f" else None,
            "oldest": oldest or None,
            "checksum_failures": int(failures),
            "age_s": int(age_s),
            "copied": number(copied),
            "to_copy": number(to_copy),
        }

    def repository_with(self, seen):
        """The configuration of a repository that has the segment which the replica needs; None without one."""
        name = segment_of(seen["position"])
        newest = seen["primary"]["timeline"] or seen["timeline"] or 1
        target = "/var/lib/postgresql/wal-of-archive"
        for config in sorted(glob.glob("/etc/pgbackrest/repository*.conf")):
            for timeline in range(newest, (seen["timeline"] or newest) - 1, -1):
                words = ["pgbackrest", "--config=" + config, "--stanza=" + self.stanza, "archive-get", "%08X%s" % (timeline, name), target]
                is_there = succeeds(words, deadline_s=COMMAND_DEADLINE_S, user="postgres")
                if os.path.exists(target):
                    os.remove(target)
                if is_there:
                    return config
        return None

    def clone(self):
        status, answer = self.ask("/reinitialize", body={"force": True})
        if status != 200:
            log("Patroni does not clone it: %s %s" % (status, answer))
        return status == 200


def is_active(unit):
    return succeeds(["systemctl", "--quiet", "is-active", unit])


def first_line(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return None


def free_share(path):
    usage = shutil.disk_usage(path)
    return usage.free / usage.total


def publish(rows):
    """Samples of one metric follow each other."""
    lines = []
    for name, labels, value in sorted(rows, key=lambda row: row[0]):
        pairs = ",".join("%s=%s" % (key, json.dumps(text)) for key, text in labels.items())
        lines.append("goldenring_%s%s %s\n" % (name, "{%s}" % pairs if pairs else "", value))
    write(METRICS, "".join(lines))


def write_to_disk(folder):
    """How long a write took, in seconds."""
    began = time.monotonic()
    file = os.open(os.path.join(folder, "disk-probe"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(file, b"%020d" % time.time_ns(), 0)
        os.fsync(file)
    finally:
        os.close(file)
    return time.monotonic() - began


def keep_publishing(machine, latest):
    """In a thread of its own: what the other one waits for must not delay it, nor a disk that hangs the other one."""
    while True:
        try:
            took_s = write_to_disk(os.path.dirname(machine.data))
            publish([*latest["rows"], ("disk_write_seconds", {}, round(took_s, 3))])
        except OSError as error:
            log("no metrics: %s" % error)
        time.sleep(TICK_S)


# ---- acting ----


def heal(machine, memory, seen):
    """What follows from one look at a replica. @returns the samples of it"""
    action, why = judge(seen, memory, time.time())
    if action != "archive":
        if os.path.exists(ARCHIVE):
            os.remove(ARCHIVE)
        memory.began_at = None
    if action == "stream":
        memory.forget()
        if memory.is_cloned:
            memory.is_cloned, memory.cloned_at = False, time.time()
            write(CLONED, "%d\n" % memory.cloned_at)
    if action == "archive" and (memory.began_at is None or time.time() - memory.since > ASK_AGAIN_S):
        config = machine.repository_with(seen)
        log(why + ("; %s has it" % config if config else ""))
        if config:
            memory.blocked = None
            memory.began_at = memory.began_at or seen["position"]
            write(ARCHIVE, config)
    if action == "cloning":
        memory.forget()
        memory.is_cloned = True
    if action == "clone" and machine.clone():
        log("it is cloned: " + why)
    if action == "blocked":
        if why != memory.blocked:
            log(why)
        # The repositories are asked again meanwhile.
        memory.blocked, memory.since = why, time.time()
    return samples(action, seen, memory)


def log(text):
    print(text, flush=True)


def keep_room(machine):
    """On the primary."""
    if free_share(os.path.dirname(machine.data)) >= MIN_FREE_SHARE_OF_PRIMARY:
        return
    superuser = ["-h", SOCKETS, "-U", "postgres", "-d", "postgres"]
    try:
        dropped = psql(superuser, DROP_SQL, deadline_s=SQL_DEADLINE_S, user="postgres")
        if dropped:
            log("the disk fills: %s keep no more WAL" % ", ".join(line.split("|")[0] for line in dropped.splitlines()))
            psql(superuser, "CHECKPOINT", deadline_s=SQL_DEADLINE_S, user="postgres")
    except Failed as error:
        log("the disk fills: %s" % error)


def main():
    machine = Machine.of_this_machine()
    memory = Memory(int(first_line(CLONED) or 0))
    latest = {"rows": []}
    if os.path.isdir(os.path.dirname(METRICS)):
        threading.Thread(target=keep_publishing, args=(machine, latest), daemon=True).start()
    while True:
        seen = machine.look()
        rows = []
        if seen is not None:
            rows = [("postgresql_connects", {}, int(seen["connects"])), ("postgresql_checksum_failures", {}, seen["checksum_failures"])]
            if seen["is_primary"]:
                memory.forget()
                keep_room(machine)
            else:
                rows += heal(machine, memory, seen)
        latest["rows"] = rows
        time.sleep(TICK_S)


if __name__ == "__main__":
    sys.exit(main())
