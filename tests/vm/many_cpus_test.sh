#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A virtual machine that has 2 CPUs and could get 128, with 1 GiB of memory, as hypervisors make them: teide's memory in
# the kernel is bounded with its defaults, and every packet is counted. 6.1: later kernels do not believe QEMU's
# software emulation that there could be more CPUs.
. "${TESTS:?run me through ./test}/vm/vm.sh"

LIMIT_KIB=65536

for kernel in $(kernels 6.1); do
	vm_boot "$kernel" many_cpus.sh --cpus 2,maxcpus=128 --memory 1024
	check_eq "CPUs that $kernel could get" "$(cat "$TMP/$kernel/possible")" 0-127
	for verb in flows run; do
		used=$(cat "$TMP/$kernel/$verb.kib")
		note "$verb: $used KiB"
		[ "$used" -le $LIMIT_KIB ] || fail "teide $verb takes $used KiB in the kernel, $LIMIT_KIB are the limit"
	done
done
