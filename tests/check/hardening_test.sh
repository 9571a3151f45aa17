#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The program as `make install` installs it is hardened: position independent, relocations read-only before main(),
# canaries on its stack and, where the build optimises, the C library's checked functions.
. "${TESTS:?run me through ./test}/lib.sh"
need meson readelf jq

meson install -C "$BUILD" --no-rebuild --quiet --destdir "$TMP/root" >"$TMP/install.log" 2>&1 ||
	{ cat "$TMP/install.log"; fail "meson install"; }
program=$(find "$TMP/root" -path '*/bin/teide' -type f)
[ -n "$program" ] || fail "no bin/teide was installed"

check_match "the kind of file" "$(readelf --file-header --wide "$program")" 'Type: +DYN '
headers=$(readelf --program-headers --wide "$program")
check_match "read-only relocations" "$headers" 'GNU_RELRO'
check_match "the stack" "$headers" 'GNU_STACK +[x0-9a-f ]+ RW +0x'
check_match "binding at start" "$(readelf --dynamic --wide "$program")" 'FLAGS_1\) +Flags: NOW PIE'
functions=$(readelf --dyn-syms --wide "$program" | grep -oE '\b__[a-z_]+_chk(_fail)?\b' | sort -u)
check_match "canaries" "$functions" '__stack_chk_fail'
options=$(meson introspect --buildoptions "$BUILD")
case $(jq -r '.[] | select(.name == "optimization" or .name == "b_sanitize").value' <<<"$options" | sort | tr '\n' ' ') in
[1-3gs]" none ") check_match "checked functions" "$functions" '__v?snprintf_chk' ;;
*) note "checked functions are for optimised builds without sanitizers" ;;
esac
