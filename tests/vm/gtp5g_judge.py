#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""gtp5g_judge.py FOLDER METHOD VERSION: the events and rows of guest/gtp5g_outcomes.sh against what was
sent in it, packet by packet, and what gtp5g VERSION does with it."""
import collections
import pathlib
import sys

from judge import check, check_balance, fail, ledger_of, lines, total

PACKET = {"uplink": "gtp5g_encap_recv", "downlink": "gtp5g_dev_xmit"}
GNB, OTHER_PEER, UPF, DN, N6_HOST = "10.9.0.2", "10.9.0.3", "10.9.0.1", "10.10.0.9", "10.10.0.1"
DROP, FORW, BUFF, DUPL = 1, 2, 4, 16
QUOTA_PACKETS = 5
N6, N9 = ("forwarded_n6", None), ("forwarded_n9", None)
FORWARDED, BUFFERED, USER = ("forwarded", None), ("buffered", None), ("to_user", None)
UNKNOWN = ("unknown", None)
COLORS = ["green", "yellow", "red"]
RULE_KEYS = ("seid", "pdr_id", "far_id", "far_action", "qer_id", "rule_qfi")


def dropped(reason):
    return "dropped", reason


# What 0.10.2 does with them at the first step: {kind: (uplink, downlink)}; a kind that is not here
# has no session, and one that is no T-PDU meets no rule.
RULES = {
    "forwarded": (N6, FORWARDED), "to_n9": (N9, None), "buffered": (BUFFERED, BUFFERED),
    "no_far": (dropped("no_far"),) * 2, "far_drop": (dropped("far_drop"),) * 2,
    "no_outer_header_removal": (dropped("no_outer_header_removal"), None),
    "gate_closed": (dropped("gate_closed"),) * 2, "no_ran_address": (None, dropped("no_ran_address")),
    "no_route": (dropped("no_route"),) * 2, "sdf_match": (N6, FORWARDED), "other_qfi": (N6, None),
    "no_action": (dropped("unknown"),) * 2, "end_marker": (dropped("unknown"), None),
    "end_marker_n9": (N9, None), "end_marker_buffered": (dropped("unknown"), None),
    "long_length": (N6, None), "far_replaced": (N6, FORWARDED), "qer_replaced": (N6, FORWARDED),
    "metered": (N6, dropped("quota")), "metered_downlink": (None, FORWARDED),
    "quota_zero": (dropped("quota"),) * 2, "quota_before": (N6, FORWARDED),
    "start": (N6, dropped("quota")), "start_n9": (dropped("quota"),) * 2, "policed": (N6, FORWARDED),
    "framed": (N6, FORWARDED),
}
RULELESS = {
    "echo": ("echo_answered", None), "echo_no_route": dropped("no_route"), "to_user": USER,
    "short": dropped("malformed_short"), "cut_inner": dropped("malformed_inner"), "bad_extension": dropped("malformed_extension"),
    "cut_options": dropped("malformed_length"), "cut_extension": dropped("malformed_extension"),
    "not_ipv4": dropped("not_ipv4"),
}
# The same at later steps.
LATER = {
    ("change", "no_far"): (N6, FORWARDED), ("change", "far_replaced"): (BUFFERED, BUFFERED),
    ("change", "metered"): (N6, FORWARDED), ("again", "no_far"): (N6, FORWARDED),
    ("again", "far_replaced"): (N9, FORWARDED), ("again", "metered"): (N6, FORWARDED),
}
ACTIONS = {"far_drop": DROP, "buffered": BUFF, "end_marker_buffered": BUFF, "no_action": DUPL}
MARKERS = {"end_marker": 0, "end_marker_n9": 2, "end_marker_buffered": 3}  # whose TEID they have
UNREADABLE = {"short", "bad_extension", "cut_options", "cut_extension", "long_length"}


def exhausted(kind, i, uplink):
    """Whether the packet comes after the one that used the quota up."""
    if kind in ("metered", "metered_downlink"):
        return i >= QUOTA_PACKETS or (not uplink and kind == "metered")
    if kind in ("start", "start_n9"):
        return i >= 1 or not uplink
    return kind == "quota_zero"


class Module:
    """What a version of gtp5g does otherwise, and does not tell."""

    def __init__(self, version):
        self.version = tuple(int(n) for n in version.split("."))

    def since(self, *version):
        return self.version >= version

    def colors(self):
        # From 0.9.14 to 0.10.1 the bucket of the excess burst has no size.
        return {"green", "red"} if self.since(0, 9, 14) and not self.since(0, 10, 2) else set(COLORS)

    def uplink(self, kind, outcome):
        if self.since(0, 9, 2):
            return outcome
        if kind == "echo_no_route":
            return USER
        if kind == "gate_closed" and not self.since(0, 8, 9):
            return N6
        # Whether what is no T-PDU was kept is not seen.
        return UNKNOWN if kind == "end_marker_buffered" else outcome

    def downlink(self, kind, outcome):
        return FORWARDED if kind == "gate_closed" and not self.since(0, 8, 9) else outcome


class Packet:
    """One packet, the i-th of what was sent of its kind at its step, and what its exit must say."""

    def __init__(self, module, step, sent, i):
        self.kind, self.index, self.step, self.i = sent["kind"], sent["index"], step, i
        self.direction, self.len, self.module = sent["direction"], sent["len"], module
        self.uplink = self.direction == "uplink"
        self.color = None
        self.outcome = getattr(module, self.direction)(self.kind, self.done())

    def done(self):
        if self.kind in RULELESS:
            return RULELESS[self.kind]
        if self.step == "backlog" and self.i > 0 and self.kind == "forwarded":
            return dropped("backlog_full")
        here = LATER.get((self.step, self.kind))
        if not here and exhausted(self.kind, self.i, self.uplink):
            return dropped("quota")
        return (here or RULES.get(self.kind, (dropped("no_pdr"),) * 2))[0 if self.uplink else 1]

    def police(self, color):
        self.color = color
        if color == "red":
            self.outcome = dropped("qer_red")

    def far_action(self):
        if (self.step, self.kind) == ("change", "far_replaced"):
            return BUFF
        if self.step == "rules" and exhausted(self.kind, self.i, self.uplink):
            return DROP
        return ACTIONS.get(self.kind, FORW)

    def qer(self):
        """The QER that polices: the last of the PDR, before 0.9.2 the first. Since then no PDR says whose gate is
        closed."""
        if self.kind == "gate_closed" and self.module.since(0, 9, 2):
            return None
        if self.kind != "policed":
            return 30
        return (31, 30)[self.uplink == self.module.since(0, 9, 2)]

    def qfi(self):
        replaced = self.module.since(0, 10, 1) and (self.step, self.kind) == ("again", "qer_replaced")
        return 5 if replaced else 9

    def rules(self):
        if self.kind in RULELESS or self.outcome == dropped("no_pdr"):
            return dict.fromkeys(RULE_KEYS)
        far = (10 if self.uplink else 20, self.far_action())
        if self.outcome == dropped("no_far"):
            far = (None, None)
        return dict(zip(RULE_KEYS, (str(0x100 + MARKERS.get(self.kind, self.index)), 1 if self.uplink else 2,
                                    *far, self.qer(), self.qfi())))

    def ue(self):
        return f"10.{61 if self.kind == 'framed' else 60}.0.{self.index + (self.kind != 'framed')}"

    def addresses(self):
        """{(object, key): value}, as far as they can be read."""
        if self.uplink:
            found = {("outer", "src"): "203.0.113.1" if self.kind == "echo_no_route" else GNB,
                     ("outer", "dst"): UPF}
            if self.kind in MARKERS:
                found["gtp", "teid"] = 0x1000 + MARKERS[self.kind]
            elif self.kind == "cut_inner":
                found["gtp", "teid"] = 0x1000
            elif self.kind not in RULELESS and self.kind not in UNREADABLE:
                found.update({("gtp", "teid"): 0x1000 + self.index, ("inner", "src"): self.ue(),
                              ("gtp", "qfi"): 5 if self.kind == "other_qfi" else 9,
                              ("inner", "dst"): DN})
            return found
        if self.kind == "not_ipv4":
            return {}
        found = {("inner", "src"): N6_HOST, ("inner", "dst"): self.ue()}
        if self.outcome == FORWARDED:
            moved = (self.step, self.kind) == ("again", "far_replaced")
            found.update({("outer", "dst"): OTHER_PEER if moved else GNB, ("outer", "src"): UPF,
                          ("gtp", "teid"): 0x2000 + self.index + (0x100 if moved else 0),
                          ("gtp", "qfi"): self.qfi()})
        return found

    def compare(self, e):
        what = f"{self.kind} {self.i} at {self.step}: {e}"
        check(f"verdict and reason of {what}", (e["verdict"], e.get("reason")), self.outcome)
        rules = self.rules()
        check(f"rules of {what}", {k: e.get(k) for k in rules}, rules)
        check(f"color of {what}", e.get("color"), self.color)
        for (part, key), value in self.addresses().items():
            check(f"{part}.{key} of {what}", e.get(part, {}).get(key), value)


def read(folder, run, module):
    """The packets of a run in the order in which they were sent."""
    packets, step = [], None
    for s in lines(folder / f"{run}.sent"):
        step = s.get("step", step)
        packets += [Packet(module, step, s, i) for i in range(s.get("count", 0))]
    colors = folder / f"{run}.colors"
    if colors.exists():
        seen = [COLORS[int(c)] for c in colors.read_text().split()]
        check(f"colors that {run} gave", set(seen), module.colors())
        policed = [p for p in packets if p.kind == "policed"]
        check(f"packets that {run} policed", len(seen), len(policed))
        for packet, color in zip(policed, seen):
            packet.police(color)
    return packets


def events(folder, run, packets):
    """Each packet's exit, in the order of its like."""
    got = lines(folder / f"{run}.json")
    check_balance(got)
    check(f"events lost in {run}", total(ledger_of(got)["gtpu", "ring"], "lost"), 0)
    waiting = collections.defaultdict(collections.deque)
    for p in packets:
        waiting[p.direction, p.len].append(p)
    for e in got:
        if e["event"] != "exit" or e["function"] not in PACKET.values():
            continue
        direction = next(d for d, f in PACKET.items() if f == e["function"])
        if not waiting[direction, e["len"]]:
            fail(f"nobody sent {e}")
        waiting[direction, e["len"]].popleft().compare(e)
    left = collections.Counter((p.direction, p.kind) for q in waiting.values() for p in q)
    check(f"packets without an exit in {run}", dict(left), {})


def sums(packets, key):
    found = collections.Counter()
    for p in packets:
        found[key(p) + ("packets",)] += 1
        found[key(p) + ("bytes",)] += p.len
    return found


def rows(got, event, key):
    found = collections.Counter()
    for e in got:
        if e["event"] == event and "verdict" in e:
            found[key(e) + ("packets",)] += e["packets"]
            found[key(e) + ("bytes",)] += e["bytes"]
    return found


def counts(folder, run, packets):
    """The always-on counts, by outcome and by session, say the same; and each exit has its latency."""
    got = lines(folder / f"{run}.json")
    check_balance(got)
    check("counts by verdict and reason",
          rows(got, "count", lambda e: (e["function"], e["verdict"], e.get("reason"))),
          sums(packets, lambda p: (PACKET[p.direction], *p.outcome)))
    keys = RULE_KEYS + ("color",)
    check("sessions", rows(got, "session", lambda e: (e["function"], e["verdict"], e.get("reason"),
                                                      *(e.get(k) for k in keys))),
          sums(packets, lambda p: (PACKET[p.direction], *p.outcome, *p.rules().values(), p.color)))
    slow = collections.Counter()
    for e in got:
        if e["event"] == "latency" and "stage" not in e:
            slow[e["function"]] += e["packets"]
    for direction, function in PACKET.items():
        check(f"latencies of {function}", slow[function], sum(p.direction == direction for p in packets))


def of_teid(packet):
    """0x1000: what is sent downlink has another."""
    return packet.uplink and packet.kind in ("forwarded", "to_user", "end_marker", "cut_inner")


def main():
    folder, method, module = pathlib.Path(sys.argv[1]), sys.argv[2], Module(sys.argv[3])
    chosen = {"": lambda p: True, "-teid": of_teid,
              "-reason": lambda p: p.outcome == dropped("far_drop")}
    for run, wanted in chosen.items():
        events(folder, method + run, [p for p in read(folder, method + run, module) if wanted(p)])
    counts(folder, f"{method}-counts", read(folder, f"{method}-counts", module))


main()
