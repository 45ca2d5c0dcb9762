# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Pacemaker and Corosync on the lab's machines, with the same agents and BMCs: a web server and its address, or the full
# stack. Sourced by site.sh.
#   PACEMAKER=default  as installed: token 3 s, nodes are rebooted
#   PACEMAKER=best     a short token (PACEMAKER_TOKEN, ms), nodes are switched off, no wait for other leaders

corosync_config() { # node
	local m o token=${PACEMAKER_TOKEN:-300}
	cat <<TXT
totem {
	version: 2
	cluster_name: lab
	transport: knet
	crypto_cipher: none
	crypto_hash: none
$([ "${PACEMAKER:-default}" != best ] || printf '\ttoken: %d\n\ttoken_coefficient: 0\n\tjoin: 30\n\tconsensus: %d\n' $token $((token * 6 / 5)))
}
nodelist {
$(nodes | while read -r m; do
		o=$(octet "$m")
		printf '\tnode {\n\t\tring0_addr: 10.77.0.%d\n\t\tring1_addr: 10.77.1.%d\n\t\tname: %s\n\t\tnodeid: %d\n\t}\n' "$o" "$o" "$m" "$o"
	done)
}
quorum {
	provider: corosync_votequorum
}
logging {
	to_stderr: no
	to_syslog: no
	to_logfile: yes
	logfile: /var/log/corosync.log
	timestamp: hires
}
TXT
}

nv() { printf '<nvpair id="%s-%s" name="%s" value="%s"/>' "$1" "$2" "$2" "$3"; }

pacemaker_cib() {
	local m action=reboot
	[ "${PACEMAKER:-default}" != best ] || action=off
	echo '<configuration><crm_config><cluster_property_set id="options">'
	nv options stonith-enabled true
	nv options stonith-action "$action"
	echo '</cluster_property_set></crm_config><nodes/><resources>'
	for m in $(nodes); do
		echo "<primitive id=\"bmc-$m\" class=\"stonith\" type=\"fence_redfish\"><instance_attributes id=\"bmc-$m-ia\">"
		nv "bmc-$m" ip "10.77.3.$((100 + $(octet "$m")))"
		nv "bmc-$m" username admin
		nv "bmc-$m" password_script /etc/picket/bmc-secret
		nv "bmc-$m" ssl_insecure 1
		nv "bmc-$m" systems_uri /redfish/v1/Systems/1
		nv "bmc-$m" pcmk_host_list "$m"
		echo '</instance_attributes></primitive>'
	done
	cat <<TXT
<group id="site"><meta_attributes id="site-meta">$(nv site migration-threshold 3)</meta_attributes>
<primitive id="web" class="ocf" provider="heartbeat" type="nginx">
<instance_attributes id="web-ia">$(nv web configfile /etc/picket/nginx.conf)</instance_attributes>
<operations><op id="web-start" name="start" interval="0" timeout="40s"/><op id="web-stop" name="stop" interval="0" timeout="60s"/>
<op id="web-monitor" name="monitor" interval="10s" timeout="30s"/></operations></primitive>
<primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2">
<instance_attributes id="vip-ia">$(nv vip ip "$VIP")$(nv vip cidr_netmask 24)$(nv vip nic data)</instance_attributes>
<operations><op id="vip-monitor" name="monitor" interval="5s" timeout="20s"/></operations></primitive></group>
</resources><constraints/></configuration>
TXT
}

# The full stack's configuration, as it stands in the tree; only what PACEMAKER asks for differs.
pacemaker_stack_cib() {
	xmllint --xpath /cib/configuration "$stack/stack-cib.xml" |
		if [ "${PACEMAKER:-default}" = best ]; then
			sed '/id="options-stonith-action"/{ s/value="[^"]*"/value="off"/; p
				s/stonith-action/dc-deadtime/g; s/value="[^"]*"/value="3s"/; }'
		else
			cat
		fi
}

pacemaker_node() { # node
	local m=$1 e=$dir/$1/etc
	node_new "$m"
	mkdir -p "$e/corosync" "$dir/$m/disk"/{pacemaker/cib,pacemaker/pengine,pacemaker/blackbox,pacemaker/cores,corosync,log/pacemaker}
	chown -R hacluster:haclient "$dir/$m/disk/pacemaker"
	corosync_config "$m" >"$e/corosync/corosync.conf"
	cat >"$e/rc" <<'TXT'
mount -t tmpfs tmpfs /dev/shm
mount --bind /etc/picket/corosync /etc/corosync
mount --bind /var/lib/picket/pacemaker /var/lib/pacemaker
mount --bind /var/lib/picket/corosync /var/lib/corosync
mount --bind /var/lib/picket/log /var/log
mkdir -p /run/crm && chown hacluster:haclient /run/crm
TXT
	cat >"$dir/$m/services" <<TXT
exec corosync -f
exec env PCMK_logfile=/var/log/pacemaker/pacemaker.log PCMK_node_start_state=default pacemakerd
exec $tools/lab_watch $VIP /var/lib/picket/watch.log
TXT
}

pacemaker_online() { # every node, as n1 or whoever is up sees it
	local m
	for m in $(nodes); do
		alive "$m" || continue
		[ "$(inside "$m" timeout 5 crm_node -p 2>/dev/null | wc -w)" = "$(nodes | wc -l)" ] || return 1
		inside "$m" timeout 5 crm_mon -1 2>/dev/null | grep -q "Online: \[ $(nodes | tr '\n' ' ')\]"
		return
	done
	return 1
}

pacemaker_at_rest() { # every node is there, and the controller that decides has nothing to do
	local m dc
	pacemaker_online || return
	for m in $(nodes); do
		dc=$(inside "$m" timeout 5 crmadmin -D 2>/dev/null | sed -n 's/.*: *\([^ ]*\).*/\1/p')
		inside "$m" timeout 5 crmadmin -S "$dc" 2>/dev/null | grep -q S_IDLE
		return
	done
}

pacemaker_site() { # nodes cib what...: machines, each furnished by "what... NODE", and the configuration that "cib" prints
	local n=$1 cib=$2 m
	shift 2
	folder_of_lab "$n"
	switches_new
	rack_new
	ca_new
	for m in $(nodes); do
		pacemaker_node "$m"
		"$@" "$m"
		bmc_new "$m"
		# It is on every disk already when the machines are switched on.
		{
			echo '<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" admin_epoch="1" epoch="1" num_updates="0">'
			"$cib"
			echo '<status/></cib>'
		} >"$dir/$m/disk/pacemaker/cib/cib.xml"
		chown hacluster:haclient "$dir/$m/disk/pacemaker/cib/cib.xml"
		chmod 0600 "$dir/$m/disk/pacemaker/cib/cib.xml"
	done
	for m in $(nodes); do boot "$m"; done
	wait_for 90 "all nodes online" pacemaker_online
}

stack_up_openstack_pacemaker() { # [nodes]
	DISK_MB=700
	PACEMAKER_TOKEN=1000 # with 300 it takes nodes for lost that are only busy
	pacemaker_site "${1:-3}" pacemaker_stack_cib openstack_folder
	openstack_ready
	say "The full stack stands under Pacemaker on $(nodes | tr '\n' ' ')"
}

stack_up_pacemaker() { # [nodes]
	pacemaker_site "${1:-3}" pacemaker_cib :
	nsenter --net="/run/netns/$LAB-client" setsid "$tools/lab_client" "$VIP" "$CLIENT_MS" "$dir/client.log" \
		>/dev/null 2>&1 </dev/null &
	echo $! >"$dir/client.pid"
	wait_for 90 "the first page through $VIP" page
	say "Pacemaker stands: $(page)"
}
