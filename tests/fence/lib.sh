# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the tests here: TAP, a scratch folder, simulators that end with the test.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
build=${PICKET_BUILD:-$PWD/.build/gcc}
bin=$build/bin
tools=$build/tools/fence
dir=$(mktemp -d)
pids=()
number=0 bad=0

finish() {
	local p
	for p in "${pids[@]}"; do
		kill -9 "$p" 2>/dev/null && wait "$p" 2>/dev/null
	done
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

ok() { # name [detail]
	number=$((number + 1))
	printf 'ok %d - %s\n' $number "$1"
}

not_ok() { # name, details...
	number=$((number + 1)) bad=$((bad + 1))
	printf 'not ok %d - %s\n' $number "$1"
	shift
	printf '%s\n' "$@" | sed 's/^/# /'
}

skip() { # name why
	number=$((number + 1))
	printf 'ok %d - %s # SKIP %s\n' $number "$1" "$2"
}

check() { # name command... : the command must succeed
	local name=$1
	shift
	if "$@" >"$dir/check" 2>&1; then ok "$name"; else not_ok "$name" "$*" "$(tail -5 "$dir/check")"; fi
}

done_testing() {
	printf '1..%d\n' $number
	exit $((bad != 0))
}

wait_until() { # seconds command...
	local end=$((SECONDS + $1))
	shift
	until "$@" 2>/dev/null; do
		[ $SECONDS -ge $end ] && return 1
		sleep 0.02
	done
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# What a busy machine may take on top of what is expected: a second for each program that waits for a processor,
# and five, because the average does not know yet what has just begun.
slack_ms() {
	local load rest over
	read -r load rest </proc/loadavg
	over=$((${load%.*} + 1 - $(nproc)))
	echo $((5000 + (over < 1 ? 0 : over > 30 ? 30000 : over * 1000)))
}

# run NAME EXIT-STATUS MAX-SECONDS REGEX command... : status, time, and output (both streams) must fit.
# A command that is a function of the test runs its program under "${guard[@]}".
guard=()
run() {
	local name=$1 want=$2 max=$3 regex=$4 rc=0 slack=0 t0 ms
	shift 4
	t0=$(now_ms)
	guard=(timeout -s KILL $((max + 40)))
	if [ "$(type -t "$1")" = function ]; then
		"$@" >"$dir/out" 2>&1 </dev/null || rc=$?
	else
		"${guard[@]}" "$@" >"$dir/out" 2>&1 </dev/null || rc=$?
	fi
	ms=$(($(now_ms) - t0))
	[ $ms -le $((max * 1000)) ] || slack=$(slack_ms)
	if [ $rc -eq "$want" ] && [ $ms -le $((max * 1000 + slack)) ] && { [ -z "$regex" ] || grep -qE -- "$regex" "$dir/out"; }; then
		ok "$name (${ms} ms)"
	else
		not_ok "$name" "exit status $rc, wanted $want; $ms ms, at most ${max}000 and $slack; wanted /$regex/" \
			"$(head -c 2000 "$dir/out")"
	fi
}

certificate() { # basename: a self-signed one for 127.0.0.1 and localhost
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-keyout "$dir/$1.key" -out "$dir/$1.crt" -subj /CN=localhost \
		-addext subjectAltName=IP:127.0.0.1,DNS:localhost 2>/dev/null
}

quirks() { printf '%s\n' "$@" >"$dir/quirks.new" && mv "$dir/quirks.new" "$dir/quirks"; }

bmc_start() { # options for redfish_bmc; sets port, bmc_pid
	rm -f "$dir/port"
	[ -e "$dir/bmc.crt" ] || certificate bmc
	quirks
	: >"$dir/bmc.log"
	"$tools/redfish_bmc" --cert "$dir/bmc.crt" --key "$dir/bmc.key" --port-file "$dir/port" \
		--log "$dir/bmc.log" --quirks "$dir/quirks" "$@" &
	bmc_pid=$!
	pids+=($bmc_pid)
	wait_until 60 test -s "$dir/port" || { echo "Bail out! redfish_bmc does not start"; exit 1; }
	port=$(cat "$dir/port")
}

bmc_stop() {
	kill -9 "$bmc_pid" && wait "$bmc_pid" 2>/dev/null
}

# A power distribution unit: a real snmpd that carries a make's tree. Sets port; outlets are files in $outlets.
outlets=$dir/outlets
mkdir -p "$outlets"
snmpd_stop() { [ -n "${snmpd_pid-}" ] && kill -9 "$snmpd_pid" && wait "$snmpd_pid" 2>/dev/null; snmpd_pid=; }
snmpd_start() { # family [sysObjectID]
	snmpd_stop
	rm -rf "$dir/snmp" && mkdir -p "$dir/snmp"
	port=$((20000 + RANDOM % 12000)) # below those that the system gives out
	cat >"$dir/snmpd.conf" <<-END
		rwcommunity private 127.0.0.1
		rocommunity public 127.0.0.1
		createUser admin SHA-256 authsecret AES privsecret
		createUser old SHA authsecret AES privsecret
		rwuser admin priv
		rwuser old priv
		sysobjectid ${2-.1.3.6.1.4.1.8072.3.2.10}
		pass_persist $(tests/fence/pdu_tree.py --root "$1") $PWD/tests/fence/pdu_tree.py $1 $outlets 8
	END
	SNMP_PERSISTENT_DIR=$dir/snmp snmpd -f -C -c "$dir/snmpd.conf" -Lf "$dir/snmpd.log" -p "$dir/snmpd.pid" \
		"udp:127.0.0.1:$port" >/dev/null 2>&1 </dev/null &
	snmpd_pid=$!
	pids+=($snmpd_pid)
	wait_until 60 snmpget -v 2c -c private -t 0.2 -r 0 "127.0.0.1:$port" .1.3.6.1.2.1.1.1.0 >/dev/null ||
		{ echo "Bail out! snmpd does not start"; tail -3 "$dir/snmpd.log"; exit 1; }
	# The first question starts the interpreter behind the tree, which may take a while.
	snmpgetnext -v 2c -c private -t 30 -r 0 "127.0.0.1:$port" "$(tests/fence/pdu_tree.py --root "$1")" >/dev/null
}

# ipmi_sim of OpenIPMI, whose power is the file $dir/power. Sets port.
ipmi_sim_start() {
	port=$((20000 + RANDOM % 12000)) # below those that the system gives out
	cat >"$dir/power.sh" <<END
#!/bin/sh
# called as: power.sh ADDRESS get|set power [value]
shift
case \$1 in
get) grep -qx on $dir/power && echo power:1 || echo power:0 ;;
set) [ \$3 = 0 ] && echo off >$dir/power || echo on >$dir/power ;;
esac
END
	chmod +x "$dir/power.sh"
	cat >"$dir/lan.conf" <<END
name "picket"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 $port
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "$dir/power.sh 0x20"
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "admin" "secret" admin 10 none md2 md5 straight
END
	cat >"$dir/sim.emu" <<'END'
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
END
	mkdir -p "$dir/state"
	(cd "$dir" && exec ipmi_sim -n -c "$dir/lan.conf" -f "$dir/sim.emu" -s "$dir/state") >"$dir/sim.log" 2>&1 </dev/null &
	bmc_pid=$!
	pids+=($bmc_pid)
}
