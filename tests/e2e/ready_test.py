#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A verb that watches or serves writes the line "ready" to the descriptor of --ready-fd, once its hooks are attached (by the
kernel's tc) or it listens; the service and the server send READY=1 to the socket of NOTIFY_SOCKET."""
import json
import os
import select
import socket
import subprocess

from harness import TEIDE, TMP, case, contains, equal, main, need, processes

KEYS = ["-i", "lo", "--set", "probes.flow.tc=clsact"]


def attached():
    return "teide" in subprocess.run(["tc", "filter", "show", "dev", "lo", "ingress"], capture_output=True,
                                     text=True).stdout


def config():
    path = TMP / "run.json"
    path.write_text(json.dumps({"run": {"probes": ["flow"], "strategies": False},
                                "probes": {"flow": {"interfaces": ["lo"], "tc": "clsact"}}}))
    return path


def start(*words, **options):
    process = subprocess.Popen([str(word) for word in (TEIDE, *words)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, **options)
    processes.append(process)
    return process


def end(process):
    process.terminate()
    errors = process.communicate(timeout=60)[1]
    equal((process.returncode, errors.count("error")), (0, 0))


def ready(*words):
    """Runs until it is ready; what it has written, to the end of the descriptor."""
    reader, writer = os.pipe()
    process = start(*words, "--ready-fd", writer, pass_fds=[writer])
    os.close(writer)
    with os.fdopen(reader) as pipe:
        equal(pipe.read(), "ready\n")
    return process


@case
def flows_trace_and_run_are_ready_when_the_hooks_are_attached():
    for words in (["flows", *KEYS], ["trace", "--probe", "flow", *KEYS], ["run", "-c", config()]):
        assert not attached()
        process = ready(*words)
        assert attached(), words[0]
        end(process)


@case
def the_server_is_ready_when_it_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    process = ready("server", "--listen", f"127.0.0.1:{address[1]}", "--data", TMP / "server")
    socket.create_connection(address).close()
    end(process)


def notified(address, *words):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        name = f"@{address[1:]}" if address[0] == "\0" else address
        process = start(*words, env={**os.environ, "NOTIFY_SOCKET": name})
        assert select.select([manager], [], [], 60)[0], f"{words[0]} has sent nothing"
        equal(manager.recv(100), b"READY=1")
        end(process)


@case
def the_service_manager_is_told():
    serve = ["server", "--listen", "127.0.0.1:0", "--data", TMP / "server"]
    for address in (str(TMP / "notify"), f"\0teide-{os.getpid()}"):
        notified(address, *serve)
        if address[0] == "/":
            os.unlink(address)
    notified(str(TMP / "notify"), "run", "-c", config())


@case
def one_that_is_not_there_is_no_error():
    process = start("server", "--listen", "127.0.0.1:0", "--data", TMP / "server",
                    env={**os.environ, "NOTIFY_SOCKET": str(TMP / "nonesuch")})
    contains(process.stderr.readline(), "NOTIFY_SOCKET: No such file or directory")
    end(process)


@case
def a_descriptor_that_cannot_be_written_is_refused():
    reader, writer = os.pipe()
    for fd in ("0", "x", "999", reader):
        process = start("flows", *KEYS, "--ready-fd", fd, pass_fds=[reader])
        contains(process.communicate(timeout=60)[1], "--ready-fd")
        equal(process.returncode, 2)
    os.close(reader)
    os.close(writer)


@case
def one_whose_reader_has_gone_is_a_warning():
    reader, writer = os.pipe()
    os.close(reader)
    process = start("flows", *KEYS, "--once", "--ready-fd", writer, pass_fds=[writer])
    contains(process.communicate(timeout=60)[1], f"--ready-fd {writer}: Broken pipe")
    equal(process.returncode, 0)
    os.close(writer)


need("tc")
main()
