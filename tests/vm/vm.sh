# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# For the tests of this folder, which run outside and judge with python3 what a guest has written.
. "${TESTS:?run me through ./test}/lib.sh"

VM_MODULES="gtp veth tun sch_ingress cls_bpf act_bpf"

# vm_boot KERNEL SCRIPT [OPTION of run...]: guest/SCRIPT in a machine with lib.sh; its /out is in
# $TMP/KERNEL. Skips or fails the test as the machine did.
vm_boot() {
	local kernel=$1 script=$2 status=0
	shift 2
	note "$script on $kernel"
	"$TESTS/vm/run" --kernel "$kernel" --modules "$VM_MODULES" --with "$TESTS/lib.sh:/tests/lib.sh" \
		--with comm --with bpftool --out "$TMP/$kernel" "$@" "$TESTS/vm/guest/$script" || status=$?
	case $status in
	0) ;;
	77) skip "$script on $kernel was not possible (the reason is above)" ;;
	*) fail "$script on $kernel: status $status" ;;
	esac
}

judge() { python3 "$TESTS/vm/judge.py" "$@"; }
