#!/usr/bin/python
"""Asks the REST interface of the Patroni member on this machine, and waits for a state of it.

Not ansible.builtin.uri: that of ansible-core 2.14 cannot do TLS under Python 3.12 and newer, and it polls over ssh.
"""

import base64
import json
import ssl
import time
import urllib.error
import urllib.request

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: patroni
short_description: Waits for a state of the Patroni member on this machine, and changes its cluster
options:
  action:
    type: str
    required: true
    choices: [settle, synchronous, configure, hand_over, reload]
    description: >
      settle waits until the member is the primary or streams from it; synchronous, until it is the synchronous standby;
      configure merges C(config) into the settings that all members share; hand_over makes another member the primary;
      reload makes Patroni read its files again and waits until it uses the certificate on disk.
  address: {type: str, required: true, description: Address of this member.}
  port: {type: int, default: 8008, description: Port of its REST interface.}
  ca: {type: path, default: /etc/patroni/tls/ca.crt}
  certificate: {type: path, default: /etc/patroni/tls/server.crt}
  user: {type: str, description: Login for what changes something.}
  password: {type: str}
  config: {type: dict}
  patience: {type: int, default: 120, description: Seconds to wait.}
"""

PAUSE_S = 0.25
# Patroni answers a request for a switchover when the switchover has ended.
ANSWER_TIMEOUT_S = 60
# Patroni takes signals that come close together for one.
BETWEEN_RELOADS_S = 1


class Member:
    def __init__(self, params):
        self.address = (params["address"], params["port"])
        self.base = "https://%s:%d" % self.address
        self.tls = ssl.create_default_context(cafile=params["ca"])
        login = "%s:%s" % (params["user"], params["password"])
        self.authorization = "Basic " + base64.b64encode(login.encode()).decode()

    def ask(self, path, method="GET", body=None):
        """(status, parsed body); status 0 and the reason if there was no answer."""
        request = urllib.request.Request(self.base + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
            request.add_header("Authorization", self.authorization)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls)
        )
        try:
            with opener.open(request, timeout=ANSWER_TIMEOUT_S) as answer:
                return answer.status, parsed(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, parsed(error.read())
        except (OSError, ValueError) as error:
            return 0, str(error)

    def certificate(self):
        """The certificate that the REST interface uses, or None if it does not answer."""
        try:
            return ssl.get_server_certificate(self.address).strip()
        except (OSError, ValueError):
            return None


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")


def is_settled(answer):
    status, member = answer
    if not isinstance(member, dict) or member.get("state") != "running":
        return False
    if member.get("role") == "primary":
        return status == 200
    return member.get("replication_state") == "streaming"


# Where it is the same on all members, the cluster has lost its data.
EMPTY = " (it has no data, and no primary to clone: if all members lost theirs, see `--from-backup` in docs/operations.md)"


def wait(module, ask, is_good, what, pause_s=PAUSE_S):
    """The first answer that is_good. Fails with the last answer if there is none within the module's patience."""
    end = time.monotonic() + module.params["patience"]
    while True:
        answer = ask()
        if is_good(answer):
            return answer
        if time.monotonic() > end:
            body = answer[1] if isinstance(answer, tuple) else None
            hint = EMPTY if isinstance(body, dict) and body.get("role") == "uninitialized" else ""
            module.fail_json(
                msg="%s for %d s; the last answer: %s%s. See: journalctl -u patroni"
                % (what, module.params["patience"], answer, hint)
            )
        time.sleep(pause_s)


def has(present, wanted):
    """Whether `present` has all of `wanted`. Patroni takes 200 and "200" for the same and keeps the older one."""
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(has(present.get(key), value) for key, value in wanted.items())
    return str(present) == str(wanted)


def configure(module, member):
    wanted = module.params["config"]
    _, present = wait(module, lambda: member.ask("/config"), is_ok, "no settings from etcd")
    if has(present, wanted):
        return False
    if module.check_mode:
        return True
    answer = member.ask("/config", "PATCH", wanted)
    if not is_ok(answer):
        module.fail_json(msg="Patroni refused the settings: %s" % (answer,))
    # Members apply them in their next loop. Whether PostgreSQL must restart for them shows in the one after.
    time.sleep(int(present.get("loop_wait", 10)) + int(wanted.get("loop_wait", 0)) + 2)
    return True


def is_ok(answer):
    return answer[0] == 200


def hand_over(module, member, name):
    # 412: there is no good candidate yet; 503: the switchover failed, for example because of packet loss.
    wait(module, lambda: member.ask("/switchover", "POST", {"leader": name}), is_ok, "no switchover to another member")


def reload(module, member):
    """Of two changes at once, Patroni 4.1 applies the settings with the first signal and the certificate of its REST interface with
    the second: it gets signals until it uses the certificate."""
    with open(module.params["certificate"], encoding="ascii") as file:
        on_disk = file.read().strip()

    def signal():
        module.run_command(["systemctl", "reload", "patroni"], check_rc=True)
        time.sleep(PAUSE_S)
        return member.certificate()

    wait(module, signal, lambda used: used == on_disk, "the REST interface uses another certificate", BETWEEN_RELOADS_S)


def main():
    module = AnsibleModule(
        argument_spec={
            "action": {
                "type": "str",
                "required": True,
                "choices": ["settle", "synchronous", "configure", "hand_over", "reload"],
            },
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "default": 8008},
            "ca": {"type": "path", "default": "/etc/patroni/tls/ca.crt"},
            "certificate": {"type": "path", "default": "/etc/patroni/tls/server.crt"},
            "user": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "config": {"type": "dict"},
            "patience": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    member = Member(module.params)
    action = module.params["action"]
    if action == "configure":
        module.exit_json(changed=configure(module, member))
    if action == "synchronous":
        wait(module, lambda: member.ask("/sync"), is_ok, "not the synchronous standby")
        module.exit_json(changed=False)
    if action == "reload":
        if not module.check_mode:
            reload(module, member)
        module.exit_json(changed=True)
    _, found = wait(module, lambda: member.ask("/patroni"), is_settled, "neither the primary nor streaming from it")
    primary = found["role"] == "primary"
    if action == "hand_over" and primary and not module.check_mode:
        hand_over(module, member, found["patroni"]["name"])
    module.exit_json(
        changed=action == "hand_over" and primary,
        primary=primary,
        must_restart=bool(found.get("pending_restart")),
    )


if __name__ == "__main__":
    main()
