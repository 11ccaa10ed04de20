#!/bin/sh
# Makes the programs of Kubernetes, CoreDNS, metrics-server and helm. Those of Kubernetes come from where they are released; where that cannot be
# reached, from their sources like the others. Everything has a checksum here or in go.sum.
# usage: build.sh FOLDER VERSION, with ARCH: amd64 or arm64. They are in FOLDER/bin.
# Says each step as a line "step: ..." on standard output; everything else goes to FOLDER/build.log.
set -eu
folder=$1 version=$2
cd "$(dirname "$0")"
exec 3>&1 >"$folder/build.log" 2>&1
step() { echo "step: $*" >&3; echo "== $*"; }
kubernetes="kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl"
tools="coredns metrics-server helm"
go=1.26.8
mkdir "$folder/bin"

# From the change log of Kubernetes; the module golang.org/toolchain.
case $version-$ARCH in
  v1.37.2-amd64)
    released=0956faf23fbe144f7b7d787bd3c9fa601a2916c30152d7788f4d5155168d1db353e252ee865f196c55c24b5c1e8ef9aa351ce5aa34afe2506ed5f88864f6ce0c
    toolchain=30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7
    ;;
  v1.37.2-arm64)
    released=cd1b134bbc30a3ba07579556ee03b630412adbc443b262d5fe42527c6c316393b1cc4a58ba2fb83b030c571494dcae6a8d49818245c192efc97ffcedd90b0b41
    toolchain=02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99
    ;;
  *) echo "no checksums of $version for $ARCH"; exit 1 ;;
esac

# Fails where it cannot be reached, and ends the build where it is another file.
download() { # CHECKSUM ADDRESS
  curl -fsSL --connect-timeout 10 --retry 2 -o "$folder/download" "$2" || return 1
  echo "${1#*:}  $folder/download" | "sha${1%%:*}sum" --check --strict || exit 1
}

compile() { # PROGRAM PACKAGE NAME...
  program=$1 package=$2 component=k8s.io/component-base/version
  shift 2
  all=$(go list -deps "$package" | wc -l)
  minor=${version#v1.}
  {
    go build -v -trimpath -o "$folder/bin/$program" -ldflags "-s -w -X $component.gitVersion=$version -X $component.gitMajor=1 \
      -X $component.gitMinor=${minor%%.*} -X $component.gitTreeState=clean" "$package" 2>&1 || echo failed >"$folder/failed"
  } | while read -r line; do
    echo "$line"
    compiled=$((${compiled:-0} + 1))
    [ $((compiled % 100)) -ne 0 ] || echo "step: compiling $program, $compiled of $all packages at most" >&3
  done
  [ ! -e "$folder/failed" ]
  for name; do ln -s "$program" "$folder/bin/$name"; done
}

export CGO_ENABLED=0 GOFLAGS="-mod=readonly -buildvcs=false" GOTOOLCHAIN=auto
# Where there is none, or one that cannot get the newer one that go.mod asks for.
if ! go list -m; then
  step "downloading Go $go"
  proxy=${GOPROXY:-https://proxy.golang.org}
  download "256:$toolchain" "${proxy%%[,|]*}/golang.org/toolchain/@v/v0.0.1-go$go.linux-$ARCH.zip"
  python3 -m zipfile -e "$folder/download" "$folder/go"
  PATH=$(echo "$folder"/go/golang.org/*/bin):$PATH
  chmod 755 "$folder"/go/golang.org/*/bin/* "$folder"/go/golang.org/*/pkg/tool/*/*
fi

step "downloading the programs of Kubernetes"
if download "512:$released" "https://dl.k8s.io/$version/kubernetes-server-linux-$ARCH.tar.gz"; then
  tar -C "$folder/bin" --strip-components=3 --no-same-owner -xzf "$folder/download" $(printf 'kubernetes/server/bin/%s ' $kubernetes)
else
  step "downloading the sources of Kubernetes instead"
  compile kubernetes . $kubernetes
fi
step "downloading the sources of $tools"
compile tools ./tools $tools
rm -rf "$folder/download" "$folder/go"
