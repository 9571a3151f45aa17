#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why where something beside the session takes its packets: a queue or a filter of TC.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq python3 tc
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
. "$TESTS/netns/why_scene.sh"

# calls: N Echo Requests from the data network, until the UPF has sent $1 packets
calls() { in_ns dn "$NODE" ping $UE $N 0; wait_for 30 has_counted upf sent "$1"; }
# dropped DEVICE: by its root qdisc, as tc says
dropped() { in_ns upf tc -s -j qdisc show dev "$1" | jq '.[] | select(.root) | .drops'; }

test_queue() {
	local drops
	note "a shaper at N3 drops what has left"
	make_scene
	in_ns upf tc qdisc add dev n3 root bfifo limit 100000
	ask $UE pings $N
	check_works "a queue that drops nothing"
	# none but the packets that are meant, while they are counted
	set_sysctl upf net.ipv6.conf.n3.disable_ipv6=1
	ip -n "$(ns upf)" neigh replace 10.100.0.2 lladdr "$(lladdr gnb n3)" dev n3 nud permanent
	# no packet gets through it in this test's time, and 10 wait
	in_ns upf tc qdisc replace dev n3 root tbf rate 8bit burst 200 limit 1500
	ask $UE calls $((2 * N))
	drops=$(dropped n3)
	check_ge "what tc says" "$drops" $((N / 2))
	check_eq "a queue: $(answer .verdict)" "$(answer '.state, .downlink.state' | tr '\n' ' ')" "loses packets loses packets "
	check_eq "a queue: why" "$(answer .downlink.reason)" queue_drops
	check_match "a queue: text" "$(answer .verdict)" "downlink loses $drops packets: the queue of n3 \(qdisc tbf\) dropped $drops of "
	check_match "a queue: what to do" "$(answer .do)" "tc -s qdisc show dev n3"
	check_eq "the downlink" "$(stages downlink)" "$N $N - - $N"
	end_scene
}

test_filter() {
	note "another program's TC filter at N3 drops behind teide's"
	make_scene
	in_ns upf tc qdisc add dev n3 clsact
	# BPF_RET TC_ACT_SHOT
	in_ns upf tc filter add dev n3 ingress protocol ip prio 60000 bpf bytecode '1,6 0 0 2' direct-action
	ask $UE pings_until gnb sent $N
	check_broken "a filter" uplink decapsulated tc_filter "a TC filter at n3 dropped $N packets"
	check_eq "the uplink" "$(stages uplink)" "$N - - 0 0"
	end_scene
}

snapshot_before
test_queue
test_filter
assert_nothing_left
