#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a UPF in user space has, and a switch of an interface.

doctor_scene.py upf TUN ADDRESS          a TUN device and a socket at ADDRESS, UDP 2152; says ready, and waits
doctor_scene.py socket ADDRESS           the socket alone
doctor_scene.py feature INTERFACE NAME   turns a feature on (linux/ethtool.h, SIOCETHTOOL)
"""
import array
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
SIOCETHTOOL, GET_SET_INFO, GET_STRINGS, SET_FEATURES = 0x8946, 0x37, 0x1B, 0x3B
FEATURES, STRING_LEN = 4, 32  # ETH_SS_FEATURES, ETH_GSTRING_LEN


def wait(address):
    n3 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    n3.bind((address, 2152))
    print("ready", flush=True)
    signal.pause()


def upf(tun, address):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", tun.encode(), IFF_TUN | IFF_NO_PI))
    wait(address)


def ethtool(interface, command):
    data = array.array("B", command)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), data.buffer_info()[0]))
    return data.tobytes()


def feature(interface, name, on="1"):
    sets = ethtool(interface, struct.pack("IIQI", GET_SET_INFO, 0, 1 << FEATURES, 0))
    n = struct.unpack_from("I", sets, 16)[0]
    strings = ethtool(interface, struct.pack("III", GET_STRINGS, FEATURES, n) + bytes(n * STRING_LEN))
    names = [strings[12 + i * STRING_LEN:][:STRING_LEN].rstrip(b"\0").decode() for i in range(n)]
    at, blocks = names.index(name), (n + 31) // 32
    mask = [(1 << at % 32 if i == at // 32 else 0) for i in range(blocks)]
    ethtool(interface, struct.pack("II", SET_FEATURES, blocks) + b"".join(struct.pack("II", bit, bit * int(on)) for bit in mask))


ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # the test ends, so does the scene
{"upf": upf, "socket": wait, "feature": feature}[sys.argv[1]](*sys.argv[2:])
