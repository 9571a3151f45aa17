#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A machine that could get many more CPUs than it has, with little memory: teide with its defaults. The kernel's memory
# before and at its most is in /out/VERB.kib.
. "$TESTS/lib.sh"

PINGS=40

netns_make a b
veth a x 10.9.0.1/24 b y 10.9.0.2/24
wait_for 60 in_ns a ping -c 1 -q 10.9.0.2

# What the kernel has for itself.
kernel_kib() { awk '/^(Slab|Percpu|VmallocUsed|KernelStack|PageTables):/ { sum += $2 } END { print sum }' /proc/meminfo; }

# The packets of all rows of the first veth's pings, which no collection has twice.
echoes() {
	grep '"event":"flow"' "$TMP/$1.log" | grep '"proto":1[,}]' |
		sed 's/.*"packets":\([0-9]*\).*/\1/' | awk '{ sum += $1 } END { print sum + 0 }'
}
all_there() { [ "$(echoes "$1")" = $((2 * PINGS)) ]; }

# measure NAME COMMAND...: while it has both generations of its maps, since the pings take longer than a collection.
measure() {
	local name=$1 before
	shift
	before=$(kernel_kib)
	start_split "$name" "$@"
	in_ns a ping -c $PINGS -i 0.1 -q 10.9.0.2
	wait_for 120 all_there "$name"
	echo "$(($(kernel_kib) - before))" >"/out/$name.kib"
	stop "$PID"
	check_eq "status of $name" "$STATUS" 0
}

cat /sys/devices/system/cpu/possible >/out/possible
measure flows "$TEIDE" flows -i "$(ns b)/y" -o json
measure run "$TEIDE" run -o json --set "probes.flow.interfaces=$(ns b)/*" --set sched.backend=none
