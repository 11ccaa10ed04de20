import base64
import copy
import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading
import unittest

from run_module import CLUSTER, run_module

# Answers that Patroni 4.1.5 gave.
PRIMARY = {
    "state": "running",
    "postmaster_start_time": "2026-11-30 02:47:30.705200+00:00",
    "role": "primary",
    "server_version": 170012,
    "xlog": {"location": 83886312},
    "timeline": 1,
    "replication": [
        {
            "usename": "replicator",
            "application_name": "pg-02",
            "client_addr": "10.88.0.12",
            "state": "streaming",
            "sync_state": "sync",
            "sync_priority": 1,
        }
    ],
    "dcs_last_seen": 1796007579,
    "database_system_identifier": "7713790671513768270",
    "patroni": {"version": "4.1.5", "scope": "dev", "name": "pg-01"},
}
REPLICA = {
    "state": "running",
    "postmaster_start_time": "2026-11-30 02:47:37.139319+00:00",
    "role": "replica",
    "server_version": 170012,
    "xlog": {
        "received_location": 83886312,
        "replayed_location": 83886312,
        "replayed_timestamp": "2026-11-30 02:57:47.303042+00:00",
        "paused": False,
    },
    "sync_standby": True,
    "timeline": 1,
    "replication_state": "streaming",
    "dcs_last_seen": 1796007590,
    "database_system_identifier": "7713790671513768270",
    "patroni": {"version": "4.1.5", "scope": "dev", "name": "pg-02"},
}
CONFIG = {
    "ttl": 20,
    "loop_wait": 0,
    "synchronous_mode": True,
    "postgresql": {"use_slots": True, "parameters": {"max_connections": 200, "wal_level": "replica"}},
}


def without(answer, key):
    return {name: value for name, value in answer.items() if name != key}


class Interface(http.server.ThreadingHTTPServer):
    """Stands in for Patroni's REST interface: gives the answers of each path in turn, the last one again and again."""

    def __init__(self, certificates):
        self.requests, self.answers = [], {}
        super().__init__(("127.0.0.1", 0), Handler)
        self.certificates = certificates
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.use("pg-01")
        self.socket = self.context.wrap_socket(self.socket, server_side=True)

    def use(self, name):
        files = [os.path.join(self.certificates, "certificates", name + end) for end in (".crt", ".key")]
        self.context.load_cert_chain(*files)

    def handle_error(self, *_):
        """A client that only fetches the certificate sends no request."""


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        authorization = base64.b64decode(self.headers.get("Authorization", "")[len("Basic ") :]).decode()
        self.server.requests.append((self.command, self.path, json.loads(body or "null"), authorization))
        answers = self.server.answers.get((self.command, self.path), [(404, {})])
        status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode() if isinstance(answer, dict) else answer)

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, *_):
        pass


class PatroniTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        names = "servers pg-01 pg-01 serverAuth IP:127.0.0.1\nservers new new serverAuth IP:127.0.0.1\n"
        script = os.path.join(CLUSTER, "roles/secrets/files/issue-certificates")
        subprocess.run([script, cls.folder, "test"], input=names, text=True, check=True, capture_output=True)

    def setUp(self):
        self.interface = Interface(self.folder)
        thread = threading.Thread(target=self.interface.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.interface.server_close)
        self.addCleanup(self.interface.shutdown)

    def answers(self, path, *answers, method="GET"):
        self.interface.answers[(method, path)] = list(copy.deepcopy(answers))

    def run_patroni(self, action, check=False, path=None, **more):
        arguments = {
            "action": action,
            "address": "127.0.0.1",
            "port": self.interface.server_port,
            "ca": os.path.join(self.folder, "authorities/servers/ca.crt"),
            "certificate": os.path.join(self.folder, "certificates/pg-01.crt"),
            "user": "patroni",
            "password": "secret word",
            "patience": 20,
        }
        return run_module("patroni", {**arguments, **more}, check, path)

    def sent(self, method):
        return [request for request in self.interface.requests if request[0] == method]

    def test_settles_on_a_primary(self):
        self.answers("/patroni", (200, PRIMARY))
        result = self.run_patroni("settle")
        self.assertEqual((result["changed"], result["primary"], result["must_restart"]), (False, True, False))

    def test_settles_on_a_replica_once_it_streams(self):
        starting = {**without(REPLICA, "replication_state"), "state": "starting"}
        copying = {**REPLICA, "replication_state": "in archive recovery"}
        self.answers("/patroni", (503, starting), (200, copying), (503, b"no JSON"), (200, REPLICA))
        self.assertFalse(self.run_patroni("settle")["primary"])
        self.assertEqual(len(self.interface.requests), 4)

    def test_does_not_settle_on_a_primary_without_the_leader_key(self):
        self.answers("/patroni", (503, PRIMARY), (200, PRIMARY))
        self.assertTrue(self.run_patroni("settle")["primary"])
        self.assertEqual(len(self.interface.requests), 2)

    def test_tells_that_postgresql_must_restart(self):
        self.answers("/patroni", (200, {**REPLICA, "pending_restart": True}))
        self.assertTrue(self.run_patroni("settle")["must_restart"])

    def test_fails_with_the_last_answer_when_its_patience_ends(self):
        self.answers("/patroni", (503, {"state": "stopped", "role": "replica"}))
        result = self.run_patroni("settle", patience=0)
        self.assertTrue(result["failed"])
        self.assertIn("neither the primary nor streaming from it for 0 s", result["msg"])
        self.assertIn("'state': 'stopped'", result["msg"])

    def test_tells_what_to_do_where_a_member_has_no_data(self):
        self.answers("/patroni", (503, {"state": "stopped", "role": "uninitialized"}))
        self.assertIn("if all members lost theirs, see `--from-backup`", self.run_patroni("settle", patience=0)["msg"])

    def test_does_not_trust_a_certificate_of_another_authority(self):
        self.answers("/patroni", (200, PRIMARY))
        other = os.path.join(self.folder, "certificates/new.crt")
        result = self.run_patroni("settle", patience=0, ca=other)
        self.assertIn("CERTIFICATE_VERIFY_FAILED", result["msg"])
        self.assertEqual(self.interface.requests, [])

    def test_waits_until_the_member_is_the_synchronous_standby(self):
        self.answers("/sync", (503, REPLICA), (200, REPLICA))
        self.assertFalse(self.run_patroni("synchronous")["changed"])
        self.assertEqual(len(self.interface.requests), 2)

    def test_configures_what_differs_and_sends_its_login(self):
        wanted = {"ttl": 30, "postgresql": {"parameters": {"max_connections": 200}}}
        self.answers("/config", (200, CONFIG))
        self.answers("/config", (200, {}), method="PATCH")
        self.assertTrue(self.run_patroni("configure", config=wanted)["changed"])
        self.assertEqual(self.sent("PATCH"), [("PATCH", "/config", wanted, "patroni:secret word")])

    def test_configures_nothing_when_the_settings_are_equal_as_text(self):
        wanted = {"ttl": "20", "postgresql": {"parameters": {"max_connections": "200"}}}
        self.answers("/config", (200, CONFIG))
        self.assertFalse(self.run_patroni("configure", config=wanted)["changed"])
        self.assertEqual(self.sent("PATCH"), [])

    def test_configures_a_setting_that_is_missing_in_a_nested_part(self):
        self.answers("/config", (200, without(CONFIG, "postgresql")))
        result = self.run_patroni("configure", check=True, config={"postgresql": {"use_slots": True}})
        self.assertTrue(result["changed"])
        self.assertEqual(self.sent("PATCH"), [])

    def test_fails_when_patroni_refuses_the_settings(self):
        self.answers("/config", (200, CONFIG))
        self.answers("/config", (400, b"ttl is too small"), method="PATCH")
        self.assertIn("ttl is too small", self.run_patroni("configure", config={"ttl": 1})["msg"])

    def test_a_primary_hands_over_and_retries_without_a_candidate(self):
        self.answers("/patroni", (200, PRIMARY))
        self.answers("/switchover", (412, b"no good candidates"), (503, b"failed"), (200, b"done"), method="POST")
        self.assertTrue(self.run_patroni("hand_over")["changed"])
        self.assertEqual(self.sent("POST"), [("POST", "/switchover", {"leader": "pg-01"}, "patroni:secret word")] * 3)

    def test_a_replica_hands_nothing_over(self):
        self.answers("/patroni", (200, REPLICA))
        self.assertFalse(self.run_patroni("hand_over")["changed"])
        self.assertEqual(self.sent("POST"), [])

    def test_hands_nothing_over_in_check_mode(self):
        self.answers("/patroni", (200, PRIMARY))
        self.assertTrue(self.run_patroni("hand_over", check=True)["changed"])
        self.assertEqual(self.sent("POST"), [])

    def reload(self, then, **more):
        """The result, and how often systemctl was run; `then` runs after each signal that Patroni got."""
        programs = os.path.join(self.folder, "programs")
        os.makedirs(programs, exist_ok=True)
        signals = os.path.join(self.folder, "signals")
        with open(signals, "w", encoding="ascii"):
            pass
        with open(os.path.join(programs, "systemctl"), "w", encoding="ascii") as file:
            os.chmod(file.name, 0o755)
            file.write('#!/bin/sh\necho "$*" >>%s\n' % signals)
        ended = threading.Event()

        def count():
            with open(signals, encoding="ascii") as file:
                return len(file.readlines())

        def watch():
            seen = 0
            while not ended.wait(0.01):
                if count() > seen:
                    seen = count()
                    then(seen)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            return self.run_patroni("reload", path=programs + ":" + os.environ["PATH"], **more), count()
        finally:
            ended.set()
            watcher.join()

    def test_reloads_once_when_the_certificate_is_in_use(self):
        result, signals = self.reload(lambda _: None)
        self.assertEqual((result["changed"], signals), (True, 1))

    def test_reloads_again_until_the_new_certificate_is_in_use(self):
        certificate = os.path.join(self.folder, "certificates/new.crt")
        result, signals = self.reload(lambda seen: seen == 2 and self.interface.use("new"), certificate=certificate)
        self.assertNotIn("failed", result)
        self.assertGreaterEqual(signals, 2)

    def test_fails_when_the_new_certificate_is_never_in_use(self):
        certificate = os.path.join(self.folder, "certificates/new.crt")
        result, _ = self.reload(lambda _: None, certificate=certificate, patience=0)
        self.assertIn("the REST interface uses another certificate", result["msg"])


if __name__ == "__main__":
    unittest.main()
