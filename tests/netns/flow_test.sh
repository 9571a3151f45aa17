#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The flow probe on real interfaces: every packet under its head, counts and ledger to the packet,
# foreign programs undisturbed, packets unchanged, nothing left behind.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip tc bpftool tshark python3
FOREIGN=${BUILD:?}/tests/netns/tc_foreign
CASES=$TMP/cases.txt
packets() { /usr/bin/python3 "$TESTS/netns/flow_packets.py" "$@"; }
packets_in() { in_ns "$1" /usr/bin/python3 "$TESTS/netns/flow_packets.py" "${@:2}"; }

make_cases() {
	local status=0
	/usr/bin/python3 "$TESTS/bpf/flow_cases.py" "$TMP" >"$TMP/why" || status=$?
	[ "$status" != 77 ] || skip "$(tail -n 1 "$TMP/why")"
	[ "$status" = 0 ] || fail "making packets: exit $status"
	packets heads "$CASES" >"$TMP/heads"
	awk '{ print $1, 2 * $2 }' "$TMP/heads" >"$TMP/heads_twice"
	N=$(wc -l <"$CASES")
	# of these a packet is a flow's, and an event
	COUNTED=$(awk '$1 !~ /^(not_ip|mpls|pppoe|vlan_depth|short|ip_short|ip_bad)$/ { n += $2 } END { print n }' "$TMP/heads")
}
quiet_veth() {
	netns_make a b
	for name in a b; do
		in_ns "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
			echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	done
	ip link add v0 netns "$(ns a)" type veth peer name v1 netns "$(ns b)"
	ip -n "$(ns a)" link set v0 mtu 9000 up
	ip -n "$(ns b)" link set v1 mtu 9000 up
	wait_for 30 sh -c "ip -n '$(ns b)' link show v1 | grep -q 'state UP'"
}
received() { in_ns b cat /sys/class/net/v1/statistics/rx_packets; }
has_received() { [ "$(received)" -ge "$1" ]; }
# send N of the cases by one of flow_packets.py's ways, and wait until all have arrived
send_all() {
	local before
	before=$(received)
	packets_in a send v0 "$CASES"
	wait_for 60 has_received $((before + N))
}
# watch NAME VERB OPTIONS...: teide in the background until it has attached; PID
watch() {
	start_split "$1" "$TEIDE" "$2" -o json "${@:3}"
}
end_watch() {
	stop "$1" "${2:-TERM}"
	check_eq "exit of teide" "$STATUS" 0
}
check_ledger() { # NAME HOOK FILE_OF_HEADS
	packets ledger_heads "$TMP/$1.log" "$2" >"$TMP/got"
	diff -u "$3" "$TMP/got" || fail "$1: heads of $2"
}
ledger_value() { packets ledger "$TMP/$1.log" "$2" | awk -v key="$3" '$1 == key { print $2 }'; }

test_every_packet() { # METHOD
	note "every packet under its head, by $1"
	watch "$1" flows -i "$(ns a)/v0" -i "$(ns b)/v*" --set "probes.flow.tc=$1"
	local teide=$PID
	send_all
	end_watch "$teide"
	check_ledger "$1" "egress $(ns a)/v0" "$TMP/heads"
	check_ledger "$1" "ingress $(ns b)/v1" "$TMP/heads"
	packets rows "$CASES" "$TMP/$1.log" "$(ns a)" v0 egress
	packets rows "$CASES" "$TMP/$1.log" "$(ns b)" v1 ingress
	assert_nothing_left
}
test_odd_frames() {
	note "cut link and IP headers"
	watch odd flows -i "$(ns a)/v0"
	local teide=$PID
	packets_in a send_odd v0 >"$TMP/odd_heads"
	end_watch "$teide"
	check_ledger odd "egress $(ns a)/v0" "$TMP/odd_heads"
}
test_l3_device() {
	note "a device without Ethernet"
	in_ns b ip tuntap add dev t0 mode tun
	ip -n "$(ns b)" link set t0 up
	watch tun flows -i "$(ns b)/t0"
	local teide=$PID
	packets_in b send_tun t0 "$CASES" >"$TMP/tun_heads"
	end_watch "$teide"
	check_ledger tun "ingress $(ns b)/t0" "$TMP/tun_heads"
	ip -n "$(ns b)" link del t0
}
test_nonlinear() {
	note "headers outside the linear part"
	watch nonlinear flows -i "$(ns a)/v0"
	local teide=$PID n
	n=$(packets_in a send_nonlinear v0 "$CASES")
	end_watch "$teide"
	printf 'gtpu %s\n' "$n" >"$TMP/nonlinear_heads"
	check_ledger nonlinear "egress $(ns a)/v0" "$TMP/nonlinear_heads"
}
test_unchanged() {
	note "packets arrive unchanged"
	spawn receiver in_ns b /usr/bin/python3 "$TESTS/netns/flow_packets.py" receive v1 "$CASES"
	local receiver=$PID
	wait_for 30 grep -q ready "$TMP/receiver.log"
	watch unchanged trace --probe flow -i "$(ns a)/v0" -i "$(ns b)/v1"
	local teide=$PID
	packets_in a send v0 "$CASES"
	wait_for 60 gone "$receiver"
	grep -q 'all unchanged' "$TMP/receiver.log" || fail "$(cat "$TMP/receiver.log")"
	end_watch "$teide"
	check_eq "packet events" "$(packets count "$TMP/unchanged.log" packet)" $((2 * COUNTED))
	check_eq "events emitted" "$(ledger_value unchanged ring emitted)" $((2 * COUNTED))
	check_eq "events lost" "$(ledger_value unchanged ring lost/full)" 0
}
test_small_ring() {
	note "a small ring loses what the ledger says"
	watch ring trace --probe flow -i "$(ns b)/v1" --set probes.flow.ring_size=4096
	local teide=$PID
	freeze "$teide"
	send_all
	kill -CONT "$teide"
	end_watch "$teide"
	check_eq "events emitted" "$(ledger_value ring ring emitted)" "$COUNTED"
	# 4096 bytes hold 22 records of 8 + 176
	check_eq "events lost" "$(ledger_value ring ring lost/full)" $((COUNTED - 22))
	check_eq "events told" "$(packets count "$TMP/ring.log" packet)" 22
	check_ledger ring "ingress $(ns b)/v1" "$TMP/heads"
}
test_small_map() {
	note "a full map counts the rest as other"
	watch other flows -i "$(ns b)/v1" --set probes.flow.max_flows=16 --set probes.flow.max_tunnels=4
	local teide=$PID
	send_all
	end_watch "$teide"
	check_ledger other "ingress $(ns b)/v1" "$TMP/heads"
	/usr/bin/python3 - "$TMP/other.log" "$COUNTED" <<-'PY'
		import json, sys
		rows = [json.loads(line) for line in open(sys.argv[1])]
		flows = [e for e in rows if e["event"] == "flow"]
		assert sum(e["packets"] for e in flows) == int(sys.argv[2]), "flow rows do not add up"
		assert any(e.get("reason") == "other" for e in flows), "nothing was counted as other"
	PY
}

test_documented() {
	note "every key of these lines is in docs/events.md"
	/usr/bin/python3 "$TESTS/netns/keys_judge.py" "$TMP"/{auto,clsact,odd,tun,unchanged,ring,other}.log
}

foreign() { # NAME DIRECTION WHERE
	spawn "foreign_$1" in_ns b "$FOREIGN" v1 "$2" "$3"
	wait_for 30 grep -q attached "$TMP/foreign_$1.log"
}
check_foreign() { # NAME PID
	stop "$2"
	check_eq "$1 foreign program's packets" "$(tail -n 1 "$TMP/foreign_$1.log")" "${3:-$N}"
}
replace_foreign() { # NAME PID
	kill -USR1 "$2"
	wait_for 30 grep -q replaced "$TMP/foreign_$1.log"
}
test_foreign() { # METHOD FIRST LAST
	note "foreign programs before and behind, and replaced by others, by $1"
	foreign "behind_$1" ingress "$3"
	local behind=$PID
	watch "beside_$1" flows -i "$(ns b)/v1" --set "probes.flow.tc=$1"
	local teide=$PID
	foreign "before_$1" ingress "$2"
	local before=$PID
	send_all
	replace_foreign "before_$1" "$before"
	replace_foreign "behind_$1" "$behind"
	send_all
	end_watch "$teide"
	check_ledger "beside_$1" "ingress $(ns b)/v1" "$TMP/heads_twice"
	check_foreign "before_$1" "$before" $((2 * N))
	check_foreign "behind_$1" "$behind" $((2 * N))
	in_ns b tc qdisc del dev v1 clsact 2>/dev/null || true
	assert_nothing_left
}
kill_hard() {
	kill -KILL "$1"
	wait "$1" || true
}
filters() { in_ns b tc filter show dev v1 "$1" | grep -c "handle.* $2" || true; }
test_kill_tcx() {
	note "kill -9 with tcx"
	watch killed flows -i "$(ns b)/v1"
	kill_hard "$PID"
	assert_nothing_left
}
test_kill_clsact() {
	note "kill -9 with clsact: the next start removes the filter"
	watch killed flows -i "$(ns b)/v1" --set probes.flow.tc=clsact
	kill_hard "$PID"
	check_eq "filters after the kill" "$(filters ingress teide) $(filters egress teide)" "1 1"
	foreign stays ingress 5
	local other=$PID
	watch restarted flows -i "$(ns b)/v1" --set probes.flow.tc=clsact
	local teide=$PID
	check_match "what may hide packets from it" "$(grep "ingress $(ns b)/v1" "$TMP/restarted.err")" "behind 1 foreign filter,"
	check_eq "filters after the restart" "$(filters ingress teide) $(filters ingress foreign)" "1 1"
	send_all
	end_watch "$teide"
	check_ledger restarted "ingress $(ns b)/v1" "$TMP/heads"
	check_eq "filters after the end" "$(filters ingress teide) $(filters ingress foreign)" "0 1"
	check_foreign stays "$other"
	in_ns b tc qdisc del dev v1 clsact

	watch killed flows -i "$(ns b)/v1" --set probes.flow.tc=clsact
	kill_hard "$PID"
	watch again flows -i "$(ns b)/v1" --set probes.flow.tc=clsact
	end_watch "$PID"
	check_eq "qdisc of a killed run" "$(in_ns b tc qdisc show dev v1 clsact)" ""
	in_ns b tc qdisc add dev v1 clsact
	watch found flows -i "$(ns b)/v1" --set probes.flow.tc=clsact
	end_watch "$PID"
	check_match "somebody else's qdisc" "$(in_ns b tc qdisc show dev v1 clsact)" clsact
	in_ns b tc qdisc del dev v1 clsact
	assert_nothing_left
}
test_two_clsact() {
	note "two runs at once on clsact: neither takes the other's filter"
	watch first flows -i "$(ns b)/v1" --set probes.flow.tc=clsact
	local first=$PID
	watch second flows -i "$(ns b)/v1" --set probes.flow.tc=clsact
	local second=$PID
	check_eq "filters of two runs" "$(filters ingress teide) $(filters egress teide)" "2 2"
	send_all
	end_watch "$first"
	check_ledger first "ingress $(ns b)/v1" "$TMP/heads"
	check_eq "filters after the first" "$(filters ingress teide) $(filters egress teide)" "1 1"
	end_watch "$second"
	check_ledger second "ingress $(ns b)/v1" "$TMP/heads"
	check_eq "qdisc after both" "$(in_ns b tc qdisc show dev v1 clsact)" ""
	assert_nothing_left
}
no_v1() { ! ip -n "$(ns b)" link show v1; }
test_vanishing() { # METHOD
	note "a deleted namespace takes its veth along, by $1"
	watch "vanish_$1" flows -i "$(ns a)/v0" -i "$(ns b)/v1" --set "probes.flow.tc=$1"
	local teide=$PID
	send_all
	ip netns del "$(ns a)"
	wait_for 60 no_v1
	end_watch "$teide"
	check_ledger "vanish_$1" "egress $(ns a)/v0" "$TMP/heads"
	ip netns add "$(ns a)"
	netns_remove a b
}
test_errors() {
	note "errors name the thing"
	check_exit "missing interface" 1 "$TEIDE" flows -i "$(ns b)/v9" --once
	check_match "its message" "$(cat "$TMP/err")" "v9.*$(ns b).*lo, v1"
	check_exit "missing namespace" 1 "$TEIDE" flows -i nonesuch/v0 --once
	check_match "its message" "$(cat "$TMP/err")" "nonesuch"
	check_exit "one of two missing" 1 "$TEIDE" flows -i "$(ns b)/v1" -i "$(ns b)/v9" --once
	assert_nothing_left
}

make_cases
quiet_veth
snapshot_before
test_every_packet auto
test_every_packet clsact
test_odd_frames
test_l3_device
test_nonlinear
test_unchanged
test_small_ring
test_small_map
test_documented
if grep -q 'by tcx' "$TMP/auto.err"; then
	test_foreign auto tcx-first tcx-last
	test_kill_tcx
fi
test_foreign clsact 1 100
test_kill_clsact
test_two_clsact
test_errors
test_vanishing auto
quiet_veth
test_vanishing clsact
