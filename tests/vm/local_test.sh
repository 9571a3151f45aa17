#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# timeout: 3600
# Strategies by the kernel's own scheduler where it takes no slices (6.1), and where it does (7.2).
. "${TESTS:?run me through ./test}/vm/vm.sh"
need ps chrt

# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="veth tun udp_diag"
for kernel in $(kernels 6.1 7.2); do
	vm_boot "$kernel" local.sh --with ps --with chrt
	case $kernel in
	7.2) check_eq "seen on $kernel" "$(cat "$TMP/$kernel/seen")" slices ;;
	*) check_eq "seen on $kernel" "$(cat "$TMP/$kernel/seen")" "" ;;
	esac
done
