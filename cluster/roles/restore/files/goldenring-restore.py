#!/usr/bin/python3
"""Restores the database to an earlier moment on this database machine: beside the running data, proven there, and switched at the end.

    goldenring-restore plan TARGET         whether it can work, and what it would do
    goldenring-restore prepare ID TARGET   restores into the spare folder and proves it; the cluster goes on serving
    goldenring-restore switch ID ADDRESS*  makes what is prepared the cluster's database; ADDRESS of the other members
    goldenring-restore yield ID ADDRESS*   on each other member: makes room for it, or goes on as before
    goldenring-restore bootstrap TARGET    restores into the spare folder for a cluster that has lost all its data
    goldenring-restore place               makes that the data of this machine
    goldenring-restore look NAME TARGET    a read-only PostgreSQL with the state of then; `drop NAME` removes it
    goldenring-restore test DAYS           restores the newest state, compares it, cleans up, and writes the result as metrics;
                                           deletes what earlier restores replaced when it is older

TARGET as JSON: {"time": "2026-01-31 12:00:00+00"} or {"lsn": "0/5000000"} or {"xid": "750"} or {}: the newest state in the archive.
The playbook restore.yml calls it. Each answer is one JSON object on standard output; a failure is one sentence on standard error.
"""

import datetime
import glob
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request

sys.path.append("/usr/local/lib/goldenring")
from member import COMMAND_DEADLINE_S, SEGMENT_BITS, SOCKETS, Failed, Member, psql, run, segment_name, write  # noqa: E402

# The service's program, which the role weather_api brings for migrations.
SERVICE = ("/opt/goldenring/bun-*/bun", "/opt/goldenring/api-*/src/main.js")
METRICS = "/var/lib/prometheus/node-exporter/goldenring-restore-test.prom"
LIVE_PORT = 5432
# Of the first instance for a look; the spare one has the port before it.
FIRST_LOOK_PORT = 5440
# WAL files of the restored instance while it recovers, and what it writes.
SPARE_BYTES = 256 << 20
# Until a repository that does not answer counts as lost, and until WAL of now is in it.
ANSWER_DEADLINE_S, ARCHIVE_DEADLINE_S = 15, 10
# A backup of hundreds of GB.
RESTORE_DEADLINE_S = 4 * 3600
# Until all other members have stopped: the last checkpoint of the primary, and its way into the archive.
STOP_DEADLINE_S = 100
# Between a member's stop and the other one's claim. Then it goes on as before.
CLAIM_DEADLINE_S = 30
PROMOTION_DEADLINE_S = 120
# Until the service has read all rows.
SERVICE_DEADLINE_S = 600
PAUSE_S = 0.1
DAY_S = 86_400
# A moment has passed unless the clocks of the machines differ by more.
NOT_REACHED = "recovery ended before configured recovery target was reached"


class NotReached(Failed):
    """The archive ends before the target."""


# ---- what is in the repository ----


def parse_moment(text):
    """@raises Failed without a time zone: the machine's is another one than the person's"""
    try:
        moment = datetime.datetime.fromisoformat(re.sub(r"([+-]\d\d)$", r"\1:00", text.strip()))
    except ValueError:
        raise Failed('"%s" is not a moment such as 2026-01-31 12:00:00+00' % text) from None
    if moment.tzinfo is None:
        raise Failed('"%s" has no time zone: add one, such as +00 for UTC or +02' % text)
    return moment.astimezone(datetime.timezone.utc)


def shown(epoch_s):
    return datetime.datetime.fromtimestamp(epoch_s, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def lsn_of(text):
    """@raises Failed"""
    if not re.fullmatch(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}", text):
        raise Failed('"%s" is not a position in the WAL such as 0/5000000' % text)
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


class Archive:
    """The WAL and the timelines in the repository."""

    def __init__(self, files, read):
        """files: {name: seconds since 1970}; read: the text of a history file by its name"""
        self.segments = {}
        self.began = {}
        self.parents = {}
        for name, at in files.items():
            if history := re.fullmatch(r"([0-9A-F]{8})\.history", name):
                timeline = int(history[1], 16)
                self.began[timeline] = at
                self.parents[timeline] = parse_history(read(name))
            elif segment := re.fullmatch(r"(?:.*/)?([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})-[0-9a-f]+(\.\w+)?", name):
                timeline, high, low = (int(part, 16) for part in segment.groups()[:3])
                self.segments.setdefault(timeline, {})[(high << (32 - SEGMENT_BITS)) + low] = at
        # A new repository does not have the history file of the timeline that it began with.
        for timeline, times in self.segments.items():
            self.began.setdefault(timeline, min(times.values()))

    @property
    def newest(self):
        return max(self.began, default=1)

    def path(self, timeline):
        """[(timeline, position at which it was left, or None)], the oldest first"""
        return [(parent, end) for parent, end, _ in self.parents.get(timeline, [])] + [(timeline, None)]

    def timeline_at(self, moment_s):
        """The timeline that was the cluster's at a moment, or the last one that goes on from its end after failovers."""
        found = max((timeline for timeline, at in self.began.items() if at <= moment_s), default=min(self.began, default=1))
        while True:
            following = [child for child in self.parents if self.is_failover(found, child)]
            if not following:
                return found
            found = min(following)

    def is_failover(self, parent, child):
        """Whether the child begins where the parent ended. A restore leaves what the parent had after its moment."""
        line = self.parents[child][-1]
        after = max(self.segments.get(parent, {}), default=0)
        return line[0] == parent and line[2].startswith("no recovery target") and after <= line[1] >> SEGMENT_BITS

    def hole(self, timeline, first):
        """(the first missing segment, when the one before it was archived), or None"""
        path = self.path(timeline)
        last = max((number for name, _ in path for number in self.segments.get(name, {})), default=-1)
        before = 0
        for number in range(first, last + 1):
            times = [
                self.segments[name][number]
                for name, end in path
                if number in self.segments.get(name, {}) and (end is None or number <= end >> SEGMENT_BITS)
            ]
            if not times:
                beyond = all(end is not None and number > end >> SEGMENT_BITS for name, end in path if self.segments.get(name))
                return None if beyond else (number, before)
            before = times[-1]
        return None

    def end(self, timeline):
        """When its last segment was archived; a timeline without one goes on from the one before."""
        return max((at for name, _ in self.path(timeline) for at in self.segments.get(name, {}).values()), default=0)


def parse_history(text):
    """[(timeline, position, reason)] of a history file"""
    lines = [line.split("\t") for line in text.splitlines() if re.match(r"\d+\t", line)]
    return [(int(parts[0]), lsn_of(parts[1].strip()), parts[2] if len(parts) > 2 else "") for parts in lines]


def fitting_backups(backups, archive, timeline, before):
    """The backups from which recovery along the timeline reaches the target, the newest first. before(backup): whether it ended in time."""
    ends = dict(archive.path(timeline))

    def fits(backup):
        own = int(backup["archive"]["stop"][:8], 16)
        if own not in ends or not before(backup):
            return False
        return ends[own] is None or lsn_of(backup["lsn"]["stop"]) <= ends[own]

    return sorted((each for each in backups if fits(each)), key=lambda each: each["timestamp"]["stop"], reverse=True)


def plan(target, info, archive, now_s):
    """What a restore to the target will do. @raises Failed when it cannot work, with the reason"""
    backups = [each for each in info["backup"] if not each.get("error")]
    moment_s = parse_moment(target["time"]).timestamp() if "time" in target else None
    position = lsn_of(target["lsn"]) if "lsn" in target else None
    if moment_s is not None and moment_s > now_s:
        raise Failed("%s is in the future: it is %s now. Is the time zone right?" % (shown(moment_s), shown(now_s)))
    timeline = target.get("timeline") or (archive.newest if moment_s is None else archive.timeline_at(moment_s))
    if timeline not in archive.began:
        raise Failed("the archive has no timeline %d, only %s" % (timeline, sorted(archive.began)))

    def before(backup):
        if moment_s is not None:
            return backup["timestamp"]["stop"] <= moment_s
        return position is None or lsn_of(backup["lsn"]["stop"]) <= position

    fitting = fitting_backups(backups, archive, timeline, before)
    if not fitting:
        ends = [each["timestamp"]["stop"] for each in backups]
        hint = "the first one ended at %s" % shown(min(ends)) if ends else "the repository has none"
        raise Failed("no backup ended before that on timeline %d; %s" % (timeline, hint))
    first = fitting[0]
    name = first["archive"]["start"]
    hole = archive.hole(timeline, (int(name[8:16], 16) << (32 - SEGMENT_BITS)) + int(name[16:24], 16))
    needs = hole is not None and (moment_s is None or moment_s > hole[1])
    if needs and not (position is not None and position >> SEGMENT_BITS < hole[0]):
        raise Failed(
            "the archive has a hole: the segment %s of timeline %d is missing. The last moment before it is %s"
            % (segment_name(hole[0]), timeline, shown(hole[1]))
        )
    end_s = archive.end(timeline)
    # Times in the repository are whole seconds.
    if moment_s is not None and moment_s >= end_s + 1:
        raise Failed("the archive of timeline %d ends at %s: without a target, the newest state is restored" % (timeline, shown(end_s)))
    return {
        "target": target,
        "moment": shown(moment_s) if moment_s is not None else None,
        "timeline": timeline,
        "newest_timeline": archive.newest,
        "backups": [each["label"] for each in fitting],
        "backup_ended": shown(first["timestamp"]["stop"]),
        "bytes": first["info"]["size"],
        "archive_ends": shown(end_s),
    }


# ---- this machine ----


class Machine(Member):
    def __init__(self, settings):
        super().__init__(settings)
        self.database = settings["database"]
        self.owner = settings["owner"]
        self.user = settings["user"]
        self.parent = os.path.dirname(self.data)

    def folder(self, name):
        return os.path.join(self.parent, name)

    def pgbackrest(self, repository, *words, deadline_s=COMMAND_DEADLINE_S):
        """With the configuration of one repository: another one that is lost delays nothing."""
        config = "--config=/etc/pgbackrest/repository%d.conf" % repository
        return as_postgres(["pgbackrest", config, "--stanza=" + self.stanza, *words], deadline_s)

    def repositories(self):
        return sorted(int(re.findall(r"\d+", path)[0]) for path in glob.glob("/etc/pgbackrest/repository*.conf"))

    def contents(self, repository):
        """(info of the stanza, its archive) @raises Failed when it has no backup, or does not answer"""
        [stanza] = json.loads(self.pgbackrest(repository, "--output=json", "info", deadline_s=ANSWER_DEADLINE_S)) or [{}]
        if stanza.get("status", {}).get("code") != 0:
            reason = stanza["repo"][0]["status"]["message"] if stanza.get("repo") else "it is empty"
            raise Failed("no backup: %s. `ring backup now` makes one" % reason)
        database, version = stanza["db"][-1], os.path.basename(os.path.dirname(self.bin))
        if database["version"] != version:
            raise Failed("the backups are of PostgreSQL %s; this machine has %s" % (database["version"], version))
        # Not those of a database that has been replaced by a new one.
        stanza["backup"] = [each for each in stanza["backup"] if each["database"]["id"] == database["id"]]
        folder = "archive/%s/%s" % (self.stanza, stanza["archive"][-1]["id"])
        listing = json.loads(self.pgbackrest(repository, "repo-ls", "--recurse", "--output=json", folder))
        files = {name: each["time"] for name, each in listing.items() if each["type"] == "file"}
        return stanza, Archive(files, lambda name: self.pgbackrest(repository, "repo-get", folder + "/" + name))

    def plan(self, target):
        """With the first repository that leads to the target; to the newest state, with the one whose archive is the newest."""
        plans, reasons = [], {}
        for repository in self.repositories():
            try:
                plans.append({**plan(target, *self.contents(repository), time.time()), "repository": repository})
            except Failed as error:
                reasons["repository %d" % repository] = str(error)
            if plans and not {"timeline"}.issuperset(target):
                break
        if not plans:
            [*same] = set(reasons.values())
            raise Failed(same[0] if len(same) == 1 else "; ".join("%s: %s" % each for each in reasons.items()))
        made = max(plans, key=lambda each: each["archive_ends"])
        self.assert_room(made["bytes"])
        return made

    def assert_room(self, needed):
        needed += SPARE_BYTES
        free = shutil.disk_usage(self.parent).free
        if free < needed:
            raise Failed("%s has %d MB free, and %d MB are needed. Older data: %s" % (self.parent, free >> 20, needed >> 20, ", ".join(self.kept()) or "none"))

    def kept(self):
        return sorted(glob.glob(self.folder("before-restore-*")))

    def delete_old(self, keep_days):
        """Deletes what earlier restores replaced, when its time has passed, and what was prepared and never used."""
        if os.path.exists(state := self.folder("restore.json")) and time.time() - os.path.getmtime(state) > DAY_S:
            os.remove(state)
            self.remove(self.folder("restore"))
        for folder in self.kept():
            stamp = re.search(r"(\d{8}T\d{6})Z$", folder)
            made = stamp and datetime.datetime.strptime(stamp[1] + "+0000", "%Y%m%dT%H%M%S%z").timestamp()
            if made and time.time() - made > keep_days * DAY_S:
                shutil.rmtree(folder)

    # A private PostgreSQL on the restored files: it archives nothing, and only the service reaches it by TCP, while it is proven.

    def options(self, folder, port):
        hba = "local postgres postgres peer\nlocal {0} all peer map=root\nhost {0} {1} 127.0.0.1/32 scram-sha-256\n"
        conf = {"hba.conf": hba.format(self.database, self.user), "ident.conf": "root root %s\n" % self.owner}
        for name, text in conf.items():
            write_file(os.path.join(folder, name), text)
        settings = {
            "hba_file": folder + "/hba.conf",
            "ident_file": folder + "/ident.conf",
            "listen_addresses": "",
            "port": str(port),
            "unix_socket_directories": SOCKETS,
            "cluster_name": os.path.basename(folder),
            "archive_mode": "on",
            "archive_command": "",
            "synchronous_standby_names": "",
            "primary_conninfo": "",
            "ssl": "off",
            "shared_buffers": "64MB",
            "logging_collector": "off",
            "log_destination": "stderr",
        }
        return [word for name, value in settings.items() for word in ("-c", "%s=%s" % (name, value))]

    def pg_ctl(self, folder, *words, deadline_s=COMMAND_DEADLINE_S):
        return as_postgres([self.bin + "/pg_ctl", "-D", folder, "-w", "-t", str(deadline_s), *words], deadline_s + 30)

    def remove(self, folder):
        """Ends what runs on a spare folder, and deletes it."""
        if os.path.exists(folder + "/postmaster.pid"):
            try:
                self.pg_ctl(folder, "-m", "immediate", "stop", deadline_s=30)
            except Failed:
                pass
        if os.path.exists(folder):
            shutil.rmtree(folder)

    def recover(self, folder, made, port):
        """Reads the archive up to the target and promotes. @raises NotReached"""
        target = made["target"]
        words = ["recovery_target_timeline=%d" % made["timeline"], "recovery_target_action=promote", "hot_standby=off"]
        # For the service, of which there is no other way in.
        words.append("listen_addresses=127.0.0.1")
        if "time" in target:
            words.append("recovery_target_time=%s" % parse_moment(target["time"]).isoformat(" "))
        if "lsn" in target or "xid" in target:
            kind = "lsn" if "lsn" in target else "xid"
            words += ["recovery_target_%s=%s" % (kind, target[kind]), "recovery_target_inclusive=off"]
        # Patroni writes all of them, empty; PostgreSQL takes even that for a second target.
        forget(folder + "/postgresql.conf", "recovery_target")
        # Patroni makes it, too.
        os.makedirs(SOCKETS, exist_ok=True)
        shutil.chown(SOCKETS, "postgres", "postgres")
        log = folder + ".log"
        write_file(log, "")
        options = self.options(folder, port) + [part for word in words for part in ("-c", word)]
        try:
            self.pg_ctl(folder, "--log=" + log, "-o", shell_words(options), "start")
            wait(lambda: self.has_recovered(folder, port), RESTORE_DEADLINE_S, "the recovery did not end")
        except Failed as error:
            text = read_text(log)
            if NOT_REACHED in text:
                raise NotReached("the archive of timeline %d ends before the target" % made["timeline"]) from None
            fatal = re.findall(r"(?:FATAL|PANIC): +(?!the database system is)(.*)", text)
            raise Failed("PostgreSQL could not recover: %s. Its log: %s" % (fatal[-1] if fatal else error, log)) from None
        commits = re.findall(r"last completed transaction was at log time (.*)", read_text(log))
        return commits[-1] if commits else None

    def has_recovered(self, folder, port):
        """@raises Failed when it ended"""
        try:
            return self.sql(port, "postgres", "postgres", "SELECT 1").strip() == "1"
        except Failed:
            # Connections are refused until it has reached the target and is promoted.
            self.pg_ctl(folder, "status")
            return False

    def restore(self, made, folder, port):
        """The database as it was, promoted, proven and shut down cleanly in `folder`. @returns what is in it"""
        self.remove(folder)
        for index, label in enumerate(made["backups"]):
            is_last = index == len(made["backups"]) - 1
            self.remove(folder)
            make_folder(folder)
            words = ["--set=" + label, "--pg1-path=" + folder, "--type=default", "restore"]
            try:
                self.pgbackrest(made["repository"], *words, deadline_s=RESTORE_DEADLINE_S)
                # The next timeline gets a number that is not taken, also where its history file is not archived yet.
                for history in glob.glob(self.data + "/pg_wal/*.history"):
                    copy_file(history, folder + "/pg_wal/" + os.path.basename(history))
                committed = self.recover_to_end(folder, made, port)
                break
            except Failed as error:
                # A damaged file, or a transaction before the backup: the one before it.
                if is_last or (isinstance(error, NotReached) and "xid" not in made["target"]):
                    raise
                print("backup %s cannot be used: %s" % (label, error), file=sys.stderr)
        found = {"backup": label, "last_commit": committed, "rows": self.rows(port)}
        found["service"] = self.service_reads(port, found["rows"])
        found["new_timeline"] = int(self.sql(port, "postgres", "postgres", "SELECT timeline_id FROM pg_control_checkpoint()"))
        self.pg_ctl(folder, "-m", "fast", "stop")
        control = as_postgres([self.bin + "/pg_controldata", folder])
        if not re.search(r"Data page checksum version: +0", control):
            as_postgres([self.bin + "/pg_checksums", "--check", "-D", folder], RESTORE_DEADLINE_S)
            found["checksums"] = "good"
        forget(folder + "/postgresql.auto.conf", "restore_command|recovery_target")
        return found

    def recover_to_end(self, folder, made, port):
        try:
            return self.recover(folder, made, port)
        except NotReached:
            if "time" not in made["target"]:
                raise
        # Nothing was committed on this timeline after the moment: its end is the state of then.
        return self.recover(folder, {**made, "target": {}}, port)

    def sql(self, port, role, database, text):
        where = ["-h", SOCKETS, "-p", str(port), "-U", role, "-d", database]
        return psql(where, text, user="postgres" if role == "postgres" else None)

    def rows(self, port):
        """{table: rows}: reads each row of the API's database, as its owner"""
        tables = "FROM pg_catalog.pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
        count = "SELECT pg_catalog.format('SELECT %L, count(*) FROM public.%I', relname, relname) " + tables + " \\gexec\n"
        lines = self.sql(port, self.owner, self.database, "SET search_path = pg_catalog;\n" + count).split()
        return {name: int(number) for name, number in (line.split("|") for line in lines)}

    def service_reads(self, port, rows):
        """Starts the service on what is restored, and counts what it lists. @raises Failed when rows are missing. @returns what it said"""
        found = [max(glob.glob(pattern), key=os.path.getmtime, default=None) for pattern in SERVICE]
        if None in found or "cities" not in rows:
            return "not asked: it is not on this machine"
        superuser = lambda statement: self.sql(port, "postgres", "postgres", statement).strip()  # noqa: E731
        verifier = superuser("SELECT rolpassword FROM pg_authid WHERE rolname = '%s'" % self.user)
        password, url = secrets.token_hex(16), "http://127.0.0.1:%d" % (port + 1_000)
        superuser("ALTER ROLE %s PASSWORD '%s'" % (self.user, password))
        address = "postgres://%s:%s@127.0.0.1:%d/%s" % (self.user, password, port, self.database)
        environment = {"HOME": "/", "PATH": "/usr/bin", "HOST": "127.0.0.1", "PORT": str(port + 1_000), "DATABASE_URL": address}
        nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs"]
        null = subprocess.DEVNULL
        service = subprocess.Popen(nobody + found, env=environment, cwd="/", stdout=null, stderr=subprocess.PIPE, text=True)
        try:
            wait(lambda: service.poll() is not None or has_answered(url + "/healthz/ready"), SERVICE_DEADLINE_S, "the service could not read it")
            if service.poll() is not None:
                # Of tables that a migration has changed since.
                return "it does not start: " + service.stderr.read().strip()[-300:]
            with urllib.request.urlopen(url + "/Cities", timeout=SERVICE_DEADLINE_S) as answer:
                listed = len(json.load(answer))
        finally:
            service.kill()
            service.wait()
            superuser("ALTER ROLE %s PASSWORD '%s'" % (self.user, verifier))
        if listed != rows["cities"]:
            raise Failed("the service lists %d cities of the restored database, which has %d" % (listed, rows["cities"]))
        return "lists %d cities" % listed

    def live(self):
        """What the running database has, as far as it answers."""
        try:
            now = {"rows": self.rows(LIVE_PORT)}
            last = self.sql(LIVE_PORT, "postgres", "postgres", "SELECT pg_last_xact_replay_timestamp()").strip()
            return {**now, "last_commit": last or None}
        except Failed:
            return None

    # Patroni

    def stop_at_once(self):
        """A synchronous standby that stops in order first waits to be released, 2 s in which writes wait; these data are replaced."""
        run(["systemctl", "kill", "--kill-whom=main", "--signal=KILL", "patroni"])
        run(["systemctl", "stop", "patroni"])
        if os.path.exists(self.data + "/postmaster.pid"):
            self.pg_ctl(self.data, "-m", "fast", "stop")

    def leader_timeline(self):
        leaders = [each for each in self.describe("/cluster").get("members", []) if each["role"] in ("leader", "standby_leader")]
        return leaders[0].get("timeline") if leaders else None

    def is_stopped(self, address):
        return self.ask("/liveness", address)[0] == 0


def has_answered(url):
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return answer.status == 200
    except OSError:
        return False


def shell_words(words):
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def as_postgres(argv, deadline_s=COMMAND_DEADLINE_S):
    return run(argv, deadline_s, user="postgres")


def own(path, mode):
    shutil.chown(path, "postgres", "postgres")
    os.chmod(path, mode)


def make_folder(path):
    os.mkdir(path, 0o700)
    own(path, 0o700)


def write_file(path, text):
    """As postgres, on disk when it returns."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    own(path + ".new", 0o600)
    os.replace(path + ".new", path)
    sync_folder(os.path.dirname(path))


def copy_file(source, target):
    with open(source, encoding="ascii") as file:
        write_file(target, file.read())


def sync_folder(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def forget(path, settings):
    lines = read_text(path).splitlines(keepends=True)
    write_file(path, "".join(line for line in lines if not re.match(settings, line)))


def wait(is_reached, deadline_s, what):
    end = time.monotonic() + deadline_s
    while not is_reached():
        if time.monotonic() > end:
            raise Failed("%s within %d s" % (what, deadline_s))
        time.sleep(PAUSE_S)


class Etcd:
    """The cluster's keys, through Patroni's own client."""

    def __init__(self):
        with open("/usr/local/bin/patronictl", encoding="utf-8") as file:
            [home] = re.findall(r"exec (\S+)/bin/patronictl", file.read())
        sys.path[:0] = glob.glob(home + "/lib/python3*/site-packages")
        from patroni.config import Config
        from patroni.dcs import get_dcs

        self.dcs = get_dcs(Config("/etc/patroni/patroni.yml"))
        self.mark = self.dcs.client_path("restore")

    def get(self, key):
        import base64

        found = self.dcs._client.range(key, serializable=False).get("kvs", [])
        return base64.b64decode(found[0]["value"]).decode() if found else None

    @property
    def leader(self):
        return self.get(self.dcs.leader_path)

    def claim(self, restore_id):
        """Takes the leader key if nobody has it, in one transaction: from here on, what is prepared is the cluster's database."""
        if not self.dcs.attempt_to_acquire_leader():
            raise Failed("another member became the primary meanwhile. The cluster serves as before")
        self.dcs._client.put(self.mark, restore_id)


# ---- commands ----


def prepare(machine, restore_id, target):
    spare, state = machine.folder("restore"), machine.folder("restore.json")
    if os.path.exists(state):
        os.remove(state)
    made = machine.plan(target)
    made["live_timeline"] = machine.leader_timeline()
    made["live"] = machine.live()
    found = machine.restore(made, spare, FIRST_LOOK_PORT - 1)
    result = {**made, **found, "id": restore_id}
    write_file(state, json.dumps(result))
    return result


def switch(machine, restore_id, others):
    spare, state = machine.folder("restore"), machine.folder("restore.json")
    made = prepared(machine)
    if made is None or made["id"] != restore_id or not os.path.isdir(spare):
        raise Failed("this restore is not prepared on this machine: prepare it again")
    if machine.leader_timeline() != made["live_timeline"]:
        raise Failed("a failover happened since the restore was prepared: prepare it again")
    etcd = Etcd()
    machine.stop_at_once()
    wait(lambda: all(map(machine.is_stopped, others)), STOP_DEADLINE_S, "the other members did not stop")
    wait(lambda: etcd.leader is None, STOP_DEADLINE_S, "the leader key was not given up")
    # Once only: a second call finds nothing prepared.
    os.remove(state)
    # Before the claim: who has the key starts as the primary, and the replaced data may lack the last commits. Without the key, this
    # member follows the one that has it.
    os.makedirs(machine.data, exist_ok=True)
    run(["mv", "--exchange", "--no-target-directory", spare, machine.data])
    sync_folder(machine.parent)
    etcd.claim(restore_id)
    old = machine.folder("before-restore-" + restore_id)
    os.rename(spare, old)
    sync_folder(machine.parent)
    run(["systemctl", "start", "patroni"])
    wait(lambda: machine.ask("/primary")[0] == 200, PROMOTION_DEADLINE_S, "this machine did not become the primary")
    return {"old_data": old}


def give_way(machine, restore_id, others):
    """On another member. However this ends, Patroni is started again (ExecStopPost of its unit)."""
    etcd = Etcd()
    if machine.ask("/primary")[0] == 200:
        machine.sql(LIVE_PORT, "postgres", "postgres", "CHECKPOINT")
    wait(lambda: all(map(machine.is_stopped, others)), STOP_DEADLINE_S, "the machine with the restored data did not begin")
    run(["systemctl", "stop", "patroni"])
    wait(lambda: etcd.get(etcd.mark) == restore_id, CLAIM_DEADLINE_S, "the restored data did not take over")
    old = machine.folder("before-restore-" + restore_id)
    os.rename(machine.data, old)
    sync_folder(machine.parent)
    return {"old_data": old}


def bootstrap(machine, target):
    """@returns the identifier by which Patroni knows these data as the cluster's"""
    spare = machine.folder("restore")
    found = machine.restore(machine.plan(target), spare, FIRST_LOOK_PORT - 1)
    control = as_postgres([machine.bin + "/pg_controldata", spare])
    return {**found, "system_identifier": re.search(r"system identifier: +(\d+)", control)[1]}


def place(machine):
    # Fails where there are data.
    os.rename(machine.folder("restore"), machine.data)
    sync_folder(machine.parent)
    return {}


def look(machine, name, target):
    folder = machine.folder("look-" + name)
    if not re.fullmatch(r"[a-z0-9-]{1,30}", name):
        raise Failed('"%s": a name has lower-case letters, digits and hyphens' % name)
    if os.path.exists(folder):
        raise Failed("there is one with this name: remove it with `drop %s`" % name)
    ports = [int(read_text(path)) for path in glob.glob(machine.folder("look-*/port"))]
    port = next(port for port in range(FIRST_LOOK_PORT, FIRST_LOOK_PORT + 100) if port not in ports)
    made = machine.plan(target)
    making = machine.folder("restore-look")
    found = machine.restore(made, making, FIRST_LOOK_PORT - 2)
    # A standby that follows nobody: nothing can be written.
    write_file(making + "/standby.signal", "")
    write_file(making + "/port", str(port))
    os.rename(making, folder)
    run(["systemctl", "enable", "--now", "goldenring-look@" + name])
    wait(lambda: answers(machine, port), COMMAND_DEADLINE_S, "it does not answer: journalctl -u goldenring-look@%s" % name)
    return {**made, **found, "port": port}


def answers(machine, port):
    try:
        return machine.sql(port, machine.owner, machine.database, "SELECT 1").strip() == "1"
    except Failed:
        return False


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def serve(machine, name):
    folder = machine.folder("look-" + name)
    options = machine.options(folder, int(read_text(folder + "/port")))
    words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", machine.bin + "/postgres", "-D", folder]
    os.execvp(words[0], words + options)


def drop(machine, name):
    folder = machine.folder("look-" + name)
    if not os.path.isdir(folder):
        raise Failed("there is no look-%s on this machine" % name)
    run(["systemctl", "disable", "--now", "goldenring-look@" + name])
    shutil.rmtree(folder)
    return {}


def test(machine, keep_days):
    began = time.time()
    machine.delete_old(keep_days)
    if machine.ask("/primary")[0] == 200 and len(machine.describe("/cluster").get("members", [])) > 1:
        # The replica does it; only one machine may report.
        if os.path.exists(METRICS):
            os.remove(METRICS)
        return {"skipped": "this machine is the primary"}
    folder = machine.folder("restore-test")
    try:
        result = restore_and_compare(machine, folder)
    except Exception as error:  # noqa: BLE001 (a test that breaks has not succeeded)
        result = {"failed": str(error)}
    machine.remove(folder)
    write_metrics(result, began)
    if "failed" in result:
        raise Failed(result["failed"])
    return result


def restore_and_compare(machine, folder):
    live = machine.live()
    made = machine.plan({})
    found = machine.restore(made, folder, FIRST_LOOK_PORT - 3)
    lacking = [name for name, rows in (live or {"rows": {}})["rows"].items() if rows > 0 and found["rows"].get(name, 0) == 0]
    if lacking:
        raise Failed("the restored database lacks the rows of %s" % ", ".join(lacking))
    return {**found, "live": live}


def write_metrics(result, began):
    values = {
        "success": ("Whether the last restore test succeeded.", 0 if "failed" in result else 1),
        "timestamp_seconds": ("When the last restore test ended.", int(time.time())),
        "duration_seconds": ("How long the last restore test took.", round(time.time() - began, 1)),
    }
    lines = []
    for name, (meaning, value) in values.items():
        name = "goldenring_restore_test_" + name
        lines += ["# HELP %s %s" % (name, meaning), "# TYPE %s gauge" % name, "%s %s" % (name, value)]
    write(METRICS, "\n".join(lines) + "\n")


def prepared(machine):
    """What `prepare` left on this machine; None without it"""
    try:
        return json.loads(read_text(machine.folder("restore.json")))
    except (OSError, ValueError):
        return None


def role(machine):
    """What Patroni says of this member, and what is prepared here."""
    found = machine.describe("/patroni")
    is_replica = found.get("replication_state") == "streaming"
    return {"is_primary": found.get("role") in ("primary", "master"), "is_replica": is_replica, "prepared": prepared(machine)}


def flush(machine):
    """Brings all that is committed by now into the archive, with a commit after it: a moment of now can be restored."""
    machine.sql(LIVE_PORT, "postgres", "postgres", "SELECT pg_current_xact_id()")
    reason = Failed("there is no repository")
    for repository in machine.repositories():
        try:
            words = ("--archive-timeout=%d" % ARCHIVE_DEADLINE_S, "check")
            machine.pgbackrest(repository, *words, deadline_s=ARCHIVE_DEADLINE_S + 5)
            return {"repository": repository}
        except Failed as error:
            reason = error
    raise reason


COMMANDS = {
    "role": role,
    "flush": flush,
    "plan": lambda machine, target: machine.plan(json.loads(target)),
    "room": lambda machine, needed: machine.assert_room(int(needed)) or {},
    "prepare": lambda machine, restore_id, target: prepare(machine, restore_id, json.loads(target)),
    "switch": lambda machine, restore_id, *others: switch(machine, restore_id, others),
    "yield": lambda machine, restore_id, *others: give_way(machine, restore_id, others),
    "bootstrap": lambda machine, target: bootstrap(machine, json.loads(target)),
    "place": place,
    "look": lambda machine, name, target: look(machine, name, json.loads(target)),
    "serve": serve,
    "drop": drop,
    "test": lambda machine, keep_days: test(machine, int(keep_days)),
}


def main(words):
    try:
        print(json.dumps(COMMANDS[words[0]](Machine.of_this_machine(), *words[1:])))
    except Failed as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
