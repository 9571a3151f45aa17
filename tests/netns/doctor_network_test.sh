#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What teide doctor says of a user plane in a namespace of its own: routes of other tables, IPv6, MTU, packet filters,
# the bridge of the host, UDP GRO, XDP. Each fault is made, named with its way out, and mended by it where that is a command.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq python3
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
SCENE=$TESTS/netns/doctor_scene.py
XDP=${BUILD:?}/tests/netns/xdp_foreign

diagnose() { "$TEIDE" doctor -o json >"$TMP/report" 2>"$TMP/err" || true; }
# get ID KEY: of a check
get() { jq -r --arg id "$1" --arg key "$2" 'first(.checks[] | select(.id == $id)) | .[$key] // "none"' "$TMP/report"; }
# says WHAT ID STATE DETAIL: a new report has the check so; DETAIL is an extended expression
says() {
	diagnose
	check_eq "$1: state" "$(get "$2" state)" "$3"
	check_match "$1: detail" "$(get "$2" detail)" "$4"
}
# mend ID: does what the check says, the first of several ways
mend() {
	local way
	way=$(get "$1" "do" | sed 's/^where [^:]*: //; s/, or .*//')
	bash -c "$way" >"$TMP/mend" 2>&1 || fail "$1: $way: $(cat "$TMP/mend")"
}
id() { printf 'network.%s.%s' "$(ns "${2:-upf}")" "$1"; }
upf() { in_ns upf "$@"; }
set_sysctl() { in_ns "$1" sh -c "echo $3 >/proc/sys/net/$2"; }

netns_make upf gnb dn
veth upf n3 10.100.0.1/24 gnb n3 10.100.0.2/24
veth upf n6 10.200.0.1/24 dn n6 10.200.0.2/24
set_sysctl upf ipv4/ip_forward 1
set_sysctl upf ipv4/conf/all/rp_filter 0
set_sysctl upf ipv4/conf/default/rp_filter 0
spawn upf in_ns upf "$SCENE" upf upfgtp 10.100.0.1
wait_for 30 grep -q ready "$TMP/upf.log"
upf ip link set upfgtp up mtu 1400
upf ip route add 10.60.0.0/16 dev upfgtp
upf ip route add default via 10.200.0.2

test_in_order() {
	local name
	diagnose
	for name in ip_forward.upfgtp rp_filter.upfgtp ue_pool.upfgtp n6 mtu.upfgtp packet_filter.upfgtp udp_gro.n3 n3_socket; do
		check_eq "$name" "$(get "$(id $name)" state)" ok
	done
	for name in ip6_forward.upfgtp n6_ipv6 xdp.n3; do
		check_eq "$name, which is not there" "$(get "$(id $name)" state)" ""
	done
}

test_other_tables() {
	note "the way to N6 and the pool's route are in tables of their own"
	upf ip route del default
	upf ip route del 10.60.0.0/16
	upf ip rule add iif upfgtp lookup 7
	upf ip rule add to 10.60.0.0/16 lookup 8
	upf ip route add default via 10.200.0.2 table 7
	upf ip route add 10.60.0.0/16 dev upfgtp table 8
	says "pool in a table" "$(id ue_pool.upfgtp)" ok "1 route to upfgtp"
	check_match "default in a table" "$(get "$(id n6)" state) $(get "$(id n6)" detail)" "^ok a default route"
	note "that table refuses, though the main table has a way"
	upf ip route replace unreachable default table 7
	upf ip route add default via 10.200.0.2
	says "unreachable" "$(id n6)" limited "unreachable or prohibit to what comes in at upfgtp"
	upf ip route replace prohibit default table 7
	says "prohibit" "$(id n6)" limited "unreachable or prohibit"
	check_match "what shows it" "$(get "$(id n6)" "do")" "ip route get 192.0.2.1 from 10.60.0.2 iif upfgtp"
	upf ip rule del iif upfgtp lookup 7
	upf ip rule del to 10.60.0.0/16 lookup 8
	says "no route of the pool is asked for by a rule" "$(id ue_pool.upfgtp)" ok "1 route"
	upf ip route flush table 7
	upf ip route flush table 8
	says "no route at all" "$(id ue_pool.upfgtp)" limited "no route to upfgtp"
	note "several next hops, one of which is the device"
	upf ip route add 10.60.0.0/16 nexthop dev upfgtp nexthop dev n6
	says "several next hops" "$(id ue_pool.upfgtp)" ok "1 route to upfgtp"
	upf ip route replace 10.60.0.0/16 dev upfgtp
}

test_overlap() {
	note "a bridge of containers has a part of the pool; so has N6, and that is in order"
	upf ip link add br-1234 type bridge
	upf ip link set br-1234 up
	addr upf br-1234 10.60.0.254/24
	says "a bridge in the pool" "$(id ue_pool.upfgtp)" limited "10.60.0.0/24 goes by br-1234, not upfgtp"
	upf ip link del br-1234
	addr upf n6 10.60.7.1/24
	says "N6 in the pool" "$(id ue_pool.upfgtp)" ok "1 route to upfgtp"
	upf ip addr del 10.60.7.1/24 dev n6
}

test_ipv6() {
	note "a pool of IPv6 and no forwarding of IPv6"
	set_sysctl upf ipv6/conf/all/disable_ipv6 0
	set_sysctl upf ipv6/conf/all/forwarding 0
	upf ip -6 route add fd00:60::/32 dev upfgtp
	says "IPv6 forwarding" "$(id ip6_forward.upfgtp)" limited "uplink packets of IPv6 end"
	mend "$(id ip6_forward.upfgtp)"
	says "IPv6 forwarding, mended" "$(id ip6_forward.upfgtp)" ok "1"
	check_eq "no way" "$(get "$(id n6_ipv6)" state)" limited
	addr upf n6 fd00:200::1/64
	upf ip -6 route add default via fd00:200::2
	says "a way" "$(id n6_ipv6)" ok "a default route"
	note "UEs of IPv6 alone"
	upf ip route del 10.60.0.0/16
	says "no route of IPv4" "$(id ue_pool.upfgtp)" limited "no IPv4 route to upfgtp"
	upf ip addr del 10.200.0.1/24 dev n6
	set_sysctl upf ipv4/ip_forward 0
	set_sysctl upf ipv6/conf/all/forwarding 1
	says "pool" "$(id ue_pool.upfgtp)" ok "1 route"
	check_eq "IPv4 forwarding" "$(get "$(id ip_forward.upfgtp)" state)" ""
	set_sysctl upf ipv4/ip_forward 1
	addr upf n6 10.200.0.1/24
	upf ip route add default via 10.200.0.2
	upf ip route add 10.60.0.0/16 dev upfgtp
	upf ip -6 route del fd00:60::/32
}

test_mtu() {
	note "the MTU of N3, not of the narrowest interface"
	upf ip link add n4 type veth peer name n4b
	upf ip link set n4 up mtu 1300
	says "a narrow N4" "$(id mtu.upfgtp)" ok "upfgtp 1400, n3 1500"
	check_match "N6" "$(get "$(id n6_mtu.upfgtp)" state) $(get "$(id n6_mtu.upfgtp)" detail)" "^info n6 1500 exceeds 1400"
	upf ip link set n3 mtu 1420
	says "a narrow N3" "$(id mtu.upfgtp)" info "upfgtp 1400 and 44 bytes of tunnel exceed 1420 of n3"
	mend "$(id mtu.upfgtp)"
	says "a narrow N3, mended" "$(id mtu.upfgtp)" ok "upfgtp 1376, n3 1420"
	upf ip link set n3 mtu 1500
	upf ip link del n4
}

test_packet_filter() { # TOOL CHAIN
	command -v "$1" >/dev/null || { note "$1 is not installed"; return; }
	upf "$1" -P FORWARD DROP 2>"$TMP/iptables" || { note "$1 does not work here: $(cat "$TMP/iptables")"; return; }
	note "$1: policy DROP, with rules and without"
	says "no rule" "$(id packet_filter.upfgtp)" limited "$2 drops by its policy every packet that is forwarded"
	if [ "$1" = iptables ]; then mend "$(id packet_filter.upfgtp)"; else upf "$1" -A FORWARD -i upfgtp -j ACCEPT; fi
	says "a rule" "$(id packet_filter.upfgtp)" ok "$2 drops by its policy what none of its rules accepts: so far 0 packets"
	in_ns gnb ip route add 10.200.0.0/24 via 10.100.0.1
	in_ns gnb ping -q -c 3 -i 0.01 -W 1 10.200.0.2 >"$TMP/ping" || true
	in_ns gnb ip route del 10.200.0.0/24
	says "packets dropped" "$(id packet_filter.upfgtp)" info "so far 3 packets"
	upf "$1" -P FORWARD ACCEPT
	upf "$1" -F FORWARD
}

test_bridge() {
	note "gNB and UPF at a bridge of the host, whose packet filter drops"
	command -v iptables >/dev/null || { note "no iptables"; return; }
	netns_make host
	local one
	in_ns host ip link add br0 type bridge
	in_ns host ip link set br0 up
	for one in upf gnb; do
		ip -n "$(ns $one)" link del n3 2>/dev/null || true
	done
	for one in upf gnb; do
		ip link add n3 netns "$(ns $one)" type veth peer name "v$one" netns "$(ns host)"
		in_ns host ip link set "v$one" master br0 up
		ip -n "$(ns $one)" link set n3 up
	done
	addr upf n3 10.100.0.1/24
	addr gnb n3 10.100.0.2/24
	if in_ns host [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
		set_sysctl host bridge/bridge-nf-call-iptables 1
		in_ns host iptables -P FORWARD DROP
		says "a bridge" "$(id br_netfilter.br0 host)" limited "br0 carries n3 of $(ns upf): chain FORWARD of table filter"
		set_sysctl host bridge/bridge-nf-call-iptables 0
		says "a bridge that is left alone" "$(id br_netfilter.br0 host)" "" ""
	else
		note "no br_netfilter"
	fi
}

test_udp_gro() {
	note "UDP GRO on N3"
	upf "$SCENE" feature n6 rx-udp-gro-forwarding || { note "the interface has no such feature"; return; }
	says "GRO on N6" "$(id udp_gro.n3)" ok "off at n3"
	upf "$SCENE" feature n3 rx-udp-gro-forwarding
	says "GRO on N3" "$(id udp_gro.n3)" info "UDP GRO is on at n3: GTP-U packets of one sender come as one"
}

test_xdp() {
	note "an XDP program on N3, and on an interface of a namespace that has no user plane"
	spawn xdp in_ns upf "$XDP" n3 takes_gtpu
	wait_for 30 grep -q attached "$TMP/xdp.log"
	says "XDP" "$(id xdp.n3)" limited "n3 has an XDP program \(takes_gtpu\): what it takes or sends is not seen at TC"
	kill "$PID"
	spawn xdp2 in_ns dn "$XDP" n6 another
	wait_for 30 grep -q attached "$TMP/xdp2.log"
	says "XDP elsewhere" "$(id xdp.n6 dn)" info "n6 has an XDP program \(another\)"
	kill "$PID"
	wait_for 30 gone "$PID"
}

test_loopback() {
	note "N3 is the loopback"
	netns_make one
	spawn lo in_ns one "$SCENE" upf tun0 127.0.0.8
	wait_for 30 grep -q ready "$TMP/lo.log"
	in_ns one ip link set tun0 up mtu 1500
	says "loopback" "$(id mtu.tun0 one)" ok "tun0 1500, lo 65536"
}

snapshot_before
test_in_order
test_other_tables
test_overlap
test_ipv6
test_mtu
test_packet_filter iptables "chain FORWARD of table filter"
test_packet_filter iptables-legacy "chain FORWARD of iptables-legacy"
test_udp_gro
test_xdp
test_loopback
test_bridge
