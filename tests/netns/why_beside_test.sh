#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why where something beside the session takes its packets: a queue or a filter of TC, another network with the UE's
# address, a UE in the UPF's own network namespace, a firewall before the UPF's host itself, a missing PDU Session Container,
# an XDP program.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq nft python3 tc
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

test_overlap() {
	note "another network has the UE's address within it"
	make_scene
	ip -n "$(ns upf)" link add br-1234 type bridge
	addr upf br-1234 10.60.0.254/24
	ip -n "$(ns upf)" link set br-1234 up
	ask $UE pings_until upf taken $N
	check_broken "overlap" downlink module no_ue_route "10.60.0.0/24 of br-1234 has the UE's address within it"
	check_match "overlap: what to do" "$(answer .do)" "other addresses.*route replace $UE dev upfgtp"
	ip -n "$(ns upf)" route replace $UE dev upfgtp
	ask $UE pings $N
	check_works "as it advised"
	end_scene
}

test_ue_beside() {
	note "the UE is in the UPF's network namespace: its address is the UPF's own"
	make_links
	start_upf $UE,1,2,127.0.0.1
	start_node upf gnb gnb uesimtun0 127.0.0.1 $UE,1,2,10.100.0.1
	addr upf uesimtun0 $UE/32
	ip -n "$(ns upf)" link set uesimtun0 up
	ip -n "$(ns upf)" route add default dev uesimtun0 table 100
	ip -n "$(ns upf)" rule add from $UE lookup 100
	from_ue() { in_ns upf "$NODE" ping $DN $N 0 0 $UE; wait_for 30 has_counted upf taken $N; }
	ask $UE from_ue
	check_broken "beside the UPF" uplink n6_out martian_source "$UE is the address of uesimtun0 here"
	check_match "beside: what to do" "$(answer .do)" "ip netns add ue; .*ip link set dev uesimtun0 netns ue"
	check_eq "the uplink" "$(stages uplink)" "$N - - $N 0"
	end_scene
}

test_own_address() {
	note "the UE pings the UPF itself, and a firewall takes it"
	make_scene
	addr upf upfgtp 10.60.255.1/32
	ask $UE pings $N 10.60.255.1
	check_eq "it answers: $(answer .verdict)" "$(answer .state)" works
	in_ns upf nft -f - <<-EOF
		table ip guard {
			chain input {
				type filter hook input priority filter;
				iifname upfgtp drop
			}
		}
	EOF
	to_upf() { pings 0 10.60.255.1; wait_for 30 has_counted upf taken $((2 * N)); }
	ask $UE to_upf
	check_broken "a firewall" downlink n6_in input_silent "^$N uplink packets for this node itself \(10.60.255.1\)"
	check_match "a firewall: what to do" "$(answer .do)" "INPUT"
	end_scene
}

# The UE's host is looked for in all network namespaces.
ask_everywhere() {
	local why
	start_split why "$TEIDE" why $UE --duration 3600 -o json
	why=$PID
	"$@"
	stop "$why" INT
	check_eq "status of teide why: $(cat "$TMP/why.err")" "$STATUS" 0
	cp "$TMP/why.log" "$TMP/answer"
}
test_tcp_checksum() {
	note "TCP packets come to the UE with a checksum that was not filled in"
	make_scene
	ask_everywhere pings $N
	check_works "ping"
	tcp() { pings $N; in_ns dn "$NODE" tcp $DN $UE $N; wait_for 30 has_dropped $N; }
	has_dropped() { [ "$(NS=ue counter Tcp InCsumErrors)" -ge "$1" ]; }
	ask_everywhere tcp
	check_eq "TCP: $(answer .verdict)" "$(answer '.state, .downlink.reason' | tr '\n' ' ')" "loses packets tcp_checksum "
	check_match "TCP: text" "$(answer .verdict)" "downlink loses $N packets: $N TCP packets with a wrong checksum"
	check_eq "the downlink" "$(stages downlink)" "$((2 * N)) $((2 * N)) - - $((2 * N))"
	end_scene
}

# The UE's own TCP asks a listener of the data network; the UE's firewall drops the answers to each SYN.
test_handshake() {
	local listener connects
	note "the UE drops each SYN-ACK"
	make_scene
	in_ns ue nft -f - <<-EOF
		table ip guard {
			counter dropped { }
			chain input {
				type filter hook input priority filter;
				tcp flags & (syn | ack) == (syn | ack) counter name dropped drop
			}
		}
	EOF
	spawn listener in_ns dn python3 -c "import socket; s = socket.create_server(('$DN', 8000)); print('ready', flush=True); s.accept()"
	listener=$PID
	wait_for 30 grep -q ready "$TMP/listener.log"
	refused() { [ "$(in_ns ue nft -j list counter ip guard dropped | jq '.nftables[].counter | values | .packets')" -ge "$1" ]; }
	connect() {
		pings $N
		spawn connects in_ns ue python3 -c "import socket; socket.create_connection(('$DN', 8000), 60)"
		connects=$PID
		wait_for 60 refused 3
	}
	ask $UE connect
	check_eq "TCP: $(answer .verdict)" "$(answer '.state, .downlink.reason' | tr '\n' ' ')" "loses packets tcp_not_established "
	check_match "TCP: text" "$(answer .verdict)" "the UE acknowledges none of [0-9]+ SYN-ACKs"
	in_ns ue nft delete table ip guard
	wait_for 60 gone "$connects"
	wait_for 60 gone "$listener"
	ask $UE pings $N
	check_works "without the firewall"
	end_scene
}

test_container() {
	note "one direction has no PDU Session Container, and its far end drops such packets"
	make_links
	ADDRESS=10.100.0.1,,strict start_upf $UE,1,2,10.100.0.2
	ADDRESS=10.100.0.2,,plain start_gnb $UE,1,2,10.100.0.1
	ask $UE pings_until upf "without container" $N
	check_broken "the uplink" uplink decapsulated user_space "they have no PDU Session Container"
	end_scene
	make_links
	ADDRESS=10.100.0.1,,plain start_upf $UE,1,2,10.100.0.2
	ADDRESS=10.100.0.2,,strict start_gnb $UE,1,2,10.100.0.1
	ask $UE pings_until gnb "without container" $N
	check_match "the downlink" "$(answer .verdict)" "both directions pass the UPF, but the downlink has no PDU Session Container"
	check_match "the downlink: note" "$(answer '.notes[]')" "the uplink has QFI 9"
	end_scene
}

# with_xdp INTERFACE COMMAND...: while an XDP program of it drops what comes in
with_xdp() {
	spawn xdp in_ns upf "${BUILD:?}/tests/netns/xdp_foreign" "$1" dropper drop
	local program=$PID
	wait_for 30 grep -q attached "$TMP/xdp.log"
	"${@:2}"
	kill "$program"
	wait_for 30 gone "$program"
}
test_xdp() {
	note "an XDP program takes packets before TC sees them: at N3, at N6"
	make_scene
	# Else packets would wait for ARP at the gNB until the program has gone.
	ip -n "$(ns gnb)" neigh replace 10.100.0.1 lladdr "$(in_ns upf cat /sys/class/net/n3/address)" dev n3 nud permanent
	with_xdp n3 ask $UE pings_until gnb sent $N
	check_eq "at N3: $(answer .verdict)" "$(answer .state)" silent
	check_match "at N3: text" "$(answer .verdict)" "no packet came past the XDP program of n3"
	check_match "at N3: what to do" "$(answer .do)" "ip -d link show dev n3"
	neighbour() { ip -n "$(ns upf)" neigh "$@" dev n6; }
	neighbour replace $DN lladdr "$(in_ns dn cat /sys/class/net/n6/address)" nud permanent
	with_xdp n6 ask $UE pings_until upf taken $N
	check_broken "at N6" downlink n6_in xdp "^$N packets left, and nothing came back on n6 past its XDP program"
	neighbour del $DN
	asked() { neighbour show | grep -qE "^$DN .*(INCOMPLETE|FAILED)"; }
	unanswered() { pings_until upf taken $((2 * N)); wait_for 30 asked; }
	with_xdp n6 ask $UE unanswered
	check_broken "at N6, ARP too" uplink n6_out xdp "^no answer of the next hop, $DN, comes past the XDP program of n6"
	neighbour del $DN # with the packets that wait for an answer
	ask $UE pings $N
	check_works "without"
	end_scene
}

snapshot_before
test_queue
test_filter
test_overlap
test_ue_beside
test_own_address
test_tcp_checksum
test_handshake
test_container
test_xdp
assert_nothing_left
