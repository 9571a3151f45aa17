#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The lab with the kernel's gtp module as UPF: on 5.10 it hands its sockets over, from 6.10 on the
# module carries IPv6.
. "${TESTS:?run me through ./test}/vm/vm.sh"

for kernel in $(kernels 5.10 6.1 6.12 7.2); do
	# 100 MB take 17 to 35 s of emulation; twice is enough.
	bytes=10000000
	case $kernel in 6.*) bytes=100000000 ;; esac
	echo "UPF=gtp BYTES=$bytes" >"$TMP/conf"
	vm_boot "$kernel" lab_gtp.sh --with "$TMP/conf:/tests/conf"
done
