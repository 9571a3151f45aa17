#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The flow probe's programs load, attach and count on every kernel: clsact on 5.10 and 6.1, tcx on
# 6.12 and 7.2; every kind of packet is under its head, between foreign programs that are replaced and count
# each packet too. The runq probe counts what the scheduler itself does.
. "${TESTS:?run me through ./test}/vm/vm.sh"

status=0
/usr/bin/python3 "$TESTS/bpf/flow_cases.py" "$TMP" >"$TMP/why" || status=$?
[ $status = 0 ] || fail "making packets: $(cat "$TMP/why")"
packets() { /usr/bin/python3 "$TESTS/netns/flow_packets.py" "$@"; }
packets heads "$TMP/cases.txt" | awk '{ print $1, 2 * $2 }' >"$TMP/heads"
N=$((2 * $(wc -l <"$TMP/cases.txt")))

for kernel in $(kernels 5.10 6.1 6.12 7.2); do
	vm_boot "$kernel" flow.sh --with "$TMP/cases.txt" --with "${BUILD:?}/tests/vm/cases_sender" \
		--with "$BUILD/tests/netns/tc_foreign"
	where=$(sed -n 's/.*"where":"\(ingress [^"]*\)".*/\1/p' "$TMP/$kernel/cases.json" | head -n 1)
	packets ledger_heads "$TMP/$kernel/cases.json" "$where" >"$TMP/got"
	diff -u "$TMP/heads" "$TMP/got" || fail "heads of every kind of packet on $kernel"
	for name in before behind; do
		check_eq "the program $name" "$(cat "$TMP/$kernel/foreign_$name")" "$N"
	done
	judge flows "$TMP/$kernel"
	judge runq "$TMP/$kernel"
	case $kernel in
	5.10 | 6.1) check_match "clsact on $kernel" "$(cat "$TMP/$kernel/attached")" 'clsact.*teide' ;;
	*) check_eq "qdiscs where tcx is" "$(cat "$TMP/$kernel/attached")" "" ;;
	esac
done
