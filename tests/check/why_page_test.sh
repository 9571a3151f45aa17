#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# docs/why.md has each reason that teide why gives, and no other.
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
sed -n '/^## The reasons/,$p' docs/why.md | sed -n 's/^| \(`[^|]*\) |.*/\1/p' | grep -oE '`[a-z0-9_]+`' | tr -d '`' |
	sort -u >"$work/page"
[ "$(wc -l <"$work/given")" -gt 25 ] || { echo "only these reasons were found in src/why:"; cat "$work/given"; exit 1; }

missing=$(comm -23 "$work/given" "$work/page")
[ -z "$missing" ] || { echo "docs/why.md lacks: $missing"; exit 1; }
# Others are the module's own reasons, or words of src/why.
while read -r reason; do
	grep -qrF "\"$reason\"" src/why probes/gtpu || { echo "docs/why.md has '$reason', which teide does not give"; exit 1; }
done <"$work/page"
echo "$(wc -l <"$work/page") reasons"
