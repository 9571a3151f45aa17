#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why in the lab that is as free5GC and UERANSIM: two UEs in one namespace, whose gNBs chose the same downlink TEID
# and whose sessions have two pairs of PDRs.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq
[ -e /dev/net/tun ] || skip "no /dev/net/tun"

LAB=wc$$
N=60
upf() { ip netns exec "$LAB-upf" "$@"; }
lab() { local verb=$1; shift; "$TEIDE" lab "$verb" --name "$LAB" "$@"; }
at_exit lab down
snapshot_before

# ask QUESTION UE: what teide says of N datagrams of that UE, in $TMP/answer
ask() {
	start_split why "$TEIDE" why "$1" --netns "$LAB-upf" --duration 3600 -o json
	lab traffic --count $N --ue "$2" >"$TMP/traffic" 2>&1 || true
	stop "$PID" INT
	check_eq "status of teide why: $(cat "$TMP/why.err")" "$STATUS" 0
	cp "$TMP/why.log" "$TMP/answer"
}
answer() { jq -r "$1" "$TMP/answer"; }
# stages WAY: the packets by stage, - where it cannot be seen
stages() { answer "[.$1.stages[] | .packets // \"-\"] | join(\" \")"; }

lab up --core free5gc --ues 2 --gnbs 2 --upf user >/dev/null

note "it works: packets of both PDR pairs are the session's, and no other UE's"
for question in "10.60.0.1 1" "10.60.0.2 2" "6 2"; do
	ask "${question% *}" "${question#* }"
	check_eq "$question: $(answer .verdict)" "$(answer .state)" works
	check_eq "$question: uplink" "$(stages uplink)" "$N - - $N $N"
	check_eq "$question: downlink" "$(stages downlink)" "$N $N - - $N"
	check_eq "$question: downlink TEID" "$(answer .downlink.teid)" 1
done
check_eq "the gNB of UE 2" "$(answer .uplink.gnb)" 10.100.2.2

note "the downlink leaves by N6"
upf ip route add 10.100.1.2/32 via 10.70.0.2 dev n6
ask 10.60.0.1 1
check_eq "state: $(answer .verdict)" "$(answer .state)" split
check_match "text" "$(answer .verdict)" "10.100.1.2 by n3, and the downlink goes to gNB 10.100.1.2 by n6"
upf ip route del 10.100.1.2/32

note "nr-gnb has ended, and its host says so"
lab status -o json >"$TMP/status"
pid=$(jq '.gnbs[1].pid' "$TMP/status")
kill -KILL "$pid"
wait_for 30 gone "$pid"
start_split why "$TEIDE" why 10.60.0.2 --netns "$LAB-upf" --duration 3600 -o json
why=$PID
ip netns exec "$LAB-dn" ping -q -c 5 -i 0.2 -W 1 10.60.0.2 >"$TMP/ping" || true
stop "$why" INT
cp "$TMP/why.log" "$TMP/answer"
check_eq "state: $(answer .verdict)" "$(answer '.state, .downlink.reason' | tr '\n' ' ')" "broken gnb_not_running "
check_eq "downlink" "$(stages downlink)" "5 5 - - 5"

note "the UPF has ended: nr-gnb alone is no UPF"
pid=$(jq .upf.pid "$TMP/status")
kill -KILL "$pid"
wait_for 30 gone "$pid"
check_exit "a question" 3 "$TEIDE" why 10.60.0.1 --duration 1
check_match "what it says" "$(cat "$TMP/err")" "no UPF"
lab down >/dev/null
assert_nothing_left
