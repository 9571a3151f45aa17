# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by the tests of teide why that build a situation: a UPF and a gNB in user space (gtp_node.py), a UE and a data
# network, each in a namespace of its own, and the question about a known number of packets.
#
#   ue -- gnb 10.100.0.2 -- n3 -- 10.100.0.1 upf 10.200.0.1 -- n6 -- 10.200.0.2 dn

NODE=$TESTS/netns/gtp_node.py
UE=10.60.0.1
DN=10.200.0.2
N=40
NODES=()

set_sysctl() { in_ns "$1" sysctl -qw "${@:2}"; }

# make_links: the namespaces and what is between them, but for the tunnel
make_links() {
	netns_make upf gnb ue dn
	set_sysctl upf net.ipv4.ip_forward=1 net.ipv4.conf.{all,default}.{rp_filter,send_redirects}=0
	make_n3
	veth upf n6 10.200.0.1/24 dn n6 $DN/24
	ip -n "$(ns dn)" route add 10.60.0.0/16 via 10.200.0.1
}
make_n3() { veth upf n3 10.100.0.1/24 gnb n3 10.100.0.2/24; }

# start_node NS NAME ROLE TUN ADDRESS TUNNEL...
start_node() {
	rm -f "$TMP/$2.in" "$TMP/$2.log"
	spawn_told "$2" in_ns "$1" "$NODE" "${@:3}"
	NODES+=("$PID")
}
# start_upf TUNNEL...: at ADDRESS
start_upf() {
	start_node upf upf upf upfgtp "${ADDRESS:-10.100.0.1}" "$@"
	# shellcheck disable=SC2034 # for the tests
	UPF=$PID
	ip -n "$(ns upf)" link set upfgtp up
	ip -n "$(ns upf)" route add 10.60.0.0/16 dev upfgtp
}
# start_gnb TUNNEL...: at ADDRESS, with the UE of the first
start_gnb() {
	start_node gnb gnb gnb uesimtun0 "${ADDRESS:-10.100.0.2}" "$@"
	# shellcheck disable=SC2034 # for the tests
	GNB=$PID
	place_ue gnb uesimtun0 ue "${1%%,*}"
}
# family ADDRESS
family() { case $1 in *:*) echo 6 ;; *) echo 4 ;; esac }
# alone ADDRESS: a network of that address alone
alone() { case $1 in *:*) echo "$1/128" ;; *) echo "$1/32" ;; esac }
# place_ue NS TUN UE-NS ADDRESS: the gNB's device becomes the UE's
place_ue() {
	ip -n "$(ns "$1")" link set "$2" netns "$(ns "$3")"
	addr "$3" "$2" "$(alone "$4")"
	ip -n "$(ns "$3")" link set "$2" up
	ip -n "$(ns "$3")" "-$(family "$4")" route add default dev "$2"
}
# make_scene: the whole, with one session that works
make_scene() {
	make_links
	start_upf $UE,1,2,10.100.0.2
	start_gnb $UE,1,2,10.100.0.1
}
# end_scene: it goes, and the next situation begins anew
end_scene() {
	local pid
	for pid in "${NODES[@]}"; do gone "$pid" || stop "$pid"; done
	NODES=()
	netns_remove upf gnb ue dn "$@"
}

# pings ANSWERS [ADDRESS]: N from the UE, of which so many are answered
pings() { in_ns ue "$NODE" ping "${2:-$DN}" $N "$1"; }
# counted NODE WHAT: as the node says itself
counted() {
	tell "$1" counts
	tail -n 1 "$TMP/$1.log" | jq ".[\"$2\"] // 0"
}
has_counted() { [ "$(counted "$1" "$2")" -ge "$3" ]; }
# pings_until NODE WHAT COUNT: unanswered, and the node has counted so many then
pings_until() {
	pings 0
	wait_for 30 has_counted "$@"
}

# counter GROUP FIELD: of the kernel, in the UPF's namespace or NS
counter() {
	in_ns "${NS:-upf}" awk -v group="$1:" -v field="$2" '
		$1 == group && !n { for (i = 2; i <= NF; i++) if ($i == field) n = i; next }
		$1 == group { print $n; exit }' /proc/net/snmp
}
lladdr() { in_ns "$1" cat "/sys/class/net/$2/address"; }

# ask QUESTION COMMAND...: what teide says of the packets that COMMAND sends, in $TMP/answer
ask() {
	local why
	start_split why "$TEIDE" why "$1" --netns "$(ns upf)" --duration 3600 -o json
	why=$PID
	"${@:2}"
	stop "$why" INT
	check_eq "status of teide why: $(cat "$TMP/why.err")" "$STATUS" 0
	cp "$TMP/why.log" "$TMP/answer"
}
answer() { jq -r "$1" "$TMP/answer"; }
# stages WAY: the packets by stage, - where it cannot be seen
stages() { answer "[.$1.stages[] | .packets // \"-\"] | join(\" \")"; }
# check_stages WHAT UPLINK DOWNLINK
check_stages() {
	check_eq "$1: uplink: $(answer .verdict)" "$(stages uplink)" "$2"
	check_eq "$1: downlink: $(answer .verdict)" "$(stages downlink)" "$3"
}
# check_works WHAT: and the counts are those of the packets sent
check_works() {
	check_eq "$1: $(answer .verdict)" "$(answer .state)" works
	check_stages "$1" "$N - - $N $N" "$N $N - - $N"
}
# check_broken WHAT WAY STAGE REASON [TEXT]
check_broken() {
	check_eq "$1: $(answer .verdict)" "$(answer ".state, .$2.state" | tr '\n' ' ')" "broken broken "
	check_eq "$1: where" "$(answer ".$2.stop")" "$3"
	check_eq "$1: why: $(answer .verdict)" "$(answer ".$2.reason")" "$4"
	check_match "$1: text" "$(answer ".$2.text")" "${5:-.}"
	check_match "$1: what to do" "$(answer .do)" .
}
# check_split WHAT TEXT
check_split() {
	check_eq "$1: $(answer .verdict)" "$(answer .state)" split
	check_match "$1: text" "$(answer .verdict)" "$2"
	check_match "$1: what to do" "$(answer .do)" .
}
