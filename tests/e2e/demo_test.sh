#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ./demo shows tunnels and strategies, ends by itself, and leaves nothing, also when it is ended early.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need ip bpftool
unset TEIDE_HOST_PIDS # the demo has to see to it by itself in a PID namespace, as in a container

section() { sed -n "/^$1\\./,/^$2\\./p" "$TMP/demo.log"; }
shown() { grep -q "^$1\\." "$TMP/demo.log"; }
threads() { awk -v name="$1" '$2 == name && $3 == "yes"' <<<"$strategies" | wc -l; }

snapshot_before
note "to its end"
"$TESTS/../demo" --duration 12 >"$TMP/demo.log" 2>&1 || fail "demo: exit $?: $(tail -n 20 "$TMP/demo.log")"
view=$(section 3 4)
for tunnel in 'in  *0x00010001  *9  *10.100.1.2 > 10.100.1.1' 'in  *0x00010002  *9 ' \
	'out  *0x00020001  *9  *10.100.1.1 > 10.100.1.2' 'out  *0x00020002  *9 '; do
	grep -qE "demo-upf/n3 $tunnel" <<<"$view" || fail "the live view lacks the tunnel $tunnel: $view"
done
check_match "an inner flow" "$view" '0x0001000[12] +9 +(tcp|udp) +[^ ]+ > '
check_eq "views in it" "$(grep -c " at the interfaces watched$" <<<"$view")" 1
check_match "the ledger" "$view" 'ledger: flow ingress demo-upf/n3: seen='
strategies=$(section 4 6)
check_ge "strategies for nr-gnb" "$(threads nr-gnb)" 2
check_ge "strategies for nr-ue" "$(threads nr-ue)" 4
check_match "how many there were" "$(<"$TMP/demo.log")" 'with priority at the server, before: ([6-9]|[1-9][0-9])'
check_match "they are taken back" "$(<"$TMP/demo.log")" 'with priority at the server, after: 0'
check_match "what stays" "$(<"$TMP/demo.log")" 'make clean'

assert_nothing_left

note "beside labs that are there already"
at_exit "$TEIDE" lab down
at_exit "$TEIDE" lab down --name demo
"$TEIDE" lab up >/dev/null
"$TEIDE" lab up --name demo >/dev/null
check_exit "a lab of that name" 1 "$TESTS/../demo" --duration 10
check_match "the way out" "$(<"$TMP/err")" "lab down --name demo ends it"
"$TEIDE" lab status --name demo >/dev/null || fail "the demo has ended a lab that is not its own"
"$TEIDE" lab down --name demo >/dev/null
"$TESTS/../demo" --duration 10 >"$TMP/beside.log" 2>&1 || fail "beside a lab: $(tail -n 20 "$TMP/beside.log")"
"$TEIDE" lab status >/dev/null || fail "the demo has ended the lab 'teide'"
"$TEIDE" lab down >/dev/null
assert_nothing_left

note "ended early"
spawn demo "$TESTS/../demo" --duration 60
wait_for 60 shown 4
stop "$PID" TERM
check_eq "exit status" "$STATUS" 143
assert_nothing_left

check_exit "a duration that is none" 2 "$TESTS/../demo" --duration soon
check_exit "an unknown option" 2 "$TESTS/../demo" --fast
check_match "it is named" "$(<"$TMP/err")" "no option '--fast'"
