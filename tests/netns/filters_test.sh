#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Hooks at TC beside others: whose a clsact filter is, where neither process ids nor /proc tell; a hook that
# something else takes off; and what stays when the kernel refuses. Counts are the kernel's own.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip tc bpftool jq ping unshare
FAIL=${BUILD:?}/tests/netns/fail_call.so
EARLIER=$BUILD/tests/netns/tc_earlier

quiet() { in_ns "$1" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'; }
scene() {
	netns_make a b
	quiet a
	quiet b
	ip link add v0 netns "$(ns a)" address 02:00:00:00:00:01 type veth peer name v1 netns "$(ns b)" address 02:00:00:00:00:02
	addr a v0 10.9.0.1/24
	addr b v1 10.9.0.2/24
	ip -n "$(ns a)" link set v0 up
	ip -n "$(ns b)" link set v1 up
	ip -n "$(ns a)" neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev v0 nud permanent
	ip -n "$(ns b)" neigh replace 10.9.0.1 lladdr 02:00:00:00:00:01 dev v1 nud permanent
}
traffic() { in_ns a ping -q -c "$1" -i 0.01 -W 5 10.9.0.2 >"$TMP/ping"; }
received() { in_ns b cat /sys/class/net/v1/statistics/rx_packets; }
filters() { in_ns b tc filter show dev v1 "${1:-ingress}" | grep -c 'handle.* teide' || true; }
filters_are() { [ "$(filters ingress) $(filters egress)" = "$1" ]; }
qdisc() { in_ns b tc qdisc show dev v1 clsact; }
said() { [ "$(grep -c "$2" "$TMP/$1.err")" -ge "${3:-1}" ]; }
ledger() { # NAME HOOK ROW
	jq -s "map(select(.event == \"ledger\" and .where == \"$2 $(ns b)/v1\" and .name == \"$3\")) | map(.value) | add" "$TMP/$1.log"
}
# watch NAME [COMMAND...] -- OPTIONS...: teide, started by COMMAND, has attached; PID
watch() {
	local name=$1 by=()
	shift
	while [ "$1" != -- ]; do by+=("$1"); shift; done
	shift
	start_split "$name" "${by[@]}" "$TEIDE" flows -o json -i "$(ns b)/v1" "$@"
}
apart() { echo unshare --pid --fork --kill-child=TERM --mount-proc; }
end_watch() {
	stop "$1"
	check_eq "exit of teide" "$STATUS" "${2:-0}"
}
# in a process namespace of its own teide is a child of unshare, and unshare ends with it
end_apart() {
	kill "$(pgrep -P "$1")"
	wait_for 60 gone "$1"
}
kill_apart() {
	kill -KILL "$(pgrep -P "$1")"
	wait_for 60 gone "$1"
}
CLSACT=(--set probes.flow.tc=clsact)
# clean looks at every network namespace that it can see: there, those of this test alone
clean() { unshare --pid --fork --kill-child --mount-proc "$TEIDE" clean "$@"; }

test_two_pid_namespaces() {
	note "two runs in two process namespaces: neither takes the other's filters"
	# shellcheck disable=SC2046
	watch first $(apart) -- "${CLSACT[@]}"
	local first=$PID before
	before=$(received)
	traffic 5
	watch second -- "${CLSACT[@]}"
	check_eq "filters of two runs" "$(filters ingress) $(filters egress)" "2 2"
	check_exit "clean beside both" 0 clean
	check_eq "filters after it" "$(filters ingress) $(filters egress)" "2 2"
	end_watch "$PID"
	check_eq "filters after the second" "$(filters ingress) $(filters egress)" "1 1"
	traffic 7
	end_apart "$first"
	check_eq "what the first has seen" "$(ledger first ingress seen)" $(($(received) - before))
	check_eq "times that something took its hook off" "$(ledger first ingress taken_off)" 0
	check_eq "filters, and the qdisc" "$(filters ingress) $(filters egress) $(qdisc)" "0 0 "
}

test_killed_elsewhere() {
	note "the filters of a run killed in another process namespace are stale, whoever has its process id now"
	# shellcheck disable=SC2046
	watch killed $(apart) -- "${CLSACT[@]}"
	kill_apart "$PID"
	check_eq "filters after the kill" "$(filters ingress) $(filters egress)" "1 1"
	# process 1 there is named teide, as the killed one was
	cp "$(command -v sleep)" "$TMP/teide"
	spawn named unshare --pid --fork --kill-child --mount-proc "$TMP/teide" 600
	local named=$PID
	wait_for 30 pgrep -P "$named"
	nsenter -t "$(pgrep -P "$named")" -p -m "$TEIDE" clean >"$TMP/out"
	check_eq "filters, and the qdisc" "$(filters ingress) $(filters egress) $(qdisc)" "0 0 "
	check_match "what it found" "$(cat "$TMP/out")" "filter +2 on "
	stop "$named" KILL
	# shellcheck disable=SC2046
	watch killed $(apart) -- "${CLSACT[@]}"
	kill_apart "$PID"
	watch next -- "${CLSACT[@]}"
	check_eq "filters after the next start" "$(filters ingress) $(filters egress)" "1 1"
	end_watch "$PID"
	check_eq "filters, and the qdisc" "$(filters ingress) $(filters egress) $(qdisc)" "0 0 "
}

clean_took_it() { clean >/dev/null && [ "$(filters ingress)" = 0 ]; }
test_earlier_format() {
	note "filters of an earlier teide: those of a living run stay, those of a killed one go"
	local earlier shared=ttshared$BASHPID
	spawn earlier in_ns b "$EARLIER" v1 $((0x7e000000 | 4711 << 1 | 1)) "$shared"
	earlier=$PID
	wait_for 30 grep -q attached "$TMP/earlier.log"
	check_exit "clean beside it" 0 clean
	watch beside -- "${CLSACT[@]}"
	check_eq "filters beside a living one" "$(filters ingress)" 2
	end_watch "$PID"
	check_eq "filters after that" "$(filters ingress)" 1
	kill -KILL "$earlier"
	wait "$earlier" || true
	wait_for 60 "$EARLIER" "$shared"
	clean_took_it || fail "clean left the filter of a run that was killed: $(filters ingress)"
	check_eq "the qdisc that it had made" "$(qdisc)" ""
}

test_taken_off() { # METHOD HOW COMMAND...
	note "a hook that something else takes off is told of, counted, and put back: by $1, $2"
	local method=$1 before teide
	shift 2
	watch taken -- --set "probes.flow.tc=$method"
	teide=$PID
	before=$(received)
	traffic 5
	"$@"
	wait_for 60 said taken "attached again.*$(ns b)/v1"
	traffic 7
	end_watch "$teide"
	check_eq "packets seen" "$(ledger taken ingress seen)" $(($(received) - before))
	check_eq "times that the hook was taken off" "$(ledger taken ingress taken_off)" 1
	check_eq "filters, and the qdisc" "$(filters ingress) $(filters egress) $(qdisc)" "0 0 "
}
take_qdisc() { in_ns b tc qdisc del dev v1 clsact; }
take_filter() { in_ns b tc filter del dev v1 ingress; }
replace_filter() {
	in_ns b tc filter del dev v1 ingress
	in_ns b tc filter add dev v1 ingress protocol all prio 7 handle 1 matchall action ok
}
# the links that teide holds, by the kernel's word: those of its programs at TC
take_link() {
	local info n=0
	for info in /proc/"$PID"/fdinfo/*; do
		grep -qs '^link_id:' "$info" || continue
		[ "$(bpftool -j prog show id "$(awk '$1 == "prog_id:" { print $2 }' "$info")" | jq -r .name)" = teide ] || continue
		bpftool link detach id "$(awk '$1 == "link_id:" { print $2 }' "$info")"
		n=$((n + 1))
	done
	check_eq "links at TC" "$n" 2
}

test_leftovers_machine_wide() {
	note "clean --verify finds what a living teide has in the kernel, whatever its namespaces"
	local id
	# shellcheck disable=SC2046
	watch living $(apart) --
	id=$(cat /proc/"$(pgrep -P "$PID")"/fdinfo/* | awk '$1 == "map_id:" { print $2 }' |
		while read -r id; do bpftool -j map show id "$id" | jq -r 'select(.name == "teide_flow") | .id'; done)
	check_exit "clean --verify" 1 clean --verify -o json
	check_eq "the living one's probe" "$(jq -c "select(.when == \"after\" and .what == \"flow, BPF map $id\") | [.kind, .in_use]" "$TMP/out")" '["probe",true]'
	check_exit "clean alone" 0 clean
	end_apart "$PID"
	clean --verify -o json >"$TMP/out" || true
	check_eq "after its end" "$(grep -c "BPF map $id\"" "$TMP/out" || true)" 0
}

test_refused() {
	note "a filter that cannot be removed at the end is said, and is in the exit status"
	watch refused env "LD_PRELOAD=$FAIL" "FAIL_CALL=bpf_tc_detach EACCES 1 -1" -- "${CLSACT[@]}"
	end_watch "$PID" 1
	check_match "what it says" "$(cat "$TMP/refused.err")" "error: .*$(ns b)/v1: the filter could not be removed: Permission denied; 'teide clean' removes it"
	check_eq "filters" "$(filters ingress) $(filters egress)" "1 1"
	check_exit "clean" 0 clean
	check_eq "filters, and the qdisc" "$(filters ingress) $(filters egress) $(qdisc)" "0 0 "
	note "one that the kernel refuses for a moment is removed all the same"
	watch passing env "LD_PRELOAD=$FAIL" "FAIL_CALL=bpf_tc_detach ENOBUFS 1 1" -- "${CLSACT[@]}"
	end_watch "$PID"
	check_eq "filters, and the qdisc" "$(filters ingress) $(filters egress) $(qdisc)" "0 0 "
}

test_no_empty_qdisc() {
	note "whatever answer is lost, no qdisc of ours stays"
	local call i
	for call in recv recvmsg; do
		for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
			LD_PRELOAD=$FAIL FAIL_CALL="$call ENOBUFS $i 1" "$TEIDE" flows -o json -i "$(ns b)/v1" \
				"${CLSACT[@]}" --once >"$TMP/out" 2>"$TMP/err" || true
			check_eq "$call $i: filters, and the qdisc" "$(filters ingress) $(filters egress) $(qdisc)" "0 0 "
		done
	done
}

test_refused_looks() {
	note "a look that the kernel refuses is no answer: what stays is said"
	local i code stays=""
	for ((i = 1; i <= 34; i++)); do
		code=0
		LD_PRELOAD=$FAIL FAIL_CALL="socket EACCES $i 1" "$TEIDE" flows -o json -i "$(ns b)/v1" \
			"${CLSACT[@]}" --duration 0.1 >"$TMP/out" 2>"$TMP/err" || code=$?
		[ "$(filters ingress) $(filters egress) $(qdisc)" = "0 0 " ] && continue
		check_eq "$i: exit" "$code" 1
		if filters_are "0 0"; then
			stays+=" qdisc"
			check_match "$i: what it says" "$(cat "$TMP/err")" "error: .*$(ns b)/v1: the empty qdisc of the filter could not be removed: Permission denied; 'tc qdisc del dev v1 clsact'"
			take_qdisc
		else
			stays+=" filter"
			check_match "$i: what it says" "$(cat "$TMP/err")" "error: .*$(ns b)/v1: the filter could not be removed: Permission denied; 'teide clean' removes it"
			check_exit "$i: clean" 0 clean
			check_eq "$i: filters, and the qdisc" "$(filters ingress) $(filters egress) $(qdisc)" "0 0 "
		fi
	done
	check_match "what stayed" "$stays" "filter.* qdisc"
}

test_no_way_in() {
	note "a namespace that cannot be entered: an error at the start, and at the end the filters that stay are said"
	local i
	check_exit "at the start" 1 env "LD_PRELOAD=$FAIL" "FAIL_CALL=setns ENOMEM 1 1" \
		"$TEIDE" flows -o json -i "$(ns b)/v1" --once
	check_match "what it says" "$(cat "$TMP/err")" "cannot enter the network namespace: Cannot allocate memory"
	for i in 2 3 4 5 6 7 8; do
		LD_PRELOAD=$FAIL FAIL_CALL="setns ENOMEM $i -1" "$TEIDE" flows -o json -i "$(ns b)/v1" \
			"${CLSACT[@]}" --once >"$TMP/out" 2>"$TMP/err" || true
		[ "$(filters ingress) $(filters egress)" = "0 0" ] && continue
		check_match "$i: what it says" "$(cat "$TMP/err")" \
			"$(ns b)/v1: the filter could not be removed: Cannot allocate memory; 'teide clean' removes it"
		check_exit "$i: clean" 0 clean
		check_eq "$i: filters, and the qdisc" "$(filters ingress) $(filters egress) $(qdisc)" "0 0 "
	done
}

ulimit -c 0
scene
snapshot_before
test_two_pid_namespaces
test_killed_elsewhere
test_earlier_format
test_taken_off clsact "the qdisc" take_qdisc
test_taken_off clsact "a filter" take_filter
if grep -q 'by tcx' <("$TEIDE" flows -o json -i "$(ns b)/v1" --once 2>&1 >/dev/null); then
	test_taken_off auto "the link" take_link
fi
test_leftovers_machine_wide
test_refused
test_no_empty_qdisc
test_refused_looks
test_no_way_in
assert_nothing_left
