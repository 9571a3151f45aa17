#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Hostile packets at full rate at the gtpu probe, both ways, beside a session whose few packets are
# known: only counters move, and they are right to the packet.
. "${TESTS:?run me through ./test}/vm/sender.sh"

# HOSTILE=1: ten times as many
flood=30000
[ -z "${HOSTILE:-}" ] || export flood=300000 SENDER_TIMEOUT=3000
known=2000
seed=1
for kernel in $(kernels 6.1 6.12); do
	sender_build "$kernel"
	runs="gtp:fentry gtp:kprobe standin-btf:fentry standin:kprobe$(sender_gtp5g_runs "$kernel")"
	echo "FLOOD=$flood KNOWN=$known SEED=$seed RUNS='$runs'" >"$TMP/conf"
	sender_boot "$kernel" hostile.sh
	for run in $runs; do
		python3 "$TESTS/vm/hostile_judge.py" "$TMP/$kernel" "${run%:*}" "${run#*:}" $flood $known
	done
done
