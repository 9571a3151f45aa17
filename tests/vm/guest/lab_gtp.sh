#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The lab with the kernel's gtp module as UPF: ping, a TCP download through the tunnel, and down, also
# after a kill -9, leaves nothing. /tests/download says how many bytes.
. "$TESTS/lib.sh"

bytes=$(cat /tests/download)
DN=10.70.0.2

snapshot_before
"$TEIDE" lab up --upf gtp
"$TEIDE" lab status -o json >/out/status.json
ip netns exec teide-upf ip -d link show type gtp >/out/links
grep -q 'gtp' /out/links || fail "no gtp device in the UPF's namespace"
ip netns exec teide-ue1 ping -c 5 -i 0.2 $DN
start=$(cut -d ' ' -f 1 /proc/uptime)
"$TEIDE" lab traffic --downloads 1 --download 1M
got=$(printf '%s\n' "$bytes" | ip netns exec teide-ue1 timeout 1200 /bin/nc $DN 5001 | wc -c)
end=$(cut -d ' ' -f 1 /proc/uptime)
note "$got bytes in $(awk "BEGIN { print $end - $start }") s"
check_eq "bytes downloaded" "$got" "$bytes"
"$TEIDE" lab down
assert_nothing_left

# Killed while it is up: every other process of it.
"$TEIDE" lab up --upf gtp
"$TEIDE" lab status -o json | grep -o '"pid":[0-9]*' | cut -d : -f 2 >"$TMP/pids"
check_ge "processes of the lab" "$(wc -l <"$TMP/pids")" 4
while read -r pid && kill -KILL "$pid"; do read -r pid || break; done <"$TMP/pids"
"$TEIDE" lab down
assert_nothing_left

# Killed while it comes up.
for namespace in teide-dn teide-gnb1 teide-ue1; do
	"$TEIDE" lab up --upf gtp >"$TMP/up.log" 2>&1 &
	up=$!
	wait_for 60 test -e /run/netns/$namespace
	kill -KILL $up
	wait $up || true
	"$TEIDE" lab down
	assert_nothing_left
done
