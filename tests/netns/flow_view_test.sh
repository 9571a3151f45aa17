#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `teide flows` shows adds up: header, tunnels, messages and flows are of the same packets, which are those that the kernel
# counted; a pair and a loopback device count once; rates are over time enough; filters choose tunnels too; lines fit.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip python3
/usr/bin/python3 -c 'import scapy.contrib.gtp' 2>"$TMP/why" || skip "python3-scapy is missing"
scene() { in_ns a /usr/bin/python3 "$TESTS/netns/flow_view.py" "$@"; }
judge() { /usr/bin/python3 "$TESTS/netns/flow_view.py" "$@"; }

netns_make a b
for name in a b; do
	in_ns "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
done
snapshot_before
# Numbers that no other pair of this machine has: by them each end finds the other.
INDEX=$((200000 + LIB_SHELL))
ip link add v0 index "$INDEX" netns "$(ns a)" type veth peer name v1 index $((INDEX + 1)) netns "$(ns b)"
addr a v0 10.9.0.1/24
addr b v1 10.9.0.2/24
ip -n "$(ns a)" link set v0 up
ip -n "$(ns b)" link set v1 up
counter() { in_ns "$1" cat "/sys/class/net/$2/statistics/$3"; }

PIDS=()
watch() { # NAME OPTIONS...
	start_split "$1" env COLUMNS="${WIDTH:-}" "$TEIDE" flows "${@:2}"
	PIDS+=("$PID")
}
end_all() {
	local pid
	for pid in "${PIDS[@]}"; do
		stop "$pid" INT
		check_eq "exit of teide" "$STATUS" 0
	done
	PIDS=()
}
received() { [ "$(counter b v1 rx_packets)" -ge "$1" ]; }

note "a pair of interfaces, all kinds of GTP-U, filters, and terminals of several widths"
FILTERS=("--ue 10.60.0.1" "--proto icmp" "--port 53" "--port 2152" "--address 10.70.0.2" "--address 10.9.0.2" "--teid 0x101"
	"--direction uplink" "--ue 10.60.0.1 --port 53")
watch text -i "$(ns a)/v0" -i "$(ns b)/v1" --top 1000
watch few -i "$(ns a)/v0" --top 2
watch json -o json -i "$(ns a)/v0" -i "$(ns b)/v1"
for i in "${!FILTERS[@]}"; do
	read -ra words <<<"${FILTERS[i]}"
	watch "filter$i" -i "$(ns a)/v0" --top 1000 "${words[@]}"
	if [ "$i" -lt 2 ]; then watch "json$i" -o json -i "$(ns a)/v0" "${words[@]}"; fi
done
for width in 40 80 120 200; do WIDTH=$width watch "width$width" -i "$(ns a)/v0" --top 1000; done
packets=$(counter a v0 tx_packets) bytes=$(counter a v0 tx_bytes) before=$(counter b v1 rx_packets)
scene send v0 "$TMP/sent"
packets=$(($(counter a v0 tx_packets) - packets)) bytes=$(($(counter a v0 tx_bytes) - bytes))
wait_for 60 received $((before + packets))
end_all
judge text "$TMP/sent" "$TMP/text.log" "$packets" "$bytes"
judge text "$TMP/sent" "$TMP/few.log" "$packets" "$bytes"
judge messages "$TMP/sent" "$TMP/text.log"
judge json "$TMP/json.log" "$packets" "$bytes"
for i in "${!FILTERS[@]}"; do
	json=$TMP/json$i.log
	if [ ! -e "$json" ]; then json=""; fi
	judge filter "$TMP/sent" "$TMP/filter$i.log" "${FILTERS[i]}" "$json"
done
for width in 40 80 120 200; do judge width "$TMP/width$width.log" "$width" "$packets"; done

note "while packets pass: each collection and each view is of the same packets"
spawn flood in_ns a /usr/bin/python3 "$TESTS/netns/flow_view.py" flood v0
FLOOD=$PID
watch running --set run.collect_interval=100ms -o json -i "$(ns a)/v0"
watch views --set run.collect_interval=500ms -i "$(ns a)/v0" --top 1000
collections() { [ "$(grep -o '"ts_ns":[0-9]*,"probe":"flow","event":"flow"' "$TMP/running.log" | sort -u | wc -l)" -ge 30 ]; }
wait_for 90 collections
stop "$FLOOD"
end_all
judge collections "$TMP/running.log"
judge text "$TMP/sent" "$TMP/views.log"

note "the last view, a moment after the one before it"
watch last -i "$(ns a)/v0"
in_ns a /usr/bin/python3 "$TESTS/netns/flow_view.py" last v0 "$TMP/last.log" "${PIDS[0]}"
end_all
judge rate "$TMP/last.log" 300
check_exit "one view" 0 "$TEIDE" flows -i "$(ns a)/v0" --once --quiet
check_eq "views of --once" "$(grep -c 'packets/s' "$TMP/out")" 1
spawn again in_ns a /usr/bin/python3 "$TESTS/netns/flow_view.py" flood v0
FLOOD=$PID
check_exit "a moment" 0 "$TEIDE" flows -i "$(ns a)/v0" --duration 0.05 --quiet
stop "$FLOOD"
# or no packet came in it
check_match "no rate of it" "$(grep packets/s "$TMP/out")" ' (- packets/s, - bit/s|0 packets/s, 0 bit/s) '

note "loopback"
watch lo -i "$(ns a)/lo" --top 1000
watch lo_json -o json -i "$(ns a)/lo"
watch lo_in -i "$(ns a)/lo" --top 1000 --dir ingress
packets=$(counter a lo rx_packets) bytes=$(counter a lo rx_bytes)
scene loop
packets=$(($(counter a lo rx_packets) - packets)) bytes=$(($(counter a lo rx_bytes) - bytes))
check_ge "packets on lo" "$packets" 50
bytes=$((bytes + 14 * packets)) # it counts them without their Ethernet header
end_all
judge text "$TMP/sent" "$TMP/lo.log" "$packets" "$bytes"
judge text "$TMP/sent" "$TMP/lo_in.log" "$packets" "$bytes"
judge json "$TMP/lo_json.log" "$packets" "$bytes"
assert_nothing_left
