#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What teide rules says of the lab's session rules, before and while a FAR is replaced.
. "$TESTS/lib.sh"

check_exit "rules without the module" 3 "$TEIDE" rules
cat "$TMP/err" >/out/without
insmod /tests/gtp5g.ko
check_exit "rules without a device" 3 "$TEIDE" rules
snapshot_before
"$TEIDE" lab up --upf gtp5g --ues 3
"$TEIDE" lab status -o json >/out/status.json
"$TEIDE" rules -o json >/out/rules.json
"$TEIDE" rules --netns teide-upf | tee /out/rules.txt
check_exit "rules of a namespace without a device" 3 "$TEIDE" rules --netns teide-dn

spawn text "$TEIDE" rules --follow
text=$PID
spawn json "$TEIDE" rules --follow -o json
json=$PID
wait_for 60 grep -q '"namespaces"' "$TMP/json.log"
wait_for 60 grep -q '^SEID' "$TMP/text.log"
ip netns exec teide-upf gtp5g_far upfgtp 0x1001 2 0x777 10.100.9.9
wait_for 60 grep -q '"event":"handover"' "$TMP/json.log"
wait_for 60 grep -q ' handover: ' "$TMP/text.log"
"$TEIDE" lab down
wait_for 60 grep -q '"event":"removed"' "$TMP/json.log"
stop "$text"
check_eq "status of --follow" "$STATUS" 0
stop "$json"
check_eq "status of --follow -o json" "$STATUS" 0
cp "$TMP/json.log" /out/follow.json
cp "$TMP/text.log" /out/follow.txt
assert_nothing_left
