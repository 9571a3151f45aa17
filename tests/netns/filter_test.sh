#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Filters of events work in the kernel: of the same packets each passes as many as tshark's display filter of the same meaning
# finds in a capture. Samples add up; filters of flows choose rows.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip tshark dumpcap jq
/usr/bin/python3 -c 'import scapy.contrib.gtp' 2>"$TMP/why" || skip "python3-scapy is missing"

FILTERS=(
	"--teid 0x101|gtp.teid == 0x101"
	"--teid 259|gtp.teid == 0x103"
	"--qfi 5|gtp.ext_hdr.pdu_ses_con.qos_flow_id == 5"
	"--address 10.60.0.0/24|ip.addr == 10.60.0.0/24"
	"--address 10.70.0.1|ip.addr == 10.70.0.1"
	"--address 2001:db8:2::/48|ipv6.addr == 2001:db8:2::/48"
	"--ue 10.60.0.1|gtp && ip.addr == 10.60.0.1"
	"--port 53|udp.port == 53 || tcp.port == 53"
	"--port 2152|udp.port == 2152"
	"--proto tcp|tcp"
	"--proto icmp|icmp"
	"--proto 58|icmpv6"
	"--direction uplink|gtp.ext_hdr.pdu_ses_con.pdu_type == 1"
	"--dir egress|frame"
	"--dir ingress|!frame"
	"--teid 0x102 --proto udp --port 80|gtp.teid == 0x102 && udp && (udp.port == 80 || tcp.port == 80)"
)

netns_make a b
for name in a b; do
	in_ns "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
done
snapshot_before
veth a v0 10.9.0.1/24 b v1 10.9.0.2/24
spawn dumpcap in_ns a dumpcap -q -i v0 -w "$TMP/all.pcap"
CAPTURE=$PID
captures() { in_ns a awk -v i="$(in_ns a cat /sys/class/net/v0/ifindex)" '$4 == "0003" && $5 == i { n++ } END { exit !n }' /proc/net/packet; }
wait_for 60 captures

PIDS=()
watch() { # NAME VERB ARGUMENTS...
	start_split "$1" "$TEIDE" "$2" -o json -i "$(ns a)/v0" "${@:3}"
	PIDS+=("$PID")
}
for i in "${!FILTERS[@]}"; do
	read -ra words <<<"${FILTERS[i]%%|*}"
	watch "filter$i" trace --probe flow "${words[@]}" --set probes.flow.max_flows=4096
done
watch sample trace --probe flow --sample 7
watch flows flows --ue 10.60.0.1
watch cpus flows --per-cpu
in_ns a /usr/bin/python3 "$TESTS/netns/filter_packets.py" v0
for pid in "${PIDS[@]}"; do
	stop "$pid"
	check_eq "exit of teide" "$STATUS" 0
done
stop "$CAPTURE" INT

events() { jq -s 'map(select(.event == "packet")) | length' "$TMP/$1.log"; }
ring() { jq -s --arg name "$2" 'map(select(.event == "ledger" and .where == "ring" and .name == $name) | .value) | add' "$TMP/$1.log"; }
found() { tshark -n -r "$TMP/all.pcap" -Y "$1" -T fields -e frame.number 2>/dev/null | wc -l; }
chosen=0
for i in "${!FILTERS[@]}"; do
	want=$(found "${FILTERS[i]#*|}")
	check_eq "events with ${FILTERS[i]%%|*}" "$(events "filter$i")" "$want"
	check_eq "emitted with ${FILTERS[i]%%|*}" "$(ring "filter$i" emitted)" "$want"
	chosen=$((chosen + (want > 0)))
done
check_ge "filters that found something" "$chosen" $((${#FILTERS[@]} - 1))
check_eq "one in seven" "$(events sample) $(ring sample emitted) $(ring sample sampled_out)" "85 85 515"
packets() { jq -s "map(select(.event == \"flow\" $2) | .packets) | add" "$TMP/$1.log"; }
check_eq "rows of a UE" "$(packets flows '')" "$(found 'gtp && ip.addr == 10.60.0.1')"
check_eq "the rows of the CPUs add up" "$(packets cpus '')" 600
check_eq "from the CPU of the sender alone" "$(jq -s -c 'map(select(.event == "flow") | .cpu) | unique | length' "$TMP/cpus.log")" 1
jq -es 'map(select(.event == "ledger" and .where == "memory") | .value) | length > 3 and all(. > 0)' "$TMP/cpus.log" >"$TMP/memory" ||
	fail "memory is not told"

check_exit "a filter of another probe" 2 "$TEIDE" trace --probe flow -i lo --verdict dropped
check_match "what it says" "$(cat "$TMP/err")" "probe gtpu"
check_exit "a prefix that is none" 2 "$TEIDE" flows -i lo --address 10.0.0.0/33
check_match "what it says" "$(cat "$TMP/err")" "address: .*at least 0 and at most 32, not .33"
assert_nothing_left
