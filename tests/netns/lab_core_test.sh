#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide lab up --core free5gc: the processes, sockets, devices and packets of free5GC with UERANSIM, as ss and tshark see
# them; and that teide finds an nr-ue that has no PDU session yet.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq ping ss tshark
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
FAIL=${BUILD:?}/tests/netns/fail_call.so

LAB=lc$$
lab() { local verb=$1; shift; "$TEIDE" lab "$verb" --name "$LAB" "$@"; }
status() { jq -c "$1" "$TMP/status"; }
at_exit lab down
snapshot_before

note "what status says"
lab up --core free5gc --ues 3 --gnbs 2 --sessions 2 --upf user
lab status -o json >"$TMP/status"
check_eq "core" "$(status .core)" '"free5gc"'
check_eq "devices" "$(status '[.ues[].interface]')" '["uesimtun0","uesimtun1",null]'
check_eq "namespaces" "$(status '[.ues[].netns] | unique')" "[\"$LAB-ue\"]"
check_eq "uplink TEIDs" "$(status '[.ues[].teid_uplink]')" "[2,6,null]"
check_eq "downlink TEIDs, of two gNBs" "$(status '[.ues[].teid_downlink]')" "[1,1,null]"
check_eq "QFIs, of the default flow and a flow rule" "$(status '[.flows[].qfi]')" "[1,1]"
check_eq "PDRs" "$(status '[.ues[] | .pdrs[]? | .id]')" "[1,2,3,4,5,6,7,8]"
check_eq "that of UE 2's flow rule, downlink" "$(status '.ues[1].pdrs[3]')" \
	'{"direction":"downlink","id":8,"far":8,"precedence":128,"filter":"permit out ip from 10.70.0.3/32 to assigned","qers":[4,6]}'
check_eq "IPv6 inside" "$(status .inner_ipv6)" false
check_match "as text" "$(lab status)" "nr-ue +3 .* gNB 1, no PDU session"

note "the processes' threads, all with the process's name"
threads() { cat /proc/"$1"/task/*/comm | sort | uniq -c | awk '{ print $2, $1 }'; }
check_eq "nr-gnb" "$(threads "$(status .gnbs[0].pid)")" "nr-gnb 12"
check_eq "nr-ue" "$(threads "$(status .ues[0].pid)")" "nr-ue 11"
check_eq "nr-ue without a PDU session" "$(threads "$(status .ues[2].pid)")" "nr-ue 9"
check_eq "upf" "$(threads "$(status .upf.pid)")" "upf 9"

note "the sockets: none is connected, and a command line at the loopback address"
# The port that the kernel chose is P. A UE has its radio socket's when it has sent its first heartbeat.
sockets() {
	ip netns exec "$1" ss -Hunap | awk -v pid="pid=$2," 'index($0, pid) { print $4, $5 }' |
		sed -E 's|:[0-9]{5} |:P |' | sort | tr '\n' ','
}
ue_sockets="0.0.0.0:P 0.0.0.0:*,127.0.0.1:P 0.0.0.0:*,"
for ue in 0 1 2; do
	has_sockets() { [ "$(sockets "$LAB-ue" "$(status ".ues[$ue].pid")")" = "$ue_sockets" ]; }
	wait_for 30 has_sockets
done
check_eq "nr-gnb" "$(sockets "$LAB-gnb2" "$(status .gnbs[1].pid)")" \
	"10.100.2.2:2152 0.0.0.0:*,10.200.2.1:4997 0.0.0.0:*,127.0.0.1:P 0.0.0.0:*,"

note "two UEs' devices in one namespace: each by its name and by its address"
in_ue() { ip netns exec "$LAB-ue" "$@"; }
for from in uesimtun0 uesimtun1 10.60.0.1 10.60.0.2; do
	in_ue ping -c 2 -i 0.2 -W 5 -I "$from" 10.70.0.2 >"$TMP/ping"
	check_match "ping from $from" "$(cat "$TMP/ping")" "2 received"
done
check_exit "ping by no device" 2 in_ue ping -c 1 -W 1 10.70.0.2
check_ge "IPv6 addresses of upfgtp" "$(ip -n "$LAB-upf" -j -6 addr show dev upfgtp scope link | jq length)" 1
check_eq "MTU of upfgtp" "$(ip -n "$LAB-upf" -j link show upfgtp | jq '.[].mtu')" 1464

# A marker that has reached the file shows that the capture has begun or, sent last, that everything before it is in.
marked() {
	ip netns exec "$LAB-gnb1" bash -c 'echo marker >"/dev/udp/10.100.1.1/$1"' - "$1"
	tshark -r "$TMP/n3.pcap" -Y "udp.dstport == $1" 2>/dev/null | grep -q .
}
packets() { tshark -r "$TMP/n3.pcap" -Y "udp.port == 2152 && ($1)" 2>/dev/null | wc -l; }
note "the packets on N3, by tshark"
spawn capture ip netns exec "$LAB-upf" tshark -q -i n3 -f udp -w "$TMP/n3.pcap"
capture=$PID
wait_for 60 marked 40001
lab traffic --count 60 --ue 1 -o json >"$TMP/traffic"
check_eq "datagrams of the two flows" "$(jq -c '[.flows[] | [.address, .received]]' "$TMP/traffic")" \
	'[["10.70.0.2",30],["10.70.0.3",30]]'
lab traffic --signalling 5 --ue 1 >/dev/null
lab traffic --downloads 1 --download 300K >/dev/null
wait_for 60 marked 40002
stop "$capture"
ue="gtp.message == 0xff && udp.srcport == 2152 && udp"
check_eq "datagrams, uplink" "$(packets "$ue && gtp.teid == 2 && udp.port == 5002 && gtp.flags == 0x34 &&
	gtp.ext_hdr.pdu_ses_con.pdu_type == 1 && gtp.ext_hdr.pdu_ses_con.qos_flow_id == 1")" 60
check_eq "datagrams, downlink" "$(packets "$ue && gtp.teid == 1 && udp.port == 5002 && gtp.flags == 0x36 &&
	gtp.ext_hdr.pdu_ses_con.pdu_type == 0 && gtp.ext_hdr.pdu_ses_con.qos_flow_id == 1")" 60
# Two PDRs, each with its series, in one tunnel; the first of the flow rule's PDR is the tunnel's second number 0.
numbers() { # ADDRESS
	tshark -r "$TMP/n3.pcap" -Y "gtp.teid == 1 && udp.srcport == 5002 && ip.src == $1" -T fields -e gtp.seq_number \
		2>/dev/null | while read -r number; do echo $((number)); done | tr '\n' ' '
}
first=$(numbers 10.70.0.2 | cut -d ' ' -f 1)
check_ge "numbers of the default PDR before" "$first" 1
check_eq "numbers of the default PDR" "$(numbers 10.70.0.2)" "$(seq -s ' ' "$first" $((first + 29))) "
check_eq "numbers of the flow rule's PDR" "$(numbers 10.70.0.3)" "$(seq -s ' ' 0 29) "
check_eq "G-PDUs of no tunnel" "$(packets 'gtp.teid == 0x00f10001')" 5
check_eq "Error Indications" "$(packets 'gtp.message == 0x1a')" 0
check_eq "Echo Requests of nr-gnb" "$(packets 'gtp.message == 1 && udp.srcport == 2152')" 0
check_eq "malformed" "$(packets '_ws.malformed')" 0

note "an nr-ue is found before it has a PDU session, also where the kernel has no udp_diag"
preview() {
	"$TEIDE" sched preview --duration 0.2 -o json --set probes.flow.interfaces="$LAB-gnb1/n3" \
		>"$TMP/preview" 2>"$TMP/preview.err"
}
evidence() { jq -c "select(.event == \"process\" and .pid == $1) | [.boosted, (.evidence | keys)]" "$TMP/preview"; }
found() {
	check_eq "nr-ue without a PDU session" "$(evidence "$(status .ues[2].pid)")" '[true,["name","peer"]]'
	check_eq "nr-ue" "$(evidence "$(status .ues[0].pid)")" '[true,["name","peer","tun"]]'
	check_eq "nr-gnb" "$(evidence "$(status .gnbs[0].pid)")" '[true,["name","socket"]]'
	check_eq "threads of the UPF, which are not looked for" \
		"$(jq -c "select(.event == \"process\" and .pid == $(status .upf.pid)) | [.chosen, .threads]" "$TMP/preview")" \
		'[false,null]'
	check_eq "threads" "$(jq -s 'map(select(.event == "strategy" and .comm == "nr-ue")) | length' "$TMP/preview")" 31
}
preview
found
LD_PRELOAD=$FAIL FAIL_CALL="sock_diag ENOENT 1 -1" preview
found
lab down >/dev/null
assert_nothing_left

note "no session at all"
lab up --core free5gc --sessions 0 --upf user >/dev/null
check_exit "traffic" 2 lab traffic --count 1
check_match "what it says" "$(cat "$TMP/err")" "no PDU session"
lab down >/dev/null

note "down ends what is left half made, in one namespace as well"
lab up --core free5gc --ues 4 --upf user >/dev/null
lab status -o json >"$TMP/status"
kill -KILL "$(status .ues[0].pid)"
sed -i 's/"up":true/"up":false/' "/run/teide/lab/$LAB/state.json"
lab down >/dev/null
assert_nothing_left

note "a plain session: one pair of PDRs"
lab up --core free5gc --flows 1 --upf user >/dev/null
lab status -o json >"$TMP/status"
check_eq "PDRs" "$(status '[.ues[0].pdrs[] | [.id, .qers]]')" "[[1,[2,1]],[2,[2,1]]]"
lab down >/dev/null

note "bad input"
check_exit "unknown core" 2 lab up --core open5gs
check_match "what it says" "$(cat "$TMP/err")" "simple or free5gc"
check_exit "more sessions than UEs" 2 lab up --sessions 2
check_match "what it says" "$(cat "$TMP/err")" "--sessions 2 .* UEs: 1"
assert_nothing_left
