#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Judges what a guest has written: judge.py flows|runq|text FOLDER, judge.py gtpu FOLDER METHOD."""
import collections
import json
import pathlib
import sys

DIRECTIONS = {"ingress": "uplink", "egress": "downlink"}  # at the UPF's N3


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
            got = rows["counted"] + rows.get("pending", 0) + total(rows, "skipped")
            check(f"ledger of {place}: counted + pending + skipped", got, rows["seen"])
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
    tunnels(folder, sent)


def account(path):
    """Of /proc/PID/schedstat and status: waits, switches, preemptions."""
    words = path.read_text().split()
    given_up, preempted = int(words[words.index("voluntary_ctxt_switches:") + 1]), int(words[-1])
    return [int(words[2]), given_up + preempted, preempted], int(words[1])


def runq(folder):
    """Waits and switches of two processes, by rows "wait" and by the kernel."""
    events = lines(folder / "runq.json")
    ledger = check_balance(events)
    for place in ("woken", "switched to", "switched from"):
        check(f"unseen {place}", ledger["runq", place]["skipped", "unseen"], 0)
    for pid in (folder / "runq.pids").read_text().split():
        (before, waited), (after, waited_then) = (
            account(folder / f"runq.{pid}.{when}") for when in ("before", "after"))
        rows = [e for e in events if e["event"] == "wait" and e["tgid"] == int(pid)]
        got = [sum(e["wait"]["count"] for e in rows), sum(e["switches"] for e in rows),
               sum(e["preemptions"] for e in rows)]
        check(f"waits, switches, preemptions of {pid}", got,
              [b - a for a, b in zip(before, after)])
        if got[0] < 5:
            fail(f"{pid} hardly worked: {got}")
        told = sum(e["wait"]["total_ns"] for e in rows)
        print(f"# {pid}: {got}, waited {told} ns, the kernel says {waited_then - waited}")


def tunnels(folder, n):
    """At the UPF's N3: n uplink and n downlink packets of each UE and family, in its tunnels."""
    status = json.loads((folder / "status.json").read_text())
    events = lines(folder / "n3.json")
    check_balance(events)
    inner, outer = collections.Counter(), collections.Counter()
    for e in events:
        if e["event"] == "flow" and "inner" in e:
            inner[DIRECTIONS[e["dir"]], e["gtp"]["teid"], e["gtp"]["qfi"],
                  e["inner"]["src"], e["inner"]["dst"]] += e["packets"]
        elif e["event"] == "tunnel" and e["gtp"]["type"] == 255:
            outer[DIRECTIONS[e["dir"]], e["gtp"]["teid"],
                  e["outer"]["src"], e["outer"]["dst"]] += e["packets"]
    want = expected(status, n)
    qfi = status["flows"][0]["qfi"]
    check("flows in tunnels", dict(inner), {(k[0], k[1], qfi, k[4], k[5]): n for k in want})
    packets = collections.Counter()
    for key, value in want.items():
        packets[key[:4]] += value
    check("tunnels", dict(outer), dict(packets))


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


def packet_functions(status):
    kind = status["upf"]["kind"]
    return f"{kind}_encap_recv", f"{kind}_dev_xmit"


def gtpu(folder, method):
    n = int((folder / "sent").read_text())
    status = json.loads((folder / "status.json").read_text())
    events = lines(folder / f"{method}.json")
    ledger = check_balance(events)
    check("events lost", total(ledger["gtpu", "ring"], "lost"), 0)
    packets = packet_functions(status)
    qfi = status["flows"][0]["qfi"] if status["upf"]["pdu_session_container"] else None
    for function in packets:
        check(f"{function}: entries in the ledger", ledger["gtpu", function]["seen"],
              sum(e.get("function") == function and e["event"] == "entry" for e in events))
    seen = collections.Counter()
    entries = collections.Counter()
    for e in events:
        # The gNB's echo requests come at times of their own.
        if e.get("function") not in packets or e.get("gtp", {}).get("type") in (1, 2):
            continue
        if "inner" not in e:
            fail(f"a packet without inner addresses: {e}")
        inner = e["inner"]
        # Nor has anybody sent what the device itself tells its link (router solicitations, MLD).
        if inner["dst"].startswith("ff02:"):
            continue
        if e["event"] == "entry":
            # Which tunnel a downlink packet takes is not known yet.
            entries[e["direction"], inner["src"], inner["dst"]] += 1
        elif e["event"] == "exit":
            outer = e["outer"]
            check(f"QFI of {e}", e["gtp"].get("qfi"), qfi)
            seen[e["direction"], e["gtp"]["teid"], outer["src"], outer["dst"],
                 inner["src"], inner["dst"]] += 1
            if e["duration_ns"] <= 0:
                fail(f"an exit without a duration: {e}")
            if outer["dport"] != 2152 or inner["proto"] != 17 or not inner["sport"]:
                fail(f"ports or protocol: {e}")
    want = expected(status, n)
    check("packets by exit", dict(seen), want)
    check("packets by entry", dict(entries), {(k[0], k[4], k[5]): n for k in want})


def text(folder):
    """Every key that the line promises has a value, on both packet functions' exits."""
    keys = ("ts pid tgid comm func pktlen teid inner_src inner_dst outer_src outer_dst inner_ports "
            "duration_ns").split()
    status = json.loads((folder / "status.json").read_text())
    packets = packet_functions(status)
    exits = collections.Counter()
    for line in (folder / "text").read_text().splitlines():
        kind, _, rest = line.partition(": ")
        pairs = dict(word.split("=", 1) for word in rest.split() if "=" in word)
        # of a tunnel's packets the line leaves the type out
        if kind == "exit" and pairs["func"] in packets and "teid" in pairs and "type" not in pairs:
            for key in keys:
                if pairs.get(key, "0") in ("", "0", "0x00000000", "0.0.0.0", "0->0"):
                    fail(f"no {key} in: {line}")
            exits[pairs["func"]] += 1
    check("exits in text", dict(exits), dict.fromkeys(packets, 5 * len(status["ues"])))


def main():
    what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    {"flows": flows, "runq": runq, "gtpu": gtpu, "text": text}[what](folder, *sys.argv[3:])


if __name__ == "__main__":
    main()
