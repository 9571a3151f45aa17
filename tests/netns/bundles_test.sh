#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# GTP-U packets of many tunnels in one skb: by UDP GSO of the sender, by UDP GRO of the receiver (both kinds), in an
# overlay. Each is counted for its own tunnel and flow, as the sender says, and as the interface counts on the wire.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip python3 jq
/usr/bin/python3 -c 'import scapy.contrib.gtp' 2>"$TMP/why" || skip "python3-scapy is missing"
scene() { in_ns "$1" /usr/bin/python3 "$TESTS/netns/bundles_scene.py" "${@:2}"; }
feature() { in_ns "$1" "$TESTS/netns/doctor_scene.py" feature "${@:2}"; }
counter() { in_ns "$1" cat "/sys/class/net/$2/statistics/$3"; }

netns_make a b
for name in a b; do in_ns "$name" sysctl -qw net.ipv6.conf.{all,default}.disable_ipv6=1; done
snapshot_before
veth a v0 10.9.0.1/24 b v1 10.9.0.2/24
# no socket and no answer: b drops what is for another address
in_ns a ip neigh add 10.9.0.3 lladdr "$(in_ns b cat /sys/class/net/v1/address)" dev v0 nud permanent

# arrived: packets, each of a bundle, that the stack of b has taken from its interface
arrived() { in_ns b sh -c 'cat /proc/net/netstat /proc/net/snmp6' | awk '
	$1 == "IpExt:" && !n { for (n = 2; $n != "InNoECTPkts"; n++) ; next }
	$1 == "IpExt:" { sum += $n } $1 == "Ip6InNoECTPkts" { sum += $2 } END { print sum }'; }
has_arrived() { [ "$(arrived)" -ge "$1" ]; }
# send NAME WAY PACKETS [FROM TO]: TIMES (40) so many packets, watched at both ends; SENT and RECEIVED by the interfaces
send() {
	local before
	SENT=$(counter a v0 tx_packets) RECEIVED=$(counter b v1 rx_packets) before=$(arrived)
	start_split "$1" "$TEIDE" flows -o json -i "$(ns a)/v0" -i "$(ns b)/v1"
	scene a "$2" "${4:-10.9.0.1}" "${5:-10.9.0.3}" "${TIMES:-40}" "$TMP/sent"
	wait_for 30 has_arrived $((before + ${TIMES:-40} * $3))
	stop "$PID"
	check_eq "exit of teide" "$STATUS" 0
	SENT=$(($(counter a v0 tx_packets) - SENT)) RECEIVED=$(($(counter b v1 rx_packets) - RECEIVED))
}
# judge NAME NS INTERFACE DIR: BUNDLES, SKBS and PACKETS there
judge() {
	scene a judge "$TMP/sent" "$TMP/$1.log" "$(ns "$2")" "$3" "$4" >"$TMP/judged" 2>&1 || fail "$1, $4: $(cat "$TMP/judged")"
	read -r BUNDLES SKBS PACKETS <"$TMP/judged"
	note "$1, $4: $PACKETS packets in $SKBS skbs, $BUNDLES bundles"
}

test_gso() {
	note "by UDP GSO, from end to end"
	send gso gso 17
	judge gso a v0 egress
	check_eq "bundles" "$BUNDLES $SKBS" "40 $SENT"
	judge gso b v1 ingress
	check_eq "bundles" "$BUNDLES $SKBS" "40 $RECEIVED"
}
test_gso_v6() {
	note "over IPv6"
	for name in a b; do in_ns "$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0; done
	in_ns a ip addr add fd00:9::1/64 dev v0 nodad
	in_ns a ip neigh add fd00:9::3 lladdr "$(in_ns b cat /sys/class/net/v1/address)" dev v0 nud permanent
	send gso6 gso 17 fd00:9::1 fd00:9::3
	judge gso6 a v0 egress
	check_eq "bundles" "$BUNDLES" 40
	judge gso6 b v1 ingress
	check_eq "bundles" "$BUNDLES" 40
	for name in a b; do in_ns "$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=1; done
}
test_vxlan() {
	note "VXLAN packets in one skb: counted as what they came in"
	send vxlan vxlan 3
	for dir in egress ingress; do
		jq -rs --arg dir "$dir" 'map(select(.dir == $dir and .outer.proto == 17 and .event != "sender")) | "\(map(.event) | unique) " +
			"\(map(.outer.dport) | unique) \(map(.packets) | add) \(map(.segments) | add)"' "$TMP/vxlan.log" >"$TMP/judged"
		check_eq "VXLAN, $dir" "$(cat "$TMP/judged")" '["flow"] [4789] 40 120'
	done
}
test_segmented() {
	note "the interface segments: its counter is of packets"
	feature a v0 tx-udp-segmentation 0
	send segmented gso 17
	judge segmented a v0 egress
	check_eq "packets" "$BUNDLES $PACKETS" "40 $SENT"
	judge segmented b v1 ingress
	check_eq "packets" "$BUNDLES $SKBS $PACKETS" "0 $RECEIVED $RECEIVED"
}
test_gro() { # FEATURE
	note "by UDP GRO: $1"
	feature b v1 "$1" || { note "the interface has no such feature"; return 0; }
	TIMES=13 send "$1" burst 17 # fewer packets than a veth's ring holds
	judge "$1" a v0 egress
	check_eq "packets" "$BUNDLES $PACKETS" "0 $SENT"
	judge "$1" b v1 ingress
	check_ge "bundles" "$BUNDLES" 1
	check_eq "packets" "$PACKETS" "$RECEIVED"
	feature b v1 "$1" 0
}
test_events() {
	note "an event for each packet, by its own tunnel"
	start_split events "$TEIDE" trace -o json --probe flow --teid 5 -i "$(ns a)/v0"
	scene a gso 10.9.0.1 10.9.0.3 40 "$TMP/sent"
	stop "$PID"
	check_eq "events" "$(jq -rs 'map(select(.event == "packet")) | "\(length) \(map(.len) | unique) \(map(.inner.src) | unique)"' \
		"$TMP/events.log")" '120 [642] ["10.60.0.5"]'
}

test_gso
test_events
test_gso_v6
test_vxlan
test_segmented
feature b v1 rx-gro
# packets wait for others of their flow
in_ns b sh -c 'echo 20000000 >/sys/class/net/v1/gro_flush_timeout; echo 20 >/sys/class/net/v1/napi_defer_hard_irqs'
test_gro rx-udp-gro-forwarding
test_gro rx-gro-list
assert_nothing_left
