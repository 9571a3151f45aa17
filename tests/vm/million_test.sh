#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# timeout: 3600
# The gtpu probe's counts under load: 100,000 packets each way at full rate, with MILLION=1 a million,
# through the gtp module, the module that stands in for gtp5g and, given GTP5G_KO, gtp5g, by each
# method. None is unaccounted for, as the kernel's own counters have it.
. "${TESTS:?run me through ./test}/vm/sender.sh"

packets=100000
[ -z "${MILLION:-}" ] || export packets=1000000 SENDER_TIMEOUT=3000
for kernel in $(kernels 6.1 6.12); do
	sender_build "$kernel"
	runs="gtp:fentry gtp:kprobe standin-btf:fentry standin:kprobe$(sender_gtp5g_runs "$kernel")"
	echo "PACKETS=$packets SESSIONS=100 RUNS='$runs'" >"$TMP/conf"
	sender_boot "$kernel" million.sh
	for run in $runs; do
		python3 "$TESTS/vm/million_judge.py" "$TMP/$kernel" "${run%:*}" "${run#*:}" $packets
	done
done
