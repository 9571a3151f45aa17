#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""teide server's data folder: whose it may be, what it may hold; and what the server may do once it is up."""
import os
import re
import socket
import stat
import subprocess

from harness import DEADLINE, TEIDE, TMP, case, contains, end, equal, main, openssl, spawn
from server import Server

NOBODY = 65534


def refused(data, reason, listen="127.0.0.1:0", status=1):
    """The server ends by itself and says why in one line."""
    done = subprocess.run([TEIDE, "server", "--listen", listen, "--data", str(data)], capture_output=True,
                          text=True, timeout=DEADLINE)
    equal((done.returncode, done.stdout, done.stderr.count("\n")), (status, "", 1))
    assert re.search(reason, done.stderr), f"{reason!r} is not in {done.stderr!r}"


def made(name):
    """A folder that a server made, with its key pair."""
    server = Server(name)
    equal(end(server.process), 0)
    return server.data


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@case
def a_folder_that_is_not_the_server_s_alone_is_refused():
    data = made("folder")
    equal((mode_of(data), os.stat(data).st_uid), (0o700, os.geteuid()))
    for mode in (0o777, 0o770, 0o755, 0o701, 0o704, 0o702):
        os.chmod(data, mode)
        refused(data, rf"{data} has mode {mode:04o}.*chmod 07[05]0")
    os.chmod(data, 0o750)  # a group may read the public key
    equal(end(Server("folder").process), 0)
    os.chown(data, NOBODY, NOBODY)
    refused(data, rf"{data} belongs to user {NOBODY}.*--data")
    os.chown(data, 0, 0)
    link = TMP / "link"
    link.symlink_to(data)
    refused(link, rf"{link}.*symbolic link")


@case
def a_private_key_that_others_have_is_refused():
    data = made("key")
    key = data / "private_key.pem"
    for mode in (0o666, 0o644, 0o640, 0o620, 0o601):
        os.chmod(key, mode)
        refused(data, rf"{key} has mode {mode:04o}.*chmod 0600")
    os.chmod(key, 0o400)
    equal(end(Server("key").process), 0)
    os.chown(key, NOBODY, NOBODY)
    refused(data, rf"{key} belongs to user {NOBODY}")


@case
def a_weak_or_foreign_kind_of_key_is_refused():
    data = made("weak")
    key = data / "private_key.pem"
    for words, reason in ((("RSA", "-pkeyopt", "rsa_keygen_bits:1024"), "1024 bits.*2048.*move it away"),
                          (("EC", "-pkeyopt", "ec_paramgen_curve:P-256"), "not an RSA private key.*move it away")):
        key.write_bytes(openssl("genpkey", "-algorithm", *words))
        refused(data, reason)


@case
def what_is_no_regular_file_neither_hangs_nor_passes():
    data = made("odd")
    private, public = data / "private_key.pem", data / "public_key.pem"
    kept = private.read_bytes()
    private.unlink()
    os.mkfifo(private)
    refused(data, rf"{private}: not a regular file")
    private.unlink()
    private.mkdir()
    refused(data, rf"{private}: not a regular file")
    private.rmdir()
    private.symlink_to("/etc/hostname")
    refused(data, rf"{private}: Too many levels of symbolic links")
    private.unlink()
    private.write_bytes(kept)
    private.chmod(0o600)
    for make in (os.mkfifo, lambda path: path.symlink_to(TMP / "victim")):
        public.unlink()
        (TMP / "victim").write_text("kept")
        make(public)
        server = Server("odd")
        assert not public.is_symlink()
        equal((server.key(), mode_of(public)), (openssl("pkey", "-in", private, "-pubout").decode(), 0o640))
        equal((TMP / "victim").read_text(), "kept")
        end(server.process)


@case
def nothing_is_written_for_an_address_that_does_not_work():
    data = TMP / "unwritten"
    refused(data, "listen address 'foo'", "foo", 2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused(data, "Address already in use", f"127.0.0.1:{taken.getsockname()[1]}")
    refused(data, "Cannot assign requested address", "192.0.2.1:0")
    assert not data.exists()


def states(pid):
    """The status of each thread."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as status:
            yield dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)


@case
def a_running_server_has_no_capability():
    server = Server("capabilities", listen="127.0.0.1:81")  # a port that wants one
    seen = list(states(server.process.pid))
    assert seen
    for state in seen:
        equal({state[key] for key in ("CapInh", "CapPrm", "CapEff", "CapAmb")}, {"0" * 16})
        equal(state["NoNewPrivs"], "1")
    server.token()


@case
def a_user_without_privileges_may_serve():
    TMP.chmod(0o711)
    data = TMP / "own"
    data.mkdir(mode=0o700)
    os.chown(data, NOBODY, NOBODY)
    process = spawn("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", TEIDE, "server",
                    "--listen", "127.0.0.1:0", "--data", data)
    contains(process.stdout.readline(), "listening on")
    equal((mode_of(data / "private_key.pem"), os.stat(data / "private_key.pem").st_uid), (0o600, NOBODY))
    equal(end(process), 0)


main()
