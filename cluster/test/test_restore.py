"""What a restore decides from the repository alone: timeline, backup, and whether it can work."""

import importlib.util
import os
import sys
import unittest

CLUSTER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(CLUSTER, "roles/member/files"))
spec = importlib.util.spec_from_file_location("restore", os.path.join(CLUSTER, "roles/restore/files/goldenring-restore.py"))
restore = importlib.util.module_from_spec(spec)
spec.loader.exec_module(restore)

NOW = 10_000


def segment(timeline, number):
    return "%08X00000000/%08X%s-0a1b.zst" % (timeline, timeline, restore.segment_name(number))


def history(*lines):
    return "\n\n".join("%d\t0/%X000100\t%s" % line for line in lines) + "\n"


FAILOVER = "no recovery target specified"
BACK = "before 2026-01-31 12:00:00+00"

# 1: 100 to 400, a failover in segment 4 to 2: 400 to 700, from there a restore to a moment of 1, in segment 3, to 3: 700 on.
FILES = {
    **{segment(1, number): 100 * number for number in (1, 2, 3)},
    "00000002.history": 400,
    **{segment(2, number): 100 * number for number in (4, 5, 6)},
    "00000003.history": 700,
    **{segment(3, number): 500 + 100 * number for number in (3, 4)},
}
HISTORIES = {"00000002.history": history((1, 4, FAILOVER)), "00000003.history": history((1, 3, BACK))}


def archive(without=(), files=FILES):
    return restore.Archive({name: at for name, at in files.items() if name not in without}, HISTORIES.get)


def backup(label, timeline, number, stop, **more):
    name = "%08X%s" % (timeline, restore.segment_name(number))
    return {
        "label": label,
        "archive": {"start": name, "stop": name},
        "lsn": {"stop": "0/%X000050" % number},
        "timestamp": {"stop": stop},
        "info": {"size": 1},
        **more,
    }


BACKUPS = [backup("first", 1, 1, 110), backup("second", 1, 3, 290), backup("third", 2, 5, 450)]


def planned(target, backups=None, **archived):
    info = {"backup": BACKUPS if backups is None else backups}
    return restore.plan(target, info, archive(**archived), NOW)


def at(epoch_s):
    return {"time": restore.shown(epoch_s).replace(" UTC", "+00")}


class Moments(unittest.TestCase):
    def test_a_moment_needs_a_time_zone(self):
        self.assertEqual(restore.parse_moment("1970-01-01 02:00:00.5+02").timestamp(), 0.5)
        for text in ("1970-01-01 02:00:00", "yesterday", ""):
            with self.assertRaises(restore.Failed):
                restore.parse_moment(text)

    def test_a_moment_in_the_future_is_refused_with_the_time_of_now(self):
        with self.assertRaisesRegex(restore.Failed, "in the future: it is 1970-01-01 02:46:40 UTC now"):
            planned(at(NOW + 1))


class Timelines(unittest.TestCase):
    def test_a_moment_is_looked_for_on_the_timeline_that_was_the_clusters_then(self):
        # A failover loses nothing: what the timeline after it has begins with all that the one before had.
        for moment, timeline in ((350, 2), (399, 2), (550, 2), (600, 2), (700, 3), (850, 3)):
            self.assertEqual(planned(at(moment))["timeline"], timeline, moment)

    def test_a_restore_to_the_end_of_a_timeline_that_went_on_is_no_failover(self):
        went_on = {**FILES, segment(1, 4): 390, segment(1, 5): 450}
        self.assertEqual(planned(at(350), files=went_on)["timeline"], 1)

    def test_a_new_repository_begins_with_the_timeline_of_its_first_segment(self):
        begun_later = {segment(7, 6): 300, segment(7, 7): 400}
        self.assertEqual(planned(at(350), [backup("only", 7, 6, 310)], files=begun_later)["timeline"], 7)

    def test_the_newest_state_and_a_position_are_on_the_newest_timeline(self):
        self.assertEqual(planned({})["timeline"], 3)
        self.assertEqual(planned({"lsn": "0/4000000"})["timeline"], 3)
        self.assertEqual(planned({"xid": "750", "timeline": 2})["timeline"], 2)
        with self.assertRaisesRegex(restore.Failed, "no timeline 9"):
            planned({"timeline": 9})


class Backups(unittest.TestCase):
    def test_the_newest_backup_before_the_moment_comes_first_and_the_others_follow(self):
        self.assertEqual(planned(at(550))["backups"], ["third", "second", "first"])
        self.assertEqual(planned(at(350))["backups"], ["second", "first"])

    def test_a_backup_of_what_a_restore_gave_up_is_not_used(self):
        late = backup("late", 1, 4, 390)
        self.assertEqual(planned(at(850), [*BACKUPS, late])["backups"], ["second", "first"])

    def test_a_backup_with_an_error_is_not_used(self):
        self.assertEqual(planned(at(550), [BACKUPS[0], {**BACKUPS[2], "error": True}])["backups"], ["first"])

    def test_a_position_needs_a_backup_before_it(self):
        self.assertEqual(planned({"lsn": "0/2000000"})["backups"], ["first"])

    def test_a_moment_before_all_backups_is_refused(self):
        with self.assertRaisesRegex(restore.Failed, "no backup ended before that .*the first one ended at 1970-01-01 00:01:50"):
            planned(at(105))
        with self.assertRaisesRegex(restore.Failed, "the repository has none"):
            planned({}, [])


class Holes(unittest.TestCase):
    def test_a_moment_beyond_a_hole_is_refused_with_the_last_one_before_it(self):
        with self.assertRaisesRegex(restore.Failed, "a hole: the segment 0000000000000005 .*before it is 1970-01-01 00:06:40"):
            planned(at(550), BACKUPS[:1], without=[segment(2, 5)])
        self.assertEqual(planned(at(399), BACKUPS[:1], without=[segment(2, 5)])["timeline"], 2)

    def test_a_moment_after_the_archive_is_refused(self):
        with self.assertRaisesRegex(restore.Failed, "the archive of timeline 3 ends at 1970-01-01 00:15:00"):
            planned(at(2_000))


class Repositories(unittest.TestCase):
    """contents: {number: what it has, or why it cannot be read}"""

    def planned(self, target, contents):
        asked = []

        def read(number):
            asked.append(number)
            if isinstance(contents[number], str):
                raise restore.Failed(contents[number])
            return contents[number]

        names = ("stanza", "data", "bin", "database", "owner", "user", "address", "patroni_user", "patroni_password")
        machine = restore.Machine({name: "/x/" + name for name in names})
        machine.repositories, machine.contents, machine.assert_room = lambda: sorted(contents), read, lambda needed: None
        return machine.plan(target)["repository"], asked

    WHOLE = ({"backup": BACKUPS}, archive())
    BEHIND = ({"backup": BACKUPS}, archive(without=[segment(3, 4)]))

    def test_a_lost_one_is_not_asked_for_a_moment_that_the_first_one_leads_to(self):
        self.assertEqual(self.planned(at(550), {1: self.WHOLE, 2: "lost"}), (1, [1]))

    def test_the_second_one_is_used_where_the_first_one_is_lost_or_does_not_lead_to_the_moment(self):
        for first in ("lost", ({"backup": []}, archive())):
            self.assertEqual(self.planned(at(550), {1: first, 2: self.WHOLE}), (2, [1, 2]))

    def test_the_newest_state_comes_from_the_one_whose_archive_is_newer(self):
        self.assertEqual(self.planned({}, {1: self.BEHIND, 2: self.WHOLE})[0], 2)
        self.assertEqual(self.planned({}, {1: self.WHOLE, 2: self.WHOLE})[0], 1)

    def test_all_reasons_are_named(self):
        with self.assertRaisesRegex(restore.Failed, "repository 1: lost; repository 2: no backup ended"):
            self.planned(at(105), {1: "lost", 2: self.WHOLE})


if __name__ == "__main__":
    unittest.main()
