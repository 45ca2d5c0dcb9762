# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# The full stack for one machine of the lab: beside the data base and its balancer (galera-config.sh) Keystone, Redis,
# RabbitMQ and memcached, each with a configuration and a disk of its own. What starts them is stack.yaml or
# stack-cib.xml. Sourced by site.sh: uses dir, build, nodes, octet.

IDENTITY_VIP=10.77.2.91 REDIS_VIP=10.77.2.92 MQ_VIP=10.77.2.93
seed=$build/stack-seed # what is made once and then copied: data base with Keystone's tables, its keys

keystone_config() { # where the data base is
	cat <<TXT
[DEFAULT]
log_file = /var/log/keystone/keystone.log
use_stderr = false
[database]
connection = $1
max_retries = 3
retry_interval = 1
connection_recycle_time = 20
[identity]
# Hashing is to be cheap: three nodes share two processors.
password_hash_rounds = 4
[cache]
enabled = true
backend = dogpile.cache.memcached
memcache_servers = $(nodes | head -n 3 | while read -r n; do printf '10.77.2.%d:11211,' "$(octet "$n")"; done | sed 's/,$//')
memcache_socket_timeout = 0.5
memcache_dead_retry = 10
[token]
provider = fernet
# A token that was revoked, or judged once, must not be good because a cache says so.
caching = false
[revoke]
caching = false
[fernet_tokens]
key_repository = ${2:-/etc/keystone/fernet-keys}
[credential]
key_repository = ${2:-/etc/keystone/fernet-keys}
TXT
}

# A data base with Keystone's tables and an administrator; kept for as long as the packages stay as they are.
seed_new() {
	local t=$seed/mysql stamp run=$seed/run pid
	stamp=$(dpkg-query -W -f '${Package} ${Version}\n' mariadb-server keystone galera-4
		declare -f seed_new keystone_config mysql_template | sha256sum)
	[ "$(cat "$seed/stamp" 2>/dev/null)" != "$stamp" ] || return 0
	rm -rf "$seed"
	mkdir -p "$run" "$seed/keys"
	chmod 0755 "$seed"
	chown mysql "$run"
	chown keystone:keystone "$seed/keys"
	mysql_template "$t"
	setsid mariadbd --no-defaults --user=mysql --datadir="$t" --socket="$run/sock" --skip-networking --pid-file="$run/pid" \
		--innodb-log-file-size=8M --innodb-buffer-pool-size=32M --innodb-flush-log-at-trx-commit=0 \
		>"$seed/mysqld.log" 2>&1 </dev/null &
	pid=$!
	wait_for 30 "the seed's data base" mariadb -uroot -S "$run/sock" -e 'SELECT 1'
	keystone_config "mysql+pymysql://root@localhost/keystone?unix_socket=$run/sock" "$seed/keys" |
		sed '/^log_file/d; s/^use_stderr.*/use_stderr = true/; /^\[cache\]/,/^\[token\]/ { /^\[token\]/!d }' >"$seed/keystone.conf"
	{
		keystone-manage --config-file "$seed/keystone.conf" fernet_setup --keystone-user keystone --keystone-group keystone &&
			keystone-manage --config-file "$seed/keystone.conf" db_sync &&
			keystone-manage --config-file "$seed/keystone.conf" bootstrap --bootstrap-password lab-secret \
				--bootstrap-region-id lab --bootstrap-public-url "http://$IDENTITY_VIP:5000/v3/"
	} >"$seed/keystone.log" 2>&1 || die "Keystone's tables: see $seed/keystone.log"
	kill "$pid"
	while kill -0 "$pid" 2>/dev/null; do read -rt 0.05 <> <(:) || true; done
	rm -rf "$run"
	printf '%s\n' "$stamp" >"$seed/stamp"
}

keystone_uwsgi() { # node
	cat <<TXT
[uwsgi]
plugins = python3
http-socket = 10.77.2.$(octet "$1"):5000
wsgi-file = /usr/bin/keystone-wsgi-public
uid = keystone
gid = keystone
chdir = /var/lib/keystone
master = true
processes = 3
die-on-term = true
no-orphans = true
buffer-size = 65535
rem-header = Content-Length
logto = /var/log/keystone/uwsgi.log
disable-logging = true
TXT
}

redis_config() { # node
	cat <<TXT
bind 10.77.2.$(octet "$1")
protected-mode no
port 6379
dir /var/lib/redis
logfile /var/log/redis/redis.log
appendonly yes
appendfsync always
repl-diskless-sync-delay 0
repl-timeout 10
# A master that no replica hears takes no writes: what it took would be gone after a split.
min-replicas-to-write 1
min-replicas-max-lag 3
TXT
}

# Three brokers share two processors with all the rest: their schedulers must not spin while they have nothing to do.
rabbit_config() { # node
	local quiet='+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none'
	cat <<TXT
NODENAME=rabbit@$1
NODE_IP_ADDRESS=10.77.2.$(octet "$1")
SERVER_ADDITIONAL_ERL_ARGS="$quiet"
CTL_ERL_ARGS="$quiet"
TXT
}

openstack_balancer() { # node: beside the data base, each service behind an address of its own
	local m
	haproxy_config "$DB_VIP"
	cat <<TXT
listen identity
	bind $IDENTITY_VIP:5000 transparent
	mode http
	balance roundrobin
	option httpchk GET /v3/
	option redispatch
	retries 2
TXT
	nodes | while read -r m; do printf '\tserver %s 10.77.2.%d:5000 check inter 2s\n' "$m" "$(octet "$m")"; done
	cat <<TXT
listen redis
	bind $REDIS_VIP:6379 transparent
	option tcp-check
	tcp-check send info\ replication\r\n
	tcp-check expect string role:master
TXT
	nodes | while read -r m; do printf '\tserver %s 10.77.2.%d:6379 check\n' "$m" "$(octet "$m")"; done
	printf 'listen mq\n\tbind %s:5672 transparent\n' "$MQ_VIP"
	nodes | while read -r m; do printf '\tserver %s 10.77.2.%d:5672 check inter 5s\n' "$m" "$(octet "$m")"; done
}

openstack_rc() {
	galera_rc
	cat <<'TXT'
mount --bind /var/lib/picket/rabbitmq /var/lib/rabbitmq
mount --bind /etc/picket/rabbitmq /etc/rabbitmq
mount --bind /var/lib/picket/redis /var/lib/redis
mount --bind /etc/picket/keystone /etc/keystone
mount --bind /etc/picket/hosts /etc/hosts
# What a person's shell does at a login (and agents run "su -") is no part of the machine.
for f in .profile .bash_profile .bash_login .bashrc; do
	[ ! -e /root/$f ] || mount --bind /dev/null /root/$f
done
mkdir -p /run/redis /run/rabbitmq
chown redis /run/redis
chown rabbitmq /run/rabbitmq
TXT
}

openstack_folder() { # node
	local m=$1 e=$dir/$1/etc d=$dir/$1/disk i
	seed_new
	mkdir -p "$e"/{mysql,rabbitmq,keystone} "$d"/{rabbitmq,redis} "$d"/log/{mysql,rabbitmq,redis,keystone}
	cp -a "$seed/mysql" "$d/mysql"
	# Three seconds without a word from a peer, and the data base goes on without it.
	mysql_config "$m" "evs.keepalive_period=PT0.5S;evs.inactive_check_period=PT0.5S;evs.suspect_timeout=PT3S;evs.inactive_timeout=PT6S;evs.install_timeout=PT6S" >"$e/mysql/my.cnf"
	cp "$e/mysql/my.cnf" "$e/mysql/mariadb.cnf"
	openstack_balancer >"$e/haproxy.cfg"
	cp -a "$seed/keys" "$e/keystone/fernet-keys"
	keystone_config "mysql+pymysql://keystone:keystone@$DB_VIP/keystone" >"$e/keystone/keystone.conf"
	keystone_uwsgi "$m" >"$e/keystone/uwsgi.ini"
	redis_config "$m" >"$e/redis.conf"
	rabbit_config "$m" >"$e/rabbitmq/rabbitmq-env.conf"
	printf '%s\n' 'loopback_users = none' 'cluster_partition_handling = pause_minority' >"$e/rabbitmq/rabbitmq.conf"
	(umask 077 && printf LABCOOKIELABCOOKIE >"$d/rabbitmq/.erlang.cookie")
	{ echo "127.0.0.1 localhost"; for i in {1..9}; do echo "10.77.2.$i n$i"; done; } >"$e/hosts"
	cp "$stack/metering.sh" "$e/metering"
	chown -R keystone:keystone "$e/keystone" "$d/log/keystone"
	chown -R rabbitmq:rabbitmq "$d/rabbitmq" "$d/log/rabbitmq" "$e/rabbitmq"
	chown -R redis:redis "$d/redis" "$d/log/redis"
	openstack_rc >>"$e/rc"
	# The witness writes where no disk is full; it has no use for the address of another stack.
	sed -i /lab_watch/d "$dir/$m/services"
	echo "exec $tools/lab_watch $DB_VIP /etc/picket/watch-db.log $IDENTITY_VIP /etc/picket/watch-identity.log" \
		"$REDIS_VIP /etc/picket/watch-redis.log $MQ_VIP /etc/picket/watch-mq.log" >>"$dir/$m/services"
}
