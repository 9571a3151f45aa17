#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who begins to send is on the list at once. Collections are a minute apart here, so that the list cannot
# have it from one: the packet itself must have told.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need ip jq python3

netns_make gnb upf gnb2 upf2 gnb3 upf3
veth gnb n3 10.93.1.1/24 upf n3 10.93.1.2/24
veth gnb2 n3 10.93.1.1/24 upf2 n3 10.93.1.2/24
veth gnb3 n3 10.93.1.1/24 upf3 n3 10.93.1.2/24
start server "$TEIDE" server --listen 127.0.0.1:0 --data "$TMP/server"
server=$PID
# run_with EVIDENCE: the service, by what evidence
run_with() {
	cat >"$TMP/teide.yaml" <<EOF
run: { probes: [flow], collect_interval: 60s }
probes: { flow: { interfaces: [ $(ns gnb)/n3, $(ns upf2)/n3, $(ns gnb3)/n3 ] } }
sched: { evidence: [ $1 ] }
api:
  url: $(sed -n 's/^listening on //p' "$TMP/server.log")
  interval: 1s
  public_key_path: $TMP/server/public_key.pem
EOF
	start run "$TEIDE" run -c "$TMP/teide.yaml"
	run=$PID
}
run_with 'socket, sender, peer, tun'

# task NAME NETNS COMM PORT [LOCAL_PORT]: sends from there whenever it is told who.
task() { spawn_told "$1" in_ns "$2" python3 "$TESTS/e2e/sending_task.py" "$3" 10.93.1.2 "${@:4}"; }
# send NAME WHO: TID is who sent
send() {
	tell "$1" "$2"
	TID=$(tail -n 1 "$TMP/$1.log")
}
boosted() { "$TEIDE" sched show -c "$TMP/teide.yaml" -o json | jq -es "any(.[]; .priority and .pid == $1)" >/dev/null; }

task other gnb upf 2152
send other main
other=$TID
task wrong_port gnb nr-gnb 2153
send wrong_port main
wrong_port=$TID
task gnb gnb nr-gnb 2152
send gnb main
leader=$TID
wait_for 30 boosted "$leader"
send gnb thread
wait_for 30 boosted "$TID"
check_match "the threads are of one process" "$(ls "/proc/$leader/task")" "$TID"

# Where the UPF's end alone is watched, the packet brings along the socket that sent it.
task gnb2 gnb2 nr-gnb 2152 2152
send gnb2 main
wait_for 30 boosted "$TID"

# The first packet to an address waits until that is resolved, and then softirq sends it.
task gnb3 gnb3 nr-gnb 2152 2152
send gnb3 main
wait_for 30 boosted "$TID"
for pid in "$other" "$wrong_port"; do
	boosted "$pid" && fail "a strategy for process $pid"
done

stop "$run"
check_eq "exit status of teide run" "$STATUS" 0

# Where sending alone does not suffice, it still has what does looked for.
run_with socket
task gnb4 gnb nr-gnb 2152 2152
send gnb4 main
wait_for 30 boosted "$TID"
boosted "$leader" && fail "a strategy for process $leader, which holds no socket of N3"
stop "$run"
stop "$server"
