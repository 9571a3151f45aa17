#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No root, no BTF, no module, no such interface: said in one line, and no traffic harmed.
. "${TESTS:?run me through ./test}/vm/vm.sh"

for kernel in $(kernels 6.1); do
	vm_boot "$kernel" refuse.sh --with setpriv
done
