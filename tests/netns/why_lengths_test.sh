#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why where short packets pass and long ones do not (ping works, downloads hang), and where packets are doubled:
# known numbers of known lengths.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq nft python3
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
. "$TESTS/netns/why_scene.sh"

HEADERS=28 # of an Echo Request: IPv4 and ICMP
FEW=2
set_mtu() { ip -n "$(ns "$1")" link set "$2" mtu "$3"; }
# calls COUNT LENGTH: so many Echo Requests of that length to the UE
calls() { in_ns dn "$NODE" ping $UE "$1" 0 $(($2 - HEADERS)); }
refused() { counter Ip FragFails; }
has_refused() { [ "$(refused)" -ge "$1" ]; }

is_later() { [ "${EPOCHREALTIME/./}" -gt "$1" ]; }
# both COUNT LENGTH COMMAND...: long packets, a second later short ones that pass, until the command says that the long were refused
both() {
	calls "$1" "$2"
	wait_for 30 is_later $((${EPOCHREALTIME/./} + 1000000))
	pings $N
	wait_for 30 "${@:3}"
}

# check_long WHAT COUNT TEXT: so many were lost, and the rest passed
check_long() {
	check_eq "$1: $(answer .verdict)" "$(answer '.state, .downlink.state, .uplink.state' | tr '\n' ' ')" \
		"loses packets loses packets works "
	check_match "$1: how many" "$(answer .verdict)" "the downlink loses $2 packets: "
	check_eq "$1: why: $(answer .verdict)" "$(answer .downlink.reason)" mtu
	check_match "$1: text" "$(answer .downlink.text)" "$3"
	check_match "$1: what to do" "$(answer .do)" "clamp-mss-to-pmtu"
}

test_device() {
	local before
	note "the device's MTU is less than that of N6, and the data network does not heed ICMP"
	make_scene
	set_mtu upf upfgtp 1400
	ask $UE both $N 1400 has_counted upf sent $((2 * N))
	check_eq "as long as fits: $(answer .verdict)" "$(answer .state)" works
	check_eq "as long as fits: notes" "$(answer '.notes | length')" 0
	for n in $N $FEW; do
		before=$(refused)
		ask $UE both "$n" 1500 has_refused $((before + n))
		check_long "$n too long" "$n" "^the lost packets have 1500 bytes on average, and upfgtp \(MTU 1400\) takes at most 1400"
		check_eq "the downlink" "$(stages downlink)" "$((N + n)) $N - - $N"
	done
	end_scene
}

test_tunnel() {
	local n left
	note "the UPF forbids fragments, and N3 is too narrow for its tunnel"
	make_links
	ADDRESS=10.100.0.1,2152,df start_upf $UE,1,2,10.100.0.2
	start_gnb $UE,1,2,10.100.0.1
	set_mtu upf n3 1400
	set_mtu gnb n3 1400
	ask $UE both $N 1356 has_counted upf sent $((2 * N))
	check_eq "as long as fits: $(answer .verdict)" "$(answer .state)" works
	left=0
	for n in $N $FEW; do
		left=$((left + n))
		ask $UE both "$n" 1500 has_counted upf "Message too long" $left
		check_long "$n too long" "$n" "^the lost packets have 1500 bytes on average, and n3 \(MTU 1400\) takes at most 1356 in a tunnel"
		check_match "$n too long: what to do" "$(answer .do)" "dev upfgtp mtu 1356"
		check_eq "the downlink" "$(stages downlink)" "$((N + n)) $((N + n)) - - $N"
	done
	end_scene
}

test_fragments() {
	note "the UPF allows fragments: all packets pass"
	make_scene
	set_mtu upf n3 1400
	set_mtu gnb n3 1400
	ask $UE both $N 1500 has_counted gnb taken $((2 * N))
	check_eq "in fragments: $(answer .verdict)" "$(answer .state)" works
	check_eq "in fragments: notes" "$(answer '.notes | length')" 0
	end_scene
}

test_doubled() {
	note "a mirror at the UPF doubles the uplink"
	make_scene
	in_ns upf nft -f - <<-EOF
		table ip mirror {
			chain prerouting {
				type filter hook prerouting priority mangle;
				iifname upfgtp dup to $DN device n6
			}
		}
	EOF
	ask $UE pings $((2 * N))
	check_eq "doubled: $(answer .verdict)" "$(answer .state)" works
	check_eq "the uplink" "$(stages uplink)" "$N - - $N $((2 * N))"
	check_eq "notes: $(answer '.notes[]')" "$(answer '.notes | length')" 1
	check_match "note" "$(answer '.notes[]')" "^the uplink's packets are doubled: $N more left on n6 than there were before"
	end_scene
}

snapshot_before
test_device
test_tunnel
test_fragments
test_doubled
assert_nothing_left
