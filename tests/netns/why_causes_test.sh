#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why where the kernel takes the packets between N3 and the UPF's socket, or between N6 and its device: what the
# kernel itself counts names the cause.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq python3
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
. "$TESTS/netns/why_scene.sh"

# sends CHECKSUM [COUNT]: from the gNB, which need not run
sends() { in_ns gnb "$NODE" send "${FROM:-10.100.0.2}" "${TO:-10.100.0.1}" "${2:-$N}" "$1"; }

test_checksum() {
	note "a wrong outer checksum, and none over IPv6"
	make_scene
	arrive() { sends 0; wait_for 30 has_counted upf taken $N; }
	ask $UE arrive
	check_eq "none over IPv4 is right: $(answer .verdict)" "$(stages uplink)" "$N - - $N $N"
	ask $UE sends 0xbeef
	check_broken "wrong" uplink decapsulated udp_checksum "^$N packets"
	check_eq "the uplink" "$(stages uplink)" "$N - - 0 0"
	check_eq "the kernel's count" "$(counter Udp InCsumErrors)" $N
	stop "$UPF"
	addr upf n3 fd00:100::1/64
	addr gnb n3 fd00:100::2/64
	ADDRESS=fd00:100::1 start_upf $UE,1,2,fd00:100::2
	FROM=fd00:100::2 TO=fd00:100::1 ask $UE sends 0
	check_broken "none over IPv6" uplink decapsulated udp_checksum "^$N packets"
	end_scene
}

test_martian() {
	note "the gNB's address is the UPF's too"
	make_scene
	ip -n "$(ns gnb)" neigh replace 10.100.0.1 lladdr "$(lladdr upf n3)" dev n3 nud permanent
	addr upf lo 10.100.0.2/32
	ask $UE pings_until gnb sent $N
	check_broken "martian" uplink decapsulated martian_source "as martians"
	check_eq "the uplink" "$(stages uplink)" "$N - - 0 0"
	end_scene
}

test_reverse_path() {
	note "answers come by another interface than the packets left by, which filters"
	make_scene
	veth upf n6b 10.201.0.1/24 dn n6b 10.201.0.2/24
	ip -n "$(ns dn)" route replace 10.60.0.0/16 via 10.201.0.1
	ask $UE pings $N
	check_works "it does not filter"
	set_sysctl upf net.ipv4.conf.n6b.rp_filter=1
	ask $UE pings_until upf taken $((2 * N))
	check_broken "it filters" downlink module rp_filter "^$N packets"
	check_eq "the downlink" "$(stages downlink)" "$N 0 - - 0"
	end_scene
}

test_queue() {
	note "the UPF is stopped, and the queue of its socket overflows"
	local many=900 before grown # less than net.core.netdev_max_backlog
	make_scene
	freeze "$UPF"
	before=$(counter Udp RcvbufErrors)
	ask $UE sends 0 $many
	grown=$(($(counter Udp RcvbufErrors) - before))
	kill -CONT "$UPF"
	check_ge "what the queue had no room for" "$grown" $((many / 2))
	check_broken "the queue is full" uplink decapsulated queue_full "^$grown packets"
	check_eq "the uplink" "$(stages uplink)" "$many - - 0 0"
	end_scene
}

snapshot_before
test_checksum
test_martian
test_reverse_path
test_queue
assert_nothing_left
