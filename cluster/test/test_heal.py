"""When a replica asks the archive, when it is cloned, and when it must not be."""

import importlib.util
import os
import sys
import unittest

CLUSTER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(CLUSTER, "roles/member/files"))
spec = importlib.util.spec_from_file_location("heal", os.path.join(CLUSTER, "roles/heal/files/goldenring-heal.py"))
heal = importlib.util.module_from_spec(spec)
spec.loader.exec_module(heal)

SEGMENT = 1 << heal.SEGMENT_BITS
# 12:00; the machine was never cloned.
NOW = 43_200


def primary(**more):
    known = {"timeline": 3, "oldest": heal.segment_of(100 * SEGMENT), "checksum_failures": 0, "age_s": 9_000}
    return {**known, "inserted": 200 * SEGMENT, "flushed": 200 * SEGMENT, "copied": None, "to_copy": None, **more}


def replica(**more):
    """One that lacks WAL which the primary no longer has."""
    known = {"state": "running", "is_streaming": False, "position": 50 * SEGMENT + 7, "timeline": 3, "postmaster": "17", "is_rewinding": False}
    known["lacks_files"] = False
    known.update(checksum_failures=0, can_run=True, free_share=0.5, is_paused=False, is_restoring=False, others_clone=False, primary=primary())
    return {**known, **more}


def after(seconds, *looks, memory=None):
    """What is judged at the last of these looks, which repeat for so long."""
    memory = memory or heal.Memory()
    found = None
    for tick in range(0, seconds + 1, heal.TICK_S):
        found = heal.judge(looks[min(tick // heal.TICK_S, len(looks) - 1)], memory, NOW + tick)
    return found


def crashing(**more):
    return [replica(state="start failed", position=None, postmaster=str(each), **more) for each in range(100)]


class Heal(unittest.TestCase):
    def test_a_segment_is_named_as_postgresql_names_it(self):
        self.assertEqual(heal.segment_of((3 << 32) + 5 * SEGMENT + 1), "0000000300000005")

    def test_a_replica_that_streams_needs_nothing(self):
        self.assertEqual(after(600, replica(is_streaming=True))[0], "stream")

    def test_a_replica_that_the_primary_can_serve_waits_however_long(self):
        self.assertEqual(after(6_000, replica(position=100 * SEGMENT))[0], "wait")

    def test_nothing_is_done_without_a_primary(self):
        self.assertEqual(after(6_000, replica(primary=None))[0], "wait")

    def test_wal_that_the_primary_no_longer_has_comes_from_the_archive(self):
        action, why = after(0, replica())
        self.assertEqual(action, "archive")
        self.assertIn("from 0000000000000032 on", why)

    def test_it_goes_on_while_there_is_progress(self):
        looks = [replica(position=(50 + tick // 10) * SEGMENT) for tick in range(300)]
        self.assertEqual(after(1_495, *looks)[0], "archive")

    def test_without_progress_it_is_cloned(self):
        self.assertEqual(after(55, replica())[0], "archive")
        action, why = after(60, replica())
        self.assertEqual(action, "clone")
        self.assertIn("no repository gives it", why)

    def test_damaged_pages_are_replaced_by_a_clone_even_while_it_streams(self):
        looks = replica(is_streaming=True, checksum_failures=2)
        self.assertEqual(after(0, looks)[0], "blocked")
        self.assertEqual(after(5, looks)[0], "clone")

    def test_a_server_that_does_not_stay_up_is_cloned(self):
        self.assertEqual(after(115, *crashing())[0], "wait")
        self.assertEqual(after(120, *crashing()), ("clone", "PostgreSQL does not stay up"))

    def test_a_server_that_runs_and_lacks_files_is_cloned_and_one_that_only_does_not_answer_is_not(self):
        looks = replica(state="unknown", position=None)
        self.assertEqual(after(6_000, looks)[0], "wait")
        lacking = {**looks, "lacks_files": True}
        self.assertEqual(after(15, lacking)[0], "wait")
        self.assertEqual(after(20, lacking), ("clone", "PostgreSQL lets nobody in, because it lacks files"))
        self.assertEqual(after(35, *[lacking] * 4, looks, *[lacking] * 3)[0], "wait")

    def test_a_server_that_recovers_for_long_is_not_touched(self):
        self.assertEqual(after(6_000, replica(state="starting", position=None))[0], "wait")

    def test_a_server_that_is_rewound_is_not_touched(self):
        self.assertEqual(after(6_000, replica(state="stopped", position=None, is_rewinding=True))[0], "wait")

    def test_restarts_long_ago_do_not_count(self):
        looks = [*crashing()[:9], *[replica(state="starting", position=None, postmaster="8")] * 70, *crashing()[:9]]
        self.assertEqual(after(5 * len(looks) - 5, *looks)[0], "wait")

    def test_it_is_not_cloned_while_it_may_be_the_better_copy(self):
        for reason, more in {
            "Patroni is paused": {"is_paused": True},
            "a restore is under way": {"is_restoring": True},
            "there is no primary that answers": {"primary": primary(flushed=None)},
            "the primary has just started": {"primary": primary(age_s=59)},
            "the primary's data are damaged, too: this may be the better copy": {"primary": primary(checksum_failures=1)},
            "the primary's disk has not been seen to write": {"primary": primary(inserted=201 * SEGMENT)},
            "another member is being copied": {"others_clone": True},
            "its disk is full": {"free_share": 0.04},
            "PostgreSQL's program does not run": {"can_run": False},
        }.items():
            for looks in ([replica(**more)], [replica(**more, checksum_failures=1)], crashing(**more)):
                action, why = after(600, *looks)
                self.assertEqual((action, why.split(", but ")[-1]), ("blocked", reason))

    def test_a_damaged_replica_without_a_primary_stays(self):
        action, why = after(600, replica(checksum_failures=1, primary=None))
        self.assertEqual((action, why.split(", but ")[-1]), ("blocked", "there is no primary that answers"))

    def test_a_primary_that_writes_between_two_looks_is_well(self):
        looks = [replica(checksum_failures=1, primary=primary(flushed=each, inserted=each + 8)) for each in (10, 20)]
        self.assertEqual(after(5, *looks)[0], "clone")

    def test_it_is_cloned_once_in_half_an_hour(self):
        for minutes, action in ((28, "blocked"), (31, "clone")):
            self.assertEqual(after(60, replica(), memory=heal.Memory(NOW - 60 * minutes))[0], action)

    def test_progress_is_measured_from_where_it_began(self):
        memory = heal.Memory()
        memory.began_at = 50 * SEGMENT
        rows = {name: value for name, _, value in heal.samples("archive", replica(position=80 * SEGMENT), memory)}
        self.assertEqual(rows, {"replica_repair_done_bytes": 30 * SEGMENT, "replica_repair_total_bytes": 150 * SEGMENT})

    def test_a_copy_is_measured_by_the_primary(self):
        looks = replica(state="creating replica", primary=primary(copied=10, to_copy=40))
        action, _ = after(0, looks)
        self.assertEqual(action, "cloning")
        self.assertEqual([row[1:] for row in heal.samples(action, looks, heal.Memory())], [({"way": "clone"}, 10), ({"way": "clone"}, 40)])


if __name__ == "__main__":
    unittest.main()
