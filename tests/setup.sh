#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what picket needs to be built, run and tested, from the package sources this machine
# already has. Usage: setup.sh build|lab|test|stack|survey   (each includes the ones before it)
#
# libraft >= 0.22 is in Debian 13 and in Debian 12's backports. The backports line is derived from
# the machine's own configuration, so that a mirror stays a mirror.
set -euo pipefail

want=${1:-build}
build=(build-essential clang llvm libelf-dev zlib1g-dev libbpf-dev bpftool pkg-config
	libuv1-dev libssl-dev libjansson-dev libfyaml-dev libxml2-dev libical-dev libmicrohttpd-dev libgnutls28-dev
	libcurl4-openssl-dev libsystemd-dev libfreeipmi-dev libsnmp-dev libsqlite3-dev libmnl-dev
	libcriterion-dev libraft-dev)
lab=(iproute2 resource-agents nginx-light curl openssl iputils-arping procps util-linux jq xxd
	python3)
test=(spin fence-agents openipmi ipmitool snmpd snmp pacemaker pacemaker-cli-utils
	pacemaker-resource-agents qemu-system-x86 xz-utils sparse coccinelle strace libxml2-utils
	clang-format shellcheck tcpdump git chromium
	chromium-driver python3-jsonschema debhelper dh-dkms dpkg-dev debootstrap dkms
	libclang-rt-dev e2fsprogs dwarves kmod graphviz tzdata)
# What the stack runs, what the survey of OCF agents drives, and for whom a host's files are (tests/package/test-host).
# None of it is started by dpkg.
stack=(mariadb-server galera-4 rsync redis-server rabbitmq-server haproxy keepalived memcached
	python3-pymysql keystone uwsgi-core uwsgi-plugin-python3 corosync)
survey=(apache2-bin bind9 bind9-host isc-dhcp-server slapd ldap-utils squid postfix
	corosync-qnetd rsyslog iptables iputils-ping postgresql
	zsh fish firewalld prometheus)

[ -e /etc/debian_version ] || { echo "setup: this is not Debian; install by hand: ${build[*]}" >&2; exit 1; }
. /etc/os-release

list=("${build[@]}")
case $want in
build) ;;
lab) list+=("${lab[@]}") ;;
test) list+=("${lab[@]}" "${test[@]}") ;;
stack) list+=("${lab[@]}" "${test[@]}" "${stack[@]}") ;;
survey) list+=("${lab[@]}" "${test[@]}" "${stack[@]}" "${survey[@]}") ;;
*) echo "setup: unknown set '$want'; one of build, lab, test, stack, survey" >&2; exit 2 ;;
esac

version() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null || true; }

missing=()
for p in "${list[@]}"; do
	[ -n "$(version "$p")" ] && dpkg-query -W -f '${Status}' "$p" | grep -q ' installed$' || missing+=("$p")
done
raft=$(version libraft-dev)
if [ -n "$raft" ] && dpkg --compare-versions "$raft" lt 0.22; then
	missing+=(libraft-dev)
fi
[ ${#missing[@]} -eq 0 ] && exit 0
[ "$(id -u)" = 0 ] || { echo "setup: as root: apt-get install ${missing[*]}" >&2; exit 1; }

# The mirror that serves this release's main archive, taken from deb822 or one-line sources.
backports_line() {
	local uri key
	uri=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(ORIGIN)' 'Created-By: Packages' |
		awk -v r="$VERSION_CODENAME" '$2 == r && $3 == "Debian" { print $1; exit }')
	[ -n "$uri" ] || { echo "setup: found no Debian mirror in the apt configuration" >&2; exit 1; }
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	printf 'deb [signed-by=%s] %s %s-backports main\n' "$key" "$uri" "$VERSION_CODENAME"
}

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || true # one dead third-party source must not stop us; install will tell
candidate=$(apt-cache madison libraft-dev | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | sort -V | tail -n 1)
if [ -z "$candidate" ] || dpkg --compare-versions "$candidate" lt 0.22; then
	backports_line >/etc/apt/sources.list.d/picket-backports.list
	apt-get update -qq || true
fi
raft_version=$(apt-cache madison libraft-dev | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | sort -V | tail -n 1)
dpkg --compare-versions "${raft_version:-0}" ge 0.22 ||
	{ echo "setup: no libraft >= 0.22 in the package sources (found: ${raft_version:-none})" >&2; exit 1; }
args=()
for p in "${missing[@]}"; do
	case $p in
	libraft-dev) args+=("libraft-dev=$raft_version" "libraft0=$raft_version") ;;
	*) args+=("$p") ;;
	esac
done
# A server that is installed to be tested is not started on this machine: picket is to do that.
if [ "$want" = stack ] || [ "$want" = survey ]; then
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod 755 /usr/sbin/policy-rc.d
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	fi
fi
echo "setup: installing ${missing[*]}"
apt-get install -y -qq --no-install-recommends "${args[@]}" >/dev/null
