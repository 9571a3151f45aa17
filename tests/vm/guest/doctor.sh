#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide doctor at the module that is the UPF ($UPF of /tests/conf): before it is loaded, with the lab up,
# with the UPF's namespace broken, without rights, with the UPF ended and its device left. Its JSON is in /out/NAME.json, its exit status in /out/NAME.exit;
# the text of the whole lab is in /out/fine.
. "$TESTS/lib.sh"
. "$TESTS/conf"

# doctor NAME COMMAND...
doctor() {
	local name=$1 status=0
	shift
	"$@" "$TEIDE" doctor -o json >"/out/$name.json" || status=$?
	echo $status >"/out/$name.exit"
}
upf() { ip netns exec teide-upf "$@"; }

[ -e /tests/gtp5g.ko ] || rmmod gtp
doctor without env
if [ -e /tests/gtp5g.ko ]; then insmod /tests/gtp5g.ko; else modprobe gtp; fi
snapshot_before
"$TEIDE" lab up --upf "$UPF"
"$TEIDE" lab traffic --count 20 --family 4
doctor fine env
check_exit "doctor in text" 0 "$TEIDE" doctor
tee /out/fine <"$TMP/out"

# Functions that can be hooked, by programs that do not load.
btf_of_another_kernel "$TMP/btf"
mount --bind "$TMP/btf" /sys/kernel/btf/vmlinux
doctor unloadable env XDG_RUNTIME_DIR="$TMP"
umount /sys/kernel/btf/vmlinux

device=$(upf ip -o link show type "$UPF" | sed 's/^[0-9]*: \([^:@]*\).*/\1/')
echo "$device" >/out/device
upf sysctl -w net.ipv4.ip_forward=0
upf sysctl -w net.ipv4.conf.all.rp_filter=1
upf ip route show dev "$device" | cut -d ' ' -f 1 >"$TMP/routes"
while read -r route; do upf ip route del "$route" dev "$device"; done <"$TMP/routes"
upf ip link set "$device" mtu 1500
doctor broken env
doctor nobody setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all
pid=$("$TEIDE" lab status -o json | grep -o '"upf":{[^}]*' | grep -o '"pid":[0-9]*' | cut -d : -f 2)
kill -KILL "$pid"
wait_for 60 gone "$pid"
doctor ended env
"$TEIDE" lab down
assert_nothing_left
# No hook that was tried stays, or the module could not go.
wait_for 60 rmmod "$UPF"
