#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Judges what a guest has written: judge.py flows|gtpu FOLDER [METHOD]."""
import collections
import json
import pathlib
import sys


def fail(text):
    sys.exit(f"FAIL: {text}")


def check(what, got, want):
    if got != want:
        fail(f"{what}: got {got!r}, want {want!r}")


def lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def ledger_of(events):
    """{(probe, where): {name: value or None where unknown, (name, reason): value}}"""
    rows = collections.defaultdict(dict)
    for e in events:
        if e["event"] == "ledger":
            name = (e["name"], e["reason"]) if "reason" in e else e["name"]
            rows[e["probe"], e["where"]][name] = e.get("value")
    return rows


def total(rows, name):
    return sum(v for k, v in rows.items() if isinstance(k, tuple) and k[0] == name)


def check_balance(events):
    ledger = ledger_of(events)
    if not ledger:
        fail("no ledger at the end")
    for place, rows in ledger.items():
        if "emitted" in rows:
            got = rows["delivered"] + rows.get("pending", 0) + total(rows, "lost")
            check(f"ledger of {place}: delivered + pending + lost", got, rows["emitted"])
        if "seen" in rows:
            got = rows["counted"] + total(rows, "skipped")
            check(f"ledger of {place}: counted + skipped", got, rows["seen"])
        if rows.get("calls") is not None and rows.get("missed") is not None:
            check(f"ledger of {place}: seen + missed", rows["seen"] + rows["missed"], rows["calls"])
    return ledger


def flows(folder):
    """N pings into the interface and N answers out of it, by flow rows and by the ledger."""
    sent = int((folder / "sent").read_text())
    events = lines(folder / "flows.json")
    check_balance(events)
    counted = collections.Counter()
    for e in events:
        if e["event"] == "flow" and e["outer"]["proto"] == 1:
            counted[e["dir"], e["outer"]["src"], e["outer"]["dst"]] += e["packets"]
    check("ICMP packets", dict(counted), {("ingress", "10.9.0.1", "10.9.0.2"): sent,
                                           ("egress", "10.9.0.2", "10.9.0.1"): sent})


def expected(status, n):
    """{(direction, TEID, outer source and destination, inner source and destination): n}"""
    gnbs = {g["index"]: g for g in status["gnbs"]}
    want = {}
    for ue in status["ues"]:
        gnb, upf = gnbs[ue["gnb"]]["n3_address"], gnbs[ue["gnb"]]["upf_n3_address"]
        for address in ("address", "address6") if status["inner_ipv6"] else ("address",):
            mine, dn = ue[address], status["dn"][address]
            want["uplink", ue["teid_uplink"], gnb, upf, mine, dn] = n
            want["downlink", ue["teid_downlink"], upf, gnb, dn, mine] = n
    return want


def gtpu(folder, method):
    n = int((folder / "sent").read_text())
    status = json.loads((folder / "status.json").read_text())
    events = lines(folder / f"{method}.json")
    for (probe, where), rows in check_balance(events).items():
        if "emitted" in rows:
            check(f"lost by {probe} {where}", total(rows, "lost"), 0)
    packets = ("gtp_encap_recv", "gtp_dev_xmit")
    seen = collections.Counter()
    entries = collections.Counter()
    for e in events:
        if e.get("function") not in packets:
            continue
        if "inner" not in e:
            fail(f"a packet without inner addresses: {e}")
        inner = e["inner"]
        if e["event"] == "entry":
            # Which tunnel a downlink packet takes is not known yet.
            entries[e["direction"], inner["src"], inner["dst"]] += 1
        elif e["event"] == "exit":
            outer = e["outer"]
            seen[e["direction"], e["gtp"]["teid"], outer["src"], outer["dst"],
                 inner["src"], inner["dst"]] += 1
            if e["duration_ns"] <= 0:
                fail(f"an exit without a duration: {e}")
            if outer["dport"] != 2152 or inner["proto"] != 17 or not inner["sport"]:
                fail(f"ports or protocol: {e}")
    want = expected(status, n)
    check("packets by exit", dict(seen), want)
    check("packets by entry", dict(entries), {(k[0], k[4], k[5]): n for k in want})


def main():
    what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    {"flows": flows, "gtpu": gtpu}[what](folder, *sys.argv[3:])


main()
