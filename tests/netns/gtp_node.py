#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A UPF or a gNB in user space (a TUN device and UDP port 2152), and what sends a known number of packets.

gtp_node.py upf TUN ADDRESS[,PORT[,HOW]] TUNNEL...  TUNNEL: UE,UPLINK-TEID,DOWNLINK-TEID,GNB
gtp_node.py gnb TUN ADDRESS[,PORT[,HOW]] TUNNEL...  TUNNEL: UE,UPLINK-TEID,DOWNLINK-TEID,UPF
gtp_node.py send SOURCE ADDRESS COUNT CHECKSUM  uplink packets of 10.60.0.1 in TEID 1, with that outer UDP checksum
gtp_node.py tcp SOURCE ADDRESS COUNT            TCP packets with a wrong checksum
gtp_node.py ping ADDRESS COUNT ANSWERS [DATA [SOURCE]]  so many Echo Requests, with that many bytes of data and never
                                                        in fragments; it ends once so many have been answered
gtp_node.py solicit SOURCE DEVICE COUNT         so many Router Solicitations
gtp_node.py ping6 ADDRESS COUNT ANSWERS [DATA [SOURCE]] the same over IPv6
gtp_node.py serve ADDRESS                       TCP: sends as many bytes back as come
gtp_node.py load ADDRESS BYTES SOURCE           TCP: so many bytes each way, never as many at a time as a queue holds
gtp_node.py answer ADDRESS                      sends each datagram to port 2152 back
gtp_node.py relay SOURCE ADDRESS COUNT          so many G-PDUs, each of which is answered, of a UE that is a relay

A TUNNEL TEID>ADDRESS,TEID relays what comes in the one to the other (N9); TUN may be - then. A packet in no tunnel is
answered by an Error Indication (TS 29.281 7.3.1). HOW is df: a node's GTP-U is never in fragments; plain: it has no
PDU Session Container; or strict: a node drops what has none. A node says "ready", and
then its counts for each line of its input.
"""
import collections
import ctypes
import fcntl
import ipaddress
import json
import os
import select
import signal
import socket
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
PORT, QFI = 2152, 9
TCP_PORT, TCP_QUEUE, TCP_PIECE = 5001, 16384, 65536
ECHO_REPLY, ECHO_REQUEST, IDENTIFIER = 0, 8, 2152  # ICMP, RFC 792
ECHO_REPLY6, ECHO_REQUEST6, ROUTER_SOLICITATION = 129, 128, 133  # ICMPv6, RFC 4443 and 4861
PATIENCE = 30  # seconds
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_PMTUDISC_PROBE = 10, 2, 3  # linux/in.h
IPV6_MTU_DISCOVER = 23  # linux/in6.h
RADIO_PORT = 4997  # by which UERANSIM's gNB and its UEs talk
ERROR_INDICATION, G_PDU = 26, 255
DL_PDU, UL_PDU = 0, 1  # PDU type of the PDU Session Container, TS 38.415 5.5.3
FIRST_ADDRESS = {4: (12, 4), 6: (8, 16)}  # where an IP header has its source, and how long that is


def message(kind, teid, payload, flags=0x30):
    return struct.pack("!BBHI", flags, kind, len(payload), teid) + payload


def g_pdu(teid, pdu_type, packet):
    return message(G_PDU, teid, struct.pack("!HBB", 0, 0, 0x85) + bytes([1, pdu_type << 4, QFI, 0]) + packet, 0x34)


def error_indication(teid, address):
    body = struct.pack("!HBB", 0, 0, 0) + struct.pack("!BI", 16, teid) + struct.pack("!BH", 133, len(address)) + address
    return message(ERROR_INDICATION, 0, body, 0x32)


def packet_of(data):
    """What is behind the header and its extensions."""
    at = 8
    if data[0] & 7:
        following, at = data[11], 12
        while following:
            following, at = data[at + data[at] * 4 - 1], at + data[at] * 4
    return data[at:]


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def udp_socket(address, port, kind=socket.SOCK_DGRAM):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, kind, socket.IPPROTO_UDP)
    s.bind((address, port))
    s.setblocking(False)
    return s


class Node:
    def __init__(self, role, tun, address, tunnels):
        address, port, self.how = (*address.split(","), "", "")[:3]
        self.is_upf = role == "upf"
        self.address = ipaddress.ip_address(address).packed
        self.counts = collections.Counter()
        self.of_ue, self.relays, self.known = {}, {}, set()
        for tunnel in tunnels:
            self.add(tunnel)
        self.n3 = udp_socket(address, int(port or PORT))
        if self.how == "df":
            self.n3.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        self.radio = None if self.is_upf else udp_socket(address, RADIO_PORT)
        self.tun = None if tun == "-" else open_tun(tun)

    def add(self, tunnel):
        if ">" in tunnel:
            own, to = tunnel.split(">")
            peer, teid = to.split(",")
            self.relays[int(own, 0)] = peer, int(teid, 0)
            return
        ue, uplink, downlink, peer = tunnel.split(",")
        sends, takes = (downlink, uplink) if self.is_upf else (uplink, downlink)
        self.of_ue[ipaddress.ip_address(ue).packed] = int(sends, 0), peer
        self.known.add(int(takes, 0))

    def send(self, data, peer, what):
        try:
            self.n3.sendto(data, (peer, PORT))
            self.counts[what] += 1
        except OSError as e:
            self.counts[os.strerror(e.errno)] += 1

    def on_tun(self):
        packet = os.read(self.tun, 65536)
        at, size = FIRST_ADDRESS[packet[0] >> 4]
        at += size if self.is_upf else 0
        if packet[at:at + size] in self.of_ue:
            teid, peer = self.of_ue[packet[at:at + size]]
            data = g_pdu(teid, DL_PDU if self.is_upf else UL_PDU, packet)
            self.send(message(G_PDU, teid, packet) if self.how == "plain" else data, peer, "sent")

    def on_n3(self):
        data, (peer, *_) = self.n3.recvfrom(65536)
        _, kind, _, teid = struct.unpack_from("!BBHI", data)
        if kind != G_PDU:
            self.counts[kind] += 1
        elif self.how == "strict" and not data[0] & 4:
            self.counts["without container"] += 1
        elif teid in self.relays:
            to, other = self.relays[teid]
            self.send(g_pdu(other, data[13] >> 4, packet_of(data)), to, "relayed")
        elif teid in self.known:
            self.counts["taken"] += 1
            os.write(self.tun, packet_of(data))
        else:
            self.send(error_indication(teid, self.address), peer, "refused")

    def on_line(self):
        os.read(0, 4096)
        print(json.dumps(self.counts), flush=True)

    def run(self):
        handlers = {0: self.on_line, self.n3.fileno(): self.on_n3, self.tun: self.on_tun}
        poll = select.poll()
        for fd in filter(lambda fd: fd is not None, handlers):
            poll.register(fd, select.POLLIN)
        print("ready", flush=True)
        while True:
            for fd, _ in poll.poll():
                try:
                    handlers[fd]()
                except OSError as e:  # the TUN device is down, or ICMP came for an earlier packet
                    self.counts[os.strerror(e.errno)] += 1


def internet_checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def uplink_packet():
    addresses = socket.inet_aton("10.60.0.1") + socket.inet_aton("10.200.0.2")
    begin = struct.pack("!BBHHHBB", 0x45, 0, 28, 0, 0, 64, socket.IPPROTO_UDP)
    checksum = internet_checksum(begin + bytes(2) + addresses)
    return begin + struct.pack("!H", checksum) + addresses + struct.pack("!HHHH", 4000, 9, 8, 0)


def send(source, address, count, checksum):
    data = g_pdu(1, UL_PDU, uplink_packet())
    s = udp_socket(source, 0, socket.SOCK_RAW)
    s.setblocking(True)
    for _ in range(int(count)):
        s.sendto(struct.pack("!HHHH", PORT, PORT, 8 + len(data), int(checksum, 0)) + data, (address, 0))


def tcp(source, address, count):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    s.bind((source, 0))
    for _ in range(int(count)):
        s.sendto(struct.pack("!HHIIBBHHH", 80, 4000, 1, 1, 5 << 4, 0x12, 1024, 0xBEEF, 0), (address, 0))


def solicit(source, device, count):
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    index = socket.if_nametoindex(device)
    s.bind((source, 0, 0, index))
    for _ in range(int(count)):
        s.sendto(struct.pack("!BBHI", ROUTER_SOLICITATION, 0, 0, 0), ("ff02::2", 0, 0, index))


def echo_request(number, data):
    def header(checksum):
        return struct.pack("!BBHHH", ECHO_REQUEST, 0, checksum, IDENTIFIER, number)

    return header(internet_checksum(header(0))) + bytes(data)


def ping(address, count, answers, data="0", source="0.0.0.0"):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
    s.bind((source, 0))
    s.settimeout(PATIENCE)
    for number in range(int(count)):
        s.sendto(echo_request(number, int(data)), (address, 0))
    left = int(answers)
    while left:
        kind, _, _, identifier, _ = struct.unpack_from("!BBHHH", s.recv(65536), 20)
        left -= (kind, identifier) == (ECHO_REPLY, IDENTIFIER)


def ping6(address, count, answers, data="0", source="::"):
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    s.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_PROBE)
    s.bind((source, 0))
    s.settimeout(PATIENCE)
    for number in range(int(count)):  # the kernel fills the checksum in, RFC 3542 3.1
        s.sendto(struct.pack("!BBHHH", ECHO_REQUEST6, 0, 0, IDENTIFIER, number) + bytes(int(data)), (address, 0))
    left = int(answers)
    while left:
        kind, _, _, identifier, _ = struct.unpack_from("!BBHHH", s.recv(65536))
        left -= (kind, identifier) == (ECHO_REPLY6, IDENTIFIER)


def answer(address):
    s = udp_socket(address, PORT)
    s.setblocking(True)
    print("ready", flush=True)
    while True:
        data, sender = s.recvfrom(65536)
        s.sendto(data, sender)


def relay(source, address, count):
    s = udp_socket(source, PORT)
    s.settimeout(PATIENCE)
    for _ in range(int(count)):
        s.sendto(g_pdu(0xaa, UL_PDU, uplink_packet()), (address, PORT))
        s.recv(65536)


def tcp_socket(address):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TCP_QUEUE)
    return s


def receive(s, count):
    while count:
        data = s.recv(min(count, TCP_PIECE))
        if not data:
            sys.exit("the connection ended early")
        count -= len(data)


def serve(address):
    listener = tcp_socket(address)
    listener.bind((address, TCP_PORT))
    listener.listen()
    print("ready", flush=True)
    while True:
        s, _ = listener.accept()
        with s:
            count = int.from_bytes(s.recv(8, socket.MSG_WAITALL), "big")
            receive(s, count)
            s.sendall(bytes(count))
            s.recv(1)  # the other end closes first


def load(address, count, source):
    with tcp_socket(source) as s:
        s.bind((source, 0))
        s.settimeout(PATIENCE)
        s.connect((address, TCP_PORT))
        s.sendall(int(count).to_bytes(8, "big"))
        s.sendall(bytes(int(count)))
        receive(s, int(count))


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    senders = {"send": send, "tcp": tcp, "ping": ping, "ping6": ping6, "relay": relay, "solicit": solicit,
               "load": load}
    if role in senders:
        senders[role](*rest)
        sys.exit()
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # the test ends, so does the node
    if role in ("answer", "serve"):
        {"answer": answer, "serve": serve}[role](*rest)
    prctl(PR_SET_NAME, b"nr-gnb" if role == "gnb" else b"upf")
    Node(role, rest[0], rest[1], rest[2:]).run()
