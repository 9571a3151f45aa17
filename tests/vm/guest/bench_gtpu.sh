#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bench/vm_gtpu's part in the guest: in /out/figures a JSON line for each order, with the device and what
# was attached.
. "$TESTS/lib.sh"
. /tests/sender.sh
. /tests/conf

# begin SUBJECT: what is to be attached, in PID; nothing for "nothing".
begin() {
	local module=gtp5g
	[ "$DEVICE" != gtp ] || module=gtp
	PID=
	case $1 in
	nothing) return 0 ;;
	teide-*) spawn_split subject "$TEIDE" flows --probe gtpu -o json --attach "${1#teide-}" ;;
	*) spawn_split subject /with/vm_tracer "$1" $module ;;
	esac
	wait_for 120 grep -q watching "$TMP/subject.err"
}
end() {
	[ -z "$PID" ] || stop "$PID"
}

measure() {
	local order qfi=9
	[ "$DEVICE" != gtp ] || qfi=0
	# The first packets are where QEMU translates what they run.
	for order in uplink downlink; do
		"$order" count=2000 "qfi=$qfi" >/dev/null
		"$order" "count=$PACKETS" "qfi=$qfi" |
			sed "s/^{/{\"device\":\"$DEVICE\",\"subject\":\"$1\",\"round\":$2,/" >>/out/figures
	done
}

scene_links
for DEVICE in $DEVICES; do
	device_up "$DEVICE" 2
	for ((round = 0; round < ROUNDS; round++)); do
		note "$DEVICE, round $((round + 1)) of $ROUNDS"
		for subject in nothing empty teide-fentry teide-kprobe printk; do
			begin $subject
			measure $subject $round
			end
		done
	done
	device_down "$DEVICE"
done
