#!/bin/busybox sh
# First process of the guest: loads drivers, mounts the host's root read-only below a memory overlay, and goes there.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
while read -r module; do $b insmod "/modules/$module" 2>/dev/null; done </modules.list
options=trans=virtio,version=9p2000.L,msize=512000
$b mount -t 9p -o $options,cache=loose,ro,noatime root /lower || echo 'init: cannot mount the root of the host' >/dev/console
$b mount -t tmpfs -o mode=755,size=75% tmpfs /upper
$b mkdir /upper/changes /upper/work /upper/root
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/changes,workdir=/upper/work overlay /upper/root
$b mkdir -p /upper/root/.guest
$b mount -t 9p -o $options,cache=none control /upper/root/.guest
$b mount --move /dev /upper/root/dev
$b mount --move /proc /upper/root/proc
$b mount --move /sys /upper/root/sys
exec $b switch_root /upper/root /bin/sh /.guest/stage2.sh
