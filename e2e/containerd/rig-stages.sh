#!/bin/sh
# The stages of a rig's isolation, each started by namespaces.ts:
#   enter DIRECTORY BUSYBOX  joins the cgroups listed in DIRECTORY/cgroups, then becomes the parent of "init" in new
#                            namespaces, and ends when it does
#   init BUSYBOX             process 1 of the rig: mounts what containerd, CNI and runc would else share with the
#                            machine, says "ready", and reaps what is orphaned until it is killed, and all with it
#   join COMMAND…            runs COMMAND in the rig's cgroups, to which entering namespaces alone does not lead
set -eu

mount_cgroups() {
  type=$(stat --file-system --format %T /sys/fs/cgroup)
  # runc finds hierarchies by the list of mounts, where hidden ones would come first.
  umount --recursive --lazy /sys/fs/cgroup
  if [ "$type" = cgroup2fs ]; then
    mount -t cgroup2 cgroup /sys/fs/cgroup
    # A cgroup that has processes gives no controllers to those below it, so the rig's own processes get one of theirs.
    mkdir /sys/fs/cgroup/rig
    echo 0 >/sys/fs/cgroup/rig/cgroup.procs
    return
  fi
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  while IFS=: read -r _ controllers _; do
    # The hierarchy of cgroup v2 has a line without controllers where v1 is in use; cgroups(7).
    [ -n "$controllers" ] || continue
    hierarchy=/sys/fs/cgroup/${controllers#name=}
    case $controllers in name=*) controllers=none,$controllers ;; esac
    mkdir "$hierarchy"
    mount -t cgroup -o "$controllers" cgroup "$hierarchy"
  done </proc/self/cgroup
}

case $1 in
  enter)
    while read -r cgroup; do echo 0 >"$cgroup/cgroup.procs"; done <"$2/cgroups"
    exec unshare --net --mount --pid --ipc --uts --cgroup --fork --kill-child --mount-proc "$0" init "$3"
    ;;
  init)
    mount -t tmpfs -o mode=755 run /run
    # CNI keeps its results in /var/lib/cni whatever its configuration says.
    mkdir -p /run/var-lib/upper /run/var-lib/work
    mount -t overlay -o lowerdir=/var/lib,upperdir=/run/var-lib/upper,workdir=/run/var-lib/work var-lib /var/lib
    mount_cgroups
    # As on a node: what is mounted later is seen in the mount namespaces that containers get.
    mount --make-rshared /
    "$2" ip link set lo up
    echo ready
    sleep infinity >/dev/null &
    wait
    ;;
  join)
    shift
    cgroups=/sys/fs/cgroup/rig
    [ -d "$cgroups" ] || cgroups=/sys/fs/cgroup/*
    for cgroup in $cgroups; do echo 0 >"$cgroup/cgroup.procs"; done
    exec "$@"
    ;;
esac
