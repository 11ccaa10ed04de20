"""Runs a module of cluster/library the way Ansible does: arguments as JSON, the result as JSON on standard output."""

import json
import os
import subprocess
import sys

CLUSTER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run_module(name, arguments, check=False, path=None):
    """The module's result. `path` replaces PATH."""
    done = subprocess.run(
        [sys.executable, os.path.join(CLUSTER, "library", name + ".py")],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": check}}),
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **({"PATH": path} if path else {})},
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise AssertionError("%s printed no result:\n%s\n%s" % (name, done.stdout, done.stderr))
    return json.loads(lines[-1])
