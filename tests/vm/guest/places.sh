#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 3 packets of each kind each way at each build of the stand-in, by kprobe: what was sent is in /out/BUILD.sent, what
# teide told in /out/BUILD.json and /out/BUILD.err.
. "$TESTS/lib.sh"
. "$TESTS/standin_scene.sh"

N=3

# told NAME [OPTION...]
told() {
	local name=$1
	shift
	start_split told "$TEIDE" trace --probe gtpu --attach kprobe -o json --set probes.gtpu.ring_size=4MiB "$@"
	send_all $N >"/out/$name.sent"
	stop "$PID"
	check_eq "status of $name" "$STATUS" 0
	cp "$TMP/told.log" "/out/$name.json"
	cp "$TMP/told.err" "/out/$name.err"
}

for build in right seid removal action; do
	load $build
	told $build
	[ $build != right ] || told foreign --module-btf /tests/removal-btf/gtp5g.ko
	ip link del upfgtp
	wait_for 60 rmmod gtp5g
done
