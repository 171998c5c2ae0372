#!/bin/sh
# Makes a root file system with nothing in it but busybox and a layout, and becomes process 1 there: says "ready", and
# reaps what is orphaned until it is killed. Started by bare-host.ts in namespaces of its own.
#   bare-host.sh DIRECTORY BUSYBOX LAYOUT
set -eu
root=$1
mount --make-rprivate /
mount -t tmpfs -o mode=755 bare-host "$root"
mkdir "$root/bin" "$root/dev" "$root/proc" "$root/run" "$root/layout"
cp "$2" "$root/bin/busybox"
chroot "$root" /bin/busybox --install -s /bin
mount --bind "$3" "$root/layout"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
exec chroot "$root" /bin/sh -c 'echo ready; sleep 2147483647 >/dev/null & wait'
