#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The lab with a kernel module as UPF ($UPF of /tests/conf): ping, a TCP download of $BYTES through the
# tunnel, and down, also after a kill -9, leaves nothing.
. "$TESTS/lib.sh"
. "$TESTS/conf"

DN=10.70.0.2

[ ! -e /tests/gtp5g.ko ] || insmod /tests/gtp5g.ko
snapshot_before
"$TEIDE" lab up --upf "$UPF"
"$TEIDE" lab status -o json >/out/status.json
check_ge "devices of $UPF" "$(ip netns exec teide-upf ip -o link show type "$UPF" | wc -l)" 1
ip netns exec teide-ue1 ping -c 5 -i 0.2 $DN
"$TEIDE" lab traffic --downloads 1 --download 1M
start=$(cut -d ' ' -f 1 /proc/uptime)
got=$(printf '%s\n' "$BYTES" | ip netns exec teide-ue1 timeout 1200 /bin/nc $DN 5001 | wc -c)
end=$(cut -d ' ' -f 1 /proc/uptime)
note "$got bytes in $(awk "BEGIN { print $end - $start }") s"
check_eq "bytes downloaded" "$got" "$BYTES"
"$TEIDE" lab down
assert_nothing_left

# Killed while it is up: every other process of it.
"$TEIDE" lab up --upf "$UPF"
"$TEIDE" lab status -o json | grep -o '"pid":[0-9]*' | cut -d : -f 2 >"$TMP/pids"
check_ge "processes of the lab" "$(wc -l <"$TMP/pids")" 4
while read -r pid && kill -KILL "$pid"; do read -r pid || break; done <"$TMP/pids"
"$TEIDE" lab down
assert_nothing_left

# Killed while it comes up.
for namespace in teide-dn teide-gnb1 teide-ue1; do
	"$TEIDE" lab up --upf "$UPF" >"$TMP/up.log" 2>&1 &
	up=$!
	wait_for 60 test -e /run/netns/$namespace
	kill -KILL $up
	wait $up || true
	"$TEIDE" lab down
	assert_nothing_left
done
