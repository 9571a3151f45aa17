#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""GTP-U packets of many tunnels in one skb, for bundles_test.sh.

bundles_scene.py gso FROM TO TIMES SENT	sends by UDP_SEGMENT, and writes down what each tunnel has got
bundles_scene.py burst FROM TO TIMES SENT	sends the same packets one by one, for a receiver that merges them
bundles_scene.py vxlan FROM TO TIMES SENT	a VXLAN packet with a G-PDU in each segment, from one port
bundles_scene.py judge SENT FLOWS NETNS INTERFACE DIR	the rows of that hook are what was sent; prints its ledger
"""
import collections
import json
import socket
import struct
import sys

from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

SOL_UDP, UDP_SEGMENT, SO_SNDBUFFORCE = 17, 103, 32
SIZE = 600  # of each packet from its GTP-U header on; the last one of a bundle is shorter
TUNNELS = (1, 2, 2, 3, 1, 4, 2, 5, 3, 1, 5, 5)  # of the packets of a bundle, in this order
numbers = collections.Counter()


def filled(header, inner):
    """A packet of SIZE bytes: the inner payload takes what is left."""
    empty = len(bytes(header / inner))
    return bytes(header / inner / Raw(bytes(SIZE - empty)))


def g_pdu(teid):
    """Tunnel 3 carries IPv6; tunnel 4 has neither number nor container."""
    inner = IPv6(src=f"fd00:60::{teid}", dst="fd00:200::2") if teid == 3 else IP(src=f"10.60.0.{teid}", dst="10.200.0.2")
    inner = inner / UDP(sport=1000 + teid, dport=5000)
    if teid == 4:
        return filled(GTP_U_Header(gtp_type=255, teid=teid), inner)
    seq = numbers[teid] & 0xffff
    numbers[teid] += 1
    return filled(GTP_U_Header(gtp_type=255, teid=teid, S=1, E=1, seq=seq, next_ex=0x85)
                  / GTPPDUSessionContainer(type=1, QFI=teid + 4), inner)


def malformed(teid):
    good = g_pdu(4)
    yield "gtpu_version", b"\x54" + good[1:]
    yield "gtpu_length", good[:2] + struct.pack("!H", SIZE) + good[4:]  # eight bytes too many
    yield "gtpu_inner", good[:8] + b"\x10" + good[9:]
    yield "gtpu_message", struct.pack("!BBHI", 0x30, 254, SIZE - 8, 2) + bytes(SIZE - 8)  # End Marker


def bundle():
    """(head, TEID, type, bytes) of each packet."""
    packets = [("gtpu", teid, 255, g_pdu(teid)) for teid in TUNNELS]
    wrong = [(head, 2 if head == "gtpu_message" else None, 254, data) for head, data in malformed(4)]
    packets[3:3] = wrong[:2]
    packets[9:9] = wrong[2:]
    return packets + [("gtpu_message", 0, 1, struct.pack("!BBHIHBB", 0x32, 1, 4, 0, 7, 0, 0))]  # Echo Request


class Sent:
    def __init__(self, headers):
        self.headers, self.tunnels, self.bytes = headers, collections.Counter(), collections.Counter()
        self.heads, self.ues = collections.Counter(), collections.Counter()

    def add(self, packets):
        for head, teid, kind, data in packets:
            self.heads[head] += 1
            if teid is not None:
                self.tunnels[f"{teid} {kind}"] += 1
                self.bytes[f"{teid} {kind}"] += self.headers + len(data)
            if head == "gtpu":
                self.ues[str(teid)] += 1

    def write(self, path, sends):
        json.dump({"tunnels": self.tunnels, "bytes": self.bytes, "heads": self.heads, "ues": self.ues, "sends": sends,
                   "numbered": {k: v for k, v in self.ues.items() if k != "4"}}, open(path, "w"))


def udp_socket(source, port):
    s = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
    s.bind((source, port))
    return s


def send_segments(s, packets, size, to):
    s.sendmsg([b"".join(packets)], [(SOL_UDP, UDP_SEGMENT, struct.pack("H", size))], 0, to)


def gso(source, to, times, path):
    s, sent = udp_socket(source, 2152), Sent(62 if ":" in source else 42)
    for _ in range(int(times)):
        packets = bundle()
        send_segments(s, [p[3] for p in packets], SIZE, (to, 2152))
        sent.add(packets)
    sent.write(path, int(times))


def burst(source, to, times, path):
    s, sent = udp_socket(source, 2152), Sent(42)
    packets = [bundle() for _ in range(int(times))]
    s.connect((to, 2152))
    for p in (p for one in packets for p in one):
        s.send(p[3])
    for one in packets:
        sent.add(one)
    sent.write(path, int(times))


def vxlan(source, to, times, path):
    """What is in such a bundle is not told apart: it is counted as what it came in."""
    s, sent = udp_socket(source, 40000), Sent(42)
    packets = [bytes(VXLAN(vni=7) / Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.1.0.1", dst="10.1.0.2")
                     / UDP(sport=2152, dport=2152) / Raw(g_pdu(teid))) for teid in (1, 2, 3)]
    for _ in range(int(times)):
        send_segments(s, packets, len(packets[0]), (to, 4789))
    sent.write(path, int(times))


def same(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {dict(got)}, sent {dict(want)}")


def judge(path, flows, netns, interface, direction):
    sent = json.load(open(path))
    rows = [row for row in map(json.loads, open(flows)) if (row.get("netns"), row.get("interface"), row.get("dir"))
            == (netns, interface, direction)]
    tunnels, sizes, segments = collections.Counter(), collections.Counter(), collections.Counter()
    ues, outside, numbered = collections.Counter(), collections.Counter(), collections.Counter()
    for row in rows:
        gtp = row.get("gtp", {})
        if row["event"] == "tunnel":
            key = f"{gtp['teid']} {gtp['type']}"
            tunnels[key] += row["packets"]
            sizes[key] += row["bytes"]
            segments[key] += row["segments"]
        elif row["event"] == "flow" and "inner" in row:
            teid = gtp["teid"]
            assert row["inner"]["src"] == (f"fd00:60::{teid}" if teid == 3 else f"10.60.0.{teid}"), row
            assert row["inner"]["sport"] == 1000 + teid and gtp.get("qfi") == (None if teid == 4 else teid + 4), row
            ues[str(teid)] += row["packets"]
        elif row["event"] == "flow" and 2152 in (row["outer"].get("sport"), row["outer"].get("dport")):
            outside["all"] += row["packets"]
        elif row["event"] == "sequence":
            assert row["sequence"]["of"] == "tunnel", row
            numbered[str(gtp["teid"])] += row["sequence"]["packets"]
            assert not any(row["sequence"][k] for k in ("missing", "filled", "reordered", "duplicates", "stray")), row
    same("packets of tunnels", tunnels, sent["tunnels"])
    same("segments of tunnels", segments, sent["tunnels"])
    same("bytes of tunnels", sizes, sent["bytes"])
    same("packets of UEs", ues, sent["ues"])
    same("packets that are no G-PDUs", outside, {"all": n} if (n := sum(sent["heads"].values()) - sent["heads"]["gtpu"]) else {})
    same("numbers", numbered, sent["numbered"])
    check_ledger(flows, f"{direction} {netns}/{interface}", sent["heads"],
                 sum(row["packets"] for row in rows if row["event"] == "flow"))


def check_ledger(flows, hook, heads, packets):
    """Prints how many bundles there were, and all skbs and packets."""
    values = collections.Counter()
    for row in map(json.loads, open(flows)):
        if row["event"] == "ledger" and row["where"] == hook:
            values[row["name"], row.get("reason")] += row["value"]
    for head, n in heads.items():
        assert values["head", head] + values["bundled", head] == n, (head, n, values)
    bundles, bundled = values["head", "gtpu_bundle"], sum(n for (name, _), n in values.items() if name == "bundled")
    assert values["bundled", "not_told_apart"] == 0, values
    assert packets == values["counted", None] - bundles + bundled, values
    print(bundles, values["seen", None], packets)


{"gso": gso, "burst": burst, "vxlan": vxlan, "judge": judge}[sys.argv[1]](*sys.argv[2:])
