# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# For the shell tests of the tiers netns, vm and e2e:
#
#   #!/bin/bash
#   # SPDX-License-Identifier: ...
#   . "${TESTS:?run me through ./test}/lib.sh"
#
# TEIDE is the binary, TESTS this folder, TMP a folder of the test's own that goes away with it.
# A test ends with exit 0 (passed), skip REASON (77) or fail REASON (1); any command that fails
# unexpectedly fails the test, naming its line. Whatever was made is removed on every way out.
# Nothing is timed: wait_for polls for a condition, with a deadline that is ample.

set -Eeuo pipefail
: "${TEIDE:?path of the teide binary}" "${TESTS:?path of the tests folder}"
TEIDE=$(realpath "$TEIDE")
export TEIDE_HOST_PIDS=any # a test has a PID namespace of its own, and its servers live there
TMP=$(mktemp -d "${TMPDIR:-/tmp}/teide-test.XXXXXX")
LIB_PIDS=()
LIB_NETNS=()
LIB_AT_EXIT=()
LIB_SHELL=$BASHPID

skip() { printf '%s\n' "$*"; exit 77; }
fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }
note() { printf '# %s\n' "$*"; }

# need COMMAND...: skip where a tool is missing.
need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
}
need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }

# check_eq WHAT GOT WANT
check_eq() { [ "$2" = "$3" ] || fail "$1: got '$2', want '$3'"; }
# check_ge WHAT GOT LEAST (integers)
check_ge() { [ "$2" -ge "$3" ] || fail "$1: got $2, want at least $3"; }
# check_match WHAT GOT REGEX (extended)
check_match() { [[ $2 =~ $3 ]] || fail "$1: '$2' does not match '$3'"; }
# check_exit WHAT STATUS COMMAND...: run it, its exit status must be STATUS; output in $TMP/out, $TMP/err.
# A command that does not end by itself fails the test (status 124) after CHECK_LIMIT seconds.
check_exit() {
	local what=$1 want=$2 got=0
	shift 2
	lib_limited "$@" >"$TMP/out" 2>"$TMP/err" || got=$?
	[ "$got" = "$want" ] || { cat "$TMP/out" "$TMP/err"; fail "$what: exit $got, want $want"; }
}

lib_limited() {
	case $(type -t "$1") in
	file) timeout --foreground --kill-after=5 "${CHECK_LIMIT:-240}" "$@" ;;
	*) "$@" ;;
	esac
}

# wait_for SECONDS COMMAND...: until it succeeds; fails the test at the deadline.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "waited in vain for: $*"
		sleep 0.1
	done
}

# at_exit COMMAND...: run when the test ends, last one first.
at_exit() { LIB_AT_EXIT+=("$(printf '%q ' "$@")"); }

lib_exec() {
	case $1 in
	in_ns) exec ip netns exec "$(ns "$2")" "${@:3}" ;;
	*) exec "$@" ;;
	esac
}
# spawn NAME [in_ns NS] COMMAND...: a program in the background, output in $TMP/NAME.log; its process id is in PID.
spawn() {
	local name=$1
	shift
	rm -f "$TMP/$name.log"
	lib_exec "$@" >"$TMP/$name.log" 2>&1 &
	PID=$!
	LIB_PIDS+=("$PID")
}
# spawn_split NAME COMMAND...: the same with standard error apart, in $TMP/NAME.err.
spawn_split() {
	local name=$1
	shift
	# Now, not in the background: an earlier program of that name has left words that are waited for.
	rm -f "$TMP/$name.log" "$TMP/$name.err"
	lib_exec "$@" >"$TMP/$name.log" 2>"$TMP/$name.err" &
	PID=$!
	LIB_PIDS+=("$PID")
}
# start NAME [in_ns NS] COMMAND...: a teide in the background, as by spawn, until it is ready (--ready-fd): its hooks are
# attached, or it listens. The test fails when it ends before.
start() {
	lib_ready_pipe "$1"
	lib_exec "${@:2}" --ready-fd 9 >"$TMP/$1.log" 2>&1 9>"$TMP/$1.ready" &
	lib_until_ready "$1" $!
}
# start_split NAME COMMAND...: the same with standard error apart, as by spawn_split.
start_split() {
	lib_ready_pipe "$1"
	lib_exec "${@:2}" --ready-fd 9 >"$TMP/$1.log" 2>"$TMP/$1.err" 9>"$TMP/$1.ready" &
	lib_until_ready "$1" $!
}
lib_ready_pipe() {
	rm -f "$TMP/$1.log" "$TMP/$1.err" "$TMP/$1.ready"
	mkfifo "$TMP/$1.ready"
}
lib_until_ready() {
	local fd line=
	PID=$2
	LIB_PIDS+=("$PID")
	exec {fd}<"$TMP/$1.ready"
	read -r -t "${READY_LIMIT:-120}" -u "$fd" line || true
	exec {fd}<&-
	[ "$line" = ready ] || fail "$1 ended before it was ready, or was not ready in time"
}
# freeze PID: SIGSTOP, and it has taken effect in all threads. kill -CONT ends it.
freeze() {
	kill -STOP "$1"
	wait_for 60 lib_is_stopped "$1"
}
lib_is_stopped() { [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$1/task/"*/stat | sort -u)" = T ]; }
# spawn_told NAME [in_ns NS] COMMAND...: one that says "ready" and then does what it is told by lines.
spawn_told() {
	local name=$1
	shift
	mkfifo "$TMP/$name.in"
	lib_exec "$@" <>"$TMP/$name.in" >"$TMP/$name.log" 2>&1 &
	PID=$!
	LIB_PIDS+=("$PID")
	wait_for 30 grep -q ready "$TMP/$name.log"
}
# tell NAME LINE: and it has answered by a line of its log.
tell() {
	local lines
	lines=$(wc -l <"$TMP/$1.log")
	echo "$2" >"$TMP/$1.in"
	has_more() { [ "$(wc -l <"$TMP/$1.log")" -gt "$2" ]; }
	wait_for 30 has_more "$1" "$lines"
}
# gone PID: it has ended, whether or not its parent has asked yet.
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
# stop PID [SIGNAL]: ask it to end (TERM), wait; STATUS is its exit status. It must end by itself.
stop() {
	local end=$((SECONDS + 120))
	kill -"${2:-TERM}" "$1" 2>/dev/null || true
	while kill -0 "$1" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do sleep 0.05; done
	kill -0 "$1" 2>/dev/null && { kill -KILL "$1"; fail "process $1 did not end on ${2:-TERM}"; }
	STATUS=0
	# shellcheck disable=SC2034 # for the caller
	wait "$1" || STATUS=$?
}

# btf_of_another_kernel FILE: BTF that has one type, int. Mounted over the kernel's own, it has nothing that teide's
# programs read, and the verifier refuses them.
btf_of_another_kernel() {
	printf '\237\353\1\0\30\0\0\0\0\0\0\0\20\0\0\0\20\0\0\0\5\0\0\0' >"$1"
	printf '\1\0\0\0\0\0\0\1\4\0\0\0\40\0\0\1\0int\0' >>"$1"
}

# netns_make NAME...: named namespaces with lo up. Names get the test's own prefix: $(ns NAME).
ns() { printf 'tt%s-%s' "$LIB_SHELL" "$1"; }
netns_make() {
	local name
	for name; do
		ip netns add "$(ns "$name")"
		LIB_NETNS+=("$(ns "$name")")
		ip -n "$(ns "$name")" link set lo up
	done
}
netns_remove() {
	local name
	for name; do
		ip netns del "$(ns "$name")"
	done
}
# in_ns NAME COMMAND...
in_ns() {
	local name=$1
	shift
	ip netns exec "$(ns "$name")" "$@"
}
# addr NS IF ADDR/LEN: IPv6 usable at once.
addr() {
	case $3 in
	*:*) ip -n "$(ns "$1")" addr add "$3" dev "$2" nodad ;;
	*) ip -n "$(ns "$1")" addr add "$3" dev "$2" ;;
	esac
}
# veth NS1 IF1 ADDR1/LEN NS2 IF2 ADDR2/LEN: a pair of two namespaces, up, addressed.
veth() {
	ip link add "$2" netns "$(ns "$1")" type veth peer name "$5" netns "$(ns "$4")"
	addr "$1" "$2" "$3"
	addr "$4" "$5" "$6"
	ip -n "$(ns "$1")" link set "$2" up
	ip -n "$(ns "$4")" link set "$5" up
}

# check_verified WHAT [OPTION...]: teide clean --verify finds nothing afterwards, but for the probes of teides
# that are not this test's: it looks at the BPF objects of the whole machine. Output in $TMP/out.
check_verified() {
	local what=$1 status=0 id
	shift
	lib_limited "$TEIDE" clean --verify -o json "$@" >"$TMP/out" 2>"$TMP/err" || status=$?
	for id in $(jq -r 'select(.when == "after" and .kind == "probe") | .what | capture("BPF map (?<id>[0-9]+)").id' "$TMP/out"); do
		lib_holds_map "$id" && { cat "$TMP/out" "$TMP/err"; fail "$what: a probe of this test's is left"; }
		[ "$status" != 1 ] || status=0
	done
	[ "$status" = 0 ] || { cat "$TMP/out" "$TMP/err"; fail "$what: exit $status, want 0"; }
	check_eq "$what: left" "$(jq -c 'select(.when == "after" and .kind != "probe")' "$TMP/out")" ""
}
lib_holds_map() {
	local pid
	while read -r _ pid _; do
		grep -qsx "map_id:[[:space:]]*$1" /proc/"$pid"/fdinfo/* && return 0
	done < <(lib_own_processes)
	return 1
}

lib_own_processes() {
	local exe pid
	for exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$exe" 2>/dev/null)" = "$TEIDE" ] || continue
		pid=${exe#/proc/}
		pid=${pid%/exe}
		printf 'process %s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null || true)"
	done
	return 0
}
lib_bpf() {
	local kind
	command -v bpftool >/dev/null || return 0
	if [ -e "$TESTS/bpf_objects" ]; then
		"$TESTS/bpf_objects"
		return
	fi
	# A guest of the vm tier has no python3, and no other programs.
	for kind in prog map link; do
		{ bpftool $kind show 2>/dev/null || true; } |
			sed -n "s/^\([0-9][0-9]*: [a-z_]*\( *name [^ ]*\)\{0,1\}\).*/bpf $kind \1/p"
	done
}
lib_tc() {
	local dev=$1
	shift
	{ tc "$@" 2>/dev/null || true; } | sed "s|^|tc $dev |"
}
# What teide could leave behind, one line a thing.
lib_snapshot() {
	local dev
	{
		ip netns list | sed 's/ .*//; s/^/netns /'
		ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/link \1/'
		for dev in $(ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/'); do
			lib_tc "$dev" qdisc show dev "$dev"
			lib_tc "$dev" filter show dev "$dev" ingress
			lib_tc "$dev" filter show dev "$dev" egress
		done
		lib_bpf
		{ find /run/teide /sys/fs/bpf -mindepth 1 2>/dev/null || true; } | sed 's/^/file /'
		lib_own_processes
	} | sort -u
}
# snapshot_before, then (after the work) assert_nothing_left: what is there now and was not then, is
# a failure. The kernel frees programs and maps after a grace period, so this polls.
snapshot_before() { lib_snapshot >"$TMP/.before"; }
lib_left() { lib_snapshot | comm -13 "$TMP/.before" - >"$TMP/.left"; [ ! -s "$TMP/.left" ]; }
assert_nothing_left() {
	local end=$((SECONDS + 30))
	until lib_left; do
		[ "$SECONDS" -lt "$end" ] || { cat "$TMP/.left"; fail "left behind: the lines above"; }
		sleep 0.2
	done
}

lib_end_pids() {
	local end=$((SECONDS + 10)) pid
	for pid in "${LIB_PIDS[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
	for pid in "${LIB_PIDS[@]}"; do
		while kill -0 "$pid" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do sleep 0.05; done
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}
# On a failure the logs of the background commands are part of the test's output.
lib_show_logs() {
	local log
	for log in "$TMP"/*.log "$TMP"/*.err; do
		[ -s "$log" ] || continue
		printf -- '--- %s (last 40 lines)\n' "${log##*/}"
		tail -n 40 "$log"
	done
}
lib_cleanup() {
	local status=$? i name
	[ "$BASHPID" = "$LIB_SHELL" ] || return 0
	trap - EXIT ERR
	trap '' INT TERM
	set +e
	for ((i = ${#LIB_AT_EXIT[@]} - 1; i >= 0; i--)); do eval "${LIB_AT_EXIT[i]}" >/dev/null 2>&1; done
	lib_end_pids >/dev/null 2>&1
	for name in "${LIB_NETNS[@]}"; do ip netns del "$name" 2>/dev/null; done
	[ "$status" = 0 ] || [ "$status" = 77 ] || lib_show_logs
	rm -rf "$TMP"
	exit "$status"
}
trap lib_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'printf "FAIL: %s line %s: %s\n" "${BASH_SOURCE[0]##*/}" "$LINENO" "$BASH_COMMAND" >&2' ERR
