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
RULELESS = NO_LOOKUP | {"no_pdr", "cut_inner"}
PUSHED = {"forwarded", "yellow", "qer_red", "quota+"}
SENT_ON = {"forwarded", "yellow", "quota+"}
DROP, FORW, BUFF = 1, 2, 4
ACTIONS = {"far_drop": DROP, "quota": DROP, "buffered": BUFF}  # of the FARs; the others forward
# What became of them, where that is not "dropped" with the kind's name as the reason.
OUTCOMES = {
    ("uplink", "forwarded"): ("forwarded_n6", None), ("downlink", "forwarded"): ("forwarded", None),
    ("uplink", "quota+"): ("forwarded_n6", None), ("downlink", "quota+"): ("forwarded", None),
    ("uplink", "yellow"): ("forwarded_n6", None), ("downlink", "yellow"): ("forwarded", None),
    ("uplink", "to_n9"): ("forwarded_n9", None),
    ("uplink", "buffered"): ("buffered", None), ("downlink", "buffered"): ("buffered", None),
    ("uplink", "echo"): ("echo_answered", None), ("uplink", "to_user"): ("to_user", None),
    ("uplink", "end_marker"): ("dropped", "unknown"),  # nothing that can be seen tells why
    ("uplink", "bad_extension"): ("dropped", "malformed_extension"),
    ("uplink", "short"): ("dropped", "malformed_short"),
    ("uplink", "cut_inner"): ("dropped", "malformed_inner"),
}
# What reaches policePacket; it is green unless its kind says else.
POLICED = {("uplink", k) for k in ("forwarded", "yellow", "to_n9", "qer_red", "no_route", "backlog_full")} | {
    ("downlink", k) for k in ("forwarded", "yellow", "qer_red")} | {(d, "quota+") for d in PACKET}
COLORS = {"yellow": "yellow", "qer_red": "red"}
SEID, QFI = 0x5e1d, 9
# PDRs that have a QER of the session beside, uplink before the other, downlink behind it: the last one polices.
TWO_QERS = {"yellow", "qer_red"}
SESSION_QERS = 1000
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
    gtp = {"teid": 0x1000 + (sent["index"] if kind != "cut_inner" else 0), "type": 255, "seq": seq}
    return gtp if kind == "bad_extension" else gtp | {"qfi": 9}


def uplink(e, sent, seq):
    kind = sent["kind"]
    plain = kind not in MESSAGES and kind not in ("short", "bad_extension", "cut_inner")
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


def qer_of(sent, number):
    """The QER that polices. Which of two QERs closes a gate, no PDR says."""
    uplink = sent["direction"] == "uplink"
    if sent["kind"] == "gate_closed" and uplink:
        return {}
    return {"qer_id": number + (SESSION_QERS if sent["kind"] in TWO_QERS and not uplink else 0)}


def rules_of(sent):
    """The rules that the packet met, as standin/rules.c writes them."""
    kind = sent["kind"]
    if kind in RULELESS:
        return {}
    index = 0 if kind == "end_marker" else sent["index"]
    number = index + (101 if sent["direction"] == "downlink" else 1)
    want = {"seid": str(SEID), "pdr_id": number, "rule_qfi": QFI} | qer_of(sent, number)
    if kind != "no_far":
        want |= {"far_id": number, "far_action": ACTIONS.get(kind, FORW)}
    return want


def rules(e, sent):
    keys = ("seid", "pdr_id", "qer_id", "rule_qfi", "far_id", "far_action")
    check(f"rules of {e}", {k: e[k] for k in keys if k in e}, rules_of(sent))


def color_of(sent):
    key = sent["direction"], sent["kind"]
    return COLORS.get(sent["kind"], "green") if key in POLICED else None


def outcome_of(sent):
    return OUTCOMES.get((sent["direction"], sent["kind"]), ("dropped", sent["kind"]))


def outcome(e, sent):
    check(f"verdict and reason of {e}", (e.get("verdict"), e.get("reason")), outcome_of(sent))
    check(f"color of {e}", e.get("color"), color_of(sent))


def stages_of(sent):
    if sent["kind"] in NO_LOOKUP:
        return set()
    return {"parse", "lookup", "apply"} | ({"send"} if sent["direction"] == "downlink" else set())


def stages(e, sent):
    """Those that the packet met; together no longer than the whole."""
    got = e.get("stages", {})
    check(f"stages of {e}", {k.removesuffix("_ns") for k in got}, stages_of(sent))
    if sum(got.values()) > e["duration_ns"]:
        fail(f"stages longer than the packet: {e}")


def met(sent, index):
    """A packet by what it met: the first of the kind quota found one, "quota+"."""
    return sent | {"kind": "quota+"} if sent["kind"] == "quota" and not index else sent


def split(sent_by):
    """(direction, length, sent, count) with the first of the kind quota apart."""
    for (direction, length), sent in sent_by.items():
        first = sent["kind"] == "quota"
        if first:
            yield direction, length, met(sent, 0), 1
        yield direction, length, sent, sent["count"] - first


def packets(events, sent_by):
    """Each packet's entry and exit, in the order in which they were sent."""
    seen = collections.Counter()
    for e in events:
        if e["event"] not in ("entry", "exit") or e["function"] not in PACKET.values():
            continue
        direction = e["direction"]
        check(f"function of {e}", e["function"], PACKET[direction])
        sent = sent_by.get((direction, e["len"])) or fail(f"nobody sent {e}")
        key = direction, sent["kind"], e["event"]
        sent = met(sent, seen[key])
        (uplink if direction == "uplink" else downlink)(e, sent, seen[key])
        if e["event"] == "exit":
            check(f"return of {e}", e["return"], int(sent["kind"] == "to_user"))
            rules(e, sent)
            outcome(e, sent)
            stages(e, sent)
        seen[key] += 1
    want = {(d, s["kind"], event): s["count"] for (d, _), s in sent_by.items()
            for event in ("entry", "exit")}
    check("packets", dict(seen), want)


def calls(ledger, sent_by, each_function):
    """How often each hooked function was called."""
    def count(direction, but=(), only=None):
        return sum(n for d, _, s, n in split(sent_by)
                   if d == direction and s["kind"] not in but and (not only or s["kind"] in only))

    want = {"gtp5g_encap_recv": count("uplink"), "gtp5g_dev_xmit": count("downlink"),
            "pdr_find_by_gtp1u": count("uplink", NO_LOOKUP),
            "gtp5g_handle_skb_ipv4": count("downlink", NO_LOOKUP),
            "gtp5g_push_header": count("downlink", only=PUSHED),
            "gtp5g_xmit_skb_ipv4": count("downlink", only=SENT_ON)}
    if each_function:
        want.update({"gtp1u_udp_encap_recv": count("uplink"), "gtp5g_rx": count("uplink", RULELESS),
                     "gtp5g_fwd_skb_ipv4": count("downlink", only=PUSHED | {"no_ran_address", "no_route"})})
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


def session_rows(events, sent_by):
    """Packets and bytes by session and outcome, each equal to what was sent."""
    got, want = collections.Counter(), collections.Counter()
    for e in events:
        if e["event"] == "session":
            key = (e["direction"], e["verdict"], e.get("reason"), e.get("color"), e.get("pdr_id"),
                   e.get("qer_id"), e.get("far_action"), e.get("gtp", {}).get("teid"))
            got[key] += e["packets"]
            got[key + ("bytes",)] += e["bytes"]
            if e["direction"] == "uplink":
                check(f"peer of {e}", e["outer"]["src"], "10.9.0.2")
    for direction, length, sent, number in split(sent_by):
        kind, index, ruled = sent["kind"], sent["index"], rules_of(sent)
        if direction == "uplink":
            teid = (uplink_gtp(sent, 0) or {}).get("teid")
        else:
            teid = 0x2000 + index if kind in PUSHED else None
        key = (direction, *outcome_of(sent), color_of(sent), ruled.get("pdr_id"), ruled.get("qer_id"),
               ruled.get("far_action"), teid)
        want[key] += number
        want[key + ("bytes",)] += number * length
    check("session rows", dict(got), dict(want))


def histogram(events, function, stage, direction=None):
    """{bucket's lower end in ns: calls}"""
    found = collections.Counter()
    for e in events:
        if (e["event"] == "latency" and e["function"] == function and e.get("stage") == stage and
                direction in (None, e["direction"])):
            found[e["duration_ns"]] += e["packets"]
    return found


def holds(what, found, number, delay_ns):
    """All calls took the time that they spend: in its bucket, or in the next when the emulator was
    late."""
    bucket = 1 << delay_ns.bit_length() - 1
    check(f"calls of {what}", sum(found.values()), number)
    if min(found) < bucket:
        fail(f"{what} spends {delay_ns} ns: {dict(found)}")
    middle = sorted(b for b, n in found.items() for _ in range(n))[number // 2]
    if middle > 2 * bucket:
        fail(f"{what} spends {delay_ns} ns, within one bucket: {dict(found)}")


def number_of(sent_by, direction, only=None, but=()):
    return sum(s["count"] for (d, _), s in sent_by.items()
               if d == direction and s["kind"] not in but and (only is None or s["kind"] in only))


def latency_rows(events, sent_by, delay_ns):
    up, down = (number_of(sent_by, d, but=NO_LOOKUP) for d in ("uplink", "downlink"))
    holds("pdr_find_by_gtp1u", histogram(events, "pdr_find_by_gtp1u", None), up, delay_ns)
    holds("the uplink's lookup", histogram(events, "gtp5g_encap_recv", "lookup"), up, delay_ns)
    holds("gtp5g_handle_skb_ipv4", histogram(events, "gtp5g_handle_skb_ipv4", None), down, delay_ns)
    # It spends its time before it looks the rule up.
    holds("the downlink's parse", histogram(events, "gtp5g_dev_xmit", "parse"), down, delay_ns)
    for function, direction in (("gtp5g_encap_recv", "uplink"), ("gtp5g_dev_xmit", "downlink")):
        check(f"durations of {function}", sum(histogram(events, function, None).values()),
              number_of(sent_by, direction))


def interrupted_rows(events, sent_by, delay_ns):
    """Each policed packet's call is measured to its own end, and the timer's calls are no packet's."""
    policed = sum(n for d, _, s, n in split(sent_by) if (d, s["kind"]) in POLICED)
    holds("policePacket", histogram(events, "policePacket", None), policed, delay_ns)


def context_rows(events, sent_by):
    """Each call of each hooked function, by who was on the CPU: the sender itself, downlink in its own
    context and uplink in the softirq of its sending, unless that was left to ksoftirqd."""
    ledger = check_balance(events)
    calls = collections.Counter()
    for e in events:
        if e["event"] != "context":
            continue
        calls[e["function"]] += e["packets"]
        if e["function"] == "gtp5g_dev_xmit":
            check(f"task of {e}", (e["comm"], e["context"]), ("send", "process"))
        if e["function"] == "gtp5g_encap_recv":
            check(f"context of {e}", e["context"], "softirq")
    for function, number in calls.items():
        check(f"contexts of {function}", number, ledger["gtpu", function]["seen"])
    for direction, function in PACKET.items():
        check(f"contexts of {function}", calls[function], number_of(sent_by, direction))


def main():
    folder, run = pathlib.Path(sys.argv[1]), sys.argv[2]
    delay_ns = int((folder / "delay_ns").read_text())

    def read(special):
        events = lines(folder / f"{run}{special}.json")
        return events, {(s["direction"], s["len"]): s for s in lines(folder / f"{run}{special}.sent")}

    timed = (folder / f"{run}-delayed.json").exists()
    check(f"{run} with known times", timed, run in ("plain-kprobe", "btf-fentry"))
    for special in ("", "-delayed", "-interrupted") if timed else ("",):
        events, sent_by = read(special)
        packets(events, sent_by)
        calls(check_balance(events), sent_by, special == "-delayed")
        if special == "-delayed":
            delays(events, delay_ns)
    for special in ("-counted", "-interrupted-counted") if timed else ():
        events, sent_by = read(special)
        session_rows(events, sent_by)
        context_rows(events, sent_by)
        (latency_rows if special == "-counted" else interrupted_rows)(events, sent_by, delay_ns)


if __name__ == "__main__":
    main()
