#!/usr/bin/python
"""Asks the REST interface of the Patroni member on this machine, and waits for what it is to become.

Not ansible.builtin.uri: with ansible-core 2.14 that cannot do TLS under Python 3.12 and newer, and it waits by asking
over ssh again and again.
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
short_description: What the Patroni member on this machine is, and changes to its cluster
options:
  action:
    type: str
    required: true
    choices: [settle, synchronous, configure, hand_over]
    description: >
      settle waits until the member is the primary or streams from it; synchronous until it is the synchronous replica;
      configure merges C(config) into the settings that all members share; hand_over makes another member the primary.
  address: {type: str, required: true, description: Of this member.}
  ca: {type: path, default: /etc/patroni/tls/ca.crt}
  user: {type: str, description: Login for what changes something.}
  password: {type: str}
  config: {type: dict}
  patience: {type: int, default: 120, description: Seconds to wait.}
"""

PORT = 8008
PAUSE = 0.25
# A switchover answers when it is done.
ANSWER_SECONDS = 60


class Member:
    def __init__(self, params):
        self.base = "https://%s:%d" % (params["address"], PORT)
        self.tls = ssl.create_default_context(cafile=params["ca"])
        login = "%s:%s" % (params["user"], params["password"])
        self.authorization = "Basic " + base64.b64encode(login.encode()).decode()

    def ask(self, path, method="GET", body=None):
        """(status, parsed body); status 0 and the reason when there was no answer."""
        request = urllib.request.Request(self.base + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
            request.add_header("Authorization", self.authorization)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls)
        )
        try:
            with opener.open(request, timeout=ANSWER_SECONDS) as answer:
                return answer.status, parsed(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, parsed(error.read())
        except (OSError, ValueError) as error:
            return 0, str(error)


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


def wait(module, ask, is_good, what):
    """The first answer that is_good; fails with the last one when there is none within the member's patience."""
    end = time.monotonic() + module.params["patience"]
    while True:
        answer = ask()
        if is_good(answer):
            return answer[1]
        if time.monotonic() > end:
            module.fail_json(
                msg="%s for %d s; it says: %s. See: journalctl -u patroni" % (what, module.params["patience"], answer)
            )
        time.sleep(PAUSE)


def has(present, wanted):
    """Whether all of `wanted` is in force. Patroni takes 200 and "200" for the same, and keeps the older one."""
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(has(present.get(key), value) for key, value in wanted.items())
    return str(present) == str(wanted)


def configure(module, member):
    wanted = module.params["config"]
    present = wait(module, lambda: member.ask("/config"), lambda answer: answer[0] == 200, "no settings from etcd")
    if has(present, wanted):
        return False
    if module.check_mode:
        return True
    answer = member.ask("/config", "PATCH", wanted)
    if answer[0] != 200:
        module.fail_json(msg="Patroni refused the settings: %s" % (answer,))
    # Members take them over in their next loop; whether PostgreSQL must restart for them shows in the one after.
    time.sleep(int(present.get("loop_wait", 10)) + int(wanted.get("loop_wait", 0)) + 2)
    return True


def hand_over(module, member, name):
    def try_once():
        return member.ask("/switchover", "POST", {"leader": name})

    # 412: no good candidate yet; 503: it did not come to pass, such as under packet loss.
    wait(module, try_once, lambda answer: answer[0] == 200, "no handing over to another member")


def main():
    module = AnsibleModule(
        argument_spec={
            "action": {"type": "str", "required": True, "choices": ["settle", "synchronous", "configure", "hand_over"]},
            "address": {"type": "str", "required": True},
            "ca": {"type": "path", "default": "/etc/patroni/tls/ca.crt"},
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
        wait(module, lambda: member.ask("/sync"), lambda answer: answer[0] == 200, "not the synchronous replica")
        module.exit_json(changed=False)
    found = wait(module, lambda: member.ask("/patroni"), is_settled, "neither the primary nor streaming from it")
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
