# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A gNB and a UPF whose module is the stand-in.
netns_make gnb
ip link add n3 type veth peer name n3 netns "$(ns gnb)"
ip addr add 10.9.0.1/24 dev n3
ip link set n3 up
addr gnb n3 10.9.0.2/24
ip -n "$(ns gnb)" link set n3 up
ip addr add 10.10.0.1/32 dev lo
echo 0 >/proc/sys/net/ipv4/ip_forward
# Only what the sender sends is to pass.
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6

load() {
	insmod "/tests/$1/gtp5g.ko"
	ip link add upfgtp type gtp5g
	ip link set upfgtp up
	ip route add 10.60.0.0/24 dev upfgtp src 10.10.0.1
}

parameter() { echo "$2" >"/sys/module/gtp5g/parameters/$1"; }

# send_all COUNT: of each kind each way; says what was sent.
send_all() {
	parameter grant_quota 1
	in_ns gnb send uplink "$1"
	send downlink "$1"
}
