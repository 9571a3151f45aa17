#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""hostile_judge.py FOLDER DEVICE METHOD FLOOD KNOWN: a run of guest/hostile.sh. Every call of the
module's functions is counted, as the kernel's own tracer counts them; the known session's packets are told
from all others; and nothing else comes of FLOOD hostile packets each way."""
import pathlib
import sys

from judge import check, check_balance, fail, lines
from sender_judge import FUNCTIONS, counted, quiet, sent, sessions

MEMORY_GROWTH_KB = 2048
MEMORY_MOST_KB = 65536
KNOWN_UE = "10.60.0.1"


def calls_of(path):
    """{direction: calls}"""
    calls = {}
    for line in path.read_text().splitlines():
        name, hits, missed = line.split()
        calls[name] = int(hits) + int(missed)
    return calls


def orders_are_done(path, flood, known):
    orders = sent(path)
    for direction in ("uplink", "downlink"):
        check(f"orders {direction}", sorted(o["sent"] for o in orders[direction]), [known, flood])
        kinds = next(o["kinds"] for o in orders[direction] if o["hostile"])
        for kind, n in kinds.items():
            if n < flood / len(kinds) / 2:
                fail(f"only {n} hostile packets {direction} of the kind {kind}")


def function_counts(events, ledger, function, calls, forwarded, known):
    rows, returns = ledger["gtpu", function], ledger["gtpu", f"{function} return"]
    by_return, by_outcome, by_duration = counted(events, function)
    missed = rows["missed"] or 0
    check(f"{function}: seen and missed", rows["seen"] + missed, calls)
    for name, got in (("return", sum(by_return.values())), ("outcome", sum(by_outcome.values())),
                      ("duration", by_duration), ("ledger", rows["counted"]),
                      ("returns' ledger", returns["counted"])):
        check(f"{function}: calls by {name}", got, rows["seen"])
    check(f"{function}: the known session's packets", by_outcome.get((forwarded, None)), known)


def by_session(ledger, events, function, key, known):
    """The flood has not pushed the known session out of the table; what had no room is counted."""
    rows = sessions(events, function)
    full = ledger["gtpu", function].get(("uncounted", "session_table_full"), 0)
    check(f"{function}: calls by session", sum(r["packets"] for r in rows) + full,
          ledger["gtpu", function]["counted"])
    print(f"{function}: {ledger['gtpu', function]['counted']} packets in {len(rows)} rows, "
          f"{full} more beyond the table")
    check(f"{function}: packets in the known session's rows",
          sum(r["packets"] for r in rows if r.get("inner", {}).get(key) == KNOWN_UE
              and r["verdict"].startswith("forwarded")), known)


def memory(path):
    values = [line.split() for line in path.read_text().splitlines()]
    before, after = (int(value) for name, value in values if name == "VmRSS")
    most = max(int(value) for name, value in values if name == "VmHWM")
    if after - before > MEMORY_GROWTH_KB or most > MEMORY_MOST_KB:
        fail(f"teide had {before} kB before, {after} kB after, {most} kB at most")


def main():
    folder, device, method = pathlib.Path(sys.argv[1]), *sys.argv[2:4]
    flood, known = (int(a) for a in sys.argv[4:6])
    run = f"{device}-{method}"
    orders_are_done(folder / f"{run}.sent", flood, known)
    calls = calls_of(folder / f"{run}.calls")
    check("downlink: calls of the module", calls["downlink"], flood + known)
    events = lines(folder / f"{run}.json")
    ledger = check_balance(events)
    up, down = FUNCTIONS["gtp" if device == "gtp" else "gtp5g"]
    function_counts(events, ledger, up, calls["uplink"],
                    "forwarded" if device == "gtp" else "forwarded_n6", known)
    function_counts(events, ledger, down, calls["downlink"], "forwarded", known)
    for (_, where), rows in ledger.items():
        for name in ("pending", ("skipped", "no_exit"), ("skipped", "no_entry"),
                     ("uncounted", "count_table_full")):
            if rows.get(name):
                fail(f"{where}: {name} is {rows[name]}")
    by_session(ledger, events, up, "src", known)
    by_session(ledger, events, down, "dst", known)
    memory(folder / f"{run}.memory")
    quiet(events, (folder / f"{run}.err").read_text())


main()
