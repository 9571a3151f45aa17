#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""filter_packets.py INTERFACE: sends 600 packets of many kinds, for filter_test.sh; from one CPU."""
import os
import random
import socket
import sys

from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Ether

RANDOM = random.Random(38415)
ETH = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def addresses(six):
    n = RANDOM.randrange(1, 6)
    if six:
        return IPv6(src=f"2001:db8:{n}::1", dst=f"2001:db8:70::{RANDOM.randrange(1, 4)}")
    return IP(src=f"10.60.{RANDOM.randrange(2)}.{n}", dst=f"10.70.0.{RANDOM.randrange(1, 4)}")


def transport(six):
    port = RANDOM.choice((53, 80, 443, 5001))
    return RANDOM.choice((UDP(sport=4000, dport=port), UDP(sport=port, dport=4000), TCP(sport=4000, dport=port),
                          ICMPv6EchoRequest() if six else ICMP()))


def plain():
    six = RANDOM.random() < 0.3
    return addresses(six) / transport(six)


def tunnelled():
    uplink, outer = RANDOM.randrange(2), RANDOM.random()
    container = GTPPDUSessionContainer(type=uplink, QFI=RANDOM.choice((1, 5, 9)))
    gtp = GTP_U_Header(teid=0x100 + RANDOM.randrange(4), gtp_type=255, E=1, next_ex=0x85) / container
    if RANDOM.random() < 0.3:
        gtp = GTP_U_Header(teid=0x100 + RANDOM.randrange(4), gtp_type=255)
    ip = IPv6(src="fd00::1", dst="fd00::2") if outer < 0.2 else IP(src="10.9.0.1", dst="10.9.0.2")
    return ip / UDP(sport=2152, dport=2152) / gtp / plain()


os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.bind((sys.argv[1], 0))
for _ in range(600):
    s.send(bytes(Ether(**ETH) / (tunnelled() if RANDOM.random() < 0.7 else plain())))
