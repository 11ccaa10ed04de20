#!/bin/sh
# Does for one machine what a computer does: mounts its disk, boots it, boots it again when it asks for a reboot, and ends with it.
# usage: supervisor.sh MACHINE FOLDER IMAGE FIRST_USER PROGRAMS HOST_GROUP GROUP...
#   in the stand's network namespace and in a mount namespace of its own: all mounts end with the last process of the machine
#   FIRST_USER: number of the machine's root on this computer; its other users follow
#   PROGRAMS: folder of Kubernetes' programs, if the machine is a node: it gets what a container runtime needs; "" otherwise
#   GROUP: folders of the machine's cgroups, one per hierarchy; HOST_GROUP: the one of this script and of lxcfs
# Files in FOLDER: disk.img, seed/ and stop are read; supervisor.pid, nspawn.pid, events.log, console.log and lock are written.
set -u
name=$1 folder=$2 image=$3 first_user=$4 programs=$5 host_group=$6
shift 6
map_owners=$(dirname "$0")/map-owners.py
rebooting=133    # systemd-nspawn's exit code when the machine asks for a reboot

cd "$folder" || exit 1
# lxcfs and the launcher inherit the lock: it is free when nobody uses the disk.
exec 9>lock
flock --wait 60 9 || { echo "$name: its disk is in use" >&2; exit 1; }

log() { printf '%s %s\n' "$(date +%s.%3N)" "$*" >>events.log; }
fail() { log "failed: $*"; echo "$name: $*" >&2; exit 1; }

write_pid() { # PID FILE: with its start and the boot, so that no other process with the same number is taken for it
  stat=$(cat "/proc/$1/stat") || return 1
  set -- "$1" "$2" ${stat##*) }
  echo "$1 ${22} $(cat /proc/sys/kernel/random/boot_id)" >"$2.new" && mv "$2.new" "$2"
}

echo 0 >"$host_group/cgroup.procs" || fail "cannot join the cgroup $host_group"
write_pid $$ supervisor.pid
echo -900 >/proc/self/oom_score_adj 2>/dev/null

# The kernel may still be writing the disk of a machine whose supervisor was killed: two file systems on it would destroy it.
tries=1200
while [ -n "$(losetup -j disk.img)" ]; do
  [ $tries -gt 0 ] || fail "its disk is in use: $(losetup -j disk.img)"
  tries=$((tries - 1))
  sleep 0.05
done

# Releases the computer's other file systems: a running machine must not keep anybody from unmounting them.
tac /proc/self/mountinfo | while read -r _ _ _ _ place _; do
  case $place in / | /proc* | /sys* | /dev* | /run*) continue ;; esac
  case $folder/ in "$place"/*) continue ;; esac
  case $image/ in "$place"/*) continue ;; esac
  umount -l "$(printf %b "$place")"
done

# nspawn keeps its locks under the machine's name: two stands may have machines of the same name.
mkdir -p /run/systemd/nspawn disk mapped-disk mapped-image root lxcfs
mount -t tmpfs -o mode=755 nspawn /run/systemd/nspawn || fail "cannot mount a tmpfs"
mount -o loop,noatime,discard disk.img disk || fail "cannot mount its disk"
mkdir -p disk/upper disk/work
mount_root() { # DISK IMAGE
  mount -t overlay overlay -o "nodev,lowerdir=$2,upperdir=$1/upper,workdir=$1/work" root
}
# A full disk must not keep the machine from booting: an unchanged seed is not written again.
if ! cmp -s seed/version disk/upper/etc/goldenring-seed; then
  mount_root disk "$image" || fail "cannot mount its root file system"
  # Never through a link that the machine has made.
  cp -a --remove-destination seed/files/. root/ && cp --remove-destination seed/version root/etc/goldenring-seed || log "the disk is full: the seed is not updated"
  umount root
fi
drop=CAP_MKNOD,CAP_AUDIT_CONTROL,CAP_LEASE,CAP_LINUX_IMMUTABLE,CAP_SYS_TTY_CONFIG
set_binds() { # GROUP...: what a node needs besides
  # Not on the overlay: its layers would be overlays on it. On its own disk, so that the limit holds for them.
  mkdir -p disk/containerd disk/kubelet
  binds="--bind=$PWD/disk/containerd:/var/lib/containerd --bind=$PWD/disk/kubelet:/var/lib/kubelet --bind-ro=$programs:/opt/kubernetes"
  for group; do # of version 1: systemd sees version 2, which limits nothing there
    controller=${group#/sys/fs/cgroup/}
    [ -e "$group/cgroup.controllers" ] || binds="$binds --bind=$group:/var/lib/cgroup1/${controller%%/*}"
  done
}
binds=
# With a user namespace, root of the machine is nobody on this computer. On the disk and in the image, its files belong to root all the same.
if [ -n "$programs" ]; then
  # Containers mount /proc, and the kernel lets nobody do that in a user namespace in which files of it are hidden.
  users=no
  drop=${drop#CAP_MKNOD,}
  set_binds "$@"
  mount_root disk "$image" || fail "cannot mount its root file system"
elif python3 -IS "$map_owners" "$first_user" disk mapped-disk "$image" mapped-image && mount_root mapped-disk mapped-image; then
  users=$first_user:65536
else
  echo "without a user namespace" >&2    # the lab looks for it
  users=no
  mount_root disk "$image" || fail "cannot mount its root file system"
fi

lxcfs -f --enable-cfs -p "$folder/lxcfs.pid" "$folder/lxcfs" >lxcfs.log 2>&1 &
lxcfs=$!
tries=100
until [ -e lxcfs/proc/meminfo ]; do
  kill -0 $lxcfs 2>/dev/null && [ $tries -gt 0 ] || fail "lxcfs does not start"
  tries=$((tries - 1))
  sleep 0.05
done

empty_groups() { # a machine leaves groups below its own; while they exist, version 2 lets no process in
  for group; do
    find "$group" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null
    for controller in $(cat "$group/cgroup.subtree_control" 2>/dev/null); do
      echo "-$controller" >"$group/cgroup.subtree_control" 2>/dev/null
    done
  done
}

show_cpu_limit() { # lxcfs looks for it in the group of the machine's first process
  for group; do
    [ -e "$group/cpu.max" ] || continue
    tries=50
    until cat "$group/cpu.max" >"$group/payload/cpu.max" 2>/dev/null; do
      [ $tries -gt 0 ] || return
      tries=$((tries - 1))
      sleep 0.1
    done
  done
}

launch='
for group; do echo 0 >"$group/cgroup.procs" || exit 1; done
# A process that stops the machine writes this file and then reads the groups: one of the two sees the other.
[ ! -e stop ] || exit 0
ulimit -n 524288 2>/dev/null    # from inside a user namespace, nspawn could not raise it
exec systemd-nspawn --quiet --directory=root --boot --machine="$name" --hostname="$name" --register=no --keep-unit \
  --network-bridge=ring --resolv-conf=off --timezone=off --link-journal=no --console=pipe \
  --rlimit=NOFILE=1024:524288 --private-users="$users" \
  --drop-capability="$drop" --bind-ro="$PWD/lxcfs:/var/lib/lxcfs" $binds
'
while [ ! -e stop ]; do
  empty_groups "$@"
  # The kernel may not have removed the interface of a killed machine yet.
  ip link delete "vb-$name" 2>/dev/null
  [ "$(stat -c %s console.log 2>/dev/null || echo 0)" -lt 4000000 ] || : >console.log
  log start
  name=$name users=$users drop=$drop binds=$binds SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 sh -c "$launch" launch "$@" </dev/null >>console.log 2>&1 &
  nspawn=$!
  write_pid $nspawn nspawn.pid
  show_cpu_limit "$@" &
  wait $nspawn
  code=$?
  log "end $code"
  [ $code -eq $rebooting ] || break
done
rm -f nspawn.pid

umount root
umount mapped-disk mapped-image 2>/dev/null
umount disk || log "its file systems stay in use"
kill $lxcfs && wait $lxcfs
umount lxcfs 2>/dev/null
rm -f supervisor.pid lxcfs.pid
