#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The first operator's input: what a tracer prints, from a file, from standard input, and from the kernel's own
# trace_pipe, wherever that is mounted, and with another reader holding it. The kernel's trace_pipe has the kernel's
# own numbers of tasks, so this test runs with the machine's PIDs.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need jq python3
PRINTER=${BUILD:?}/tests/e2e/trace_printer

snapshot_before
# printer NAME COMM: prints what it is told; nothing of 5G about it but its name.
printer() { spawn_told "$1" "$PRINTER" "$2"; }
printer gnb nr-gnb
gnb=$PID
printer ue nr-ue
ue=$PID
printer mute nr-gnb
mute=$PID
printer other upf
other=$PID
tell gnb 'thread text of a thread'
thread=$(find "/proc/$gnb/task" -mindepth 1 -maxdepth 1 ! -name "$gnb" -printf "%f\n")

# preview ARGUMENT...: which of the processes above would be boosted, by pid
preview() {
	"$TEIDE" sched preview -o json "$@" >"$TMP/preview" 2>"$TMP/preview.err" || fail "preview $*"
	jq "select(.event == \"strategy\") | .tgid" "$TMP/preview" | sort -nu |
		{ grep -Ex "0|$gnb|$ue|$mute|$other" || true; }
}
at='34202.967772: bpf_trace_printk:'

# The four forms, each alone, and lines that must not count: the idle task, another tracer's, a name that is
# only mentioned, a process that is no more.
form() { # form WHAT LINE WANTED...
	printf '%s\n' "$2" >"$TMP/lines"
	check_eq "$1" "$(preview -d 0.3 --input "$TMP/lines" | xargs)" "${*:3}"
}
form 'TGID=' "nr-gnb-$thread [005] ..s21 $at fentry/gtp5g_encap_recv: PID=$thread, TGID=$gnb, CPU=5" "$gnb"
form 'nr-gnb-TID' "nr-gnb-$thread [005] ..s21 $at fentry/gtp5g_encap_recv: DEV=n3" "$gnb"
form 'pid=N (NAME)' "<idle>-0 [005] d.h51 $at enqueue: pid=$ue (nr-ue)" "$ue"
form 'PID=' "<idle>-0 [005] d.h51 $at fentry/x: PID=$ue" "$ue"
form 'the idle task' "<idle>-0       [001] b.s31 $at fentry/gtp5g_handle_skb_ipv4: PID=0, TGID=0, CPU=1"
form 'another tracer' "nr-gnb-$gnb [005] ..s21 $at opening /etc/passwd"
form 'another event' "nr-gnb-$gnb [005] d..2. 34202.9: sched_switch: prev_comm=nr-gnb prev_pid=$gnb"
form 'a name in the wrong place' "upf-$other [005] ..s21 $at fentry/x: nr-gnb-$gnb and $mute (nr-gnb)"
form 'a name that is not its own' "<idle>-0 [005] d.h51 $at enqueue: pid=$other (nr-gnb)"
form 'a process that is no more' "nr-gnb-4194304 [005] ..s21 $at fentry/x: TGID=4194304"
check_eq 'standard input' "$(printf 'nr-ue-%s [004] d..31 %s stop: pid=%s (nr-ue)' "$ue" "$at" "$ue" |
	preview -d 0.3 --input - | xargs)" "$ue"
check_eq 'what it says of why' "$(jq -c "select(.event == \"process\" and .pid == $ue) |
	[.chosen, (.evidence | keys)]" "$TMP/preview")" '[true,["name","trace_pipe"]]'
check_eq 'without it' "$(preview -d 0.3)" ''
check_exit 'a file that is not there' 1 "$TEIDE" sched preview --input "$TMP/none"
check_match 'what it says' "$(cat "$TMP/err")" "$TMP/none: No such file"

# In a PID namespace of its own teide would take a process for another: it refuses.
check_exit 'a PID namespace of its own' 3 unshare --pid --fork --mount-proc "$TEIDE" trace --probe trace_pipe --once
check_match 'what it says' "$(cat "$TMP/err")" "names tasks by the host's PIDs.*hostPID: true"

# Each line is accounted for.
{
	printf 'nr-gnb-%s [005] ..s21 %s fentry/x: y\n' "$gnb" "$at" 4194304 "$at"
	printf '# tracer: nop\n<idle>-0 [1] b.s31 %s fentry/x: y\nbash-1 [1] b.s31 %s other\n' "$at" "$at"
	printf 'CPU:3 [LOST 7 EVENTS]\nrubbish\n%05000d\n' 0
} >"$TMP/lines"
"$TEIDE" trace --probe trace_pipe --set "probes.trace_pipe.input=$TMP/lines" --once -o json >"$TMP/trace"
check_eq "the ledger of tasks" "$(jq -c 'select(.event == "ledger" and .where == "tasks") | .value' \
	"$TMP/trace" | xargs)" '2 1 1 0'
check_eq "the ledger" "$(jq -c 'select(.event == "ledger" and .where == "lines" and .value > 0) |
	[.name, .reason, .value]' "$TMP/trace" | xargs)" "$(printf '%s ' '[seen,null,8]' '[counted,null,2]' \
	'[skipped,idle,1]' '[skipped,other_tracer,1]' '[skipped,blank,1]' '[skipped,malformed,1]' \
	'[skipped,note_of_loss,1]' '[skipped,too_long,1]' '[lost,overwritten,7]' | xargs)"

# The kernel's own, in a service; first where no tracefs is mounted.
start server "$TEIDE" server --listen 127.0.0.1:0 --data "$TMP/server"
server=$PID
cat >"$TMP/teide.yaml" <<EOF
run: { probes: [] }
api:
  url: $(sed -n 's/^listening on //p' "$TMP/server.log")
  interval: 1s
  public_key_path: $TMP/server/public_key.pem
EOF
boosted() {
	"$TEIDE" sched show -c "$TMP/teide.yaml" -o json | jq 'select(.priority) | .pid' |
		{ grep -Ex "0|$gnb|$ue|$mute|$other" || true; } | sort -n | xargs
}
is_boosted() { [ "$(boosted)" = "$*" ]; }
serve_input() {
	start run "$TEIDE" run -c "$TMP/teide.yaml" --input trace_pipe
	run=$PID
}
findmnt -rn /sys/kernel/tracing >/dev/null && umount /sys/kernel/tracing
findmnt -rn /sys/kernel/debug >/dev/null && umount -R /sys/kernel/debug
check_exit 'no tracefs, and none to be had' 1 unshare --user --map-root-user "$TEIDE" trace --probe trace_pipe
check_match 'what it says' "$(cat "$TMP/err")" 'tracefs is not mounted: mount -t tracefs nodev /sys/kernel/tracing'
serve_input
wait_for 30 grep -q 'reading trace_pipe of a tracefs that is mounted nowhere' "$TMP/run.log"
tell other "main fentry/gtp5g_encap_recv: PID={tid}, TGID={tgid}, CPU=0"
tell other 'idle fentry/gtp5g_handle_skb_ipv4: PID=0, TGID=0, CPU=1'
tell ue 'main stop: pid={tgid} (nr-ue)'
tell gnb 'main fentry/gtp5g_encap_recv: DEV=n3'
wait_for 30 is_boosted "$(printf "%s\n" "$gnb" "$ue" | sort -n | xargs)"
stop "$run"
check_eq "exit status of teide run" "$STATUS" 0

# The idle task's lines have been there, and are told apart.
start trace "$TEIDE" trace --probe trace_pipe -o json
trace=$PID
tell other 'idle fentry/gtp5g_handle_skb_ipv4: PID=0, TGID=0, CPU=1'
stop "$trace"
if [ "$(tail -n 1 "$TMP/other.log")" = "done" ]; then
	check_ge "lines of the idle task" "$(grep '^{' "$TMP/trace.log" |
		jq 'select(.event == "ledger" and .reason == "idle") | .value')" 1
else
	note "no CPU was idle: lines of the idle task are those of the file above"
fi

# Mounted, in either place, and held by another reader: said once, and taken up when that has ended.
mount -t tracefs tracefs /sys/kernel/tracing
spawn holder cat /sys/kernel/tracing/trace_pipe
holder=$PID
held() { readlink "/proc/$holder/fd/3" | grep -q trace_pipe; }
wait_for 30 held
second=$(timeout 5 cat /sys/kernel/tracing/trace_pipe 2>&1) || true
if [[ $second == *busy* ]]; then
	serve_input
	wait_for 30 grep -q '/sys/kernel/tracing/trace_pipe: another program reads it' "$TMP/run.log"
	tell gnb 'main fentry/gtp5g_encap_recv: DEV=n3'
	wait_for 30 grep -q gtp5g_encap_recv "$TMP/holder.log"
	check_eq "strategies while another reads" "$(boosted)" ''
	stop "$holder"
	wait_for 30 grep -q 'reading /sys/kernel/tracing/trace_pipe' "$TMP/run.log"
	check_eq "lines about the other" "$(grep -c 'another program reads it' "$TMP/run.log")" 1
	tell gnb 'main fentry/gtp5g_encap_recv: DEV=n3'
	wait_for 30 is_boosted "$gnb"
	stop "$run"
else
	note "this kernel lets several read the trace_pipe"
	stop "$holder"
fi
umount /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
spawn trace "$TEIDE" trace --probe trace_pipe -o json
trace=$PID
wait_for 30 grep -q 'trace_pipe: /sys/kernel/debug/tracing/trace_pipe by text' "$TMP/trace.log"
stop "$trace"
check_eq "exit status of teide trace" "$STATUS" 0

stop "$server"
for pid in "$gnb" "$ue" "$mute" "$other"; do kill "$pid"; done
assert_nothing_left
