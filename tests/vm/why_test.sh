#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# timeout: 3600
# teide why, with each fault made on purpose: the stage where packets stop, the reason, and exact counts.
# $GTP5G_KO adds gtp5g on the kernel that it was built for.
. "${TESTS:?run me through ./test}/vm/vm.sh"

# ask UPF KERNEL NAME...: the faults of these names, none: all. Each takes about 15 s there.
ask() {
	local upf=$1 kernel=$2
	shift 2
	echo "UPF=$upf ONLY='$*'" >"$TMP/conf"
	vm_boot "$kernel" why.sh --timeout 1500 --with "$TMP/conf:/tests/conf" \
		--with "${BUILD:?}/tests/vm/why_pdp" --with "$BUILD/tests/vm/why_rules" \
		${GTP5G_AT:+--with "$GTP5G_AT"}
	python3 "$TESTS/vm/why_judge.py" "$upf" "$TMP/$kernel" "$@"
}

for kernel in $(kernels 6.12); do
	ask gtp "$kernel"
done
for kernel in $(kernels 5.10 6.1 7.2); do
	ask gtp "$kernel" fine no_ue_route no_session
done

[ -n "${GTP5G_KO:-}" ] || { note "GTP5G_KO names no gtp5g.ko: gtp alone"; exit 0; }
need modinfo
kernel=$(modinfo -F vermagic "$GTP5G_KO" | cut -d . -f 1,2)
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth tun sch_ingress cls_bpf act_bpf"
GTP5G_AT="$GTP5G_KO:/tests/gtp5g.ko"
ask gtp5g "$kernel" fine by_uplink_teid by_downlink_teid nobody ip_forward no_ue_route n6_silent \
	gtp5g_{none,wrong_teid,wrong_ue,far_drop,gate_closed,buffered,no_ran_address,no_route} \
	gtp5g_{no_outer_header_removal,quota,no_session}
