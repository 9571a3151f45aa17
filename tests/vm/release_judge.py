#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""release_judge.py gtp FOLDER METHOD, release_judge.py standin|places FOLDER: what guest/release.sh,
guest/release_standin.sh and guest/release_gtp5g.sh have written, against what was sent over all lives of the
module."""
import collections
import json
import pathlib
import re
import sys

from judge import check, check_balance, expected, fail, lines, total
from standin_judge import PACKET, outcome_of, session_rows, split

FUNCTIONS = {"uplink": "gtp_encap_recv", "downlink": "gtp_dev_xmit"}


def gtp_events(folder, method, want):
    """Every packet's entry and exit, over all lives; none of those sent while nobody was to look."""
    status = json.loads((folder / "status.json").read_text())
    events = lines(folder / f"{method}.json")
    ledger = check_balance(events)
    check("events lost", total(ledger["gtpu", "ring"], "lost"), 0)
    exits, entries = collections.Counter(), collections.Counter()
    for e in events:
        function = e.get("function")
        if e["event"] in ("entry", "exit"):
            entries[function, e["event"]] += 1
        # The gNB's echoes and what the device itself says come at times of their own.
        if (e["event"] == "exit" and function in FUNCTIONS.values() and e.get("gtp", {}).get("type") == 255
                and not e["inner"]["dst"].startswith("ff02:")):
            exits[e["direction"], e["gtp"]["teid"], e["outer"]["src"], e["outer"]["dst"],
                  e["inner"]["src"], e["inner"]["dst"]] += 1
    check("packets", dict(exits), expected(status, want))
    for function in FUNCTIONS.values():
        check(f"entries of {function}", ledger["gtpu", function]["seen"], entries[function, "entry"])
        # One that returns while hooks are put on has had no entry that was seen, and is no packet's exit.
        check(f"exits of {function}", ledger["gtpu", f"{function} return"]["counted"],
              entries[function, "exit"])
    return len(expected(status, want)) // 2


def gtp(folder, method):
    want = int((folder / f"{method}.sent").read_text())
    each_way = gtp_events(folder, method, want) * want
    events = lines(folder / f"{method}-counts.json")
    check_balance(events)
    counts, sessions = collections.Counter(), collections.Counter()
    for e in events:
        if e.get("verdict") == "forwarded":
            {"count": counts, "session": sessions}[e["event"]][e["direction"]] += e["packets"]
    check("count rows", dict(counts), dict.fromkeys(FUNCTIONS, each_way))
    check("session rows", dict(sessions), dict.fromkeys(FUNCTIONS, each_way))
    check("--release", (folder / f"{method}.release").read_text(), "2 detached from gtp\n")


def methods(path, hook):
    """The methods that the plans in the log give a hook, one after the other."""
    return [method for hooks, method in re.findall(r"gtpu: (\S+(?:, \S+)*) by (\w+)", path.read_text())
            if hook in hooks.split(", ")]


def standin(folder):
    sent = [{(s["direction"], s["len"]): s for s in lines(folder / f"sent.{i}")} for i in (1, 2, 3)]
    want = collections.Counter()
    for sent_by in sent:
        for direction, _, one, number in split(sent_by):
            want[(PACKET[direction], *outcome_of(one))] += number
    events = lines(folder / "trace.json")
    ledger = check_balance(events)
    check("events lost", total(ledger["gtpu", "ring"], "lost"), 0)
    got = collections.Counter((e["function"], e["verdict"], e.get("reason")) for e in events
                              if e["event"] == "exit" and e["function"] in PACKET.values())
    check("packets", dict(got), dict(want))
    counts = collections.Counter()
    rows = lines(folder / "counts.json")
    check_balance(rows)
    for e in rows:
        if e["event"] == "count" and "verdict" in e:
            counts[e["function"], e["verdict"], e.get("reason")] += e["packets"]
    check("count rows", dict(counts), dict(want))
    for function in PACKET.values():
        check(f"methods of {function}", methods(folder / "trace.err", function),
              ["kprobe", "fentry", "kprobe"])
    check("rules", methods(folder / "trace.err", "rules"), ["offsets", "btf", "offsets"])
    module_btf(folder)


def module_btf(folder):
    """An unknown version without BTF: nothing of rules is told, and all with a file that has it."""
    check("rules of an unknown version", methods(folder / "skip.err", "rules"), ["skip"])
    for e in lines(folder / "skip.json"):
        if "seid" in e or "pdr_id" in e or "far_id" in e:
            fail(f"a rule told: {e}")
    for name, file in (("ko", "/tests/unknown-btf/gtp5g.ko"), ("btf", "/tests/gtp5g.btf")):
        check(f"rules by {file}", methods(folder / f"{name}.err", "rules"), ["btf"])
        check(f"{file} is named", f"rules by btf: gtp5g 9.9.9: placed by the BTF in {file}"
              in (folder / f"{name}.err").read_text(), True)
        session_rows(lines(folder / f"{name}.json"),
                     {(s["direction"], s["len"]): s for s in lines(folder / f"{name}.sent")})


def places(folder):
    """By places that are not the module's packets are counted as by the right ones, under no rule."""
    counted = collections.Counter()
    for name in ("right", "wrong"):
        events = lines(folder / f"{name}.json")
        check_balance(events)
        for e in events:
            if e["event"] != "session" or not any(a.startswith("10.60.") for a in e.get("inner", {}).values()):
                continue
            counted[name] += e["packets"]
            if name == "wrong" and ("seid" in e or "pdr_id" in e or "far_id" in e):
                fail(f"a rule told: {e}")
            if name == "right" and e.get("seid") not in ("4097", "4098"):
                fail(f"no session of the lab: {e}")
    check("packets counted", counted["wrong"], counted["right"])
    if counted["wrong"] < 2 * 20:
        fail(f"packets counted: {counted}")


def main():
    what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    {"gtp": gtp, "standin": standin, "places": places}[what](folder, *sys.argv[3:])


main()
