#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The lab as free5GC makes it with a kernel module as UPF ($UPF of /tests/conf): two UEs at two gNBs, in one namespace.
# $N datagrams of each pass while teide why watches: what was sent is in /out/core-traffic-UE, the answer in
# /out/core-why-UE, what gtp5g itself says of each PDR in /out/core-pdr-ID, and what passed its
# device in /out/core-flows.
. "$TESTS/lib.sh"
. "$TESTS/conf"

N=60

[ ! -e /tests/gtp5g.ko ] || insmod /tests/gtp5g.ko
snapshot_before
"$TEIDE" lab up --core free5gc --ues 2 --gnbs 2 --upf "$UPF"
"$TEIDE" lab status -o json >/out/core-status
if [ "$UPF" = gtp5g ]; then
	"$TEIDE" rules -o json >/out/core-rules
	"$TEIDE" rules
	start_split flows "$TEIDE" flows -i teide-upf/upfgtp -o json
	flows=$PID
fi
for ue in 1 2; do
	start_split why "$TEIDE" why 10.60.0.$ue --netns teide-upf --duration 3600 -o json
	"$TEIDE" lab traffic --count $N --ue $ue -o json >/out/core-traffic-$ue
	stop "$PID" INT
	check_eq "status of teide why: $(cat "$TMP/why.err")" "$STATUS" 0
	cp "$TMP/why.log" /out/core-why-$ue
done
if [ "$UPF" = gtp5g ]; then
	stop "$flows"
	check_eq "status of teide flows" "$STATUS" 0
	cp "$TMP/flows.log" /out/core-flows
fi
for pdr in 1 2 3 4 5 6 7 8; do
	[ "$UPF" = gtp5g ] || break
	seid=$(((pdr + 3) / 4))
	ip netns exec teide-upf /bin/sh -c "echo upfgtp $seid $pdr >/proc/gtp5g/pdr && cat /proc/gtp5g/pdr" \
		>"/out/core-pdr-$pdr"
done
"$TEIDE" lab down
assert_nothing_left
