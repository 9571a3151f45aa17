#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# timeout: 3600
# gtp5g as the lab's UPF and the gtpu probe at it: $GTP5G_KO is a gtp5g.ko, 0.8.5 to 0.10.2, built for one
# of the kernels here. Without BTF, as such builds mostly are, kprobes are what there is.
. "${TESTS:?run me through ./test}/vm/vm.sh"

[ -n "${GTP5G_KO:-}" ] || skip "GTP5G_KO names no gtp5g.ko"
need modinfo cc
kernel=$(modinfo -F vermagic "$GTP5G_KO" | cut -d . -f 1,2)
version=$(modinfo -F version "$GTP5G_KO")
methods=kprobe
! readelf -S "$GTP5G_KO" | grep -q ' \.BTF ' || methods="fentry kprobe"
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth tun"

# since VERSION: it is this one or an earlier one.
since() { printf '%s\n%s\n' "$1" "$version" | sort -CV; }

note "gtp5g $version"
echo "UPF=gtp5g BYTES=10000000 METHODS='$methods'" >"$TMP/conf"
vm_boot "$kernel" lab_gtp.sh --with "$TMP/conf:/tests/conf" --with "$GTP5G_KO:/tests/gtp5g.ko"
VM_MODULES="$VM_MODULES sch_ingress cls_bpf act_bpf" vm_boot "$kernel" lab_core.sh --with "$TMP/conf:/tests/conf" \
	--with "$GTP5G_KO:/tests/gtp5g.ko"
python3 "$TESTS/vm/lab_core_judge.py" gtp5g "$TMP/$kernel"
vm_boot "$kernel" gtpu.sh --with "$TMP/conf:/tests/conf" --with "$GTP5G_KO:/tests/gtp5g.ko"
for method in $methods; do
	judge gtpu "$TMP/$kernel" "$method"
done
judge text "$TMP/$kernel"

framed='' backlog='' qer='' deadly=''
# In 0.10.0 a PDR without a framed route matches nothing.
! since 0.10.1 || framed=framed
# 0.9.9 and 0.9.10 free a packet that the backlog refused twice, ...
! since 0.9.11 && since 0.9.9 || backlog=yes
# ... 0.9.2 to 0.9.4 one that a FAR drops downlink.
! since 0.9.2 || since 0.9.5 || deadly="far_drop metered metered_downlink quota_zero start start_n9"
# Before 0.10.1 a request that replaces a QER returns with the kernel's locks held, rtnl's and RCU's.
! since 0.10.1 || qer=qer
cc -o "$TMP/send" "$TESTS/vm/standin/send.c"
echo "METHODS='$methods' FRAMED='$framed' BACKLOG='$backlog' QER='$qer' DEADLY='$deadly'" >"$TMP/conf"
vm_boot "$kernel" gtp5g_outcomes.sh --timeout 1800 --with "$TMP/conf:/tests/conf" --with "$GTP5G_KO:/tests/gtp5g.ko" \
	--with "$TMP/send" --with "${BUILD:?}/tests/vm/gtp5g_scene"
for method in $methods; do
	python3 "$TESTS/vm/gtp5g_judge.py" "$TMP/$kernel" "$method" "$version"
done
