#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why where gNB and UPF are containers on a bridge of their host, whose packet filter takes what the bridge passes:
# the packets are lost in a third network namespace.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq nft python3
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
. "$TESTS/netns/why_scene.sh"

# Both ends of N3 are ports of br0 in the host.
make_n3() {
	local one last=1
	netns_make host
	ip -n "$(ns host)" link add br0 type bridge
	ip -n "$(ns host)" link set br0 up
	for one in upf gnb; do
		ip link add n3 netns "$(ns $one)" type veth peer name v$one netns "$(ns host)"
		ip -n "$(ns host)" link set v$one master br0 up
		addr $one n3 10.100.0.$((last++))/24
		ip -n "$(ns $one)" link set n3 up
	done
}
# filters: the host's packet filter drops what is forwarded, and counts it where iptables set it up
filters() {
	if command -v iptables >/dev/null; then
		in_ns host iptables -P FORWARD DROP
		return
	fi
	in_ns host nft -f - <<-EOF
		table ip filter {
			chain FORWARD {
				type filter hook forward priority filter; policy drop;
			}
		}
	EOF
}

test_bridge() {
	local text="there may drop them"
	note "the host's packet filter drops what its bridge passes"
	make_scene
	in_ns host [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || { note "no br_netfilter"; end_scene host; return; }
	set_sysctl host net.bridge.bridge-nf-call-iptables=1
	ask $UE pings $N
	check_works "it does not drop"
	filters
	command -v iptables >/dev/null && text="chain FORWARD of table filter there dropped $N meanwhile"
	ask $UE pings_until gnb sent $((2 * N))
	check_broken "it drops" uplink n3_in bridge_filter \
		"^$N uplink packets came to vgnb, a port of br0 in $(ns host), and none to n3: .*$text"
	check_match "it drops: what to do" "$(answer .do)" "ip netns exec $(ns host) iptables -vnL FORWARD"
	check_eq "the uplink" "$(stages uplink)" "0 - - 0 0"
	set_sysctl host net.bridge.bridge-nf-call-iptables=0
	ask $UE pings $N
	check_works "as it advised"
	end_scene host
}

snapshot_before
test_bridge
assert_nothing_left
