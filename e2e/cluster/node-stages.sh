#!/bin/sh
# The stages of a cluster's nodes, each started by cluster.ts or node.ts in the cluster's namespaces:
#   network NODES          makes the network of the nodes, with a way to the pods of each of that many
#   enter                  makes a node's cgroups and network, then becomes the parent of "init" in new namespaces
#   init                   process 1 of the node: makes its root of the machine's, and keeps containerd, kubelet and
#                          kube-proxy running until it is killed, and all with it
#   remove NAME            removes the cgroups and the network of a node that has ended
# Of a node it is told by variables: NODE_NAME, NODE_NUMBER, NODE_ADDRESS, NODE_DIRECTORY (with "files" to copy),
# NODE_NODES (how many there may be), NODE_MEBIBYTES (what it has of the machine's memory, 0: all), NODE_VISIBLE (folders
# of the machine that it sees), NODE_CONTAINERD, NODE_RUNC, NODE_PLUGINS (folders of programs), NODE_KUBERNETES,
# NODE_KUBECONFIG.
set -eu

# The address and the pods' subnet of a node; addresses.ts has them too.
add_routes() { # COUNT OWN COMMAND…
  count=$1 own=$2
  shift 2
  number=1
  while [ $number -le "$count" ]; do
    [ $number = "$own" ] || "$@" route add "10.244.$((8 * number)).0/21" via "10.199.0.$((10 + number))"
    number=$((number + 1))
  done
}

mount_cgroups() {
  target=$1
  if [ "$(stat --file-system --format %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mount -t cgroup2 cgroup "$target"
    return
  fi
  mount -t tmpfs -o mode=755 cgroup "$target"
  while IFS=: read -r _ controllers _; do
    [ -n "$controllers" ] || continue
    hierarchy=$target/${controllers#name=}
    case $controllers in name=*) controllers=none,$controllers ;; esac
    mkdir "$hierarchy"
    mount -t cgroup -o "$controllers" cgroup "$hierarchy"
  done </proc/self/cgroup
}

# kubelet sets these, which are the machine's: in a node they are files of its own.
hide_settings() {
  for setting in kernel/panic kernel/panic_on_oops vm/overcommit_memory vm/panic_on_oom kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
    mkdir -p "$NODE_DIRECTORY/changes/settings/${setting%/*}"
    cat "/proc/sys/$setting" >"$NODE_DIRECTORY/changes/settings/$setting"
    mount --bind "$NODE_DIRECTORY/changes/settings/$setting" "$1/$setting"
  done
}

# An overlay cannot be the upper directory of another, so containerd's images are in memory where the disk is one.
mount_data() {
  [ "$(stat --file-system --format %T "$NODE_DIRECTORY")" != overlayfs ] || return 0
  for path in var/lib/containerd var/lib/kubelet; do
    mkdir -p "$NODE_DIRECTORY/data/$path" "$1/$path"
    mount --bind "$NODE_DIRECTORY/data/$path" "$1/$path"
  done
}

make_root() {
  root=$NODE_DIRECTORY/root
  mkdir -p "$root" "$NODE_DIRECTORY/changes"
  mount -t tmpfs -o mode=755 node "$NODE_DIRECTORY/changes"
  mkdir "$NODE_DIRECTORY/changes/upper" "$NODE_DIRECTORY/changes/work"
  options=lowerdir=/,upperdir=$NODE_DIRECTORY/changes/upper,workdir=$NODE_DIRECTORY/changes/work
  mount -t overlay -o "$options" node "$root"
  rm -rf "$root/etc/containerd" "$root/etc/cni" "$root/etc/kubernetes" "$root/opt" "$root/var/lib/kubelet" "$root/var/lib/containerd" "$root/var/log"
  mkdir -p "$root/opt/cni" "$root/var/log/pods" "$root/var/log/containers"
  mount -t proc proc "$root/proc"
  hide_settings "$root/proc/sys"
  mount -t sysfs sysfs "$root/sys"
  mount_cgroups "$root/sys/fs/cgroup"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=755 run "$root/run"
  mount -t tmpfs tmp "$root/tmp"
  for path in $NODE_VISIBLE; do
    mkdir -p "$root$path"
    mount --bind "$path" "$root$path"
  done
  mount_data "$root"
}

install_programs() {
  install -m 755 "$NODE_CONTAINERD"/containerd "$NODE_CONTAINERD"/ctr "$NODE_CONTAINERD"/containerd-shim-runc-v2 /usr/bin/
  install -m 755 "$NODE_RUNC" /usr/sbin/runc
  cp -a "$NODE_PLUGINS" /opt/cni/bin
  rm -f /etc/hostname /etc/hosts /etc/resolv.conf
  cp -a "$NODE_DIRECTORY/files/." /
  install -m 755 "$(dirname "$0")/systemctl.sh" /usr/bin/systemctl
  # By this an installer knows that systemd runs.
  mkdir -p /run/systemd/system
}

supervise() { # NAME COMMAND…
  name=$1
  shift
  while :; do
    "$@" >>"/var/log/$name.log" 2>&1 &
    echo $! >"/run/supervised.$name"
    wait $! || :
    sleep 0.1
  done
}

list_cgroups() { # NAME [ACTION…]
  name=$1
  shift
  find /sys/fs/cgroup -depth -type d \( -path "*/$name" -o -path "*/$name/*" \) "$@"
}

remove_cgroups() { list_cgroups "$1" -exec rmdir {} \;; }

case $1 in
  network)
    ip link add nodes0 type bridge
    ip address add 10.199.0.1/24 dev nodes0
    ip link set nodes0 up
    sysctl -qw net.ipv4.ip_forward=1
    add_routes "$2" 0 ip
    ;;
  enter)
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
      [ -e "$hierarchy/cgroup.procs" ] || continue
      [ "$hierarchy" != /sys/fs/cgroup/rig ] || continue
      cgroup=$hierarchy/$NODE_NAME
      mkdir "$cgroup"
      for file in cpuset.cpus cpuset.mems; do [ ! -e "$cgroup/$file" ] || cat "$hierarchy/$file" >"$cgroup/$file"; done
      [ ! -e "$cgroup/cgroup.clone_children" ] || echo 1 >"$cgroup/cgroup.clone_children"
      for file in memory.limit_in_bytes memory.max; do
        [ "$NODE_MEBIBYTES" = 0 ] || [ ! -e "$cgroup/$file" ] || echo "${NODE_MEBIBYTES}M" >"$cgroup/$file"
      done
      echo 0 >"$cgroup/cgroup.procs"
    done
    ip netns add "$NODE_NAME"
    ip link add "v$NODE_NUMBER" type veth peer name eth0 netns "$NODE_NAME"
    ip link set "v$NODE_NUMBER" master nodes0 up
    ip -n "$NODE_NAME" link set lo up
    ip -n "$NODE_NAME" address add "$NODE_ADDRESS/24" dev eth0
    ip -n "$NODE_NAME" link set eth0 up
    ip -n "$NODE_NAME" route add default via 10.199.0.1
    add_routes "$NODE_NODES" "$NODE_NUMBER" ip -n "$NODE_NAME"
    exec nsenter --net="/run/netns/$NODE_NAME" unshare --mount --pid --ipc --uts --cgroup --fork --kill-child \
      --propagation private "$0" init
    ;;
  init)
    hostname "$NODE_NAME"
    make_root
    cd "$NODE_DIRECTORY/root"
    pivot_root . mnt
    umount -l /mnt
    cd /
    mount --make-rshared /
    sysctl -qw net.ipv4.ip_forward=1
    ulimit -n 20000
    install_programs
    supervise containerd containerd &
    supervise kubelet "$NODE_KUBERNETES/kubelet" --config /etc/kubernetes/kubelet.json --kubeconfig "$NODE_KUBECONFIG" \
      --hostname-override "$NODE_NAME" --node-ip "$NODE_ADDRESS" &
    supervise kube-proxy "$NODE_KUBERNETES/kube-proxy" --config /etc/kubernetes/proxy.json &
    wait
    ;;
  remove)
    ip netns delete "$2"
    # What was killed is in its cgroups until it is gone, and a node of the same name needs them to be new.
    while remove_cgroups "$2" 2>/dev/null; list_cgroups "$2" | grep -q .; do sleep 0.1; done
    ;;
esac
