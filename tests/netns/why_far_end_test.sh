#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why where the fault is at an end of the tunnel: a gNB or a UPF that refuses it, a gNB that has ended, a downlink
# that goes to another gNB, by another interface, or nowhere; a UPF that relays to another one; no UPF at all.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq python3
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
. "$TESTS/netns/why_scene.sh"

test_gnb_refuses() {
	note "the gNB has another downlink TEID than the UPF, and says so for each packet"
	make_links
	start_upf $UE,1,0x22,10.100.0.2
	start_gnb $UE,1,2,10.100.0.1
	ask $UE pings_until gnb refused $N
	check_broken "refused by the gNB" downlink n3_out gnb_refuses "10.100.0.2 refuses TEID 0x00000022 \($N Error"
	check_stages "refused by the gNB" "$N - - $N $N" "$N $N - - $N"
	end_scene
}

test_upf_refuses() {
	note "the gNB sends in a TEID that the UPF does not have"
	make_links
	start_upf $UE,5,2,10.100.0.2
	start_gnb $UE,1,2,10.100.0.1
	ask $UE pings_until upf refused $N
	check_broken "refused by the UPF" uplink decapsulated upf_refuses "refuses TEID 0x00000001 \($N Error"
	check_eq "the uplink" "$(stages uplink)" "$N - - 0 0"
	end_scene
}

test_gnb_has_ended() {
	note "the gNB's process has ended, and its host answers"
	make_scene
	stop "$GNB"
	calls() { in_ns dn "$NODE" ping $UE $N 0; wait_for 30 has_counted upf sent "$1"; }
	ask $UE calls $N
	check_broken "as often as hosts do" downlink n3_out gnb_not_running "10.100.0.2 answers 'port unreachable'"
	check_eq "the downlink" "$(stages downlink)" "$N $N - - $N"
	set_sysctl gnb net.ipv4.icmp_ratemask=0
	ask $UE calls $((2 * N))
	check_broken "for each packet" downlink n3_out gnb_not_running "'port unreachable' \($N\)"
	end_scene
}

test_two_gnbs() {
	note "two sessions have the UE's address: the uplink comes from one gNB, the downlink goes to the other"
	make_links
	addr gnb n3 10.100.0.3/24
	start_upf $UE,1,2,10.100.0.2 $UE,3,4,10.100.0.3
	start_gnb $UE,1,2,10.100.0.1
	start_node gnb gnb2 gnb uesimtun1 10.100.0.3 10.60.0.9,3,4,10.100.0.1
	ip -n "$(ns gnb)" link set uesimtun1 up
	ask $UE pings_until gnb2 taken $N
	check_split "two gNBs" "10.100.0.2 by n3, and the downlink goes to gNB 10.100.0.3 by n3"
	check_eq "both" "$(answer '[.uplink, .downlink | .gnb, .teid] | join(" ")')" "10.100.0.2 1 10.100.0.3 4"
	check_stages "two gNBs" "$N - - $N $N" "$N $N - - $N"
	end_scene
}

test_other_interface() {
	note "the way to the gNB is not the way from it"
	make_links
	netns_make node
	veth upf eth0 10.244.0.7/24 node eth0 10.244.0.1/24
	ip -n "$(ns upf)" route add default via 10.244.0.1
	addr gnb lo 192.168.50.2/32
	start_upf $UE,1,2,192.168.50.2
	ADDRESS=192.168.50.2 start_gnb $UE,1,2,10.100.0.1
	ask $UE pings_until upf sent $N
	check_eq "what the gNB took" "$(counted gnb taken)" 0
	check_split "another interface" "192.168.50.2 by n3, and the downlink goes to gNB 192.168.50.2 by eth0"
	check_stages "another interface" "$N - - $N $N" "$N $N - - $N"
	end_scene node
}

test_translated_gnb() {
	note "N3 is translated: the UPF sends to the address that the gNB itself has"
	make_links
	addr gnb n3 10.100.0.9/24
	start_upf $UE,1,2,172.16.0.2
	ADDRESS=10.100.0.9,40000 start_gnb $UE,1,2,10.100.0.1
	ask $UE pings_until upf "Network is unreachable" $N
	check_broken "no route to it" downlink n3_out no_route
	check_stages "no route to it" "$N - - $N $N" "$N $N - - 0"
	ip -n "$(ns upf)" route add 172.16.0.0/24 via 10.100.0.9
	ask $UE pings_until upf sent $N
	check_eq "what the gNB took" "$(counted gnb taken)" 0
	check_split "a route to it" "10.100.0.9 by n3, and the downlink goes to gNB 172.16.0.2 by n3"
	check_stages "a route to it" "$N - - $N $N" "$N $N - - $N"
	end_scene
}

test_next_upf() {
	note "a UPF that relays to another one (N9), which answers, and then has ended"
	make_links
	local other
	netns_make inet
	veth dn n6b 10.201.0.1/24 inet n6 10.201.0.2/24
	ip -n "$(ns inet)" route add 10.60.0.0/16 via 10.201.0.1
	set_sysctl dn net.ipv4.ip_forward=1
	start_node upf upf upf - 0.0.0.0 '1>10.200.0.2,0x11' '0x12>10.100.0.2,2'
	start_node dn other upf upfgtp $DN $UE,0x11,0x12,10.200.0.1
	other=$PID
	ip -n "$(ns dn)" link set upfgtp up
	ip -n "$(ns dn)" route replace 10.60.0.0/16 dev upfgtp
	start_gnb $UE,1,2,10.100.0.1
	ask $UE pings $N 10.201.0.2
	check_eq "N9: $(answer .verdict)" "$(answer .state)" works
	check_stages "N9" "$N - - - $N" "$N - - - $N"
	stop "$other"
	ask $UE pings_until upf relayed $((3 * N))
	check_broken "N9, nothing answers" downlink n6_in n9_silent
	check_eq "the uplink" "$(stages uplink)" "$N - - - $N"
	end_scene inet
}

test_no_upf() {
	note "a gNB is no UPF"
	make_links
	start_node gnb gnb gnb uesimtun0 10.100.0.2 $UE,1,2,10.100.0.1
	check_exit "the UE's device beside it" 3 "$TEIDE" why $UE --duration 1
	place_ue gnb uesimtun0 ue $UE
	check_exit "the UE elsewhere" 3 "$TEIDE" why $UE --duration 1
	check_match "what it says" "$(cat "$TMP/err")" "no UPF"
	end_scene
}

snapshot_before
test_gnb_refuses
test_upf_refuses
test_gnb_has_ended
test_two_gnbs
test_other_interface
test_translated_gnb
test_next_upf
test_no_upf
assert_nothing_left
