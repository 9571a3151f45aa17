#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide lab: traffic through it, and that nothing of it stays, however it ended.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip ping jq
[ -e /dev/net/tun ] || skip "no /dev/net/tun"

LAB=lt$$
lab() { local verb=$1; shift; "$TEIDE" lab "$verb" --name "$LAB" "$@"; }
state=/run/teide/lab/$LAB/state.json
at_exit lab down
snapshot_before

# The lab's own, and the one on /run/netns itself.
mounts() { awk -v lab="/run/netns/$LAB" '$5 == "/run/netns" || index($5, lab) == 1 { print $5 }' /proc/self/mountinfo; }
mounts_before=$(mounts)
assert_clean() {
	assert_nothing_left
	check_eq "mounts" "$(mounts)" "$mounts_before"
}

note "up, seen from outside"
lab up --ues 2 --gnbs 2 --flows 3 --upf user
lab status -o json >"$TMP/status"
check_eq "UEs" "$(jq -r '[.ues[] | "\(.index) \(.netns) \(.address) \(.gnb)"] | join(",")' "$TMP/status")" \
	"1 $LAB-ue1 10.60.0.1 1,2 $LAB-ue2 10.60.0.2 2"
check_eq "TEIDs" "$(jq -c '[.ues[] | .teid_uplink, .teid_downlink]' "$TMP/status")" \
	"[65537,131073,65538,131074]"
check_eq "all alive" "$(jq '[.ues[], .gnbs[], .upf, .dn | .alive] | all' "$TMP/status")" true
check_eq "UPF's interfaces" "$(jq -c .upf.interfaces "$TMP/status")" '["n3","n3-2","n6","upfgtp"]'
check_eq "QFIs" "$(jq -c '[.flows[].qfi]' "$TMP/status")" "[9,1,2]"
for role in ues:nr-ue gnbs:nr-gnb; do
	for pid in $(jq ".${role%:*}[].pid" "$TMP/status"); do
		check_eq "name of $pid" "$(cat "/proc/$pid/comm")" "${role#*:}"
		check_match "arguments of $pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "^${role#*:} lab node"
		check_ge "threads of $pid" "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" 3
	done
done
check_match "status as text" "$(lab status)" "nr-gnb +2 +$LAB-gnb2 +pid [0-9]+ +alive"

note "ping, both families; a UE does not reach what is not there"
for ue in 1 2; do
	for to in 10.70.0.2 fd00:70::2; do
		ip netns exec "$LAB-ue$ue" ping -c 3 -i 0.2 -W 5 "$to" >"$TMP/ping"
		check_match "ping of $to from UE $ue" "$(cat "$TMP/ping")" "3 received"
	done
	# A full-size packet goes in one piece.
	ip netns exec "$LAB-ue$ue" ping -c 1 -W 5 -M "do" -s 1372 10.70.0.2 >/dev/null
done
check_exit "ping of nobody" 1 ip netns exec "$LAB-ue1" ping -c 1 -W 1 10.60.0.77
ip netns exec "$LAB-dn" ping -c 1 -W 5 10.60.0.2 >/dev/null

note "TCP download, byte by byte"
download() {
	ip netns exec "$LAB-ue1" bash -c 'exec 3<>"/dev/tcp/$1/5001"; echo "$2" >&3; cat <&3' - "$1" "$2"
}
pattern() { awk -v n="$1" 'BEGIN { for (i = 0; i < 251; i++) a = a sprintf("%02x", i); while (n > 0) { printf "%s", substr(a, 1, n > 251 ? 502 : 2 * n); n -= 251 } }'; }
bytes=3000017
for to in 10.70.0.2 fd00:70::2; do
	download "$to" "$bytes" >"$TMP/got"
	check_eq "size from $to" "$(stat -c %s "$TMP/got")" "$bytes"
	cmp <(od -An -v -tx1 "$TMP/got" | tr -d ' \n') <(pattern "$bytes") || fail "content from $to"
done
lab traffic --downloads 1 --download 1M >"$TMP/traffic"
lab traffic --count 50 >"$TMP/traffic"

note "a second up is refused and harms nothing"
check_exit "second up" 1 lab up
check_match "what it says" "$(cat "$TMP/err")" "is up; teide lab down --name $LAB"
ip netns exec "$LAB-ue1" ping -c 1 -W 5 10.70.0.2 >/dev/null

note "a second lab beside it"
"$TEIDE" lab up --name "$LAB-b" --upf user >/dev/null
at_exit "$TEIDE" lab down --name "$LAB-b"
ip netns exec "$LAB-b-ue1" ping -c 1 -W 5 10.70.0.2 >/dev/null
"$TEIDE" lab down --name "$LAB-b" >/dev/null
ip netns exec "$LAB-ue2" ping -c 1 -W 5 10.70.0.2 >/dev/null

note "down ends a node that is stopped, a dead one's remains, and a stranger in its namespaces"
lab status -o json >"$TMP/status"
kill -KILL "$(jq .gnbs[0].pid "$TMP/status")"
freeze "$(jq .ues[0].pid "$TMP/status")"
ip netns exec "$LAB-dn" sleep 1000 &
stranger=$!
wait_for 10 sh -c "[ \$(readlink /proc/$stranger/ns/net) != \$(readlink /proc/self/ns/net) ]"
dead() { [ "$(lab status -o json | jq .gnbs[0].alive)" = false ]; }
wait_for 10 dead
lab down
check_exit "the stranger's end" 143 wait "$stranger"
assert_clean
check_eq "down again" "$(lab down)" "the lab '$LAB' was not up"
check_exit "status of nothing" 1 lab status
check_match "what it says" "$(cat "$TMP/err")" "teide lab up"

note "a state of before the last boot: its process ids are nobody's"
lab up --ues 1 --upf user >/dev/null
sed -i 's/"boot_id":"[^"]*"/"boot_id":"00000000-0000-0000-0000-000000000000"/' "$state"
check_eq "processes" "$(lab status -o json | jq -c '[.up, .upf.pid, .upf.alive]')" "[false,null,null]"
check_exit "up" 1 lab up
lab down >/dev/null
assert_clean

# killed WHAT CONDITION...: up is killed as soon as the condition holds, before it had finished.
killed() {
	local what=$1 attempt up
	shift
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		"$TEIDE" lab up --name "$LAB" --ues 120 --gnbs 20 --upf user >/dev/null 2>&1 &
		up=$!
		until "$@" || ! kill -0 "$up" 2>/dev/null; do :; done
		kill -KILL "$up" 2>/dev/null || true
		wait "$up" 2>/dev/null || true
		if "$@" && ! grep -qs '"up":true' "$state"; then
			check_exit "up after a killed one" 1 lab up
			check_match "what it says" "$(cat "$TMP/err")" "half made; teide lab down"
			lab down >/dev/null
			assert_clean
			return
		fi
		lab down >/dev/null
	done
	fail "could not kill up in time: $what"
}
note "up killed in the middle"
killed "with its state written" test -e "$state"
killed "with a first namespace" test -e "/run/netns/$LAB-dn"
killed "with half of the namespaces" test -e "/run/netns/$LAB-ue60"
killed "with all namespaces" test -e "/run/netns/$LAB-ue120"
killed "with the first process known" grep -qs '"pid"' "$state"
killed "with gNBs running" test -e "${state%/*}/gnb20.log"
killed "with UEs running" test -e "${state%/*}/ue60.log"

note "up interrupted undoes what it did"
for attempt in 1 2 3 4 5 6 7 8 9 10 last; do
	"$TEIDE" lab up --name "$LAB" --ues 120 --gnbs 20 --upf user >/dev/null 2>"$TMP/err" &
	up=$!
	until [ -e "/run/netns/$LAB-ue10" ] || ! kill -0 "$up" 2>/dev/null; do :; done
	kill -TERM "$up" 2>/dev/null || true
	wait "$up" && lab down >/dev/null || break
	[ "$attempt" != last ] || fail "could not interrupt up in time"
done
check_match "what it says" "$(cat "$TMP/err")" "interrupted"
assert_clean

note "a node that fails to start: up says why and undoes"
check_exit "up without a TUN device" 1 unshare --mount sh -c \
	'mount --bind /dev/null /dev/net/tun && exec "$@"' - "$TEIDE" lab up --name "$LAB" --upf user
check_match "what it says" "$(cat "$TMP/err")" "upf 1 \($LAB-upf\).*TUN device upfgtp"
assert_clean

note "a namespace of somebody else is left alone"
ip netns add "$LAB-ue1"
check_exit "up over it" 1 lab up --upf user
check_match "what it says" "$(cat "$TMP/err")" "'$LAB-ue1' exists"
ip netns exec "$LAB-ue1" true
ip netns del "$LAB-ue1"
assert_clean

note "the mount on /run/netns goes with the last lab, where a lab made it"
# shellcheck disable=SC2016 # for the inner shell
unshare --mount --propagation private bash -ec '
	mount -t tmpfs tmpfs /run
	before=$(wc -l </proc/self/mountinfo)
	"$1" lab up --name "$2" --upf user
	"$1" lab up --name "$2-b" --upf user
	"$1" lab down --name "$2"
	ip netns exec "$2-b-ue1" ping -c 1 -W 5 10.70.0.2
	"$1" lab down --name "$2-b"
	[ "$(wc -l </proc/self/mountinfo)" = "$before" ]
	[ -z "$(find /run -mindepth 1 ! -name netns)" ]
' - "$TEIDE" "$LAB" >"$TMP/inner.log" 2>&1 || fail "a lab on a bare /run"

note "bad input"
check_exit "unknown UPF" 2 lab up --upf cisco
check_match "what it says" "$(cat "$TMP/err")" "user, gtp, gtp5g or auto"
check_exit "no UE" 2 lab up --ues 0
check_exit "too many UEs" 2 lab up --ues 201
check_match "what it says" "$(cat "$TMP/err")" "--ues: .* at most 200, not '201'"
check_exit "no number" 2 lab up --gnbs x
check_exit "bad name" 2 "$TEIDE" lab up --name ../etc
check_exit "unknown verb" 2 "$TEIDE" lab sideways
if [ ! -e /sys/module/gtp5g ]; then
	check_exit "no gtp5g" 3 lab up --upf gtp5g
	check_match "what it says" "$(cat "$TMP/err")" "no module gtp5g .*--upf user"
fi
if [ ! -e /sys/module/gtp ] && ! modprobe -n gtp 2>/dev/null; then
	check_exit "no gtp" 3 lab up --upf gtp
	check_match "what it says" "$(cat "$TMP/err")" "no module gtp .*--upf user"
fi
check_exit "traffic in no lab" 1 lab traffic
check_exit "unknown option" 2 lab traffic --volume 11
if setpriv --reuid=65534 --regid=65534 --clear-groups "$TEIDE" version >/dev/null 2>&1; then
	check_exit "no root" 1 setpriv --reuid=65534 --regid=65534 --clear-groups "$TEIDE" lab up
	check_match "what it says" "$(cat "$TMP/err")" "sudo"
fi
assert_clean
