#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The command lines of teide server and teide sched show: what they print, and what they complain of."""
import json
import os
import subprocess

from harness import TEIDE, TMP, case, contains, equal, without_head
from server import MORE, STRATEGIES, Server, main_with_server
from standin import StandIn, answer


def run(*words, **environment):
    return subprocess.run([TEIDE, *map(str, words)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environment})


def one_line(done, *parts):
    equal(len(done.stderr.strip().splitlines()), 1)
    for part in parts:
        contains(done.stderr, part)


@case
def bad_addresses_and_folders_are_named():
    for listen in ("8080", "127.0.0.1", "127.0.0.1:99999", "nowhere:80", "::1:80", ":"):
        done = run("server", "--listen", listen, "--data", TMP / "bad")
        equal(done.returncode, 2)
        one_line(done, f"'{listen}'", "ADDR:PORT")
    taken = main_server.url.removeprefix("http://")
    done = run("server", "--listen", taken, "--data", TMP / "bad")
    equal(done.returncode, 1)
    one_line(done, taken, "Address already in use")
    done = run("server", "--listen", "127.0.0.1:0", "--data", TMP / "a" / "b")
    equal(done.returncode, 1)
    one_line(done, str(TMP / "a" / "b"), "--data")
    (TMP / "spoilt").mkdir(mode=0o700)
    (TMP / "spoilt" / "private_key.pem").write_text("nonsense")
    (TMP / "spoilt" / "private_key.pem").chmod(0o600)
    done = run("server", "--listen", "127.0.0.1:0", "--data", TMP / "spoilt")
    equal(done.returncode, 1)
    one_line(done, str(TMP / "spoilt" / "private_key.pem"))


def show(url, key, *words):
    return run("sched", "show", "--url", url, "--public-key", key, *words)


@case
def show_lists_what_is_stored():
    token = main_server.token()
    mine = {"pid": os.getpid(), "priority": True, "execution_time": 20000000}
    main_server.post(token, {"strategies": [mine, {**MORE, "pid": 2**31 - 1}]})
    done = show(main_server.url, main_server.key_path)
    equal((done.returncode, done.stderr), (0, ""))
    rows = [line.split() for line in done.stdout.splitlines()]
    with open("/proc/self/comm") as comm:
        equal(rows[1], [str(os.getpid()), comm.read().strip(), "yes", "20.000", "ms"])
    equal(rows[2], [str(2**31 - 1), "(none)", "no", "10.000", "ms"])
    done = show(main_server.url, main_server.key_path, "-o", "json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    equal(without_head(lines[1]), {**MORE, "pid": 2**31 - 1})
    equal({**mine, "comm": lines[0]["comm"]}, without_head(lines[0]))
    equal([line["event"] for line in lines], ["strategy", "strategy"])


@case
def show_takes_the_names_of_earlier_tools():
    done = run("sched", "show", API_ENDPOINT=main_server.url + STRATEGIES,
               PUBLIC_KEY_PATH=main_server.key_path)
    equal(done.returncode, 0)
    contains(done.stderr, "API_ENDPOINT")


@case
def show_says_what_is_wrong_in_one_line():
    standin = StandIn()
    standin.stop()
    done = show(standin.url, main_server.key_path)
    equal(done.returncode, 1)
    one_line(done, standin.url, "connect")
    other = Server("other")
    done = show(main_server.url, other.key_path)
    equal(done.returncode, 1)
    one_line(done, "api.public_key_path", "does not match")
    done = show(main_server.url, TMP / "missing.pem")
    equal(done.returncode, 1)
    one_line(done, str(TMP / "missing.pem"), "No such file")
    done = show("nonsense", main_server.key_path)
    equal(done.returncode, 2)
    one_line(done, "api.url")
    standin = StandIn()
    for body, part in ((b"<html></html>", "not a JSON object"),
                       ({"success": False, "error": "broken"}, "broken")):
        standin.script["get"] = [answer(200, body)]
        done = show(standin.url, main_server.key_path)
        equal(done.returncode, 1)
        one_line(done, part)
    standin.stop()


main_server = Server("main")
main_with_server(main_server)
