#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An XDP program at a watched interface takes packets before TC sees them: flows, and each verb that watches, warns once; so
# does doctor of the interfaces of the configuration.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need ip jq
XDP=${BUILD:?}/tests/netns/xdp_foreign

netns_make a b
veth a n3 10.9.1.1/24 b n3 10.9.1.2/24
warnings() { grep -c "$(ns a)/n3 has an XDP program ($1): what it takes or sends is not seen at TC; watch the other end" "$TMP/flows.err" || true; }
warned() { [ "$(warnings "$1")" -ge 1 ]; }
# attach NAME: an XDP program at n3; its process is PROGRAM
attach() {
	spawn xdp in_ns a "$XDP" n3 "$1"
	PROGRAM=$PID
	wait_for 30 grep -q attached "$TMP/xdp.log"
}
detach() {
	kill "$PROGRAM"
	wait_for 30 gone "$PROGRAM"
}

snapshot_before
note "none"
check_exit "flows" 0 "$TEIDE" flows -i "$(ns a)/n3" --once
check_eq "warnings" "$(grep -c XDP "$TMP/err" || true)" 0

note "one that is there at the start, another that comes"
attach first_one
start_split flows "$TEIDE" flows -o json -i "$(ns a)/n3" -i "$(ns b)/n3"
teide=$PID
wait_for 30 warned first_one
detach
attach second_one
wait_for 60 warned second_one
stop "$teide"
check_eq "exit" "$STATUS" 0
check_eq "warnings of the first" "$(warnings first_one)" 1
check_eq "warnings of the second" "$(warnings second_one)" 1
check_eq "warnings of the other end" "$(grep -c "$(ns b)/n3 has an XDP" "$TMP/flows.err" || true)" 0

note "doctor"
printf 'probes:\n  flow:\n    interfaces: %s/n3, %s/n3\n' "$(ns a)" "$(ns b)" >"$TMP/teide.yaml"
"$TEIDE" doctor -c "$TMP/teide.yaml" -o json >"$TMP/report" 2>"$TMP/err" || true
get() { jq -r --arg id "$1" --arg key "$2" 'first(.checks[] | select(.id == $id)) | .[$key] // "none"' "$TMP/report"; }
check_eq "state" "$(get "interface.ingress $(ns a)/n3" state)" limited
check_match "what it says" "$(get "interface.ingress $(ns a)/n3" detail)" "has an XDP program \(second_one\)"
check_match "what to do" "$(get "interface.ingress $(ns a)/n3" "do")" "watch the other end"
check_eq "the other end" "$(get "interface.ingress $(ns b)/n3" state)" ok
detach
assert_nothing_left
