# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""API servers, spoken to by curl: a running teide server, and the stand-in."""
import json
import os
import subprocess

from harness import TEIDE, TMP, end, equal, main, need, openssl, processes, spawn
from standin import StandIn

need("curl", "openssl")
STRATEGIES = "/api/v1/scheduling/strategies"
TOKEN = "/api/v1/auth/token"
GOOD = {"pid": 365162, "priority": True, "execution_time": 20000000}
MORE = {"pid": 365193, "priority": False, "execution_time": 10000000}


class Api:
    """One at self.url whose public key is in self.key_path."""

    def key(self):
        with open(self.key_path) as key:
            return key.read()

    def curl(self, path, *words, body=None):
        """(status, headers with lower-case names, body)"""
        words = ["curl", "-s", "-i", "--max-time", "60", *words, self.url + path]
        if body is not None:
            text = body if isinstance(body, (str, bytes)) else json.dumps(body)
            words += ["--data-binary", "@-", "-H", "Expect:"]
            body = text.encode() if isinstance(text, str) else text
        done = subprocess.run(words, input=body or b"", capture_output=True)
        equal(done.returncode, 0)
        head, _, rest = done.stdout.decode().partition("\r\n\r\n")
        lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        return (int(lines[0].split()[1]), {name.lower(): value for name, value in headers.items()},
                rest)

    def ask(self, key):
        status, _, body = self.curl(TOKEN, body={"public_key": key})
        return status, json.loads(body)

    def token(self):
        status, answer = self.ask(self.key())
        equal(status, 200)
        return answer["token"]

    def authorized(self, token, path, *words, body=None):
        return self.curl(path, "-H", f"Authorization: Bearer {token}", *words, body=body)

    def post(self, token, body):
        status, _, text = self.authorized(token, STRATEGIES, body=body)
        return status, json.loads(text)

    def call(self, token, method, path, body=None):
        """(status, the answer read as JSON, or as text where it is none)"""
        status, headers, text = self.authorized(token, path, "-X", method, body=body)
        return status, json.loads(text) if "json" in headers.get("content-type", "") else text

    def listed(self, token):
        status, headers, body = self.authorized(token, STRATEGIES)
        equal(status, 200)
        return json.loads(body)["scheduling"], headers


class Server(Api):
    def __init__(self, name, environment=None, listen="127.0.0.1:0"):
        self.data = TMP / name
        self.process = spawn(TEIDE, "server", "--listen", listen, "--data", self.data,
                             env=dict(os.environ, **(environment or {})))
        self.url = self.process.stdout.readline().split()[-1]
        self.key_path = self.process.stdout.readline().split(": ")[1].strip()
        equal(self.key_path, str(self.data / "public_key.pem"))


class Played(Api):
    """The stand-in, playing a version of the API, with a key of its own."""

    def __init__(self, version, life=86400):
        self.data = TMP / f"played-{version}-{life}"
        self.data.mkdir(exist_ok=True)
        self.key_path = self.data / "public_key.pem"
        openssl("genpkey", "-algorithm", "RSA", "-out", self.data / "private_key.pem")
        openssl("pkey", "-in", self.data / "private_key.pem", "-pubout", "-out", self.key_path)
        self.standin = StandIn(version=version, key=self.key(), life=life)
        self.url = self.standin.url


def main_with_server(server):
    """Runs the cases; the server outlives each of them."""
    processes.remove(server.process)
    try:
        main()
    finally:
        end(server.process)
