"""Mounts folders with other owners: what belongs to user or group N of the disk belongs to BASE + N at TARGET, for N up to 65,535.
usage: map-owners.py BASE [FOLDER TARGET]...

This is `mount -o bind,X-mount.idmap=…` of util-linux 2.39; Debian 12 has 2.38. Linux 5.12, and a file system that supports it."""

import ctypes
import os
import signal
import struct
import sys

# <asm-generic/unistd.h>, the same on all processors; <linux/mount.h>, <fcntl.h>, <sched.h>
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH, MOUNT_ATTR_IDMAP = 1, 4, 0x100000
AT_FDCWD, AT_EMPTY_PATH, CLONE_NEWUSER = -100, 0x1000, 0x10000000

libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def user_namespace(base):
    """A descriptor of a user namespace; its process only serves to make it."""
    ready, write = os.pipe()
    child = os.fork()
    if child == 0:
        check(libc.unshare(CLONE_NEWUSER))
        os.write(write, b"x")
        signal.pause()
    os.close(write)
    try:
        os.read(ready, 1)
        for kind in ("uid", "gid"):
            with open(f"/proc/{child}/{kind}_map", "w") as file:
                # overlayfs makes its own files as the user who mounts it. On the disk they get a number that no machine can use.
                file.write(f"0 {base} 65536\n65536 0 1\n")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


attributes = struct.pack("QQQQ", MOUNT_ATTR_IDMAP, 0, 0, user_namespace(int(sys.argv[1])))
for folder, target in zip(sys.argv[2::2], sys.argv[3::2]):
    tree = check(libc.syscall(OPEN_TREE, AT_FDCWD, folder.encode(), OPEN_TREE_CLONE))
    check(libc.syscall(MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH, attributes, len(attributes)))
    check(libc.syscall(MOVE_MOUNT, tree, b"", AT_FDCWD, target.encode(), MOVE_MOUNT_F_EMPTY_PATH))
