# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# The data base and its balancer, for one machine of the lab. Sourced by site.sh: uses dir, nodes, octet.

DB_VIP=10.77.2.90

# An empty data base with the users and tables that the stack and the judge want; made once, copied.
mysql_template() { # folder
	local t=$1 log
	[ ! -d "$t" ] || return 0
	log=$(dirname "$t")/mysql-install.log
	mariadb-install-db --no-defaults --user=mysql --datadir="$t" --auth-root-authentication-method=normal \
		--skip-test-db --innodb-log-file-size=8M --innodb-buffer-pool-size=32M >"$log" 2>&1
	{
		echo "FLUSH PRIVILEGES;"
		echo "CREATE DATABASE judge;"
		echo "CREATE USER judge@'%' IDENTIFIED BY 'judge';"
		echo "GRANT ALL ON judge.* TO judge@'%';"
		echo "CREATE DATABASE keystone CHARACTER SET utf8mb3;"
		echo "CREATE USER keystone@'%' IDENTIFIED BY 'keystone';"
		echo "GRANT ALL ON keystone.* TO keystone@'%';"
		echo "CREATE USER balancer@'%';"
		echo "CREATE TABLE judge.register (k VARCHAR(32) PRIMARY KEY, v VARCHAR(64)) ENGINE=InnoDB;"
		echo "CREATE TABLE judge.grow (v VARCHAR(64) PRIMARY KEY) ENGINE=InnoDB;"
		echo "CREATE TABLE judge.account (id INT PRIMARY KEY, money INT NOT NULL) ENGINE=InnoDB;"
		echo "CREATE TABLE judge.ledger (v VARCHAR(64) PRIMARY KEY) ENGINE=InnoDB;"
		echo "INSERT INTO judge.account VALUES (1,100),(2,100),(3,100),(4,100),(5,100);"
	} | mariadbd --no-defaults --user=mysql --datadir="$t" --bootstrap --innodb-log-file-size=8M \
		--innodb-buffer-pool-size=32M >>"$log" 2>&1
}

mysql_config() { # node wsrep-provider-options
	local m=$1 o
	o=$(octet "$m")
	cat <<TXT
[mysqld]
user = mysql
datadir = /var/lib/mysql
socket = /run/mysqld/mysqld.sock
pid-file = /run/mysqld/mysqld.pid
log-error = /var/log/mysql/error.log
bind-address = 10.77.2.$o
skip-name-resolve
performance_schema = OFF
max_connections = 200
innodb_buffer_pool_size = 32M
innodb_log_file_size = 8M
innodb_flush_log_at_trx_commit = 1
innodb_autoinc_lock_mode = 2
# A balancer that died said no goodbye: without this its last transaction keeps its locks for eight hours.
idle_transaction_timeout = 10
binlog_format = ROW
default_storage_engine = InnoDB
wsrep_on = ON
wsrep_provider = /usr/lib/galera/libgalera_smm.so
wsrep_cluster_name = lab
wsrep_cluster_address = gcomm://$(nodes | while read -r n; do printf '10.77.2.%d,' "$(octet "$n")"; done | sed 's/,$//')
wsrep_node_name = $m
wsrep_node_address = 10.77.2.$o
wsrep_sst_method = rsync
wsrep_provider_options = "gcache.size=16M;gmcast.listen_addr=tcp://10.77.2.$o:4567;$2"
TXT
}

haproxy_config() { # address
	local m
	cat <<TXT
global
	maxconn 500
	stats socket /run/haproxy.sock mode 600 level admin
defaults
	mode tcp
	timeout connect 1s
	timeout client 1h
	timeout server 1h
	timeout check 1s
	default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
listen db
	bind $1:3306 transparent
	option mysql-check user balancer
TXT
	# One writer at a time, the others wait: what is usual before Galera.
	nodes | while read -r m; do
		printf '\tserver %s 10.77.2.%d:3306 check%s\n' "$m" "$(octet "$m")" "$([ "$m" = n1 ] || echo ' backup')"
	done
}

# What the machine does at a boot so that these programs find a home of their own.
galera_rc() {
	cat <<'TXT'
mkdir -p /run/mysqld /var/lib/picket/log/mysql
chown mysql /run/mysqld /var/lib/picket/log/mysql
mount --bind /var/lib/picket/mysql /var/lib/mysql
mount --bind /etc/picket/mysql /etc/mysql
mount --bind /var/lib/picket/log /var/log
echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind
TXT
}

galera_folder() { # node wsrep-provider-options: its disk and its configuration
	local e=$dir/$1/etc d=$dir/$1/disk
	mysql_template "$dir/mysql-template"
	mkdir -p "$e/mysql"
	cp -a "$dir/mysql-template" "$d/mysql"
	mysql_config "$1" "$2" >"$e/mysql/my.cnf"
	cp "$e/mysql/my.cnf" "$e/mysql/mariadb.cnf"
}
