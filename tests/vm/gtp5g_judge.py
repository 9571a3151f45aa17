#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""gtp5g_judge.py FOLDER METHOD: the events of guest/gtp5g_outcomes.sh against what was sent in it."""
import collections
import pathlib
import sys

from judge import check, check_balance, fail, lines

PACKET = {"uplink": "gtp5g_encap_recv", "downlink": "gtp5g_dev_xmit"}
TEID_FORWARDED = 0x1000
FORW, DROP, BUFF = 2, 1, 4

# What rules bring about, by direction and kind; a kind without a session has no PDR.
WANT = {
    "uplink": {
        "forwarded": ("forwarded_n6", None), "to_n9": ("forwarded_n9", None),
        "buffered": ("buffered", None), "far_drop": ("dropped", "far_drop"),
        "no_outer_header_removal": ("dropped", "no_outer_header_removal"),
        "gate_closed": ("dropped", "gate_closed"), "no_route": ("dropped", "no_route"),
        "echo": ("echo_answered", None), "to_user": ("to_user", None),
        "end_marker": ("dropped", "unknown"), "short": ("dropped", "malformed_short"),
        "bad_extension": ("dropped", "malformed_extension"),
    },
    "downlink": {
        "forwarded": ("forwarded", None), "to_n9": ("forwarded", None),
        "no_outer_header_removal": ("forwarded", None), "buffered": ("buffered", None),
        "far_drop": ("dropped", "far_drop"), "gate_closed": ("dropped", "gate_closed"),
        "no_ran_address": ("dropped", "no_ran_address"), "no_route": ("dropped", "no_route"),
        "not_ipv4": ("dropped", "not_ipv4"),
    },
}
NO_LOOKUP = {"echo", "to_user", "short", "bad_extension", "not_ipv4"}
ACTIONS = {"far_drop": DROP, "buffered": BUFF}
RULE_KEYS = ("seid", "pdr_id", "far_id", "far_action", "qer_id", "rule_qfi")


def outcome(sent):
    return WANT[sent["direction"]].get(sent["kind"], ("dropped", "no_pdr"))


def rules(sent):
    kind, uplink = sent["kind"], sent["direction"] == "uplink"
    if outcome(sent)[1] == "no_pdr" or kind in NO_LOOKUP:
        return (None,) * len(RULE_KEYS)
    index = 0 if kind == "end_marker" else sent["index"]
    return (0x100 + index, 1 if uplink else 2, 10 if uplink else 20, ACTIONS.get(kind, FORW), 30, 9)


def exits(events, sent_by):
    seen = collections.Counter()
    for e in events:
        if e["event"] != "exit" or e["function"] not in PACKET.values():
            continue
        direction = next(d for d, f in PACKET.items() if f == e["function"])
        sent = sent_by.get((direction, e["len"])) or fail(f"nobody sent {e}")
        check(f"verdict and reason of a {sent['kind']}: {e}", (e["verdict"], e.get("reason")),
              outcome(sent))
        check(f"rules of a {sent['kind']}: {e}", tuple(e.get(k) for k in RULE_KEYS), rules(sent))
        seen[direction, sent["kind"]] += 1
    return dict(seen)


def counts(events, sent_by):
    """The always-on counts say the same, packets and bytes; and each exit has its latency."""
    got, want = collections.Counter(), collections.Counter()
    slow = collections.Counter()
    for e in events:
        if e["event"] == "count" and "verdict" in e:
            key = e["function"], e["verdict"], e.get("reason")
            got[key + ("packets",)] += e["packets"]
            got[key + ("bytes",)] += e["bytes"]
        if e["event"] == "latency" and "stage" not in e:
            slow[e["function"]] += e["packets"]
    for (direction, length), s in sent_by.items():
        key = (PACKET[direction],) + outcome(s)
        want[key + ("packets",)] += s["count"]
        want[key + ("bytes",)] += s["count"] * length
    check("counts by verdict and reason", dict(got), dict(want))
    for direction, function in PACKET.items():
        check(f"latencies of {function}", slow[function],
              sum(s["count"] for s in sent_by.values() if s["direction"] == direction))


def main():
    folder, method = pathlib.Path(sys.argv[1]), sys.argv[2]
    sent_by = {(s["direction"], s["len"]): s for s in lines(folder / "sent.json")}
    all_sent = {(s["direction"], s["kind"]): s["count"] for s in sent_by.values()}
    chosen = {
        "": all_sent,
        "-teid": {k: n for k, n in all_sent.items()
                  if k in (("uplink", "forwarded"), ("uplink", "to_user"), ("uplink", "end_marker"))},
        "-reason": {k: n for k, n in all_sent.items() if k[1] == "gate_closed"},
    }
    for run, want in chosen.items():
        events = lines(folder / f"{method}{run}.json")
        check_balance(events)
        check(f"packets of {method}{run}", exits(events, sent_by), want)
    counts(lines(folder / f"{method}-counts.json"), sent_by)


main()
