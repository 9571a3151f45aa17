#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# PACKETS each way, both at the same time, through each device and by each method of $RUNS (DEVICE:METHOD)
# under teide flows. /out/DEVICE-METHOD.json is what teide said, .sent what was sent, and .before and
# .after what the kernel had counted.
. "$TESTS/lib.sh"
. /tests/sender.sh
. /tests/conf

# load OPTION...: PACKETS each way; the stand-in's tenth of them meets every outcome of its script.
load_one() {
	local order=$1
	case $DEVICE in
	standin*)
		"$order" count=$((PACKETS - PACKETS / 10)) sessions=2 qfi=9
		"$order" count=$((PACKETS / 10)) sessions=13 qfi=9
		;;
	gtp5g) "$order" count="$PACKETS" sessions="$SESSIONS" qfi=9 ;;
	*) "$order" count="$PACKETS" sessions="$SESSIONS" ;;
	esac
}

load() {
	local up
	load_one uplink >"$TMP/up" &
	up=$!
	load_one downlink >"$TMP/down"
	wait "$up"
	cat "$TMP/up" "$TMP/down"
}

scene_links
for run in $RUNS; do
	DEVICE=${run%:*}
	file=$DEVICE-${run#*:}
	note "$file"
	device_up "$DEVICE" "$SESSIONS"
	start_split flows "$TEIDE" flows --probe gtpu -o json --attach "${run#*:}"
	counters "$file.before"
	load >"/out/$file.sent"
	counters "$file.after"
	stop "$PID"
	check_eq "status of teide flows" "$STATUS" 0
	cp "$TMP/flows.log" "/out/$file.json"
	cp "$TMP/flows.err" "/out/$file.err"
	sed 's/"hostile.*"sent"/"sent"/' "/out/$file.sent"
	device_down "$DEVICE"
done
