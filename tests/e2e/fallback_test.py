#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""sched.backend auto with a server that fails every other time: the kernel's boost comes once and stays, as the nice
level in /proc shows, and the server gets the list back once it answers each time."""
import json
import os
import subprocess
import sys
import threading
import time

from harness import TEIDE, TMP, case, end, equal, main, need, openssl, spawn, wait_for
from standin import StandIn, answer

KEY = TMP / "public_key.pem"
NAME = f"fb{os.getpid()}"
NO = answer(503, {"success": False, "error": "no"})
FAILURES = 6
ERRORS = TMP / "errors"


def sleeper():
    child = spawn("python3", "-c", f"import ctypes, sys\nctypes.CDLL(None).prctl(15, b'{NAME}', 0, 0, 0)\n"
                  "print('ready', flush=True)\nsys.stdin.read()", stdin=subprocess.PIPE)
    equal(child.stdout.readline(), "ready\n")
    return child


def nice(child):
    return os.getpriority(os.PRIO_PROCESS, child.pid)


def run(server):
    path = TMP / "run.json"
    path.write_text(json.dumps({
        "run": {"probes": []}, "local": {"enabled": True},
        "api": {"url": server.url, "interval": "1s", "public_key_path": str(KEY)},
        "sched": {"backend": "auto", "names": [NAME], "evidence": ["name"]}}))
    with ERRORS.open("w") as errors:
        return spawn(TEIDE, "run", "-c", path, stderr=errors)


class Flaky:
    """Every second request of a kind fails, as long as it is bad."""

    def __init__(self, server, kind):
        self.bad, self.requests, self.failures = True, 0, 0
        self.handler = next(route[1] for route in server.api.routes.values() if route[0] == kind)
        server.script[kind] = [self.act] * 10000

    def act(self, h):
        self.requests += 1
        if self.bad and self.requests % 2:
            self.failures += 1
            NO(h)
        else:
            self.handler(h)


class Levels:
    """Counts how often the nice level changes."""

    def __init__(self, child):
        self.child, self.changes, self.last, self.over = child, 0, nice(child), False
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.over and self.child.poll() is None:
            level = nice(self.child)
            self.changes += level != self.last
            self.last = level
            time.sleep(0.02)

    def stop(self):
        self.over = True
        self.thread.join()
        return self.changes


def boosted(server):
    return [entry["pid"] for entry in server.stored or [] if entry["priority"]]


def one_move_there_and_one_back(server, child, kind):
    """kind: the request that fails every other time."""
    flaky, levels, before = Flaky(server, kind), Levels(child), nice(child)
    teide = run(server)
    wait_for("the failures", lambda: flaky.failures >= FAILURES and nice(child) == -10)
    equal(levels.stop(), 1)
    flaky.bad = False
    try:
        wait_for("the list at the server", lambda: nice(child) == before and boosted(server) == [child.pid])
    except AssertionError:
        print(f"{ERRORS.read_text()}nice {nice(child)}, the server has {server.stored}, of {flaky.requests} requests")
        raise
    end(teide)
    equal((nice(child), boosted(server)), (before, []))
    end(child)
    server.stop()


@case
def a_server_of_pid_lists():
    one_move_there_and_one_back(StandIn(), sleeper(), "post")


@case
def a_decision_maker():
    """Which has nothing to do while the kernel has the list: only looking shows whether it answers."""
    server, child = StandIn(version="decision-maker-policies"), sleeper()
    server.api.processes = [{"pid": child.pid, "comm": NAME, "pod": ""}]
    one_move_there_and_one_back(server, child, "get")


if os.geteuid():
    print("needs root")
    sys.exit(77)
need("openssl")
openssl("genpkey", "-algorithm", "RSA", "-out", TMP / "private_key.pem")
openssl("pkey", "-in", TMP / "private_key.pem", "-pubout", "-out", KEY)
main()
