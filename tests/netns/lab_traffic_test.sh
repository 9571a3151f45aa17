#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide lab traffic: what it says it sent is what tshark sees on N3, to the packet.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq tshark
[ -e /dev/net/tun ] || skip "no /dev/net/tun"

LAB=tr$$
lab() { local verb=$1; shift; "$TEIDE" lab "$verb" --name "$LAB" "$@"; }
traffic() { lab traffic -o json "$@" >"$TMP/report"; }
report() { jq -r "$1" "$TMP/report"; }
at_exit lab down
snapshot_before

# capture GNB: its N3, at the UPF's end. A marker that has reached the file shows that the capture
# has begun or, sent last, that everything before it is in.
capture() {
	GNB=$1 CAPTURES=$((${CAPTURES:-0} + 1))
	PCAP=$TMP/$CAPTURES.pcap
	spawn "capture$CAPTURES" ip netns exec "$LAB-upf" \
		tshark -q -i "$([ "$GNB" = 1 ] && echo n3 || echo "n3-$GNB")" -f udp -w "$PCAP"
	wait_for 60 marked 40001
}
marked() {
	ip netns exec "$LAB-gnb$GNB" bash -c 'echo marker >"/dev/udp/10.100.$1.1/$2"' - "$GNB" "$1"
	tshark -r "$PCAP" -Y "udp.dstport == $1" 2>/dev/null | grep -q .
}
capture_end() {
	wait_for 60 marked 40002
	stop "$PID"
	check_eq "packets dropped by the capture" "$(grep -c 'packets\? dropped' "$TMP/capture$CAPTURES.log" || true)" 0
}
packets() { tshark -r "$PCAP" -Y "udp.port == 2152 && ($1)" 2>/dev/null | wc -l; }
# g_pdus TEID PDU-TYPE QFI
g_pdus() {
	packets "gtp.message == 0xff && gtp.teid == $1 && gtp.ext_hdr.pdu_ses_con.pdu_type == $2 &&
		gtp.ext_hdr.pdu_ses_con.qos_flow_id == $3"
}
# The gNB's own path management goes from port to port 2152, the generator's from another one.
generated() { packets "udp.srcport != 2152 && ($1)"; }

lab up --ues 2 --gnbs 2 --flows 3 --upf user >/dev/null

note "an exact number of datagrams, in three QoS flows of both families"
capture 1
traffic --count 600 --ue 1
capture_end
check_eq "datagrams" "$(report '[.udp, .udp6 | .sent, .received, .bad] | join(" ")')" \
	"300 300 0 300 300 0"
check_eq "flows" "$(report '[.flows[] | "\(.qfi):\(.sent)"] | join(" ")')" "9:200 1:200 2:200"
for qfi in 9 1 2; do
	check_eq "uplink, QFI $qfi" "$(g_pdus 0x00010001 1 "$qfi")" 200
	check_eq "downlink, QFI $qfi" "$(g_pdus 0x00020001 0 "$qfi")" 200
done
check_eq "all G-PDUs" "$(packets 'gtp.message == 0xff')" 1200
check_eq "IPv4 inside" "$(packets 'ip.addr == 10.60.0.1 && ip.addr == 10.70.0.2')" 600
check_eq "IPv6 inside" "$(packets 'ipv6.addr == fd00:60:0:1::1 && ipv6.addr == fd00:70::2')" 600
check_eq "malformed" "$(packets '_ws.malformed')" 0
sum=$(tshark -r "$PCAP" -Y 'gtp.teid == 0x00010001' -T fields -e udp.length 2>/dev/null |
	awk -F, '{ sum += $NF - 8 } END { print sum }')
check_eq "payload, uplink" "$sum" "$(report '.udp.bytes_sent + .udp6.bytes_sent')"

note "signalling, from the second gNB"
capture 2
traffic --signalling 20 --ue 2
capture_end
check_eq "report" "$(report '.signalling | [.echo_requests, .echo_responses, .end_markers, .unknown_teids] | join(" ")')" \
	"20 20 20 20"
check_eq "Echo Requests" "$(generated 'gtp.message == 1')" 20
check_eq "Echo Responses" "$(packets 'gtp.message == 2 && udp.srcport == 2152 && udp.dstport != 2152')" 20
check_eq "End Markers" "$(generated 'gtp.message == 0xfe && gtp.teid == 0x00010002')" 20
check_eq "G-PDUs of no tunnel" "$(generated 'gtp.message == 0xff && gtp.teid == 0x00f10002')" 20
check_eq "Error Indications" "$(packets 'gtp.message == 0x1a && udp.dstport == 2152 && gtp.teid_data == 0x00f10002 &&
	ip.src == 10.100.2.1 && gtp.gsn_ipv4 == 10.100.2.1')" 20
check_eq "malformed" "$(packets '_ws.malformed')" 0

note "malformed GTP-U, after which the tunnels still work"
capture 1
traffic --malformed all --malformed-count 7 --ue 1
capture_end
check_eq "report" "$(report '.malformed | [.short, .version, .length, .chain] | join(" ")')" "7 7 7 7"
check_eq "short" "$(generated 'udp.length < 16')" 7
check_eq "version" "$(generated 'udp.payload[0:2] == 50:ff')" 7
check_eq "length" "$(generated 'udp.payload[0:4] == 30:ff:03:e8 && udp.length == 36')" 7
check_eq "chain" "$(generated 'udp.payload[0:4] == 34:ff:01:04 && udp.length == 276')" 7
check_eq "answers" "$(packets 'udp.srcport == 2152 && udp.dstport != 2152')" 0
traffic --malformed short,chain --malformed-count 3
check_eq "both gNBs" "$(report '.malformed | tostring')" '{"short":6,"chain":6}'
traffic --count 100
check_eq "datagrams" "$(report '.udp.received + .udp6.received')" 200

note "one family"
traffic --count 50 --family 6 --ue 2
check_eq "IPv6" "$(report '"\(.udp6.received) \(.udp)"')" "50 null"

note "downloads, whose content is checked"
traffic --downloads 2 --download 100M --ue 1
check_eq "download" "$(report '.tcp | [.begun, .done, .failed, .bytes] | join(" ")')" "2 2 0 209715200"

note "for a duration: everything side by side, and all of it comes back"
traffic --duration 2 --rate 60
for kind in icmp icmp6 udp udp6; do
	check_ge "$kind" "$(report ".$kind.sent")" 1
	check_eq "$kind lost" "$(report ".$kind.sent - .$kind.received")" 0
done
check_ge "downloads" "$(report .tcp.done)" 2
check_match "as text" "$(lab traffic --duration 1 --rate 20)" "udp qfi 9 +[0-9]+ +[0-9]+ +0 "

note "interrupted it ends at once and still reports"
spawn_split endless "$TEIDE" lab traffic --name "$LAB" --duration 86400 -o json
endless_pid=$PID
sent() { ip netns exec "$LAB-ue1" ss -Hun state established 'dport = 5002' | grep -q .; }
wait_for 60 sent
stop "$endless_pid"
check_eq "exit" "$STATUS" 0
check_ge "sent" "$(jq .udp.sent "$TMP/endless.log")" 1

note "what is lost makes the exact mode fail"
freeze "$(lab status -o json | jq .gnbs[1].pid)"
check_exit "count with a stopped gNB" 1 lab traffic --count 8 --ue 2
check_match "what it says" "$(cat "$TMP/err")" "8 of 8 datagrams were not echoed"
kill -CONT "$(lab status -o json | jq .gnbs[1].pid)"

note "bad input"
check_exit "no such UE" 2 lab traffic --ue 3
check_match "what it says" "$(cat "$TMP/err")" "has 2"
check_exit "no such kind" 2 lab traffic --malformed long
check_exit "no such option" 2 lab traffic --speed 5
lab down >/dev/null
check_exit "no lab" 1 lab traffic --count 1
assert_nothing_left
