#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The flow probe at a veth: what it counts is in /out/flows.json, what was sent in /out/sent.
. "$TESTS/lib.sh"

PINGS=40
ADDRESS=10.9.0.2

netns_make a b
veth a x 10.9.0.1/24 b y $ADDRESS/24
wait_for 60 in_ns a ping -c 1 -q $ADDRESS
before=$(bpftool prog show | grep -c '^[0-9]' || true)

watch_flows() {
	start_split flows "$TEIDE" flows -i "$(ns b)/y" -o json
}
# clsact is teide's own here: with its filter it goes.
at_tc() {
	in_ns b tc qdisc show dev y clsact
	in_ns b tc filter show dev y ingress
	in_ns b tc filter show dev y egress
}
programs_gone() { [ "$(bpftool prog show | grep -c '^[0-9]' || true)" -le "$before" ]; }
nothing_left() {
	wait_for 60 programs_gone
	check_eq "left at TC" "$(at_tc)" ""
}

watch_flows
at_tc >/out/attached
in_ns a ping -c $PINGS -i 0.02 -q $ADDRESS
stop "$PID"
check_eq "status of teide flows" "$STATUS" 0
cp "$TMP/flows.log" /out/flows.json
cp "$TMP/flows.err" /out/flows.err
echo $PINGS >/out/sent
nothing_left

# After a kill -9 what the kernel keeps is cleared by the next start's end.
watch_flows
kill -KILL "$PID"
wait "$PID" || true
in_ns a ping -c 3 -q $ADDRESS
at_tc >/out/killed
check_exit "flows after a kill" 0 "$TEIDE" flows -i "$(ns b)/y" -o json --once
nothing_left

# Every kind of packet, between foreign programs that are replaced midway.
if [ -s /out/attached ]; then PLACES=(1 100); else PLACES=(tcx-first tcx-last); fi
foreign() { # NAME WHERE; its process in $PID
	spawn "foreign_$1" in_ns b tc_foreign y ingress "$2"
	wait_for 60 grep -q attached "$TMP/foreign_$1.log"
}
replace() { # NAME PID
	kill -USR1 "$2"
	wait_for 60 grep -q replaced "$TMP/foreign_$1.log"
}
received() { in_ns b cat /sys/class/net/y/statistics/rx_packets; }
has_received() { [ "$(received)" -ge "$1" ]; }
send_cases() {
	local before n
	before=$(received)
	n=$(in_ns a cases_sender x /with/cases.txt)
	wait_for 120 has_received $((before + n))
}
for name in a b; do
	in_ns "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
done
ip -n "$(ns a)" link set x mtu 9000
ip -n "$(ns b)" link set y mtu 9000
foreign behind "${PLACES[1]}"
behind=$PID
start_split cases "$TEIDE" flows -i "$(ns b)/y" -o json
cases=$PID
foreign before "${PLACES[0]}"
before=$PID
send_cases
replace before "$before"
replace behind "$behind"
send_cases
stop "$cases"
check_eq "status of teide flows" "$STATUS" 0
cp "$TMP/cases.log" /out/cases.json
for name in before behind; do
	stop "${!name}"
	tail -n 1 "$TMP/foreign_$name.log" >"/out/foreign_$name"
done
in_ns b tc qdisc del dev y clsact 2>/dev/null || true

# The lab's N3, tunnels inside.
"$TEIDE" lab up --upf user --ues 2
"$TEIDE" lab status -o json >/out/status.json
start_split n3 "$TEIDE" flows -i teide-upf/n3 -o json
for family in 4 6; do
	"$TEIDE" lab traffic --count $PINGS --family $family
done
stop "$PID"
check_eq "status of teide flows" "$STATUS" 0
cp "$TMP/n3.log" /out/n3.json
# The program of a device without a link-layer header.
check_exit "flows at the UPF's TUN device" 0 "$TEIDE" flows -i teide-upf/upfgtp -o json --once
"$TEIDE" lab down

# Two that share a CPU, by the runq probe and by the kernel's own accounts; both sleep before and after.
works() {
	taskset 1 bash -c 'while read -r n; do while ((n-- > 0)); do :; done; done' <>"$TMP/$1" &
	eval "$1=$!"
	LIB_PIDS+=("$!")
}
account() { cat "/proc/$1/schedstat"; grep ctxt_switches "/proc/$1/status"; }
asleep() {
	local was
	was=$(account "$1")
	grep -q '^State:.S' "/proc/$1/status" && sleep 0.3 && [ "$(account "$1")" = "$was" ]
}
for name in first second; do
	mkfifo "$TMP/$name"
	works $name
done
# shellcheck disable=SC2154 # by eval
both="$first $second"
# What they do until then is in no account of the time between.
for pid in $both; do wait_for 120 asleep "$pid"; done
start_split runq "$TEIDE" flows --probe runq -o json --set "probes.runq.pids=$first,$second"
for pid in $both; do
	wait_for 120 asleep "$pid"
	account "$pid" >"/out/runq.$pid.before"
done
for _ in 1 2 3; do
	echo 3000 >"$TMP/first"
	echo 3000 >"$TMP/second"
	for pid in $both; do wait_for 120 asleep "$pid"; done
done
for pid in $both; do
	account "$pid" >"/out/runq.$pid.after"
done
stop "$PID"
check_eq "status of teide flows" "$STATUS" 0
cp "$TMP/runq.log" /out/runq.json
echo "$both" >/out/runq.pids
