#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# More interfaces than the soft limit of descriptors has room for: teide raises it to the hard limit, and every
# interface is watched.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need ip jq
PAIRS=130

netns_make a
snapshot_before
for ((i = 0; i < PAIRS; i++)); do
	echo "link add a$i type veth peer name b$i"
	echo "link set a$i up"
	echo "link set b$i up"
done | ip -n "$(ns a)" -batch -
limited() { # SOFT COMMAND...
	ulimit -Sn "$1"
	exec "${@:2}"
}
export -f limited

# shellcheck disable=SC2016 # the inner shell expands its own arguments
start_split flows bash -c 'limited "$@"' - 256 "$TEIDE" flows -i "$(ns a)/*" -o json \
	--set probes.flow.max_interfaces=512
check_eq "soft limit" "$(awk '/^Max open files/ { print $4 }' "/proc/$PID/limits")" "$(ulimit -Hn)"
stop "$PID" INT
check_eq "exit status" "$STATUS" 0
wanted=$(for ((i = 0; i < PAIRS; i++)); do printf '%s\n' "a$i" "b$i"; done | sort)
check_eq "interfaces in the ledger" "$(jq -r 'select(.event == "ledger") | .where' "$TMP/flows.log" |
	sed -n 's|.*/\([ab][0-9]*\)$|\1|p' | sort -u)" "$wanted"
assert_nothing_left
