#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The flow probe's programs load, attach and count on every kernel: clsact on 5.10 and 6.1, tcx on
# 6.12 and 7.2. The runq probe counts what the scheduler itself does.
. "${TESTS:?run me through ./test}/vm/vm.sh"

for kernel in $(kernels 5.10 6.1 6.12 7.2); do
	vm_boot "$kernel" flow.sh
	judge flows "$TMP/$kernel"
	judge runq "$TMP/$kernel"
	case $kernel in
	5.10 | 6.1) check_match "clsact on $kernel" "$(cat "$TMP/$kernel/attached")" 'clsact.*teide' ;;
	*) check_eq "qdiscs where tcx is" "$(cat "$TMP/$kernel/attached")" "" ;;
	esac
done
