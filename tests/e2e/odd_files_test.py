#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is no regular file where teide reads one: it neither waits for a writer nor reads without end; but what
the user names with -c may be a pipe."""
import os
import re
import stat
import subprocess
from pathlib import Path

from harness import DEADLINE, TEIDE, TMP, case, contains, equal, main, openssl

KEY = TMP / "public_key.pem"
INITIAL_PIDNS = 4026531836  # include/linux/proc_ns.h: in its ABI


def fifo(path):
    os.mkfifo(path)


def folder(path):
    path.mkdir()


def endless(path):
    path.symlink_to("/dev/zero")


def local_socket(path):
    os.mknod(path, 0o600 | stat.S_IFSOCK)


KINDS = {"fifo": fifo, "folder": folder, "endless": endless, "socket": local_socket}


def teide(*words, **options):
    """Ends by itself, or the deadline raises."""
    return subprocess.run([TEIDE, *map(str, words)], capture_output=True, text=True, timeout=DEADLINE, **options)


def each_kind(path):
    for name, make in KINDS.items():
        make(path)
        yield name
        path.rmdir() if name == "folder" else path.unlink()


def check_refused(what, path, *words):
    for kind in each_kind(path):
        done = teide(*words)
        assert done.returncode == 1 and re.search(rf"{path}: not a regular file", done.stderr), \
            f"{what}, {kind}: {done.returncode} {done.stderr!r}"


@case
def credentials():
    path = TMP / "odd"
    show = ("sched", "show", "--set", "api.url=http://127.0.0.1:1", "--set")
    check_refused("key", path, *show, f"api.public_key_path={path}")
    check_refused("password", path, *show, "api.user=x", "--set", "api.protocol=manager", "--set",
                  f"api.password_file={path}")
    for option in ("ca_file", "cert_file", "key_file"):
        check_refused(option, path, *show, f"api.public_key_path={KEY}", "--set", f"api.{option}={path}")


@case
def the_record_of_boosts():
    namespace = os.stat("/proc/self/ns/pid").st_ino
    record = Path("/run/teide/local/boosts" + (f".{namespace}" if namespace != INITIAL_PIDNS else ""))
    record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for kind in each_kind(record):
        done = teide("clean")
        assert done.returncode == 1, f"{kind}: {done}"
        assert re.search(rf"{record}: (not a regular file|Too many levels of symbolic links); remove it",
                         done.stderr), f"{kind}: {done.stderr!r}"
    record.parent.rmdir()


@case
def the_files_of_a_container():
    state = TMP / "state"
    bundle = state / "io.containerd.runtime.v2.task" / "k8s.io" / ("1" * 64)
    bundle.mkdir(parents=True)
    (bundle / "config.json").write_text('{"annotations": {}}')
    for file in ("init.pid", "config.json"):
        if file == "config.json":
            (bundle / file).unlink()
        for kind in each_kind(bundle / file):
            done = teide("flows", "-i", "lo", "--once", "--quiet", "--set", f"containers.state={state}")
            equal((file, kind, done.returncode, done.stderr), (file, kind, 0, ""))


@case
def the_state_of_a_lab():
    path = Path("/run/teide/lab/odd/state.json")
    path.parent.mkdir(parents=True)
    check_refused("state", path, "lab", "status", "--name", "odd")


@case
def a_configuration_may_come_by_a_pipe():
    text = "probes:\n  flow:\n    interfaces: [by-a-pipe]\n"
    for path in ("/dev/stdin", "/proc/self/fd/0"):
        done = teide("config", "--show", "-c", path, input=text)
        equal((done.returncode, done.stderr), (0, ""))
        contains(done.stdout, "by-a-pipe")
    done = subprocess.run(["bash", "-c", f"exec {TEIDE} config --show -c <(printf '%s' \"$0\")", text],
                          capture_output=True, text=True, timeout=DEADLINE)
    equal((done.returncode, done.stderr), (0, ""))
    contains(done.stdout, "by-a-pipe")
    for path, reason in (("/dev/zero", "larger than 1 MiB"), (TMP, "is a directory")):
        done = teide("config", "-c", path)
        equal(done.returncode, 2)
        contains(done.stderr, f"configuration file {path}: {reason}")


KEY.write_bytes(openssl("pkey", "-pubout", data=openssl("genpkey", "-algorithm", "RSA")))
main()
