#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide looks into the network namespaces of others, for a request at a time. What ends "the processes in a namespace"
# (ip netns pids) goes by the first thread of each: it is never teide's.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
need python3 ip

netns_make a b
veth a one 10.9.1.1/24 b two 10.9.1.2/24
snapshot_before
start_split flows "$TEIDE" flows -o json -i "$(ns a)/*" -i "$(ns b)/*"
# Until a thread of it was seen in another namespace often enough for the first thread to be seen there too
timeout 300 python3 - "$PID" >"$TMP/seen" <<'END'
import os, sys

process = f"/proc/{sys.argv[1]}"
home = os.readlink("/proc/self/ns/net")

def elsewhere(tid):
    try:
        return os.readlink(f"{process}/task/{tid}/ns/net") != home
    except OSError:
        return False  # the thread has ended

away = {"first": 0, "any": 0}
while away["any"] < 100:
    away["first"] += os.readlink(f"{process}/ns/net") != home
    away["any"] += any(elsewhere(tid) for tid in os.listdir(f"{process}/task"))
print(away["first"])
END
check_eq "times that the first thread was elsewhere" "$(cat "$TMP/seen")" 0
stop "$PID"
check_eq "exit of teide" "$STATUS" 0
assert_nothing_left
