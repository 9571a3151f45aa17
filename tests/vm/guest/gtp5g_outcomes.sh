#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The gtpu probe at gtp5g with a session for each outcome that can be brought about, by each of
# $METHODS: N packets of each kind each way, again when rules have been replaced, then packets beyond a rate
# and beyond the kernel's backlog. A run's files are /out/RUN.*: .json events or rows; .sent what was sent
# and at which step; .colors what policePacket returned, as the kernel itself traces it. RUN is METHOD: all
# events; METHOD-counts: rows; METHOD-teid, METHOD-reason: events of one TEID, of one reason, of the first
# step. $FRAMED, $BACKLOG: whether this version has that step; $QER: whether it survives another QER in a
# QER's place; $DEADLY: kinds that it must not get downlink.
. "$TESTS/lib.sh"
. "$TESTS/conf"

N=20
POLICED=500
NAMED="other_ue sdf_match sdf_miss other_qfi no_action end_marker_n9 end_marker_buffered echo_no_route
	long_length cut_options cut_extension far_replaced qer_replaced metered metered_downlink quota_zero
	quota_before start start_n9 $FRAMED"
REPLACED="no_far far_replaced qer_replaced metered"

netns_make gnb
ip link add n3 type veth peer name n3 netns "$(ns gnb)"
ip addr add 10.9.0.1/24 dev n3
ip link set n3 up
addr gnb n3 10.9.0.2/24
addr gnb n3 10.9.0.3/24
addr gnb n3 203.0.113.1/32
ip -n "$(ns gnb)" link set n3 up
ip addr add 10.10.0.1/32 dev lo
# Only what the sender sends is to pass.
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
insmod /tests/gtp5g.ko
mkfifo "$TMP/steps"
tracing=/sys/kernel/tracing
[ -e $tracing/kprobe_events ] || mount -t tracefs tracefs $tracing

scene_up() {
	rm -f "$TMP/scene"
	# shellcheck disable=SC2086 # words
	/with/gtp5g_scene $FRAMED $QER <"$TMP/steps" >"$TMP/scene" &
	scene=$!
	exec 8>"$TMP/steps"
	wait_for 60 grep -q made "$TMP/scene"
	ip link set upfgtp up
	ip route add 10.60.0.0/24 dev upfgtp src 10.10.0.1
	ip route add 10.61.0.0/24 dev upfgtp src 10.10.0.1
}

scene_down() {
	exec 8>&-
	wait $scene
	ip link del upfgtp
}

at_step() { echo "{\"step\":\"$1\"}"; }

replace() {
	echo "$1" >&8
	wait_for 60 grep -q "$1" "$TMP/scene"
	at_step "$1"
}

uplink() { in_ns gnb send uplink "$@"; }

# without KIND...: the words of $DEADLY are not among them.
without() {
	local kind
	for kind; do
		case " $DEADLY " in *" $kind "*) ;; *) echo "$kind" ;; esac
	done
}

downlink() {
	local number=$1
	shift
	# shellcheck disable=SC2046 # words
	send downlink "$number" $(without "$@")
}

rules() {
	local deadly
	at_step rules
	in_ns gnb send uplink $N
	# shellcheck disable=SC2086 # words
	{
		deadly=$(printf -- '-%s ' $DEADLY)
		send downlink $N ${DEADLY:+$deadly}
		uplink $N $NAMED
		downlink $N $NAMED
	}
}

policed() {
	[ -e /proc/gtp5g/qos ] || return 0
	at_step policed
	echo 1 >/proc/gtp5g/qos
	if grep -q '\[gtp5g\]' /proc/kallsyms && grep -q ' policePacket' /proc/kallsyms; then
		echo 'r:police gtp5g:policePacket color=$retval:u32' >$tracing/kprobe_events
		echo >$tracing/trace
		echo 1 >$tracing/events/kprobes/police/enable
	fi
	uplink $POLICED policed
	downlink $POLICED policed
	echo 0 >/proc/gtp5g/qos
	[ -e $tracing/events/kprobes/police ] || return 0
	echo 0 >$tracing/events/kprobes/police/enable
	sed -n 's/.* color=//p' $tracing/trace >"/out/$1.colors"
	echo >$tracing/kprobe_events
}

# softnet_stat, per CPU: received, dropped, in hexadecimal.
refused() {
	local _ dropped sum=0
	while read -r _ dropped _; do sum=$((sum + 0x$dropped)); done </proc/net/softnet_stat
	echo $sum
}
refused_more_than() { [ "$(refused)" -ge $(($1 + $2)) ]; }

# Parted by the receiver's kernel, they are decapsulated in one go: there is room for the first.
backlog() {
	local before limit
	[ -n "$BACKLOG" ] || return 0
	at_step backlog
	limit=$(cat /proc/sys/net/core/netdev_max_backlog)
	before=$(refused)
	echo 0 >/proc/sys/net/core/netdev_max_backlog
	in_ns gnb send burst $N forwarded
	wait_for 60 refused_more_than "$before" $((N - 1))
	echo "$limit" >/proc/sys/net/core/netdev_max_backlog
	check_eq "packets that the kernel refused" "$(refused)" $((before + N - 1))
	# Ends when it has been answered.
	uplink 1 forwarded
}

# shellcheck disable=SC2086 # words
everything() {
	rules
	replace change
	uplink $N $REPLACED
	downlink $N $REPLACED
	replace again
	uplink $N $REPLACED
	downlink $N $REPLACED
	policed "$1"
	backlog
}

# watched FILE WHAT COMMAND OPTION...: the packets of WHAT under teide COMMAND.
watched() {
	local file=$1 what=$2 command=$3
	shift 3
	scene_up
	start_split trace "$TEIDE" "$command" --probe gtpu -o json --set probes.gtpu.ring_size=4MiB "$@"
	"$what" "$file" >"/out/$file.sent"
	stop "$PID"
	check_eq "status of teide $command" "$STATUS" 0
	cp "$TMP/trace.log" "/out/$file.json"
	cp "$TMP/trace.err" "/out/$file.err"
	scene_down
}

for method in $METHODS; do
	note "by $method"
	watched "$method" everything trace --attach "$method"
	watched "$method-counts" everything flows --attach "$method"
	watched "$method-teid" rules trace --attach "$method" --set probes.gtpu.teid=4096
	watched "$method-reason" rules trace --attach "$method" --set probes.gtpu.reason=far_drop
done
