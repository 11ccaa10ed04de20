#!/bin/sh
# Builds the golden image: Debian with all packages of the stand, Patroni and Bun, and no service that starts by itself.
# usage: build.sh FOLDER CACHE, in mount and process namespaces of its own: nothing of it stays mounted or running, however it ends
# Environment: SUITE MIRROR SECURITY_MIRROR BASE_PACKAGES PACKAGES PATRONI INSTALL_PATRONI PATRONI_REQUIREMENTS BUN BUN_VERSION SECRETS (a folder with what the build needs of
# the computer's own settings: apt.conf, pip.conf, ca.crt, each of them may be missing), and PIP_*, *_proxy as they are.
# CACHE keeps the downloaded packages, for the next build.
# Says each step as a line "step: ..." on standard output; everything else goes to FOLDER/build.log.
set -eu
folder=$1 cache=$2
root=$folder/root
exec 3>&1 >"$folder/build.log" 2>&1
step() { echo "step: $*" >&3; echo "== $*"; }
in_image() {
  chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 "$@"
}

step "Debian's base system (debootstrap)"
script=
[ -e "/usr/share/debootstrap/scripts/$SUITE" ] || script=sid
mkdir -p "$cache"
# A name server or mirror that fails for a moment must not cost the whole build; what is downloaded is in the cache.
tries=3
# Of a keyring that is missing it would only warn.
until debootstrap --force-check-gpg --keyring=/usr/share/keyrings/debian-archive-keyring.gpg --cache-dir="$cache" --variant=minbase --include="$BASE_PACKAGES" "$SUITE" "$root" "$MIRROR" $script; do
  tries=$((tries - 1))
  [ $tries -gt 0 ] || exit 1
  umount -R "$root/proc" "$root/sys" 2>/dev/null || :
  rm -rf --one-file-system "$root"
  sleep 2
done
# debootstrap may leave them mounted.
umount -R "$root/proc" "$root/sys" 2>/dev/null || :
mount -t proc proc "$root/proc"

step "packages of the stand (apt)"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
printf 'path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\n' >"$root/etc/dpkg/dpkg.cfg.d/goldenring"
mkdir -p "$root/etc/postgresql-common" "$root/run/build"
echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
mount -t tmpfs -o mode=755 build "$root/run/build"
mount --bind "$cache" "$root/var/cache/apt/archives"
cp "$SECRETS"/* "$root/run/build/" 2>/dev/null || :
cat /etc/resolv.conf >"$root/run/build/resolv.conf"
rm -f "$root/etc/resolv.conf"
ln -s /run/build/resolv.conf "$root/etc/resolv.conf"
{
  echo "deb $MIRROR $SUITE main"
  echo "deb $MIRROR $SUITE-updates main"
  echo "deb $SECURITY_MIRROR $SUITE-security main"
} >"$root/run/build/sources.list"
apt() { in_image env APT_CONFIG=/run/build/apt.conf apt-get -q -o Acquire::Retries=5 -o APT::Keep-Downloaded-Packages=1 -o Dir::Etc::SourceList=/run/build/sources.list "$@"; }
apt update
# shellcheck disable=SC2086 # a list
for _ in 1 2 3; do
  ! apt dist-upgrade -y --download-only || ! apt install -y --no-install-recommends --download-only $PACKAGES || break
  sleep 2
done
apt dist-upgrade -y
# shellcheck disable=SC2086 # a list
apt install -y --no-install-recommends $PACKAGES

step "Patroni $PATRONI (PyPI)"
for file in ca.crt pip.conf; do
  # For the account that pip runs as.
  [ ! -e "$root/run/build/$file" ] || install -m 400 -o 65534 -g 65534 "$root/run/build/$file" "$root/run/build/pip-$file"
done
[ ! -e "$root/run/build/ca.crt" ] || export PIP_CERT=/run/build/pip-ca.crt SSL_CERT_FILE=/run/build/pip-ca.crt REQUESTS_CA_BUNDLE=/run/build/pip-ca.crt
[ ! -e "$root/run/build/pip.conf" ] || export PIP_CONFIG_FILE=/run/build/pip-pip.conf
# psycopg's binary brings its libpq; ydiff and python-etcd exist as pure Python sources only: no compiler is needed.
in_image sh -c "$(cat "$INSTALL_PATRONI")" install-patroni /opt/patroni <"$PATRONI_REQUIREMENTS"
unset PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE PIP_CONFIG_FILE
in_image /opt/patroni/bin/python -m compileall -q /opt/patroni || :
for program in patroni patronictl; do ln -s "/opt/patroni/bin/$program" "$root/usr/local/bin/$program"; done

step "Bun $BUN_VERSION"
install -D -m 755 "$BUN" "$root/opt/goldenring/bun-$BUN_VERSION/bun"

step "settings"
# lxcfs gives each machine its own figures; the mounts must be there before anything reads them.
cat >"$root/etc/systemd/system/machine-figures.service" <<'UNIT'
[Unit]
Description=This machine's own memory, CPU and uptime in /proc
DefaultDependencies=no
Before=sysinit.target
ConditionPathExists=/var/lib/lxcfs/proc/meminfo
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for file in meminfo stat uptime cpuinfo; do mount --bind /var/lib/lxcfs/proc/$file /proc/$file; done'
[Install]
WantedBy=sysinit.target
UNIT
mkdir -p "$root/var/lib/lxcfs" "$root/etc/systemd/system-preset"
printf 'UseDNS no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n' >"$root/etc/ssh/sshd_config.d/10-goldenring.conf"
rm -f "$root"/etc/ssh/ssh_host_*
printf 'enable systemd-networkd.service\nenable ssh.service\nenable machine-figures.service\ndisable *\n' >"$root/etc/systemd/system-preset/00-build.preset"
in_image systemctl preset-all
rm "$root/etc/systemd/system-preset/00-build.preset"
in_image systemctl mask systemd-networkd-wait-online.service systemd-firstboot.service

step "cleaning up"
in_image dpkg-query -W -f '${Package} ${Version}\n' >"$folder/packages.txt"
in_image /opt/patroni/bin/pip freeze >>"$folder/packages.txt"
apt autoclean
umount "$root/run/build" "$root/var/cache/apt/archives"
in_image apt-get clean
rm -rf --one-file-system "$root/var/lib/apt/lists"/* "$root/var/log/apt" "$root/var/log/dpkg.log" "$root/var/log/bootstrap.log" \
  "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf" "$root/run/build" "$root/tmp"/* "$root/root/.cache"
{
  echo "deb http://deb.debian.org/debian $SUITE main"
  echo "deb http://deb.debian.org/debian $SUITE-updates main"
  echo "deb http://deb.debian.org/debian-security $SUITE-security main"
} >"$root/etc/apt/sources.list"
: >"$root/etc/resolv.conf"
: >"$root/etc/machine-id"
umount "$root/proc"
sync -f "$root"
