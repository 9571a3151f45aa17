# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# For the tests of this folder: they run outside and judge with python3 what a guest has written.
# VM_KERNELS="6.1 6.12" names the kernels, all of the test's by default.
. "${TESTS:?run me through ./test}/lib.sh"

VM_MODULES="gtp veth tun sch_ingress cls_bpf act_bpf"
VM_BPFTOOL=$("$TESTS/../tools/setup" --bpftool 2>/dev/null || true)

# vm_boot KERNEL SCRIPT [OPTION of run...]: guest/SCRIPT in a machine with lib.sh; its /out is in
# $TMP/KERNEL. Skips or fails the test as the machine did.
vm_boot() {
	local kernel=$1 script=$2 status=0
	shift 2
	[ -n "$VM_BPFTOOL" ] || skip "no bpftool that runs here"
	note "$script on $kernel"
	"$TESTS/vm/run" --kernel "$kernel" --timeout 1200 --modules "$VM_MODULES" --with "$TESTS/lib.sh:/tests/lib.sh" --with timeout \
		--with comm --with "$VM_BPFTOOL:/with/bpftool" --out "$TMP/$kernel" "$@" "$TESTS/vm/guest/$script" \
		2>"$TMP/boot.err" || status=$?
	cat "$TMP/boot.err" >&2
	case $status in
	0) ;;
	77) skip "kernel $kernel: $(tail -n 1 "$TMP/boot.err")" ;;
	*) fail "$script on $kernel: status $status" ;;
	esac
}

# vm_build WHAT KERNEL DIR [ARGUMENT]: by build-WHAT.
vm_build() {
	local what=$1 status=0
	shift
	"$TESTS/vm/build-$what" "$@" 2>"$TMP/build.err" || status=$?
	[ $status = 0 ] || cat "$TMP/build.err" >&2
	[ $status != 77 ] || skip "kernel $1: $(tail -n 1 "$TMP/build.err")"
	[ $status = 0 ] || fail "the module $what for $1 was not built"
}

# kernels DEFAULT...: those of them that are asked for. Each test begins with another, since one machine a kernel runs
# the scripts of all tests.
kernels() {
	local kernel first=$(($(printf %s "$0" | cksum | cut -d ' ' -f 1) % $#))
	for kernel in "${@:first+1}" "${@:1:first}"; do
		case " ${VM_KERNELS:-$kernel} " in *" $kernel "*) echo "$kernel" ;; esac
	done
}

judge() { python3 "$TESTS/vm/judge.py" "$@"; }
