#!/usr/bin/env bash
# Installs what the tests of the chart use, and prints the folder that it is in: Helm 3 and 4, kubeconform, and the schemas of Kubernetes and of
# the resources that others define. Go and this repository's packages must be there. --where prints the folder and installs nothing.
set -euo pipefail
cd "$(dirname "$0")"

# Modules of which only some files are needed, with their checksums as go.sum would have them: the newest release of Kubernetes and the two before it, and
# those who define other resources.
modules="
  k8s.io/kubernetes@v1.37.2=h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=
  k8s.io/kubernetes@v1.36.3=h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=
  k8s.io/kubernetes@v1.35.4=h1:o/8dBC/pHVpYoGV4OAIytAlNPZbdYVTXJHoYvXC4qzM=
  sigs.k8s.io/gateway-api@v1.7.0=h1:duVnm7nO6oXfMMUWfcDoBph47CYR/ME3NGxccOVglaY=
  github.com/prometheus-operator/prometheus-operator@v0.85.0=h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=
  github.com/cloudnative-pg/cloudnative-pg@v1.30.0=h1:fnhVq44xXx97MNiuvJsPrX1vSjYbgdyBK5MSGfdHdp0=
"

versions=$(cat install.sh schemas.ts tools/*/go.sum | cksum | cut -d" " -f1)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/goldenring/charts-$versions
if [ "${1:-}" != --where ] && [ ! -e "$folder/complete" ]; then
  rm -rf "$folder"
  mkdir -p "$folder/bin" "$folder/schemas"
  build() { (cd "tools/$1" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -ldflags="-s -w" -o "$folder/bin/$1" "$2" >&2); }
  build helm3 helm.sh/helm/v3/cmd/helm
  build helm4 helm.sh/helm/v4/cmd/helm
  build kubeconform github.com/yannh/kubeconform/cmd/kubeconform

  # Nothing else of the modules stays.
  scratch=$(mktemp -d)
  trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
  cd "$scratch"
  for pinned in $modules; do
    module=${pinned%%=*}
    version=${module#*@}
    GOFLAGS=-modcacherw GOMODCACHE="$scratch/modules" GOTOOLCHAIN=auto go mod download -json "$module" > downloaded.txt
    grep -qF "\"Sum\": \"${pinned#*=}\"" downloaded.txt || { cat downloaded.txt >&2; echo "$module has another checksum than the pinned one" >&2; exit 1; }
    [ "${module%@*}" != k8s.io/kubernetes ] || cp "modules/$module/api/openapi-spec/swagger.json" "$version.json"
    for file in crd/standard/*httproutes.yaml prometheus-operator-crd/*_servicemonitors.yaml prometheus-operator-crd/*_prometheusrules.yaml \
      config/crd/bases/postgresql.cnpg.io_clusters.yaml; do
      find "modules/$module" -path "*/$file" -exec cp {} . \;
    done
    rm -rf modules
  done
  "$OLDPWD/../../node_modules/.bin/bun" "$OLDPWD/schemas.ts" "$scratch" "$folder/schemas" >&2
  touch "$folder/complete"
fi
echo "$folder"
