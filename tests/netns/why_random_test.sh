#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# timeout: 900
# teide why and doctor in random situations, each made by its number: where the session works neither gives an alarm,
# and a session with a fault is never said to work. With LONG a hundred of each; SITUATIONS="healthy-12 faulty-3" are
# those alone.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq nft python3 tc
[ -e /dev/net/tun ] || skip "no /dev/net/tun"
. "$TESTS/netns/why_scene.sh"

FAULTS=(forward_off dn_silent gnb_gone upf_gone upf_frozen uplink_teid downlink_teid ue_route n6_down uplink_filter
	downlink_filter input_filter output_filter gnb_address tc_filter device_down lossy)

# The reasons that are right for each, of one direction; null: the session is silent.
declare -A CAUSES=([forward_off]=ip_forward [dn_silent]=n6_silent [gnb_gone]=null [upf_gone]=no_socket
	[upf_frozen]="user_space|queue_full" [uplink_teid]=upf_refuses [downlink_teid]=gnb_refuses [ue_route]="no_ue_route|rp_filter"
	[n6_down]="no_route_n6|interface_down|no_route" [uplink_filter]=filtered [downlink_filter]=filtered
	[input_filter]=not_delivered [output_filter]=filtered [gnb_address]="next_hop_silent|no_route" [tc_filter]=tc_filter
	[device_down]=device_down [lossy]=filtered)

# pick WORD...: one of them, in $PICKED. Not by $(...): a subshell has random numbers of its own.
pick() {
	local words=("$@")
	PICKED=${words[RANDOM % $#]}
}

n3_kinds() {
	local kind
	KINDS=(veth)
	netns_make try
	ip -n "$(ns try)" link add low type veth peer name peer
	for kind in vlan:"link low type vlan id 100" bridge:"type bridge" macvlan:"link low type macvlan" \
		vxlan:"type vxlan id 7 remote 192.0.2.1 dstport 4789"; do
		# shellcheck disable=SC2086 # words
		if ip -n "$(ns try)" link add name v${#KINDS[@]} ${kind#*:} 2>/dev/null; then KINDS+=("${kind%%:*}"); fi
	done
	netns_remove try
	note "N3 by ${KINDS[*]}"
}

# below NS ADDRESS OTHER: the device n3 of that namespace on its eth0
below() {
	case $KIND in
	vlan) ip -n "$(ns "$1")" link add link eth0 name n3 type vlan id 100 ;;
	macvlan) ip -n "$(ns "$1")" link add link eth0 name n3 type macvlan mode bridge ;;
	vxlan) ip -n "$(ns "$1")" link add n3 type vxlan id 7 remote "$3" dstport 4789 dev eth0 ;;
	bridge)
		ip -n "$(ns "$1")" link add n3 type bridge
		ip -n "$(ns "$1")" link set eth0 master n3
		;;
	esac
	ip -n "$(ns "$1")" link set n3 up
	addr "$1" n3 "$2"
}
make_n3() {
	if [ "$KIND" = veth ]; then
		veth upf n3 "$UPF_N3/$LENGTH" gnb n3 "$GNB_N3/$LENGTH"
	else
		veth upf eth0 192.168.0.1/24 gnb eth0 192.168.0.2/24
		below upf "$UPF_N3/$LENGTH" 192.168.0.2
		below gnb "$GNB_N3/$LENGTH" 192.168.0.1
	fi
	ip -n "$(ns upf)" link set n3 mtu "$MTU"
	ip -n "$(ns gnb)" link set n3 mtu "$MTU"
}

# set_family FAMILY: of the UEs
set_family() {
	FAMILY=$1
	if [ "$1" = 4 ]; then
		UE_NET=10.60.0. POOL=10.60.0.0/16 TO=$DN TABLE=ip PING=ping
	else
		UE_NET=fd00:60:: POOL=fd00:60::/32 TO=fd00:200::2 TABLE=ip6 PING=ping6
	fi
}

choose() {
	pick "${KINDS[@]}" && KIND=$PICKED
	pick 1400 1450 && MTU=$PICKED
	[ $KIND = vxlan ] || { pick 1400 1500 && MTU=$PICKED; }
	pick 4 4 4 6
	if [ "$PICKED" = 4 ]; then
		UPF_N3=10.100.0.1 GNB_N3=10.100.0.2 NOBODY=10.100.0.77 LENGTH=24
	else
		UPF_N3=fd00:100::1 GNB_N3=fd00:100::2 NOBODY=fd00:100::77 LENGTH=64
	fi
	pick 1 2 3 4 && UES=$PICKED
	ASKED=$((RANDOM % UES + 1))
	pick 1 2 7 40 200 && COUNT=$PICKED
	pick 0 56 600 1300 && DATA=$PICKED
	pick 0 0 1 && NAT=$PICKED
	pick 4 4 6 && set_family "$PICKED"
	pick pings pings load && LOAD=$PICKED
	[ "$FAULT" = "" ] || LOAD=pings
	pick 1400 1500 && UE_MTU=$PICKED
	pick 0 1 2 && RP_FILTER=$PICKED
	pick $UE_NET$ASKED 0x$((2 * ASKED - 1)) 0x$((2 * ASKED)) && QUESTION=$PICKED
	[ "$FAULT" != lossy ] || COUNT=200
	# All are sent at once, and a socket's queue holds about 80 long ones.
	[ $COUNT -le 40 ] || DATA=0
	note "$NAME: ${FAULT:-no fault}: N3 $KIND, MTU $MTU, $UPF_N3; $UES UEs $UE_NET, MTU $UE_MTU, UE $ASKED asked for by" \
		"$QUESTION; $COUNT packets of $DATA bytes, $LOAD; NAT $NAT, rp_filter $RP_FILTER"
}

# tunnels PEER SHIFT-OF-UPLINK SHIFT-OF-DOWNLINK: in $TUNNELS
tunnels() {
	local i
	TUNNELS=()
	for ((i = 1; i <= UES; i++)); do
		TUNNELS+=("$UE_NET$i,$((2 * i - 1 + $2)),$((2 * i + $3)),$1")
	done
}

make_situation() {
	local i up=0 down=0 gnb=$GNB_N3
	case $FAULT in
	uplink_teid) up=100 ;;
	downlink_teid) down=100 ;;
	gnb_address) gnb=$NOBODY ;;
	esac
	make_links
	set_sysctl upf net.ipv4.conf.{all,default,n3,n6}.rp_filter="$RP_FILTER"
	[ "$FAMILY" = 4 ] || make_n6_ipv6
	ip -n "$(ns upf)" "-$FAMILY" route add default via "$TO"
	[ "$NAT" = 0 ] || in_ns upf nft "add table $TABLE nat; add chain $TABLE nat post { type nat hook postrouting priority 100; };
		add rule $TABLE nat post oifname n6 masquerade"
	tunnels "$gnb" $up $down
	ADDRESS=$UPF_N3 start_upf "${TUNNELS[@]}"
	ip -n "$(ns upf)" "-$FAMILY" route replace "$POOL" dev upfgtp
	tunnels "$UPF_N3" 0 0
	ADDRESS=$GNB_N3 start_gnb "${TUNNELS[@]}"
	ip -n "$(ns ue)" link set uesimtun0 mtu "$UE_MTU"
	for ((i = 2; i <= UES; i++)); do addr ue uesimtun0 "$(alone "$UE_NET$i")"; done
	[ "$LOAD" = pings ] || start_node dn server serve "$TO"
}
make_n6_ipv6() {
	addr upf n6 fd00:200::1/64
	addr dn n6 "$TO/64"
	ip -n "$(ns dn)" -6 route add "$POOL" via fd00:200::1
	set_sysctl upf net.ipv6.conf.all.forwarding=1
	# A router asks for the next hop of others' packets by its link-local address, which is tentative at first.
	in_ns upf ping -q -c 1 "$TO" >/dev/null
}

# drops HOOK MATCH: by the UPF's packet filter
drops() {
	in_ns upf nft "add table inet fault; add chain inet fault c { type filter hook $1 priority 0; };
		add rule inet fault c $2 drop"
}
make_fault() {
	case $FAULT in
	forward_off) set_sysctl upf net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 ;;
	dn_silent) set_sysctl dn net.ipv4.icmp_echo_ignore_all=1 net.ipv6.icmp.echo_ignore_all=1 ;;
	gnb_gone) stop "$GNB" ;;
	upf_gone) stop "$UPF" ;;
	upf_frozen) freeze "$UPF" ;;
	ue_route) ip -n "$(ns upf)" "-$FAMILY" route del "$POOL" ;;
	n6_down) ip -n "$(ns upf)" link set n6 down ;;
	uplink_filter) drops forward "iifname upfgtp" ;;
	downlink_filter) drops forward "oifname upfgtp" ;;
	input_filter) drops input "udp dport 2152" ;;
	output_filter) drops output "udp dport 2152" ;;
	tc_filter)
		in_ns upf tc qdisc add dev n3 clsact
		in_ns upf tc filter add dev n3 ingress prio 60000 bpf bytecode '1,6 0 0 2' direct-action
		;;
	device_down) ip -n "$(ns upf)" link set upfgtp down ;;
	lossy) drops forward "iifname upfgtp numgen inc mod 5 0" ;;
	esac
}

# pings_from UE COUNT ANSWERS
pings_from() { in_ns ue "$NODE" $PING "$TO" "$2" "$3" "$DATA" "$UE_NET$1"; }
healthy_traffic() {
	local i others=()
	for ((i = 1; i <= UES; i++)); do
		[ $i != "$ASKED" ] || continue
		pings_from $i 20 20 &
		others+=($!)
	done
	pings_from "$ASKED" "$COUNT" "$COUNT"
	[ "$LOAD" = pings ] || in_ns ue "$NODE" load "$TO" 300000 "$UE_NET$ASKED"
	for i in "${others[@]}"; do wait "$i"; done
}
faulty_traffic() {
	pings_from "$ASKED" "$COUNT" 0 || [ "$FAULT" = gnb_gone ]
	[ "$FAULT" = gnb_gone ] || wait_for 30 has_counted gnb sent "$COUNT"
	case $FAULT in
	upf_*) ;;
	*) counted upf taken >/dev/null ;;
	esac
}

check_doctor() {
	"$TEIDE" doctor -o json >"$TMP/doctor" || [ $? = 4 ]
	check_eq "$NAME: what doctor finds in the UPF's namespace" "$(jq -c --arg ns "$(ns upf)" \
		'[.checks[] | select((.netns == $ns or (.id | contains($ns))) and (.state == "limited" or .state == "missing")) | .id]' \
		"$TMP/doctor")" '[]'
}

healthy() {
	make_situation
	ask "$QUESTION" healthy_traffic
	check_eq "$NAME: $(answer .verdict)" "$(answer .state)" works
	check_doctor
	end_scene
}
faulty() {
	make_situation
	in_ns gnb ping -q -c 1 "$UPF_N3" >/dev/null # each knows the other's link-layer address
	make_fault
	ask "$QUESTION" faulty_traffic
	[ "$FAULT" != upf_frozen ] || kill -CONT "$UPF"
	[ "$(answer .state)" != works ] || fail "$NAME: $FAULT is said to work: $(answer .verdict)"
	check_match "$NAME: $FAULT: what to do: $(answer .verdict)" "$(answer .do)" .
	check_match "$NAME: $FAULT: why: $(answer .verdict)" " $(answer '.uplink.reason, .downlink.reason' | tr '\n' ' ')" " (${CAUSES[$FAULT]}) "
	# By whatever TEID it was asked for.
	[ "$FAULT" = gnb_gone ] || check_eq "$NAME: $FAULT: the UE: $(answer .verdict)" "$(answer .ue)" "$UE_NET$ASKED"
	note "    $(answer .verdict)"
	end_scene
}

# situation KIND-NUMBER
situation() {
	NAME=$1 FAULT=
	RANDOM=$((16#$(printf %s "$1" | md5sum | head -c 4))) # bash begins alike from numbers near each other
	[ "${1%-*}" = healthy ] || FAULT=${FAULTS[(${1#*-} - 1) % ${#FAULTS[@]}]}
	choose
	"${1%-*}"
}

healthy=8 faulty=${#FAULTS[@]}
[ -z "${LONG:-}" ] || healthy=100 faulty=100
snapshot_before
n3_kinds
for one in ${SITUATIONS:-$(seq -f healthy-%g $healthy) $(seq -f faulty-%g $faulty)}; do situation "$one"; done
assert_nothing_left
