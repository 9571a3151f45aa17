#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The lab with the kernel's gtp module as UPF: on 5.10 it hands its sockets over, from 6.10 on the
# module carries IPv6. The same as free5GC makes it.
. "${TESTS:?run me through ./test}/vm/vm.sh"

# 10 MB, with LONG 100 MB: those take 40 to 110 s of emulation.
echo "UPF=gtp BYTES=1${LONG:+0}0000000" >"$TMP/conf"
for kernel in $(kernels 5.10 6.1 6.12 7.2); do
	vm_boot "$kernel" lab_gtp.sh --with "$TMP/conf:/tests/conf"
	[ "$kernel" = 6.12 ] || continue
	vm_boot "$kernel" lab_core.sh --with "$TMP/conf:/tests/conf"
	python3 "$TESTS/vm/lab_core_judge.py" gtp "$TMP/$kernel"
done
