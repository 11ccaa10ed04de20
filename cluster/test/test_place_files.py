import getpass
import grp
import os
import stat
import tempfile
import unittest

from run_module import run_module

OWNER = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}


class PlaceFilesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def read(self, *names):
        with open(self.path(*names), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def place(self, *files, check=False, name="set", **more):
        entries = [{"dest": self.path(entry.pop("name")), **OWNER, **entry} for entry in map(dict, files)]
        arguments = {"name": name, "files": entries, "records": self.path("records"), **more}
        return run_module("place_files", arguments, check)

    def test_writes_content_and_mode_of_a_new_file_and_makes_its_folder(self):
        result = self.place({"name": "etc/a.conf", "content": "a\n", "mode": "0640"})
        self.assertEqual((result["changed"], result["pending"]), (True, [self.path("etc/a.conf")]))
        self.assertEqual(self.read("etc/a.conf"), "a\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("etc/a.conf")).st_mode), 0o640)
        self.assertEqual(os.listdir(self.path("etc")), ["a.conf"])

    def test_changes_nothing_when_the_file_is_as_expected(self):
        self.place({"name": "a", "content": "a\n"})
        self.place(acknowledge=True)
        before = os.stat(self.path("a"))
        result = self.place({"name": "a", "content": "a\n"})
        self.assertEqual((result["changed"], result["pending"], result["diff"]), (False, [], []))
        self.assertEqual(os.stat(self.path("a")).st_ino, before.st_ino)

    def test_corrects_another_mode(self):
        self.place({"name": "a", "content": "a\n"})
        self.place(acknowledge=True)
        os.chmod(self.path("a"), 0o666)
        self.assertTrue(self.place({"name": "a", "content": "a\n"})["changed"])
        self.assertEqual(stat.S_IMODE(os.stat(self.path("a")).st_mode), 0o644)

    def test_replaces_a_link_and_leaves_its_target_alone(self):
        self.write("target", "of others\n")
        os.symlink(self.path("target"), self.path("a"))
        self.place({"name": "a", "content": "of others\n"})
        self.assertFalse(os.path.islink(self.path("a")))
        self.place({"name": "a", "content": "new\n"})
        self.assertEqual(self.read("target"), "of others\n")

    def test_keeps_the_record_until_it_is_acknowledged(self):
        self.place({"name": "a", "content": "a\n"})
        self.assertEqual(self.place({"name": "a", "content": "a\n"})["pending"], [self.path("a")])
        acknowledged = self.place(acknowledge=True)
        self.assertEqual((acknowledged["changed"], acknowledged["pending"]), (False, []))
        self.assertFalse(self.place({"name": "a", "content": "a\n"})["changed"])

    def test_deletes_files_of_earlier_versions_only_once_the_set_is_applied(self):
        self.write("old.key", "secret")
        self.place({"name": "a", "content": "a\n"}, absent=[self.path("old.key")])
        self.assertTrue(os.path.exists(self.path("old.key")))
        self.place(acknowledge=True, absent=[self.path("old.key")], check=True)
        self.assertTrue(os.path.exists(self.path("old.key")))
        for _ in range(2):
            self.place(acknowledge=True, absent=[self.path("old.key")])
        self.assertFalse(os.path.exists(self.path("old.key")))

    def test_keeps_a_record_for_each_set(self):
        self.place({"name": "a", "content": "a\n"}, name="one")
        self.place(name="two", acknowledge=True)
        self.assertTrue(self.place({"name": "a", "content": "a\n"}, name="one")["changed"])

    def test_asks_for_a_restart_only_for_files_that_need_one(self):
        files = [{"name": "a", "content": "a\n", "restart": True}, {"name": "b", "content": "b\n"}]
        self.assertTrue(self.place(*files)["restart"])
        self.place(acknowledge=True)
        files[1]["content"] = "changed\n"
        self.assertFalse(self.place(*files)["restart"])

    def test_asks_for_a_restart_again_after_an_interrupted_run(self):
        files = [{"name": "a", "content": "a\n", "restart": True}, {"name": "b", "content": "b\n"}]
        self.place(*files)
        self.assertTrue(self.place(*files)["restart"])

    def test_refuses_a_file_that_its_validation_refuses_and_keeps_the_old_one(self):
        self.write("a", "old\n")
        result = self.place({"name": "a", "content": "bad\n", "validate": "grep -q good %s"})
        self.assertTrue(result["failed"])
        self.assertIn("%s was refused" % self.path("a"), result["msg"])
        self.assertEqual(self.read("a"), "old\n")
        self.assertEqual(sorted(os.listdir(self.folder)), ["a"])

    def test_remembers_files_that_were_written_before_one_was_refused(self):
        self.place({"name": "a", "content": "a\n"}, {"name": "b", "content": "b\n", "validate": "false %s"})
        self.assertEqual(self.place({"name": "a", "content": "a\n"})["pending"], [self.path("a")])

    def test_writes_a_block_into_a_file_of_others_and_replaces_it(self):
        self.write("hosts", "127.0.0.1 localhost")
        self.place({"name": "hosts", "content": "10.0.0.1 one\n", "block": "ours"})
        self.place({"name": "hosts", "content": "10.0.0.2 two\n", "block": "ours"})
        expected = "127.0.0.1 localhost\n# begin ours\n10.0.0.2 two\n# end ours\n"
        self.assertEqual(self.read("hosts"), expected)

    def test_takes_backslashes_of_a_block_as_they_are(self):
        for _ in range(2):
            self.place({"name": "a", "content": "\\1 \\n\n", "block": "ours"})
        self.assertEqual(self.read("a"), "# begin ours\n\\1 \\n\n# end ours\n")

    def test_makes_folders_with_their_mode(self):
        folder = {"path": self.path("etc", "tls"), "mode": "0750", **OWNER}
        self.assertTrue(self.place(directories=[folder])["changed"])
        self.assertEqual(stat.S_IMODE(os.stat(self.path("etc/tls")).st_mode), 0o750)

    def test_returns_the_patterns_that_match_nothing(self):
        self.write("release-1", "")
        patterns = [self.path("release-*"), self.path("other-*")]
        self.assertEqual(self.place(look_for=patterns)["missing"], [self.path("other-*")])

    def test_shows_the_difference_of_a_public_file_and_hides_a_secret_one(self):
        self.write("a", "one\ntwo\n")
        public, secret = self.place(
            {"name": "a", "content": "one\nthree\n"}, {"name": "b", "content": "x\nhidden\n", "mode": "0600"}
        )["diff"]
        self.assertEqual(public["prepared"].splitlines()[3:], [" one", "-two", "+three"])
        self.assertNotIn("hidden", secret["prepared"])

    def test_names_other_attributes_as_the_difference(self):
        self.place({"name": "a", "content": "one\ntwo\n"})
        os.chmod(self.path("a"), 0o600)
        diff = self.place({"name": "a", "content": "one\ntwo\n"})["diff"]
        self.assertEqual(diff, [{"prepared": "%s: other attributes\n" % self.path("a")}])

    def test_writes_nothing_in_check_mode(self):
        result = self.place({"name": "a", "content": "a\n"}, check=True)
        self.assertEqual((result["changed"], result["pending"]), (True, [self.path("a")]))
        self.assertEqual(os.listdir(self.folder), [])

    def test_takes_users_that_do_not_exist_yet_in_check_mode_only(self):
        self.write("a", "old\n")
        entry = {"name": "a", "content": "old\n", "owner": "no-such-user"}
        self.assertNotIn("failed", self.place(dict(entry), check=True))
        self.assertIn("no such user or group", self.place(dict(entry))["msg"])


if __name__ == "__main__":
    unittest.main()
