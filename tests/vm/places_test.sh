#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Builds of gtp5g whose structs are not those of their version, without BTF: nothing is told by a place that the module
# itself does not confirm. Builds: right (as the version has it), and with a member more before the SEIDs (seid), before
# the PDR's Outer Header Removal (removal), before the FAR's action (action); foreign: the right one, with the BTF of
# another build as its own.
. "${TESTS:?run me through ./test}/vm/vm.sh"
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth"

need cc make pahole
cc -o "$TMP/send" "$TESTS/vm/standin/send.c"

for kernel in $(kernels 6.1 6.12); do
	set --
	for build in right seid removal action; do
		vm_build standin "$kernel" "$TMP/$build-$kernel" 0.10.2 "${build#right}"
		set -- "$@" --with "$TMP/$build-$kernel/gtp5g.ko:/tests/$build/gtp5g.ko"
	done
	vm_boot "$kernel" places.sh --with "$TESTS/vm/guest/standin_scene.sh:/tests/standin_scene.sh" --with "$TMP/send" \
		--with "$TMP/removal-$kernel/btf/gtp5g.ko:/tests/removal-btf/gtp5g.ko" "$@"
	python3 "$TESTS/vm/places_judge.py" "$TMP/$kernel"
done
