#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""names_scene.py COMM ADDRESS: a process that calls itself COMM, holds UDP 2152 and sends ten packets of
each kind, a G-PDU and one that is none, to ADDRESS for each line of its input; told how by "ready"."""
import ctypes
import os
import socket
import struct
import sys

PR_SET_NAME = 15
INNER = bytes.fromhex("4500001c00000000401100000a3c00010a46000200350035000800 00".replace(" ", ""))

ctypes.CDLL(None).prctl(PR_SET_NAME, os.fsencode(sys.argv[1]), 0, 0, 0)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 2152))
print("ready", flush=True)
for _ in sys.stdin:
    for _ in range(10):
        s.sendto(struct.pack(">BBHI", 0x30, 255, len(INNER), 0x1001) + INNER, (sys.argv[2], 2152))
        s.sendto(b"x", (sys.argv[2], 9))
    print("sent", flush=True)
