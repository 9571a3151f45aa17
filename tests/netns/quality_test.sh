#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# How good tunnels are: packets lost, swapped, repeated, late, from a sender that changes CPUs; Echo answered late and not at
# all; stamps shifted by a known time. Teide's figures are those of what was done, and of what tshark says of a capture.
# It takes the CPUs for the time that its packets are counted in.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip tshark dumpcap python3 jq
/usr/bin/python3 -c 'import scapy.contrib.gtp' 2>"$TMP/why" || skip "python3-scapy is missing"
scene() { in_ns "$1" /usr/bin/python3 "$TESTS/netns/quality_scene.py" "${@:2}"; }

netns_make a b
for name in a b; do
	in_ns "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
done
snapshot_before
veth a v0 10.9.0.1/24 b v1 10.9.0.2/24

spawn dumpcap in_ns a dumpcap -q -i v0 -w "$TMP/all.pcap"
CAPTURE=$PID
# a socket of its own on the interface: it captures
captures() { in_ns a awk -v i="$(in_ns a cat /sys/class/net/v0/ifindex)" '$4 == "0003" && $5 == i { n++ } END { exit !n }' /proc/net/packet; }
wait_for 60 captures
start_split flows "$TEIDE" flows -o json -i "$(ns a)/v0"
FLOWS=$PID

scene a send v0 "$TMP/streams"
scene a echo v0 >"$TMP/asked"
scene b answer v1
unanswered() { grep -q '"unanswered":1' "$TMP/flows.log"; }
wait_for 90 unanswered
stop "$FLOWS"
check_eq "exit of teide" "$STATUS" 0
stop "$CAPTURE" INT
/usr/bin/python3 "$TESTS/netns/quality_scene.py" judge "$TMP/streams" "$TMP/all.pcap" "$TMP/flows.log"
/usr/bin/python3 "$TESTS/netns/keys_judge.py" "$TMP/flows.log"
check_eq "what found no room" "$(jq -s 'map(select(.event == "ledger" and .name == "other") | .value) | add' "$TMP/flows.log")" 0

note "places for three tunnels: the rest is counted as other"
# One collection, at the end: after an earlier one the delays, which KEPT leaves out, could take the places anew.
start_split few "$TEIDE" flows -o json -i "$(ns a)/v0" --set probes.flow.max_quality=3 --set run.collect_interval=1m
FLOWS=$PID
scene a send v0 "$TMP/streams"
stop "$FLOWS"
KEPT=$(jq -s 'map(select(.event == "sequence" and .reason == null) | .sequence.packets) | add' "$TMP/few.log")
OTHER=$(jq -s 'map(select(.event == "ledger" and .name == "other" and .reason == "quality") | .value) | add' "$TMP/few.log")
# 60 with stamps and 3 Error Indications beside the numbered ones
ALL=$(jq 'map(.packets) | add + 63' "$TMP/streams")
check_ge "kept" "$KEPT" 1
check_eq "kept and other" $((KEPT + OTHER)) "$ALL"
assert_nothing_left
