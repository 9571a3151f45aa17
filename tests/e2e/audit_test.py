#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""sched audit puts what the service would ask for beside what the server lists and what this kernel has, as /proc and the
server's own list show; sched show and doctor count the threads that a decision maker does not list."""
import json
import os
import subprocess
import sys

from harness import TEIDE, TMP, case, contains, end, equal, main, need, openssl, spawn, wait_for
from procs import boosted, entries, process
from standin import StandIn

KEY = TMP / "public_key.pem"
NAME = f"au{os.getpid()}"


def config(server, **sched):
    path = TMP / "run.json"
    path.write_text(json.dumps({
        "run": {"probes": []}, "api": {"url": server.url, "interval": "1s", "public_key_path": str(KEY)},
        "sched": {"names": [NAME], "evidence": ["name"], **sched}}))
    return path


def teide(*words):
    return subprocess.run([str(word) for word in (TEIDE, *words)], capture_output=True, text=True)


def audit(path):
    done = teide("sched", "audit", "-c", path, "-o", "json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    equal([line["event"] for line in lines], ["audit"] * (len(lines) - 1) + ["summary"])
    return done.returncode, {line["pid"]: line for line in lines[:-1]}, lines[-1]


@case
def intended_and_actual_are_put_side_by_side():
    child = process(NAME)
    threads = sorted([child.pid, *child.known["tids"]])
    server = StandIn()
    path = config(server)
    code, rows, summary = audit(path)
    equal((code, sorted(rows), summary["intended"], summary["listed"]), (1, threads, 2, 0))
    service = spawn(TEIDE, "run", "-c", path, stderr=subprocess.DEVNULL)
    wait_for("the strategies", lambda: server.stored and boosted(server) == threads)
    code, rows, summary = audit(path)
    equal((code, [rows[tid]["listed"] for tid in threads], summary["others"]), (0, [True, True], 0))
    equal(end(service), 0)
    server.stored = entries(child.pid, 1)
    code, rows, summary = audit(path)
    equal((code, summary["listed"], summary["others"]), (1, 1, 1))
    equal((rows[1]["intended"], rows[1]["listed"]), (False, True))
    end(child)
    server.stop()


@case
def this_kernels_boosts_are_shown():
    child = process(NAME)
    server = StandIn()
    path = config(server, backend="local")
    equal(audit(path)[0], 1)
    equal(teide("sched", "apply", "-c", path).returncode, 0)
    code, rows, summary = audit(path)
    equal((code, summary["boosted"], {row["boosted"] for row in rows.values()}), (0, 2, {True}))
    assert "listed" not in summary, summary
    equal((teide("sched", "withdraw").returncode, audit(path)[2]["boosted"]), (0, 0))
    end(child)
    server.stop()


@case
def threads_that_a_decision_maker_does_not_list_are_counted():
    for version, listed in (("decision-maker-policies", 1), ("decision-maker-threads", 2)):
        child = process(NAME)
        server = StandIn(version=version)
        server.api.processes = [child.known]
        path = config(server)
        service = spawn(TEIDE, "run", "-c", path, stderr=subprocess.DEVNULL)
        wait_for("the strategies", lambda: len(boosted(server)) == listed)
        code, _, summary = audit(path)
        equal((version, code, summary["listed"]), (version, 2 - listed, listed))
        shown = teide("sched", "show", "-c", path).stdout
        doctor = " ".join(teide("doctor", "-c", path).stdout.split())
        if listed == 1:
            contains(shown, "the server lists 1 of the 2 threads of these processes")
            contains(doctor, "lists 1 of the 2 threads")
        else:
            assert "threads of these processes" not in shown, shown
            contains(doctor, "holds 2 strategies")
        equal(end(service), 0)
        end(child)
        server.stop()


if os.geteuid():
    print("needs root")
    sys.exit(77)
need("openssl")
openssl("genpkey", "-algorithm", "RSA", "-out", TMP / "key.pem")
openssl("pkey", "-in", TMP / "key.pem", "-pubout", "-out", KEY)
main()
