#!/bin/sh
# Makes the programs of Kubernetes and helm: from their sources where Go is installed, else from where they are released.
# usage: build.sh FOLDER VERSION, with ARCH: amd64 or arm64. They are in FOLDER/bin.
# Says each step as a line "step: ..." on standard output; everything else goes to FOLDER/build.log.
set -eu
folder=$1 version=$2
cd "$(dirname "$0")"
exec 3>&1 >"$folder/build.log" 2>&1
step() { echo "step: $*" >&3; echo "== $*"; }
programs="kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl helm"
mkdir "$folder/bin"

download() { # NAME ADDRESS ADDRESS_OF_CHECKSUM
  step "downloading $1"
  curl -fsSL --retry 3 -o "$folder/bin/$1" "$2"
  sum=$(curl -fsSL --retry 3 "$3" | cut -d " " -f 1)
  echo "$sum  $folder/bin/$1" | sha256sum --check --strict
  chmod 755 "$folder/bin/$1"
}

if command -v go; then
  component=k8s.io/component-base/version
  minor=${version#v1.}
  export CGO_ENABLED=0 GOFLAGS="-mod=readonly -buildvcs=false" GOTOOLCHAIN=auto
  step "downloading the sources"
  all=$(go list -deps . | wc -l)
  step "compiling $all packages"
  {
    go build -v -trimpath -o "$folder/bin/kubernetes" -ldflags "-s -w -X $component.gitVersion=$version -X $component.gitMajor=1 \
      -X $component.gitMinor=${minor%%.*} -X $component.gitTreeState=clean" . 2>&1 || echo failed >"$folder/failed"
  } | awk '{ print; fflush() } NR % 100 == 0 { print "step: compiling, " NR " of '"$all"' packages" >>"/dev/fd/3"; fflush() }'
  [ ! -e "$folder/failed" ]
  for program in $programs; do ln -s kubernetes "$folder/bin/$program"; done
else
  for program in ${programs% helm}; do
    at=https://dl.k8s.io/release/$version/bin/linux/$ARCH/$program
    download "$program" "$at" "$at.sha256"
  done
  at=https://get.helm.sh/helm-$(sed -n "s|^[[:space:]]*helm.sh/helm/v4 ||p" go.mod)-linux-$ARCH.tar.gz
  download helm.tar.gz "$at" "$at.sha256sum"
  tar -C "$folder/bin" --strip-components=1 -xzf "$folder/bin/helm.tar.gz" "linux-$ARCH/helm"
  rm "$folder/bin/helm.tar.gz"
fi
