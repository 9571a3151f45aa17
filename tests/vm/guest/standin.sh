#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The gtpu probe at the module that stands in for gtp5g, for each of $RUNS (MODULE-METHOD):
# N packets of each kind each way; and for a method's first run FEW of each with a known time spent in functions,
# then FEW while a timer calls policePacket within its calls, both as events and as counts. RUN is also what is
# special: what was sent is in /out/RUN.sent, the events or rows in /out/RUN.json.
. "$TESTS/lib.sh"
. "$TESTS/conf"

N=40
FEW=4
DELAY_US=3000

. /tests/standin_scene.sh

# watched COMMAND FILE COUNT OPTION...: COUNT packets of each kind under teide COMMAND.
watched() {
	local command=$1 file=$2 count=$3
	shift 3
	start_split trace "$TEIDE" "$command" --probe gtpu -o json --set probes.gtpu.ring_size=4MiB "$@"
	send_all "$count" >/out/sent
	stop "$PID"
	check_eq "status of teide $command" "$STATUS" 0
	cp "$TMP/trace.log" "/out/$file.json"
	cp "$TMP/trace.err" "/out/$file.err"
	mv /out/sent "/out/$file.sent"
}

traced() { watched trace "$@"; }
counted() { watched flows "$@" --set probes.gtpu.contexts=functions; }

# attached MODULE METHOD
attached() {
	local before
	note "$1 by $2"
	traced "$1-$2" $N --attach "$2"
	# Which method measures, and how, does not hang on BTF or on the module's version.
	case $1-$2 in old-* | btf-kprobe) return 0 ;; esac
	parameter delay_gtp5g_handle_skb_ipv4 $DELAY_US
	parameter delay_pdr_find_by_gtp1u $DELAY_US
	traced "$1-$2-delayed" $FEW --attach "$2" --set probes.gtpu.each_function=true
	counted "$1-$2-counted" $FEW --attach "$2"
	parameter delay_gtp5g_handle_skb_ipv4 0
	parameter delay_pdr_find_by_gtp1u 0
	before=$(cat /sys/module/gtp5g/parameters/interrupts)
	parameter delay_policePacket $DELAY_US
	parameter interrupt_us $((DELAY_US / 3))
	traced "$1-$2-interrupted" $FEW --attach "$2"
	counted "$1-$2-interrupted-counted" $FEW --attach "$2"
	check_ge "interrupted calls" "$(cat /sys/module/gtp5g/parameters/interrupts)" $((before + 1))
	parameter delay_policePacket 0
	parameter interrupt_us 0
}

echo $((DELAY_US * 1000)) >/out/delay_ns
for run in $RUNS; do
	load "${run%-*}"
	attached "${run%-*}" "${run#*-}"
	ip link del upfgtp
	# A program that is still there would keep it.
	wait_for 60 rmmod gtp5g
done
