# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the judges of the tests with sender/ share."""
import collections
import json

from judge import check, fail, lines

FUNCTIONS = {"gtp": ("gtp_encap_recv", "gtp_dev_xmit"),
             "gtp5g": ("gtp5g_encap_recv", "gtp5g_dev_xmit")}

def sent(path, packets=None):
    """{direction: orders}, which the devices took to the last packet."""
    orders = collections.defaultdict(list)
    for order in lines(path):
        check(f"sent of {order}", order["sent"], order["count"])
        orders[order["direction"]].append(order)
    if packets is not None:
        for direction in ("uplink", "downlink"):
            check(f"sent {direction}", sum(o["sent"] for o in orders[direction]), packets)
    return orders


def counted(events, function):
    """Of a packet function: {return: packets}, {(verdict, reason): packets}, packets by latency."""
    by_return, by_outcome, by_duration = collections.Counter(), collections.Counter(), 0
    for e in events:
        if e.get("function") != function:
            continue
        if e["event"] == "count" and "return" in e:
            by_return[e["return"]] += e["packets"]
        elif e["event"] == "count":
            by_outcome[e["verdict"], e.get("reason")] += e["packets"]
        elif e["event"] == "latency" and "stage" not in e:
            by_duration += e["packets"]
    return dict(by_return), dict(by_outcome), by_duration


def sessions(events, function):
    """Rows of a packet function's packets by PDU session, and by want of one."""
    return [e for e in events if e["event"] == "session" and e["function"] == function]


class Counters:
    """The kernel's own, between FOLDER/RUN.before and .after (guest/sender.sh)."""
    def __init__(self, folder, run):
        self.files = [folder / f"{run}.before", folder / f"{run}.after"]

    def _texts(self, kind):
        return [f.with_name(f.name + kind).read_text() for f in self.files]

    def _difference(self, kind, read):
        before, after = (read(text) for text in self._texts(kind))
        return after - before

    def link(self, name, direction, counter):
        place = ("n3", "gnb", "upfgtp").index(name)

        def read(text):
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
            return rows[place][0]["stats64"][direction][counter]
        return self._difference(".links", read)

    def snmp(self, protocol, counter):
        def read(text):
            names, values = (line.split()[1:] for line in text.splitlines()
                             if line.startswith(protocol + ":"))
            return int(values[names.index(counter)])
        return self._difference(".snmp", read)

    def softnet_dropped(self):
        return self._difference(".softnet", lambda text: sum(int(line.split()[1], 16)
                                                             for line in text.splitlines()))


def quiet(events, log):
    """Nobody asked for events, and there is nothing to complain of."""
    for e in events:
        if e["event"] in ("entry", "exit"):
            fail(f"an event that nobody asked for: {e}")
        if e["event"] == "ledger" and e.get("where") == "ring":
            check(f"ring: {e}", e["value"], 0)
    for line in log.splitlines():
        if "warning" in line or "error" in line:
            fail(f"the log says: {line}")
