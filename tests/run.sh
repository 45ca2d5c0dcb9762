#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs suites that speak TAP and adds them up. Usage: run.sh check|test|soak|bench BUILD-FOLDER
# A suite is "name|command". Each writes its whole output to .build/log/NAME.log; failures are shown.
# Exit status: 0 all passed, 1 something failed. The last line is "N passed, N failed, N skipped".
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
mode=${1:?} build=${2:?}
mkdir -p .build/log
passed=0 failed=0 skipped=0

run() { # name command...: leaves its output and how it ended
	local name=$1 log=.build/log/${1//[ \/]/-}.log t0=$EPOCHSECONDS rc=0
	shift
	timeout --kill-after=10 "${LIMIT:-600}" "$@" >"$log" 2>&1 </dev/null || rc=$?
	echo "$rc $((EPOCHSECONDS - t0))" >"$log.end"
}

tell() { # name
	local name=$1 log=.build/log/${1//[ \/]/-}.log p f s rc took
	read -r rc took <"$log.end"
	p=$(grep -cE '^ok ' "$log") s=$(grep -ciE '^ok .*# skip' "$log") f=$(grep -cE '^not ok ' "$log")
	p=$((p - s))
	# A suite that died without saying which test failed, or that said nothing, has failed.
	if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ] || [ $((p + f + s)) -eq 0 ]; then
		f=$((f + 1))
		printf 'not ok - %s: exit status %d (%s)\n' "$name" "$rc" "$log"
		tail -n 15 "$log" | sed 's/^/    /'
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%-34s %4d passed %3d failed %3d skipped %4ds\n' "$name" "$p" "$f" "$s" "$took"
	grep -E -A12 '^not ok ' "$log" | head -60
	grep -iE '^ok .*# skip' "$log"
}

suite() { # name command...
	run "$@"
	tell "$1"
}

# The suites of a folder: tests/unit binaries and the like.
binaries() { # folder [argument]
	local b
	for b in "$build/$1"/test_*; do
		[ -x "$b" ] && [[ ${b##*/} != *.* ]] && suite "$1/${b##*/test_}" "$b" --tap "${@:2}"
	done
}

step() { # a build step that must succeed before suites make sense
	"$@" >.build/log/step.log 2>&1 && return
	printf 'not ok - step failed: %s\n' "$*"
	tail -n 30 .build/log/step.log
	failed=$((failed + 1))
	return 1
}

scripts() { # folder: every executable tests/FOLDER/test-*
	local t
	for t in tests/"$1"/test-*; do
		[ -x "$t" ] && suite "$1/${t##*/test-}" "$t"
	done
}

# The same for suites that no clock can fail, each with a loopback of its own: one more at once than there are CPUs,
# for most of them wait most of the time.
side_by_side() { # folder...
	local t name names=() n=0
	for t in $(for f; do ls -d tests/"$f"/test-*; done); do
		[ -x "$t" ] || continue
		name=${t#tests/} name=${name/test-/}
		[ $n -le "$(nproc)" ] || { wait -n; n=$((n - 1)); }
		run "$name" unshare --net sh -c 'ip link set lo up && exec "$0"' "$t" &
		names+=("$name") n=$((n + 1))
	done
	wait
	for t in "${names[@]}"; do tell "$t"; done
}

export PICKET_BUILD=$PWD/$build PICKET_MODE=$mode
case $mode in
check)
	suite tidy tests/tidy/tidy.py
	binaries unit
	;;
test | soak)
	step make --no-print-directory -j"$(nproc)" all unit bpftest tools || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
	suite tidy tests/tidy/tidy.py
	binaries unit
	step make --no-print-directory -j"$(nproc)" CC=clang CFLAGS=-O0 objects
	if step make --no-print-directory -j"$(nproc)" SAN=address,undefined CFLAGS='-O1 -g -Wno-maybe-uninitialized' unit; then
		plain=$build build=.build/gcc-address-undefined
		binaries unit
		build=$plain
	fi
	binaries bpftest -j1 # real heartbeats against real clocks: one at a time
	LIMIT=$([ "$mode" = soak ] && echo 10800 || echo 1500)
	# It compiles against kernels' headers, which it may have to fetch: beside those that wait.
	run kmod/build tests/kmod/test-build &
	side_by_side model fence conformance sim fuzz
	tell kmod/build
	side_by_side agent # among themselves alone: they have deadlines, and wait for most of their time
	for folder in bpf lab stack qemu $([ "$mode" = soak ] && echo package); do scripts $folder; done
	;;
bench)
	for b in tests/bench/bench-*; do
		[ -x "$b" ] && { printf '== %s\n' "${b##*/bench-}"; "$b"; }
	done
	exit 0
	;;
*)
	echo "run.sh: check, test, soak or bench" >&2
	exit 2
	;;
esac
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
