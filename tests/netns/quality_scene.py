#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Tunnels whose packets are lost, swapped and repeated on purpose, for quality_test.sh.

quality_scene.py send INTERFACE STREAMS	sends them, changing CPUs, and writes down what was done to each tunnel
quality_scene.py echo INTERFACE		asks Echo and answers it after 0.5 s; some of both are missing
quality_scene.py judge STREAMS PCAP FLOWS	what was done, what tshark says of the capture, and what teide says are one
"""
import collections
import json
import os
import random
import subprocess
import sys
import time

from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer, GTPErrorIndication
from scapy.contrib.gtp import GTPEchoRequest, GTPEchoResponse, IE_TEIDI, IE_GSNAddress, IE_Recovery
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.config import conf

import socket

RANDOM = random.Random(29281)
ETH = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
UPF, GNB = "10.9.0.1", "10.9.0.2"
INNER = bytes(IP(src="10.60.0.1", dst="10.70.0.1") / UDP(sport=4000, dport=53))
WINDOW, JUMP = 64, 3000
NAMES = ("packets", "missing", "filled", "reordered", "duplicates", "stray", "restarts")
NTP_1970 = 2208988800


def packet(src, dst, payload):
    return bytes(Ether(**ETH) / IP(src=src, dst=dst) / UDP(sport=2152, dport=2152) / payload)


def g_pdu(teid, seq):
    return packet(UPF, GNB, GTP_U_Header(S=1, gtp_type=255, teid=teid, seq=seq) / INNER)


def container(teid, qfi, **fields):
    return packet(GNB if fields["type"] else UPF, UPF if fields["type"] else GNB,
                  GTP_U_Header(E=1, gtp_type=255, teid=teid, next_ex=0x85) / GTPPDUSessionContainer(QFI=qfi, **fields) / INNER)


# What is done to a tunnel: each returns the numbers in the order in which they are sent, and the figures.
def lossy(n):
    """One in ten is lost, but never the first nor the last."""
    lost = set(RANDOM.sample(range(1, n - 1), n // 10))
    return [i for i in range(n) if i not in lost], {"missing": len(lost)}


def swapped(n):
    """Every fifth pair changes places: the later one passes over the earlier one, which then fills the gap."""
    numbers = list(range(n))
    for i in range(4, n - 1, 5):
        numbers[i], numbers[i + 1] = numbers[i + 1], numbers[i]
    moved = len(range(4, n - 1, 5))
    return numbers, {"missing": moved, "filled": moved, "reordered": moved}


def repeated(n):
    twice = RANDOM.sample(range(n), n // 8)
    return sorted(list(range(n)) + twice), {"duplicates": len(twice)}


def wrapped(n):
    return [(0xffff - n // 2 + i) & 0xffff for i in range(n)], {}


def restarted(n):
    """The sender begins anew, far away; the first number of its new run is a stray."""
    return list(range(n)) + [40000 + i for i in range(n)], {"stray": 1, "restarts": 1}


def too_late(n):
    """One comes when 100 later ones have: nobody can say whether it had come before."""
    numbers = [i for i in range(n) if i != 5]
    return numbers[:110] + [5] + numbers[110:], {"missing": 1, "stray": 1}


def before_the_first(n):
    return [10, 9] + list(range(11, n)), {"reordered": 1}


KINDS = (lossy, swapped, repeated, wrapped, restarted, too_late, before_the_first)


def streams():
    for teid, kind in enumerate(KINDS, 0x100):
        numbers, done = kind(400)
        yield teid, numbers, {name: 0 for name in NAMES} | {"packets": len(numbers)} | done


def qos_flow_streams():
    """A tunnel with two QoS flows, each with its own 24-bit numbers."""
    for qfi, first in ((5, 0xffffff - 50), (9, 77)):
        numbers, done = lossy(200)
        numbers = [(first + i) & 0xffffff for i in numbers]
        yield 0x200, qfi, numbers, {name: 0 for name in NAMES} | {"packets": len(numbers)} | done


def ntp(seconds):
    return int((seconds + NTP_1970) * 2 ** 32) & (2 ** 64 - 1)


def stamped(teid):
    """Downlink sent 3 s ago; uplink: UPF to gNB took 7 s by their clocks, the gNB's answer was sent 2 s ago."""
    now = time.time()
    yield container(teid, 1, type=0, QMP=1, dlSendTime=ntp(now - 3))
    yield container(teid, 2, type=1, QMP=1, dlSendTimeRpt=ntp(now - 10), dlRecvTime=ntp(now - 3), ulSendTime=ntp(now - 2))
    yield container(teid, 3, type=0, QMP=1, dlSendTime=ntp(now - 200000))


def interleaved(lists):
    """One packet of each at a time, as long as there are any."""
    for row in range(max(map(len, lists))):
        for one in lists:
            if row < len(one):
                yield one[row]


def change_cpu(count=[0]):
    cpus = sorted(os.sched_getaffinity(0)) if not count[0] else change_cpu.cpus
    change_cpu.cpus = cpus
    count[0] += 1
    os.sched_setaffinity(0, {cpus[count[0] % len(cpus)]})


def raw(interface):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((interface, 0))
    return s


def send(interface, path):
    done, lists = [], []
    for teid, numbers, figures in streams():
        lists.append([g_pdu(teid, seq) for seq in numbers])
        done.append({"of": "tunnel", "teid": teid, "src": UPF} | figures)
    for teid, qfi, numbers, figures in qos_flow_streams():
        lists.append([container(teid, qfi, type=0, SNP=1, dlQFISeqNum=seq) for seq in numbers])
        done.append({"of": "qos_flow", "teid": teid, "qfi": qfi, "src": UPF} | figures)
    s = raw(interface)
    for data in interleaved(lists):
        change_cpu()
        s.send(data)
    for _ in range(20):
        for data in stamped(0x300):
            s.send(data)
    for i in range(3):
        s.send(packet(UPF, GNB, GTP_U_Header(gtp_type=26, S=1, teid=0, seq=i)
                      / GTPErrorIndication(IE_list=[IE_TEIDI(TEIDI=0xdead), IE_GSNAddress(ipv4_address=UPF)])))
    json.dump(done, open(path, "w"))


def echo(interface):
    """Ten requests, each answered half a second later but the third; one answer that nobody asked for."""
    s = raw(interface)
    for seq in range(10):
        s.send(packet(UPF, GNB, GTP_U_Header(S=1, gtp_type=1, seq=seq) / GTPEchoRequest()))
    time.sleep(0.5)  # the figure that is measured
    print("asked", flush=True)


def answer(interface):
    s = raw(interface)
    for seq in [i for i in range(10) if i != 3] + [999]:
        s.send(packet(GNB, UPF, GTP_U_Header(S=1, gtp_type=2, seq=seq) / GTPEchoResponse(IE_list=[IE_Recovery()])))


class Naive:
    """Sequence numbers as one would write them down: every number that came, as an unbounded integer."""

    def __init__(self, bits):
        self.modulus, self.highest, self.first, self.came, self.suspect = 1 << bits, None, None, set(), None
        self.figures = {name: 0 for name in NAMES}

    def begin(self, numbers):
        self.first, self.highest, self.came, self.suspect = min(numbers), max(numbers), set(numbers), None

    def take(self, seq):
        f = self.figures
        f["packets"] += 1
        if self.highest is None:
            self.begin([seq])
            return
        step = (seq - self.highest + self.modulus // 2) % self.modulus - self.modulus // 2
        number = self.highest + step
        if -WINDOW < step <= 0:
            f["duplicates" if number in self.came else "reordered"] += 1
            f["filled"] += number not in self.came and number > self.first
            self.came.add(number)
        elif 0 < step <= JUMP:
            f["missing"] += step - 1
            self.highest, self.suspect = number, None
            self.came.add(number)
        elif seq == self.suspect:
            f["restarts"] += 1
            self.begin([seq, seq - 1])
        else:
            f["stray"] += 1
            self.suspect = (seq + 1) % self.modulus


def tshark(pcap, *fields):
    out = subprocess.run(["tshark", "-n", "-r", pcap, "-Y", "gtp", "-T", "fields", "-E", "occurrence=f",
                          *[word for f in fields for word in ("-e", f)]],
                         check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    return [dict(zip(fields, line.split("\t"))) for line in out.splitlines()]


FIELDS = ("frame.time_epoch", "gtp.message", "gtp.teid", "gtp.seq_number", "ip.src")


def by_tshark(packets):
    orders = collections.defaultdict(lambda: Naive(16))
    for p in packets:
        if int(p["gtp.message"], 0) == 255 and p["gtp.seq_number"]:
            orders[int(p["gtp.teid"], 0)].take(int(p["gtp.seq_number"], 0))
    return {teid: order.figures for teid, order in orders.items()}


def rows_of(path, event):
    return [row for row in map(json.loads, open(path)) if row.get("event") == event]


def summed(rows, part):
    sums = collections.defaultdict(collections.Counter)
    for row in rows:
        key = (row[part].get("of"), row.get("gtp", {}).get("teid"), row.get("gtp", {}).get("qfi"), row["outer"]["src"])
        for name, value in row[part].items():
            if name == "min_ns":
                sums[key][name] = min(sums[key].get(name, value), value)
            elif name == "max_ns":
                sums[key][name] = max(sums[key].get(name, value), value)
            elif name not in ("of", "mean_ns"):
                sums[key][name] += value
    return sums


def check_sequences(done, packets, rows):
    wireshark = by_tshark(packets)
    teide = summed(rows, "sequence")
    for want in done:
        key = (want["of"], want["teid"], want.get("qfi"), want["src"])
        figures = {name: want[name] for name in NAMES}
        got = {name: teide[key][name] for name in NAMES}
        assert got == figures, f"{key}: done {figures}, teide {got}"
        if want["of"] == "tunnel":
            assert wireshark[want["teid"]] == figures, f"{key}: done {figures}, tshark {wireshark[want['teid']]}"
    assert len(teide) == len(done), f"{len(done)} streams, teide has {sorted(teide)}"


SECOND = 1_000_000_000
NEAR = SECOND // 4  # a packet is sent within that of the time in its stamp, and seen


def check_delays(rows):
    got = summed(rows, "delay")
    for qfi, of, want, count in ((1, "here", 3, 20), (2, "here", 2, 20), (2, "downlink", 7, 20), (2, "round_trip", 9, 20)):
        one = got[(of, 0x300, qfi, GNB if qfi == 2 else UPF)]
        assert one["packets"] == count and not one["implausible"], (of, qfi, one)
        for name in ("min_ns", "max_ns"):
            late = one[name] - want * SECOND
            assert abs(late) <= (1000 if of == "downlink" else NEAR), (of, qfi, one)
    here, both = got[("here", 0x300, 2, GNB)], got[("round_trip", 0x300, 2, GNB)]
    assert abs(both["min_ns"] - here["min_ns"] - 7 * SECOND) < 1000, (here, both)
    far = got[("here", 0x300, 3, UPF)]
    assert (far["packets"], far["implausible"]) == (20, 20) and "min_ns" not in far, far


def check_echo(packets, rows):
    asked = {p["gtp.seq_number"]: float(p["frame.time_epoch"]) for p in packets if int(p["gtp.message"], 0) == 1}
    times = [int((float(p["frame.time_epoch"]) - asked[p["gtp.seq_number"]]) * SECOND) for p in packets
             if int(p["gtp.message"], 0) == 2 and p["gtp.seq_number"] in asked]
    got = summed(rows, "echo")[(None, None, None, UPF)]
    want = {"requests": 10, "answers": 9, "unanswered": 1, "unexpected": 1}
    assert {k: got[k] for k in want} == want and len(times) == 9, (got, times)
    for name, value in (("min_ns", min(times)), ("max_ns", max(times))):
        assert abs(got[name] - value) < NEAR and got[name] > SECOND // 2, (name, got, value)


def judge(streams_path, pcap, flows):
    packets = tshark(pcap, *FIELDS)
    check_sequences(json.load(open(streams_path)), packets, rows_of(flows, "sequence"))
    check_delays(rows_of(flows, "delay"))
    check_echo(packets, rows_of(flows, "echo"))
    errors = rows_of(flows, "error_indication")
    assert sum(row["packets"] for row in errors) == 3 and {row["gtp"]["teid"] for row in errors} == {0xdead}, errors
    print("as done, as tshark says")


conf.verb = 0
{"send": send, "echo": echo, "answer": answer, "judge": judge}[sys.argv[1]](*sys.argv[2:])
