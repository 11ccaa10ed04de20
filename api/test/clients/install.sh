#!/usr/bin/env bash
# Installs the foreign clients and the generators of clients that the tests of this folder use, and prints the folder that they are in.
# Python with its venv module, Go, Node with npm, a JDK and Maven must be there. --where prints the folder and installs nothing.
set -euo pipefail
cd "$(dirname "$0")"

versions=$(cat install.sh requirements.txt pom.xml go/go.mod | cksum | cut -d" " -f1)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/goldenring/clients-$versions
if [ "${1:-}" != --where ] && [ ! -e "$folder/complete" ]; then
  rm -rf "$folder"
  python=$(command -v /usr/bin/python3 || command -v python3)
  "$python" -m venv "$folder/python" >&2
  "$folder/python/bin/pip" install --quiet --requirement requirements.txt >&2
  # Its decoder of zstd is another one than that of later versions.
  "$folder/python/bin/pip" install --quiet --no-deps --target "$folder/aiohttp-3.13" aiohttp==3.13.5 >&2
  (cd go && go build -o "$folder/bin/" ./decode github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen github.com/ogen-go/ogen/cmd/ogen >&2)
  npm install --silent --no-save --prefix "$folder/npm" openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3 >&2
  mvn --quiet --batch-mode --file pom.xml dependency:copy-dependencies -DoutputDirectory="$folder/java" >&2
  touch "$folder/complete"
fi
echo "$folder"
