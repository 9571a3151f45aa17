#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The places of gtp5g's rules by its version, which the module confirms, and by a file that is not of it,
# which it does not: counts are in /out/right.json and /out/wrong.json.
. "$TESTS/lib.sh"

insmod /tests/gtp5g.ko
"$TEIDE" lab up --upf gtp5g --ues 2

start_split right "$TEIDE" flows --probe gtpu -o json
right=$PID
start_split wrong "$TEIDE" flows --probe gtpu -o json --module-btf /tests/wrong.o
wrong=$PID
check_match "right places" "$(cat "$TMP/right.err")" "rules by offsets: .*, as the module confirms"
check_match "wrong places" "$(cat "$TMP/wrong.err")" "rules by skip: .* /tests/wrong.o, and not there"
check_match "the warning" "$(cat "$TMP/wrong.err")" "keeps its rules elsewhere than assumed (SEID and PDR"
"$TEIDE" lab traffic --count 20 --family 4
for pid in $right $wrong; do
	stop "$pid"
	check_eq "status" "$STATUS" 0
done
cp "$TMP/right.log" /out/right.json
cp "$TMP/right.err" /out/right.err
cp "$TMP/wrong.log" /out/wrong.json
"$TEIDE" lab down
wait_for 60 rmmod gtp5g
