#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The service with the adaptive strategy: it runs the probe that measures waits by itself, boosts a gNB
# while it has traffic, and takes that back when the traffic ends. What counts as waiting is set so that
# nothing hangs on this machine's load.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need ip jq

snapshot_before
"$TEIDE" lab up --ues 1 >"$TMP/up.log"
at_exit "$TEIDE" lab down
gnb=$("$TEIDE" lab status -o json | jq '.gnbs[0].pid')

start server "$TEIDE" server --listen 127.0.0.1:0 --data "$TMP/server"
server=$PID
cat >"$TMP/teide.yaml" <<EOF
run:
  probes: [flow]
probes:
  flow:
    interfaces: [teide-gnb1/n3]
api:
  url: $(sed -n 's/^listening on //p' "$TMP/server.log")
  interval: 1s
  public_key_path: $TMP/server/public_key.pem
sched:
  strategy: adaptive
  adaptive:
    min_wait: 0s
    idle: 2s
EOF
start run "$TEIDE" run -c "$TMP/teide.yaml"
run=$PID
check_match "a probe that nobody named" "$(cat "$TMP/run.log")" 'runq: sched_wakeup'

boosted() { "$TEIDE" sched show -c "$TMP/teide.yaml" -o json | jq 'select(.priority) | .pid' | sort -n | xargs; }
wanted() { find "/proc/$gnb/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | xargs; }
all_boosted() { [ "$(boosted)" = "$(wanted)" ]; }
none_boosted() { [ -z "$(boosted)" ]; }
none_boosted || fail "boosted without traffic: $(boosted)"

spawn traffic "$TEIDE" lab traffic --duration 300 --rate 100 --download 0
traffic=$PID
wait_for 60 all_boosted
stop "$traffic" INT
wait_for 60 none_boosted

stop "$run"
check_eq "exit status of teide run" "$STATUS" 0
stop "$server"
"$TEIDE" lab down >/dev/null
assert_nothing_left
