#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The gtpu probe at the module that is the UPF ($UPF of /tests/conf), by each of $METHODS: N datagrams
# each way per UE and address family; events in /out/METHOD.json, what the lab is in /out/status.json.
. "$TESTS/lib.sh"
. "$TESTS/conf"

N=100

[ ! -e /tests/gtp5g.ko ] || insmod /tests/gtp5g.ko
snapshot_before
"$TEIDE" lab up --upf "$UPF" --ues 2
"$TEIDE" lab status -o json >/out/status.json
families=4
! grep -q '"inner_ipv6":true' /out/status.json || families="4 6"
for method in $METHODS; do
	start_split trace "$TEIDE" trace --probe gtpu -o json --attach "$method"
	for family in $families; do
		"$TEIDE" lab traffic --count $N --family $family
	done
	stop "$PID"
	check_eq "status of teide trace" "$STATUS" 0
	cp "$TMP/trace.log" "/out/$method.json"
	cp "$TMP/trace.err" "/out/$method.err"
done

# The line that people read, by the method that teide chooses.
start_split text "$TEIDE" trace --probe gtpu
"$TEIDE" lab traffic --count 5 --family 4
stop "$PID"
cp "$TMP/text.log" /out/text

# A killed trace takes its programs with it.
start_split killed "$TEIDE" trace --probe gtpu
kill -KILL "$PID"
wait "$PID" || true
echo $N >/out/sent
"$TEIDE" trace --release # or any other that listens: what the killed one has left is removed
"$TEIDE" lab down
assert_nothing_left
# A program that is still there would keep its module.
wait_for 60 rmmod "$UPF"
