#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# docs/why.md has each reason that teide why gives, and no other; and an example of each, with a test that has it.
set -euo pipefail
cd "${TESTS:?}/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Literals: of why_because(j, "..."), of p->reason = ..., of a row of causes.
{
	sed -n '/why_because(/,/;/p' src/why/*.c | grep -oE 'why_because\(j, [^,]*"[a-z0-9_]+"[^,]*,'
	grep -hE 'p->reason = ' src/why/*.c
	sed -n '/^} causes\[\] = {/,/^};/p' src/why/why_causes.c | grep -oE '"[a-z0-9]+_[a-z0-9_]+",|"mtu",'
} | grep -oE '"[a-z0-9_]+"' | tr -d '"' | sort -u >"$work/given"
sed -n '/^## The reasons/,/^## An example/p' docs/why.md | sed -n 's/^| \(`[^|]*\) |.*/\1/p' | grep -oE '`[a-z0-9_]+`' | tr -d '`' |
	sort -u >"$work/page"
[ "$(wc -l <"$work/given")" -gt 25 ] || { echo "only these reasons were found in src/why:"; cat "$work/given"; exit 1; }

missing=$(comm -23 "$work/given" "$work/page")
[ -z "$missing" ] || { echo "docs/why.md lacks: $missing"; exit 1; }
# Others are the module's own reasons, or words of src/why.
while read -r reason; do
	grep -qrF "\"$reason\"" src/why probes/gtpu || { echo "docs/why.md has '$reason', which teide does not give"; exit 1; }
done <"$work/page"

# lacks_test REASON TEST: no file of that test has the reason
lacks_test() { ! grep -qwF "$1" "tests/${2%_test}_"* tests/"$2".c 2>/dev/null; }
sed -n '/^## An example/,$s/^| `\([a-z0-9_]*\)` |.* | \(`.*`\) |$/\1 \2/p' docs/why.md | tr -d '`,' >"$work/examples"
without=$(cut -d' ' -f1 "$work/examples" | sort | comm -3 - "$work/page")
[ -z "$without" ] || { echo "docs/why.md: reasons and examples differ: $without"; exit 1; }
while read -r reason tests; do
	for one in $tests; do
		! lacks_test "$reason" "$one" || { echo "docs/why.md: $one does not test $reason"; exit 1; }
	done
done <"$work/examples"
echo "$(wc -l <"$work/page") reasons"
