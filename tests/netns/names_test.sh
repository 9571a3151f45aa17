#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Names that a terminal or a shell would take for more than names: no text passes them on as they are, JSON
# has the true ones, and commands that are advised have each as one word.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq python3
[ -e /dev/net/tun ] || skip "no /dev/net/tun"

ESCAPE=$'x\e[31mRED'                       # colours what follows
HIDDEN=$'z\xff\xc2\x9b\xe2\x80\xae\xe2\x80\x8b' # no UTF-8, CSI as C1, right to left, zero width
COMMAND='u;reboot'
COMM=$'c\e[7m\n\xfe'
netns_make $'e\e[2J' 'n;reboot'
A=$(ns $'e\e[2J') B=$(ns 'n;reboot')

ip link add "$ESCAPE" netns "$A" type veth peer name "$HIDDEN" netns "$B"
ip -n "$A" addr add 10.9.0.1/24 dev "$ESCAPE"
ip -n "$B" addr add 10.9.0.2/24 dev "$HIDDEN"
ip -n "$A" link set "$ESCAPE" up
ip -n "$B" link set "$HIDDEN" up
ip -n "$B" tuntap add name "$COMMAND" mode tun
ip netns exec "$B" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 0 >"/proc/sys/net/ipv4/conf/$1/forwarding"' sh "$COMMAND"
spawn_told scene ip netns exec "$B" "$TESTS/netns/names_scene.py" "$COMM" 10.9.0.1

judge() { "$TESTS/netns/names_judge.py" "$@"; }
# shows FILE TEXT...: it has them, and nothing that moves a cursor.
shows() {
	local file=$1 text
	shift
	judge text "$file"
	for text; do
		grep -qF -- "$text" "$file" || { cat -v "$file"; fail "no '$text' in ${file##*/}"; }
	done
}
# watch NAME FORM VERB...: while packets pass.
watch() {
	local name=$1 form=$2
	shift 2
	start_split "$name" "$TEIDE" "$@" -i "$A/*" -i "$B/$HIDDEN" -o "$form"
	tell scene go
	stop "$PID" INT
	check_eq "exit of $name" "$STATUS" 0
}
SHOWN_A=${A/$'\e'/'\x1b'}

note "flows and their ledger"
watch flows text flows
shows "$TMP/flows.log" "$SHOWN_A/x\\x1b[31mRED in" '\u{202e}\u{200b} out' \
	"ledger: flow ingress $SHOWN_A/x\\x1b[31mRED: seen=" "$B/z\\xff\\u{9b}\\u{202e}\\u{200b}: seen="
shows "$TMP/flows.err" "ingress $SHOWN_A/x\\x1b[31mRED" 'z\xff\u{9b}'
watch flows_json json flows
judge json "$TMP/flows_json.log"
true_names() { jq -r 'select(.event == "flow") | .netns + "/" + .interface' "$TMP/$1.log" | sort -u; }
check_eq "true name in JSON" "$(true_names flows_json | grep -aF "$A/")" "$A/$ESCAPE"

note "trace"
watch trace text trace
shows "$TMP/trace.log" "netns=$SHOWN_A interface=x\\x1b[31mRED" 'comm=c\x1b[7m\x0a\xfe'
watch trace_json json trace
judge json "$TMP/trace_json.log"
check_eq "true name in JSON" "$(jq -r 'select(.event == "packet") | .netns + "/" + .interface' "$TMP/trace_json.log" | sort -u | grep -aF "$A/")" \
	"$A/$ESCAPE"

note "why"
for form in text json; do
	check_exit "why" 0 "$TEIDE" why 10.60.0.1 --netns "$B" --duration 0.5 -o $form
	cp "$TMP/out" "$TMP/why.$form"
	shows "$TMP/err"
done
shows "$TMP/why.text" "'u;reboot'"
judge words "$TMP/why.json" "$B" "$COMMAND"

note "doctor"
for form in text json; do
	timeout 240 "$TEIDE" doctor -o $form >"$TMP/doctor.$form" 2>"$TMP/doctor.err" || true
	shows "$TMP/doctor.err"
done
shows "$TMP/doctor.text" "NETWORK of $B" "'net.ipv4.conf.u;reboot.forwarding=1'"
jq -c '.checks |= map(select(.netns == $b))' --arg b "$B" "$TMP/doctor.json" >"$TMP/doctor_b.json"
judge words "$TMP/doctor_b.json" "$B" "$COMMAND"

note "sched preview"
"$TEIDE" sched preview --duration 0.5 >"$TMP/preview.log" 2>"$TMP/preview.err"
shows "$TMP/preview.log" 'c\x1b[7m\x0a\xfe' "netns $B"

note "errors"
odd=$'odd\e[5m\x7f'
error() { # WHAT SHOWN COMMAND...
	local what=$1 shown=$2
	shift 2
	"$@" >"$TMP/out" 2>"$TMP/err" && fail "$what: exit 0"
	judge text "$TMP/out"
	shows "$TMP/err" "$shown"
}
printf 'api:\n  %s: 1\n' "$(printf '\303\274')" >"$TMP/$odd.yaml"
error "namespace" 'odd\x1b[5m\x7f' "$TEIDE" flows -i "$odd/eth0"
error "interface" 'odd\x1b[5m\x7f' "$TEIDE" flows -i "$odd"
error "interfaces that there are" 'z\xff\u{9b}' "$TEIDE" flows -i "$B/nothing"
error "rules" 'odd\x1b[5m\x7f' "$TEIDE" rules --netns "$odd"
error "rules of the namespace" "$SHOWN_A" "$TEIDE" rules --netns "$A"
error "file" 'odd\x1b[5m\x7f.yaml' "$TEIDE" config -c "$TMP/$odd.yaml"
error "key" 'odd\x1b[5m\x7f' "$TEIDE" flows -i lo --set "$odd=1"
error "verb" 'odd\x1b[5m\x7f' "$TEIDE" "$odd"
error "argument" 'odd\x1b[5m\x7f' "$TEIDE" why "$odd"
error "option" 'odd\x1b[5m\x7f' "$TEIDE" flows -i lo --sort "$odd"
error "lab" 'odd\x1b[5m\x7f' "$TEIDE" lab up --name "$odd"
TEIDE_API_USER=$odd check_exit "config" 0 "$TEIDE" config --show
shows "$TMP/out" '"odd\e[5m\x7F"'
check_eq "the same back from YAML" "$(python3 -c '
import sys, json
line = next(line for line in open(sys.argv[1]) if line.strip().startswith("user:"))
print(json.loads(line.split(": ", 1)[1].split("  #")[0].replace("\\e", "\\u001b").replace("\\x", "\\u00")))' "$TMP/out")" "$odd"
