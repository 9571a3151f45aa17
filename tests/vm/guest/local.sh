#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide's local back end on the lab's gNB, read back by ps, chrt and /proc/PID/sched. What the kernel was
# seen to have is in /out/seen.
. "$TESTS/lib.sh"

snapshot_before
"$TEIDE" lab up
gnb=$(ps -C nr-gnb -o pid= | tr -d ' ')
threads=$(find "/proc/$gnb/task" -mindepth 1 -maxdepth 1 | wc -l)
seen=''
levels() { ps -L -o cls= -o ni= -o rtprio= -p "$gnb" | sort | uniq -c | tr -s ' \n' ' '; }
levels_are() { [ "$(levels)" = " $threads $1 " ]; }
slice() { sed -n 's/^se.slice *: *//p' "/proc/$gnb/sched"; }
plain=$(slice)
check_levels() { levels_are "$2" || fail "$1: levels are '$(levels)', of $threads threads"; }

"$TEIDE" sched apply --set local.slice=1ms
check_levels apply 'TS -10 -'
check_match "as chrt has it" "$(chrt -p "$gnb")" 'SCHED_OTHER\|SCHED_RESET_ON_FORK'
if [ "$(slice)" = 1000000 ]; then seen=slices; else check_eq "slice" "$(slice)" "$plain"; fi
"$TEIDE" sched withdraw
check_levels withdraw 'TS 0 -'
check_eq "slice after that" "$(slice)" "$plain"
"$TEIDE" sched apply --set local.policy=rr
check_levels rr 'RR - 1'
check_exit "clean --verify" 0 "$TEIDE" clean --verify
check_levels clean 'TS 0 -'

run_local() {
	TEIDE_SCHED_BACKEND=local TEIDE_RUN_PROBES='' start "$1" "$TEIDE" run "${@:2}"
	run=$PID
}
run_local killed
wait_for 60 levels_are 'TS -10 -'
stop "$run" KILL
check_levels 'a killed run' 'TS -10 -'
check_exit "clean --verify" 0 "$TEIDE" clean --verify
check_levels 'clean after kill -9' 'TS 0 -'

echo "$seen" >/out/seen
"$TEIDE" lab down
assert_nothing_left
