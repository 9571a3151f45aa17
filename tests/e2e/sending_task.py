#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""sending_task.py NAME ADDRESS PORT [LOCAL_PORT]: a process of that name. For each line of standard input a thread
of its own sends a UDP packet to the address, tells its tid, and stays. "main": the leader sends."""
import ctypes
import socket
import sys
import threading

PR_SET_NAME = 15
SOCKET = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def send():
    SOCKET.sendto(b"\x30\xff\x00\x00\x00\x00\x00\x01", (sys.argv[2], int(sys.argv[3])))
    print(threading.get_native_id(), flush=True)


def thread():
    send()
    threading.Event().wait()


ctypes.CDLL(None).prctl(PR_SET_NAME, sys.argv[1].encode(), 0, 0, 0)
if len(sys.argv) > 4:
    SOCKET.bind(("", int(sys.argv[4])))
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "main":
        send()
    else:
        threading.Thread(target=thread, daemon=True).start()
