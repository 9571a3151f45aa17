#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# FLOOD hostile packets each way at full rate through each device and by each method of $RUNS
# (DEVICE:METHOD), and KNOWN packets each way of one session at the same time, under teide flows.
# /out/DEVICE-METHOD.json is what teide said, .err its log, .sent what was sent, .calls how often
# the module's functions were called as the kernel's own kprobe tracer has it, .memory teide's.
. "$TESTS/lib.sh"
. /tests/sender.sh
. /tests/conf

TRACING=/sys/kernel/tracing

# A probe of the kernel's tracer at each packet function: it counts its hits, and what it missed.
truth_begin() {
	local module=gtp5g
	[ "$DEVICE" != gtp ] || module=gtp
	printf 'p:truth/uplink %s:%s_encap_recv\np:truth/downlink %s:%s_dev_xmit\n' \
		$module $module $module $module >$TRACING/kprobe_events
	echo 1 >$TRACING/events/truth/enable
}
truth_end() {
	cat $TRACING/kprobe_profile >"/out/$1.calls"
	echo 0 >$TRACING/events/truth/enable
	echo >$TRACING/kprobe_events
}

memory() { sed -n 's/^\(VmRSS\|VmHWM\):[^0-9]*\([0-9]*\) kB/\1 \2/p' "/proc/$1/status"; }

# Malformed packets meet rules too: of the second session, and with the stand-in of one whose packets
# are dropped.
victims() {
	case $DEVICE in
	standin*) echo victim_teid=0x1006 victim_ue=10.60.0.7 ;;
	*) echo victim_teid=0x1001 ;;
	esac
}

# shellcheck disable=SC2046 # keys are words
flood() {
	local qfi=9 pids=() pid seed=$1
	[ "$DEVICE" != gtp ] || qfi=0
	uplink hostile=1 "count=$FLOOD" "seed=$seed" "qfi=$qfi" $(victims) >"$TMP/1" &
	pids+=($!)
	downlink hostile=1 "count=$FLOOD" "seed=$seed" $(victims) >"$TMP/2" &
	pids+=($!)
	uplink "count=$KNOWN" "qfi=$qfi" batch=4 pause_us=1000 >"$TMP/3" &
	pids+=($!)
	downlink "count=$KNOWN" batch=4 pause_us=1000 >"$TMP/4" &
	pids+=($!)
	for pid in "${pids[@]}"; do wait "$pid"; done
	cat "$TMP/1" "$TMP/2" "$TMP/3" "$TMP/4"
}

scene_links
for run in $RUNS; do
	DEVICE=${run%:*}
	file=$DEVICE-${run#*:}
	note "$file"
	device_up "$DEVICE" 2
	truth_begin
	start_split flows "$TEIDE" flows --probe gtpu -o json --attach "${run#*:}"
	memory "$PID" >"/out/$file.memory"
	flood "$((SEED++))" >"/out/$file.sent"
	memory "$PID" >>"/out/$file.memory"
	stop "$PID"
	check_eq "status of teide flows" "$STATUS" 0
	cp "$TMP/flows.log" "/out/$file.json"
	cp "$TMP/flows.err" "/out/$file.err"
	truth_end "$file"
	cat "/out/$file.sent" "/out/$file.calls" "/out/$file.memory"
	device_down "$DEVICE"
done
