"""A database machine, as the programs that heal and restore its data reach it: commands, PostgreSQL and Patroni."""

import functools
import http.client
import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request

SETTINGS = "/etc/goldenring/member.json"
SOCKETS = "/run/postgresql"
COMMAND_DEADLINE_S = 300
ASK_TIMEOUT_S = 3
# wal_segment_size, PostgreSQL's default.
SEGMENT_BITS = 24


class Failed(Exception):
    """What happened and what to do, for a person."""


class Member:
    def __init__(self, settings):
        self.stanza = settings["stanza"]
        self.address = settings["address"]
        self.data = settings["data"]
        self.bin = settings["bin"]
        self.login = settings["patroni_user"], settings["patroni_password"]

    @classmethod
    def of_this_machine(cls):
        with open(SETTINGS, encoding="utf-8") as file:
            return cls(json.load(file))

    @functools.cached_property
    def opener(self):
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        passwords.add_password(None, "https://%s:8008" % self.address, *self.login, is_authenticated=True)
        tls = ssl.create_default_context(cafile="/etc/patroni/tls/ca.crt")
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)
        return urllib.request.build_opener(*handlers, urllib.request.HTTPBasicAuthHandler(passwords))

    def ask(self, path, address=None, body=None):
        """(status, text) of Patroni, by default of this machine; (0, "") without an answer"""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request("https://%s:8008%s" % (address or self.address, path), data, headers)
        try:
            with self.opener.open(request, timeout=ASK_TIMEOUT_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""

    def describe(self, path):
        """What Patroni here says of its member (/patroni) or of all (/cluster); {} without an answer"""
        status, text = self.ask(path)
        return json.loads(text) if status == 200 else {}


def run(argv, deadline_s=COMMAND_DEADLINE_S, user=None, text=None, password=None):
    """Standard output. password: of PostgreSQL. @raises Failed"""
    identity = {"user": user, "group": user, "extra_groups": []} if user else {}
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    options = {"input": text, "capture_output": True, "text": True, "timeout": deadline_s, "cwd": "/", "env": environment}
    try:
        done = subprocess.run(argv, check=False, **options, **identity)
    except subprocess.TimeoutExpired:
        raise Failed("%s took longer than %d s" % (argv[0], deadline_s)) from None
    if done.returncode != 0:
        raise Failed("%s: %s" % (os.path.basename(argv[0]), (done.stderr or done.stdout).strip()[-600:]))
    return done.stdout


def succeeds(argv, **options):
    try:
        run(argv, **options)
    except Failed:
        return False
    return True


def psql(where, text, **options):
    """Lines of fields with | between them. @raises Failed"""
    return run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *where], text=text, **options)


def segment_name(number):
    """Without its timeline"""
    return "%08X%08X" % (number >> (32 - SEGMENT_BITS), number & ((1 << (32 - SEGMENT_BITS)) - 1))


def write(path, text):
    """For all to read; nobody reads a part of it."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path + ".new", 0o644)
    os.replace(path + ".new", path)
