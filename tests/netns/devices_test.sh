#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Devices of a kind in every network namespace, named or not, and whether they are still there.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
scene=${BUILD:?}/tests/netns/devices_scene

# of NAME DEVICE: its line
of() { echo "$(stat -Lc %i "/run/netns/$(ns "$1")") $(ip -n "$(ns "$1")" -o link show dev "$2" | cut -d : -f 1)"; }
# of_test FILE: its lines of the namespaces that this test made: the machine has others
of_test() { awk -v inodes="$inodes" 'index(" " inodes " ", " " $1 " ") || $0 == "."' "$1"; }
# now FILE: its lines up to the last ".", without the lists before
now() { of_test "$1" | tac | sed '1d; /^\.$/,$d' | sort; }
lists() { [ "$(grep -c '^\.$' "$1")" -ge "$2" ]; }

# One that has no name and lives by its process.
spawn nameless unshare --net sh -c 'ip link set lo up && exec sleep 1000'
nameless=$PID
wait_for 60 sh -c "[ \"\$(readlink /proc/$nameless/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
netns_make a b
veth a one 10.9.1.1/24 b two 10.9.1.2/24
wait_for 60 ip link add three netns "$nameless" type veth peer name four netns "$(ns a)"
nameless_line() { echo "$(stat -Lc %i "/proc/$nameless/ns/net") $(nsenter -t "$nameless" -n ip -o link show dev three | cut -d : -f 1)"; }
one=$(of a one) two=$(of b two) three=$(nameless_line) four=$(of a four)
inodes="${one% *} ${two% *} ${three% *} ${four% *}"

mkfifo "$TMP/in"
"$scene" veth <"$TMP/in" >"$TMP/out" &
pid=$!
exec 8>"$TMP/in"
wait_for 60 lists "$TMP/out" 1
check_eq "devices" "$(now "$TMP/out")" "$(printf '%s\n' "$one" "$two" "$three" "$four" | sort)"
"$scene" gtp5g </dev/null >"$TMP/another"
check_eq "another kind" "$(of_test "$TMP/another")" .

ip -n "$(ns a)" link del one # and two with it
echo >&8
wait_for 60 lists "$TMP/out" 2
check_eq "after one has gone" "$(now "$TMP/out")" \
	"$(printf '%s\n' "$one gone" "$two gone" "$three there" "$four there" | sort)"

# A name goes, and its devices with the namespace; another gets their numbers.
netns_remove a
netns_make c
wait_for 60 sh -c "! nsenter -t $nameless -n ip link show dev three"
echo >&8
wait_for 60 lists "$TMP/out" 3
check_eq "after namespaces have gone" "$(now "$TMP/out")" \
	"$(printf '%s\n' "$one gone" "$two gone" "$three gone" "$four gone" | sort)"
exec 8>&-
wait $pid
stop "$nameless"
