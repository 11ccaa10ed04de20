#!/bin/sh
# ring: the one command for the stand. Installs what is missing (bootstrap.mjs), then runs cli/src/main.ts with the installed Bun.
# Works from any folder and by a symbolic link.
set -u
root=$(dirname "$(readlink -f "$0")")
bun=$root/node_modules/.bin/bun

# Once installed, Bun does Node's part where there is no Node, as under sudo, which has a PATH of its own.
if command -v node >/dev/null; then runtime=node
elif [ -x "$bun" ]; then runtime=$bun
else
  echo "ring: node is not found. Install Node 20 or newer from https://nodejs.org." >&2
  [ -z "${SUDO_USER:-}" ] || echo "If node is found without sudo, hand your PATH on:  sudo env \"PATH=\$PATH\" $0 $*" >&2
  exit 1
fi

# Nothing of root's may stay in the folders of a checkout that is somebody else's.
owner=$(stat -c %u "$root")
if [ "$(id -u)" = 0 ] && [ "$owner" != 0 ]; then
  home=$(getent passwd "$owner" | cut -d: -f6)
  HOME=$home setpriv --reuid="$owner" --regid="$(stat -c %g "$root")" --init-groups "$runtime" "$root/bootstrap.mjs" ring || exit
else
  "$runtime" "$root/bootstrap.mjs" ring || exit
fi

# Bun would read its settings and variables from the current folder, which may be anybody's.
exec "$bun" --no-install --no-env-file --config="$root/cli/bunfig.toml" --tsconfig-override="$root/tsconfig.json" \
  "$root/cli/src/main.ts" "$@"
