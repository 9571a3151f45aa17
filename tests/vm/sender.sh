# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# For the tests that load sender/ in a guest.
. "${TESTS:?run me through ./test}/vm/vm.sh"
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth"
need cc make pahole

# sender_build KERNEL: the sender and the stand-in.
sender_build() {
	vm_build sender "$1" "$TMP/sender-$1"
	vm_build standin "$1" "$TMP/standin-$1"
}

# sender_gtp5g_runs KERNEL: " gtp5g:METHOD..." where GTP5G_KO is for that kernel.
sender_gtp5g_runs() {
	[ -n "${GTP5G_KO:-}" ] || return 0
	[ "$(modinfo -F vermagic "$GTP5G_KO" | cut -d . -f 1,2)" = "$1" ] || return 0
	! readelf -S "$GTP5G_KO" | grep -q ' \.BTF ' || printf ' gtp5g:fentry'
	printf ' gtp5g:kprobe'
}

# sender_boot KERNEL SCRIPT [OPTION of run...]: with $TMP/conf as /tests/conf.
sender_boot() {
	local more=("${@:3}")
	[ -z "$(sender_gtp5g_runs "$1")" ] || more+=(--with "$GTP5G_KO:/tests/gtp5g.ko")
	vm_boot "$1" "$2" --timeout "${SENDER_TIMEOUT:-900}" --modules gtp --with "$TMP/conf:/tests/conf" \
		--with "$TESTS/vm/guest/sender.sh:/tests/sender.sh" --with "$TESTS/vm/guest/order.sh" \
		--with "$TMP/sender-$1/sender.ko:/tests/sender.ko" \
		--with "$TMP/standin-$1/gtp5g.ko:/tests/standin/gtp5g.ko" \
		--with "$TMP/standin-$1/btf/gtp5g.ko:/tests/standin-btf/gtp5g.ko" \
		--with "$BUILD/tests/vm/sender_scene" "${more[@]}"
}
