#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's kernels for the module: headers to build against, image and modules to boot in QEMU.
# Usage: kernels.sh [SERIES...]   (6.1 6.12)   Prints the folders made: .build/kernels/SERIES
#
# Packages are unpacked, not installed: a kernel that is only tested must not become the one that
# this machine boots next. In a folder: vmlinuz, release, headers (for KDIR), modules.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "kernels: only amd64 kernels are tested" >&2; exit 1; }

# The newest NAME whose version is of the series.
version_of() { # package series
	apt-cache madison "$1" 2>/dev/null | awk -F'|' -v s="$2." '{ gsub(/ /, "", $2); if (index($2, s) == 1) print $2 }' |
		sort -V | tail -n 1
}

# The package that a meta package of the series stands for.
real() { # image|headers series
	local meta v
	for meta in "linux-$1-$2-amd64" "linux-$1-amd64"; do
		v=$(version_of "$meta" "$2")
		[ -n "$v" ] || continue
		apt-cache show "$meta=$v" | sed -n "s/^Depends:.*\(linux-$1-[^ ,]*-amd64\).*/\1/p" | head -n 1
		return
	done
	return 1
}

unpack() { # folder package...
	local to=$1 deb
	shift
	(cd "$to/deb" && apt-get -o APT::Sandbox::User=root -o Acquire::Retries=3 download -qq "$@" >/dev/null) ||
		return 1
	for deb in "$to"/deb/*.deb; do
		case ${deb##*/} in
		linux-image*) # all of it is 400 MB: the kernel, and what a guest's devices need
			dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$to" --wildcards './boot/vmlinuz*' \
				'*/drivers/net/virtio_net.ko*' '*/net_failover.ko*' '*/failover.ko*' \
				'*/drivers/virtio/*' '*/watchdog/i6300esb.ko*' '*/watchdog/watchdog.ko*' '*/net/dummy.ko*' \
				'*/virtio_blk.ko*' '*/fs/ext4/*' '*/fs/jbd2/*' '*/fs/mbcache.ko*' '*/lib/crc16.ko*' \
				'*/crypto/crc32c*' '*/lib/libcrc32c*' \
				'*/net/sched/sch_ingress.ko*' '*/net/sched/cls_bpf.ko*' ;;
		*) dpkg-deb -x "$deb" "$to" ;;
		esac
		rm "$deb"
	done
}

make_series() { # series
	local to=.build/kernels/$1 new image headers release common kbuild
	new=$(cksum <"${BASH_SOURCE[0]}")
	[ "$(cat "$to/made-by" 2>/dev/null)" = "$new" ] && { echo "$to"; return; } # by this very script
	if ! image=$(real image "$1") || ! headers=$(real headers "$1"); then
		echo "kernels: no kernel $1 in the package sources" >&2
		return 1
	fi
	mkdir -p .build
	new=$(mktemp -d .build/kernels.XXXXXX)
	chmod 755 "$new" && mkdir "$new/deb"
	release=${headers#linux-headers-}
	common=linux-headers-${release%-amd64}-common
	kbuild=$(apt-cache show "$headers" | sed -n 's/^Depends:.*\(linux-kbuild-[^ ,]*\).*/\1/p' | head -n 1)
	if ! unpack "$new" "$image" "$headers" "$common" "$kbuild"; then
		echo "kernels: packages of kernel $1 cannot be had: $image $headers $common $kbuild" >&2
		rm -rf "$new"
		return 1
	fi
	# the unpacked headers think that they are installed
	find "$new/usr/src" -maxdepth 2 -name Makefile -exec sed -i \
		"s|/usr/src/|$PWD/$to/usr/src/|g" {} +
	find "$new/usr" -type l -lname '/*' | while read -r l; do
		ln -sfn "$PWD/$to$(readlink "$l")" "$l"
	done
	ln -s "boot/vmlinuz-$release" "$new/vmlinuz"
	ln -s "usr/src/$headers" "$new/headers"
	ln -s "$(cd "$new" && find . -type d -path "*/lib/modules/$release" | head -n 1)" "$new/modules"
	echo "$release" >"$new/release"
	cksum <"${BASH_SOURCE[0]}" >"$new/made-by"
	mkdir -p .build/kernels && rm -rf "$to" && mv "$new" "$to"
	echo "$to"
}

rc=0
for s in "${@:-6.1}"; do
	make_series "$s" || rc=1
done
exit $rc
