# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A scripted API server of Gthulhu's v0.1.0 on 127.0.0.1, which can misbehave in every way.

`script` maps "token", "post" and "get" to a list of actions, used up one by one; without one the server
behaves. An action gets the handler and does the answering."""
import base64
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def jwt(serial, life=86400):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    now = int(time.time())
    claims = {"iat": now, "exp": now + life, "client_id": f"client_{serial}"}
    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.signature{serial:08}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length).decode()
        self.server.serve(self)

    do_GET = do_POST = handle_any


class StandIn(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        self.log = []  # (kind, body, headers)
        self.script = {}
        self.life = 86400
        self.serial = 0
        self.valid = None
        self.stored = None
        self.connections = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        pass  # clients that hang up are part of the tests

    def process_request(self, request, client_address):
        self.connections.append(request)
        super().process_request(request, client_address)

    def stop(self):
        self.shutdown()
        self.server_close()
        self.hang_up()

    def hang_up(self):
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed already

    def count(self, kind):
        with self.lock:
            return sum(1 for entry in self.log if entry[0] == kind)

    def bodies(self, kind):
        with self.lock:
            return [entry[1] for entry in self.log if entry[0] == kind]

    def token(self):
        self.serial += 1
        self.valid = jwt(self.serial, self.life)
        return self.valid

    def serve(self, h):
        kind = "other"
        if h.path == "/api/v1/auth/token" and h.command == "POST":
            kind = "token"
        elif h.path == "/api/v1/scheduling/strategies":
            kind = h.command.lower()
        with self.lock:
            self.log.append((kind, h.body, dict(h.headers)))
            actions = self.script.get(kind, [])
            action = actions.pop(0) if actions else None
        if action:
            action(h)
        elif kind == "token":
            with self.lock:
                token = self.token()
            h.reply(200, {"success": True, "message": "", "token": token})
        elif kind == "other":
            h.reply(404, b"404 page not found\n", [("Content-Type", "text/plain")])
        elif h.headers.get("Authorization") != f"Bearer {self.valid}":
            refuse(h)
        elif kind == "post":
            self.stored = json.loads(h.body)["strategies"]
            h.reply(200, {"success": True, "message": ""})
        else:
            h.reply(200, {"success": True, "scheduling": self.stored or None})


def refuse(h):
    """401, as for a token of another key; the lie repeats the token."""
    h.reply(401, {"success": False,
                  "error": f"Invalid or expired token: {h.headers.get('Authorization')}"})


def answer(status, body, *headers):
    return lambda h: h.reply(status, body, headers)


def hang_up(h):
    h.close_connection = True


def half(h):
    h.send_response(200)
    h.send_header("Content-Length", "1000")
    h.end_headers()
    h.wfile.write(b'{"success":tr')
    h.close_connection = True


def drip(h):
    """A body at a byte every 50 ms, until the client has had enough."""
    h.send_response(200)
    h.send_header("Content-Length", "1000000")
    h.end_headers()
    for _ in range(100000):
        h.wfile.write(b" ")
        time.sleep(0.05)


def flood(h):
    """100 MB; remembers how many the client took."""
    chunk = b" " * 65536
    total = 100 * 1024 * 1024
    h.send_response(200)
    h.send_header("Content-Length", str(total))
    h.end_headers()
    h.server.flooded = 0
    while h.server.flooded < total:
        h.wfile.write(chunk)
        h.server.flooded += len(chunk)
