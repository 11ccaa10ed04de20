import os
import shutil
import stat
import subprocess
import tempfile
import unittest

CLUSTER = os.path.join(os.path.dirname(__file__), "..")
SCRIPT = os.path.join(CLUSTER, "roles/secrets/files/issue-certificates")
SERVER = "servers pg-01/postgres pg-01 serverAuth DNS:pg-01 IP:10.0.0.11"
CLIENT = "etcd-clients pg-01/patroni - clientAuth DNS:pg-01"
PEER = "etcd-peers etcd-01/etcd-peer etcd-01 serverAuth,clientAuth DNS:etcd-01 IP:10.0.0.21"


class IssueCertificatesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def issue(self, *lines, step=()):
        """The lines that it printed."""
        command = [SCRIPT, self.folder, "lab", *step]
        text = "".join(line + "\n" for line in lines)
        return subprocess.run(command, input=text, text=True, check=True, capture_output=True).stdout.splitlines()

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def read(self, *names):
        with open(self.path(*names), encoding="ascii") as file:
            return file.read()

    def openssl(self, *words):
        return subprocess.run(["openssl", *words], text=True, capture_output=True)

    def text(self, name):
        return self.openssl("x509", "-noout", "-text", "-in", self.path("certificates", name + ".crt")).stdout

    def is_accepted(self, name, authority, purpose):
        """Whether a server, or a client, that trusts the authority accepts the certificate."""
        words = ["-CAfile", self.path("authorities", authority, "ca.crt"), "-purpose", purpose]
        return self.openssl("verify", *words, self.path("certificates", name + ".crt")).returncode == 0

    def test_makes_each_authority_and_certificate_once(self):
        first = ["authority servers", "pg-01/postgres", "authority etcd-clients", "pg-01/patroni"]
        self.assertEqual(self.issue(SERVER, CLIENT), first)
        self.assertEqual(self.issue(SERVER, CLIENT), [])

    def test_a_certificate_is_worth_nothing_to_those_who_trust_another_authority(self):
        self.issue(SERVER, CLIENT, PEER)
        names = {"pg-01/postgres": "servers", "pg-01/patroni": "etcd-clients", "etcd-01/etcd-peer": "etcd-peers"}
        for name, own in names.items():
            accepted = [
                authority
                for authority in set(names.values())
                if self.is_accepted(name, authority, "sslserver") or self.is_accepted(name, authority, "sslclient")
            ]
            self.assertEqual(accepted, [own])

    def test_a_server_cannot_be_a_client_and_a_client_no_server(self):
        self.issue(SERVER, CLIENT, PEER)
        used = {
            name: [purpose for purpose in ("sslserver", "sslclient") if self.is_accepted(name, authority, purpose)]
            for name, authority in (("pg-01/postgres", "servers"), ("pg-01/patroni", "etcd-clients"))
        }
        self.assertEqual(used, {"pg-01/postgres": ["sslserver"], "pg-01/patroni": ["sslclient"]})

    def test_a_certificate_has_the_names_of_its_line_and_no_other(self):
        self.issue(SERVER)
        self.assertIn("DNS:pg-01, IP Address:10.0.0.11\n", self.text("pg-01/postgres"))
        self.assertIn("CN = pg-01\n", self.text("pg-01/postgres"))

    def test_a_dash_is_a_certificate_without_a_common_name(self):
        self.issue(CLIENT)
        subject = self.openssl("x509", "-noout", "-subject", "-in", self.path("certificates/pg-01/patroni.crt")).stdout
        self.assertIn("OU = pg-01 patroni", subject)
        self.assertNotIn("CN", subject)

    def test_replaces_a_certificate_whose_names_usage_or_authority_changed(self):
        self.issue(SERVER)
        for line in (
            SERVER + " DNS:other",
            SERVER.replace("serverAuth", "clientAuth"),
            SERVER.replace("servers ", "backups "),
            SERVER.replace(" pg-01 ", " pg-02 "),
        ):
            self.assertEqual(self.issue(line)[-1], "pg-01/postgres")

    def test_only_the_owner_can_read_what_it_makes(self):
        self.issue(SERVER)
        for folder, _, files in os.walk(self.folder):
            for path in [folder, *(os.path.join(folder, name) for name in files)]:
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o077, 0, path)

    def test_servers_of_a_stand_with_a_single_authority_keep_it_and_its_certificates_are_gone(self):
        self.issue(SERVER)
        shutil.move(self.path("authorities/servers"), self.path("ca"))
        shutil.rmtree(self.path("authorities"))
        shutil.rmtree(self.path("certificates"))
        authority = self.read("ca/ca.crt")
        os.mkdir(self.path("certificates"))
        for end in ("key", "crt", "ext"):
            with open(self.path("certificates", "pg-01." + end), "w", encoding="ascii"):
                pass
        self.assertEqual(self.issue(SERVER, CLIENT), ["pg-01/postgres", "authority etcd-clients", "pg-01/patroni"])
        self.assertEqual(self.read("authorities/servers/ca.crt"), authority)
        self.assertEqual(os.listdir(self.path("certificates")), ["pg-01"])
        self.assertFalse(os.path.exists(self.path("ca")))

    def test_a_new_authority_takes_three_steps_and_each_may_be_repeated_after_an_interruption(self):
        self.issue(SERVER)
        shutil.copy(self.path("certificates/pg-01/postgres.crt"), self.path("certificates/old.crt"))
        found = []
        for step in ("trust", "trust", "replace", "trust", "replace", "forget"):
            issued = self.issue(SERVER, CLIENT, step=(step, "servers"))
            is_trusted = [self.is_accepted(name, "servers", "sslserver") for name in ("old", "pg-01/postgres")]
            found.append((step, "pg-01/postgres" in issued, *is_trusted))
        self.assertEqual(
            found,
            [
                ("trust", False, True, True),
                ("trust", False, True, True),
                ("replace", True, True, True),
                ("trust", False, True, True),
                ("replace", False, True, True),
                ("forget", False, False, True),
            ],
        )
        self.assertEqual(sorted(os.listdir(self.path("authorities/servers"))), ["ca.crt", "ca.key"])

    def test_in_the_first_step_the_new_authority_is_trusted_before_it_issues(self):
        self.issue(SERVER)
        self.issue(SERVER, step=("trust", "servers"))
        both = self.read("authorities/servers/ca.crt").split("-----BEGIN")
        self.issue(SERVER, step=("replace", "servers"))
        self.assertEqual(self.read("authorities/servers/ca.crt").split("-----BEGIN"), [both[0], both[2], both[1]])

    def test_refuses_to_forget_an_authority_that_still_issues_and_one_that_is_not_there(self):
        self.issue(SERVER)
        self.issue(SERVER, step=("trust", "servers"))
        for step in (("forget", "servers"), ("trust", "others")):
            with self.assertRaises(subprocess.CalledProcessError):
                self.issue(SERVER, step=step)
        self.assertTrue(self.is_accepted("pg-01/postgres", "servers", "sslserver"))

    def test_refuses_half_an_authority(self):
        self.issue(SERVER)
        os.unlink(self.path("authorities/servers/ca.key"))
        with self.assertRaises(subprocess.CalledProcessError) as raised:
            self.issue(SERVER)
        self.assertIn("has only one of ca.crt and ca.key", raised.exception.stderr)


if __name__ == "__main__":
    unittest.main()
