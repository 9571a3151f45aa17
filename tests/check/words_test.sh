#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Nothing left for later, no unchecked number parsing or string copying, no generated kernel header.
set -euo pipefail
cd "${TESTS:?}/.."
status=0
# absent WHAT PATTERN FILE...
absent() {
	local what=$1 pattern=$2
	shift 2
	if grep -nE "$pattern" /dev/null "$@"; then
		echo "^ $what"
		status=1
	fi
}
mapfile -t c < <(tools/sources c)
mapfile -t product < <(tools/sources c | grep -v '^tests/')
mapfile -t all < <(tools/sources all | grep -v '^tests/check/')
[ "${#c[@]}" -gt 20 ] || { echo "found only ${#c[@]} C files"; exit 1; }
absent 'no notes for later in the tree' '\b(TODO|FIXME|XXX)\b' "${all[@]}"
absent 'numbers are parsed with the checked functions of base' '\b(atoi|atol|atoll|atof)\(' "${c[@]}"
absent 'bounded copies only' '\b(strcpy|strcat|sprintf|vsprintf|gets)\(' "${product[@]}"
absent 'descriptors are made close-on-exec' '\b(pipe|dup|accept|epoll_create|inotify_init)\(' "${product[@]}"
absent 'vmlinux.h is not used' 'vmlinux\.h"' "${c[@]}"
exit $status
