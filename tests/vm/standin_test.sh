#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The gtpu probe at gtp5g's functions, by a module of the same names that does with each packet what
# its script says: without BTF by kprobes, with BTF by fentry and by kprobes. Once each as an old one, which
# does not tell what the backlog refused.
. "${TESTS:?run me through ./test}/vm/vm.sh"
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth"

need cc make pahole
cc -o "$TMP/send" "$TESTS/vm/standin/send.c"

for kernel in $(kernels 6.1 6.12 6.12-rt); do
	runs="plain-kprobe btf-fentry btf-kprobe"
	old=plain
	case $kernel in
	6.1) runs="$runs old-kprobe" ;;
	6.12) runs="$runs old-fentry" old=btf ;;
	6.12-rt) runs=btf-fentry ;;
	esac
	echo "RUNS='$runs'" >"$TMP/conf"
	vm_build standin "$kernel" "$TMP/ko-$kernel"
	set --
	case $runs in
	*old*)
		vm_build standin "$kernel" "$TMP/ko-old-$kernel" 0.9.10
		set -- --with "$TMP/ko-old-$kernel/${old#plain}/gtp5g.ko:/tests/old/gtp5g.ko"
		;;
	esac
	set -- "$@" --with "$TESTS/vm/guest/standin_scene.sh:/tests/standin_scene.sh" --with "$TMP/send" \
		--with "$TMP/ko-$kernel/gtp5g.ko:/tests/plain/gtp5g.ko" \
		--with "$TMP/ko-$kernel/btf/gtp5g.ko:/tests/btf/gtp5g.ko"
	vm_boot "$kernel" standin.sh --with "$TMP/conf:/tests/conf" "$@"
	for run in $runs; do
		python3 "$TESTS/vm/standin_judge.py" "$TMP/$kernel" $run
	done
	[ "$kernel" = 6.12 ] || continue
	vm_boot "$kernel" standin_views.sh "$@"
	python3 "$TESTS/vm/standin_views_judge.py" "$TMP/$kernel"
done
