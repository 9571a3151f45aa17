# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""For the e2e tests: cases that run one after the other, programs, openssl, curl."""
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

DEADLINE = 60
TMP = Path(tempfile.mkdtemp(prefix="teide-e2e."))
TEIDE = os.environ.get("TEIDE", "build/teide")
BUILD = Path(os.environ.get("BUILD", "build"))
os.environ["TEIDE_HOST_PIDS"] = "any"  # a test has a PID namespace of its own, and its servers live there
CASES = []
processes = []


def case(function):
    CASES.append(function)
    return function


def wait_for(what, condition):
    end = time.monotonic() + DEADLINE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)


def without_head(line):
    """A line of JSON without the keys that each line of each verb has."""
    return {key: value for key, value in line.items() if key not in ("schema", "node", "ts", "event")}


def equal(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


def contains(text, part):
    assert part in text, f"{part!r} is not in {text!r}"


def spawn(*command, **options):
    process = subprocess.Popen([str(word) for word in command], text=True,
                               stdout=subprocess.PIPE, **options)
    processes.append(process)
    return process


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process in processes:
        processes.remove(process)
    return process.returncode


def openssl(*words, data=None):
    return subprocess.run(["openssl", *map(str, words)], input=data, check=True,
                          capture_output=True).stdout


def base64url(data):
    if isinstance(data, dict):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def need(*tools):
    for tool in tools:
        if subprocess.run(["sh", "-c", f"command -v {tool}"], capture_output=True).returncode:
            print(f"{tool} is not installed")
            sys.exit(77)


def main():
    failed = 0
    print(f"1..{len(CASES)}")
    for number, function in enumerate(CASES, 1):
        try:
            function()
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception:
            failed += 1
            print(traceback.format_exc())
            print(f"not ok {number} - {function.__name__}", flush=True)
        for process in list(processes):
            end(process)
    subprocess.run(["rm", "-rf", str(TMP)], check=True)
    sys.exit(1 if failed else 0)
