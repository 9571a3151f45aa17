#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a killed service leaves at an API server: clean, sched withdraw and the next start take it back, in every version
of the server, and the server's own list shows it."""
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from client import Client
from harness import TEIDE, TMP, case, contains, end, equal, main, need, openssl, spawn, wait_for
from procs import boosted, entries, neutral, process
from standin import StandIn
from standin_apis import DECISION_MAKERS

KEY = TMP / "public_key.pem"
PASSWORD = TMP / "password"
RECORDS = Path("/run/teide/api")
NAME = f"lo{os.getpid()}"
OTHER = f"ot{os.getpid()}"
SERVERS = ["pid-list-0.0", "pid-list-0.1", "decision-maker-policies", "decision-maker-threads", "manager-policies"]


def config(server, name=NAME, **api):
    path = TMP / "run.json"
    path.write_text(json.dumps({
        "run": {"probes": []},
        "api": {"url": server.url, "interval": "1s", "public_key_path": str(KEY), "node": "node1",
                **({"user": "teide", "password_file": str(PASSWORD)} if is_manager(server) else {}), **api},
        "sched": {"names": [name], "evidence": ["name"]}}))
    return path


def is_manager(server):
    return hasattr(server.api, "policies") and hasattr(server.api, "users")


def held(server):
    """What the server holds of any writer."""
    if is_manager(server):
        return server.api.policies + server.api.strategies
    return boosted(server) if server.stored else []


def serve(version, *children):
    server = StandIn(version=version)
    if version.startswith("decision-maker"):
        server.api.processes = [child.known for child in children]
    return server


def killed_service(server, path):
    service = spawn(TEIDE, "run", "-c", path, stderr=subprocess.DEVNULL)
    wait_for("the strategies", lambda: held(server) and list(RECORDS.glob("*")))
    service.send_signal(signal.SIGKILL)
    service.wait()


def teide(*words):
    return subprocess.run([str(word) for word in (TEIDE, *words)], capture_output=True, text=True)


@case
def clean_asks_the_server():
    for version in SERVERS:
        child = process(NAME)
        server = serve(version, child)
        killed_service(server, config(server))
        assert held(server), version
        done = teide("clean")
        equal((version, done.returncode, held(server)), (version, 0, []))
        contains(done.stdout, f"strategy 2 threads at {server.url}")
        # Another teide of the machine may run.
        assert "strategy" not in done.stdout.partition("after:")[2], done.stdout
        if version.startswith("pid-list"):
            equal(server.stored, neutral())
        else:
            equal(server.api.policies, [])
        end(child)
        server.stop()


@case
def clean_keeps_what_it_cannot_take_back():
    child = process(NAME)
    server = serve("pid-list-0.1", child)
    killed_service(server, config(server))
    port = server.server_address[1]
    server.stop()
    done = teide("clean")
    equal((done.returncode, len(list(RECORDS.glob("*")))), (1, 1))
    contains(done.stderr, server.url)
    server = StandIn(port)
    server.stored = entries(child.pid)
    equal((teide("clean").returncode, server.stored), (0, neutral()))
    end(child)
    server.stop()


@case
def a_service_that_runs_keeps_its_strategies():
    child = process(NAME)
    server = serve("pid-list-0.1", child)
    path = config(server)
    service = spawn(TEIDE, "run", "-c", path, stderr=subprocess.DEVNULL)
    wait_for("the strategies", lambda: held(server) and list(RECORDS.glob("*")))
    done = teide("clean")
    equal(done.returncode, 0)
    contains(done.stdout, "(in use by a teide that runs)")
    done = teide("sched", "withdraw", "-c", path)
    equal(done.returncode, 1)
    contains(done.stderr, "a teide that runs keeps its strategies")
    assert held(server)
    equal(end(service), 0)
    equal((server.stored, RECORDS.exists()), (neutral(), False))
    end(child)
    server.stop()


@case
def withdraw_asks_the_configured_server_without_a_record():
    for version in SERVERS:
        child = process(NAME)
        server = serve(version, child)
        path = config(server)
        killed_service(server, path)
        for record in RECORDS.glob("*"):
            record.unlink()
        done = teide("sched", "withdraw", "-c", path, "-o", "json")
        equal((version, done.returncode, done.stderr, held(server)), (version, 0, "", []))
        assert json.loads(done.stdout)["strategies"] >= 1, done.stdout
        end(child)
        server.stop()


@case
def what_a_server_cannot_delete_is_said():
    """Without a record nothing tells which intents to end."""
    pod = "0a1b2c3d-0000-1111-2222-333344445555"
    child = process(NAME, pod)
    server = serve("decision-maker-1.0", child)
    server.api.intents = [{"podID": pod, "commandRegex": NAME, "priority": 1, "executionTime": 20000000}]
    server.api.held = server.api.resolve_intents()
    done = teide("sched", "withdraw", "-c", config(server))
    equal((done.returncode, boosted(server)), (3, [child.pid]))
    contains(done.stderr, "still holds 1 strategy")
    end(child)
    server.stop()


@case
def a_start_with_another_name_takes_over_what_was_left():
    for version, api in [(version, {}) for version in SERVERS] + [("pid-list-0.1", {"mode": "merge"})]:
        child, other = process(NAME), process(OTHER)
        server = serve(version, child, other)
        foreign = entries(os.getpid()) if api else []
        if api:
            server.stored = foreign
        killed_service(server, config(server, **api))
        service = spawn(TEIDE, "run", "-c", config(server, OTHER, **api), stderr=subprocess.DEVNULL)
        if is_manager(server):
            wait_for("one policy", lambda: [OTHER in row["commandRegex"] for row in held(server)] == [True])
        else:
            wait_for(f"the others at {version}", lambda: child.pid not in held(server) and other.pid in held(server))
        equal(end(service), 0)
        equal((version, held(server), RECORDS.exists()), (version, [entry["pid"] for entry in foreign], False))
        for one in (child, other):
            end(one)
        server.stop()


@case
def a_start_that_finds_no_process_takes_back_what_was_left():
    child = process(NAME)
    server = serve("decision-maker-policies", child)
    killed_service(server, config(server))
    service = spawn(TEIDE, "run", "-c", config(server, OTHER), stderr=subprocess.DEVNULL)
    wait_for("nothing", lambda: held(server) == [] and server.api.policies == [])
    equal(end(service), 0)
    end(child)
    server.stop()


@case
def records_hold_for_every_decision_maker():
    """In pods, by the back end alone."""
    pod = "0a1b2c3d-0000-1111-2222-333344445555"
    for version in DECISION_MAKERS:
        child = process(NAME, pod)
        server = serve(version, child)
        client = Client(server.url, KEY, env=dict(os.environ, RECORDS=str(RECORDS)))
        client.say(f"follow {child.pid}@{pod}")
        client.reach("the look", lambda s: s["verified"] >= 1)
        client.process.kill()
        client.process.wait()
        equal((version, teide("clean").returncode, boosted(server)), (version, 0, []))
        end(child)
        server.stop()


if os.geteuid():
    print("needs root")
    sys.exit(77)
need("openssl")
openssl("genpkey", "-algorithm", "RSA", "-out", TMP / "key.pem")
openssl("pkey", "-in", TMP / "key.pem", "-pubout", "-out", KEY)
PASSWORD.write_text("secret of teide\n")
main()
