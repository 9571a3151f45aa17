#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A kernel locked down for confidentiality: packets at a veth by teide and by the interface's own counters
# (/out/counters: received and sent), events, and what is refused in one line. doctor's JSON with securityfs and
# without is in /out/doctor.json and /out/unmounted.json.
. "$TESTS/lib.sh"

PINGS=50
doctor() { # NAME
	local status=0
	"$TEIDE" doctor -o json >"/out/$1.json" || status=$?
	echo $status >"/out/$1.exit"
}
doctor unmounted
mount -t securityfs security /sys/kernel/security
check_match "this kernel" "$(cat /sys/kernel/security/lockdown)" '\[confidentiality\]'
doctor doctor

# No packet but the pings: addresses are known, and no IPv6.
netns_make a b
veth a x 10.9.0.1/24 b y 10.9.0.2/24
for name in a b; do
	in_ns "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
done
mac() { in_ns "$1" cat "/sys/class/net/$2/address"; }
ip -n "$(ns a)" neigh replace 10.9.0.2 lladdr "$(mac b y)" dev x nud permanent
ip -n "$(ns b)" neigh replace 10.9.0.1 lladdr "$(mac a x)" dev y nud permanent
counters() { in_ns b cat /sys/class/net/y/statistics/{rx,tx}_packets; }

start_split flows "$TEIDE" flows -i "$(ns b)/y" -o json
pids=$PID
start_split trace "$TEIDE" trace --probe flow -i "$(ns b)/y" -o json
pids="$pids $PID"
counters >"$TMP/before"
in_ns a ping -c $PINGS -i 0.02 -q 10.9.0.2
counters | paste - "$TMP/before" | awk '{ print $1 - $2 }' >/out/counters
for pid in $pids; do
	stop "$pid"
	check_eq "status of teide" "$STATUS" 0
done
for name in flows trace; do
	check_eq "lines that say so in $name" "$(grep -c 'locked down for confidentiality' "$TMP/$name.err")" 1
	cp "$TMP/$name.log" "/out/$name.json"
done

# What is of no use without: one line.
modprobe gtp
"$TEIDE" lab up --upf gtp
for method in auto fentry kprobe; do
	check_exit "trace of the module by $method" 3 "$TEIDE" trace --probe gtpu --attach $method --duration 1
	check_eq "lines about it" "$(wc -l <"$TMP/err")" 1
	check_match "what is said" "$(cat "$TMP/err")" "probe gtpu: the kernel is locked down for confidentiality .*; boot with"
done
"$TEIDE" lab down
