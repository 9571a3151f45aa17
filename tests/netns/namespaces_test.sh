#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Network namespaces as they are found on nodes: without a name, with processes that end, with odd names, gone
# meanwhile or not to be entered; and what lies in /run/netns beside them.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip tc jq ping unshare nsenter setpriv python3
FAIL=${BUILD:?}/tests/netns/fail_call.so

# /proc of a process namespace of its own: there, the network namespaces of this test alone
alone() { unshare --pid --fork --kill-child --mount-proc "$@"; }
said() { grep -q "$2" "$TMP/$1.err"; }
# unnamed NAME: a namespace that two processes are in; their ids in FIRST and SECOND
unnamed() {
	spawn "$1" unshare --net sleep 600
	FIRST=$PID
	wait_for 30 apart_from_here "$FIRST"
	spawn "$1-2" nsenter -t "$FIRST" -n sleep 600
	SECOND=$PID
	wait_for 30 apart_from_here "$SECOND"
}
apart_from_here() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ] && grep -qx sleep "/proc/$1/comm"; }
inside() { nsenter -t "$SECOND" -n "$@"; }
filters() { inside tc filter show dev e0 "$1" | grep -c 'handle.* teide' || true; }
pair() {
	inside ip link add e0 address 02:00:00:00:00:01 type veth peer name e1 address 02:00:00:00:00:02
	inside sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	inside ip addr add 10.9.0.1/24 dev e0
	inside ip link set e0 up
	inside ip link set e1 up
	inside ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev e0 nud permanent
}
sent() { inside ip -j -s link show dev e0 | jq '.[0].stats64.tx.packets'; }
send() { inside ping -q -c "$1" -i 0.01 -W 1 10.9.0.2 >"$TMP/ping" || true; }

test_process_ends() { # WHERE METHOD
	note "the process by which a namespace was named ends; the namespace lives on: $1, $2"
	unnamed "holder"
	pair
	local where=${1/PID/$FIRST} before
	start_split process "$TEIDE" flows -o json -i "$where/e0" --set "probes.flow.tc=$2"
	local teide=$PID
	before=$(sent)
	send 3
	kill "$FIRST"
	wait_for 30 gone "$FIRST"
	# a look at the namespace after that end: what is new there is found
	inside ip link add f0 type veth peer name f1
	inside tc qdisc del dev e0 clsact 2>/dev/null || true
	[ "$2" != clsact ] || wait_for 60 said process "attached again"
	send 5
	stop "$teide"
	check_eq "exit of teide" "$STATUS" 0
	check_eq "what went" "$(grep -c 'detached from' "$TMP/process.err" || true)" 0
	check_eq "packets seen" "$(jq -s 'map(select(.event == "ledger" and .name == "seen" and (.where | test("^egress .*/e0$")))) | map(.value) | add' "$TMP/process.log")" \
		$(($(sent) - before))
	check_eq "filters" "$(filters ingress) $(filters egress) $(inside tc qdisc show dev e0 clsact)" "0 0 "
	kill "$SECOND"
}

odd_entry() { # what lies in /run/netns, beside the namespace of this test
	case $1 in
	none) ;;
	file) touch /run/netns/odd ;;
	folder) mkdir /run/netns/odd ;;
	fifo) mkfifo /run/netns/odd ;;
	dangling) ln -s /nonexistent /run/netns/odd ;;
	loop) ln -s odd /run/netns/odd ;;
	socket) python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/netns/odd")' ;;
	mount-namespace) ln -s /proc/self/ns/mnt /run/netns/odd ;;
	pid:1) ip netns add pid:1 ;;
	esac
}
odd_entry_end() {
	case $1 in
	pid:1) ip netns del pid:1 ;;
	folder) rmdir /run/netns/odd ;;
	*) rm -f /run/netns/odd ;;
	esac
}
# the plan of "all interfaces", by its hooks
hooks() { sed -n 's/^teide: flow: \(.*\) by [a-z]*: .*/\1/p' "$TMP/err" | tr ',' '\n' | sed 's/^ *//' | sort | tr '\n' ' '; }
test_odd_entries() {
	local entry want
	for entry in none file folder fifo dangling loop socket mount-namespace pid:1; do
		note "in /run/netns: $entry"
		odd_entry "$entry"
		CHECK_LIMIT=60 check_exit "flows, every namespace" 0 alone "$TEIDE" flows --all --once -o json
		[ "$entry" != none ] || want=$(hooks)
		check_eq "what it watches" "$(hooks)" "$want"
		check_exit "flows, a pattern" 0 alone "$TEIDE" flows -i "*[a-z]*/v0" --once -o json
		check_eq "what it watches" "$(hooks)" "egress $(ns a)/v0 ingress $(ns a)/v0 "
		check_exit "clean" 0 alone "$TEIDE" clean
		check_eq "what clean warns of" "$(cat "$TMP/err")" ""
		check_exit "sched preview" 0 alone "$TEIDE" sched preview --duration 1 --set sched.names=none-such \
			--set "probes.flow.interfaces=*/v*"
		check_eq "what preview warns of" "$(grep -c 'odd\|Invalid argument' "$TMP/err" || true)" 0
		alone "$TEIDE" doctor -o json >"$TMP/out" 2>"$TMP/err" || true
		check_eq "what the doctor could not enter" "$(grep -c unvisited "$TMP/out" || true)" 0
		case $entry in
		file | folder | fifo | mount-namespace)
			check_exit "by its name" 2 "$TEIDE" flows -i odd/v0 --once
			check_match "what it says" "$(cat "$TMP/err")" "'odd' .*it is not a network namespace"
			;;
		esac
		odd_entry_end "$entry"
	done
}

test_not_to_be_entered() {
	note "namespaces that may not be entered: the others are watched, and it is said"
	ip link add own0 type veth peer name own1
	start_split denied unshare --pid --fork --kill-child --mount-proc setpriv --bounding-set=-sys_admin \
		"$TEIDE" flows -o json -i '*/*0'
	kill "$(pgrep -P "$PID")"
	wait_for 30 gone "$PID"
	check_match "the own namespace" "$(cat "$TMP/denied.err")" "ingress own0"
	check_match "the other one" "$(cat "$TMP/denied.err")" \
		"1 network namespaces could not be looked at: cannot enter the network namespace: Operation not permitted; it takes CAP_SYS_ADMIN; run as root"
	ip link del own0
	note "without memory nobody is told to be root"
	check_exit "clean" 1 alone env "LD_PRELOAD=$FAIL" "FAIL_CALL=recvmsg ENOMEM 1 -1" "$TEIDE" clean
	check_match "what it says" "$(cat "$TMP/err")" "filters of clsact: Cannot allocate memory"
	check_eq "what it advises" "$(grep -c 'run as root' "$TMP/err" || true)" 0
}

test_gone_meanwhile() {
	note "teide why: another UPF of the node ends meanwhile"
	local one
	for one in stays goes; do
		spawn "upf-$one" unshare --net python3 -c '
import fcntl, os, socket, struct, subprocess, sys, time
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"upfgtp", 0x1001))
subprocess.run("ip link set lo up; ip addr add 10.60.0.254/24 dev upfgtp; ip link set upfgtp up", shell=True, check=True)
n3 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
n3.bind(("0.0.0.0", 2152))
print("ready", flush=True)
time.sleep(600)'
		wait_for 30 grep -q ready "$TMP/upf-$one.log"
	done
	spawn_split why env "LD_PRELOAD=$FAIL" "AT_SKELETON=kill $PID" \
		"$TEIDE" why 10.60.0.1 --duration 1 -o json
	wait_for 90 gone "$PID"
	STATUS=0
	wait "$PID" || STATUS=$?
	check_eq "status of teide why: $(cat "$TMP/why.err")" "$STATUS" 0
	check_eq "its answer" "$(jq -r .state "$TMP/why.log")" silent
}

snapshot_before
test_process_ends "pid:PID" clsact
test_process_ends "pid:PID" auto
netns_make a
ip -n "$(ns a)" link add v0 type veth peer name w0
test_odd_entries
test_not_to_be_entered
netns_remove a
[ ! -e /dev/net/tun ] || test_gone_meanwhile
