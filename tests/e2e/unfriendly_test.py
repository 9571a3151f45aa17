#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""teide run and API servers that end, come back with another key, are slow, or lie: it stays up, recovers,
never storms, and what is secret is in no log."""
import json
import os
import re
import signal
import subprocess

from harness import DEADLINE, TEIDE, TMP, case, end, equal, main, openssl, spawn, wait_for
from server import Server
from standin import StandIn, answer, drip, flood, half, hang_up

NAME = f"tt{os.getpid()}"
SECRETS = r"eyJ|signature0|BEGIN PUBLIC|secret of teide|refresh-\d"
PASSWORD = TMP / "password"
KEY = TMP / "public_key.pem"
STORM = 15  # requests a second: five failures at the shortest wait, each with a token, the request, a look


class Run:
    def __init__(self, name, api):
        self.log = TMP / f"{name}.log"
        config = TMP / f"{name}.json"
        config.write_text(json.dumps({
            "run": {"probes": ["flow"], "log_level": "debug"},
            "sched": {"backend": "gthulhu", "names": [NAME], "evidence": ["name"], "max_threads": 3},
            "api": {"interval": "1s", "timeout": "500ms", **api}}))
        with self.log.open("w") as log:
            self.process = spawn(TEIDE, "run", "-c", config, stderr=log)

    def says(self, pattern):
        return re.search(pattern, self.log.read_text())

    def check_log(self):
        found = self.says(SECRETS)
        assert not found, self.log.read_text()[max(0, found.start() - 200):found.end() + 20]

    def stop(self):
        equal(self.process.poll(), None)
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(60), 0)
        self.check_log()


def sleeper(threads=0):
    child = spawn("python3", "-c", "import ctypes, sys, threading\n"
                  f"ctypes.CDLL(None).prctl(15, b'{NAME}', 0, 0, 0)\n"
                  f"for _ in range({threads}):\n"
                  "    threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
                  "print('ready', flush=True)\nsys.stdin.read()", stdin=subprocess.PIPE)
    equal(child.stdout.readline(), "ready\n")
    return child


def echo(status):
    """A lie that repeats what it was asked with."""
    def act(h):
        said = f"{h.headers.get('Authorization')} {h.body}"
        h.reply(status, {"success": False, "error": f"no: {said}", "message": said})
    return act


def echo_html(h):
    h.reply(200, f"<html>{h.headers.get('Authorization')} {h.body}</html>".encode(),
            [("Content-Type", "text/html")])


LIES = [echo(401), echo(500), echo(200), echo_html, half, drip, hang_up, flood]


def survives(standin, kind, lies, recovered):
    """Each lie is told once; then the server is well again, and so is the agent."""
    again = 0 if kind == "refresh" else 1  # the password is used instead
    for lie in lies:
        before = standin.count(kind)
        standin.script[kind] = [lie]
        if kind in ("token", "login", "refresh"):
            standin.forget_tokens()
        wait_for("the lie", lambda: not standin.script[kind])
        wait_for("recovery", lambda: standin.count(kind) > before + again and recovered())
    assert standin.busiest_second() <= STORM, standin.kinds()


@case
def a_server_that_is_killed_and_has_a_new_key():
    child = sleeper()
    server = Server("killed")
    listen = server.url.removeprefix("http://")
    run = Run("killed-run", {"url": server.url, "public_key_path": server.key_path})
    wanted = [{"pid": child.pid, "priority": True, "execution_time": 20000000}]
    wait_for("the list", lambda: server.listed(server.token())[0] == wanted)
    for renew in (False, True):
        server.process.kill()
        server.process.wait()
        key = server.key()
        wait_for("the loss", lambda: run.says(r"api: .*(connect|reset|Empty reply|closed)"))
        if renew:
            for name in os.listdir(server.data):
                (server.data / name).unlink()
        server = Server("killed", listen=listen)
        equal(server.key() != key, renew)
        wait_for("the list again", lambda: server.listed(server.token())[0] == wanted)
    run.stop()
    equal([entry["priority"] for entry in server.listed(server.token())[0]], [False])


@case
def a_server_that_is_slow_and_lies():
    child = sleeper()
    standin = StandIn()
    run = Run("liar", {"url": standin.url, "public_key_path": str(KEY)})
    wanted = [{"pid": child.pid, "priority": True, "execution_time": 20000000}]

    def told():
        return standin.stored == wanted
    wait_for("the list", told)
    moved = answer(302, b"", ("Location", "http://127.0.0.1:1/"))
    survives(standin, "post", LIES + [moved], told)
    survives(standin, "get", LIES[:2], told)
    survives(standin, "token", [echo_html], told)
    standin.script["post"] = [echo(500)] * 1000  # for good, as it seems
    begun = len(standin.log)
    wait_for("a few attempts", lambda: standin.count("post") > 4 and len(standin.log) > begun + 4)
    standin.script["post"] = []
    wait_for("the list", told)
    assert standin.busiest_second() <= STORM, standin.kinds()
    run.stop()
    equal([entry["priority"] for entry in standin.stored], [False])
    standin.stop()


@case
def a_manager_that_is_slow_and_lies():
    child = sleeper()
    standin = StandIn(version="manager-policies")
    run = Run("manager", {"url": standin.url, "user": "teide", "password_file": str(PASSWORD),
                          "public_key_path": str(TMP / "none.pem"), "node": "node1"})

    def told():
        return [rule["commandRegex"] for rule in standin.api.policies] == [f"^(?P<teide>{NAME})$"]
    wait_for("the policy", told)
    survives(standin, "policies", LIES[:4], told)
    survives(standin, "refresh", LIES[:1], told)
    equal(standin.count("create-policy"), 1)
    end(child)
    wait_for("nothing", lambda: standin.api.policies == [])
    run.stop()
    standin.stop()


@case
def threads_beyond_the_limit_are_left_out_and_said_to_be():
    child = sleeper(threads=5)
    standin = StandIn()
    run = Run("limit", {"url": standin.url, "public_key_path": str(KEY)})
    wait_for("the list", lambda: standin.stored and len(standin.stored) == 3)
    pids = [entry["pid"] for entry in standin.stored]
    equal((pids[0], len(set(pids))), (child.pid, 3))
    assert set(pids) < {int(tid) for tid in os.listdir(f"/proc/{child.pid}/task")}
    wait_for("the warning", lambda: run.says("3 threads left out; raise sched.max_threads"))
    run.stop()
    standin.stop()


@case
def what_a_server_has_no_words_for_is_said_once():
    child = sleeper()
    standin = StandIn(version="decision-maker-1.3")  # which wants pods
    run = Run("wordless", {"url": standin.url, "public_key_path": str(KEY)})
    wait_for("two looks at it", lambda: standin.count("get") >= 2)
    equal(run.log.read_text().count("1 of 1 threads cannot be told to this server"), 1)
    equal(standin.count("intents"), 0)
    run.stop()
    end(child)
    standin.stop()


def long_header(h):
    h.reply(200, {}, [("X", "a" * 300000)])


def many_values(h):
    h.reply(200, b'{"success":true,"token":[' + b"{}," * 300000 + b"{}]}")


@case
def an_answer_that_is_none_is_said_to_be():
    url = "{url}/api/v1/auth/token: "
    for lie, reason in ((answer(200, {"success": True, "token": ""}), "the server's token is empty"),
                        (answer(200, {"success": True}), "the server's answer carries no token"),
                        (answer(401, {"error": "no"}), r"401: no\n"),
                        (answer(404, {"message": "Not Found"}), r"404: Not Found\n"),
                        (echo(401), "401: the reason is withheld"),
                        (many_values, "the answer: more than 65536 values"),
                        (long_header, "out of memory, or a header line of the answer is too long|Too large")):
        standin = StandIn()
        standin.script["token"] = [lie]
        shown = subprocess.run([TEIDE, "sched", "show", "--set", f"api.url={standin.url}", "--set",
                                f"api.public_key_path={KEY}"], capture_output=True, text=True, timeout=DEADLINE)
        equal((shown.returncode, shown.stdout, shown.stderr.count("\n")), (1, "", 1))
        assert re.search(f"{url.format(url=re.escape(standin.url))}({reason})", shown.stderr), shown.stderr
        assert not re.search(r"[?:.] *: |::", shown.stderr), shown.stderr
        standin.stop()


KEY.write_bytes(openssl("pkey", "-pubout", data=openssl("genpkey", "-algorithm", "RSA")))
PASSWORD.write_text("secret of teide\n")
main()
