#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What teide cannot do on a node: one line that names the thing and the way out, an exit status that
# is not 0, nothing left behind, and the lab's traffic goes on.
. "$TESTS/lib.sh"

# refuse WHAT STATUS REGEX COMMAND...
refuse() {
	local what=$1 status=$2 regex=$3
	shift 3
	check_exit "$what" "$status" "$@"
	cat "$TMP/err"
	check_eq "lines about $what" "$(wc -l <"$TMP/err")" 1
	check_eq "output about $what" "$(cat "$TMP/out")" ""
	check_match "what is said about $what" "$(cat "$TMP/err")" "$regex"
}
nobody="setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all"

"$TEIDE" lab up --upf gtp
spawn ping ip netns exec teide-ue1 ping -i 0.1 -q 10.70.0.2
pings=$PID
snapshot_before

refuse "a missing interface" 1 "'nosuch0'.*there are: " "$TEIDE" flows -i nosuch0 --once
refuse "a missing namespace" 1 "'nosuch'.*/run/netns" "$TEIDE" flows -i nosuch/n3 --once
refuse "flows without root" 1 "root" $nobody "$TEIDE" flows -i lo --once
refuse "trace without root" 1 "root" $nobody "$TEIDE" trace --probe gtpu --duration 1
refuse "lab up without root" 1 "root" $nobody "$TEIDE" lab up --name other
refuse "lab down without root" 1 "root" $nobody "$TEIDE" lab down

# As a kernel without CONFIG_DEBUG_INFO_BTF looks from user space.
mount -t tmpfs none /sys/kernel/btf
refuse "flows without BTF" 3 "no BTF .*CONFIG_DEBUG_INFO_BTF" "$TEIDE" flows -i teide-upf/n3 --once
refuse "trace without BTF" 3 "no BTF .*CONFIG_DEBUG_INFO_BTF" "$TEIDE" trace --probe gtpu --duration 1
umount /sys/kernel/btf

# As one that has nothing of what the programs read: the verifier's words are in a file.
btf_of_another_kernel "$TMP/btf"
mount --bind "$TMP/btf" /sys/kernel/btf/vmlinux
export XDG_RUNTIME_DIR=$TMP
refuse "flows that do not load" 3 "flow_packet: this kernel has no struct .*; the full log: $TMP/teide-flow_packet.log\$" \
	"$TEIDE" flows -i teide-upf/n3 --once
refuse "trace that does not load" 3 "kprobe_gtp.*: this kernel has no struct .*; the full log: $TMP/teide-kprobe_gtp" \
	"$TEIDE" trace --probe gtpu --duration 1
"$TEIDE" why >"$TMP/why" 2>&1 || true
check_eq "lines of libbpf and the verifier in why" "$(grep -cE 'libbpf|LOAD LOG|^[0-9]+: \(|^processed ' "$TMP/why" || true)" 0
unset XDG_RUNTIME_DIR
umount /sys/kernel/btf/vmlinux

# A right that is missing is not the kernel's fault.
refuse "trace without CAP_PERFMON" 1 "root" setpriv --bounding-set -perfmon,-sys_admin \
	--inh-caps -perfmon,-sys_admin "$TEIDE" trace --probe gtpu --duration 1

assert_nothing_left
stop "$pings" INT
check_match "pings meanwhile" "$(cat "$TMP/ping.log")" ' 0% packet loss'
"$TEIDE" lab down

rmmod gtp
refuse "trace without a module" 3 "modprobe gtp" "$TEIDE" trace --probe gtpu --duration 1
# No folder of modules: the kernel cannot load one by itself.
mv /lib/modules /lib/elsewhere
at_exit mv /lib/elsewhere /lib/modules
refuse "a UPF without its module" 3 "gtp.*--upf user" "$TEIDE" lab up --upf gtp
refuse "a UPF without gtp5g" 3 "gtp5g.*--upf user" "$TEIDE" lab up --upf gtp5g
