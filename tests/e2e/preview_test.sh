#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide sched preview beside a live lab: the threads that a fixed strategy would boost, whom the adaptive
# one would and why, with figures; and the server that it would send them to hears nothing.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need ip jq

snapshot_before
"$TEIDE" lab up --ues 1 >"$TMP/up.log"
at_exit "$TEIDE" lab down
"$TEIDE" lab status -o json >"$TMP/lab.json"
gnb=$(jq '.gnbs[0].pid' "$TMP/lab.json")
ue=$(jq '.ues[0].pid' "$TMP/lab.json")

start server "$TEIDE" server --listen 127.0.0.1:0 --data "$TMP/server"
server=$PID
cat >"$TMP/teide.yaml" <<EOF
probes:
  flow:
    interfaces: [teide-gnb1/n3]
api:
  url: $(sed -n 's/^listening on //p' "$TMP/server.log")
  public_key_path: $TMP/server/public_key.pem
sched:
  rules:
    - comm=nr-ue execution_time=3ms
EOF
preview() { "$TEIDE" sched preview -c "$TMP/teide.yaml" -o json "$@" 2>"$TMP/preview.err" >"$TMP/preview"; }
said() { jq -r "select(.event == \"process\" and .pid == $1) | $2" "$TMP/preview"; }
strategies() { jq -r "select(.event == \"strategy\" and .tgid == $1) | $2" "$TMP/preview"; }
threads() { find "/proc/$1/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | tr '\n' ' '; }
proposed() { strategies "$1" .pid | sort -n | tr '\n' ' '; }

preview || { cat "$TMP/preview.err"; fail "preview: exit $?"; }
for pid in "$gnb" "$ue"; do
	check_eq "threads of $pid, fixed" "$(proposed "$pid")" "$(threads "$pid")"
done
check_eq "time of nr-gnb" "$(strategies "$gnb" .execution_time | sort -u)" 20000000
check_eq "time of nr-ue, by its rule" "$(strategies "$ue" .execution_time | sort -u)" 3000000

# Traffic at the gNB's N3. What counts as waiting is set so that nothing hangs on this machine's load.
spawn traffic "$TEIDE" lab traffic --duration 120 --rate 100 --download 0
traffic=$PID
adaptive() { preview --set sched.strategy=adaptive --set sched.adaptive.confirm=1 "$@"; }
sees_traffic() {
	adaptive --set sched.adaptive.min_wait=1h &&
		[ "$(said "$gnb" '.packets_per_s >= 10 and .waits > 0 and .schedulable >= 0')" = true ]
}
wait_for 30 sees_traffic
check_eq "a boost that cannot pay" "$(said "$gnb" '"\(.boosted): \(.why)"')" \
	'false: hardly waits for a CPU: a boost cannot pay'
check_eq "strategies of anybody" "$(jq -s 'map(select(.event == "strategy")) | length' "$TMP/preview")" 0

# A preview whose last interval had no wait says that the boost goes on.
would_boost() {
	adaptive --set sched.adaptive.min_wait=0s &&
		[ "$(said "$gnb" '"\(.boosted): \(.why)"')" = 'true: has traffic and waits for a CPU' ]
}
wait_for 60 would_boost
check_eq "threads of nr-gnb, adaptive" "$(proposed "$gnb")" "$(threads "$gnb")"
check_eq "its time: the least, doubled some times, or 20 ms" "$(strategies "$gnb" \
	'.execution_time as $t | $t == 20000000 or
	([range(8) | 100000 * pow(2; .)] | any(. == $t))' | sort -u)" true
# Its link is not watched: how much it sends is not known, which is not the same as nothing.
check_eq "a UE whose link is not watched" "$(said "$ue" '"\(.why) \(.packets_per_s)"')" \
	'not seen to send: is its interface watched? null'
"$TEIDE" sched preview -c "$TMP/teide.yaml" --set sched.strategy=adaptive >"$TMP/text" 2>"$TMP/preview.err"
check_match "its figure in the text" "$(cat "$TMP/text")" "$ue +nr-ue +[0-9]+ +\? "
check_match "that of the gNB" "$(cat "$TMP/text")" "$gnb +nr-gnb +[0-9]+ +[0-9]+ "
# A busy machine may send little in one interval.
sees_ue() {
	adaptive --set sched.adaptive.min_wait=1h --set probes.flow.interfaces=teide-gnb1/n3,teide-ue1/rls &&
		[ "$(said "$ue" '.packets_per_s > 10')" = true ]
}
wait_for 60 sees_ue

"$TEIDE" sched preview -c "$TMP/teide.yaml" --duration 0.2 >"$TMP/text" 2>"$TMP/preview.err"
check_match "the text form" "$(cat "$TMP/text")" "$gnb +nr-gnb .* boost +20.000 ms +known by its name"
check_match "the last line" "$(tail -n 1 "$TMP/text")" \
	'^fixed: [0-9]+ threads of [0-9]+ processes; nothing was done$'
check_exit "a rule that cannot be" 2 "$TEIDE" sched preview -c "$TMP/teide.yaml" \
	--set "sched.rules=name=nr-gnb"
check_match "what it says" "$(cat "$TMP/err")" 'sched.rules.*there are comm, netns, pod, upf'

check_eq "strategies at the server" "$("$TEIDE" sched show -c "$TMP/teide.yaml" -o json)" ''
stop "$traffic" INT
stop "$server"
"$TEIDE" lab down >/dev/null
assert_nothing_left
