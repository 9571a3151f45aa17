#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""standin_judge.py FOLDER RUN: the events of a run of guest/standin.sh against what was sent in it."""
import collections
import pathlib
import statistics
import sys

from judge import check, check_balance, fail, lines, total

PACKET = {"uplink": "gtp5g_encap_recv", "downlink": "gtp5g_dev_xmit"}
MESSAGES = {"echo": (1, 0), "to_user": (26, 0x1000), "end_marker": (254, 0x1000)}  # type, TEID
NO_LOOKUP = {"echo", "to_user", "bad_extension", "short", "not_ipv4"}
PUSHED = {"forwarded", "yellow", "qer_red"}
SENT_ON = {"forwarded", "yellow"}
DROP, FORW, BUFF = 1, 2, 4
ACTIONS = {"far_drop": DROP, "buffered": BUFF}  # of the FARs; the others forward
# What became of them, where that is not "dropped" with the kind's name as the reason.
OUTCOMES = {
    ("uplink", "forwarded"): ("forwarded_n6", None), ("downlink", "forwarded"): ("forwarded", None),
    ("uplink", "yellow"): ("forwarded_n6", None), ("downlink", "yellow"): ("forwarded", None),
    ("uplink", "to_n9"): ("forwarded_n9", None),
    ("uplink", "buffered"): ("buffered", None), ("downlink", "buffered"): ("buffered", None),
    ("uplink", "echo"): ("echo_answered", None), ("uplink", "to_user"): ("to_user", None),
    ("uplink", "end_marker"): ("dropped", "unknown"),  # nothing that can be seen tells why
    ("uplink", "bad_extension"): ("dropped", "malformed_extension"),
    ("uplink", "short"): ("dropped", "malformed_short"),
}
SEID, QFI = 0x5e1d, 9
GENEROUS = 20  # the emulator may take its time, but not as a rule


def udp(source, sport, destination, dport):
    return {"src": source, "dst": destination, "sport": sport, "dport": dport, "proto": 17}


N3_UPLINK = udp("10.9.0.2", 2152, "10.9.0.1", 2152)
N3_DOWNLINK = udp("10.9.0.1", 2152, "10.9.0.2", 2152)


def uplink_gtp(sent, seq):
    kind = sent["kind"]
    if kind == "short":
        return None
    if kind in MESSAGES:
        gtp_type, teid = MESSAGES[kind]
        return {"teid": teid, "type": gtp_type, "seq": 0}
    gtp = {"teid": 0x1000 + sent["index"], "type": 255, "seq": seq}
    return gtp if kind == "bad_extension" else gtp | {"qfi": 9}


def uplink(e, sent, seq):
    kind = sent["kind"]
    plain = kind not in MESSAGES and kind not in ("short", "bad_extension")
    inner = udp(f"10.60.0.{1 + sent['index']}", 4000 + sent["index"], "10.10.0.9", 9)
    check(f"outer of {e}", e.get("outer"), N3_UPLINK)
    check(f"GTP of {e}", e.get("gtp"), uplink_gtp(sent, seq))
    check(f"inner of {e}", e.get("inner"), inner if plain else None)
    check(f"interface of {e}", e["interface"], "n3")


def downlink(e, sent, seq):
    kind, pushed = sent["kind"], e["event"] == "exit" and sent["kind"] in PUSHED
    inner = udp("10.10.0.1", 5000 + sent["index"], f"10.60.0.{1 + sent['index']}", 9)
    if kind == "not_ipv4":
        inner = {"src": "::", "dst": "::", "proto": 59}
    check(f"inner of {e}", e.get("inner"), inner)
    check(f"interface of {e}", e["interface"], "upfgtp")
    gtp = e.get("gtp")
    if not pushed:
        check(f"GTP of {e}", gtp, None)
        return
    check(f"GTP of {e}", {k: gtp[k] for k in ("teid", "type", "qfi")},
          {"teid": 0x2000 + sent["index"], "type": 255, "qfi": 9})
    if kind in SENT_ON:
        check(f"outer of {e}", e.get("outer"), N3_DOWNLINK)


def rules(e, sent):
    """The rules that the packet met, as standin/rules.c writes them."""
    kind = sent["kind"]
    want = {}
    if kind not in NO_LOOKUP | {"no_pdr"}:
        index = 0 if kind == "end_marker" else sent["index"]
        number = index + (101 if sent["direction"] == "downlink" else 1)
        want = {"seid": SEID, "pdr_id": number, "qer_id": number, "rule_qfi": QFI}
        if kind != "no_far":
            want |= {"far_id": number, "far_action": ACTIONS.get(kind, FORW)}
    keys = ("seid", "pdr_id", "qer_id", "rule_qfi", "far_id", "far_action")
    check(f"rules of {e}", {k: e[k] for k in keys if k in e}, want)


def outcome(e, sent, interrupted):
    """An interrupted policePacket has no return that can be trusted to be its: then Red is unknown."""
    got = e.get("verdict"), e.get("reason")
    want = OUTCOMES.get((sent["direction"], sent["kind"]), ("dropped", sent["kind"]))
    if interrupted and sent["kind"] == "qer_red" and got == ("dropped", "unknown"):
        return
    check(f"verdict and reason of {e}", got, want)


def packets(events, sent_by, interrupted):
    """Each packet's entry and exit, in the order in which they were sent."""
    seen = collections.Counter()
    for e in events:
        if e["event"] not in ("entry", "exit") or e["function"] not in PACKET.values():
            continue
        direction = e["direction"]
        check(f"function of {e}", e["function"], PACKET[direction])
        sent = sent_by.get((direction, e["len"])) or fail(f"nobody sent {e}")
        key = direction, sent["kind"], e["event"]
        (uplink if direction == "uplink" else downlink)(e, sent, seen[key])
        if e["event"] == "exit":
            check(f"return of {e}", e["return"], int(sent["kind"] == "to_user"))
            rules(e, sent)
            outcome(e, sent, interrupted)
        seen[key] += 1
    want = {(d, s["kind"], event): s["count"] for (d, _), s in sent_by.items()
            for event in ("entry", "exit")}
    check("packets", dict(seen), want)


def calls(ledger, sent_by):
    """How often each hooked function was called."""
    def count(direction, but=(), only=None):
        return sum(s["count"] for (d, _), s in sent_by.items()
                   if d == direction and s["kind"] not in but and (not only or s["kind"] in only))

    want = {"gtp5g_encap_recv": count("uplink"), "gtp5g_dev_xmit": count("downlink"),
            "pdr_find_by_gtp1u": count("uplink", NO_LOOKUP),
            "gtp5g_handle_skb_ipv4": count("downlink", NO_LOOKUP),
            "gtp5g_push_header": count("downlink", only=PUSHED),
            "gtp5g_xmit_skb_ipv4": count("downlink", only=SENT_ON)}
    check("calls", {f: ledger["gtpu", f]["seen"] for f in want}, want)
    check("events lost", total(ledger["gtpu", "ring"], "lost"), 0)


def delays(events, delay_ns):
    """The functions in which time was spent took it, and with them the packets that met them."""
    took = collections.defaultdict(list)
    for e in events:
        if e["event"] == "exit":
            took[e["function"]].append(e["duration_ns"])
    for function in ("pdr_find_by_gtp1u", "gtp5g_handle_skb_ipv4"):
        if min(took[function]) < delay_ns or statistics.median(took[function]) > GENEROUS * delay_ns:
            fail(f"durations of {function}, which spends {delay_ns} ns: {took[function]}")
    if statistics.median(took["gtp5g_push_header"]) >= delay_ns:
        fail(f"durations of gtp5g_push_header, which spends nothing: {took['gtp5g_push_header']}")
    for function, inside in (("gtp5g_encap_recv", "pdr_find_by_gtp1u"),
                             ("gtp5g_dev_xmit", "gtp5g_handle_skb_ipv4")):
        check(f"calls of {function} that took the time spent in {inside}",
              sum(ns >= delay_ns for ns in took[function]) >= len(took[inside]), True)


def main():
    folder, run = pathlib.Path(sys.argv[1]), sys.argv[2]
    for special in ("", "-delayed", "-interrupted"):
        events = lines(folder / f"{run}{special}.json")
        sent_by = {(s["direction"], s["len"]): s for s in lines(folder / f"{run}{special}.sent")}
        packets(events, sent_by, special == "-interrupted")
        calls(check_balance(events), sent_by)
        if special == "-delayed":
            delays(events, int((folder / "delay_ns").read_text()))


main()
