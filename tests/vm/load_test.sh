#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The oldest kernel, the newest, and one between them load every BPF program of the build, with direct and with
# probe reads: by kprobe, and by fentry where modules have BTF (not on 5.10). The programs of gtp5g's functions
# load by fentry on 6.12, for which the module that stands in for gtp5g is built.
. "${TESTS:?run me through ./test}/vm/vm.sh"
export VM_MODULES="gtp veth"

need cc make pahole
budgets=()
for budget in "$TESTS"/../probes/*/verifier.budget; do
	probe=${budget%/*}
	budgets+=(--with "$budget:/tests/budgets/${probe##*/}/verifier.budget")
done

# load KERNEL: in a folder of its own, for the machines run at the same time.
load() {
	local kernel=$1 least standin=()
	TMP=$TMP/load-$kernel
	mkdir "$TMP"
	# How many entries and exits load by fentry: of the kernel's own functions; of both modules'; of gtp's.
	case $kernel in
	5.10) least=2 ;;
	6.12)
		least=80
		vm_build standin "$kernel" "$TMP/ko"
		standin=(--with "$TMP/ko/btf/gtp5g.ko:/tests/gtp5g.ko")
		;;
	*) least=14 ;;
	esac
	echo "LEAST=$least" >"$TMP/conf"
	vm_boot "$kernel" load.sh --with "$TMP/conf:/tests/conf" "${budgets[@]}" "${standin[@]}" \
		--with "$BUILD/tests/bpf/verifier_test"
	grep 'fentry and fexit' "$TMP/$kernel/load.tap"
}

pids=()
for kernel in $(kernels 5.10 6.12 7.2); do
	load "$kernel" &
	pids+=("$!")
done
skipped=0
for pid in "${pids[@]}"; do
	status=0
	wait "$pid" || status=$?
	case $status in
	0) ;;
	77) skipped=1 ;;
	*) fail "a kernel did not load all programs: status $status" ;;
	esac
done
[ $skipped = 0 ] || skip "a machine could not be started: $(cat "$TMP"/load-*/*.err | tail -n 1)"
