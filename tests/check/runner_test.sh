#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# tests/run itself: what it counts, what it says last, what it does about skips, strays and time.
set -euo pipefail
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/tests/check"
cp "${TESTS:?}/run" "$copy/tests/run"
echo 'check/may_skip *no such device*' >"$copy/tests/allowed-skips"
t() {
	printf '#!/bin/bash\n%s\n' "$2" >"$copy/tests/check/$1_test.sh"
	chmod +x "$copy/tests/check/$1_test.sh"
}
# expect WHAT PATTERN: a line of the runner's output.
expect() {
	grep -qE "$2" <<<"$out" || { printf '%s\n' "$out" "^ lacks: $1 ($2)"; exit 1; }
	echo "ok: $1"
}
# run CI [ARGUMENT...]: the tier check, or what the arguments name.
run() {
	status=0
	out=$(env -u TEIDE_NO_SKIP -u LONG -u MILLION -u HOSTILE CI="$1" "$copy/tests/run" --build "$copy/build" "${@:2}" 2>&1) || status=$?
}

t good 'echo fine'
t may_skip 'echo no such device; exit 77'
run false check
[ "$status" = 0 ] || { echo "all well, yet exit $status"; exit 1; }
expect 'the last line, nothing failed' '^1 passed, 0 failed, 1 skipped$'
[ "$(tail -n 1 <<<"$out")" = '1 passed, 0 failed, 1 skipped' ] || { echo 'not the last line'; exit 1; }
expect 'a skip says why' '^skipped check/may_skip  \(no such device\)$'
run true check
expect 'a listed skip is allowed in CI' '^1 passed, 0 failed, 1 skipped$'
run false check/good
expect 'one test runs alone' '^1 passed, 0 failed, 0 skipped$'
run false --list check
[ "$out" = $'check/good\ncheck/may_skip' ] || { echo "the list: $out"; exit 1; }
run false check/nothing
expect 'a test that does not exist is a failure' '^0 passed, 1 failed, 0 skipped$'

t variables 'echo "${LONG:-}${MILLION:-}${HOSTILE:-}" >"$(dirname "$0")/variables"'
t patient '# timeout: 1
sleep 2'
run false check/variables
[ "$(cat "$copy/tests/check/variables")" = '' ] || { echo 'the long form although nobody asked'; exit 1; }
run false --long check/variables check/patient
expect 'the long form has four times the time' '^2 passed, 0 failed, 0 skipped$'
[ "$(cat "$copy/tests/check/variables")" = 111 ] || { echo 'no variable tells of the long form'; exit 1; }
rm "$copy"/tests/check/{variables*,patient*}

t bad 'echo FAIL: because; seq 50; exit 3'
t other_skip 'echo no reason on the list; exit 77'
t slow '# timeout: 1
sleep 100'
t stray 'setsid sleep 100 & exit 0'
t odd_name "python3 -c 'import ctypes, time
ctypes.CDLL(None).prctl(15, b\"\\xfe\")
time.sleep(1)' & exit 0"
run true check
[ "$status" = 1 ] || { echo "failures, yet exit $status"; exit 1; }
expect 'the last line, with failures' '^2 passed, 4 failed, 1 skipped$'
expect 'a failure shows its output' 'FAIL: because'
[ "$(tail -n 1 <<<"$(grep -n 'FAIL: because' <<<"$out")" | cut -d: -f1)" -gt "$(grep -n '^tier check: ' <<<"$out" | cut -d: -f1)" ] || { echo 'a failure is not told at the end'; exit 1; }
expect 'a skip that is not on the list fails in CI' '^failed  check/other_skip  \(skipped, which is not allowed'
expect 'a test over its time is ended' 'ended after 1 s, its time limit'
expect 'what a test leaves running is found' 'left running: (sleep|setsid)'
run false check
expect 'and is a skip elsewhere' '^2 passed, 3 failed, 2 skipped$'
rm "$copy"/tests/check/*
run false check
expect 'a tier without tests fails' '^0 passed, 1 failed, 0 skipped$'
rm -f "$copy"/tests/check/*

# ended: what runs is ended with it, and what has not begun does not begin.
for name in one two three; do
	t $name "touch '$copy/$name'; sleep 100; touch '$copy/$name.over'"
done
env -u TEIDE_NO_SKIP "$copy/tests/run" --build "$copy/build" check >"$copy/out" 2>&1 &
runner=$!
for ((i = 0; i < 600; i++)); do
	[ ! -e "$copy/one" ] || [ ! -e "$copy/three" ] || break
	sleep 0.1
done
kill -TERM $runner
status=0
wait $runner || status=$?
out=$(cat "$copy/out")
expect 'an interrupted run says so' '^interrupted$'
[ "$status" = 130 ] || { echo "interrupted, yet exit $status"; exit 1; }
[ ! -e "$copy/two" ] || { echo 'a test began after the end'; exit 1; }

# in_chroot COMMAND...: in a folder that is no mount point, with what the machine has and this copy as /tree.
in_chroot() {
	mkdir -p "$copy/root/tree"
	# shellcheck disable=SC2016 # expanded inside
	unshare --mount --propagation private /bin/bash -euc '
		for path in usr bin sbin lib lib64 etc root dev proc sys tmp var run opt; do
			if [ -L /$path ]; then
				ln -s "$(readlink /$path)" "$1/root/$path"
			elif [ -d /$path ]; then
				mkdir "$1/root/$path"
				mount --rbind /$path "$1/root/$path"
			fi
		done
		mount --bind "$1" "$1/root/tree"
		exec chroot "$1/root" "${@:2}"' in_chroot "$copy" "$@"
}
if [ "$(id -u)" = 0 ]; then
	mkdir "$copy/tests/netns"
	# shellcheck disable=SC2016 # expanded inside
	printf '#!/bin/bash\nset -e\n[ $$ -lt 100 ]\nip link add here type veth peer name there\nmount -t tmpfs own /tmp\n' \
		>"$copy/tests/netns/alone_test.sh"
	chmod +x "$copy/tests/netns/alone_test.sh"
	out=$(in_chroot /tree/tests/run --build /tree/build netns 2>&1) || true
	expect 'tests have namespaces of their own in a chroot' '^1 passed, 0 failed, 0 skipped$'
fi
