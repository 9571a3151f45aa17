#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# tools/check-commit takes messages that follow the rule and names what is wrong with others.
set -euo pipefail
check=$(cd "${TESTS:?}/.." && pwd)/tools/check-commit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
body=$'\n\nThe reason stands here.\n\nVerified: unit/base.'

# takes MESSAGE
takes() {
	printf '%s\n' "$1" >"$work/message"
	"$check" "$work/message" >"$work/out" || { cat "$work/out"; printf 'refused:\n%s\n' "$1"; exit 1; }
}
# refuses MESSAGE PATTERN
refuses() {
	printf '%s\n' "$1" >"$work/message"
	if "$check" "$work/message" >"$work/out"; then
		printf 'taken:\n%s\n' "$1"
		exit 1
	fi
	grep -qE "$2" "$work/out" || { cat "$work/out"; echo "did not name: $2"; exit 1; }
	echo "ok: $2"
}
columns() { printf 'x%.0s' $(seq "$1"); }

takes "host: wait for a container's second process$body"
takes "flow, gtpu: process packets of two VLANs$body"
takes "docs/developers: embed the figure$body"
takes "Name tasks by the numbers of the PID namespace that /proc has$body"
takes "base: err_oom() says that memory is out$body"
takes "host: add $(columns 62)$body"
takes $'Revert "host: wait for a process"\n\nThis reverts commit 0123456789.'
takes "fixup! host: wait for a container's second process"
takes "host: wait for a process$body"$'\n\n    '"$(columns 120)"
takes "host: wait for a process$body"$'\n\nhttps://example.org/'"$(columns 100)"
takes "host: wait for a process$body"$'\n\nReviewed-by: '"$(columns 90)"
takes $'\n# a comment of git\nhost: wait for a process\n# another\n\nThe reason.\n# ------------------------ >8 ------------------------\n'"+ $(columns 100)"

refuses '' 'the message is empty'
refuses $'# a comment alone\n' 'the message is empty'
refuses "host: add $(columns 63)$body" 'the title has 73 columns, 72 are the limit'
refuses "host: wait for a process.$body" 'ends with a full stop'
refuses "host: added a process$body" "begins with 'added'"
refuses "host: Adding a process$body" "begins with 'Adding'"
refuses "host: fixes a process$body" "begins with 'fixes'"
refuses "the process is found$body" "begins with 'the'"
refuses "host: cleanup$body" 'says too little'
refuses "update$body" 'says too little'
refuses "host: wait for a process " 'begins or ends with a blank'
refuses "host: wait for a process" 'there is no body'
refuses $'host: wait for a process\n\nSigned-off-by: A Name <a@example.org>' 'there is no body'
refuses $'host: wait for a process\nThe reason.' 'the second line is not empty'
refuses "host: wait for a process$body"$'\n'"$(columns 81)" 'a line has 81 columns'

# Of commits: those of the range alone, each by its number.
command -v git >/dev/null || { echo "git is not installed"; exit 77; }
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git -C "$work" init -q .
commit() { git -C "$work" commit -q --no-verify --allow-empty -m "$1"; }
commit "a bad one"
commit "host: wait for a process$body"
commit "host: waited for a process$body"
cd "$work"
"$check" HEAD~1 >out
grep -qx '1 commit messages follow the rules' out
! "$check" HEAD~2..HEAD >out || { echo "a range with a bad message passed"; exit 1; }
[ "$(grep -c ': ' out)" = 1 ] && grep -q "^$(git rev-parse HEAD | cut -c 1-10): the title begins with 'waited'" out ||
	{ cat out; exit 1; }
! "$check" no-such-revision >out 2>&1 || { echo "a revision that is not there passed"; exit 1; }
echo "ok: a range of commits"
