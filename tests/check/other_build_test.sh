#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One build that differs from the usual one in two ways, so that the tree is compiled once for both.
# A probe is a folder: with a new folder in probes/ and nothing else touched, the build takes it up, and
# it has its section of the configuration, its place in --probe and its ledger.
# Without the server (-Dserver=disabled) the program needs none of the server's libraries, and says what it lacks.
. "${TESTS:?run me through ./test}/lib.sh"
need git meson ninja jq readelf
name=zz_demo
root=$(realpath "$TESTS/..")
tree=$TMP/tree

# The files as they are now, also those that no commit has yet.
mkdir "$tree"
git -c safe.directory="$root" -C "$root" ls-files --cached --others --exclude-standard >"$TMP/files" ||
	skip "not a git checkout"
(cd "$root" && while read -r file; do
	[ ! -f "$file" ] || printf '%s\n' "$file"
done <"$TMP/files" | tar -T - -cf - subprojects) | tar -C "$tree" -xf -
mkdir -p "$tree/probes/$name/bpf"
template=$TESTS/check/probe-template
sed "s/@NAME@/$name/g" "$template/probe.c.in" >"$tree/probes/$name/$name.c"
sed "s/@NAME@/$name/g" "$template/bpf/probe.bpf.c.in" >"$tree/probes/$name/bpf/$name.bpf.c"

options=(-Dserver=disabled -Dwerror=true -Dbpftool="$("$root/tools/setup" --bpftool)")
[ -z "${CLANG:-}" ] || options+=("-Dclang=$CLANG")
meson setup "$TMP/build" "$tree" --buildtype=plain "${options[@]}" >"$TMP/setup.log" 2>&1 ||
	{ cat "$TMP/setup.log"; fail "meson setup"; }
ninja -C "$TMP/build" teide >"$TMP/build.log" 2>&1 || { tail -40 "$TMP/build.log"; fail "build"; }
teide=$TMP/build/teide

# What libraries bring along themselves (libcurl brings OpenSSL) is not this build's to choose.
needed=$(readelf --dynamic --wide "$teide" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
check_match "the list of libraries" "$needed" '^libjansson'
check_eq "libraries of the server" "$(grep -E '^lib(microhttpd|jwt|ssl|crypto)' <<<"$needed" || true)" ""
lacks="this build of teide has no server"
for arguments in "" "--data /nonexistent" "--help"; do
	# shellcheck disable=SC2086 # words
	check_exit "teide server $arguments" 3 "$teide" server $arguments
	check_eq "its line" "$(cat "$TMP/err")" "teide: error: $lacks"
	check_eq "its output" "$(cat "$TMP/out")" ""
done
check_match "the list of verbs" "$("$teide" help)" '  server +not in this build'
check_eq "its section" "$("$teide" config --show | grep -A1 '^server:' || true)" ""
printf 'server:\n  listen: 127.0.0.1:0\n' >"$TMP/server.yaml"
check_exit "a file with its section" 2 "$teide" config -c "$TMP/server.yaml"
check_match "what it says of it" "$(cat "$TMP/err")" "server.yaml:[0-9]+: server: $lacks; remove the section"
TEIDE_SERVER_LISTEN=127.0.0.1:0 check_exit "a variable of it" 2 "$teide" config
check_match "what it says of it" "$(cat "$TMP/err")" "TEIDE_SERVER_LISTEN: $lacks"

# Nobody outside their folders knows it, or any other probe, by name.
"$tree/tools/check-layers" "$tree" >"$TMP/layers.log" || { cat "$TMP/layers.log"; fail "layers"; }

"$teide" config --show >"$TMP/config"
check_match "its option" "$(grep -A2 "^  $name:" "$TMP/config")" 'weight: 7 .*what each entry counts'
TEIDE_PROBES_ZZ_DEMO_WEIGHT=1001 check_exit "its range" 2 "$teide" config
check_match "its range" "$(cat "$TMP/err")" "$name.*weight.*at most 1000"
check_exit "a probe that is not there" 2 "$teide" trace --probe none --quiet
check_match "the list of probes" "$(cat "$TMP/err")" "there are: .*\b$name\b"

[ "$(id -u)" = 0 ] || { note "not run: it takes root"; exit 0; }
status=0
"$teide" trace --probe "$name" --once -o json --set "probes.$name.weight=1000" \
	>"$TMP/out" 2>"$TMP/err" || status=$?
[ "$status" != 3 ] || skip "$(cat "$TMP/err")"
check_eq "exit status of trace" "$status" 0
check_match "its plan" "$(cat "$TMP/err")" "$name: softirq_entry by tp_btf"
seen=$(jq -r "select(.event == \"ledger\" and .probe == \"$name\" and .where == \"softirq_entry\" and
	.name == \"seen\") | .value" "$TMP/out")
check_ge "its ledger" "${seen:-0}" 1
check_eq "its weight" $((seen % 1000)) 0
