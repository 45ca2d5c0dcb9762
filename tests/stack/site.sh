# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Real parts on the lab's machines. STACK says which; sourced by picket-lab.
#   keepalived   Galera, HAProxy and an address that keepalived moves: what picket is for
#   address      the same, but for the address, which picket moves
#   openstack    the full stack (stack.yaml): Galera, HAProxy, addresses, Redis, RabbitMQ, memcached, Keystone, metering
#   pacemaker    Pacemaker and Corosync with the lab's own web server and address: to compare with
#   openstack_pacemaker   Pacemaker and Corosync with the full stack (stack-cib.xml)
# A second client sits in n1's rack: a split leaves it alone with n1.

stack=$here/../stack
. "$stack/galera-config.sh"
. "$stack/openstack-config.sh"
. "$stack/pacemaker-config.sh"

# The lab's folder and cgroup, for those that need no controller.
folder_of_lab() { # nodes
	local m cg
	[ ! -e "$dir" ] || die "a lab stands already; 'make lab-down' takes it away"
	mkdir -p "$dir"
	for ((m = 1; m <= $1; m++)); do echo "n$m"; done | tee "$dir/nodes" >"$dir/machines"
	echo "$STACK" >"$dir/stack"
	cg=$(awk '$9 == "cgroup2" || $8 == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
	[ -n "$cg" ] || die "no cgroup2 is mounted on this machine"
	mkdir -p "$cg/$LAB"
	ln -s "$cg/$LAB" "$dir/cgroup"
}

# ---- the second client and the split ---------------------------------------------------------------
rack_new() {
	ip netns add "$LAB-rack"
	sw ip link add side type bridge forward_delay 0 stp_state 0
	sw ip link set side up
	sw ip link add rack type veth peer name data netns "$LAB-rack"
	sw ip link set rack master data up
	ip -n "$LAB-rack" addr add 10.77.2.251/24 dev data
	ip -n "$LAB-rack" link set data up
	ip -n "$LAB-rack" link set lo up
}

split() { # node...: they and the rack's client on one side, everybody else on the other
	local m l
	for m in "$@"; do
		known "$m"
		exec 8>"$dir/$m/cables"
		flock 8
		for l in hb0 hb1; do
			sw ip link set "$m-$l" nomaster
			echo "$l" >>"$dir/$m/cut"
		done
		sw ip link set "$m-data" master side
		echo "data side" >>"$dir/$m/cut"
	done
	sw ip link set rack master side
	echo "split $(now) $*" >>"$dir/faults"
}

heal() {
	local m
	for m in $(nodes); do uncut "$m"; done
	sw ip link set rack master data
	echo "heal $(now)" >>"$dir/faults"
}

judge_start() { # client|rack what...: a client of the judge's in that place
	local place=$1
	shift
	nsenter --net="/run/netns/$LAB-$place" setsid /usr/bin/python3 "$stack/client.py" --name "$place" \
		--log "$dir/history.$place" "$@" >>"$dir/judge-$place.log" 2>&1 </dev/null &
	echo $! >"$dir/judge-$place.pid"
}

# ---- keepalived --------------------------------------------------------------------------------------
keepalived_config() { # node
	cat <<TXT
global_defs {
	router_id $1
	script_user root
	enable_script_security
}
vrrp_script balancer {
	script "/usr/bin/pgrep -x haproxy"
	interval 1
	fall 2
}
vrrp_instance db {
	state BACKUP
	interface data
	virtual_router_id 51
	priority $((110 - $(octet "$1")))
	advert_int 1
	virtual_ipaddress {
		$DB_VIP/24 dev data
	}
	track_script {
		balancer
	}
}
TXT
}

# Galera and HAProxy as the machine's own services, whoever moves the address.
database_node() { # node
	local m=$1 e=$dir/$1/etc
	mkdir -p "$e" "$dir/$m/disk"
	galera_folder "$m" "${GALERA_OPTIONS:-pc.ignore_quorum=true;pc.ignore_sb=true}"
	haproxy_config "$DB_VIP" >"$e/haproxy.cfg"
	galera_rc >"$e/rc"
	# The first of all makes the cluster; everybody else, and it too from then on, joins.
	cat >"$e/galera" <<TXT
if [ ! -e /var/lib/picket/bootstrapped ]; then
	if [ $m = n1 ]; then
		touch /var/lib/picket/bootstrapped
		exec /usr/sbin/mariadbd --wsrep-new-cluster
	fi
	until bash -c 'exec 3<>/dev/tcp/10.77.2.1/3306'; do sleep 0.2; done 2>/dev/null
	touch /var/lib/picket/bootstrapped
fi
exec /usr/sbin/mariadbd \$(galera_recovery)
TXT
	cat >>"$dir/$m/services" <<TXT
exec sh /etc/picket/galera
exec haproxy -W -f /etc/picket/haproxy.cfg
exec $tools/lab_watch $DB_VIP /var/lib/picket/watch-db.log
TXT
}

keepalived_node() { # node
	database_node "$1"
	keepalived_config "$1" >"$dir/$1/etc/keepalived.conf"
	echo "exec keepalived -n -l -f /etc/picket/keepalived.conf" >>"$dir/$1/services"
}

galera_size() { # node: how many its component has
	inside "$1" mariadb -uroot -S /run/mysqld/mysqld.sock -Nse "SHOW STATUS LIKE 'wsrep_cluster_size'" 2>/dev/null | awk '{ print $2 }'
}
galera_whole() { # node
	[ "$(galera_size "$1")" = "$(nodes | head -n 3 | wc -l)" ] &&
		inside "$1" mariadb -uroot -S /run/mysqld/mysqld.sock -Nse "SHOW STATUS LIKE 'wsrep_local_state_comment'" | grep -q Synced
}
db_answers() { nsenter --net="/run/netns/$LAB-client" mariadb -h "$DB_VIP" -ujudge -pjudge -e 'SELECT 1'; }

stack_ready() {
	local m
	for m in $(nodes); do wait_for 90 "$m to have joined" galera_whole "$m"; done
	wait_for 60 "the data base through $DB_VIP" db_answers
}

stack_up_keepalived() { # [nodes]
	local m
	folder_of_lab "${1:-3}"
	switches_new
	rack_new
	for m in $(nodes); do keepalived_node "$m"; done
	for m in $(nodes); do boot "$m"; done
	stack_ready
	say "Galera, HAProxy and keepalived stand on $(nodes | tr '\n' ' ')"
}

# ---- the full stack ----------------------------------------------------------------------------------
through() { nsenter --net="/run/netns/$LAB-client" -- "$@"; }
identity_answers() { through curl -fs --max-time 5 -o /dev/null "http://$IDENTITY_VIP:5000/v3/"; }
redis_answers() { through timeout 5 redis-cli -h "$REDIS_VIP" set ready yes | grep -q OK; }
mq_answers() { through bash -c "exec 3<>/dev/tcp/$MQ_VIP/5672 && printf 'AMQP\0\0\x09\x01' >&3 && read -rt 5 -N 1 <&3"; }
db_writes() { db_answers && through mariadb -h "$DB_VIP" -ujudge -pjudge judge -e "REPLACE INTO register VALUES ('ready', 'yes')"; }

# Everything is served through its address. Who asks all the time takes the processors from those it waits for.
openstack_ready() {
	local WAIT_STEP=1
	wait_for 400 "the data base through $DB_VIP" db_writes
	wait_for 300 "Redis through $REDIS_VIP" redis_answers
	wait_for 400 "Keystone through $IDENTITY_VIP" identity_answers
	wait_for 300 "RabbitMQ through $MQ_VIP" mq_answers
}

# Nothing of an earlier run is left for the judge to see.
empty() {
	wait_for 30 "the tables to be emptied" through mariadb -h "$DB_VIP" -ujudge -pjudge judge -e \
		"DELETE FROM register; DELETE FROM grow; DELETE FROM ledger; UPDATE account SET money = 100"
	wait_for 30 "Redis to be emptied" through timeout 5 redis-cli -h "$REDIS_VIP" del grow
}

# Every part of it runs on every node, as many as there are; the data base on the first three.
openstack_whole() {
	local m n
	n=$(nodes | wc -l)
	for m in $(nodes | head -n 3); do
		alive "$m" && galera_whole "$m" || { echo "$m: the data base"; return 1; }
		[ "$(inside "$m" pgrep -x 'haproxy|memcached|redis-server|uwsgi' | wc -l)" -ge 4 ] || { echo "$m: a daemon"; return 1; }
		through bash -c "exec 3<>/dev/tcp/10.77.2.$(octet "$m")/5672" 2>/dev/null || { echo "$m: RabbitMQ"; return 1; }
		through curl -fs --max-time 5 -o /dev/null "http://10.77.2.$(octet "$m"):5000/v3/" || { echo "$m: Keystone"; return 1; }
	done
	through timeout 5 redis-cli -h "$REDIS_VIP" info replication | grep -q "^connected_slaves:$((n - 1))" ||
		{ echo "Redis: replicas"; return 1; }
}

openstack_site() {
	DISK_MB=700 # small enough to be filled
	site_yaml=$stack/stack.yaml
	stack_node() { openstack_folder "$1"; }
}

stack_up_openstack() { # [nodes]
	site_new "${1:-3}"
	echo "$STACK" >"$dir/stack"
	rack_new
	openstack_ready
	say "The full stack stands under picket on $(nodes | tr '\n' ' ')"
	door_open c1
	console
}

stack_up_address() { # [nodes]
	site_yaml=$stack/address.yaml
	stack_node() { database_node "$1"; }
	site_new "${1:-3}"
	echo "$STACK" >"$dir/stack"
	rack_new
	stack_ready
	say "Galera, HAProxy and picket stand on $(nodes | tr '\n' ' ')"
}

stack_down() {
	local f
	for f in "$dir"/judge-*.pid; do
		[ ! -e "$f" ] || kill -KILL "$(cat "$f")" 2>/dev/null || true
	done
	ip netns pids "$LAB-rack" 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
	ip netns del "$LAB-rack" 2>/dev/null || true
}
