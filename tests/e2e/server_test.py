#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""teide server from outside, by curl and openssl."""
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import subprocess
import time

from client import Client
from harness import TEIDE, TMP, base64url, case, contains, end, equal, openssl, wait_for
from procs import neutral
from server import GOOD, MORE, STRATEGIES, TOKEN, Server, main_with_server


def refused(answer, status, prefix):
    got, body = answer
    equal(got, status)
    equal(body["success"], False)
    equal(body["error"][:len(prefix)], prefix)


@case
def health_needs_no_token():
    status, headers, body = main_server.curl("/health")
    equal(status, 200)
    equal(json.loads(body)["status"], "healthy")
    equal([name for name in headers if name.startswith("access-control")], [])  # no other site's scripts
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", json.loads(body)["timestamp"])


@case
def the_version_is_teide_s():
    version = subprocess.run([TEIDE, "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    equal(json.loads(main_server.curl("/")[2])["version"], version)


@case
def the_first_start_makes_a_key_pair_that_is_kept():
    data = main_server.data
    equal(os.stat(data / "private_key.pem").st_mode & 0o7777, 0o600)
    equal(os.stat(data / "public_key.pem").st_mode & 0o7777, 0o640)  # it buys a token
    equal(os.stat(data).st_mode & 0o7777, 0o700)
    equal(sorted(os.listdir(data)), ["private_key.pem", "public_key.pem"])
    contains(openssl("pkey", "-in", data / "private_key.pem", "-text", "-noout").decode(), "2048 bit")
    equal(openssl("pkey", "-in", data / "private_key.pem", "-pubout").decode(), main_server.key())
    first = Server("kept")
    token, key = first.token(), first.key()
    equal(end(first.process), 0)
    second = Server("kept")
    equal(second.key(), key)
    equal(second.listed(token)[0], [])


@case
def the_matching_key_buys_a_token():
    status, answer = main_server.ask(main_server.key())
    equal(status, 200)
    equal(answer["success"], True)
    equal(answer["message"], "Token generated successfully")
    header, claims, signature = answer["token"].split(".")

    def decode(part):
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    equal(json.loads(decode(header))["alg"], "RS256")
    claims_read = json.loads(decode(claims))
    equal(claims_read["exp"] - claims_read["iat"], 24 * 3600)
    equal(claims_read["nbf"], claims_read["iat"])
    equal(claims_read["iss"], "bss-api-server")
    equal(claims_read["sub"], f"client_{claims_read['iat']}")
    (TMP / "signature").write_bytes(decode(signature))
    openssl("dgst", "-sha256", "-verify", main_server.key_path, "-signature", TMP / "signature",
            data=f"{header}.{claims}".encode())


@case
def line_ends_and_blank_lines_in_the_key_do_not_matter():
    key = main_server.key()
    for text in (key.replace("\n", "\r\n"), key.replace("\n", "\n\n"), "before\n" + key + "\nafter",
                 key.strip()):
        equal(main_server.ask(text)[0], 200)


@case
def other_keys_are_refused():
    def public(*words):
        openssl("genpkey", *words, "-out", TMP / "other.pem")
        return openssl("pkey", "-in", TMP / "other.pem", "-pubout").decode()
    prefix = "Public key verification failed: public key verification failed: "
    other_rsa = public("-algorithm", "RSA")
    pkcs1 = openssl("rsa", "-pubin", "-in", main_server.key_path, "-RSAPublicKey_out").decode()
    ec = public("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    contains(pkcs1, "BEGIN RSA PUBLIC KEY")
    cases = {other_rsa: "public key does not match server's private key",
             ec: "public key is not RSA",
             pkcs1: "failed to parse public key: ",
             "garbage": "failed to decode PEM block containing public key",
             "": "failed to decode PEM block containing public key",
             main_server.key()[:200]: "failed to parse public key: "}
    for key, reason in cases.items():
        refused(main_server.ask(key), 401, prefix + reason)


@case
def token_requests_that_are_no_json():
    for body, reason in (("", "EOF"), ('{"public_key":5}', ""), ("{", ""), ("[]", "")):
        status, _, text = main_server.curl(TOKEN, "-X", "POST", body=body)
        refused((status, json.loads(text)), 400, "Invalid JSON format: " + reason)


@case
def three_ways_to_lack_a_token():
    status, _, body = main_server.curl(STRATEGIES)
    refused((status, json.loads(body)), 401, "Authorization header is required")
    status, _, body = main_server.curl(STRATEGIES, "-H", "Authorization: bearer x")
    refused((status, json.loads(body)), 401, "Authorization header must start with 'Bearer '")
    status, _, body = main_server.authorized("bad", STRATEGIES)
    refused((status, json.loads(body)), 401, "Invalid or expired token: ")
    status, _, body = main_server.curl(STRATEGIES, body={"strategies": [GOOD]})
    refused((status, json.loads(body)), 401, "Authorization header is required")


def signed(header, claims, sign):
    text = f"{base64url(header)}.{base64url(claims)}"
    return f"{text}.{base64url(sign(text.encode()))}"


def rsa(key, digest="-sha256"):
    return lambda text: openssl("dgst", digest, "-sign", key, data=text)


def listing_status(token):
    return main_server.authorized(token, STRATEGIES)[0]


@case
def forged_tokens_are_refused():
    now = int(time.time())
    claims = {"iat": now - 10, "nbf": now - 10, "exp": now + 3600, "iss": "bss-api-server"}
    own = rsa(main_server.data / "private_key.pem")
    rs256 = {"alg": "RS256", "typ": "JWT"}
    equal(listing_status(signed(rs256, claims, own)), 200)

    def hs256(text):
        return hmac.new(main_server.key().encode(), text, hashlib.sha256).digest()
    forged = [signed({"alg": "HS256", "typ": "JWT"}, claims, hs256),
              signed({"alg": "RS256", "typ": "JWT"}, claims, hs256),
              signed({"alg": "none", "typ": "JWT"}, claims, lambda text: b""),
              signed({"alg": "none", "typ": "JWT"}, claims, own),
              signed({"alg": "RS512", "typ": "JWT"}, claims,
                     rsa(main_server.data / "private_key.pem", "-sha512"))]
    openssl("genpkey", "-algorithm", "RSA", "-out", TMP / "stranger.pem")
    forged.append(signed(rs256, claims, rsa(TMP / "stranger.pem")))
    for change in ({"exp": now - 1}, {"exp": now}, {"nbf": now + 3600}, {"exp": "never"}, {"exp": None},
                   {"exp": now + 3600.5}, {"nbf": now + 3600.5}, {"nbf": now - 10.5}, {"nbf": str(now + 3600)},
                   {"nbf": str(now - 10)}, {"nbf": None}, {"nbf": [now - 10]}):
        forged.append(signed(rs256, {**claims, **change}, own))
    for change in ({"alg": "rs256"}, {"alg": "Rs256"}, {"crit": ["b64"], "b64": False}, {"crit": ["exp"]},
                   {"crit": []}, {"crit": None}):
        forged.append(signed({**rs256, **change}, claims, own))
    without = dict(claims)
    del without["exp"]
    forged.append(signed(rs256, without, own))
    for number, token in enumerate(forged):
        assert listing_status(token) == 401, f"forgery {number} passed"


@case
def a_token_expires():
    server = Server("expires", {"TEIDE_SERVER_TOKEN_LIFE": "1s"})
    token = server.token()
    text = wait_for("the expiry", lambda: [body for status, _, body in [server.authorized(
        token, STRATEGIES)] if status == 401])[0]
    equal(json.loads(text)["error"],
          "Invalid or expired token: token has invalid claims: token is expired")


@case
def a_posted_list_is_listed_in_order_and_cached():
    token = main_server.token()
    status, answer = main_server.post(token, {"strategies": [MORE, GOOD]})
    equal((status, answer["success"], answer["message"]),
          (200, True, "Scheduling strategies saved successfully"))
    strategies, headers = main_server.listed(token)
    equal(strategies, [MORE, GOOD])
    equal(headers["x-cache-hit"], "false")
    strategies, headers = main_server.listed(token)
    equal(strategies, [MORE, GOOD])
    equal(headers["x-cache-hit"], "true")
    assert re.fullmatch(r"hits=\d+,misses=\d+,hit_rate=[\d.]+%", headers["x-cache-stats"])


@case
def a_second_list_replaces_the_first():
    token = main_server.token()
    equal(main_server.post(token, {"strategies": [GOOD, MORE]})[0], 200)
    equal(main_server.post(token, {"strategies": [MORE]})[0], 200)
    equal(main_server.listed(token)[0], [MORE])


@case
def an_empty_list_makes_null_and_none_yet_an_empty_list():
    fresh = Server("fresh")
    token = fresh.token()
    equal(fresh.listed(token)[0], [])
    for body in ({"strategies": []}, {}, {"strategies": None}):
        equal(fresh.post(token, {"strategies": [GOOD]})[0], 200)
        equal(fresh.post(token, body)[0], 200)
        equal(fresh.listed(token)[0], None)


@case
def wrong_types_change_nothing():
    token = main_server.token()
    equal(main_server.post(token, {"strategies": [GOOD]})[0], 200)
    for change in ({"priority": 1}, {"priority": "true"}, {"execution_time": -1},
                   {"execution_time": 1.5}, {"execution_time": "x"}, {"pid": "1"}):
        refused(main_server.post(token, {"strategies": [{**GOOD, **change}]}), 400,
                "Invalid request payload: ")
    refused(main_server.post(token, "{"), 400, "Invalid request payload: ")
    refused(main_server.post(token, "\0" * 100), 400, "Invalid request payload: ")
    equal(main_server.listed(token)[0], [GOOD])


@case
def unknown_fields_and_trailing_bytes_are_ignored():
    token = main_server.token()
    equal(main_server.post(token, {"strategies": [{**GOOD, "name": "x"}], "y": 1})[0], 200)
    equal(main_server.listed(token)[0], [GOOD])
    equal(main_server.post(token, json.dumps({"strategies": [MORE]}) + "}trailing")[0], 200)
    equal(main_server.listed(token)[0], [MORE])


@case
def entries_that_resolve_to_nothing_are_not_listed():
    token = main_server.token()
    selectors = {"selectors": [{"key": "app", "value": "upf"}], "command_regex": ".*"}
    for entry in ({"priority": True}, {"pid": 0}, None, {**GOOD, **selectors}):
        equal(main_server.post(token, {"strategies": [entry]})[0], 200)
        equal(main_server.listed(token)[0], None)
        equal(main_server.post(token, {"strategies": [entry, GOOD]})[0], 200)
        equal(main_server.listed(token)[0], [GOOD])


@case
def wrong_methods_and_paths():
    token = main_server.token()
    for method in ("PUT", "DELETE", "HEAD"):
        words = ("-X", method) if method != "HEAD" else ("--head",)
        status, _, body = main_server.authorized(token, STRATEGIES, *words)
        equal((status, body), (405, ""))
    for path in ("/nope", STRATEGIES + "/", "/api", "/metrics"):
        status, headers, body = main_server.curl(path)
        equal((status, body), (404, "404 page not found\n"))
        contains(headers["content-type"], "text/plain")
    status, headers, body = main_server.curl(STRATEGIES, "-X", "OPTIONS")
    equal((status, body), (200, ""))
    equal([name for name in headers if name.startswith("access-control")], [])


@case
def bodies_are_bounded():
    token = main_server.token()
    equal(main_server.post(token, {"strategies": [GOOD]})[0], 200)
    fits = json.dumps({"strategies": [MORE]}) + " " * (4 * 1024 * 1024 - 100)
    equal(main_server.post(token, fits)[0], 200)
    refused(main_server.post(token, " " * (5 * 1024 * 1024)), 413, "Request body too large")
    status, _, _ = main_server.curl(TOKEN, body=" " * (1024 * 1024))
    equal(status, 413)
    equal(main_server.listed(token)[0], [MORE])


def raw(server):
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def closed(connection):
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


@case
def slow_clients_are_cut_off():
    server = Server("slow", {"TEIDE_SERVER_REQUEST_TIMEOUT": "500ms"})
    token = server.token()
    starts = (b"", b"POST " + STRATEGIES.encode() + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
              token.encode() + b"\r\nContent-Length: 1000\r\n\r\n")
    for start in starts:
        with raw(server) as connection:
            connection.sendall(start)
            sent = 0
            try:  # a byte every 50 ms would keep an idle timer content
                while sent < 1000:
                    connection.sendall(b"P")
                    sent += 1
                    time.sleep(0.05)
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert sent < 900, "never cut off"
            closed(connection)
    equal(server.listed(token)[0], [])


@case
def idle_and_many_connections_do_not_stop_the_service():
    server = Server("crowd", {"TEIDE_SERVER_REQUEST_TIMEOUT": "500ms"})
    crowd = [raw(server) for _ in range(200)]  # more than it takes at a time
    equal(server.curl("/health")[0], 200)
    for connection in crowd:
        connection.close()
    equal(server.curl("/health")[0], 200)


@case
def what_is_no_http_does_not_stop_the_service():
    for data in (b"\0\xff\r\n\r\n", b"GET /health HTTP/1.1\r\nX: " + b"a" * 100000,
                 b"POST " + TOKEN.encode() + b" HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
        with raw(main_server) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # cut off before the end
            closed(connection)
        equal(main_server.curl("/health")[0], 200)


@case
def it_ends_cleanly_with_clients_connected():
    for signum in (signal.SIGTERM, signal.SIGINT):
        server = Server(f"ends{signum}")
        with raw(server) as connection:
            connection.sendall(b"GET /hea")
            server.process.send_signal(signum)
            equal(server.process.wait(60), 0)


@case
def a_client_survives_restarts_and_a_new_key():
    data = TMP / "renewed"
    server = Server("renewed")
    listen = server.url.removeprefix("http://")
    client = Client(server.url, data / "public_key.pem")
    client.say("set 5")
    wanted = [{"pid": 5, "priority": True, "execution_time": 20000000}]
    wait_for("the list", lambda: server.listed(server.token())[0] == wanted)
    for renew in (False, True):
        key = server.key()
        equal(end(server.process), 0)
        if renew:
            for name in os.listdir(data):
                (data / name).unlink()
        server = Server("renewed", listen=listen)
        equal(server.key() != key, renew)
        wait_for("the list again", lambda: server.listed(server.token())[0] == wanted)
    equal(client.withdraw(), 0)
    equal(server.listed(server.token())[0], neutral())


main_server = Server("main")
main_with_server(main_server)
