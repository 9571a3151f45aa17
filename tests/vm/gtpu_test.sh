#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The gtpu probe at the kernel's gtp module, by fentry where the module has BTF and by kprobes.
. "${TESTS:?run me through ./test}/vm/vm.sh"

for kernel in $(kernels 5.10 6.1 6.12 7.2); do
	methods="fentry kprobe"
	[ $kernel != 5.10 ] || methods=kprobe
	printf '%s\n' "UPF=gtp METHODS='$methods'" >"$TMP/conf"
	vm_boot "$kernel" gtpu.sh --with "$TMP/conf:/tests/conf"
	for method in $methods; do
		judge gtpu "$TMP/$kernel" "$method"
	done
	judge text "$TMP/$kernel"
done
