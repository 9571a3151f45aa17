#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The gtpu probe at gtp5g with a session for each outcome that rules alone bring about: N packets of
# each kind each way by each of $METHODS; what was sent is in /out/sent.json, the events in
# /out/METHOD.json, those of one TEID and of one reason in /out/METHOD-teid.json, -reason.json, the
# counts of another run in /out/METHOD-counts.json.
. "$TESTS/lib.sh"
. "$TESTS/conf"

N=20

netns_make gnb
ip link add n3 type veth peer name n3 netns "$(ns gnb)"
ip addr add 10.9.0.1/24 dev n3
ip link set n3 up
addr gnb n3 10.9.0.2/24
ip -n "$(ns gnb)" link set n3 up
ip addr add 10.10.0.1/32 dev lo
# Only what the sender sends is to pass.
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
insmod /tests/gtp5g.ko
mkfifo "$TMP/hold"
/with/gtp5g_scene <"$TMP/hold" >"$TMP/scene" &
scene=$!
exec 8>"$TMP/hold"
wait_for 60 grep -q ready "$TMP/scene"
ip link set upfgtp up
ip route add 10.60.0.0/24 dev upfgtp src 10.10.0.1

# traced FILE COMMAND OPTION...: all packets under teide COMMAND.
traced() {
	local file=$1 command=$2
	shift 2
	spawn_split trace "$TEIDE" "$command" --probe gtpu -o json --set probes.gtpu.ring_size=4MiB "$@"
	wait_for 120 grep -q watching "$TMP/trace.err"
	{
		in_ns gnb /with/send uplink $N
		/with/send downlink $N
	} >/out/sent.json
	stop "$PID"
	check_eq "status of teide trace" "$STATUS" 0
	cp "$TMP/trace.log" "/out/$file.json"
	cp "$TMP/trace.err" "/out/$file.err"
}

for method in $METHODS; do
	traced "$method" trace --attach "$method"
	traced "$method-teid" trace --attach "$method" --set probes.gtpu.teid=4096
	traced "$method-reason" trace --attach "$method" --set probes.gtpu.reason=gate_closed
	traced "$method-counts" flows --attach "$method"
done
exec 8>&-
wait $scene
