# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A scripted API server on 127.0.0.1 that plays each version of Gthulhu's API and can misbehave in every way.

`script` maps a kind of request ("token", "post", "intents", ... as the API names them) to a list of
actions, used up one by one; without one the server behaves. An action gets the handler and does the
answering. `log` has every request that came."""
import base64
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import standin_apis


def jwt(serial, life=86400):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    now = int(time.time())
    claims = {"client_id": f"client_{serial}"}
    if life is not None:
        claims |= {"iat": now, "exp": now + life}
    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.signature{serial:08}"


def go_json(value):
    """As Go's encoder writes it, for HTML."""
    text = json.dumps(value)
    for c in "<>&":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text.encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else go_json(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if not isinstance(body, bytes):
            self.send_header("Content-Type", "application/json")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length).decode()
        self.server.serve(self)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any


class StandIn(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port=0, version="pid-list-0.1", key=None, life=86400):
        """key: the PEM that buys a token; None: any."""
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        self.log = []  # (kind, body, headers)
        self.times = []  # monotonic, of each in log
        self.script = {}
        self.key = key
        self.life = life
        self.leeway = 0  # how long a token is taken after its end
        self.serial = 0
        self.tokens = {}  # text -> seconds since 1970 at which it ends
        self.connections = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.api = standin_apis.make(version, self)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def stored(self):
        return self.api.stored

    @stored.setter
    def stored(self, value):
        self.api.stored = value

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

    def kinds(self):
        with self.lock:
            return [entry[0] for entry in self.log]

    def count(self, *kinds):
        return sum(1 for kind in self.kinds() if kind in kinds)

    def busiest_second(self):
        """The most requests that came within a second."""
        with self.lock:
            return max(sum(1 for other in self.times if start <= other < start + 1)
                       for start in self.times)

    def bodies(self, kind):
        with self.lock:
            return [entry[1] for entry in self.log if entry[0] == kind]

    def token(self, life="usual"):
        life = self.life if life == "usual" else life
        with self.lock:
            self.serial += 1
            text = jwt(self.serial, life)
            self.tokens[text] = time.time() + self.leeway + (86400 if life is None else life)
        return text

    def forget_tokens(self):
        with self.lock:
            self.tokens.clear()

    def serve(self, h):
        route = self.api.routes.get((h.command, h.path.partition("?")[0]))
        kind = route[0] if route else "other"
        with self.lock:
            self.log.append((kind, h.body, dict(h.headers)))
            self.times.append(time.monotonic())
            actions = self.script.get(kind, [])
            action = actions.pop(0) if actions else None
        if action:
            action(h)
        elif not route:
            self.api.unknown(h)
        elif route[2] or self.api.admits(h):
            route[1](h)


def refuse(h):
    """401, as for a token of another key; the lie repeats the token."""
    h.reply(401, {"success": False,
                  "error": f"Invalid or expired token: {h.headers.get('Authorization')}"})


def answer(status, body, *headers):
    return lambda h: h.reply(status, body, headers)


def hang_up(h):
    h.close_connection = True


def done_and_hang_up(h):
    """It does what was asked for and never says so."""
    reply, h.reply = h.reply, lambda *args: None
    h.server.api.routes[(h.command, h.path)][1](h)
    h.reply = reply
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
