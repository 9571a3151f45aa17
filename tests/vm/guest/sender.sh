# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# For the guest scripts that use sender/: a UPF whose N3 is n3, 10.9.0.1, with a GTP device, and a gNB
# behind it, 10.9.0.2, which takes nothing in: whatever comes is dropped for want of an address.
SCENE=

scene_links() {
	netns_make gnb
	# Only what is ordered is to be sent and received.
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	in_ns gnb /bin/sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	echo 0 >/proc/sys/net/ipv4/ip_forward
	# A CPU of the guest that its host stops for a while is to drop nothing.
	echo 20000 >/proc/sys/net/core/netdev_max_backlog
	ip link add n3 type veth peer name n3 netns "$(ns gnb)"
	ip addr add 10.9.0.1/24 dev n3
	ip link set n3 up
	ip -n "$(ns gnb)" link set n3 up
	ip neigh replace 10.9.0.2 lladdr "$(in_ns gnb cat /sys/class/net/n3/address)" nud permanent dev n3
	insmod /tests/sender.ko
}

# device_up KIND SESSIONS: upfgtp of gtp, gtp5g (/tests/gtp5g.ko), or standin or standin-btf.
device_up() {
	case $1 in
	gtp) modprobe gtp ;;
	gtp5g) insmod /tests/gtp5g.ko ;;
	standin) insmod /tests/standin/gtp5g.ko ;;
	standin-btf) insmod /tests/standin-btf/gtp5g.ko ;;
	esac
	case $1 in
	standin*) ip link add upfgtp type gtp5g ;;
	*)
		rm -f "$TMP/hold" "$TMP/scene"
		mkfifo "$TMP/hold"
		/with/sender_scene "$1" "$2" <"$TMP/hold" >"$TMP/scene" &
		SCENE=$!
		exec 8>"$TMP/hold"
		wait_for 60 grep -q ready "$TMP/scene"
		;;
	esac
	ip link set upfgtp up
}

device_down() {
	ip link del upfgtp
	if [ -n "$SCENE" ]; then
		exec 8>&-
		wait "$SCENE"
		SCENE=
	fi
	# A program that is still there would keep it.
	case $1 in
	gtp) wait_for 60 rmmod gtp ;;
	*) wait_for 60 rmmod gtp5g ;;
	esac
}

UPLINK="device=n3 src=10.9.0.2 dst=10.9.0.1 teid=0x1000 ue=10.60.0.1 dn=10.10.0.9"
DOWNLINK="downlink=1 device=upfgtp teid=0x1000 ue=10.60.0.1 dn=10.10.0.9"

# uplink, downlink KEY=VALUE...: an order; what came of it on standard output.
# shellcheck disable=SC2086 # keys are words
uplink() { in_ns gnb /with/order.sh $UPLINK "mac=$(cat /sys/class/net/n3/address)" "$@"; }
# shellcheck disable=SC2086 # keys are words
downlink() { /with/order.sh $DOWNLINK "$@"; }

# counters FILE: what the kernel has counted at each place so far, as lines of JSON and as snmp's text.
counters() {
	{
		ip -s -j link show dev n3
		in_ns gnb ip -s -j link show dev n3
		ip -s -j link show dev upfgtp
	} >"/out/$1.links"
	cat /proc/net/snmp >"/out/$1.snmp"
	cat /proc/net/softnet_stat >"/out/$1.softnet"
}
