#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The places of gtp5g's rules by its version, which the module confirms, and by a file that is not of it,
# which it does not: the counts after that are in /out/after.json.
. "$TESTS/lib.sh"

insmod /tests/gtp5g.ko
"$TEIDE" lab up --upf gtp5g --ues 2

# traffic_until WORDS FILE
traffic_until() {
	"$TEIDE" lab traffic --count 5 --family 4 >/dev/null
	grep -q "$1" "$2"
}

start_split right env TEIDE_RUN_LOG_LEVEL=debug "$TEIDE" flows --probe gtpu -o json
right=$PID
start_split wrong "$TEIDE" flows --probe gtpu -o json --module-btf /tests/wrong.o
wrong=$PID
check_match "the plan" "$(cat "$TMP/wrong.err")" "rules by btf: .* /tests/wrong.o"
wait_for 120 traffic_until "the module knows" "$TMP/right.err"
wait_for 120 traffic_until "rules of gtp5g are no longer reported" "$TMP/wrong.err"
wait_for 120 grep -q "rules by skip: .*not where /tests/wrong.o places them" "$TMP/wrong.err"
stop $right
check_eq "status" "$STATUS" 0
! grep -q "no longer reported" "$TMP/right.err" || fail "right places were given up"
cp "$TMP/right.log" /out/right.json

# What was counted before is in the collection that comes next
begin=$(wc -l <"$TMP/wrong.log")
collected() { tail -n +$((begin + 1)) "$TMP/wrong.log" | grep -q '"event":"count"'; }
"$TEIDE" lab traffic --count 5 --family 4
wait_for 60 collected
wc -l <"$TMP/wrong.log" >/out/after
"$TEIDE" lab traffic --count 20 --family 4
stop $wrong
check_eq "status" "$STATUS" 0
cp "$TMP/wrong.log" /out/wrong.json
cp "$TMP/wrong.err" /out/wrong.err
"$TEIDE" lab down
wait_for 60 rmmod gtp5g
