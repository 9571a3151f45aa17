#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The whole loop: the lab's traffic, teide run, teide server. Strategies for exactly the threads of
# nr-gnb and nr-ue, none for a process that merely carries the name, nor for one that was merely on the CPU
# when a packet came by; all taken back at the end.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need ip jq python3

snapshot_before
"$TEIDE" lab up --ues 3 --gnbs 2 >"$TMP/up.log"
at_exit "$TEIDE" lab down
"$TEIDE" lab status -o json >"$TMP/lab.json"

# Two decoys: the name only in the arguments, and the right name with nothing of 5G about it.
spawn decoy_argument bash -c 'exec -a "nr-gnb -c config" sleep 600'
decoy_argument=$PID
spawn decoy_name python3 -c '
import ctypes, time
ctypes.CDLL(None).prctl(15, b"nr-gnb", 0, 0, 0)
time.sleep(600)'
decoy_name=$PID
wait_for 60 grep -qx nr-gnb "/proc/$decoy_name/comm"

# And a bystander of that name: what it sends, a router forwards in softirq, while it is still the current
# task. At the router's egress, which is watched, it looks like GTP-U.
netns_make by rt far
veth by v0 10.93.2.1/24 rt v1 10.93.2.2/24
veth rt v2 10.93.3.1/24 far v3 10.93.3.2/24
in_ns rt sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip -n "$(ns by)" route add default via 10.93.2.2
spawn_told bystander in_ns by python3 "$TESTS/e2e/sending_task.py" nr-gnb 10.93.3.2 2152
bystander=$PID

serve() { # serve ADDRESS
	start server "$TEIDE" server --listen "$1" --data "$TMP/server"
	server=$PID
	url=$(sed -n 's/^listening on //p' "$TMP/server.log")
}
serve 127.0.0.1:0
cat >"$TMP/teide.yaml" <<EOF
run:
  probes: [flow]
probes:
  flow:
    interfaces: [teide-gnb1/n3, teide-gnb2/n3, teide-upf/n3, $(ns rt)/v2]
api:
  url: $url
  interval: 1s
  public_key_path: $TMP/server/public_key.pem
EOF
start run "$TEIDE" run -c "$TMP/teide.yaml"
run=$PID
"$TEIDE" lab traffic --count 200 >"$TMP/traffic.log"

# What /proc says the list must be: every thread of the lab's gNBs and UEs.
wanted() {
	local pid
	for pid in $(jq '.ues[].pid, .gnbs[].pid' "$TMP/lab.json"); do
		ls "/proc/$pid/task"
	done | sort -n
}
show() { "$TEIDE" sched show -c "$TMP/teide.yaml" -o json; }
stored() { show | jq 'select(.pid) | .pid' | sort -n; }
complete() { [ "$(stored)" = "$(wanted)" ]; }

check_eq "processes of the lab" "$(jq '[.ues[].pid, .gnbs[].pid] | length' "$TMP/lab.json")" 5
wait_for 30 complete
show >"$TMP/strategies.json"
check_eq "priority and time of each" \
	"$(jq -c 'select(.pid) | [.priority, .execution_time]' "$TMP/strategies.json" | sort -u)" \
	'[true,20000000]'
for decoy in "$decoy_argument" "$decoy_name" "$bystander"; do
	check_eq "strategies for decoy $decoy" \
		"$(jq "select(.pid == $decoy) | .pid" "$TMP/strategies.json")" ''
done

# What would be sent is what was, and why; of the bystander it is known what it is.
spawn_split preview "$TEIDE" sched preview -c "$TMP/teide.yaml" -o json -d 3
preview=$PID
while ! gone "$preview"; do
	echo main >"$TMP/bystander.in"
	sleep 0.1
done
wait "$preview"
previewed() { jq -c "select(.event == \"$1\")$2" "$TMP/preview.log"; }
check_eq "what would be sent" "$(previewed strategy .pid | sort -n)" "$(wanted)"
check_eq "who was interrupted" "$(previewed process "| select(.pid == $bystander) |
	[.chosen, (.evidence | keys)]")" '[false,["bystander","name"]]'
check_eq "who merely has the name" "$(previewed process "| select(.pid == $decoy_name) |
	[.chosen, (.evidence | keys)]")" '[false,["name"]]'
check_eq "who has it in the arguments" "$(previewed process "| select(.pid == $decoy_argument)")" ''
check_match "a gNB" "$(previewed process '| select(.netns == "teide-gnb1" and .comm == "nr-gnb")')" \
	'"chosen":true.*"socket"'
check_eq "left out" "$(previewed summary '| [.left_out[]] | add')" 0

"$TEIDE" sched preview -c "$TMP/teide.yaml" -d 0.5 >"$TMP/preview.txt" 2>"$TMP/preview.err"
check_match "in text" "$(tail -n 1 "$TMP/preview.txt")" \
	"^fixed: $(wanted | wc -l) threads of 5 processes; nothing was done$"
check_match "in text, why not" "$(cat "$TMP/preview.txt")" \
	"$decoy_name  nr-gnb  .*  -  .*has the name, but no evidence of sched.evidence: name"

# The server ends and comes back at the same address with nothing in memory: told again.
address=${url#http://}
stop "$server"
check_eq "exit status of the server" "$STATUS" 0
serve "$address"
wait_for 60 complete

# A UE that dies is taken off the list.
victim=$(jq '.ues[0].pid' "$TMP/lab.json")
kill -KILL "$victim"
jq 'del(.ues[0])' "$TMP/lab.json" >"$TMP/lab2.json" && mv "$TMP/lab2.json" "$TMP/lab.json"
wait_for 30 complete

stop "$run"
check_eq "exit status of teide run" "$STATUS" 0
check_eq "strategies with priority after the end" \
	"$(show | jq 'select(.pid and .priority) | .pid')" ''
stop "$server"
stop "$decoy_argument"
stop "$decoy_name"
stop "$bystander"
netns_remove by rt far
"$TEIDE" lab down >/dev/null
assert_nothing_left
