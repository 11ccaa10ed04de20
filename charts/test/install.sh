#!/usr/bin/env bash
# Installs what the tests of the chart use, and prints the folder that it is in: Helm 3 and 4, kubeconform, and the schemas of Kubernetes and of
# the resources that others define. Go and this repository's packages must be there. --where prints the folder and installs nothing.
set -euo pipefail
cd "$(dirname "$0")"

# The newest release and the two before it.
kubernetes="v1.37.2 v1.36.3 v1.35.4"
resources="sigs.k8s.io/gateway-api@v1.7.0 github.com/prometheus-operator/prometheus-operator@v0.85.0"

versions=$(cat install.sh schemas.ts tools/*/go.sum | cksum | cut -d" " -f1)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/goldenring/charts-$versions
if [ "${1:-}" != --where ] && [ ! -e "$folder/complete" ]; then
  rm -rf "$folder"
  mkdir -p "$folder/bin" "$folder/schemas"
  build() { (cd "tools/$1" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -ldflags="-s -w" -o "$folder/bin/$1" "$2" >&2); }
  build helm3 helm.sh/helm/v3/cmd/helm
  build helm4 helm.sh/helm/v4/cmd/helm
  build kubeconform github.com/yannh/kubeconform/cmd/kubeconform

  # Modules of which only one or two files are needed: nothing of them stays. Go compares each with its public list of checksums.
  scratch=$(mktemp -d)
  trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
  cd "$scratch"
  download() { GOFLAGS=-modcacherw GOMODCACHE="$scratch/modules" GOTOOLCHAIN=auto go mod download "$1" >&2; }
  for version in $kubernetes; do
    download "k8s.io/kubernetes@$version"
    cp "modules/k8s.io/kubernetes@$version/api/openapi-spec/swagger.json" "$version.json"
    rm -rf modules
  done
  for module in $resources; do
    download "$module"
    find "modules/${module}" -path '*/crd/standard/*httproutes.yaml' -exec cp {} . \;
    find "modules/${module}" -path '*/prometheus-operator-crd/*_servicemonitors.yaml' -exec cp {} . \;
    find "modules/${module}" -path '*/prometheus-operator-crd/*_prometheusrules.yaml' -exec cp {} . \;
    rm -rf modules
  done
  "$OLDPWD/../../node_modules/.bin/bun" "$OLDPWD/schemas.ts" "$scratch" "$folder/schemas" >&2
  touch "$folder/complete"
fi
echo "$folder"
