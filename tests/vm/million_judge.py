#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""million_judge.py FOLDER DEVICE METHOD PACKETS: a run of guest/million.sh, PACKETS each way: what teide
counted against what was sent and what the kernel's own counters say."""
import collections
import pathlib
import sys

from judge import check, check_balance, fail, lines
from sender_judge import FUNCTIONS, Counters, counted, quiet, sent, sessions

SESSIONS = {"gtp": 100, "gtp5g": 100, "standin": 13}
# What the stand-in does with a packet of the n-th session, as standin/script.h has it; the entries
# that are for the other direction only are forwarded.
N6, N9, SENT = ("forwarded_n6", None), ("forwarded_n9", None), ("forwarded", None)
UPLINK = [N6, N6, N9, ("buffered", None), "no_pdr", "no_far", "far_drop",
          "no_outer_header_removal", "gate_closed", "qer_red", N6, "no_route", "backlog_full"]
DOWNLINK = [SENT, SENT, SENT, ("buffered", None), "no_pdr", "no_far", "far_drop",
            SENT, "gate_closed", "qer_red", "no_ran_address", "no_route", SENT]


def scripted(orders, outcomes):
    """{(verdict, reason): packets} of the stand-in."""
    want = collections.Counter()
    for order in orders:
        for n in range(order["sessions"]):
            outcome = outcomes[n] if isinstance(outcomes[n], tuple) else ("dropped", outcomes[n])
            want[outcome] += len(range(n, order["count"], order["sessions"]))
    return want


def expected(device, orders):
    """The same by direction, for any device."""
    if device.startswith("standin"):
        return (scripted(orders["uplink"], UPLINK), scripted(orders["downlink"], DOWNLINK))
    uplink = N6 if device == "gtp5g" else ("forwarded", None)
    return tuple(collections.Counter({outcome: sum(o["count"] for o in orders[direction])})
                 for direction, outcome in (("uplink", uplink), ("downlink", SENT)))


def refused_by_backlog(version, up):
    """Linux 6.10 and later charge a packet for a device that is down to the device."""
    return up[("dropped", "backlog_full")] if tuple(map(int, version.split("."))) < (6, 10) else 0


def links(device, version, kernel, packets, up, down):
    """What the interfaces and UDP counted."""
    check("N3: received", kernel.link("n3", "rx", "packets"), packets)
    check("N3: sent", kernel.link("n3", "tx", "packets"), down[SENT] + up[N9])
    check("gNB: received", kernel.link("gnb", "rx", "packets"), down[SENT] + up[N9])
    check("UDP: taken by the module", kernel.snmp("Udp", "InDatagrams"), packets)
    check("dropped by the backlog", kernel.softnet_dropped(), refused_by_backlog(version, up))
    if device == "gtp5g":  # its own counters are said elsewhere
        return
    check("GTP device: received", kernel.link("upfgtp", "rx", "packets"),
          sum(up[outcome] for outcome in (N6, SENT, ("buffered", None), ("dropped", "backlog_full"))))
    check("GTP device: sent", kernel.link("upfgtp", "tx", "packets"), down[SENT])
    check("GTP device: errors", kernel.link("upfgtp", "tx", "errors"),
          sum(v for (verdict, _), v in down.items() if verdict == "dropped"))


def hooks(ledger, functions, packets):
    """Each packet once, its entry and its return paired; by kprobes before Linux 6.7 nobody knows
    whether a call was missed, but then its packet is missing elsewhere."""
    for (_, where), rows in ledger.items():
        for name in (("skipped", "no_exit"), ("skipped", "no_entry"),
                     ("unread", "headers_not_linear"), ("uncounted", "count_table_full"),
                     ("uncounted", "session_table_full"), "pending"):
            if rows.get(name):
                fail(f"{where}: {name} is {rows[name]}")
    for function in functions:
        rows = ledger["gtpu", function]
        check(f"{function}: seen and missed", rows["seen"] + (rows["missed"] or 0), packets)
        check(f"{function}: calls", rows["calls"] in (None, packets), True)
        check(f"{function}: returns", ledger["gtpu", f"{function} return"]["counted"],
              rows["counted"])


def by_session(run, events, function, packets):
    rows = sessions(events, function)
    check(f"{run}: {function} by session", sum(row["packets"] for row in rows), packets)
    keys = {(r["inner"].get("src"), r["inner"].get("dst")) for r in rows if "inner" in r}
    check(f"{run}: {function}: sessions", len(keys), SESSIONS[run.split("-")[0]])


def main():
    folder, device, method, packets = pathlib.Path(sys.argv[1]), *sys.argv[2:4], int(sys.argv[4])
    run = f"{device}-{method}"
    orders = sent(folder / f"{run}.sent", packets)
    events = lines(folder / f"{run}.json")
    ledger = check_balance(events)
    functions = FUNCTIONS["gtp" if device == "gtp" else "gtp5g"]
    up, down = expected(device, orders)
    hooks(ledger, functions, packets)
    for function, want in zip(functions, (up, down)):
        by_return, by_outcome, by_duration = counted(events, function)
        check(f"{run}: {function} by return", by_return, {0: packets})
        check(f"{run}: {function} by outcome", by_outcome, dict(want))
        check(f"{run}: {function} by duration", by_duration, packets)
        by_session(run, events, function, packets)
    links(device, folder.name, Counters(folder, run), packets, up, down)
    quiet(events, (folder / f"{run}.err").read_text())


main()
