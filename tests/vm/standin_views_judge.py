#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""standin_views_judge.py FOLDER: what guest/standin_views.sh looked at, against what was sent in it."""
import collections
import pathlib
import sys

from judge import check, check_balance, fail, lines
from standin_judge import PACKET, outcome_of, rules_of, split


def entries(events, sent_by):
    """Each packet's entry, and no exit of anything."""
    check("kinds of events", {e["event"] for e in events if e["event"] not in ("ledger", "rule")}, {"entry"})
    ledger = check_balance(events)
    for direction, function in PACKET.items():
        got = collections.Counter(e["len"] for e in events if e.get("function") == function)
        check(f"entries of {function}", dict(got),
              {length: s["count"] for (d, length), s in sent_by.items() if d == direction})
        check(f"{function} counted", ledger["gtpu", function]["counted"], sum(got.values()))


def contexts(text, sent_by):
    """Every task that was in the packet functions, with as many calls as it sent packets."""
    head, *rows = [line.split() for line in text.splitlines() if not line.startswith("ledger:")]
    check("the table's head", head, "FUNCTION TASK TGID TID CPU CONTEXT CALLS".split())
    calls = collections.Counter()
    for function, task, _, _, _, context, number in rows:
        calls[function] += int(number)
        if function in PACKET.values():
            want = "softirq" if function == PACKET["uplink"] else "process"
            check(f"context of {function}, {task}", context, want)
    for direction, function in PACKET.items():
        check(f"calls of {function}", calls[function],
              sum(s["count"] for (d, _), s in sent_by.items() if d == direction))


def kinds_of(sent_by, wanted):
    """{(direction, kind): number} of the packets that a filter is to let pass."""
    found = collections.Counter()
    for direction, _, s, n in split(sent_by):
        if wanted(direction, s):
            found[direction, s["kind"].rstrip("+")] += n
    return dict(found)


# The stand-in's UE 10.60.0.1 and TEID 0x1003 are of the first and the fourth of its kinds.
FILTERS = {
    "ue": lambda direction, s: s["index"] == 0 and s["kind"] == "forwarded",
    "teid": lambda direction, s: direction == "uplink" and s["kind"] == "buffered",
    "seid": lambda direction, s: bool(rules_of(s)),
    "verdict": lambda direction, s: outcome_of(s)[0] == "buffered",
    "reason": lambda direction, s: outcome_of(s)[1] == "no_route",
    "slow": lambda direction, s: outcome_of(s)[0] == "forwarded_n6",
}


def filtered(name, events, sent_by):
    """Exits of exactly the packets that were asked for, and nothing else."""
    check_balance(events)
    events = [e for e in events if e["event"] not in ("ledger", "rule")]
    check(f"events of {name}", {e["event"] for e in events}, {"exit"})
    got = collections.Counter()
    for e in events:
        direction = next(d for d, f in PACKET.items() if f == e["function"])
        got[direction, sent_by[direction, e["len"]]["kind"]] += 1
    check(f"packets of {name}", dict(got), kinds_of(sent_by, FILTERS[name]))


def service(events, sent_by, limit):
    """Dropped packets are told, so many a second, and the others are counted as lost for that."""
    told = [e for e in events if e["event"] not in ("count", "session", "latency", "context", "ledger")]
    check("what is told", {(e["event"], e["verdict"]) for e in told}, {("exit", "dropped")})
    ring = check_balance(events)["gtpu", "ring"]
    dropped = sum(n for _, _, s, n in split(sent_by) if outcome_of(s)[0] == "dropped")
    check("drops", ring["emitted"], dropped)
    check("delivered", ring["delivered"], len(told))
    check("lost for want of room", ring["lost", "full"], 0)
    if limit == 3 and not 0 < len(told) < dropped:
        fail(f"3 a second and CPU, and {len(told)} of {dropped} are told")
    if limit > 3:
        check("all drops", len(told), dropped)
    counted = sum(e["packets"] for e in events if e["event"] == "count" and e.get("verdict") == "dropped")
    check("drops counted", counted, dropped)


def main():
    folder = pathlib.Path(sys.argv[1])
    sent_by = {(s["direction"], s["len"]): s for s in lines(folder / "sent")}
    entries(lines(folder / "entries"), sent_by)
    contexts((folder / "contexts").read_text(), sent_by)
    for name in FILTERS:
        filtered(name, lines(folder / f"only-{name}"), sent_by)
    for limit in (3, 1000000):
        service(lines(folder / f"service-{limit}"), sent_by, limit)


main()
