#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Packets for flow_view_test.sh, and what the text and JSON of `teide flows` must say of them.

flow_view.py send INTERFACE SENT	sends all kinds of packets and writes down what they were
flow_view.py flood INTERFACE		sends G-PDUs until it is ended
flow_view.py last INTERFACE LOG PID	waits for a view in LOG, sends 300 packets, ends PID at once
flow_view.py loop			sends GTP-U and other UDP to this host's own address
flow_view.py text|messages|json|filter|width|collections|rate ...	judges
"""
import collections
import json
import os
import re
import signal
import socket
import sys
import time

from scapy.contrib.gtp import GTP_U_Header, GTPEchoRequest, GTPEchoResponse, GTPErrorIndication, GTPPDUSessionContainer
from scapy.contrib.gtp import IE_GSNAddress, IE_Recovery, IE_TEIDI
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether

ETH = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
UPF, GNB, DN = "10.9.0.1", "10.9.0.2", "10.70.0.2"
MESSAGES = {1: "echo request", 2: "echo response", 26: "error indication", 31: "extension headers", 254: "end marker"}
UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}


def fail(text):
    sys.exit(f"FAIL: {text}")


def expect(what, got, want):
    if got != want:
        fail(f"{what}: got {got!r}, want {want!r}")


def frame(src, dst, payload):
    return bytes(Ether(**ETH) / IP(src=src, dst=dst) / UDP(sport=2152, dport=2152) / payload)


def raw(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((name, 0))
    return s


def g_pdu(teid, ue, uplink, transport, qfi):
    src, dst = (ue, DN) if uplink else (DN, ue)
    inner = IP(src=src, dst=dst) / transport
    head = GTP_U_Header(teid=teid, gtp_type=255, E=1, next_ex=0x85) / GTPPDUSessionContainer(type=int(uplink), QFI=qfi)
    return frame(GNB if uplink else UPF, UPF if uplink else GNB, head / inner)


def all_kinds():
    """Of each packet: how many, its bytes, what it is. Both UEs' downlink tunnels have one TEID, as of two gNBs."""
    outer = {"outer": [UPF, GNB], "proto": 17, "ports": [2152]}
    for ue, uplink, teid, qfi, proto, port, n in (
            ("10.60.0.1", True, 0x101, 9, 17, 53, 40), ("10.60.0.1", True, 0x101, 9, 1, 0, 11),
            ("10.60.0.1", False, 0x201, 9, 17, 53, 33), ("10.60.0.2", True, 0x102, 9, 17, 443, 27),
            ("10.60.0.2", True, 0x102, 5, 17, 53, 9), ("10.60.0.2", False, 0x202, 5, 17, 443, 18)):
        transport = ICMP() if proto == 1 else UDP(sport=4000 if uplink else port, dport=port if uplink else 4000) / (b"x" * 20)
        yield n, g_pdu(teid, ue, uplink, transport, qfi), outer | {
            "teid": teid, "type": 255, "qfi": qfi, "ue": ue, "uplink": uplink, "inner": [ue, DN], "inner_proto": proto,
            "inner_ports": [4000, port] if proto == 17 else []}
    notification = GTP_U_Header(gtp_type=31, teid=0, S=1) / bytes([141, 1, 0x85])
    for kind, n, teid, payload in (
            (1, 6, 0, GTP_U_Header(gtp_type=1, teid=0, S=1) / GTPEchoRequest()),
            (2, 5, 0, GTP_U_Header(gtp_type=2, teid=0, S=1) / GTPEchoResponse(IE_list=[IE_Recovery(restart_counter=1)])),
            (26, 4, 0, GTP_U_Header(gtp_type=26, teid=0, S=1) / GTPErrorIndication(
                IE_list=[IE_TEIDI(TEIDI=0x101), IE_GSNAddress(ipv4_address=GNB)])),
            (31, 3, 0, notification), (254, 2, 0x101, GTP_U_Header(gtp_type=254, teid=0x101))):
        yield n, frame(UPF, GNB, payload), outer | {"teid": teid, "type": kind}
    for n, dst, port in ((21, "10.9.0.2", 53), (8, "10.9.0.9", 9999)):
        yield n, bytes(Ether(**ETH) / IP(src=UPF, dst=dst) / UDP(sport=5000, dport=port) / b"plain"), {
            "outer": [UPF, dst], "proto": 17, "ports": [5000, port]}


def send(name, path):
    s, sent = raw(name), []
    for n, data, what in all_kinds():
        for _ in range(n):
            s.send(data)
        sent.append(what | {"packets": n, "bytes": n * len(data)})
    with open(path, "w", encoding="utf-8") as out:
        json.dump(sent, out)


def flood(name):
    s = raw(name)
    frames = [data for _, data, what in all_kinds() if what.get("type") == 255]
    while True:
        for data in frames:
            s.send(data)
        time.sleep(0.0002)


def last(name, log, pid):
    s, data = raw(name), next(all_kinds())[1]
    seen, end = 0, time.monotonic() + 60
    while time.monotonic() < end:
        with open(log, encoding="utf-8") as f:
            views = f.read().count("packets/s")
        if seen and views > seen:
            break
        seen = views or seen
    else:
        fail("no view")
    for _ in range(300):
        s.send(data)
    os.kill(int(pid), signal.SIGINT)


def loop():
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind(("127.0.0.1", 2152))
    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    there.bind(("127.0.0.1", 0))
    inner = IP(src="10.60.0.1", dst=DN) / UDP(sport=4000, dport=53)
    data = bytes(GTP_U_Header(teid=0x77, gtp_type=255) / inner)
    for _ in range(30):
        there.sendto(data, ("127.0.0.1", 2152))
        here.recv(2048)
    for _ in range(23):
        here.sendto(b"other", there.getsockname())
        there.recv(2048)


# The judges.

def number(word):
    """Its value, and how far the figures shown leave it open."""
    m = re.fullmatch(r"(\d+)(?:\.(\d+))?([kMG]?)", word)
    unit = UNITS[m[3]]
    return float(f"{m[1]}.{m[2] or 0}") * unit, 0.5 * unit / 10 ** len(m[2] or "") if m[3] else 0.5


class View:
    """One view of the text: its lines by section, each with its four numbers (None: no rate)."""

    def __init__(self, text):
        self.sections = collections.defaultdict(list)
        section = "totals"
        self.head = text[0]
        for line in text[1:]:
            words = line.split()
            if line.startswith(("TUNNELS", "FLOWS", "GTP-U MESSAGES", "ORDER", "ECHO", "DELAY", "ERROR")):
                section = re.match(r"[A-Z]+(-U MESSAGES| INDICATIONS)?", line)[0]
            elif section in ("totals", "TUNNELS", "FLOWS", "GTP-U MESSAGES") and words and words[0] != "(none":
                self.sections[section].append((line, [None if w == "-" else number(w) for w in words[-4:]]))

    def total(self, name):
        return next((n for line, n in self.sections["totals"] if line.strip().startswith(name)), [(0, 0)] * 4)

    def sum(self, section, column):
        """Of a section's lines, without the twins."""
        rows = [n[column] for line, n in self.sections[section] if not re.search(r" (in|out) = ", line)]
        return sum(v for v, _ in rows), sum(e for _, e in rows)

    def rated(self):
        return all(n for line, numbers in sum(self.sections.values(), []) for n in numbers)


def views(path):
    lines = [line for line in open(path, encoding="utf-8").read().splitlines() if not line.startswith("ledger:")]
    begins = [i for i, line in enumerate(lines) if re.match(r"\d+ tunnels?, \d+ flows?,", line)]
    return [View(lines[b:e]) for b, e in zip(begins, begins[1:] + [len(lines)])]


def same(what, a, b):
    if abs(a[0] - b[0]) > a[1] + b[1] + 1e-9:
        fail(f"{what}: {a} is not {b}")


def text(sent, path, packets=None, size=None):
    """In each view the sums are those of the rows; in the last one they are what the kernel counted."""
    all_views = views(path)
    for v in all_views:
        for column, name in enumerate(("packets/s", "bit/s", "packets", "bytes")):
            if column < 2 and not v.rated():
                continue
            everything = v.total("all packets")[column]
            parts = [v.total(part)[column] for part in ("in tunnels", "other GTP-U", "without GTP-U")]
            same(f"{name} of tunnels", v.sum("TUNNELS", column), parts[0])
            same(f"{name} of messages", v.sum("GTP-U MESSAGES", column), parts[1])
            same(f"{name} of all parts", (sum(p[0] for p in parts), sum(p[1] for p in parts)), everything)
            same(f"{name} of flows", v.sum("FLOWS", column), everything)
            if column < 2:
                same(f"{name} in the header", number(re.search(rf"([^ ]+) {name}", v.head)[1]), everything)
    if packets is None:
        return
    end = all_views[-1].total("all packets")
    same("packets that the kernel counted", (int(packets), 0), end[2])
    same("their bytes", (int(size), 0), end[3])


def messages(sent, path):
    sent = json.load(open(sent, encoding="utf-8"))
    v = views(path)[-1]
    rows = [(line, n[2][0]) for line, n in v.sections["GTP-U MESSAGES"] if " = " not in line]
    want = {MESSAGES[s["type"]]: s["packets"] for s in sent if s.get("type") in MESSAGES}
    expect("messages", {name: n for line, n in rows for name in want if f" {name} " in line}, want)
    expect("rows of messages", len(rows), len(want))
    tunnels = {(s["teid"]) for s in sent if s.get("type") == 255}
    expect("tunnels", int(v.head.split()[0]), len(tunnels))
    expect("rows of tunnels", [line for line, _ in v.sections["TUNNELS"] if "0x00000000" in line], [])


def rows_of(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]


def json_sums(path, packets, size):
    rows = [r for r in rows_of(path) if "twin" not in r]
    flows, tunnels = ([r for r in rows if r["event"] == name] for name in ("flow", "tunnel"))
    expect("packets", sum(r["packets"] for r in flows), int(packets))
    expect("bytes", sum(r["bytes"] for r in flows), int(size))
    plain = sum(r["packets"] for r in flows if "gtp" not in r)
    messages_ = sum(r["packets"] for r in tunnels if r["gtp"]["type"] != 255)
    expect("tunnels and the rest", sum(r["packets"] for r in tunnels) + plain - messages_, int(packets))
    for r in flows + tunnels:
        if not 0 < r["interval_ns"] < 60e9:
            fail(f"the interval of {r}")


def passes(s, words):
    """What the words of a filter mean, of what was sent."""
    tests = {
        "--ue": lambda v: v == s.get("ue"),
        "--proto": lambda v: {"icmp": 1, "udp": 17}[v] in (s["proto"], s.get("inner_proto")),
        "--port": lambda v: int(v) in s["ports"] + s.get("inner_ports", []),
        "--address": lambda v: v in s["outer"] + s.get("inner", []),
        "--teid": lambda v: s.get("teid") == int(v, 0),
        "--qfi": lambda v: s.get("qfi") == int(v),
        "--direction": lambda v: s.get("uplink") is (v == "uplink"),
    }
    return all(tests[key](value) for key, value in zip(words[::2], words[1::2]))


def filtered(sent, text_path, words, json_path=None):
    sent = [s for s in json.load(open(sent, encoding="utf-8")) if passes(s, words.split())]
    v = views(text_path)[-1]
    expect(f"{words}: packets", v.total("all packets")[2][0], sum(s["packets"] for s in sent))
    tunnels = collections.Counter()
    for s in sent:
        if s.get("type") == 255:
            tunnels[s["teid"]] += s["packets"]
    got = collections.Counter()
    for line, n in v.sections["TUNNELS"]:
        got[int(re.search(r"0x[0-9a-f]{8}", line)[0], 16)] += n[2][0]
    expect(f"{words}: tunnels", got, tunnels)
    expect(f"{words}: number of tunnels", int(v.head.split()[0]), len(tunnels))
    if not json_path:
        return
    got = collections.Counter()
    for r in rows_of(json_path):
        if r["event"] == "tunnel" and r["gtp"]["type"] == 255:
            got[r["gtp"]["teid"]] += r["packets"]
            expect("outer addresses", sorted((r["outer"]["src"], r["outer"]["dst"])), sorted((UPF, GNB)))
            expect("nothing of one flow", [key for key in r if key in ("inner", "tcp_flags")], [])
    expect(f"{words}: tunnels in JSON", got, tunnels)


def width(path, columns, packets):
    lines = [line for line in open(path, encoding="utf-8").read().splitlines() if not line.startswith("ledger:")]
    for line in lines:
        if len(line) > int(columns):
            fail(f"{len(line)} columns: {line}")
    if not any(line.endswith("BYTES") for line in lines):
        fail("no heading has its last column")
    everything = [line.split() for line in lines if line.startswith("all packets")][-1]
    expect("packets", everything[-2], packets)


def same_packets(path):
    """Of each collection."""
    sums = collections.defaultdict(lambda: [0, 0])
    for r in rows_of(path):
        if r["event"] in ("flow", "tunnel") and "gtp" in r:
            sums[r["ts_ns"]][r["event"] == "tunnel"] += r["packets"]
    wrong = {ts: s for ts, s in sums.items() if s[0] != s[1]}
    expect("collections whose tunnels and flows differ", wrong, {})
    if len(sums) < 20:
        fail(f"{len(sums)} collections")


def rate(path, packets):
    """No view says more than its packets in half a second, the least time for a rate of one a second."""
    for v in views(path):
        got = re.search(r"([^ ]+) packets/s", v.head)[1]
        if got != "-" and number(got)[0] > 2 * int(packets) + 1:
            fail(f"{v.head}: of {packets} packets")
    expect("packets", views(path)[-1].total("all packets")[2][0], int(packets))


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    {"send": send, "flood": flood, "last": last, "loop": loop, "text": text, "messages": messages, "json": json_sums,
     "filter": filtered, "width": width, "collections": same_packets, "rate": rate}[what](*arguments)


main()
