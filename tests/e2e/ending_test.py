#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every verb that runs until it is told to end does so in good order on SIGINT, SIGTERM, SIGHUP and SIGQUIT,
also while it still starts, and when its terminal is closed: the output is complete, the kernel's tc lists no
filter of it, and /proc shows every thread at the nice level that it had."""
import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios

from harness import BUILD, TEIDE, TMP, case, contains, end, equal, main, need, spawn, wait_for
from server import Server

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
LAB = f"end{os.getpid()}"
NAME = f"tt{os.getpid()}"
FLOW = {"interfaces": ["tte0"], "tc": "clsact"}
KEYS = ["-i", "tte0", "--set", "probes.flow.tc=clsact", "-o", "json"]


def tc(*words):
    return subprocess.run(["tc", *words], capture_output=True, text=True).stdout


def filters():
    return "teide" in tc("filter", "show", "dev", "tte0", "ingress")


def lab_filters():
    return "teide" in tc("-n", f"{LAB}-upf", "filter", "show", "dev", "n3", "ingress")


def sleeper():
    """A process of the name that the service boosts."""
    child = spawn("python3", "-c", f"import ctypes, sys\nctypes.CDLL(None).prctl(15, b'{NAME}', 0, 0, 0)\n"
                  "print('ready', flush=True)\nsys.stdin.read()", stdin=subprocess.PIPE)
    equal(child.stdout.readline(), "ready\n")
    return child


def nice(child):
    return os.getpriority(os.PRIO_PROCESS, child.pid)


def config(backend="local", api=None):
    path = TMP / "run.json"
    path.write_text(json.dumps({
        "run": {"probes": ["flow"], "output": "json"}, "probes": {"flow": FLOW}, "api": api or {},
        "sched": {"backend": backend, "names": [NAME], "evidence": ["name"]}}))
    return path


class Verb:
    """A running teide, with standard output and standard error in files."""

    def __init__(self, *words, **options):
        self.out, self.err = TMP / "out", TMP / "err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen([str(w) for w in (TEIDE, *words)],
                                            **{"stdout": out, "stderr": err, **options})

    def says(self, text):
        return text in self.err.read_text() or text in self.out.read_text()

    def ready(self, condition):
        def met():
            assert self.process.poll() is None, f"ended too early: {self.err.read_text()}"
            return condition()
        wait_for("the verb to be ready", met)

    def end(self, signo):
        self.process.send_signal(signo)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "did not end"

    def lines(self):
        return [json.loads(line) for line in self.out.read_text().splitlines()]


def complete_ledger(verb):
    """The last lines are the ledger, and at TC seen = counted + skipped."""
    rows = [row for row in verb.lines() if row["event"] == "ledger" and row["where"] != "ring"]
    equal(verb.lines()[-1]["event"], "ledger")
    for where in {row["where"] for row in rows}:
        values = [row for row in rows if row["where"] == where]
        seen = sum(r["value"] for r in values if r["name"] == "seen")
        rest = sum(r["value"] for r in values if r["name"] in ("counted", "skipped"))
        equal(seen, rest)


def ends_well(words, ready, after, **options):
    for signo in SIGNALS:
        verb = Verb(*words, **options)
        verb.ready(lambda: ready(verb))
        equal((signo.name, verb.end(signo)), (signo.name, 0))
        assert not filters(), f"{signo.name}: a filter stays"
        after(verb)


@case
def flows_and_trace_print_their_ledger():
    for words in (["flows", *KEYS], ["trace", "--probe", "flow", *KEYS]):
        ends_well(words, lambda verb: verb.says("watching") and filters(), complete_ledger)


@case
def the_service_puts_back_what_it_boosted():
    child = sleeper()

    def after(verb):
        complete_ledger(verb)
        equal(nice(child), 0)

    ends_well(["run", "-c", config()], lambda verb: nice(child) == -10 and filters(), after)
    end(child)


@case
def the_preview_prints_what_it_has_seen():
    child = sleeper()

    def after(verb):
        assert any(row.get("pid") == child.pid for row in verb.lines()), verb.out.read_text()

    ends_well(["sched", "preview", "-c", config(), "--duration", "3600", "-o", "json"], lambda verb: filters(), after)
    end(child)


@case
def the_server_ends():
    ends_well(["server", "--listen", "127.0.0.1:0", "--data", TMP / "server"],
              lambda verb: verb.says("listening on"), lambda verb: None)


@case
def why_answers_and_lab_traffic_reports():
    subprocess.run([TEIDE, "lab", "up", "--name", LAB], check=True, capture_output=True)
    try:
        address = json.loads(subprocess.run([TEIDE, "lab", "status", "--name", LAB, "-o", "json"], check=True,
                                            capture_output=True).stdout)["ues"][0]["address"]
        environment = {**os.environ, "TEIDE_PROBES_FLOW_TC": "clsact"}

        def why_after(verb):
            assert verb.lines(), "no answer"
            assert not lab_filters(), "a filter stays in the UPF's namespace"

        ends_well(["why", address, "--netns", f"{LAB}-upf", "--duration", "3600", "-o", "json"],
                  lambda verb: lab_filters(), why_after, env=environment)
        ends_well(["lab", "traffic", "--name", LAB, "--duration", "3600"],
                  lambda verb: len(os.listdir(f"/proc/{verb.process.pid}/task")) > 1,
                  lambda verb: contains(verb.out.read_text(), "sent"))
    finally:
        subprocess.run([TEIDE, "lab", "down", "--name", LAB], check=True, capture_output=True)


def mask(process, name):
    """That mask of the first thread, which runs the verb."""
    with open(f"/proc/{process.pid}/status") as status:
        return int(next(line for line in status if line.startswith(name)).split()[1], 16)


def has(process, name, signo):
    return mask(process, name) >> (signo - 1) & 1


@case
def a_signal_during_the_start_ends_it_in_good_order():
    for signo in SIGNALS:
        for _ in range(50):
            verb = Verb("flows", *KEYS)
            while not has(verb.process, "SigBlk", signal.SIGTERM):
                assert verb.process.poll() is None, verb.err.read_text()
            verb.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, verb.process.pid, os.WSTOPPED | os.WNOWAIT)
            started = verb.says("watching") or filters()
            verb.process.send_signal(signo)
            equal((signo.name, verb.end(signal.SIGCONT)), (signo.name, 0))
            complete_ledger(verb)
            assert not filters(), f"{signo.name}: a filter stays"
            if not started:
                break
        assert not started, "never stopped before it had started"


@case
def a_hangup_that_is_ignored_stays_ignored():
    verb = Verb("flows", *KEYS, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    verb.ready(lambda: verb.says("watching") and filters())
    verb.process.send_signal(signal.SIGHUP)
    wait_for("the kernel to drop it", lambda: not mask(verb.process, "ShdPnd"))
    assert has(verb.process, "SigIgn", signal.SIGHUP)
    assert not has(verb.process, "SigBlk", signal.SIGHUP), "the verb waits for SIGHUP"
    assert filters() and verb.process.poll() is None
    equal(verb.end(signal.SIGTERM), 0)
    complete_ledger(verb)


def on_terminal(*words):
    """The verb as the leader of a session whose terminal is the returned descriptor's other end."""
    ours, theirs = pty.openpty()

    def lead():
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    verb = Verb(*words, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=lead)
    os.close(theirs)
    return verb, ours


def close_terminal(verb, terminal):
    os.close(terminal)
    try:
        return verb.process.wait(60)
    except subprocess.TimeoutExpired:
        verb.process.kill()
        return "did not end"


@case
def a_closed_terminal_ends_it_in_good_order():
    child = sleeper()
    for words, ready in ((["flows", *KEYS[:-2]], filters), (["flows", *KEYS], filters),
                         (["run", "-c", config()], lambda: filters() and nice(child) == -10)):
        verb, terminal = on_terminal(*words)
        verb.ready(ready)
        # What was printed is lost with the terminal, which is no success; the service lives on without output.
        equal((words[0], close_terminal(verb, terminal)), (words[0], 0 if words[0] == "run" else 1))
        assert not filters(), "a filter stays"
        equal(nice(child), 0)
    end(child)


def stored(server, pid):
    shown = subprocess.run([TEIDE, "sched", "show", "--url", server.url, "--public-key", server.key_path, "-o", "json"],
                           check=True, capture_output=True, text=True).stdout
    return any(row["pid"] == pid and row["priority"] for row in map(json.loads, shown.splitlines()))


@case
def after_a_loop_error_the_service_takes_all_back():
    child, server = sleeper(), Server("loop-error")
    fault = TMP / "fault"
    for backend, is_boosted in (("local", lambda: nice(child) == -10), ("gthulhu", lambda: stored(server, child.pid))):
        verb = Verb("run", "-c", config(backend, {"url": server.url, "public_key_path": str(server.key_path), "interval": "1s"}),
                    env={**os.environ, "LD_PRELOAD": str(BUILD / "tests/e2e/faults.so"), "FAULT_EPOLL": str(fault)})
        verb.ready(lambda: is_boosted() and filters())
        fault.touch()
        equal((backend, verb.process.wait(60)), (backend, 1))
        contains(verb.err.read_text(), "event loop: Bad file descriptor")
        assert not is_boosted(), f"{backend}: the strategy stays"
        assert not filters(), f"{backend}: a filter stays"
        complete_ledger(verb)
    end(child)


@case
def hostile_bundles_do_not_keep_it_from_ending():
    """Many config.json of the largest size that is read, full of the smallest values."""
    folder = TMP / "state" / "io.containerd.runtime.v2.task" / "default"
    folder.mkdir(parents=True)
    first = TMP / "config.json"
    first.write_text('{"x": [{}' + ",{}" * 349000 + "]}")
    for i in range(300):
        (folder / f"c{i}").mkdir()
        os.link(first, folder / f"c{i}" / "config.json")
    verb = Verb("flows", *KEYS, "--set", f"containers.state={TMP / 'state'}")
    verb.ready(lambda: verb.says("watching") and filters())
    equal(verb.end(signal.SIGTERM), 0)
    complete_ledger(verb)


if os.geteuid():
    print("needs root")
    sys.exit(77)
need("tc", "ip", "python3")
subprocess.run(["ip", "link", "add", "tte0", "type", "veth", "peer", "name", "tte1"], check=True)
for link in ("tte0", "tte1"):
    subprocess.run(["ip", "link", "set", link, "up"], check=True)
main()
