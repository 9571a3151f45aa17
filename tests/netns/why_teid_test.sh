#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why asked by a TEID that no packet has: of the direction that has not begun. The session is found by its other
# direction where there is one alone; else the UEs are named that it may be of.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq python3
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
. "$TESTS/netns/why_scene.sh"

UE2=10.60.0.2

make_two() {
	make_links
	start_upf $UE,1,2,10.100.0.2 $UE2,3,4,10.100.0.2
	start_gnb $UE,1,2,10.100.0.1 $UE2,3,4,10.100.0.1
	addr ue uesimtun0 $UE2/32
}
# pings_of UE ANSWERS
pings_of() { in_ns ue "$NODE" ping $DN $N "$2" 0 "$1"; }

test_downlink() {
	note "the downlink's TEID, and nothing comes back from the data network's side"
	make_scene
	set_sysctl upf net.ipv4.ip_forward=0
	ask 2 pings_until upf taken $N
	check_broken "by the downlink's TEID" uplink n6_out ip_forward "ip_forward is 0"
	check_eq "its UE" "$(answer .ue)" $UE
	check_eq "supposed" "$(answer .ue_supposed)" true
	check_match "text" "$(answer .verdict)" "^UE $UE, if TEID 0x00000002 is of its session: the uplink is broken"
	check_match "note" "$(answer '.notes[]')" "$UE, uplink TEID 0x00000001, is the only UE"
	set_sysctl upf net.ipv4.ip_forward=1
	ask 2 pings $N
	check_works "as it advised"
	check_eq "not supposed" "$(answer .ue_supposed)" null
	end_scene
}

test_uplink() {
	note "the uplink's TEID, and the gNB sends nothing"
	make_scene
	set_sysctl ue net.ipv4.icmp_echo_ignore_all=1
	calls() { in_ns dn "$NODE" ping $UE $N 0; wait_for 30 has_counted gnb taken $N; }
	ask 1 calls
	check_broken "by the uplink's TEID" uplink n3_in n3_silent "^$N downlink packets left for 10.100.0.2, TEID 0x00000002"
	check_eq "its UE" "$(answer .ue)" $UE
	check_match "text" "$(answer .verdict)" "^UE $UE, if TEID 0x00000001 is of its session: "
	end_scene
}

test_which() {
	note "two UEs whose downlink has not begun, and one of them is asked for by its downlink's TEID"
	make_two
	set_sysctl upf net.ipv4.ip_forward=0
	both() { pings_of $UE 0; pings_of $UE2 0; wait_for 30 has_counted upf taken $((2 * N)); }
	ask 4 both
	check_eq "state: $(answer .verdict)" "$(answer .state)" silent
	check_match "both" "$(answer .verdict)" "may be its: $UE, $UE2\$|may be its: $UE2, $UE\$"
	check_match "what to do" "$(answer .do)" "teide why 10.60.0"
	check_eq "no UE" "$(answer .ue)" null
	end_scene
}

test_idle() {
	note "the session sends nothing, and another one works"
	make_two
	ask 2 pings_of $UE2 $N
	check_eq "state: $(answer .verdict)" "$(answer .state)" silent
	check_eq "no UE" "$(answer .ue)" null
	end_scene
}

test_solicitations() {
	note "an IPv6 UE that has no address yet is asked for by a TEID: no router answers, and IPv6 is not forwarded"
	make_links
	start_upf fe80::abcd,1,2,10.100.0.2
	start_gnb fe80::abcd,1,2,10.100.0.1
	ip -n "$(ns ue)" addr replace fe80::abcd/64 dev uesimtun0 nodad
	solicit() {
		in_ns ue "$NODE" solicit fe80::abcd uesimtun0 $N
		wait_for 30 has_counted upf taken $N
	}
	local teid
	for teid in 1 2; do
		ask $teid solicit
		check_eq "TEID $teid: $(answer .verdict)" "$(answer '.uplink.reason // .downlink.reason')" no_router_advertisement
		check_match "TEID $teid: text" "$(answer .verdict)" "^UE fe80::abcd.*\([0-9]+ Router Solicitations\)"
		solicit() { in_ns ue "$NODE" solicit fe80::abcd uesimtun0 $N; wait_for 30 has_counted upf taken $((2 * N)); }
	done
	end_scene
}

test_refused() {
	note "the gNB's own downlink TEID, and the UPF sends in another one, which the gNB refuses"
	make_links
	start_upf $UE,1,0x22,10.100.0.2
	start_gnb $UE,1,2,10.100.0.1
	ask 2 pings_until gnb refused $N
	check_broken "refused" downlink n3_out gnb_refuses "10.100.0.2 refuses TEID 0x00000022 \($N Error"
	check_match "refused: text" "$(answer .verdict)" "^UE $UE, if TEID 0x00000002 is of its session: "
	end_scene
}

snapshot_before
test_refused
test_solicitations
test_downlink
test_uplink
test_which
test_idle
assert_nothing_left
