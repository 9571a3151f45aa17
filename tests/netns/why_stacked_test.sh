#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why of sessions that work, where packets are seen twice, or pass where they are not expected: stacked devices
# under N3, a UE that talks to another one or is a relay, an address of no interface, more interfaces than are watched.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq python3
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
. "$TESTS/netns/why_scene.sh"

# try_n3 WHAT FUNCTION: which makes N3 in the namespaces upf and gnb
try_n3() {
	note "N3 on $1"
	eval "make_n3() { $2; }"
	make_scene
	ask $UE pings $N
	check_works "$1"
	end_scene
}
on_vxlan() {
	local name remote
	veth upf eth0 192.168.0.1/24 gnb eth0 192.168.0.2/24
	for name in upf gnb; do
		remote=192.168.0.$([ $name = upf ] && echo 2 || echo 1)
		ip -n "$(ns $name)" link add n3 type vxlan id 7 remote "$remote" dstport 4789 dev eth0
		ip -n "$(ns $name)" link set n3 up
	done
	addr upf n3 10.100.0.1/24
	addr gnb n3 10.100.0.2/24
}
on_bridge() {
	veth upf port 192.168.0.1/24 gnb n3 10.100.0.2/24
	ip -n "$(ns upf)" link add n3 type bridge
	ip -n "$(ns upf)" link set port master n3
	ip -n "$(ns upf)" link set n3 up
	addr upf n3 10.100.0.1/24
}
on_macvlan() {
	veth upf eth0 10.100.0.21/24 gnb n3 10.100.0.2/24
	set_sysctl upf net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	ip -n "$(ns upf)" link add link eth0 name n3 type macvlan mode bridge
	ip -n "$(ns upf)" link set n3 up
	addr upf n3 10.100.0.1/24
}
plain_n3() { veth upf n3 10.100.0.1/24 gnb n3 10.100.0.2/24; }
# can_make OPTION...: the kernel has such a device
can_make() {
	local status=0
	netns_make try
	ip -n "$(ns try)" link add low type veth peer name peer
	ip -n "$(ns try)" link add "$@" 2>"$TMP/try" || status=1
	netns_remove try
	[ $status = 0 ] || note "not tried: ip link add $*: $(cat "$TMP/try")"
	return $status
}

test_ue_to_ue() {
	note "a UE talks to another UE of the same UPF"
	make_links
	netns_make ue2
	addr gnb n3 10.100.0.3/24
	start_upf $UE,1,2,10.100.0.2 10.60.0.2,3,4,10.100.0.3
	start_gnb $UE,1,2,10.100.0.1
	start_node gnb gnb2 gnb uesimtun1 10.100.0.3 10.60.0.2,3,4,10.100.0.1
	place_ue gnb uesimtun1 ue2 10.60.0.2
	for question in $UE 10.60.0.2; do
		ask $question pings $N 10.60.0.2
		check_eq "UE to UE: $(answer .verdict)" "$(answer .state)" works
		check_stages "$question" "$N - - $N $N" "$N - - - $N"
	done
	end_scene ue2
}

test_ue_is_a_relay() {
	note "the UE's own packets are GTP-U"
	make_scene
	spawn answer in_ns dn "$NODE" answer $DN
	NODES+=("$PID")
	wait_for 30 grep -q ready "$TMP/answer.log"
	ask $UE in_ns ue "$NODE" relay $UE $DN $N
	check_works "a relay"
	end_scene
}

test_address_of_no_interface() {
	note "N6 translates to an address that no interface has"
	if ! command -v nft >/dev/null || ! nft list ruleset >/dev/null 2>&1; then
		note "no nft: not tried"
		return
	fi
	make_scene
	in_ns upf nft 'add table ip n; add chain ip n p { type nat hook postrouting priority 100; };
		add rule ip n p oifname n6 snat to 203.0.113.7'
	ip -n "$(ns dn)" route add 203.0.113.0/24 via 10.200.0.1
	ask $UE pings $N
	check_eq "translated: $(answer .verdict)" "$(answer .state)" works
	check_eq "its uplink" "$(stages uplink)" "$N - - $N -"
	end_scene
}

test_many_interfaces() {
	note "40 interfaces of pods were there before the UPF's device"
	local i
	make_links
	for i in {1..40}; do
		echo "link add cali$i type veth peer name pod$i"
		echo "link set cali$i up"
		echo "addr add fe80::$i/64 dev cali$i nodad"
	done | ip -n "$(ns upf)" -batch -
	start_upf $UE,1,2,10.100.0.2
	start_gnb $UE,1,2,10.100.0.1
	ask $UE pings $N
	check_eq "many interfaces: $(answer .verdict)" "$(answer .state)" works
	check_eq "in and out" "$(answer '[.uplink, .downlink | .stages[0, -1].packets] | join(" ")')" "$N $N $N $N"
	end_scene
}

snapshot_before
if can_make v0 type vxlan id 7 remote 192.0.2.1 dstport 4789; then try_n3 VXLAN on_vxlan; fi
if can_make br0 type bridge; then try_n3 "a bridge" on_bridge; fi
if can_make link low name v0 type macvlan; then try_n3 macvlan on_macvlan; fi
make_n3() { plain_n3; }
test_ue_to_ue
test_ue_is_a_relay
test_address_of_no_interface
test_many_interfaces
assert_nothing_left
