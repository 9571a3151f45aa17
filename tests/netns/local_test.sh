#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Strategies by this kernel's own scheduler, read back by ps and chrt: on every thread and no child, put
# back on withdrawal, at the end, and after kill -9; what somebody else set meanwhile stays.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need ip tc jq python3 chrt ps

NAME=tt-boosted
cat >"$TMP/scene.py" <<-'END'
	# A main thread, one at nice 5, one more for each SIGUSR1, a child for each SIGUSR2.
	import ctypes, os, signal, subprocess, threading, time
	ctypes.CDLL(None).prctl(15, b"tt-boosted", 0, 0, 0)
	os.setpriority(os.PRIO_PROCESS, 0, 0)
	def thread(nice):
	    def main():
	        if nice:
	            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
	        threading.Event().wait()
	    threading.Thread(target=main, daemon=True).start()
	signal.signal(signal.SIGUSR1, lambda *_: thread(0))
	signal.signal(signal.SIGUSR2, lambda *_: subprocess.Popen(["sleep", "600"]))
	thread(5)
	while True:
	    time.sleep(600)
END
scene() {
	spawn scene python3 "$TMP/scene.py"
	scene=$PID
	wait_for 10 scene_ready
}
scene_ready() { grep -qx "$NAME" "/proc/$scene/comm" && [ "$(levels)" = "TS:0 TS:5" ]; }
# The class and nice level or real-time priority of each thread, by ps.
levels() { ps -L -o cls= -o ni= -o rtprio= -p "$scene" | awk '{ print $1 ":" ($1 == "TS" ? $2 : $3) }' | sort | tr '\n' ' ' | sed 's/ $//'; }
levels_are() { [ "$(levels)" = "$1" ]; }
# What only sched_getattr tells, asked for by python: slice and flags.
attr() {
	python3 - "$1" <<-'END'
		import ctypes, struct, sys
		a = ctypes.create_string_buffer(48)
		assert ctypes.CDLL(None).syscall(315, int(sys.argv[1]), a, 48, 0) == 0
		print("slice=%d reset=%d" % (struct.unpack_from("Q", a, 24)[0], struct.unpack_from("Q", a, 8)[0] & 1))
	END
}
sched() { "$TEIDE" sched "$@" --set "sched.names=$NAME" --set sched.evidence=name --set sched.backend=local; }
run_local() { # run_local NAME [LINES]
	cat >"$TMP/teide.yaml" <<-END
		run: { probes: [], collect_interval: 100ms }
		sched: { names: [$NAME], evidence: [name], backend: local }
		local: { slice: 1ms }
		$2
	END
	start "$1" "$TEIDE" run -c "$TMP/teide.yaml"
	run=$PID
}
# Linux takes slices since 6.12.
has_slices() { [[ $(attr $$) != slice=0* ]]; }

netns_make a b
veth a v0 10.1.0.1/24 b v1 10.1.0.2/24
snapshot_before
scene
plain=$(attr "$scene")

note "preview says who and why, and does nothing"
sched preview -o json >"$TMP/preview"
check_eq "who" "$(jq -c "select(.event == \"process\" and .pid == $scene) | [.chosen, (.evidence | keys)]" \
	"$TMP/preview")" '[true,["name"]]'
check_eq "threads" "$(jq "select(.event == \"strategy\" and .tgid == $scene) | .pid" "$TMP/preview" | wc -l)" 2
check_match "as text" "$(sched preview | grep " $scene .* known by")" 'boost .* known by its name and by evidence: name'
check_eq "levels" "$(levels)" "TS:0 TS:5"

note "apply stays, on each thread, not on a child; withdraw puts back"
sched apply --set local.slice=1ms >"$TMP/apply"
check_match "what it says" "$(cat "$TMP/apply")" '^2 threads of 1 process are boosted'
check_eq "levels" "$(levels)" "TS:-10 TS:-10"
check_match "as chrt has it" "$(chrt -p "$scene")" 'SCHED_OTHER\|SCHED_RESET_ON_FORK'
if has_slices; then check_eq "attributes" "$(attr "$scene")" "slice=1000000 reset=1"; fi
check_eq "sched show" "$(sched show -o json | jq -c '[.state, .boost.nice, .before.nice]' | sort | tr '\n' ' ')" \
	'["boosted",-10,0] ["boosted",-10,5] '
kill -USR2 "$scene"
wait_for 10 pgrep -P "$scene"
child=$(pgrep -P "$scene")
check_eq "the child's level" "$(ps -o ni= -p "$child" | tr -d ' ')" 0
check_verified "clean --verify before"
check_match "what it found" "$(cat "$TMP/out")" "thread $scene of $scene: nice -10( slice [0-9.]+ ms)?, had nice 0"
check_eq "levels after clean" "$(levels)" "TS:0 TS:5"
sched apply >/dev/null
sched apply >/dev/null
sched withdraw >"$TMP/withdraw"
check_match "what it says" "$(cat "$TMP/withdraw")" '^2 threads put back'
check_eq "levels" "$(levels)" "TS:0 TS:5"
check_eq "attributes" "$(attr "$scene")" "$plain"
kill "$child"

note "a record of another PID namespace: not read there, and not lost"
sched apply >/dev/null
check_exit "clean --verify in another one" 1 unshare --pid --fork --kill-child --mount-proc "$TEIDE" clean --verify
check_match "what it says" "$(cat "$TMP/out")" 'boosts[.0-9]*: of another PID namespace'
check_eq "levels" "$(levels)" "TS:-10 TS:-10"
sched withdraw >/dev/null
check_eq "levels after withdraw here" "$(levels)" "TS:0 TS:5"

note "another user's process of the name counts where the configuration names the user"
cp "$TMP/scene.py" "$TMP/other.py"
chmod 755 "$TMP"
spawn other setpriv --reuid 65534 --regid 65534 --clear-groups python3 "$TMP/other.py"
other=$PID
wait_for 10 grep -qx "$NAME" "/proc/$other/comm"
other_levels() { ps -L -o ni= -p "$other" | sort -u | tr -d ' \n'; }
sched apply >/dev/null
check_eq "levels of root's" "$(levels)" "TS:-10 TS:-10"
check_match "levels of the other user's" "$(other_levels)" '^(0|05)$'
check_match "preview says why" "$(sched preview | grep " $other ")" 'its user is not in sched.users'
sched apply --set sched.users=root,65534 >/dev/null
check_eq "levels with the user named" "$(other_levels)" "-10"
sched apply --set "sched.rules=user=65534" >/dev/null
check_eq "levels with a rule for the user" "$(other_levels)" "-10"
sched withdraw >/dev/null
stop "$other"

note "SCHED_RR where asked for; the literal 20 ms"
sched apply --set local.policy=rr >/dev/null
check_eq "levels" "$(levels)" "RR:1 RR:1"
sched apply --set local.literal_slice=true >/dev/null
check_eq "levels" "$(levels)" "TS:-10 TS:-10"
if has_slices; then check_eq "attributes" "$(attr "$scene")" "slice=20000000 reset=1"; fi
sched withdraw >/dev/null
check_eq "levels" "$(levels)" "TS:0 TS:5"

note "the service: a new thread too; what somebody else sets stays; all is put back at the end"
run_local service ""
wait_for 10 levels_are "TS:-10 TS:-10"
kill -USR1 "$scene"
wait_for 10 levels_are "TS:-10 TS:-10 TS:-10"
check_exit "apply meanwhile" 1 sched apply
check_match "what it says" "$(cat "$TMP/err")" 'another teide boosts'
check_exit "withdraw meanwhile" 1 sched withdraw
check_exit "clean --verify meanwhile" 1 "$TEIDE" clean --verify
check_match "what it says" "$(cat "$TMP/out")" 'in use by a teide that runs'
check_exit "clean meanwhile" 0 "$TEIDE" clean
check_eq "levels" "$(levels)" "TS:-10 TS:-10 TS:-10"
renice -n -3 -p "$scene" >/dev/null
wait_for 10 grep -q "such as $scene, was set by another program" "$TMP/service.log"
stop "$run"
check_eq "exit status" "$STATUS" 0
check_eq "levels after the end" "$(levels)" "TS:-3 TS:0 TS:5"
renice -n 0 -p "$scene" >/dev/null

note "kill -9: clean puts back, and so does the next start"
run_local killed ""
wait_for 10 levels_are "TS:-10 TS:-10 TS:-10"
stop "$run" KILL
check_eq "levels of a killed run" "$(levels)" "TS:-10 TS:-10 TS:-10"
check_verified "clean --verify"
check_eq "found" "$(jq -r 'select(.when == "before" and .kind != "probe") | .kind' "$TMP/out" | sort | uniq -c | tr -s ' \n' ' ')" ' 3 boost 1 file '
check_eq "levels" "$(levels)" "TS:0 TS:0 TS:5"
run_local killed2 ""
wait_for 10 levels_are "TS:-10 TS:-10 TS:-10"
stop "$run" KILL
sed -i 's/backend: local/backend: gthulhu/' "$TMP/teide.yaml"
check_exit "a start that has no server's key" 1 "$TEIDE" run -c "$TMP/teide.yaml"
check_match "what it says" "$(cat "$TMP/err")" '3 threads, which a killed teide .* put back'
check_eq "levels" "$(levels)" "TS:0 TS:0 TS:5"

note "auto: here while no API server answers, there once one does, here again when it has gone"
start make "$TEIDE" server --listen 127.0.0.1:0 --data "$TMP/server"
url=$(sed -n 's/^listening on //p' "$TMP/make.log")
stop "$PID"
run_local auto "api: { url: \"$url\", interval: 1s, public_key_path: $TMP/server/public_key.pem }"
check_eq "levels with backend local" "$(levels)" "TS:-10 TS:-10 TS:-10"
stop "$run"
sed -i 's/backend: local/backend: auto/; s/local: {/local: { enabled: true,/' "$TMP/teide.yaml"
spawn auto "$TEIDE" run -c "$TMP/teide.yaml"
run=$PID
wait_for 30 levels_are "TS:-10 TS:-10 TS:-10"
spawn server "$TEIDE" server --listen "${url#http://}" --data "$TMP/server"
server=$PID
wait_for 60 levels_are "TS:0 TS:0 TS:5"
there() { "$TEIDE" sched show -c "$TMP/teide.yaml" -o json | grep "\"pid\":$scene,.*\"priority\":true"; }
wait_for 30 there
stop "$server"
wait_for 30 levels_are "TS:-10 TS:-10 TS:-10"
stop "$run"
check_eq "levels after the end" "$(levels)" "TS:0 TS:0 TS:5"
# What the server may hold is on record until the server is there again.
check_exit "withdraw while the server is away" 1 "$TEIDE" sched withdraw
check_match "what it says" "$(cat "$TMP/err")" "Failed to connect.*; what it may hold stays on record in [^ ]*; if the server is gone for good, remove that file"
start again "$TEIDE" server --listen "${url#http://}" --data "$TMP/server"
"$TEIDE" sched withdraw >/dev/null
stop "$PID"
"$TEIDE" sched withdraw >/dev/null

note "the lab: each thread of the gNBs and UEs, and no other of all that there are"
"$TEIDE" lab up --ues 3 --gnbs 2 >"$TMP/up.log"
at_exit "$TEIDE" lab down
"$TEIDE" lab status -o json >"$TMP/lab.json"
for pid in $(jq '.ues[].pid, .gnbs[].pid' "$TMP/lab.json"); do ls "/proc/$pid/task"; done | sort -n >"$TMP/wanted"
# The right name with nothing of 5G about it, and the name in the arguments alone.
spawn decoy_name python3 -c 'import ctypes, time; ctypes.CDLL(None).prctl(15, b"nr-gnb", 0, 0, 0); time.sleep(600)'
decoy_name=$PID
spawn decoy_argument bash -c 'exec -a "nr-gnb -c config" sleep 600'
decoy_argument=$PID
wait_for 10 grep -qx nr-gnb "/proc/$decoy_name/comm"
"$TEIDE" sched apply >"$TMP/apply"
check_eq "threads at nice -10" "$(ps -eL -o tid= -o ni= | awk '$2 == -10 { print $1 }' | sort -n)" "$(cat "$TMP/wanted")"
"$TEIDE" sched withdraw >/dev/null
check_eq "threads at nice -10 after that" "$(ps -eL -o ni= | awk '$1 == -10')" ""
stop "$decoy_name"
stop "$decoy_argument"
"$TEIDE" lab down >/dev/null

note "clean: the clsact filter of a killed run goes, one of others and one in use stay"
filters() { in_ns b tc filter show dev v1 ingress | grep -o 'handle 0x[0-9a-f]* .*teide[^ ]*' || true; }
attached() { [ -n "$(filters)" ]; }
flows() { spawn "$1" "$TEIDE" flows -i "$(ns b)/v1" --set probes.flow.tc=clsact; }
flows killed_flows
killed=$PID
wait_for 30 attached
check_exit "clean while it runs" 0 "$TEIDE" clean
attached || fail "clean took a filter that is in use"
check_exit "clean --verify while it runs" 1 "$TEIDE" clean --verify
stop "$killed" KILL
attached || fail "the filter of a killed run has gone by itself: nothing to clean"
check_verified "clean --verify"
check_eq "what it found" "$(jq -r 'select(.when == "before" and .kind == "filter") | .what' "$TMP/out")" "2 on $(ns b)/v1"
check_eq "filters" "$(filters)" ""
check_eq "qdisc" "$(in_ns b tc qdisc show dev v1 clsact)" ""
in_ns b tc qdisc add dev v1 clsact
spawn foreign in_ns b "${BUILD:?}/tests/netns/tc_foreign" v1 ingress 9
foreign=$PID
wait_for 10 grep -q attached "$TMP/foreign.log"
flows killed_again
killed=$PID
wait_for 30 attached
stop "$killed" KILL
check_verified "clean --verify beside a foreign filter"
check_eq "filters" "$(filters)" ""
check_eq "the foreign filter" "$(in_ns b tc filter show dev v1 ingress | grep -c 'pref 9 .*handle')" 1
stop "$foreign"

note "clean: sockets and files that nobody is behind"
python3 -c '
import socket, os
for name in ("release-1-ab", ".999999"):
    socket.socket(socket.AF_UNIX).bind("/run/teide/" + name)'
check_verified "clean --verify"
check_eq "files" "$(find /run/teide -mindepth 1)" ""

stop "$scene"
assert_nothing_left
