import importlib.machinery
import os
import subprocess
import tempfile
import time
import types
import unittest

from run_module import CLUSTER

FILES = os.path.join(CLUSTER, "roles", "backup", "files")


def load_program():
    loader = importlib.machinery.SourceFileLoader("goldenring_backup", os.path.join(FILES, "goldenring-backup"))
    module = types.ModuleType(loader.name)
    loader.exec_module(module)
    return module


program = load_program()


def backup(label, timeline, start, stop_time, stop=None):
    name = program.segment_name
    return {
        "label": label,
        "archive": {"start": name(timeline, start), "stop": name(timeline, start if stop is None else stop)},
        "timestamp": {"stop": stop_time},
    }


def archive(first, last):
    """Each segment was archived at ten times its number."""
    return {number: number * 10 for number in range(first, last + 1)}


class Segments(unittest.TestCase):
    def test_a_name_has_a_timeline_and_a_number(self):
        self.assertEqual(program.position("000000020000000100000003"), (2, 259))
        self.assertEqual(program.segment_name(2, 259), "000000020000000100000003")

    def test_a_history_names_the_segment_in_which_each_timeline_begins(self):
        text = "1\t0/3000158\tno recovery target specified\n2\t1/20\tbefore 2026-11-30\n"
        self.assertEqual(program.parse_history(text), [(1, 3), (2, 256)])


class Missing(unittest.TestCase):
    def test_nothing_is_missing_in_an_archive_without_gaps_over_a_failover(self):
        # The segment in which timeline 1 ended is whole on timeline 2 only.
        self.assertEqual(program.missing_since({1: archive(1, 6), 2: archive(7, 9)}, backup("F", 1, 3, 30)), 0)

    def test_segments_before_the_backup_do_not_matter(self):
        self.assertEqual(program.missing_since({1: {1: 10, **archive(4, 6)}}, backup("F", 1, 4, 40)), 0)

    def test_gaps_on_a_timeline_and_between_two_are_counted(self):
        segments = {1: {3: 30, 5: 50, 6: 60}, 2: archive(9, 10)}
        self.assertEqual(program.missing_since(segments, backup("F", 1, 3, 30)), 3)

    def test_nothing_is_missing_after_a_restore_that_went_back(self):
        self.assertEqual(program.missing_since({1: archive(1, 9), 2: archive(6, 7)}, backup("F", 1, 3, 30)), 0)


class Repair(unittest.TestCase):
    def test_a_gap_after_the_newest_backup_leads_to_another_one_but_not_every_minute(self):
        def rows(missing, stop):
            about = {"repository": 1}
            return [("missing_segments", about, missing), ("newest_timestamp_seconds", {**about, "type": "full"}, stop)]

        self.assertTrue(program.needs_backup(rows(2, 1000), 2000))
        self.assertFalse(program.needs_backup(rows(2, 1500), 2000))
        self.assertFalse(program.needs_backup(rows(0, 1000), 2000))


class Samples(unittest.TestCase):
    def test_the_oldest_backup_is_known_so_that_a_restore_that_was_never_tested_is_noticed(self):
        backups = [{**backup(label, 1, 3, at), "type": "full", "info": {"repository": {"delta": 7}}} for label, at in (("B", 200), ("A", 100))]
        repository = types.SimpleNamespace(kind="s3", key=1, info=lambda: {"backup": backups}, archive=lambda _: ({1: archive(1, 9)}, None))
        samples = {name: value for name, labels, value in program.samples_of(repository, {}) if labels.get("type") != "diff"}
        self.assertEqual((samples["oldest_timestamp_seconds"], samples["newest_timestamp_seconds"]), (100, 200))


class Restorable(unittest.TestCase):
    def restorable(self, segments, backups, histories=None):
        begins = {timeline: min(numbers.values()) for timeline, numbers in segments.items()}
        return program.restorable(segments, histories or {}, backups, begins, lambda _, first, last: last * 10 + 5)

    def test_from_the_end_of_the_first_backup_to_the_last_commit(self):
        found = self.restorable({1: archive(1, 9)}, [backup("D", 1, 6, 66), backup("F", 1, 3, 33)])
        self.assertEqual(found, {1: [{"from": 33, "to": 95, "backup": "F"}]})

    def test_a_gap_ends_what_a_backup_leads_to_and_the_next_backup_begins_anew(self):
        found = self.restorable({1: {**archive(1, 5), **archive(8, 9)}}, [backup("F", 1, 3, 33), backup("G", 1, 8, 88)])
        self.assertEqual(found[1], [{"from": 33, "to": 55, "backup": "F"}, {"from": 88, "to": 95, "backup": "G"}])

    def test_no_moment_where_the_end_of_the_backup_itself_is_missing(self):
        self.assertEqual(self.restorable({1: {**archive(1, 3), 5: 50}}, [backup("F", 1, 3, 33, stop=4)]), {})

    def test_a_backup_leads_to_the_timelines_after_its_own(self):
        segments = {1: archive(1, 6), 2: archive(7, 9)}
        found = self.restorable(segments, [backup("F", 1, 3, 33)], {2: [(1, 7)]})
        self.assertEqual(found[2], [{"from": 70, "to": 95, "backup": "F"}])

    def test_a_gap_before_the_next_timeline_cuts_it_off(self):
        segments = {1: {3: 30, 4: 40, 6: 60}, 2: archive(7, 9)}
        self.assertEqual(list(self.restorable(segments, [backup("F", 1, 3, 33)], {2: [(1, 7)]})), [1])

    def test_a_backup_taken_after_a_timeline_had_left_its_own_does_not_lead_there(self):
        segments = {1: archive(1, 9), 2: archive(5, 6)}
        self.assertEqual(list(self.restorable(segments, [backup("F", 1, 8, 88)], {2: [(1, 5)]})), [1])


class Damage(unittest.TestCase):
    def test_names_what_verify_found_damaged(self):
        report = """stanza: s
status: error
  archiveId: 17-1, total WAL checked: 8, total valid WAL: 7
    missing: 0, checksum invalid: 1, size invalid: 0, other: 0
  backup: 20261130-102139F, status: invalid, total files checked: 966, total valid files: 965
    missing: 0, checksum invalid: 0, size invalid: 1, other: 0
  backup: 20261130-112139F, status: valid, total files checked: 966, total valid files: 966
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
"""
        self.assertEqual(
            program.damage_in(report), ["WAL of 17-1: checksum invalid: 1", "backup: 20261130-102139F: size invalid: 1"]
        )


class Archive(unittest.TestCase):
    """pgbackrest-queue with two repositories that are folders; each is reachable while its folder exists."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name in ("bin", "postgresql/archive-queue/1", "postgresql/archive-queue/2", "log", "1", "2", "pg_wal/archive_status"):
            os.makedirs(self.path(name))
        with open(self.path("bin/pgbackrest"), "w", encoding="ascii") as file:
            # Its arguments: --config=/etc/pgbackrest/repository2.conf --stanza=s archive-push FILE
            file.write('#!/bin/sh\nn=${1%.conf}; cp "$4" "' + self.folder + '/${n##*repository}/" 2>&1\n')
        os.chmod(self.path("bin/pgbackrest"), 0o755)
        with open(os.path.join(FILES, "pgbackrest-queue"), encoding="utf-8") as file:
            self.script = file.read()
        self.script = self.script.replace("/var/lib/postgresql", self.path("postgresql")).replace("/var/log/pgbackrest", self.path("log"))
        self.script = self.script.replace("+ 20", "+ 4").replace("max_files=64", "max_files=3")

    def path(self, name):
        return os.path.join(self.folder, name)

    def archive(self, name):
        """The exit code and messages of PostgreSQL's archive_command."""
        with open(self.path("pg_wal/" + name), "w", encoding="ascii") as file:
            file.write(name)
        done = self.run_queue("pg_wal/" + name)
        os.unlink(self.path("pg_wal/" + name))
        return done

    def run_queue(self, *file):
        environment = {**os.environ, "PATH": self.path("bin") + ":" + os.environ["PATH"]}
        command = ["sh", "-c", self.script, "pgbackrest-queue", "s", *file]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def expect(self, repository, names):
        """A queue is drained after the command has ended."""
        deadline = time.monotonic() + 20
        while sorted(os.listdir(self.path(repository))) != names and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(sorted(os.listdir(self.path(repository))), names)

    def test_a_file_reaches_both_repositories(self):
        self.assertEqual(self.archive("01"), (0, ""))
        self.expect("1", ["01"])
        self.expect("2", ["01"])
        self.expect("postgresql/archive-queue/1", [])

    def test_a_repository_that_was_unreachable_gets_what_it_missed_although_postgresql_has_deleted_it(self):
        os.rename(self.path("2"), self.path("away"))
        self.assertEqual([self.archive("01"), self.archive("02")], [(0, ""), (0, "")])
        self.expect("1", ["01", "02"])
        os.rename(self.path("away"), self.path("2"))
        self.assertEqual(self.archive("03"), (0, ""))
        self.expect("2", ["01", "02", "03"])

    def test_what_waits_is_archived_without_another_file_too(self):
        os.rename(self.path("2"), self.path("away"))
        self.assertEqual(self.archive("01"), (0, ""))
        os.rename(self.path("away"), self.path("2"))
        self.assertEqual(self.run_queue(), (0, ""))
        self.expect("2", ["01"])
        self.expect("postgresql/archive-queue/2", [])

    def test_the_queue_of_a_lost_repository_does_not_grow_without_limit_and_the_other_one_misses_nothing(self):
        os.rename(self.path("1"), self.path("away"))
        results = [self.archive("0%d" % number) for number in range(1, 6)]
        self.assertEqual([code for code, _ in results], [0] * 5)
        self.assertIn("dropped 02: repository 1 has taken none of the last 3 files", results[4][1])
        self.expect("2", ["01", "02", "03", "04", "05"])
        self.expect("postgresql/archive-queue/1", ["03", "04", "05"])

    def test_without_any_repository_postgresql_keeps_the_file_until_too_many_wait(self):
        os.rename(self.path("1"), self.path("gone"))
        os.rename(self.path("2"), self.path("away"))
        self.assertEqual(self.archive("01"), (1, ""))
        for number in range(5):
            open(self.path("pg_wal/archive_status/%d.ready" % number), "w", encoding="ascii").close()
        code, message = self.archive("01")
        self.assertEqual(code, 0)
        self.assertIn("dropped 01: no repository is reachable", message)
