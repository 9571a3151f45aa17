#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# timeout: 1800
# teide why, with each fault made on purpose: the stage where packets stop, the reason, and exact counts.
# $GTP5G_KO adds gtp5g on the kernel that it was built for.
. "${TESTS:?run me through ./test}/vm/vm.sh"

# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="gtp veth tun sch_ingress cls_bpf act_bpf"
echo "UPF=gtp" >"$TMP/conf"
for kernel in $(kernels 5.10 6.1 6.12 7.2); do
	vm_boot "$kernel" why.sh --with "$TMP/conf:/tests/conf" --with "${BUILD:?}/tests/vm/why_pdp"
	python3 "$TESTS/vm/why_judge.py" gtp "$TMP/$kernel"
done

[ -n "${GTP5G_KO:-}" ] || { note "GTP5G_KO names no gtp5g.ko: gtp alone"; exit 0; }
need modinfo
kernel=$(modinfo -F vermagic "$GTP5G_KO" | cut -d . -f 1,2)
# shellcheck disable=SC2034
VM_MODULES="udp_tunnel veth tun sch_ingress cls_bpf act_bpf"
faults="none wrong_teid wrong_ue far_drop gate_closed buffered no_ran_address no_route"
echo "UPF=gtp5g FAULTS='$faults no_outer_header_removal no_session'" >"$TMP/conf"
vm_boot "$kernel" why.sh --with "$TMP/conf:/tests/conf" --with "$GTP5G_KO:/tests/gtp5g.ko" \
	--with "${BUILD:?}/tests/vm/why_rules"
python3 "$TESTS/vm/why_judge.py" gtp5g "$TMP/$kernel"
