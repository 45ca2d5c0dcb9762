# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# The lab's site: how it is built up, furnished, shown and taken away. Sourced by picket-lab.

site_yaml=$here/lab.yaml # what is configured; a stack has its own
stack_node() { :; }      # what a stack puts on a machine

ca_new() {
	mkdir -p "$dir/pki"
	"$bin/picket" pki ca "$dir/pki" >/dev/null
	# The BMCs' own certificate, as their vendor would have it.
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
		-keyout "$dir/pki/bmc.key" -out "$dir/pki/bmc.crt" -subj /CN=lab-bmc \
		-addext "subjectAltName=$(for n in {101..164}; do printf 'IP:10.77.3.%d,' "$n"; done | sed 's/,$//')" \
		2>/dev/null
}

# A disk that can be full, and with DISK_FS (ext4) one that can fail: it stays when the machine is switched off.
disk_new() { # machine
	local m=$1
	if [ -n "${DISK_FS:-}" ]; then
		truncate -s "${DISK_MB:-64}m" "$dir/$m/disk.img"
		"mkfs.$DISK_FS" -q "$dir/$m/disk.img"
		mount -o loop "$dir/$m/disk.img" "$dir/$m/disk"
	elif [ -n "${DISK_MB:-}" ]; then
		mount -t tmpfs -o "size=${DISK_MB}m,mode=755" "$LAB-$m" "$dir/$m/disk"
	fi
}

folder_new() { # machine
	local m=$1 e=$dir/$1/etc role
	mkdir -p "$e/pki" "$dir/$m/disk"
	disk_new "$m"
	case $m in c*) role=controller ;; *) role=node ;; esac
	! controllers | grep -qxF "$m" || [ $role = controller ] || role=node,controller
	"$bin/picket" pki issue "$dir/pki" "$m" --role "$role" --also localhost --out "$e/pki" \
		${CERT_TTL:+--ttl "$CERT_TTL"} >/dev/null
	cp "$dir/pki/bmc.crt" "$e/bmc-ca.crt"
	(umask 077 && echo lab-secret >"$e/bmc-password")
	printf '#!/bin/sh\ncat /etc/picket/bmc-password\n' >"$e/bmc-secret"
	chmod 0700 "$e/bmc-secret"
}

controller_new() { # machine: after its folder
	local m=$1 o c i=0 index=0
	o=$(octet "$m")
	{
		cat <<TXT
name: $m
state_dir: /var/lib/picket
socket: /run/picket/api.sock
pki: /etc/picket/pki
interfaces: [hb0, hb1]
link: 10.77.0.$o:7407
api: 0.0.0.0:7409
fence_path: [$bin, /usr/sbin]
TXT
		if [ "$(controllers | wc -l)" -eq 1 ]; then
			echo "index: 0"
		else
			case $m in n*) echo "node: $m" ;; esac
			echo "controllers:"
			for c in $(controllers); do
				o=$(octet "$c")
				echo "  - {name: $c, link: '10.77.0.$o:7407', raft: '10.77.0.$o:7408', addresses: [10.77.0.$o, 10.77.1.$o]}"
			done
		fi
	} >"$dir/$m/etc/picketd.yaml"
	echo "exec $bin/picketd --config /etc/picket/picketd.yaml" >>"$dir/$m/services"
}

bmc_start() { # node
	local o=$((100 + $(octet "$1"))) b=$dir/bmc-$1
	nsenter --net="/run/netns/$LAB-bmc" setsid "$here/lab_bmc.py" --listen "10.77.3.$o:443" --name "$1" \
		--cert "$dir/pki/bmc.crt" --key "$dir/pki/bmc.key" --password-file "$b/password" \
		--quirks "$b/quirks" --log "$b/log" --state "$dir/$1/power" \
		--on "$self power $1 on" --off "$tools/lab_pull $LAB $1 off" >"$b/console.log" 2>&1 </dev/null &
	echo $! >"$b/pid"
}

node_new() { # nN
	local m=$1 c
	folder_new "$m"
	{
		cat <<TXT
node: $m
state_dir: /var/lib/picket/agent
socket: /run/picket/agent.sock
pki: /etc/picket/pki
interfaces: [hb0, hb1]
data_interfaces: [data]
helpers: $(dirname "$bin")/ocf
ocf_root: /etc/picket/ocf
controllers:
TXT
		for c in $(controllers); do
			printf '  - {name: %s, addresses: [10.77.0.%d, 10.77.1.%d], link: "10.77.0.%d:7407"}\n' \
				"$c" "$(octet "$c")" "$(octet "$c")" "$(octet "$c")"
		done
	} >"$dir/$m/etc/agent.yaml"
	# As 'make install' would have it: our agents beside those of the packages.
	mkdir -p "$dir/$m/etc/ocf/resource.d/picket" "$dir/$m/etc/www"
	ln -s /usr/lib/ocf/lib "$dir/$m/etc/ocf/lib"
	for c in /usr/lib/ocf/resource.d/*; do [ "${c##*/}" = picket ] || ln -s "$c" "$dir/$m/etc/ocf/resource.d/"; done
	ln -s "$bin/ocf_picket_address" "$dir/$m/etc/ocf/resource.d/picket/address"
	echo "$m served this page" >"$dir/$m/etc/www/index.html"
	cat >"$dir/$m/etc/nginx.conf" <<TXT
worker_processes 1;
error_log /run/nginx-error.log;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path /run/nginx-body; proxy_temp_path /run/nginx-proxy;
	fastcgi_temp_path /run/nginx-fastcgi; uwsgi_temp_path /run/nginx-uwsgi; scgi_temp_path /run/nginx-scgi;
	server { listen 80; root /etc/picket/www; }
}
TXT
	cat >"$dir/$m/services" <<TXT
on-failure exec $bin/picket-agent --config /etc/picket/agent.yaml
exec ${VOICES:+env VOICE=data }$tools/lab_watch $VIP /var/lib/picket/watch.log
TXT
	stack_node "$m"
}

bmc_new() { # nN
	local m=$1 o=$((100 + $(octet "$1")))
	mkdir -p "$dir/bmc-$m"
	echo lab-secret >"$dir/bmc-$m/password"
	nsenter --net="/run/netns/$LAB-bmc" ip addr add "10.77.3.$o/24" dev bmc
	bmc_start "$m"
}

switches_new() {
	local l
	ip netns add "$LAB-sw"
	for l in "${links[@]}"; do
		sw ip link add "$l" type bridge forward_delay 0 stp_state 0
		sw ip link set "$l" up
	done
	ip netns add "$LAB-client"
	sw ip link add client type veth peer name data netns "$LAB-client"
	sw ip link set client master data up
	ip -n "$LAB-client" addr add 10.77.2.250/24 dev data
	ip -n "$LAB-client" link set data up
	ip netns add "$LAB-bmc"
	sw ip link add bmcs type veth peer name bmc netns "$LAB-bmc"
	sw ip link set bmcs master bmc up
	ip -n "$LAB-bmc" link set bmc up
	# One BMC's address may go without taking the others' along.
	nsenter --net="/run/netns/$LAB-bmc" -- sh -c 'echo 1 >/proc/sys/net/ipv4/conf/bmc/promote_secondaries'
	ip -n "$LAB-bmc" link set lo up
}

configuration() { # the cluster's configuration with as many nodes as this lab has
	local m o
	sed '/^# NODES/,$d' "$site_yaml" | sed "s/profile: default/profile: ${PROFILE:-default}\n  lease-on-vm: ${ON_VM:-false}/"
	echo "nodes:"
	for m in $(nodes); do
		o=$(octet "$m")
		echo "  $m: {id: $o, addresses: [10.77.0.$o, 10.77.1.$o]}"
	done
	echo "fencing:"
	echo "  devices:"
	for m in $(nodes); do
		cat <<TXT
    bmc-$m:
      agent: ${FENCE_AGENT:-fence_picket_redfish}
      targets: [$m]
      params: {ip: 10.77.3.$((100 + $(octet "$m"))), username: admin, $(fence_secret)}
TXT
	done
	echo "  topology:"
	for m in $(nodes); do echo "    $m: ${LEVELS:-[[bmc-$m]]}" | sed "s/BMC/bmc-$m/g"; done
	sed '1,/^# NODES/d' "$site_yaml"
}

fence_secret() {
	case ${FENCE_AGENT:-fence_picket_redfish} in
	fence_picket_*) echo "password_file: /etc/picket/bmc-password, ssl_ca: /etc/picket/bmc-ca.crt" ;;
	*) echo "password_script: /etc/picket/bmc-secret, ssl_insecure: 1" ;;
	esac
}

wait_for() { # seconds what command...
	local end=$((EPOCHSECONDS + $1)) what=$2
	shift 2
	until ("$@") >/dev/null 2>&1; do
		[ $EPOCHSECONDS -lt $end ] || { echo "picket-lab: gave up waiting for $what" >&2; return 1; }
		read -rt "${WAIT_STEP:-0.05}" <> <(:) || true
	done
}

# From the machine's loopback to the API of a controller, through the client's place in the lab.
door_open() { # controller
	local m=$1
	setsid "$here/lab_door.py" "/run/netns/$LAB-client" "10.77.2.$(octet "$m")" 7409 7409 "$dir/$m.door" >/dev/null 2>&1 </dev/null &
	echo $! >"$dir/$m.door.pid"
	wait_for 20 "the door to $m" test -s "$dir/$m.door"
}

console() { # where it is, and a token for it
	[ -s "$dir/token" ] || (umask 077 && ask token create console --role admin >"$dir/token" 2>/dev/null)
	say "Console:     https://localhost:$(cat "$dir"/*.door)/   (the lab's own CA: your browser will ask)"
	say "Token:       $(cat "$dir/token")"
}

api_up() { ask status --output json; }
page() { nsenter --net="/run/netns/$LAB-client" curl -fs --max-time 1 "http://$VIP/"; }

site_new() { # nodes
	local n=$1 m cg
	[ "$(id -u)" = 0 ] || die "needs root: namespaces, BPF"
	[ ! -e "$dir" ] || die "a lab stands already; 'make lab-down' takes it away"
	[ -x "$bin/picketd" ] || die "no programs in $bin; 'make lab' builds them"
	mkdir -p "$dir"
	for ((m = 1; m <= n; m++)); do echo "n$m"; done >"$dir/nodes"
	printf '%s\n' ${CONTROLLERS:-c1} >"$dir/controllers"
	sort -u "$dir/controllers" "$dir/nodes" >"$dir/machines"
	cg=$(awk '$9 == "cgroup2" || $8 == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
	[ -n "$cg" ] || die "no cgroup2 is mounted on this machine"
	mkdir -p "$cg/$LAB"
	ln -s "$cg/$LAB" "$dir/cgroup"
	switches_new
	ca_new
	for m in $(controllers); do case $m in c*) folder_new "$m" ;; esac; done
	for m in $(nodes); do node_new "$m"; bmc_new "$m"; done
	for m in $(controllers); do controller_new "$m"; done
	for m in $(machines); do boot "$m"; done
	wait_for 20 "picketd" api_up
	configuration >"$dir/lab.yaml"
	for m in $(controllers); do cp "$dir/lab.yaml" "$dir/$m/etc/lab.yaml"; done
	wait_for 20 "a leader" ask apply /etc/picket/lab.yaml
}

# One node more, with its BMC: made, switched on, and in the configuration.
grow() {
	local m=n$(($(nodes | wc -l) + 1))
	echo "$m" >>"$dir/nodes"
	echo "$m" >>"$dir/machines"
	node_new "$m"
	bmc_new "$m"
	boot "$m"
	configuration >"$dir/lab.yaml"
	cp "$dir/lab.yaml" "$dir/c1/etc/lab.yaml"
	inside c1 "$bin/picket" apply /etc/picket/lab.yaml
}

# A bare host, switched on, that is to become a controller by 'picket join': with nothing but the programs.
bare() { # cN
	local m=$1
	echo "$m" >>"$dir/machines"
	mkdir -p "$dir/$m/etc" "$dir/$m/disk"
	echo "exec sh -c 'until [ -e /etc/picket/picketd.yaml ]; do sleep 0.05; done; exec $bin/picketd --config /etc/picket/picketd.yaml'" \
		>"$dir/$m/services"
	boot "$m"
	wait_for 20 "$m" alive "$m"
}

up() { # [nodes]
	site_new "${1:-3}"
	nsenter --net="/run/netns/$LAB-client" setsid "$tools/lab_client" "$VIP" "$CLIENT_MS" "$dir/client.log" \
		>/dev/null 2>&1 </dev/null &
	echo $! >"$dir/client.pid"
	if [ -n "${VOICES:-}" ]; then
		sw setsid "$tools/lab_ear" "$VIP" data "$dir/ear.log" >/dev/null 2>&1 </dev/null &
		echo $! >"$dir/ear.pid"
	fi
	wait_for 150 "the first page through $VIP" page
	door_open "$(controllers | head -n 1)"
	say "The lab stands: $(page)"
	console
	say "Look at it:  sudo tests/lab/picket-lab show"
	say "Play:        sudo tests/lab/picket-lab kill $(page | awk '{ print $1 }')      (cut, hang, bmc, ...: picket-lab help)"
}

down() {
	local m p f
	[ -e "$dir" ] || return 0
	for f in "$dir"/client.pid "$dir"/ear.pid "$dir"/bmc-*/pid "$dir"/*.door.pid; do
		[ ! -e "$f" ] || kill -KILL "$(cat "$f")" 2>/dev/null || true
	done
	for m in $(machines); do "$tools/lab_pull" "$LAB" "$m" crash 2>/dev/null || true; done
	for p in sw client bmc; do
		ip netns pids "$LAB-$p" 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
		ip netns del "$LAB-$p" 2>/dev/null || true
	done
	for m in $(machines); do
		# One that was just being switched on is known by its cgroup only.
		echo 1 2>/dev/null >"$dir/cgroup/$m/cgroup.kill" || true
		wait_for 5 "$m's processes to end" cgroup_empty "$m" || true
		rmdir_tree "$dir/cgroup/$m"
	done
	rmdir "$(readlink "$dir/cgroup")" 2>/dev/null || true
	for m in $(machines); do while umount "$dir/$m/disk" 2>/dev/null; do :; done; done
	rm -rf "$dir"
}

cgroup_empty() { [ ! -e "$dir/cgroup/$1" ] || grep -q '^populated 0' "$dir/cgroup/$1/cgroup.events"; }
rmdir_tree() { [ ! -d "$1" ] || find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null || true; }

holders() {
	local m
	for m in $(nodes); do
		tail -n 1 "$dir/$m/disk/watch.log" 2>/dev/null | grep -q ^hold && alive "$m" && printf '%s ' "$m"
	done
	echo
}

show() {
	while :; do
		[ "${1:-}" = --once ] || printf '\033[H\033[2J'
		ask status || true
		echo
		say "$VIP is on: $(holders)"
		say "client:     $(tail -n 1 "$dir/client.log" | awk '{ print $3, $4, "in", ($2 - $1) / 1e6, "ms" }')"
		for m in $(nodes); do say "power $m:   $(cat "$dir/$m/power")  $(tail -n 1 "$dir/$m/power.log")"; done
		[ "${1:-}" != --once ] || return 0
		read -rt 1 <> <(:) || true
	done
}
