#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# When programs do not load: one line with the program, the reason and the way out, the verifier's words in a file
# that the line names and that is for its user alone, and no reason that is not the one. doctor says it too.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need bpftool python3 setpriv prlimit unshare

snapshot_before

# one_line WHAT STATUS REGEX COMMAND...: its one line is in LINE.
one_line() {
	local what=$1 status=$2 regex=$3
	shift 3
	check_exit "$what" "$status" "$@"
	check_eq "lines about $what" "$(wc -l <"$TMP/err")" 1
	LINE=$(cat "$TMP/err")
	check_match "what is said about $what" "$LINE" "$regex"
}

# On a kernel that has nothing of what the programs read, as its BTF tells.
btf_of_another_kernel "$TMP/btf"
bpftool btf dump file "$TMP/btf" | grep -q "INT 'int'" || fail "bpftool does not read the BTF"
mkdir "$TMP/run"
elsewhere() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --propagation private sh -c \
		'mount --bind "$0" /sys/kernel/btf/vmlinux && exec "$@"' "$TMP/btf" env XDG_RUNTIME_DIR="$TMP/run" "$@"
}
log=$TMP/run/teide-flow_packet.log
umask 0
for time in first second; do
	one_line "a $time refusal" 3 "flow_packet: this kernel has no struct .*; the full log: $log\$" \
		elsewhere "$TEIDE" flows -i lo --once
	check_eq "rights of the $time log" "$(stat -c '%a %u' "$log")" "600 0"
	check_match "the $time log" "$(grep BEGIN "$log")" "prog 'flow_packet': -- BEGIN PROG LOAD LOG"
	grep -q '^processed [0-9]* insns' "$log" || fail "the $time log has no verifier's figures"
	check_eq "files of the $time log" "$(ls -A "$TMP/run")" "teide-flow_packet.log"
done
umask 022
[ "$(stat -c %s "$log")" -le 1048576 ] || fail "a log of $(stat -c %s "$log") bytes"
# A link in a folder that others write to is replaced, not followed.
echo mine >"$TMP/mine"
ln -sf "$TMP/mine" "$log"
one_line "a refusal beside a link" 3 "the full log: $log\$" elsewhere "$TEIDE" flows -i lo --once
check_eq "the link's target" "$(cat "$TMP/mine")" mine
[ ! -L "$log" ] || fail "the log is still a link"
one_line "tracepoints that are not there" 3 "runq_wakeup: this kernel has no sched_wakeup in its BTF" \
	elsewhere "$TEIDE" flows --probe runq --once

# What does not load is not fine, on that kernel and without the right, and is here.
without_perfmon() { setpriv --bounding-set -perfmon,-sys_admin --inh-caps -perfmon,-sys_admin "$@"; }
check_state() { # NAME ID STATE
	python3 - "$TMP/$1.json" "$2" "$3" <<-'END'
		import json, sys

		checks = {c["id"]: c for c in json.load(open(sys.argv[1]))["checks"]}
		check = checks[sys.argv[2]]
		if check["state"] != sys.argv[3] or (check["state"] == "missing" and not check.get("do")):
		    sys.exit(f"FAIL: {sys.argv[2]}: {check}, want {sys.argv[3]}")
	END
}
elsewhere "$TEIDE" doctor -o json >"$TMP/elsewhere.json" || true
without_perfmon "$TEIDE" doctor -o json >"$TMP/unprivileged.json" || true
"$TEIDE" doctor -o json >"$TMP/here.json" || true
for probe in flow runq; do
	check_state elsewhere programs.$probe missing
	check_state unprivileged programs.$probe missing
	check_state here programs.$probe ok
done

# A limit is called a limit, wherever it is met: in a map, a program, a trial of libbpf's. With room for all it works.
files=6
without_more() { setpriv --bounding-set -sys_resource prlimit --nofile="$files:$files" "$TEIDE" flows -i lo --once; }
refusals=0
until without_more >"$TMP/out" 2>"$TMP/err"; do
	line=$(tail -n 1 "$TMP/err")
	check_match "what is said with $files files" "$line" "[Tt]oo many open files"
	case $line in *"raise the limit"*) refusals=$((refusals + 1)) ;; esac
	[ "$files" -lt 200 ] || fail "it does not start with $files files: $line"
	files=$((files + 1))
done
check_ge "refusals with a way out" "$refusals" 10

# Not the kernel: the right that is missing.
one_line "flows without CAP_PERFMON" 1 "CAP_PERFMON is missing.* run as root" \
	without_perfmon "$TEIDE" flows -i lo --once
assert_nothing_left
