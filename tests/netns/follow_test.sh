#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Interfaces that come, go, come again and change their names while the flow probe watches: each is attached to when it
# comes, and every packet that the kernel counted at it is in the ledger.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip tc bpftool ping

# neighbour NUMBER INTERFACE: the address of wNUMBER, which nobody needs to ask for then
neighbour() { ip -n "$(ns a)" neigh replace "10.9.$1.2" lladdr "02:00:00:00:0$1:02" dev "$2" nud permanent; }
# pair NUMBER: vNUMBER in a and its other end in b, without a packet of their own
pair() {
	ip link add "v$1" netns "$(ns a)" address "02:00:00:00:0$1:01" type veth \
		peer name "w$1" netns "$(ns b)" address "02:00:00:00:0$1:02"
	addr a "v$1" "10.9.$1.1/24"
	addr b "w$1" "10.9.$1.2/24"
	ip -n "$(ns a)" link set "v$1" up
	ip -n "$(ns b)" link set "w$1" up
	neighbour "$1" "v$1"
	ip -n "$(ns b)" neigh replace "10.9.$1.1" lladdr "02:00:00:00:0$1:01" dev "w$1" nud permanent
}
quiet() {
	local name
	for name in a b; do
		in_ns "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
			echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	done
}
said() { [ "$(grep -c "$1" "$TMP/flows.err")" -ge "${2:-1}" ]; }
# traffic NUMBER COUNT [INTERFACE]: and what the kernel has counted at it since it is there, in $SENT and $RECEIVED
traffic() {
	local counters=/sys/class/net/${3:-v$1}/statistics
	in_ns a ping -q -c "$2" -i 0.01 -W 5 "10.9.$1.2" >"$TMP/ping"
	SENT=$(in_ns a cat "$counters/tx_packets") RECEIVED=$(in_ns a cat "$counters/rx_packets")
	check_ge "packets" "$SENT" "$2" # an interface under its second name has sent under its first
}
# seen DIR WHERE: of the ledger, over all that were there
seen() {
	jq -s "map(select(.event == \"ledger\" and .name == \"seen\" and (.where | test(\"$1\")))) | map(.value) | add" \
		"$TMP/flows.log"
}
watch() {
	start_split flows "$TEIDE" flows -o json -i "$(ns a)/v*" "$@"
}
end_watch() {
	stop "$PID"
	check_eq "exit of teide" "$STATUS" 0
	assert_nothing_left
}

for method in auto clsact; do
	note "by $method"
	netns_make a b
	quiet
	snapshot_before
	pair 0
	watch --set "probes.flow.tc=$method"
	traffic 0 5
	sent=$SENT received=$RECEIVED

	pair 1
	wait_for 60 said "watching $(ns a)/v1"
	traffic 1 7
	sent=$((sent + SENT)) received=$((received + RECEIVED))

	ip -n "$(ns a)" link del v1
	wait_for 60 said "detached from $(ns a)/v1"
	pair 1
	wait_for 60 said "watching $(ns a)/v1" 2
	traffic 1 11
	sent=$((sent + SENT)) received=$((received + RECEIVED))

	ip -n "$(ns a)" link set v0 down
	ip -n "$(ns a)" link set v0 name v9
	ip -n "$(ns a)" link set v9 up
	neighbour 0 v9
	# The name is that of the last look, so of the next one at the latest.
	pair 2
	wait_for 60 said "watching $(ns a)/v2"
	traffic 0 3 v9
	sent=$((sent + SENT - 5)) received=$((received + RECEIVED - 5))
	ip -n "$(ns a)" link del v2
	end_watch
	check_eq "sent, by the ledger" "$(seen '^egress .*/v[019]$')" "$sent"
	check_eq "received" "$(seen '^ingress .*/v[019]$')" "$received"
	check_eq "packets in rows under the new name" \
		"$(jq -s 'map(select(.event == "flow" and .interface == "v9" and .dir == "egress" and .outer.proto == 1)) |
			map(.packets) | add' "$TMP/flows.log")" 3
	netns_remove a
	netns_remove b
done

note "a place for each in turn"
netns_make a b
quiet
pair 0
pair 1
watch --set probes.flow.max_interfaces=2
traffic 1 4
gone=$((SENT + RECEIVED))
pair 2
wait_for 60 said "no room for 1 more"
ip -n "$(ns a)" link del v1
wait_for 60 said "watching $(ns a)/v2"
traffic 2 6
stop "$PID"
check_eq "exit of teide" "$STATUS" 0
check_eq "those that had the place before" "$(seen '^interfaces before$')" "$gone"
check_eq "sent by who has it now" "$(seen '^egress .*/v2$')" "$SENT"
netns_remove a
netns_remove b

note "a pattern of namespaces"
check_exit "no namespace of that name" 1 "$TEIDE" flows -i 'nonesuch-*/v*' --once
check_match "what it says" "$(cat "$TMP/err")" "no interface 'v\*' in a network namespace 'nonesuch-\*'"
netns_make a b
quiet
pair 4
start_split flows "$TEIDE" flows -o json -i "$(ns '*')/[vw]4"
traffic 4 5
netns_make c
ip -n "$(ns c)" link add v4 type veth peer name x4
wait_for 60 said "watching $(ns c)/v4"
stop "$PID"
check_eq "exit of teide" "$STATUS" 0
check_eq "sent" "$(seen '^egress .*-a/v4$')" "$SENT"
check_eq "received at the other end" "$(seen '^ingress .*-b/w4$')" "$SENT"
netns_remove a
netns_remove b
netns_remove c

note "the service waits for an interface and its namespace"
snapshot_before
spawn_split flows env TEIDE_RUN_PROBES=flow TEIDE_RUN_STRATEGIES=false TEIDE_RUN_OUTPUT=json \
	TEIDE_PROBES_FLOW_INTERFACES="$(ns a)/v*" "$TEIDE" run
wait_for 60 said running
for time in 1 2; do
	netns_make a b
	quiet
	pair 3
	wait_for 60 said "watching $(ns a)/v3" $time
	traffic 3 5
	netns_remove a
	netns_remove b
	wait_for 60 said "detached from $(ns a)/v3" $time
done
end_watch
check_eq "sent, both times" "$(seen '^egress .*/v3$')" $((2 * SENT))
