#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The gtpu probe detaches from its module when the last device has gone, and counts on when there is one
# again: the gtp module, and the one that stands in for gtp5g, which comes back another one each time. With
# GTP5G_KO, whether wrong places of its rules are found out.
. "${TESTS:?run me through ./test}/vm/vm.sh"

for kernel in $(kernels 5.10 6.1 6.12 7.2); do
	methods="fentry kprobe"
	case $kernel in
	5.10) methods=kprobe ;;
	6.12) methods=fentry ;;
	esac
	echo "METHODS='$methods'" >"$TMP/conf"
	vm_boot "$kernel" release.sh --with "$TMP/conf:/tests/conf"
	for method in $methods; do
		python3 "$TESTS/vm/release_judge.py" gtp "$TMP/$kernel" "$method"
	done
done

need cc make pahole
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth"
cc -o "$TMP/send" "$TESTS/vm/standin/send.c"

for kernel in $(kernels 6.1 6.12); do
	vm_build standin "$kernel" "$TMP/known-$kernel"
	vm_build standin "$kernel" "$TMP/unknown-$kernel" 9.9.9
	objcopy --dump-section .BTF="$TMP/btf" "$TMP/unknown-$kernel/btf/gtp5g.ko" "$TMP/unused"
	vm_boot "$kernel" release_standin.sh --with "$TMP/send" --with "$TMP/btf:/tests/gtp5g.btf" \
		--with "$TMP/known-$kernel/gtp5g.ko:/tests/plain/gtp5g.ko" \
		--with "$TMP/known-$kernel/btf/gtp5g.ko:/tests/btf/gtp5g.ko" \
		--with "$TMP/unknown-$kernel/gtp5g.ko:/tests/unknown/gtp5g.ko" \
		--with "$TMP/unknown-$kernel/btf/gtp5g.ko:/tests/unknown-btf/gtp5g.ko"
	python3 "$TESTS/vm/release_judge.py" standin "$TMP/$kernel"
done

# Places of the rules that are not the module's: $GTP5G_KO is a gtp5g.ko without BTF, of a known version.
[ -n "${GTP5G_KO:-}" ] || { note "GTP5G_KO names no gtp5g.ko: wrong places of rules not tried"; exit 0; }
kernel=$(modinfo -F vermagic "$GTP5G_KO" | cut -d . -f 1,2)
cat >"$TMP/wrong.c" <<'END'
struct far { char before[40]; unsigned int id; unsigned short action; } far;
struct pdr { char before[8]; unsigned long long seid; char between[40]; unsigned short id; char then[30];
	struct far *far; } pdr;
END
cc -g -c -o "$TMP/wrong.o" "$TMP/wrong.c"
pahole -J "$TMP/wrong.o"
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth tun"
vm_boot "$kernel" release_gtp5g.sh --with "$GTP5G_KO:/tests/gtp5g.ko" --with "$TMP/wrong.o:/tests/wrong.o"
python3 "$TESTS/vm/release_judge.py" places "$TMP/$kernel"
