#!/bin/sh
# Makes a node of a test cluster serve the handlers `spin` and `wasmtime`, as docs/guide/containerd.md says. Runs on the
# node, as root: set-up-node.sh CHECKOUT, a prepared checkout at a path that the node sees.
set -eu
checkout=$1
configuration=/etc/containerd/config.toml

for name in containerd-shim-spin-v2 containerd-shim-wasmtime-v1; do
  ln -sf "$checkout/src/shim/containerd-shim-kwasm-v1" "/usr/local/bin/$name"
done
case $(containerd --version) in
  *' 1.'* | *' v1.'*) section='"io.containerd.grpc.v1.cri".containerd.runtimes' ;;
  *) section='"io.containerd.cri.v1.runtime".containerd.runtimes' ;;
esac
grep -q 'runtimes.spin' "$configuration" || {
  for handler in spin:io.containerd.spin.v2 wasmtime:io.containerd.wasmtime.v1; do
    cat <<EOF
[plugins.$section.${handler%%:*}]
runtime_type = "${handler#*:}"
container_annotations = ["io.kubernetes.container.ports", "kwasm.sh/*"]
pod_annotations = ["kwasm.sh/*"]
EOF
  done >>"$configuration"
  systemctl restart containerd
}
