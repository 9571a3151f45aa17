#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide why at the module that is the UPF ($UPF of /tests/conf), with each fault made on purpose: those
# of $ONLY, by default all. The answers are in /out/NAME.json by NAME of the fault; every one is asked
# while N datagrams each way are sent, or what a fault lets through of them.
. "$TESTS/lib.sh"
. "$TESTS/conf"

N=40
UE=10.60.0.1

upf() { ip netns exec teide-upf "$@"; }
dn() { ip netns exec teide-dn "$@"; }
traffic() { "$TEIDE" lab traffic --count $N --family 4 --ue 1 || true; }

# ask NAME QUESTION FORM [COMMAND...]: what teide says of the traffic that COMMAND makes.
ask() {
	local name=$1 question=$2 form=$3
	shift 3
	note "$name"
	start_split why "$TEIDE" why "$question" --duration 3600 -o "$form"
	"${@:-traffic}" >"$TMP/traffic.log" 2>&1 || true
	stop "$PID" INT
	check_eq "status of teide why ($name)" "$STATUS" 0
	cp "$TMP/why.log" "/out/$name.$form"
}
about() {
	case " ${ONLY:-$1} " in *" $1 "*) ask "$1" "${2:-$UE}" json "${@:3}" ;; esac
}

[ ! -e /tests/gtp5g.ko ] || insmod /tests/gtp5g.ko
check_exit "why without a UPF" 3 "$TEIDE" why $UE
check_match "what it says" "$(cat "$TMP/err")" "no gtp or gtp5g device, and no socket at UDP 2152"
snapshot_before
"$TEIDE" lab up --upf "$UPF" --ues 2
traffic

about fine
ask fine $UE text
cat /out/fine.text
about by_uplink_teid 0x00010001
about by_downlink_teid 131073
about nobody 10.60.0.99

upf sysctl -qw net.ipv4.ip_forward=0
about ip_forward
upf sysctl -qw net.ipv4.ip_forward=1
upf sysctl -qw net.ipv4.conf.all.rp_filter=1
about rp_filter_alone
route=$(upf ip route show dev upfgtp | cut -d ' ' -f 1)
upf ip route del "$route" dev upfgtp
about rp_filter
upf sysctl -qw net.ipv4.conf.all.rp_filter=0
about no_ue_route
upf ip route add "$route" dev upfgtp

route=$(dn ip route show | sed -n 's/^\(10\.60\..*\)/\1/p')
# shellcheck disable=SC2086 # it is words
dn ip route del $route
about n6_silent
# shellcheck disable=SC2086
dn ip route add $route
upf ip route del 10.70.0.0/24
about no_route_n6
upf ip route add 10.70.0.0/24 dev n6
upf ip route del 10.100.1.0/24
about no_route
upf ip route add 10.100.1.0/24 dev n3
gnb=$("$TEIDE" lab status -o json | sed 's/.*"gnbs":\[{[^}]*"pid":\([0-9]*\).*/\1/')
freeze "$gnb"
about n3_silent $UE dn ping -c 5 -i 0.2 -W 1 $UE
kill -CONT "$gnb"
upf ip link set n3 down
about n3_down
upf ip link set n3 up

if [ "$UPF" = gtp ]; then
	upf /with/why_pdp upfgtp 0x00010001
	about no_session
else
	for fault in none wrong_teid wrong_ue far_drop gate_closed buffered no_ran_address no_route \
		no_outer_header_removal quota no_session; do
		upf /with/why_rules "$fault"
		about "gtp5g_$fault"
	done
fi
"$TEIDE" lab down
assert_nothing_left
wait_for 60 rmmod "$UPF"
