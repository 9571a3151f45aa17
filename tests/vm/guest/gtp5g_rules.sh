#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What teide rules says of the lab's session rules, before and while rules change; the changes are in
# /out/did, of the other kinds in /out/did.others. Then under teide trace with a filter, and without BPF's
# hooks. $QER: whether the module survives that a QER is replaced.
. "$TESTS/lib.sh"
. "$TESTS/conf"

SEID=0x2001
OTHERS=0x2002
UE=10.60.0.99
N3=10.100.1.254 # where the session's own gNB would be; nobody is

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

far() { ip netns exec teide-upf gtp5g_far upfgtp "$@"; }

# Everything at once, and packets in between: the session is made, hands over while it buffers, once
# more while it forwards, thrice within a moment, and is removed.
changes() {
	far session $SEID $UE 0x300 10.100.1.1 $N3 \
		buffer $SEID 2 send $UE 5 rebuffer $SEID 2 send $UE 2 marker $SEID 2 0x301 10.100.9.1 \
		drop $SEID 2 send $UE 3 forward $SEID 2 0x302 10.100.9.2 \
		again $SEID 2 \
		forward $SEID 2 0x303 10.100.9.2 marker $SEID 2 0x304 10.100.9.2 forward $SEID 2 0x303 10.100.9.2 \
		end $SEID
}

# What the module counts beside what teide does: 5 packets each way of the lab's UE, and 20 to the session's
# own, then 4 dropped and 3 kept; the last are nobody's.
far session $SEID $UE 0x300 10.100.1.1 $N3 >/dev/null
start_split counters "$TEIDE" rules --counters --duration 3600 -o json
counters=$PID
ip netns exec teide-ue1 ping -c 5 -W 10 10.70.0.2
far send $UE 20 drop $SEID 2 send $UE 4 buffer $SEID 2 send $UE 3 send 10.60.0.98 2 >/dev/null
stop "$counters"
check_eq "status of --counters" "$STATUS" 0
cp "$TMP/counters.log" /out/counters.json
far end $SEID >/dev/null

# Where the hooks are not to be had, the rules are read.
spawn_split polled env LD_PRELOAD=/with/fail_call.so FAIL_CALL="bpf_object__open_skeleton EPERM 1 -1" \
	"$TEIDE" rules --follow -o json
polled=$PID
wait_for 60 grep -q '"namespaces"' "$TMP/polled.log"
wait_for 60 grep -q 'looked for once a second' "$TMP/polled.err"
far forward 0x1002 2 0x555 10.100.9.8
wait_for 60 grep -q '"event":"handover"' "$TMP/polled.log"
stop "$polled"
check_eq "status of --follow without hooks" "$STATUS" 0
cp "$TMP/polled.log" /out/polled.json

spawn_split text "$TEIDE" rules --follow
text=$PID
start_split json "$TEIDE" rules --follow -o json
json=$PID
wait_for 120 grep -q 'seen as it is made' "$TMP/text.err"
changes >/out/did
wait_for 60 grep -q '"event":"removed".*"qer_id"' "$TMP/json.log"
wait_for 60 grep -q ' removed: QER 1 of 0x2001' "$TMP/text.log"
far forward 0x1001 2 0x777 10.100.9.9
wait_for 60 grep -q '"event":"handover".*"seid":"4097"' "$TMP/json.log"

start_split trace "$TEIDE" trace --probe gtpu -o json --set probes.gtpu.verdict=dropped
trace=$PID
changes >/out/did.trace
far session $OTHERS 10.60.0.98 0x400 10.100.1.1 $N3 ${QER:+qfi $OTHERS 5} \
	precede $OTHERS 10.60.0.98 0x400 10.100.1.1 32 quota $OTHERS 1000 requota $OTHERS 2000 \
	bar $OTHERS 8 forget $OTHERS end $OTHERS >/out/did.others
wait_for 60 grep -q '"seid":"8194",.*"qer_id":1,.*"change":"removed"' "$TMP/trace.log"
stop "$trace"
check_eq "status of teide trace" "$STATUS" 0
cp "$TMP/trace.log" /out/trace.json
wait_for 60 grep -q '"event":"removed".*"qer_id"' "$TMP/json.log"

"$TEIDE" lab down
wait_for 60 grep -q '"event":"removed".*"seid":"4099","qer_id"' "$TMP/json.log"
stop "$text"
check_eq "status of --follow" "$STATUS" 0
stop "$json"
check_eq "status of --follow -o json" "$STATUS" 0
cp "$TMP/json.log" /out/follow.json
cp "$TMP/json.err" /out/follow.err
cp "$TMP/text.log" /out/follow.txt
assert_nothing_left
