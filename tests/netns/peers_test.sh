#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Both ends of pairs are watched: each names the other, and without the twins every packet is counted once. Bundles of segments
# are one packet, and as many segments as a queue counts.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip tc ping jq python3
PINGS=20

netns_make a b c d e f
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
for name in a b; do
	in_ns "$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
done
snapshot_before
mac() { ip "$@" | jq -r ".[0].address"; }
pod() { # NAME NUMBER: its eth0 and its other end here, as a container's runtime makes them
	ip link add eth0 netns "$(ns "$1")" type veth peer name "host$2"
	addr "$1" eth0 "10.8.$2.2/24"
	ip -n "$(ns "$1")" link set eth0 up
	ip addr add "10.8.$2.1/24" dev "host$2"
	ip link set "host$2" up
	# nobody asks for an address while packets are compared
	ip -n "$(ns "$1")" neigh replace "10.8.$2.1" lladdr "$(mac -j link show "host$2")" dev eth0 nud permanent
	ip neigh replace "10.8.$2.2" lladdr "$(mac -n "$(ns "$1")" -j link show eth0)" dev "host$2" nud permanent
}
pod a 1
pod b 2
# A pair elsewhere with the two numbers of a pair here: only the kernel knows that it is another.
index() { ip "$@" | jq -r ".[0].ifindex"; }
decoy() { # NAME NUMBER, of the pod, and two namespaces
	ip link add decoy index "$(index -n "$(ns "$1")" -j link show eth0)" netns "$(ns "$3")" type veth \
		peer name decoy index "$(index -j link show "host$2")" netns "$(ns "$4")"
}
decoy a 1 c d
decoy b 2 e f
OWN=$(readlink /proc/self/ns/net | tr -dc 0-9)
start_split flows "$TEIDE" flows -o json --all -i "$(ns a)/eth0" -i "$(ns b)/eth0" -i host1 -i host2
FLOWS=$PID
for address in 10.8.1.2 10.8.2.2; do
	ping -q -c $PINGS -i 0.01 -W 5 $address >"$TMP/ping"
done
stop "$FLOWS"
check_eq "exit of teide" "$STATUS" 0
# Other namespaces of the machine may have interfaces of these names.
rows() {
	jq -s -c --arg own "$OWN" --arg a "$(ns a)" --arg b "$(ns b)" "map(select(.event == \"flow\" and
		.outer.proto == 1 and (.netns | IN(\$own, \$a, \$b)))) | $1" "$TMP/flows.log"
}
places() { rows "map([(.netns | sub(\"^$OWN$\"; \"\")) + \"/\" + .interface, .peer, .twin]) | unique"; }
check_eq "who is whose other end" "$(places)" "$(jq -n -c --arg a "$(ns a)/eth0" --arg b "$(ns b)/eth0" '[
	["/host1", $a, $a], ["/host2", $b, $b], [$a, "host1", null], [$b, "host2", null]] | sort')"
# requests and answers, of two addresses, once each
check_eq "packets without the twins" "$(rows 'map(select(.twin == null) | .packets) | add')" $((2 * 2 * PINGS))
check_eq "packets with them" "$(rows 'map(.packets) | add')" $((2 * 2 * 2 * PINGS))

note "bundles of segments"
counter() { in_ns a cat "/sys/class/net/eth0/statistics/$1"; }
# A queue counts segments, and runs behind the hook.
in_ns a tc qdisc add dev eth0 root pfifo limit 100000
segments() { in_ns a tc -s -j qdisc show dev eth0 root | jq '.[0].packets'; }
start_split bulk "$TEIDE" flows -o json -i "$(ns a)/eth0"
FLOWS=$PID
packets=$(counter tx_packets) segments=$(segments)
spawn receiver python3 -c '
import socket
with socket.create_server(("10.8.1.1", 5001)) as s:
    print("ready", flush=True)
    c, n = s.accept()[0], 0
    while data := c.recv(1 << 20):
        n += len(data)
    print(n, flush=True)'
RECEIVER=$PID
wait_for 30 grep -q ready "$TMP/receiver.log"
in_ns a python3 -c '
import socket
with socket.create_connection(("10.8.1.1", 5001)) as s:
    s.sendall(bytes(20_000_000))'
wait_for 60 gone "$RECEIVER"
check_eq "bytes received" "$(tail -n 1 "$TMP/receiver.log")" 20000000
settled() { local was; was=$(counter tx_packets); in_ns a awk 'NR > 1 && $4 != "06" { n++ } END { exit n > 0 }' /proc/net/tcp && [ "$(counter tx_packets)" = "$was" ]; }
wait_for 60 settled
ip -n "$(ns a)" link set eth0 down
PACKETS=$(($(counter tx_packets) - packets)) SEGMENTS=$(($(segments) - segments))
stop "$FLOWS"
check_eq "packets that left, as the interface counts" \
	"$(jq -s 'map(select(.event == "ledger" and .name == "seen" and (.where | startswith("egress"))) | .value) | add' "$TMP/bulk.log")" "$PACKETS"
check_eq "segments, as the queue counts" \
	"$(jq -s 'map(select(.event == "flow" and .dir == "egress") | .segments) | add' "$TMP/bulk.log")" "$SEGMENTS"
check_ge "segments to packets" "$SEGMENTS" $((PACKETS * 2))
for name in host1 host2; do ip link del $name; done
assert_nothing_left
