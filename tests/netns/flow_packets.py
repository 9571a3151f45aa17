#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sends packets for flow_test.sh and checks what teide says of them. The packets and what they are come
from tests/bpf/flow_cases.py (cases.txt)."""
import collections
import fcntl
import json
import socket
import struct
import sys

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_VNET_HDR = 263, 8, 15
SO_RCVBUFFORCE = 33
DIRECTION = {"-": "-", "0": "downlink", "1": "uplink"}  # by the PDU type, TS 38.415 5.5.2
SKIPPED = {"not_ip", "mpls", "pppoe", "vlan_depth", "short", "ip_short", "ip_bad"}


def cases(path):
    for line in open(path):
        name, data, rest = line.rstrip("\n").split(" ", 2)
        yield name, bytes.fromhex(data), dict(word.split("=", 1) for word in rest.split())


def packet_socket(interface, protocol=0):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    if protocol:
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)  # rmem_max does not bind root
        s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.bind((interface, protocol))
    return s


def send(interface, path):
    s = packet_socket(interface)
    for _, data, _ in cases(path):
        s.send(data)


ODD = [("ip_short", "0800" "4500001c0001"), ("ip_short", "0800" + "45" * 19), ("ip_short", "86dd" "60" + "00" * 38),
       ("ip_short", "0800"), ("ip_bad", "0800" "43" + "00" * 40), ("ip_bad", "0800" "90" + "00" * 40),
       ("ip_bad", "86dd" "00" + "00" * 40), ("ip_short", "0800" "4f00" "003c" + "00" * 20), ("short", "8100" "0001")]


def send_odd(interface):
    """What BPF_PROG_TEST_RUN takes no: cut IP and link headers. Prints the heads."""
    s = packet_socket(interface)
    for _, data in ODD:
        s.send(bytes.fromhex("020000000002020000000001" + data))
    print_heads(collections.Counter(head for head, _ in ODD))


def send_tun(name, path):
    """IP packets without Ethernet, into a TUN device. Prints the heads."""
    f = open("/dev/net/tun", "r+b", buffering=0)
    fcntl.ioctl(f, 0x400454ca, struct.pack("16sH22x", name.encode(), 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
    heads = collections.Counter()
    for _, data, want in cases(path):
        if data[12:14] in (b"\x08\x00", b"\x86\xdd"):
            f.write(data[14:])
            heads[want["head"]] += 1
    print_heads(heads)


def send_nonlinear(interface, path, size=6000):
    """The well-formed G-PDUs, made long and with only their first 20 bytes in the linear part."""
    s = packet_socket(interface)
    s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    n = 0
    for _, data, want in cases(path):
        if want["head"] == "gtpu" and len(data) < 1000:
            # behind the end of the inner packet: the lengths in the headers still hold
            s.send(struct.pack("=BBHHHH", 0, 0, 20, 0, 0, 0) + data + bytes(size - len(data)))
            n += 1
    print(n)


def whole(data, ancillary):
    """With the tag that the kernel took out."""
    for level, kind, content in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", content[:20])
            if status & 0x10:
                return data[:12] + struct.pack("!HH", tpid if status & 0x40 else 0x8100, tci) + data[12:]
    return data


def receive(interface, path):
    """Exit 0 when the packets arrive in their order, whole and unchanged."""
    s = packet_socket(interface, ETH_P_ALL)
    s.settimeout(30)
    print("ready", flush=True)
    for name, data, _ in cases(path):
        got, ancillary, _, _ = s.recvmsg(65536, 1024)
        if whole(got, ancillary) != data:
            sys.exit(f"{name} was changed: {data.hex()} arrived as {whole(got, ancillary).hex()}")
    print("all unchanged", flush=True)


def print_heads(heads):
    for head in sorted(heads):
        print(head, heads[head])


def heads(path):
    print_heads(collections.Counter(want["head"] for _, _, want in cases(path)))


def lines(path):
    return [json.loads(line) for line in open(path)]


def ledger(path, hook):
    """NAME[/REASON] VALUE, zeros left out except for lost."""
    for e in lines(path):
        if e["event"] == "ledger" and e["where"] == hook and (e["value"] or e["name"] == "lost"):
            print(e["name"] + ("/" + e["reason"] if "reason" in e else ""), e["value"])


def ledger_heads(path, hook):
    """The same in the form of heads(), after a check that it balances."""
    rows = [e for e in lines(path) if e["event"] == "ledger" and e["where"] == hook]
    values = {(e["name"], e.get("reason")): e["value"] for e in rows}
    skipped = {r: v for (name, r), v in values.items() if name == "skipped"}
    counted = {r: v for (name, r), v in values.items() if name == "head"}
    assert values["seen", None] == values["counted", None] + sum(skipped.values()), values
    assert values["counted", None] == sum(counted.values()), values
    print_heads({r: v for r, v in {**skipped, **counted}.items() if v})


def event_tuple(e, name):
    t = e.get(name)
    return t and (t["src"], t["dst"], str(t["proto"]), str(t.get("sport", "-")), str(t.get("dport", "-")))


def tcp_letters(flags):
    return "".join(c for bit, c in enumerate("FSRPAUEC") if flags >> bit & 1) or "none"


def overlay_of(e):
    return f"{e['overlay']}:{e['vni']}" if "overlay" in e else "-"


def rows(path, events, netns, interface, direction):
    """The rows' sums equal what was sent, per flow and per tunnel."""
    want_flows, want_tunnels, want_bytes = collections.Counter(), collections.Counter(), 0
    want_tcp, got_tcp = collections.defaultdict(int), {}
    for _, data, want in cases(path):
        if want["head"] in SKIPPED:
            continue
        vlan = want["vlan"].split(",")[0]
        gtp = want["head"] == "gtpu"
        # the outermost tag of the frame itself, which the kernel takes out
        tags = 4 if direction == "ingress" and data[12:14] in (b"\x81\x00", b"\x88\xa8") else 0
        want_bytes += len(data) - tags
        where = tuple(want["inner" if gtp else "outer"].split(","))
        flow = (want["overlay"], vlan, gtp, where, want["teid"] if gtp else "-", want["qfi"] if gtp else "-",
                DIRECTION[want["pdu"]] if gtp else "-")
        want_flows[flow] += 1
        if want["tcp"] != "-":
            want_tcp[flow] |= int(want["tcp"])
        if want["head"] in ("gtpu", "gtpu_message"):
            src, dst = want["outer"].split(",")[:2]
            want_tunnels[want["overlay"], src, dst, want["teid"], want["type"], want["qfi"],
                         DIRECTION[want["pdu"]]] += 1
    flows, tunnels, got_bytes = collections.Counter(), collections.Counter(), 0
    for e in lines(events):
        if e.get("netns") != netns or e.get("interface") != interface or e.get("dir") != direction:
            continue
        gtp = e.get("gtp", {})
        if e["event"] == "flow":
            where = event_tuple(e, "inner") or event_tuple(e, "outer")
            if where[2] == "60":  # given up in a chain of extension headers
                where = where[:2]
            flow = (overlay_of(e), str(e.get("vlan", "-")), "inner" in e, where, str(gtp.get("teid", "-")),
                    str(gtp.get("qfi", "-")), e.get("direction", "-"))
            flows[flow] += e["packets"]
            if "tcp_flags" in e:
                got_tcp[flow] = got_tcp.get(flow, "") + e["tcp_flags"]
            got_bytes += e["bytes"]
            assert e["first_ns"] <= e["last_ns"] <= e["ts_ns"], e
        elif e["event"] == "tunnel":
            tunnels[overlay_of(e), e["outer"]["src"], e["outer"]["dst"], str(gtp["teid"]), str(gtp["type"]),
                    str(gtp.get("qfi", "-")), e.get("direction", "-")] += e["packets"]
    for name, got, want in (("flows", flows, want_flows), ("tunnels", tunnels, want_tunnels)):
        if got != want:
            sys.exit(f"{name}: not sent {got - want}; not seen {want - got}")
    same = lambda letters: set(letters.replace("none", ""))  # of several collections, one behind the other
    for flow in want_tcp.keys() | got_tcp.keys():
        if same(got_tcp.get(flow, "absent")) != same(tcp_letters(want_tcp.get(flow, 0))):
            sys.exit(f"TCP flags of {flow}: {got_tcp.get(flow)}, sent {tcp_letters(want_tcp.get(flow, 0))}")
    if got_bytes != want_bytes:
        sys.exit(f"bytes: {got_bytes}, sent {want_bytes}")


def count(path, event):
    print(sum(e["event"] == event for e in lines(path)))


if __name__ == "__main__":
    {f.__name__: f for f in (send, send_odd, send_tun, send_nonlinear, receive, heads, ledger, ledger_heads,
                             rows, count)}[sys.argv[1]](*sys.argv[2:])
