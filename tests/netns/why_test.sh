#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why at a UPF in user space: what the kernel sees of it, to the packet, and each fault beside it.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq
[ -e /dev/net/tun ] || skip "no /dev/net/tun"

LAB=why$$
UE=10.60.0.1
N=60
upf() { ip netns exec "$LAB-upf" "$@"; }
dn() { ip netns exec "$LAB-dn" "$@"; }
lab() { local verb=$1; shift; "$TEIDE" lab "$verb" --name "$LAB" "$@"; }
at_exit lab down
snapshot_before

# ask QUESTION [COMMAND...]: what is said of the traffic that COMMAND makes, in $TMP/answer.
ask() {
	local question=$1
	shift
	start_split why "$TEIDE" why "$question" --netns "$LAB-upf" --duration 3600 -o "${FORM:-json}"
	"${@:-traffic}" >"$TMP/traffic" 2>&1 || true
	stop "$PID" INT
	check_eq "status of teide why" "$STATUS" 0
	cp "$TMP/why.log" "$TMP/answer"
}
traffic() { lab traffic --count $N --ue 1 --family "${FAMILY:-4}"; }
answer() { jq -r "$1" "$TMP/answer"; }
# stages WAY: the packets by stage, - where it cannot be seen.
stages() { answer "[.$1.stages[] | .packets // \"-\"] | join(\" \")"; }
# broken WHAT WAY STAGE REASON
broken() {
	check_eq "$1: $(answer .verdict)" "$(answer .state)" broken
	check_eq "$1: where" "$(answer ".$2.stop")" "$3"
	check_match "$1: why" "$(answer ".$2.reason")" "^($4)\$"
	check_match "$1: what to do" "$(answer .do)" .
}

lab up --ues 2 --upf user >/dev/null

# what a runtime would leave on the node, were the UPF in a pod
bundle=$TMP/state/io.containerd.runtime.v2.task/k8s.io/upf
mkdir -p "$bundle"
cat >"$bundle/config.json" <<END
{"annotations": {"io.kubernetes.cri.sandbox-name": "upf-0", "io.kubernetes.cri.sandbox-namespace": "core"},
 "linux": {"namespaces": [{"type": "network", "path": "/run/netns/$LAB-upf"}]}}
END
export TEIDE_CONTAINERS_STATE=$TMP/state

note "it works"
for question in $UE 0x00010001 131073; do
	ask $question
	check_eq "$question: $(answer .verdict)" "$(answer .state)" works
	check_eq "uplink" "$(stages uplink)" "$N - - $N $N"
	check_eq "downlink" "$(stages downlink)" "$N $N - - $N"
	check_eq "its pod" "$(answer .pod)" core/upf-0
	check_eq "what it is" "$(answer '[.ue, .upf, .netns, .uplink.gnb, .uplink.teid, .uplink.qfi, .downlink.teid] | join(" ")')" \
		"$UE user $LAB-upf 10.100.1.2 65537 9 131073"
done
FAMILY=6 ask fd00:60:0:1::1
check_eq "IPv6: $(answer .verdict)" "$(answer .state) $(stages uplink) $(stages downlink)" \
	"works $N - - $N $N $N $N - - $N"
ask $UE lab traffic --duration 2 --rate 60 --ue 1
check_eq "everything side by side: $(answer .verdict)" "$(answer .state)" works
FORM=text ask $UE
check_match "as text" "$(head -n 1 "$TMP/answer")" \
	"^UE $UE: both directions work: uplink $N in, $N out; downlink $N in, $N out\$"

check_match "its pod, as text" "$(cat "$TMP/answer")" "$LAB-upf, pod core/upf-0: "

note "nobody"
ask 10.60.0.99
check_eq "state" "$(answer .state)" silent
check_eq "where it looked" "$(answer '.watched | tostring')" \
	"[{\"netns\":\"$LAB-upf\",\"interfaces\":[\"n3\",\"n6\",\"upfgtp\"]}]"

note "with each fault"
upf ip link set n3 down
ask $UE
check_eq "N3 down: state" "$(answer .state)" silent
check_match "N3 down" "$(answer .verdict)" "n3 is down"
upf ip link set n3 up

upf sysctl -qw net.ipv4.ip_forward=0
ask $UE
broken "ip_forward" uplink n6_out ip_forward
check_match "the way out" "$(answer .do)" "^ip netns exec $LAB-upf sysctl net.ipv4.ip_forward=1\$"
upf sysctl -qw net.ipv4.ip_forward=1

upf sysctl -qw net.ipv4.conf.all.rp_filter=1
ask $UE
check_eq "rp_filter with a route back: $(answer .verdict)" "$(answer .state)" works
route=$(upf ip -4 route show dev upfgtp | cut -d ' ' -f 1)
upf ip route del "$route" dev upfgtp
ask $UE
broken "rp_filter" uplink n6_out rp_filter
upf sysctl -qw net.ipv4.conf.all.rp_filter=0
ask $UE
broken "no route of the UE pool" downlink module no_ue_route
upf ip route add "$route" dev upfgtp

dn ip route del 10.60.0.0/16
ask $UE
broken "no way back" downlink n6_in n6_silent
dn ip route add 10.60.0.0/16 via 10.70.0.1
dn ip addr del 10.70.0.2/24 dev n6
ask $UE
broken "no data network" downlink n6_in "n6_silent|next_hop_silent"
upf ip neigh flush dev n6
ask $UE
broken "a next hop that does not answer" uplink n6_out next_hop_silent
dn ip addr add 10.70.0.2/24 dev n6
dn ip route add 10.60.0.0/16 via 10.70.0.1

note "a data network whose service has gone says so"
dn_pid=$(lab status -o json | jq .dn.pid)
ask $UE ip netns exec "$LAB-ue1" ping -c 5 -i 0.2 10.70.0.2
check_eq "ping" "$(answer .state) $(answer '.notes | length')" "works 0"
kill -KILL "$dn_pid"
wait_for 30 gone "$dn_pid"
ask $UE
check_eq "its service ended: $(answer .verdict)" "$(answer .state)" works
check_match "what is noted" "$(answer '.notes[0]')" "of the downlink packets are ICMP 'unreachable'"

note "a UPF that is stuck, and one that has gone"
upf_pid=$(lab status -o json | jq .upf.pid)
freeze "$upf_pid"
ask $UE
broken "stuck" uplink decapsulated user_space
kill -CONT "$upf_pid"

if command -v nft >/dev/null && nft list ruleset >/dev/null 2>&1; then
	note "a node that translates, and a firewall"
	lab down >/dev/null
	lab up --ues 2 --upf user >/dev/null
	upf nft 'add table ip n; add chain ip n p { type nat hook postrouting priority 100; };
		add rule ip n p oifname n6 masquerade'
	ask $UE
	check_eq "NAT: $(answer .verdict)" "$(answer .state) $(stages uplink) $(stages downlink)" \
		"works $N - - $N $N $N $N - - $N"
	check_match "NAT" "$(answer '.notes[0]')" "translates addresses"
	upf nft 'add table ip f; add chain ip f f { type filter hook forward priority 0; policy drop; }'
	ask $UE
	broken "a firewall" uplink n6_out filtered
else
	note "no nft: a node that translates, and a firewall, are not tried here"
fi

note "two UPFs that give the same address to a UE"
lab down >/dev/null
lab up --upf user >/dev/null
TWIN=${LAB}b
twin() { local verb=$1; shift; "$TEIDE" lab "$verb" --name "$TWIN" "$@"; }
at_exit twin down
twin up --upf user >/dev/null
ip netns exec "$TWIN-upf" sysctl -qw net.ipv4.ip_forward=0
# ask_all QUESTION COMMAND...: of every UPF of the machine, one line of JSON each in $TMP/answer.
ask_all() {
	local question=$1
	shift
	start_split why "$TEIDE" why "$question" --duration 3600 -o "${FORM:-json}"
	"$@" >"$TMP/traffic" 2>&1 || true
	stop "$PID" INT
	check_eq "status of teide why: $(cat "$TMP/why.err")" "$STATUS" 0
	cp "$TMP/why.log" "$TMP/answer"
}
# states: what was answered of this test's UPFs.
states() { jq -rs '[.[] | select(.netns | startswith("'"$LAB"'")) | "\(.netns):\(.state)"] | sort | join(" ")' "$TMP/answer"; }
both() { traffic; twin traffic --count $N --ue 1 --family 4; }
ask_all $UE both
check_eq "an answer for each" "$(states)" "$LAB-upf:works $TWIN-upf:broken"
FORM=text ask_all $UE both
check_match "as text" "$(cat "$TMP/answer")" "Another UPF passed packets"
check_eq "its answers" "$(grep -c "^\($LAB\|$TWIN\)-upf.*: a UPF in user space" "$TMP/answer")" 2
ask_all $UE traffic
check_eq "packets at one of them" "$(states)" "$LAB-upf:works"

note "a UPF that ends while teide why watches it"
ask_all $UE eval 'traffic; twin down'
check_eq "the other one's answer" "$(states)" "$LAB-upf:works"
twin up --upf user >/dev/null
# The answer would be of the one that is named first.
end_first() {
	case $(cat "$TMP/why.err") in
	*"watching $TWIN-upf "*) twin down ;;
	*) lab down ;;
	esac
}
ask_all 10.60.0.99 end_first
check_eq "no packet: the answer is of a UPF that is there" "$(jq -r .state "$TMP/answer")" silent

note "bad input"
lab down >/dev/null
twin down >/dev/null
check_exit "no question" 2 "$TEIDE" why
check_exit "no address" 2 "$TEIDE" why 10.60.0
check_match "what it says" "$(cat "$TMP/err")" "neither a UE's IP address nor a TEID"
check_exit "TEID 0" 2 "$TEIDE" why 0
check_exit "two questions" 2 "$TEIDE" why $UE 1
check_exit "no duration" 2 "$TEIDE" why $UE --duration 0
check_exit "no such namespace" 1 "$TEIDE" why $UE --netns nosuch
assert_nothing_left
