#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Two teides at the gtp module, by each of $METHODS of /tests/conf, while its device goes and comes and
# the module with it: N datagrams each way per UE and address family each time that there is one. Events in
# /out/METHOD.json, counts in /out/METHOD-counts.json; how many were sent in all in /out/METHOD.sent.
. "$TESTS/lib.sh"
. "$TESTS/conf"

N=20

up() {
	"$TEIDE" lab up --upf gtp --ues 1
	"$TEIDE" lab status -o json >/out/status.json
}
device() { ip -n teide-upf -o link show type gtp | sed 's/^[0-9]*: \([^:@]*\).*/\1/'; }

# said WORDS TIMES: that often by each of the two
said() { [ "$(grep -c "$1" "$TMP/trace.err")" -ge "$2" ] && [ "$(grep -c "$1" "$TMP/counts.err")" -ge "$2" ]; }

times=0
traffic() {
	local family
	times=$((times + 1))
	wait_for 120 said "gtpu: attached to gtp" $times
	for family in $families; do
		"$TEIDE" lab traffic --count $N --family "$family"
	done
}

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# unloadable WHAT COMMAND...: that, and how long it is from then until the module can be unloaded.
unloadable() {
	local what=$1 begin
	shift
	"$@"
	begin=$(now_ms)
	wait_for 60 rmmod gtp
	note "$method: unloaded $(($(now_ms) - begin)) ms after $what"
}

for method in $METHODS; do
	times=0
	snapshot_before
	spawn_split trace "$TEIDE" trace --probe gtpu -o json --attach "$method"
	trace=$PID
	spawn_split counts "$TEIDE" flows --probe gtpu -o json --attach "$method"
	counts=$PID
	wait_for 120 said "gtpu: waiting for a gtp or gtp5g device" 1
	wait_for 120 said watching 1

	up
	families=4
	! grep -q '"inner_ipv6":true' /out/status.json || families="4 6"
	traffic
	if [ "$method" = fentry ]; then
		! rmmod gtp 2>"$TMP/rmmod.err" || fail "fentry programs did not keep the module"
	fi
	unloadable "its last device" ip -n teide-upf link del "$(device)"
	wait_for 60 said "gtpu: detached from gtp, " 1
	"$TEIDE" lab down
	modprobe gtp
	up
	traffic

	# The module stays
	"$TEIDE" lab down
	wait_for 60 said "gtpu: detached from gtp, " 2
	up
	traffic

	# The device stays
	spawn release "$TEIDE" trace --release
	wait "$PID"
	cp "$TMP/release.log" "/out/$method.release"
	"$TEIDE" lab traffic --count 3 --family 4 # nobody is to see these
	unloadable "--release" true
	modprobe gtp
	"$TEIDE" lab down
	up
	traffic

	if [ "$method" = kprobe ]; then
		# The module takes the device with it
		unloadable "nothing" true
		wait_for 60 said "gtpu: detached from gtp, which was unloaded" 1
		modprobe gtp
		"$TEIDE" lab down
		up
		traffic
	fi
	stop "$trace"
	check_eq "status of teide trace" "$STATUS" 0
	stop "$counts"
	check_eq "status of teide flows" "$STATUS" 0
	echo $((times * N)) >"/out/$method.sent"
	cp "$TMP/trace.log" "/out/$method.json"
	cp "$TMP/trace.err" "/out/$method.err"
	cp "$TMP/counts.log" "/out/$method-counts.json"
	"$TEIDE" lab down
	assert_nothing_left
done

# What a killed one leaves is nobody to ask.
start_split killed "$TEIDE" trace --probe gtpu
kill -KILL "$PID"
wait "$PID" || true
check_ge "sockets" "$(find /run/teide -name 'release-*' | wc -l)" 1
check_exit "--release with nobody there" 0 "$TEIDE" trace --release
check_match "--release with nobody there" "$(cat "$TMP/out")" '^0 detached'
check_eq "sockets" "$(find /run/teide -name 'release-*' | wc -l)" 0
rmmod gtp
check_exit "trace without a module" 3 "$TEIDE" trace --probe gtpu

# The service waits for the module too.
spawn_split run env TEIDE_RUN_PROBES=gtpu TEIDE_RUN_STRATEGIES=false TEIDE_RUN_OUTPUT=json "$TEIDE" run
wait_for 120 grep -q "gtpu: waiting for" "$TMP/run.err"
modprobe gtp
up
wait_for 120 grep -q "gtpu: attached to gtp" "$TMP/run.err"
"$TEIDE" lab down
stop "$PID"
check_eq "status of teide run" "$STATUS" 0
wait_for 60 rmmod gtp
