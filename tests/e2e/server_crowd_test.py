#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""teide server beside a thousand clients that are silent, slow or idle, with few descriptors, with little
memory; and what it answers to requests that are none. It takes the CPUs."""
import json
import os
import resource
import socket
import subprocess
import time

from harness import TEIDE, case, contains, equal, wait_for
from server import GOOD, STRATEGIES, TOKEN, Server, main_with_server

CROWD = 1000
PATIENCE = 20  # seconds; the crowd itself would be cut off after an hour
HOUR = {"TEIDE_SERVER_REQUEST_TIMEOUT": "1h"}
GET = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
CROWDS = {
    "silent": b"",
    "slow headers": b"GET /hea",
    "slow bodies": b"POST " + TOKEN.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    "idle, kept alive": GET,
}


def connect(server, source="127.0.0.1"):
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), PATIENCE, (source, 0))


def crowd(server, data, n=CROWD, source="127.0.0.1"):
    """The connections, those that the server closed meanwhile too."""
    connections = []
    for _ in range(n):
        connections.append(connect(server, source))
        try:
            connections[-1].sendall(data)
        except OSError:
            pass  # it made room for another
    return connections


def close(connections):
    for connection in connections:
        connection.close()


def receive(connection):
    """All until the server closes, or says how long its answer is."""
    data = b""
    try:
        while part := connection.recv(65536):
            data += part
            head, end, body = data.partition(b"\r\n\r\n")
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if end and length and len(body) >= int(length[0].split()[1]):
                break
    except ConnectionResetError:
        pass
    return data.decode()


def exchange(server, data):
    with connect(server) as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass  # it has answered and closed before all was sent
        return receive(connection)


def request(server, token=None, body=None):
    """(status, body) of a request on a connection of its own."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    path, head = (STRATEGIES, f"Authorization: Bearer {token}\r\n") if token else (TOKEN, "")
    text = exchange(server, f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: x\r\n{head}"
                    f"Connection: close\r\nContent-Length: {len(data or b'')}\r\n\r\n".encode() + (data or b""))
    assert text.startswith("HTTP/1.1 "), f"no answer: {text!r}"
    return int(text.split()[1]), text.partition("\r\n\r\n")[2]


def good_client(server):
    """Buys a token, posts a list and reads it."""
    status, body = request(server, body={"public_key": server.key()})
    equal(status, 200)
    token = json.loads(body)["token"]
    equal(request(server, token, {"strategies": [GOOD]})[0], 200)
    equal(json.loads(request(server, token)[1])["scheduling"], [GOOD])
    return token


@case
def a_good_client_is_served_beside_a_crowd():
    for kind, data in CROWDS.items():
        server = Server(kind.split(",")[0].replace(" ", "-"), HOUR)
        token = server.token()
        with connect(server) as agent:
            ask = f"GET {STRATEGIES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            agent.sendall(ask)
            contains(receive(agent), " 200 OK")
            connections = crowd(server, data)
            good_client(server)
            connections += crowd(server, data, 200)
            good_client(server)
            agent.sendall(ask)  # a client with a token keeps its connection
            contains(receive(agent), " 200 OK")
            close(connections)


@case
def a_client_with_many_connections_gives_one_up_first():
    server = Server("share", HOUR)
    with connect(server, "127.0.0.2") as quiet:
        quiet.sendall(b"GET /health HTTP/1.1\r\n")
        connections = crowd(server, b"", 300)
        quiet.sendall(b"Host: x\r\n\r\n")
        contains(receive(quiet), " 200 OK")
        close(connections)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@case
def few_descriptors_are_enough():
    server = Server("descriptors", HOUR)
    pid = server.process.pid
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (32, 4096))
    connections = crowd(server, b"", 200)
    good_client(server)
    assert len(os.listdir(f"/proc/{pid}/fd")) <= 32
    close(connections)


@case
def without_a_descriptor_it_waits_and_comes_back():
    server = Server("none", HOUR)
    pid = server.process.pid
    used = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, 4096))
    with connect(server) as waiting:
        waiting.sendall(GET)
        before = cpu_seconds(pid)
        time.sleep(1)  # not for something to happen: a loop that spins would use it up
        assert cpu_seconds(pid) - before < 0.5, "it spins"
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (4096, 4096))
        contains(receive(waiting), " 200 OK")


REFUSED = {
    "600 arguments": (b"GET /health?" + b"a&" * 600 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "6,000 arguments": (b"GET /health?" + b"a&" * 6000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "a long path": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "a path beyond all memory": (b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "a long header": (b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 60000 + b"\r\n\r\n", 431),
    "2,000 headers": (b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 2000 + b"\r\n", 431),
    "1,000 cookies": (b"GET /health HTTP/1.1\r\nHost: x\r\nCookie: " + b"a=b;" * 1000 + b"\r\n\r\n", 431),
    "no Host": (b"GET /health HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    "a blank before the colon": (b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n", 400),
    "two lengths": (b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    "one length twice": (b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    "length and chunks": (b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                          b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
    "an unknown encoding": (b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}", 400),
    "a bad chunk": (b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "a negative length": (b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    "a length beyond numbers": (b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 9" + b"9" * 30 + b"\r\n\r\n", 413),
    "HTTP/3.1": (b"GET /health HTTP/3.1\r\nHost: x\r\n\r\n", 505),
}


@case
def what_is_refused_is_answered_and_the_connection_closed():
    for what, (data, status) in REFUSED.items():
        with connect(main_server) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass  # answered before all was sent
            text = receive(connection)
            assert text.startswith(f"HTTP/1.1 {status} "), f"{what}: got {text!r}"
            try:
                equal((what, connection.recv(1)), (what, b""))
            except ConnectionResetError:
                pass  # closed as well


@case
def a_header_of_any_length_is_answered():
    for length in range(1000, 40000, 1000):
        for header in (b"X: " + b"a" * length + b"\r\n", b"X: a\r\n" * (length // 6)):
            text = exchange(main_server, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + b"\r\n")
            assert text.startswith(("HTTP/1.1 200 ", "HTTP/1.1 431 ")), f"{length}: {text!r}"
    equal(exchange(main_server, b"GET /health HTTP/1.0\r\n\r\n").split()[1], "200")


def memory(pid, key):
    with open(f"/proc/{pid}/status") as status:
        return int([line.split()[1] for line in status if line.startswith(key)][0]) * 1024


@case
def many_small_values_take_little_memory():
    pid = main_server.process.pid
    token = good_client(main_server)
    before = memory(pid, "VmHWM")
    for value in (b"{}", b"[]", b'{"":{}}', b"[[]]", b'""', b"0"):
        many = value + (b"," + value) * (4000000 // (len(value) + 1))
        status, body = request(main_server, token, b'{"strategies":[' + many + b"]}")
        equal((status, json.loads(body)["error"]), (400, "Invalid request payload: more than 65536 values"))
    equal(request(main_server, token, b"[" * 4000000)[0], 400)
    assert memory(pid, "VmHWM") - before < 40 << 20, memory(pid, "VmHWM") - before
    equal(request(main_server, body=b'{"public_key":[' + b"{}," * 20000 + b"{}]}")[0], 400)
    equal(json.loads(request(main_server, token)[1])["scheduling"], [GOOD])


@case
def out_of_memory_is_the_server_s_fault_and_passes():
    server = Server("memory", HOUR)
    pid = server.process.pid
    token = good_client(server)
    bodies = (b'{"x":[' + b"{}," * 30000 + b"{}]}",  # 90 kB that make 8 MiB
              b'{"x":"' + b"a" * 4000000 + b'"}')
    for body in bodies:
        resource.prlimit(pid, resource.RLIMIT_AS, (memory(pid, "VmSize") + (2 << 20), resource.RLIM_INFINITY))
        status, text = request(server, token, body)
        equal(status, 500)
        contains(json.loads(text)["error"], "out of memory")
        resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        equal(json.loads(request(server, token)[1])["scheduling"], [GOOD])
    equal(request(server, token, bodies[0])[0], 200)


@case
def what_the_server_takes_its_own_client_shows():
    token = good_client(main_server)
    longest = [{"pid": -(2 ** 31) + i, "priority": False, "execution_time": 2 ** 63 - 1} for i in range(4096)]
    for wrong in (longest + [GOOD], [{**GOOD, "pid": 2 ** 31}], [{**GOOD, "pid": -(2 ** 31) - 1}]):
        equal(request(main_server, token, {"strategies": wrong})[0], 400)
    equal(request(main_server, token, {"strategies": longest})[0], 200)
    shown = subprocess.run([TEIDE, "sched", "show", "-o", "json", "--set", f"api.url={main_server.url}",
                            "--set", f"api.public_key_path={main_server.key_path}"],
                           capture_output=True, text=True)
    equal((shown.returncode, shown.stderr), (0, ""))
    entries = [json.loads(line) for line in shown.stdout.splitlines()]
    equal([entry["pid"] for entry in entries], [entry["pid"] for entry in longest])


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * CROWD), hard))
main_server = Server("main", HOUR)
main_with_server(main_server)
