#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Two teides while the module that stands in for gtp5g is loaded without BTF, then with, then without: N
# packets of each kind each way each time, as in standin.sh; what was sent is in /out/sent.1 to .3, events
# in /out/trace.json, counts in /out/counts.json. Then one of an unknown version, without --module-btf
# and with: /out/skip.json, /out/btf.json.
. "$TESTS/lib.sh"

N=20

netns_make gnb
ip link add n3 type veth peer name n3 netns "$(ns gnb)"
ip addr add 10.9.0.1/24 dev n3
ip link set n3 up
addr gnb n3 10.9.0.2/24
ip -n "$(ns gnb)" link set n3 up
ip addr add 10.10.0.1/32 dev lo
echo 0 >/proc/sys/net/ipv4/ip_forward
# Only what the sender sends is to pass.
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6

device() {
	ip link add upfgtp type gtp5g
	ip link set upfgtp up
	ip route add 10.60.0.0/24 dev upfgtp src 10.10.0.1
}

# packets FILE
packets() {
	echo 1 >/sys/module/gtp5g/parameters/grant_quota
	{
		in_ns gnb send uplink $N
		send downlink $N
	} >"/out/$1"
}

said() { [ "$(grep -c "$1" "$TMP/trace.err")" -ge "$2" ] && [ "$(grep -c "$1" "$TMP/counts.err")" -ge "$2" ]; }
now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

unload() {
	local begin
	ip link del upfgtp
	begin=$(now_ms)
	wait_for 60 rmmod gtp5g
	note "$1: unloaded $(($(now_ms) - begin)) ms after its device"
}

insmod /tests/plain/gtp5g.ko
spawn_split trace "$TEIDE" trace --probe gtpu -o json --set probes.gtpu.ring_size=4MiB
trace=$PID
spawn_split counts "$TEIDE" flows --probe gtpu -o json
counts=$PID
wait_for 120 said watching 1
times=0
for module in plain btf plain; do
	[ $times = 0 ] || insmod "/tests/$module/gtp5g.ko"
	device
	times=$((times + 1))
	wait_for 120 said "gtpu: attached to gtp5g" $times
	packets sent.$times
	unload $module
done
for pid in $trace $counts; do
	stop "$pid"
	check_eq "status" "$STATUS" 0
done
cp "$TMP/trace.log" /out/trace.json
cp "$TMP/trace.err" /out/trace.err
cp "$TMP/counts.log" /out/counts.json

# told NAME OPTION...
told() {
	local name=$1
	shift
	start_split told "$TEIDE" flows --probe gtpu -o json "$@"
	packets "$name.sent"
	stop "$PID"
	check_eq "status of $name" "$STATUS" 0
	cp "$TMP/told.log" "/out/$name.json"
	cp "$TMP/told.err" "/out/$name.err"
}

insmod /tests/unknown/gtp5g.ko
device
told skip
told ko --module-btf /tests/unknown-btf/gtp5g.ko
told btf --module-btf /tests/gtp5g.btf
check_exit "no such file" 1 "$TEIDE" trace --module-btf /nowhere.ko
check_match "no such file" "$(cat "$TMP/err")" "/nowhere.ko: No such file"
check_exit "a module without BTF" 2 "$TEIDE" trace --module-btf /tests/unknown/gtp5g.ko
check_match "a module without BTF" "$(cat "$TMP/err")" "no BTF of gtp5g"
check_exit "another BTF" 2 "$TEIDE" flows --probe gtpu --module-btf /sys/kernel/btf/vmlinux
check_match "another BTF" "$(cat "$TMP/err")" "/sys/kernel/btf/vmlinux: no BTF of gtp5g"
unload unknown
