#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide doctor on this machine, whatever it can do: what it says agrees with what works, a namespace
# that is broken on purpose is named with its way out, a wrong key or server is told apart, and nothing
# stays behind.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need ip bpftool python3 setpriv sysctl

snapshot_before

# diagnose NAME [COMMAND...]: JSON in $TMP/NAME.json, exit status in STATUS.
diagnose() {
	local name=$1
	shift
	STATUS=0
	"$@" >"$TMP/$name.json" 2>"$TMP/$name.err" || STATUS=$?
	check_eq "errors of $name" "$(cat "$TMP/$name.err")" ""
}
# get NAME ID KEY: of the check; "verdict" is the report's.
get() {
	python3 - "$TMP/$1.json" "$2" "$3" <<-'END'
		import json, sys

		report = json.load(open(sys.argv[1]))
		checks = {check["id"]: check for check in report["checks"]}
		print(report["verdict"] if sys.argv[2] == "verdict" else
		      checks.get(sys.argv[2], {}).get(sys.argv[3], "absent"))
	END
}
lab=drdoc$BASHPID
upf=$lab-upf
upf() { ip netns exec "$upf" "$@"; }
net() { printf 'network.%s.%s.%s' "$upf" "$1" "$device"; }

# Each state is of the four, each finding that limits says what to do, and the exit code is the verdict's.
diagnose host "$TEIDE" doctor -o json
python3 - "$TMP/host.json" "$STATUS" <<-'END'
	import json, sys

	report = json.load(open(sys.argv[1]))
	status = {"usable": 0, "limited": 4, "unusable": 3}[report["verdict"]]
	assert status == int(sys.argv[2]), (report["verdict"], sys.argv[2])
	assert {check["state"] for check in report["checks"]} <= {"ok", "info", "limited", "missing"}
	silent = [c["id"] for c in report["checks"] if c["state"] in ("limited", "missing") and "do" not in c]
	assert not silent, silent
	ids = [check["id"] for check in report["checks"]]
	assert len(ids) == len(set(ids)), "an id occurs twice"
	for name in ("gtp5g_handle_skb_ipv4", "gtp5g_dev_xmit", "gtp5g_xmit_skb_ipv4", "gtp5g_encap_recv",
	             "gtp1u_udp_encap_recv", "gtp5g_fwd_skb_ipv4", "gtp5g_push_header", "pdr_find_by_gtp1u",
	             "ip4_find_route", "policePacket"):
	    assert f"function.gtp5g.{name}" in ids, name
END
# Without the module there is nothing for trace, and doctor says so; what it calls fine must work.
if [ ! -d /sys/module/gtp ] && [ ! -d /sys/module/gtp5g ]; then
	check_eq "verdict without a module" "$(get host verdict -)" limited
	check_eq "the module" "$(get host module.gtp state)" missing
fi
if [ "$(get host kernel.tc state)" = ok ]; then
	check_exit "flows where TC is fine" 0 "$TEIDE" flows -i lo --once
fi
"$TEIDE" doctor >"$TMP/text" || true
check_eq "lines over 100 columns" "$(awk 'length > 100' "$TMP/text")" ""
check_match "the last line" "$(tail -n 1 "$TMP/text")" "this node is $(get host verdict -) for teide"

# No rights: every capability with what it costs, and unusable.
diagnose nobody setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all \
	"$TEIDE" doctor -o json
check_eq "verdict without rights" "$STATUS $(get nobody verdict -)" "3 unusable"
for right in CAP_BPF CAP_PERFMON; do
	check_eq "$right" "$(get nobody rights.$right state)" missing
done
check_eq "CAP_NET_ADMIN" "$(get nobody rights.CAP_NET_ADMIN state)" limited

# The lab is in order; each thing that is broken is the one that is named, and mended as it says.
at_exit "$TEIDE" lab down --name "$lab"
"$TEIDE" lab up --name "$lab" --upf user
diagnose lab "$TEIDE" doctor -o json
device=$(upf ip -o link show type tun | sed 's/^[0-9]*: \([^:@]*\).*/\1/')
for check in ip_forward rp_filter ue_pool tx_errors; do
	check_eq "$check of the lab" "$(get lab "$(net $check)" state)" ok
done
check_eq "the UPF's socket" "$(get lab "network.$upf.n3_socket" state)" ok
check_eq "the gNB's socket" "$(get lab "network.$lab-gnb1.n3_socket" state)" ok

broken() {
	diagnose broken "$TEIDE" doctor -o json
	check_eq "verdict with $1 broken" "$(get broken verdict -)" limited
	check_eq "$1, broken" "$(get broken "$(net "$1")" state)" limited
}
upf sysctl -q net.ipv4.ip_forward=0
broken ip_forward
bash -c "$(get broken "$(net ip_forward)" "do")"
upf sysctl -q net.ipv4.conf.all.rp_filter=1
pool=$(upf ip route show dev "$device" | cut -d ' ' -f 1 | grep -m 1 /)
upf ip route del "$pool" dev "$device"
broken rp_filter
broken ue_pool
bash -c "$(get broken "$(net rp_filter)" "do")"
upf ip route add "$pool" dev "$device"
upf ip link set "$device" down
broken ue_pool
check_match "a device that is down" "$(get broken "$(net ue_pool)" detail)" "is down"
upf ip link set "$device" up
upf ip route add "$pool" dev "$device"
diagnose mended "$TEIDE" doctor -o json
for check in ip_forward rp_filter ue_pool; do
	check_eq "$check, mended" "$(get mended "$(net $check)" state)" ok
done
"$TEIDE" lab down --name "$lab"

# The API: there, with a foreign key, not there at all.
start server "$TEIDE" server --data "$TMP/server" --listen 127.0.0.1:0
url=$(sed -n 's/^listening on //p' "$TMP/server.log")
conf() { printf 'api:\n  url: %s\n  public_key_path: %s\n' "$2" "$3" >"$TMP/$1.yaml"; }
conf right "$url" "$TMP/server/public_key.pem"
diagnose api "$TEIDE" doctor -o json -c "$TMP/right.yaml"
check_eq "the API" "$(get api api state)" ok
check_eq "its clock" "$(get api api.clock state)" ok
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null |
	openssl pkey -pubout -out "$TMP/foreign.pem" 2>/dev/null
conf foreign "$url" "$TMP/foreign.pem"
diagnose api "$TEIDE" doctor -o json -c "$TMP/foreign.yaml"
check_eq "a foreign key" "$(get api api state)" missing
check_match "what to do about it" "$(get api api "do")" "public_key_path"
stop "$PID"
diagnose api "$TEIDE" doctor -o json -c "$TMP/right.yaml"
check_eq "no server" "$(get api api state)" missing
check_match "no server" "$(get api api detail)" "$url"

# A manager's password file that is not there is no fault of the server; and where strategies go to this
# kernel no server is asked.
printf 'api:\n  url: %s\n  user: u\n  password_file: %s\n' "$url" "$TMP/no.password" >"$TMP/password.yaml"
diagnose api "$TEIDE" doctor -o json -c "$TMP/password.yaml"
check_match "no password file" "$(get api api detail)" "$TMP/no\.password"
check_match "what to do about it" "$(get api api "do")" "password of u"
conf nokey "$url" "$TMP/no.pem"
diagnose api "$TEIDE" doctor -o json -c "$TMP/nokey.yaml"
check_match "what to do about no key file" "$(get api api "do")" "api\.public_key_path"
for backend in local none; do
	diagnose api "$TEIDE" doctor -o json -c "$TMP/right.yaml" --set "sched.backend=$backend"
	check_eq "the API with sched.backend $backend" "$(get api api state)" info
	check_match "why it is not asked" "$(get api api detail)" "sched\.backend is $backend"
done

# The interfaces of the configuration: each is tried.
cat >"$TMP/interfaces.yaml" <<END
probes:
  flow:
    interfaces: lo, nosuch, nowhere/n3, pod:core/upf/n3
END
diagnose interfaces "$TEIDE" doctor -o json -c "$TMP/interfaces.yaml"
for hook in ingress egress; do
	check_eq "lo's $hook" "$(get interfaces "interface.$hook lo" state)" ok
done
check_eq "one that is not there" "$(get interfaces interface.nosuch state)" missing
check_match "what is there" "$(get interfaces interface.nosuch detail)" "there are: lo"
check_eq "a pod that is not there" "$(get interfaces interface.pod:core/upf/n3 state)" missing
check_match "a pod that is not there" "$(get interfaces interface.pod:core/upf/n3 detail)" "no pod 'core/upf'"
check_match "a namespace that is not there" "$(get interfaces interface.nowhere/n3 detail)" "network namespace 'nowhere'"

check_exit "an unknown output" 2 "$TEIDE" doctor -o xml
assert_nothing_left
