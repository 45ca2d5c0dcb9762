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

# run NAME EXIT-STATUS MAX-SECONDS REGEX command... : status, time, and output (both streams) must fit.
# A command that is a function of the test runs its program under "${guard[@]}".
guard=()
run() {
	local name=$1 want=$2 max=$3 regex=$4 rc=0 t0 ms
	shift 4
	t0=$(now_ms)
	guard=(timeout -s KILL $((max + 10)))
	if [ "$(type -t "$1")" = function ]; then
		"$@" >"$dir/out" 2>&1 </dev/null || rc=$?
	else
		"${guard[@]}" "$@" >"$dir/out" 2>&1 </dev/null || rc=$?
	fi
	ms=$(($(now_ms) - t0))
	if [ $rc -eq "$want" ] && [ $ms -le $((max * 1000)) ] && { [ -z "$regex" ] || grep -qE -- "$regex" "$dir/out"; }; then
		ok "$name (${ms} ms)"
	else
		not_ok "$name" "exit status $rc, wanted $want; $ms ms, at most ${max}000; wanted /$regex/" \
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
	wait_until 5 test -s "$dir/port" || { echo "Bail out! redfish_bmc does not start"; exit 1; }
	port=$(cat "$dir/port")
}

bmc_stop() {
	kill -9 "$bmc_pid" && wait "$bmc_pid" 2>/dev/null
}
