#!/bin/sh
# ring: the one command for the stand. Installs what is missing (bootstrap.mjs), then runs cli/src/main.ts with the installed Bun.
# Works from any folder and by a symbolic link.
set -u
root=$(dirname "$(readlink -f "$0")")
bun=$root/node_modules/.bin/bun

# Bun takes settings, variables and packages from the current folder, which may belong to anybody, and options from the environment.
unset BUN_OPTIONS NODE_OPTIONS
config=--config=$root/stand/bunfig.toml
types=--tsconfig-override=$root/tsconfig.json

install_missing() {
  # Once installed, Bun does Node's part where there is no Node, as under sudo, which sets another PATH.
  if command -v node >/dev/null; then set -- node
  elif [ -x "$bun" ]; then set -- "$bun" --no-install --no-env-file "$config" "$types"
  else
    echo "ring: node is not found. Install Node 20 or newer from https://nodejs.org." >&2
    [ -z "${SUDO_USER:-}" ] || echo "If node is found without sudo, pass your PATH on:  sudo env \"PATH=\$PATH\" $0 ..." >&2
    return 1
  fi
  # root must leave no files of its own in a checkout that belongs to another user.
  owner=$(stat -c %u "$root")
  if [ "$(id -u)" = 0 ] && [ "$owner" != 0 ]; then
    HOME=$(getent passwd "$owner" | cut -d: -f6)
    export HOME
    set -- setpriv --reuid="$owner" --regid="$(stat -c %g "$root")" --init-groups "$@"
  fi
  "$@" "$root/bootstrap.mjs"
}

(install_missing) || exit

exec "$bun" --no-install --no-env-file "$config" "$types" "$root/cli/src/main.ts" "$@"
