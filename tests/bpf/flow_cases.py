#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Packets for the flow probe, and what tshark says of the same bytes.

flow_cases.py FOLDER writes FOLDER/cases.pcap, FOLDER/sessions.txt (below) and FOLDER/cases.txt, a line a packet:
NAME HEX head=... overlay=... vlan=... outer=... inner=... tcp=... teid=... type=... qfi=... seq=... pdu=... rqi=... ppi=...
Addresses, ports, tags and tunnel fields come from tshark's PDML; only the head of a malformed packet
comes from how it was made."""
import ipaddress
import random
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET

try:
    from scapy.all import (AH, Dot1AD, Dot1Q, Ether, ICMP, IP, IPOption_NOP, IPv6,
                           IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                           IPv6ExtHdrRouting, ICMPv6EchoRequest, PadN, Raw, TCP, UDP, ARP,
                           wrpcap, conf)
    from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
    from scapy.layers.sctp import SCTP
except ImportError as e:
    print(f"scapy is not installed ({e})")
    sys.exit(77)
if not shutil.which("tshark"):
    print("tshark is not installed")
    sys.exit(77)

conf.verb = 0
RANDOM = random.Random(29281)
ETH = dict(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
OUT4 = dict(src="198.51.100.1", dst="198.51.100.2")
OUT6 = dict(src="2001:db8:1::1", dst="2001:db8:1::2")
IN4 = dict(src="10.45.0.2", dst="192.0.2.80")
IN6 = dict(src="2001:db8:45::2", dst="2001:db8:80::1")


def gtpu(payload, teid=0x1234, kind=255, seq=None, exts=(), flags=None, length=None):
    """A GTP-U message; exts: (type, content of 4n-2 bytes)."""
    bits = (4 if exts else 0) | (2 if seq is not None else 0)
    rest = b""
    if bits:
        rest = struct.pack("!HBB", seq or 0, 0, exts[0][0] if exts else 0)
    for i, (_, content) in enumerate(exts):
        following = exts[i + 1][0] if i + 1 < len(exts) else 0
        rest += bytes([(len(content) + 2) // 4]) + content + bytes([following])
    rest += bytes(payload)
    return struct.pack("!BBHI", 0x30 | bits if flags is None else flags, kind,
                       len(rest) if length is None else length, teid) + rest


def psc(qfi, uplink=False, flags=0, rqi=False, ppi=None, rest=b""):
    """A PDU Session Container; flags are the first octet's, rest is what they tell of (TS 38.415 5.5.2)."""
    second = qfi | (0x40 if rqi else 0) | (0 if ppi is None else 0x80)
    content = bytes([(0x10 if uplink else 0) | flags, second])
    content += (b"" if ppi is None else bytes([ppi << 5])) + rest
    return (0x85, content + bytes(-(len(content) + 2) % 4))


def other_ext(kind, words=1):
    return (kind, bytes(4 * words - 2))


def n3(message, outer=None, sport=2152, **eth):
    return Ether(**ETH, **eth) / (outer or IP(**OUT4)) / UDP(sport=sport, dport=2152) / Raw(message)


CASES = []  # name, packet, forced head or None


def case(name, packet, head=None):
    CASES.append((name, bytes(packet), head))


def plain_cases():
    for v, ip in (("v4", IP(**OUT4)), ("v6", IPv6(**OUT6))):
        case(f"tcp_{v}", Ether(**ETH) / ip / TCP(sport=40000, dport=443) / Raw(b"x" * 40))
        case(f"udp_{v}", Ether(**ETH) / ip / UDP(sport=40001, dport=9999) / Raw(b"x" * 40))
        case(f"udp_empty_{v}", Ether(**ETH) / ip / UDP(sport=40001, dport=9999))
        case(f"sctp_{v}", Ether(**ETH) / ip / SCTP(sport=38412, dport=38412) / Raw(b"x" * 20))
        case(f"radio_{v}", Ether(**ETH) / ip / UDP(sport=40001, dport=4997) / Raw(b"x" * 40))
        case(f"vlan_{v}", Ether(**ETH) / Dot1Q(vlan=100, prio=3) / ip / UDP(sport=1, dport=2) / b"xy")
        case(f"priority_tag_{v}", Ether(**ETH) / Dot1Q(vlan=0) / ip / UDP(sport=1, dport=2) / b"xy")
        case(f"qinq_{v}", Ether(**ETH) / Dot1AD(vlan=200) / Dot1Q(vlan=4094) / ip / TCP(sport=5, dport=6))
    case("icmp", Ether(**ETH) / IP(**OUT4) / ICMP(type=8, code=0) / Raw(b"ping" * 4))
    case("icmp_unreachable", Ether(**ETH) / IP(**OUT4) / ICMP(type=3, code=3) / b"12345678")
    case("icmpv6", Ether(**ETH) / IPv6(**OUT6) / ICMPv6EchoRequest() / b"ping")
    case("options", Ether(**ETH) / IP(**OUT4, options=[IPOption_NOP()] * 40) / UDP(sport=7, dport=8) / b"xy")
    case("proto_other", Ether(**ETH) / IP(**OUT4, proto=89) / Raw(b"ospf" * 5))
    case("padded", bytes(Ether(**ETH) / IP(**OUT4) / UDP(sport=7, dport=8)) + bytes(18))
    case("v4_first_fragment", Ether(**ETH) / IP(**OUT4, flags="MF") / UDP(sport=7, dport=8, len=999) / Raw(b"x" * 16))
    case("v4_later_fragment", Ether(**ETH) / IP(**OUT4, frag=10, proto=17) / Raw(b"x" * 32))
    case("v6_first_fragment", Ether(**ETH) / IPv6(**OUT6) / IPv6ExtHdrFragment(nh=17, m=1)
         / UDP(sport=7, dport=8, len=999) / Raw(b"x" * 16))
    case("v6_later_fragment", Ether(**ETH) / IPv6(**OUT6) / IPv6ExtHdrFragment(nh=17, offset=10) / Raw(b"x" * 32))
    case("v6_chain", Ether(**ETH) / IPv6(**OUT6) / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt()
         / IPv6ExtHdrRouting(addresses=["2001:db8::9"], segleft=0) / TCP(sport=9, dport=10))
    case("v6_long_option", Ether(**ETH) / IPv6(**OUT6) / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(250))])
         / UDP(sport=9, dport=10) / b"xy")
    case("v6_ah", Ether(**ETH) / IPv6(**OUT6) / AH(nh=17, icv=bytes(12)) / UDP(sport=9, dport=10) / b"xy")
    case("v6_no_next", Ether(**ETH) / IPv6(**OUT6, nh=59) / Raw(b"x" * 8))
    case("arp", Ether(**ETH) / ARP(), "not_ip")
    case("mpls", Ether(src=ETH["src"], dst=ETH["dst"], type=0x8847) / Raw(bytes.fromhex("0006413f")) / n3(gtpu(b"x" * 40))[IP], "mpls")
    case("mpls_vlan", Ether(**ETH) / Dot1Q(vlan=5, type=0x8848) / Raw(bytes.fromhex("0006413f") + bytes(46)), "mpls")
    case("pppoe", Ether(src=ETH["src"], dst=ETH["dst"], type=0x8864) / Raw(bytes.fromhex("110000010030") + b"\x00\x21" + bytes(46)), "pppoe")
    case("pppoe_discovery", Ether(src=ETH["src"], dst=ETH["dst"], type=0x8863) / bytes(46), "not_ip")
    case("lldp", Ether(src=ETH["src"], dst=ETH["dst"], type=0x88cc) / bytes(46), "not_ip")
    case("three_tags", Ether(**ETH) / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / IP(**OUT4) / UDP(), "vlan_depth")


def gtpu_cases():
    inners = {
        "v4": IP(**IN4) / UDP(sport=5000, dport=53) / b"query",
        "v6": IPv6(**IN6) / TCP(sport=5001, dport=443) / b"hello",
        "icmp": IP(**IN4) / ICMP(type=8) / b"ping",
        "fragment": IP(**IN4, frag=5, proto=17) / Raw(b"x" * 16),
        "v6_chain": IPv6(**IN6) / IPv6ExtHdrDestOpt() / UDP(sport=5, dport=6) / b"xy",
        "no_l4": IP(**IN4, proto=99) / b"abcd",
    }
    for name, inner in inners.items():
        for v, ip in (("v4", IP(**OUT4)), ("v6", IPv6(**OUT6))):
            case(f"gtpu_{v}_in_{name}", n3(gtpu(inner, exts=[psc(9)]), ip))
    inner = inners["v4"]
    case("gtpu_plain", n3(gtpu(inner)))
    case("gtpu_teid_max", n3(gtpu(inner, teid=0xffffffff)))
    case("gtpu_seq", n3(gtpu(inner, seq=0xbeef)))
    case("gtpu_seq_uplink", n3(gtpu(inner, seq=1, exts=[psc(63, uplink=True)])))
    case("gtpu_qfi_0", n3(gtpu(inner, exts=[psc(0)])))
    case("gtpu_from_port", Ether(**ETH) / IP(**OUT4) / UDP(sport=2152, dport=40000) / Raw(gtpu(inner)))
    case("gtpu_vlan", Ether(**ETH) / Dot1Q(vlan=7) / IP(**OUT4) / UDP(sport=2152, dport=2152) / Raw(gtpu(inner)))
    for n in range(5):
        exts = [other_ext(0xc0, 1), other_ext(0x40, 1), other_ext(0xc1, 2), other_ext(0x81, 1)][:n]
        case(f"gtpu_{n}_extensions", n3(gtpu(inner, exts=exts)))
        if n:
            case(f"gtpu_psc_behind_{n - 1}", n3(gtpu(inner, exts=exts[:n - 1] + [psc(5)])))
    case("gtpu_long_extension", n3(gtpu(inner, exts=[other_ext(0xc0, 200), psc(3)])))
    case("echo_request", n3(gtpu(b"", teid=0, kind=1, seq=7)), "gtpu_message")
    case("echo_response", n3(gtpu(b"\x0e\x00", teid=0, kind=2, seq=7)), "gtpu_message")
    case("error_indication", n3(gtpu(b"\x10\x00\x00\x00\x07\x85\x00\x04\xc6\x33\x64\x01", teid=0, kind=26, seq=1)),
         "gtpu_message")
    case("end_marker", n3(gtpu(b"", kind=254)), "gtpu_message")


def malformed_cases():
    inner = bytes(IP(**IN4) / UDP(sport=5000, dport=53) / b"query")
    for n in (0, 1, 7):
        case(f"bad_short_{n}", n3(gtpu(inner)[:n]), "gtpu_short")
    for version in (0, 2, 5, 7):
        case(f"bad_version_{version}", n3(gtpu(inner, flags=version << 5 | 0x10)), "gtpu_version")
    case("bad_prime", n3(gtpu(inner, flags=0x20)), "gtpu_version")
    case("bad_length_long", n3(gtpu(inner, length=len(inner) + 1)), "gtpu_length")
    case("bad_length_max", n3(gtpu(inner, length=65535)), "gtpu_length")
    case("bad_length_flags", n3(gtpu(b"", flags=0x32, length=0)), "gtpu_length")
    case("bad_length_cut_flags", n3(gtpu(b"ab", flags=0x36)), "gtpu_length")
    case("bad_extension_endless", n3(gtpu(inner, exts=[other_ext(0xc0)] * 40)), "gtpu_extension")
    case("bad_extension_zero", n3(gtpu(b"\x00\x00\xc0\xc0" + bytes(20), flags=0x34)[:8] + b"\0\0\0\xc0" + bytes(20)),
         "gtpu_extension")
    case("bad_extension_lying", n3(gtpu(b"\0\0\0\x85" + b"\xff\0\x09\0" + inner, flags=0x34)), "gtpu_extension")
    case("bad_extension_cut", n3(gtpu(b"\0\0\0\x85" + b"\x01\0", flags=0x34)), "gtpu_extension")
    case("bad_inner_none", n3(gtpu(b"")), "gtpu_inner")
    case("bad_inner_version", n3(gtpu(b"\x10" + inner[1:])), "gtpu_inner")
    case("bad_inner_cut", n3(gtpu(inner[:12])), "gtpu_inner")
    case("bad_inner_ihl", n3(gtpu(b"\x44" + inner[1:])), "gtpu_inner")
    case("bad_inner_options", n3(gtpu(b"\x4f" + inner[1:28])), "gtpu_inner")
    case("bad_inner_lying", n3(gtpu(inner[:2] + b"\x7f\xff" + inner[4:])), "gtpu_inner")
    case("bad_inner_l4", n3(gtpu(bytes(IP(**IN4, proto=6) / b"abcd"))), "gtpu_inner")
    case("bad_l4_udp", Ether(**ETH) / IP(**OUT4, proto=17) / b"abcd", "l4_short")
    case("bad_l4_tcp", Ether(**ETH) / IPv6(**OUT6, nh=6) / Raw(b"x" * 19), "l4_short")
    case("bad_v6_chain", Ether(**ETH) / IPv6(**OUT6, nh=60) / Raw(b"\x11\x09" + bytes(14)), "ipv6_chain")
    chain = Ether(**ETH) / IPv6(**OUT6)
    for _ in range(12):
        chain /= IPv6ExtHdrDestOpt()
    case("bad_v6_endless", chain / UDP(sport=1, dport=2), "ipv6_chain")


def vxlan(payload, vni=0x123456, flags=8):
    return UDP(sport=51000, dport=4789) / Raw(struct.pack("!II", flags << 24, vni << 8) + bytes(payload))


def geneve(payload, vni=0xabcdef, options=0, version=0, proto=0x6558):
    header = struct.pack("!BBHI", version << 6 | options, 0, proto, vni << 8)
    return UDP(sport=51000, dport=6081) / Raw(header + bytes(4 * options) + bytes(payload))


def overlay_cases():
    message = gtpu(IP(**IN4) / UDP(sport=5000, dport=53) / b"query", exts=[psc(9)])
    insides = {
        "tcp": Ether(**ETH) / IP(src="10.244.1.5", dst="10.244.2.6") / TCP(sport=5, dport=6, flags="PA") / b"x",
        "v6": Ether(**ETH) / IPv6(src="fd00::1", dst="fd00::2") / UDP(sport=5, dport=6) / b"x",
        "gtpu": n3(message, IP(src="10.244.1.5", dst="10.244.2.6")),
        "vlan": Ether(**ETH) / Dot1Q(vlan=77) / IP(src="10.244.1.5", dst="10.244.2.6") / UDP(sport=5, dport=6) / b"x",
        "fragment": Ether(**ETH) / IP(src="10.244.1.5", dst="10.244.2.6", frag=5, proto=17) / Raw(b"x" * 16),
        "bad_gtpu": n3(b"\x32", IP(src="10.244.1.5", dst="10.244.2.6")),
    }
    heads = {"bad_gtpu": "gtpu_short"}
    for name, inside in insides.items():
        for v, ip in (("v4", IP(**OUT4)), ("v6", IPv6(**OUT6))):
            case(f"vxlan_{v}_{name}", Ether(**ETH) / ip / vxlan(inside), heads.get(name))
            case(f"geneve_{v}_{name}", Ether(**ETH) / ip / geneve(inside), heads.get(name))
    inside = insides["gtpu"]
    under = Ether(**ETH) / IP(**OUT4)
    case("vxlan_in_vlan", Ether(**ETH) / Dot1Q(vlan=9) / IP(**OUT4) / vxlan(insides["vlan"]))
    case("geneve_options", under / geneve(inside, options=2))
    # one step, not two
    case("vxlan_in_vxlan", under / vxlan(Ether(**ETH) / IP(src="10.1.0.1", dst="10.1.0.2") / vxlan(inside, vni=7)))
    arp = Ether(**ETH) / ARP()
    for name, payload in {
        "vxlan_arp": vxlan(arp), "vxlan_no_flag": vxlan(inside, flags=0), "vxlan_empty": vxlan(b""),
        "vxlan_cut_ethernet": vxlan(bytes(inside)[:13]), "vxlan_cut_ip": vxlan(bytes(inside)[:30]),
        "geneve_arp": geneve(arp), "geneve_version": geneve(inside, version=1),
        "geneve_not_ethernet": geneve(inside, proto=0x0800), "geneve_options_beyond": geneve(b"abcd", options=2),
        "vxlan_short": UDP(sport=51000, dport=4789) / b"1234567",
    }.items():
        case(f"bad_{name}", under / payload, "overlay")


def session_cases():
    inner = IP(**IN4) / UDP(sport=5000, dport=53) / b"query"
    stamp = bytes(range(8))
    for name, container in {
        "rqi": psc(5, rqi=True), "ppi": psc(5, ppi=6), "rqi_ppi": psc(5, rqi=True, ppi=0),
        "qmp": psc(5, flags=8, rest=stamp), "qmp_ppi_seq": psc(5, flags=12, ppi=3, rest=stamp + b"abc"),
        "uplink_bits_are_no_rqi": psc(0x05 | 0x40, uplink=True), "uplink_delay": psc(0x05 | 0x80, uplink=True, rest=bytes(4)),
        "uplink_qmp": psc(5, uplink=True, flags=8, rest=stamp * 3),
        "uplink_all": psc(5, uplink=True, flags=15, rest=stamp * 3 + bytes(8) + b"abc"),
        "ppi_cut": (0x85, bytes([0, 0x80 | 5])), "qmp_cut": (0x85, bytes([8, 5])),
    }.items():
        case(f"session_{name}", n3(gtpu(inner, exts=[container])))


def tcp_cases():
    for flags in range(256):
        case(f"tcp_flags_{flags}", Ether(**ETH) / IP(**OUT4) / TCP(sport=5, dport=6, flags=flags))
    case("tcp_flags_inside", n3(gtpu(IP(**IN4) / TCP(sport=5, dport=6, flags="SEC"))))


def random_address(v):
    return str(ipaddress.IPv4Address(RANDOM.randrange(1 << 24, 223 << 24)) if v == 4 else
               ipaddress.IPv6Address((0x20010db8 << 96) | RANDOM.getrandbits(96)))


def random_ip():
    v = RANDOM.choice((4, 6))
    src, dst = random_address(v), random_address(v)
    if v == 4:
        return IP(src=src, dst=dst, options=[IPOption_NOP()] * RANDOM.choice((0, 0, 4, 12)))
    ip = IPv6(src=src, dst=dst)
    for _ in range(RANDOM.choice((0, 0, 1, 3))):
        ip /= RANDOM.choice((IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt))()
    return ip


def random_l4():
    # ports that tshark takes for nothing special, 2152 least of all
    ports = dict(sport=RANDOM.randrange(20000, 30000), dport=RANDOM.randrange(30000, 32000))
    return RANDOM.choice((TCP(**ports), UDP(**ports))) / Raw(bytes(RANDOM.randrange(0, 60)))


def random_cases(n):
    for i in range(n):
        packet = Ether(**ETH)
        for _ in range(RANDOM.choice((0, 0, 1, 2))):
            packet /= Dot1Q(vlan=RANDOM.randrange(4096))
        if RANDOM.random() < 0.3:
            case(f"random_{i}", packet / random_ip() / random_l4())
            continue
        exts = [RANDOM.choice((other_ext(0xc0, RANDOM.choice((1, 2))), psc(RANDOM.randrange(64), RANDOM.random() < .5)))
                for _ in range(RANDOM.randrange(4))]
        if sum(e[0] == 0x85 for e in exts) > 1:
            exts = exts[:1]
        message = gtpu(random_ip() / random_l4(), teid=RANDOM.getrandbits(32),
                       seq=RANDOM.choice((None, RANDOM.getrandbits(16))), exts=exts)
        case(f"random_gtpu_{i}", packet / random_ip() / UDP(sport=RANDOM.choice((2152, 31234)), dport=2152)
             / Raw(message))


L4 = {"tcp": 6, "udp": 17, "sctp": 132}
ICMP_PROTOS = {"icmp": 1, "icmpv6": 58}


def show(proto, name):
    for f in proto.iter("field"):
        if f.get("name") == name:
            return f.get("show")
    return None


V6_NEXT = {"ipv6.hopopts": "ipv6.hopopts.nxt", "ipv6.dstopts": "ipv6.dstopts.nxt", "ipv6.routing": "ipv6.routing.nxt",
           "ipv6.fraghdr": "ipv6.fraghdr.nxt", "ah": "ah.next_header"}


class Layers:
    """What of tshark's layers the probe tells."""

    def __init__(self, packet):
        self.vlans, self.tuples, self.gtp, self.overlay, self.deep, self.under = [], [], None, None, False, None
        for p in packet.iter("proto"):
            try:
                self.take(p, p.get("name"))
            except TypeError:  # a field is missing: the header is cut, nothing behind it counts
                break

    def take(self, p, name):
        if name in ("vxlan", "geneve"):
            self.step_in(name, show(p, name + ".vni"))
        elif self.deep:
            pass
        elif name == "vlan":
            self.vlans.append(int(show(p, "vlan.id")))
        elif name == "ieee8021ad":
            self.vlans.append(int(show(p, "ieee8021ad.id")))
        elif name == "ip":
            frag = int(show(p, "ip.frag_offset"))
            self.tuples.append(dict(src=show(p, "ip.src"), dst=show(p, "ip.dst"), proto=int(show(p, "ip.proto")),
                                    later=frag > 0))
        elif name == "ipv6":
            self.tuples.append(dict(src=show(p, "ipv6.src"), dst=show(p, "ipv6.dst"), proto=int(show(p, "ipv6.nxt")),
                                    later=False))
        elif name in V6_NEXT:
            self.tuples[-1]["proto"] = int(show(p, V6_NEXT[name]))
            if name == "ipv6.fraghdr":
                self.tuples[-1]["later"] = int(show(p, "ipv6.fraghdr.offset")) > 0
        elif name in L4 and self.tuples and "sport" not in self.tuples[-1]:
            self.tuples[-1].update(sport=show(p, name + ".srcport"), dport=show(p, name + ".dstport"))
            if name == "tcp":
                self.tuples[-1]["tcp"] = int(show(p, "tcp.flags"), 0) & 0xff
        elif name in ICMP_PROTOS and self.tuples and "sport" not in self.tuples[-1]:
            self.tuples[-1].update(sport=show(p, name + ".type"), dport=show(p, name + ".code"))
        elif name == "gtp":
            self.gtp = p

    def step_in(self, name, vni):
        if self.overlay:
            self.deep = True
            return
        self.overlay = f"{name}:{int(vni, 0)}"
        self.under = self.vlans, self.tuples
        self.vlans, self.tuples = [], []

    def step_out(self):
        if self.overlay:
            self.overlay, (self.vlans, self.tuples) = None, self.under

    def tuple_text(self, i):
        if i >= len(self.tuples):
            return "-"
        t = self.tuples[i]
        ports = f"{t['sport']},{t['dport']}" if t.get("sport") is not None and not t["later"] else "-,-"
        return f"{t['src']},{t['dst']},{t['proto']},{ports}"

    def head(self):
        if self.gtp is not None:
            return "gtpu"
        return "fragment" if self.tuples[0]["later"] else "ip"

    def gtp_text(self):
        g = self.gtp
        number = lambda v: "-" if v is None else str(int(v, 0))
        qfi = show(g, "gtp.ext_hdr.pdu_ses_con.qos_flow_id")
        seq = show(g, "gtp.seq_number") if int(show(g, "gtp.flags"), 0) & 2 else None
        pdu = show(g, "gtp.ext_hdr.pdu_ses_con.pdu_type")
        bit = lambda v: {None: None, "True": "1", "False": "0"}.get(v, v)
        rqi = bit(show(g, "gtp.ext_hdr.pdu_ses_cont.rqi")) if pdu == "0" else None
        ppi = show(g, "gtp.ext_hdr.pdu_ses_cont.ppi")
        return (f"teid={number(show(g, 'gtp.teid'))} type={number(show(g, 'gtp.message'))} "
                f"qfi={number(qfi)} seq={number(seq)} pdu={number(pdu)} rqi={number(rqi)} ppi={number(ppi)}")

    def tcp_text(self, i):
        return str(self.tuples[i].get("tcp", "-")) if i < len(self.tuples) else "-"


# tshark takes the next extension header's type for a paging policy that is not there
WITHOUT_PPI = {"session_ppi_cut"}
NO_GTP = "teid=- type=- qfi=- seq=- pdu=- rqi=- ppi=-"


def expectation(layers, head):
    """A malformed packet is told by its outer addresses alone."""
    if head in ("not_ip", "mpls", "pppoe", "vlan_depth"):
        return f"head={head}"
    if head == "overlay":
        layers.step_out()
    got = head or layers.head()
    vlans = ",".join(map(str, layers.vlans)) or "-"
    outer, inner, gtp = layers.tuple_text(0), "-", NO_GTP
    if got == "l4_short":
        outer = ",".join(outer.split(",")[:3]) + ",-,-"
    if got == "ipv6_chain":
        outer = ",".join(outer.split(",")[:2])  # the protocol depends on where one gives up
    if got == "gtpu":
        inner = layers.tuple_text(1)
    if got in ("gtpu", "gtpu_message"):
        gtp = layers.gtp_text()
    tcp = layers.tcp_text(got == "gtpu") if got in ("ip", "gtpu", "fragment") else "-"
    return f"head={got} overlay={layers.overlay or '-'} vlan={vlans} outer={outer} inner={inner} tcp={tcp} {gtp}"


def random_session(uplink):
    """A PDU Session Container by scapy, and the line that tells what is in it."""
    b = RANDOM.getrandbits
    n = dict(QMP=b(1), SNP=b(1), QFI=b(6))
    sent, received, up, seq = b(64), b(64), b(64), b(24)
    if uplink:
        c = GTPPDUSessionContainer(type=1, dlDelayInd=b(1), ulDelayInd=b(1), dlDelayRslt=b(32), ulDelayRslt=b(32),
                                   dlSendTimeRpt=sent, dlRecvTime=received, ulSendTime=up, UlQFISeqNum=seq, **n)
    else:
        c = GTPPDUSessionContainer(type=0, PPP=b(1), RQI=b(1), PPI=b(3), dlSendTime=sent, dlQFISeqNum=seq, **n)
        received = up = 0
    has = (7 if uplink else 1) * n["QMP"] | 8 * n["SNP"]
    stamps = (sent, received, up) if n["QMP"] else (0, 0, 0)
    return c, " ".join(f"{v:x}" for v in (has, *stamps, seq if n["SNP"] else 0))


def sessions(path):
    """NAME HEX HAS DL-SENT DL-RECEIVED UL-SENT SEQUENCE, in hexadecimal."""
    with open(path, "w") as out:
        for i in range(200):
            container, line = random_session(i % 2 == 1)
            packet = (Ether(**ETH) / IP(**OUT4) / UDP(sport=2152, dport=2152)
                      / GTP_U_Header(teid=5, E=1, next_ex=0x85) / container / IP(**IN4) / UDP(sport=5, dport=53))
            print(f"session_{i}", bytes(packet).hex(), line, file=out)


def main(folder):
    plain_cases()
    gtpu_cases()
    malformed_cases()
    overlay_cases()
    session_cases()
    tcp_cases()
    random_cases(2000)
    pcap = f"{folder}/cases.pcap"
    wrpcap(pcap, [Ether(data) for _, data, _ in CASES], linktype=1)
    pdml = subprocess.run(["tshark", "-n", "-r", pcap, "-T", "pdml", "-o", "ip.defragment:FALSE",
                           "-o", "ipv6.defragment:FALSE", "--disable-heuristic", "rtcp_udp"],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    packets = ET.fromstring(pdml).findall("packet")
    assert len(packets) == len(CASES)
    with open(f"{folder}/cases.txt", "w") as out:
        for (name, data, head), packet in zip(CASES, packets):
            text = expectation(Layers(packet), head)
            print(name, data.hex(), text.replace("ppi=0", "ppi=-") if name in WITHOUT_PPI else text, file=out)
    sessions(f"{folder}/sessions.txt")


main(sys.argv[1])
