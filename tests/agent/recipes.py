# SPDX-License-Identifier: GPL-2.0-or-later
"""How agents of the resource-agents package are driven: what each needs to live on one node.

A recipe is a function that prepares what is needed in n.work and returns {params, ...}: instance parameters, and
  ops      what is done between start and stop, beyond a monitor: promote, reload, migrate
  timeout  milliseconds of each operation
  meta     CRM_meta_* that the policy would have set
  sets     the attribute that its start must have set
"""
import os
import pwd
import subprocess

SYSTEMS = "/usr/lib/postgresql"


def sh(command):
    subprocess.run(["bash", "-ec", command], check=True, capture_output=True)


def put(n, name, text, mode=0o644):
    path = f"{n.work}/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def folder(n, name, owner=None):
    path = f"{n.work}/{name}"
    os.makedirs(path, exist_ok=True)
    if owner:
        u = pwd.getpwnam(owner)
        os.chown(path, u.pw_uid, u.pw_gid)
    return path


# ---- nothing but a machine
def plain(n):
    return {"params": {}}


def stateful(n):
    return {"params": {}, "ops": "promote", "deaf": True}  # it knows no notify


def delay(n):
    return {"params": {"startdelay": "0", "stopdelay": "0", "mondelay": "0"}}


def address(n):
    return {"params": {"ip": "10.98.0.77", "cidr_netmask": "24", "nic": "data0"}}


def address6(n):
    return {"params": {"ipv6addr": "fd00:98::77", "cidr_netmask": "64", "nic": "data0"}}


def source(n):
    sh("ip addr add 10.98.0.78/24 dev data0 || true; ip route replace default via 10.98.0.2 dev data0")
    return {"params": {"ipaddress": "10.98.0.78", "cidr_netmask": "24"}}


def route(n):
    return {"params": {"destination": "10.97.0.0/24", "gateway": "10.98.0.2", "device": "data0"}}


def arp(n):
    return {"params": {"ip": "10.98.0.1", "nic": "data0", "background": "false"}}


def monitor_link(n):
    return {"params": {"interface": "data0", "link_status_only": "true", "repeat_count": "1", "repeat_interval": "1"}}


def ping(n):
    return {"params": {"host_list": "127.0.0.1", "dampen": "100ms", "pidfile": f"{n.work}/ping", "name": "reachable"},
            "sets": "reachable"}


def health(n):
    return {"params": {"state": f"{n.work}/health", "yellow_limit": "2", "red_limit": "1"}, "sets": "#health-cpu"}


def attribute(n):
    return {"params": {"name": "opens", "active_value": "1", "inactive_value": "0", "pidfile": f"{n.work}/attribute"},
            "sets": "opens"}


def link_(n):
    put(n, "target", "here\n")
    return {"params": {"link": f"{n.work}/link", "target": f"{n.work}/target"}}


def filesystem(n):
    return {"params": {"device": "tmpfs", "directory": folder(n, "mnt"), "fstype": "tmpfs", "run_fsck": "no"}}


def anything(n):
    return {"params": {"binfile": "/bin/sleep", "cmdline_options": "1000", "pidfile": f"{n.work}/any.pid"}}


def block(n):
    return {"params": {"protocol": "tcp", "portno": "4711", "action": "block", "ip": "10.98.0.1"}}


def storage(n):
    return {"params": {"drives": put(n, "drive", "x" * 65536), "io_timeout": "2", "state_file": f"{n.work}/mon"}}


def mail(n):
    put(n, "mail", "#!/bin/sh\ncat >/dev/null\n", 0o755)
    return {"params": {"email": "root"}}


# ---- daemons
def rsyncd(n):
    return {"params": {"conffile": put(n, "rsyncd.conf", f"pid file = {n.work}/rsyncd.pid\naddress = 10.98.0.1\n"
                                       f"[x]\npath = {n.work}\n")}}


def nginx(n):
    temp = "".join(f"{k}_temp_path {n.work}/{k}; " for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf = put(n, "nginx.conf", f"worker_processes 1;\npid {n.work}/nginx.pid;\nerror_log {n.work}/error.log;\n"
               f"events {{ }}\nhttp {{ access_log off; {temp} server {{ listen 10.98.0.1:8080; root {n.work}; }} }}\n")
    put(n, "index.html", "hello\n")
    return {"params": {"configfile": conf, "status10url": "http://10.98.0.1:8080/index.html"}}


def apache(n):
    modules = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n" for m in (
        "mpm_event", "authz_core", "dir", "status"))
    conf = put(n, "apache.conf", f"{modules}ServerRoot {n.work}\nServerName n1\nListen 10.98.0.1:8081\nPidFile "
               f"{n.work}/apache.pid\nErrorLog {n.work}/apache.log\nDocumentRoot {n.work}\nUser www-data\n"
               "Group www-data\n<Location /server-status>\nSetHandler server-status\n</Location>\n")
    return {"params": {"configfile": conf, "httpd": "/usr/sbin/apache2",
                       "statusurl": "http://10.98.0.1:8081/server-status"}}


def named(n):
    d = folder(n, "named", "bind")
    conf = put(n, "named/named.conf", f'options {{ directory "{d}"; listen-on {{ 10.98.0.1; 127.0.0.1; }}; listen-on-v6 '
               f'{{ none; }}; pid-file "{d}/named.pid"; dnssec-validation no; recursion no; '
               f'session-keyfile "{d}/session.key"; }};\ncontrols {{ }};\n'
               f'zone "lab" {{ type master; file "{d}/lab.zone"; }};\n')
    put(n, "named/lab.zone", "$TTL 60\n@ SOA n1 root 1 60 60 60 60\n NS n1\nn1 A 10.98.0.1\n")
    sh(f"chown -R bind {d}; chmod 755 {n.dir} {n.work}")
    return {"params": {"named_config": conf, "named_pidfile": f"{d}/named.pid", "named_rootdir": "", "named_user": "bind",
                       "monitor_request": "n1.lab", "monitor_response": "10.98.0.1", "monitor_ip": "10.98.0.1"}}


def dhcpd(n):
    sh("mount -t tmpfs none /var/lib/dhcp")
    conf = put(n, "dhcpd.conf", "subnet 10.98.0.0 netmask 255.255.255.0 { range 10.98.0.100 10.98.0.110; }\n")
    return {"params": {"config": conf, "interface": "data0", "chrooted": "false", "user": "root", "leases": "dhcpd.leases",
                       "group": "root"}}


def slapd(n):
    d = folder(n, "ldap")
    conf = put(n, "slapd.conf", "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
               f"pidfile {n.work}/slapd.pid\ndatabase mdb\nsuffix dc=lab\nmaxsize 1048576\ndirectory {d}\nrootdn cn=a,dc=lab\n"
               "rootpw secret\n")
    sh(f"chmod 755 {n.dir} {n.work}; printf 'dn: dc=lab\\nobjectClass: dcObject\\nobjectClass: organization\\no: lab\\n"
       f"dc: lab\\n' | slapadd -f {conf}")
    return {"params": {"config": conf, "pidfile": f"{n.work}/slapd.pid", "services": "ldap://10.98.0.1:3890", "user": "root",
                       "group": "root", "watch_suffix": "dc=lab"}}


def squid(n):
    conf = put(n, "squid.conf", f"http_port 10.98.0.1:3128\npid_filename {n.work}/squid.pid\ncache_log {n.work}/cache.log\n"
               "access_log none\nvisible_hostname n1\ncache_effective_user proxy\nhttp_access allow all\nnetdb_filename none\n"
               "shutdown_lifetime 1 seconds\ncache deny all\n")
    sh(f"chmod 777 {n.work}; chmod 755 {n.dir}")
    return {"params": {"squid_exe": "/usr/sbin/squid", "squid_conf": conf, "squid_pidfile": f"{n.work}/squid.pid",
                       "squid_port": "3128"}}


def postfix(n):
    d = folder(n, "postfix")
    sh(f"cp -r /etc/postfix/. {d}/; [ -e {d}/master.cf ] || cp /usr/share/postfix/master.cf.dist {d}/master.cf; "
       f"chmod 755 {n.dir} {n.work}; mkdir -p {n.work}/spool {n.work}/mail; chown postfix {n.work}/mail")
    put(n, "postfix/main.cf", f"compatibility_level=3.6\nmyhostname=n1.lab\nqueue_directory={n.work}/spool\n"
        f"data_directory={n.work}/mail\ninet_interfaces=loopback-only\nmaillog_file=/dev/stdout\n")
    sh(f"mount --bind {d} /etc/postfix")
    return {"params": {}}


def qnetd(n):
    d = folder(n, "qnetd", "coroqnetd")
    sh(f"chmod 755 {n.dir} {n.work}; corosync-qnetd-certutil -i -G >/dev/null 2>&1 || true")
    return {"params": {"pid": f"{d}/qnetd.pid", "ipc_sock": f"{d}/qnetd.sock", "ip": "10.98.0.1", "user": "coroqnetd"}}


def rsyslog(n):
    conf = put(n, "rsyslog.conf", f'module(load="imuxsock" SysSock.Name="{n.work}/log")\n*.* {n.work}/messages\n')
    return {"params": {"configfile": conf}}


# ---- data bases
def redis(n):
    d = folder(n, "redis", "redis")
    sh(f"chmod 755 {n.dir} {n.work}; mkdir -p /run/redis; chown redis /run/redis")
    conf = put(n, "redis/redis.conf", f"bind 10.98.0.1 127.0.0.1\ndir {d}\nport 6379\nunixsocket /run/redis/redis.sock\n"
               "daemonize yes\nprotected-mode no\npidfile /run/redis/redis-server.pid\n")
    return {"params": {"config": conf, "bin": "/usr/bin/redis-server", "client_bin": "/usr/bin/redis-cli", "user": "redis",
                       "rundir": "/run/redis"}, "ops": "promote"}


def database_folder(n):
    sh(f"chmod 755 {n.dir} {n.work}; mkdir -p /run/mysqld {n.work}/mysql {n.work}/mysql-log; "
       f"chown mysql /run/mysqld {n.work}/mysql {n.work}/mysql-log; "
       f"mariadb-install-db --no-defaults --user=mysql --datadir={n.work}/mysql --auth-root-authentication-method=normal "
       "--innodb-log-file-size=8M --skip-test-db")
    return {"binary": "/usr/bin/mysqld_safe", "datadir": f"{n.work}/mysql", "pid": "/run/mysqld/mysqld.pid",
            "socket": "/run/mysqld/mysqld.sock", "log": f"{n.work}/mysql-log/error.log"}


def mysql(n):
    params = database_folder(n)
    conf = put(n, "my.cnf", "[mysqld]\nuser=mysql\nbind-address=10.98.0.1\ninnodb_buffer_pool_size=32M\n"
               "innodb_log_file_size=8M\nperformance_schema=OFF\nserver_id=1\nlog_bin=bin\n")
    sh(f"echo 'FLUSH PRIVILEGES; ' | mariadbd --no-defaults --user=mysql --datadir={n.work}/mysql --bootstrap "
       "--innodb-log-file-size=8M")
    return {"params": {**params, "config": conf, "test_table": "mysql.global_priv", "test_user": "root"}, "timeout": 60000}


def galera(n):
    params = database_folder(n)
    conf = put(n, "my.cnf", "[mysqld]\nuser=mysql\nbind-address=10.98.0.1\ninnodb_buffer_pool_size=32M\n"
               "innodb_log_file_size=8M\nperformance_schema=OFF\nbinlog_format=ROW\ninnodb_autoinc_lock_mode=2\nwsrep_on=ON\n"
               "wsrep_provider=/usr/lib/galera/libgalera_smm.so\nwsrep_cluster_name=lab\nwsrep_cluster_address=gcomm://n1\nwsrep_node_name=n1\n"
               "wsrep_node_address=10.98.0.1\nwsrep_sst_method=rsync\nwsrep_provider_options=gcache.size=16M\n")
    return {"params": {**params, "config": conf, "wsrep_cluster_address": "gcomm://n1", "check_user": "root"},
            "ops": "bootstrap", "deaf": True, "timeout": 120000}


def pgsql(n):
    version = sorted(os.listdir(SYSTEMS))[-1]
    d = folder(n, "pg", "postgres")
    sh(f"chmod 755 {n.dir} {n.work}; mkdir -p /run/postgresql; chown postgres /run/postgresql; cd /; "
       f"runuser -u postgres -- {SYSTEMS}/{version}/bin/initdb -D {d}/data -A trust")
    return {"params": {"pgctl": f"{SYSTEMS}/{version}/bin/pg_ctl", "psql": f"{SYSTEMS}/{version}/bin/psql",
                       "pgdata": f"{d}/data", "logfile": f"{d}/log", "socketdir": "/run/postgresql"}, "timeout": 60000}


def garbd(n):
    return {"params": {"wsrep_cluster_address": "gcomm://10.98.0.1:4567", "wsrep_cluster_name": "lab"}, "tries": 1}


# name → (what must be there, recipe)
RECIPES = {
    "Dummy": ("", plain),
    "Stateful": ("", stateful),
    "Delay": ("", delay),
    "IPaddr2": ("", address),
    "IPaddr": ("/bin/ping", address),
    "IPv6addr": ("/usr/lib/ocf/resource.d/heartbeat/IPv6addr", address6),
    "IPsrcaddr": ("", source),
    "Route": ("", route),
    "SendArp": ("", arp),
    "ethmonitor": ("", monitor_link),
    "pacemaker:ping": ("/bin/ping", ping),
    "pacemaker:HealthCPU": ("/usr/bin/top", health),
    "pacemaker:attribute": ("", attribute),
    "SysInfo": ("", plain),
    "machine-info": ("/usr/bin/machinectl", plain),
    "symlink": ("", link_),
    "Filesystem": ("/sbin/modprobe", filesystem),
    "anything": ("", anything),
    "storage-mon": ("/usr/libexec/heartbeat/storage_mon", storage),
    "NodeUtilization": ("", plain),
    "portblock": ("/usr/sbin/iptables", block),
    "MailTo": ("/usr/bin/mail", mail),
    "rsyncd": ("/usr/bin/rsync", rsyncd),
    "nginx": ("/usr/sbin/nginx", nginx),
    "apache": ("/usr/sbin/apache2", apache),
    "named": ("/usr/bin/host", named),
    "dhcpd": ("/usr/sbin/dhcpd", dhcpd),
    "slapd": ("/usr/bin/ldapsearch", slapd),
    "Squid": ("/usr/sbin/squid", squid),
    "postfix": ("/usr/sbin/postfix", postfix),
    "corosync-qnetd": ("/usr/bin/corosync-qnetd", qnetd),
    "rsyslog": ("/usr/sbin/rsyslogd", rsyslog),
    "redis": ("/usr/bin/redis-server", redis),
    "mysql": ("/usr/sbin/mariadbd", mysql),
    "galera": ("/usr/lib/galera/libgalera_smm.so", galera),
    "pgsql": (SYSTEMS, pgsql),
}
FAST = ("Dummy", "Stateful", "IPaddr2", "Route", "Filesystem", "symlink", "nginx", "redis", "galera")
