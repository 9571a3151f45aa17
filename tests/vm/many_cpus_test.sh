#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A virtual machine that has 2 CPUs and could get 128, with 1 GiB of memory, as hypervisors make them: teide's memory in
# the kernel is bounded with its defaults, and every packet is counted. 6.1: later kernels do not believe QEMU's
# software emulation that there could be more CPUs.
. "${TESTS:?run me through ./test}/vm/vm.sh"

# With interfaces by pattern teide run has ledgers for 256 of them, and those are for every CPU that could come.
LIMIT_KIB=(flows 65536 run 98304)

for kernel in $(kernels 6.1); do
	vm_boot "$kernel" many_cpus.sh --cpus 2,maxcpus=128 --memory 1024
	check_eq "CPUs that $kernel could get" "$(cat "$TMP/$kernel/possible")" 0-127
	for i in 0 2; do
		verb=${LIMIT_KIB[i]} limit=${LIMIT_KIB[i + 1]} used=$(cat "$TMP/$kernel/${LIMIT_KIB[i]}.kib")
		note "$verb: $used KiB"
		[ "$used" -le "$limit" ] || fail "teide $verb takes $used KiB in the kernel, $limit are the limit"
	done
done
