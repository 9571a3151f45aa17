#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Real containers: a containerd of the test's own, a CNI bridge. A container that starts is attached to, by its name and by
# the annotations that Kubernetes' runtimes put on it; what is counted there has its name; teide detaches when it stops.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip nft jq curl containerd ctr runc
BUSYBOX=/bin/busybox CNI=/usr/lib/cni
[ -x "$BUSYBOX" ] || skip "busybox-static is missing"
[ -x "$CNI/bridge" ] || skip "containernetworking-plugins is missing"
REQUESTS=12
SERVICE=10.96.0.10

CTR=(ctr -a "$TMP/sock")
start_containerd() {
	cat >"$TMP/config.toml" <<-END
		version = 2
		root = "$TMP/root"
		state = "$TMP/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
		[grpc]
		address = "$TMP/sock"
		[ttrpc]
		address = "$TMP/sock.ttrpc"
	END
	spawn containerd containerd -c "$TMP/config.toml"
	CONTAINERD=$PID
	wait_for 60 "${CTR[@]}" version
	LIB_AT_EXIT+=("for id in echo pause upfd side late proxy; do end_container \$id; done")
}
end_container() {
	gone "$CONTAINERD" && return # each call would wait for it
	"${CTR[@]}" task kill -s KILL "$1"
	"${CTR[@]}" task delete "$1"
	"${CTR[@]}" container delete "$1"
}
no_task() { ! "${CTR[@]}" task ls -q | grep -qx "$1"; }
stop_container() {
	"${CTR[@]}" task kill -s KILL "$1" 2>/dev/null || true # one of a sandbox has ended with it
	wait_for 60 stopped_task "$1"
	"${CTR[@]}" task delete "$1" >/dev/null 2>&1 || true
	wait_for 60 no_task "$1"
	"${CTR[@]}" container delete "$1"
}
stopped_task() { no_task "$1" || "${CTR[@]}" task ls | grep "^$1 " | grep -q STOPPED; }
# network NAME: its namespace and its eth0 on the bridge; its address in $ADDRESS
network() {
	netns_make "$1"
	in_ns "$1" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	ADDRESS=$(cni ADD "$1" | jq -r '.ips[0].address | sub("/.*"; "")')
}
cni() { # ADD|DEL NAME
	CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$(ns "$2") CNI_IFNAME=eth0 CNI_PATH=$CNI "$CNI/bridge" <<-END
		{"cniVersion": "0.4.0", "name": "pods", "type": "bridge", "bridge": "cni0", "isGateway": true,
		 "ipam": {"type": "host-local", "dataDir": "$TMP/ipam", "ranges": [[{"subnet": "10.88.0.0/24"}]]}}
	END
}
# container ID NETWORK ANNOTATIONS... -- COMMAND...
container() {
	local id=$1 network=$2 annotations=()
	shift 2
	while [ "$1" != -- ]; do annotations+=(--annotation "io.kubernetes.cri.$1"); shift; done
	shift
	"${CTR[@]}" run -d --rootfs --with-ns "network:/run/netns/$(ns "$network")" "${annotations[@]}" \
		"$TMP/rootfs" "$id" /bin/busybox "$@"
}
said() { [ "$(grep -c "$1" "$TMP/teide.err")" -ge "${2:-1}" ]; }
# segments NETWORK: of TCP, that its stack has received since it is there
segments() { in_ns "$1" awk '$1 == "Tcp:" && $2 != "RtoAlgorithm" { print $11 }' /proc/net/snmp; }
# tcp NETWORK DIRECTION: the same by the rows
tcp() {
	jq -s --arg netns "$(ns "$1")" --arg dir "$2" \
		"map(select(.event == \"flow\" and .netns == \$netns and .dir == \$dir and .outer.proto == 6) | .packets) | add // 0" "$TMP/teide.log"
}

mkdir -p "$TMP/rootfs/bin" "$TMP/rootfs/www"
cp "$BUSYBOX" "$TMP/rootfs/bin/"
echo hello >"$TMP/rootfs/www/index.html"
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
snapshot_before
start_containerd
cat >"$TMP/teide.yaml" <<END
run:
  probes: flow
  strategies: false
  output: json
containers:
  state: $TMP/state
probes:
  flow:
    interfaces: container:echo/eth0, pod:core/upf-*/eth0, pod:kube-system/*/*, cni0
END
spawn_split teide "$TEIDE" run -c "$TMP/teide.yaml"
TEIDE_PID=$PID

note "a pod with hostNetwork: its bundle names the host's network namespace, as containerd writes it"
"${CTR[@]}" run -d --rootfs --with-ns "network:/proc/$BASHPID/ns/net" --annotation io.kubernetes.cri.container-type=container \
	--annotation io.kubernetes.cri.sandbox-name=kube-proxy-x --annotation io.kubernetes.cri.sandbox-namespace=kube-system \
	--annotation io.kubernetes.cri.container-name=kube-proxy "$TMP/rootfs" proxy /bin/busybox sleep 1000

note "a pod of a sandbox and two containers, as its runtime describes it"
network pod
POD=(sandbox-id=pause sandbox-name=upf-0 sandbox-namespace=core sandbox-uid=0f0e0d0c-0b0a-0908-0706-050403020100)
container pause pod container-type=sandbox "${POD[@]}" -- sleep 1000
wait_for 60 said "watching $(ns pod)/eth0"
container upfd pod container-type=container container-name=upf "${POD[@]}" -- sh -c 'until [ -e /go ]; do sleep 0.1; done; while :; do tftp -g -r x -l /dev/null 10.88.0.1 2152; done'
container side pod container-type=container container-name=side "${POD[@]}" -- sleep 1000

note "a container of a name alone"
network echo
ECHO=$ADDRESS
began=$(date +%s%N)
container echo echo -- httpd -f -p 8080 -h /www
wait_for 60 said "watching $(ns echo)/eth0"
note "watched $((($(date +%s%N) - began) / 1000000)) ms after its start was asked for"
nft add table ip service
nft add chain ip service output '{ type nat hook output priority -100; }'
nft add rule ip service output ip daddr $SERVICE tcp dport 80 dnat to "$ECHO:8080"
ip route add $SERVICE dev cni0
answers() { curl -sf -m 10 "http://$SERVICE/" >"$TMP/answer"; }
listens() { in_ns echo grep -q ":1F90 .* 0A " /proc/net/tcp /proc/net/tcp6; }
wait_for 60 listens
for ((i = 0; i < REQUESTS; i++)); do answers; done
check_eq "the answer" "$(cat "$TMP/answer")" hello
# What is alone in a namespace gives its name to all that passes there: nothing does before both are known, as the echo
# container is, that started after them.
touch "$TMP/rootfs/go"
sends() { jq -es 'any(.[]; .event == "sender" and .container == "upf")' "$TMP/teide.log"; }
wait_for 60 sends

note "one in a pod that is not wanted"
network other
container late other container-type=container container-name=late sandbox-name=smf-0 sandbox-namespace=core -- sleep 1000

note "teide detaches from a container that stops, and its interface goes"
stop_container echo
ip -n "$(ns echo)" link set eth0 down
RX=$(segments echo)
cni DEL echo
netns_remove echo
wait_for 60 said "detached from $(ns echo)/eth0"

note "the sidecar alone, while the other container of its pod is down"
stop_container upfd
ping_pod() { in_ns pod ping -qc 5 -i 0.2 10.88.0.1 >/dev/null; }
looks_gone() { ! grep -q . "$TMP/state/io.containerd.runtime.v2.task/default/upfd/config.json" 2>/dev/null; }
wait_for 60 looks_gone
rows_after=$(wc -l <"$TMP/teide.log")
ping_pod
pings() { [ "$(tail -n +$((rows_after + 1)) "$TMP/teide.log" | jq -s --arg netns "$(ns pod)" \
	'[.[] | select(.event == "flow" and .netns == $netns and .dir == "egress" and .outer.proto == 1) | .packets] | add // 0')" -ge 5 ]; }
wait_for 60 pings

for id in side pause late proxy; do stop_container "$id"; done
stop "$TEIDE_PID"
check_eq "exit of teide" "$STATUS" 0
check_eq "namespaces watched" "$(grep 'watching .*/' "$TMP/teide.err" | grep -c eth0)" 2
check_eq "the host's interfaces are of no pod with hostNetwork" \
	"$(jq -s '[.[] | select(.pod == "kube-system/kube-proxy-x" and .event != "sender")] | length' "$TMP/teide.log")" 0
check_eq "received by the container, as its stack counts" "$(tcp echo ingress)" "$RX"
check_ge "of them for each request" "$RX" $((5 * REQUESTS))
check_ge "sent by the container" "$(tcp echo egress)" $((4 * REQUESTS))
rows() { jq -s --arg netns "$(ns "$1")" "[.[] | select(.event == \"flow\" and .netns == \$netns) | $2] | unique" -c "$TMP/teide.log"; }
check_eq "connections" "$(rows echo 'select(.dir == "ingress" and .outer.dport == 8080) | .outer.sport' | jq length)" $REQUESTS
check_eq "its address" "$(rows echo 'select(.dir == "ingress" and .outer.dport == 8080) | .outer.dst')" "[\"$ECHO\"]"
check_eq "its name" "$(rows echo '[.container, .container_id, .pod]')" '[["echo","echo",null]]'
check_eq "the pod's name" "$(rows pod '[.container, .pod, .pod_uid]')" \
	'[[null,"core/upf-0","0f0e0d0c-0b0a-0908-0706-050403020100"]]'
check_eq "the sender's name" \
	"$(jq -s -c '[.[] | select(.event == "sender" and .context == "process") | [.container, .container_id, .pod]] | unique' "$TMP/teide.log")" \
	'[["upf","upfd","core/upf-0"]]'
for name in pod other; do cni DEL "$name"; done
ip link del cni0
nft delete table ip service
netns_remove pod other
no_shim() { ! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -q "containerd-shim.*$TMP/sock"; }
wait_for 60 no_shim
stop "$CONTAINERD"
assert_nothing_left
