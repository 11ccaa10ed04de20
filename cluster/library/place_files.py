#!/usr/bin/python
"""Writes a set of files in one run, and records which of them are not applied yet.

One run per machine and role instead of one per file: over ssh that is most of the time of an installation. A changed file is
recorded on the machine until the role has applied it, by a reload or a restart of its service, and acknowledges it. After an
interrupted run the next one therefore applies what is left.
"""

import difflib
import glob
import grp
import os
import pwd
import re
import shlex
import stat
import tempfile

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: place_files
short_description: Writes a set of files at once
options:
  name: {type: str, required: true, description: Name of the set, one per role and machine.}
  directories: {type: list, elements: dict, description: Folders to make before the files are written.}
  files: {type: list, elements: dict, description: Files to write as a whole, or as a block between two marker lines.}
  look_for: {type: list, elements: str, description: Patterns of paths. Those without a match are returned as missing.}
  acknowledge: {type: bool, default: false, description: The set is applied. Deletes its record.}
  absent: {type: list, elements: path, description: Files of earlier versions, deleted when the set is applied.}
  records: {type: path, default: /run/goldenring/pending, description: Folder of the records.}
"""

RETURN = r"""
pending: {type: list, elements: str, returned: always, description: Paths that were written and are not applied yet.}
restart: {type: bool, returned: always, description: Whether a pending file has restart set.}
missing: {type: list, elements: str, returned: always, description: Patterns of look_for without a match.}
"""

# A restart of the machine deletes the records in /run: every service has then started with what is on disk.
RECORDS = "/run/goldenring/pending"

ATTRIBUTES = {"owner": {"type": "str", "default": "root"}, "group": {"type": "str", "default": "root"}}
DIRECTORY = {"path": {"type": "path", "required": True}, "mode": {"type": "str", "default": "0755"}, **ATTRIBUTES}
FILE = {
    "dest": {"type": "path", "required": True},
    "content": {"type": "str", "required": True, "no_log": True},
    "mode": {"type": "str", "default": "0644"},
    # A command that refuses a bad file, with %s for its path, before it replaces the old one.
    "validate": {"type": "str"},
    # For text inside a file that belongs to others: only the text between two marker lines with this name is written.
    "block": {"type": "str"},
    # The service reads this file only when it starts.
    "restart": {"type": "bool", "default": False},
    **ATTRIBUTES,
}


def ids(entry):
    return pwd.getpwnam(entry["owner"]).pw_uid, grp.getgrnam(entry["group"]).gr_gid


def attributes_differ(entry, path):
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return True
    return (status.st_uid, status.st_gid) != ids(entry) or status.st_mode & 0o7777 != int(entry["mode"], 8)


def make_directory(entry, check):
    """True if the folder was missing or had other attributes."""
    path = entry["path"]
    missing = not os.path.isdir(path)
    if not missing and not attributes_differ(entry, path):
        return False
    if not check:
        os.makedirs(path, exist_ok=True)
        os.chown(path, *ids(entry))
        os.chmod(path, int(entry["mode"], 8))
    return True


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def with_block(present, entry):
    begin, end = ("# %s %s\n" % (word, entry["block"]) for word in ("begin", "end"))
    block = begin + entry["content"].rstrip("\n") + "\n" + end
    text = present or ""
    old = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if old.search(text):
        return old.sub(lambda _: block, text, count=1)
    return text + ("" if text == "" or text.endswith("\n") else "\n") + block


def write(module, entry, wanted):
    """Writes all or nothing: a temporary file in the same folder with its final attributes, then a rename. A link is replaced and
    not followed: its target belongs to others."""
    dest = entry["dest"]
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(dest), prefix=".place_files-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(wanted)
            file.flush()
            os.fsync(file.fileno())
        os.chown(temporary, *ids(entry))
        os.chmod(temporary, int(entry["mode"], 8))
        if entry["validate"]:
            code, out, err = module.run_command(shlex.split(entry["validate"] % temporary))
            if code != 0:
                module.fail_json(msg="%s was refused: %s" % (dest, (err or out).strip()))
        os.rename(temporary, dest)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def place_file(module, entry):
    """The difference for --diff, or None if the file is as expected."""
    present = read(entry["dest"])
    wanted = with_block(present, entry) if entry["block"] else entry["content"]
    if present == wanted and not attributes_differ(entry, entry["dest"]):
        return None
    if not module.check_mode:
        write(module, entry, wanted)
    return {"prepared": difference(entry, present or "", wanted)}


def difference(entry, present, wanted):
    """Not as two texts: Ansible would blank out the new one, since `content` is secret."""
    dest = entry["dest"]
    if present == wanted:
        return "%s: other attributes\n" % dest
    if not int(entry["mode"], 8) & 0o004:
        return "%s: other content, which is not shown\n" % dest
    lines = difflib.unified_diff(present.splitlines(), wanted.splitlines(), dest, dest, lineterm="")
    return "\n".join(lines) + "\n"


def record(path, pending):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in pending))


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "directories": {"type": "list", "elements": "dict", "options": DIRECTORY, "default": []},
            "files": {"type": "list", "elements": "dict", "options": FILE, "default": []},
            "look_for": {"type": "list", "elements": "str", "default": []},
            "acknowledge": {"type": "bool", "default": False},
            "absent": {"type": "list", "elements": "path", "default": []},
            "records": {"type": "path", "default": RECORDS},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    own_record = os.path.join(wanted["records"], wanted["name"])
    pending = (read(own_record) or "").splitlines()
    if wanted["acknowledge"]:
        if pending and not module.check_mode:
            os.unlink(own_record)
        for path in wanted["absent"]:
            if os.path.lexists(path) and not module.check_mode:
                os.unlink(path)
        module.exit_json(changed=False, pending=[], restart=False, missing=[])
    differences = []
    try:
        for entry in wanted["directories"]:
            if make_directory(entry, module.check_mode) and entry["path"] not in pending:
                pending.append(entry["path"])
        for entry in wanted["files"]:
            difference = place_file(module, entry)
            if difference is None:
                continue
            differences.append(difference)
            if entry["dest"] not in pending:
                pending.append(entry["dest"])
            if not module.check_mode:
                record(own_record, pending)
    except KeyError as error:
        # In check mode the packages that bring the users are not installed yet.
        if not module.check_mode:
            module.fail_json(msg="there is no such user or group: %s" % error)
    module.exit_json(
        changed=bool(pending),
        pending=pending,
        restart=any(entry["restart"] and entry["dest"] in pending for entry in wanted["files"]),
        missing=[pattern for pattern in wanted["look_for"] if not glob.glob(pattern)],
        diff=differences,
    )


if __name__ == "__main__":
    main()
