# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Processes that tests have boosted, and the entries of servers for them."""
import os
import subprocess

from harness import equal, spawn

POD = "0a1b2c3d-0000-1111-2222-333344445555"


def process(comm, pod="", thread=""):
    """A process of that name, known to a decision maker as one of the pod; its second thread may have its own name."""
    rename = f"ctypes.CDLL(None).prctl(15, {thread.encode()!r}, 0, 0, 0)" if thread else "None"
    code = ("import ctypes, sys, threading\n"
            f"ctypes.CDLL(None).prctl(15, {comm.encode()!r}, 0, 0, 0)\n"
            f"named = threading.Event()\nrun = lambda: ({rename}, named.set(), threading.Event().wait(600))\n"
            "threading.Thread(target=run, daemon=True).start()\nnamed.wait()\n"
            "print('ready', flush=True)\nsys.stdin.read()")
    child = spawn("python3", "-c", code, stdin=subprocess.PIPE)
    equal(child.stdout.readline(), "ready\n")
    tids = sorted(int(tid) for tid in os.listdir(f"/proc/{child.pid}/task"))
    child.known = {"pid": child.pid, "comm": comm, "pod": pod, "tids": tids[1:],
                   "names": {tid: thread for tid in tids[1:] if thread}}
    return child


def entries(*pids):
    return [{"pid": pid, "priority": True, "execution_time": 20000000} for pid in pids]


NO_PROCESS = 2147483647  # above any pid_max


def neutral():
    return [{"pid": NO_PROCESS, "priority": False, "execution_time": 20000000}]


def boosted(server):
    return sorted(entry["pid"] for entry in server.stored if entry["priority"])


def notes(client):
    client.stats()
    return [line["note"] for line in client.lines if line["what"] == "note"]
