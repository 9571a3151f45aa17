#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The service in bad company: no interfaces to watch, a server that comes late, an output that nobody
# reads, a lab that goes and comes back, a server that does not answer at the end.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need jq

snapshot_before
lab=ttrun$$
"$TEIDE" lab up --name "$lab" >"$TMP/up.log"
at_exit "$TEIDE" lab down --name "$lab"

serve() { # serve ADDRESS
	start server "$TEIDE" server --listen "$1" --data "$TMP/server"
	server=$PID
	url=$(sed -n 's/^listening on //p' "$TMP/server.log")
}
config() { # config RUN INTERFACES
	cat >"$TMP/teide.yaml" <<EOF
run: { $1 }
probes: { flow: { interfaces: [ $2 ] } }
api: { url: "$url", interval: 1s, timeout: 60s, public_key_path: "$TMP/server/public_key.pem" }
EOF
}
wanted() {
	local pid
	for pid in $("$TEIDE" lab status --name "$lab" -o json | jq '.ues[].pid, .gnbs[].pid'); do
		ls "/proc/$pid/task"
	done | sort -n
}
stored() {
	"$TEIDE" sched show -c "$TMP/teide.yaml" -o json | jq 'select(.priority) | .pid' | sort -n
}
# Other labs of this machine may be in the list too.
complete() { [ -n "$(wanted)" ] && [ -z "$(comm -23 <(wanted | sort) <(stored | sort))" ]; }

# Nothing to watch and nobody to tell: said in a line each, and made up for when the server is there.
serve 127.0.0.1:0
stop "$server"
config 'probes: [flow]' ''
spawn run "$TEIDE" run -c "$TMP/teide.yaml"
run=$PID
wait_for 30 grep -q 'api: .*connect' "$TMP/run.log"
check_eq "lines about it" "$(grep -c 'by /proc alone' "$TMP/run.log")" 1
serve "${url#http://}"
wait_for 90 complete
stop "$run"
check_eq "exit status of teide run" "$STATUS" 0
check_eq "strategies after its end" "$(stored)" ''

# An output without a reader keeps no strategy from its server, and no service from its end.
config 'probes: [flow], output: json, events: all' "$lab-upf/n3"
mkfifo "$TMP/fifo"
spawn reader bash -c "exec sleep 600 <'$TMP/fifo'"
reader=$PID
"$TEIDE" run -c "$TMP/teide.yaml" >"$TMP/fifo" 2>"$TMP/stuck.log" &
run=$!
LIB_PIDS+=("$run")
wait_for 30 grep -q 'running' "$TMP/stuck.log"
"$TEIDE" lab traffic --name "$lab" --count 500 >"$TMP/traffic.log"
wait_for 60 grep -q 'standard output: its reader took nothing' "$TMP/stuck.log"
wait_for 30 complete

# The lab goes, and with it the strategies; another comes.
wanted >"$TMP/before"
"$TEIDE" lab down --name "$lab" >/dev/null
taken_back() { [ -z "$(comm -12 <(sort "$TMP/before") <(stored | sort))" ]; }
wait_for 30 taken_back
"$TEIDE" lab up --name "$lab" >"$TMP/up.log"
wait_for 30 complete

# A server that is there and does not answer: the end comes all the same, and it is no success.
freeze "$server"
stop "$run"
kill -CONT "$server"
check_eq "exit status when nothing could be withdrawn" "$STATUS" 1
check_match "what it says" "$(tail -n 1 "$TMP/stuck.log")" 'could not be withdrawn'

# The server may take the list back late. The record of it is left, by which clean takes back what the service could not.
# Another teide of the machine may run.
"$TEIDE" clean >"$TMP/clean.log" 2>&1 || true
check_match "clean names the server" "$(<"$TMP/clean.log")" "strategy .* at $url"
check_eq "strategies after clean" "$(stored)" ''

kill "$reader"
stop "$server"
"$TEIDE" lab down --name "$lab" >/dev/null
assert_nothing_left
