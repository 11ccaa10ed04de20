#!/usr/bin/env bash
# Installs the foreign clients and the generators of clients that the tests of this folder use, and prints the folder that they are in.
# Python with its venv module, Go, Node with npm, a JDK and Maven must be there. --where prints the folder and installs nothing.
set -euo pipefail
cd "$(dirname "$0")"

versions=$(cat install.sh requirements.txt aiohttp-3.13.txt java.sha256 npm/package-lock.json go/go.sum | cksum | cut -d" " -f1)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/goldenring/clients-$versions
if [ "${1:-}" != --where ] && [ ! -e "$folder/complete" ]; then
  rm -rf "$folder"
  python=$(command -v /usr/bin/python3 || command -v python3)
  "$python" -m venv "$folder/python" >&2
  pip() { "$folder/python/bin/pip" install --quiet --require-hashes --no-deps --only-binary=:all: "$@" >&2; }
  pip --requirement requirements.txt
  pip --target "$folder/aiohttp-3.13" --requirement aiohttp-3.13.txt
  (cd go && GOFLAGS=-mod=readonly go build -o "$folder/bin/" ./decode github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen github.com/ogen-go/ogen/cmd/ogen >&2)
  mkdir "$folder/npm"
  cp npm/package.json npm/package-lock.json "$folder/npm"
  npm ci --silent --ignore-scripts --prefix "$folder/npm" >&2
  mvn --quiet --batch-mode --strict-checksums --file pom.xml dependency:copy-dependencies -DoutputDirectory="$folder/java" >&2
  (cd "$folder/java" && sha256sum --strict --quiet --check) < java.sha256 >&2
  touch "$folder/complete"
fi
echo "$folder"
