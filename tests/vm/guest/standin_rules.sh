#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The stand-in's downlink FAR of one UE, replaced, handed over and removed under rules --follow, under trace
# and under run; without the module's BTF and with. Before, a session as free5GC makes it: a PDR is repeated by
# itself, gets another precedence, and is repeated once more; its UE becomes idle and resumes. What was done is in
# /out/MODULE.did, the list as text in /out/MODULE.list.
. "$TESTS/lib.sh"

SEID=0x5e1d
FAR=101
UE=10.60.0.1
FREE5GC=0xf5
FREE5GC_PDR="$FREE5GC 10.61.0.1 2 10.9.0.1" # its PDR 1: SEID, UE, TEID, the UPF's address

echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
ip link add n3 type veth peer name n3b
ip addr add 10.9.0.1/24 dev n3
ip link set n3 up
ip addr add 10.10.0.1/32 dev lo

for module in plain btf; do
	insmod /tests/$module/gtp5g.ko
	ip link add upfgtp type gtp5g
	ip link set upfgtp up
	ip route add 10.60.0.0/24 dev upfgtp src 10.10.0.1
	start_split follow "$TEIDE" rules --follow -o json
	follow=$PID
	start_split trace "$TEIDE" trace --probe gtpu -o json --set probes.gtpu.verdict=dropped
	trace=$PID
	start_split run env TEIDE_RUN_PROBES=gtpu TEIDE_RUN_STRATEGIES=false TEIDE_RUN_OUTPUT=json \
		TEIDE_RUN_EVENTS=all "$TEIDE" run
	run=$PID
	"$TEIDE" rules >/out/$module.list
	# shellcheck disable=SC2086 # its words are arguments
	gtp5g_far upfgtp repeat $FREE5GC_PDR 255 precede $FREE5GC_PDR 254 repeat $FREE5GC_PDR 254 \
		buffer $FREE5GC 2 forward $FREE5GC 2 3 10.9.0.2 >/out/$module.did-free5gc
	gtp5g_far upfgtp buffer $SEID $FAR send $UE 5 rebuffer $SEID $FAR send $UE 2 marker $SEID $FAR 0x301 10.9.0.3 \
		drop $SEID $FAR send $UE 3 forward $SEID $FAR 0x302 10.9.0.4 again $SEID $FAR \
		marker $SEID $FAR 0x303 10.9.0.4 forward $SEID $FAR 0x302 10.9.0.4 remove $SEID $FAR >/out/$module.did
	wait_for 60 grep -q '"event":"removed"' "$TMP/follow.log"
	wait_for 60 grep -q '"change":"removed"' "$TMP/trace.log"
	wait_for 60 grep -q '"change":"removed"' "$TMP/run.log"
	stop "$run"
	check_eq "status of teide run" "$STATUS" 0
	cp "$TMP/run.log" /out/$module.run
	stop "$trace"
	check_eq "status of teide trace" "$STATUS" 0
	stop "$follow"
	check_eq "status of teide rules --follow" "$STATUS" 0
	cp "$TMP/follow.log" /out/$module.follow
	cp "$TMP/trace.log" /out/$module.trace
	ip link del upfgtp
	wait_for 60 rmmod gtp5g
done
