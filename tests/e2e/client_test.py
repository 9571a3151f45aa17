#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The strategies' back end against servers that misbehave."""
import json
import ssl
import subprocess
import time

from client import CLIENT, Client
from harness import TMP, case, contains, end, equal, main, need, openssl, wait_for
from standin import StandIn, answer, drip, flood, half, hang_up, refuse

KEY = TMP / "public_key.pem"
NEUTRAL = 20000000


def entries(*pids):
    return [{"pid": pid, "priority": True, "execution_time": 20000000} for pid in pids]


def failing(kind, *actions, **options):
    """The client meets these answers, then recovers by itself; returns its stats and the server."""
    server = StandIn()
    server.script[kind] = list(actions)
    client = Client(server.url, KEY, **options)
    client.say("set 11 12")
    stats = client.reach("recovery", lambda s: s["errors"] >= len(actions) and s["reachable"])
    equal(server.stored, entries(11, 12))
    end(client.process)
    server.stop()
    return stats, server


def no_secret(stats):
    assert "eyJ" not in stats["last_error"] and "signature0" not in stats["last_error"], stats
    assert "BEGIN PUBLIC" not in stats["last_error"], stats


@case
def first_tick():
    server = StandIn()
    client = Client(server.url, KEY, interval=100)
    client.say("stats")
    equal(server.log, [])
    client.say("set 365162 365193 0 -1 365193")
    client.reach("posts", lambda s: s["posts"] >= 3)
    kinds = [entry[0] for entry in server.log]
    equal(kinds[:5], ["token", "get", "post", "get", "get"])
    equal(server.count("token"), 1)
    equal(json.loads(server.bodies("token")[0]), {"public_key": KEY.read_text().strip()})
    kind, body, headers = server.log[2]
    equal(body, '{"strategies":[{"pid":365162,"priority":true,"execution_time":20000000},'
                '{"pid":365193,"priority":true,"execution_time":20000000}]}')
    equal(headers["Content-Type"], "application/json")
    assert headers["Authorization"].startswith("Bearer eyJ")
    server.stop()


@case
def an_empty_list_is_never_posted():
    server = StandIn()
    client = Client(server.url, KEY, interval=100)
    client.say("set")
    client.stats()
    equal(server.log, [])
    client.say("set 5")
    wait_for("the list", lambda: server.stored == entries(5))
    client.say("set")
    wait_for("the neutral list", lambda: server.stored == [
        {"pid": 2147483647, "priority": False, "execution_time": NEUTRAL}])
    server.stop()


@case
def changes_are_sent_at_once_and_rate_limited():
    server = StandIn()
    client = Client(server.url, KEY, interval=3600000)
    for pid in range(1, 500):
        client.say(f"set {pid}")
    wait_for("the newest list", lambda: server.stored == entries(499))
    assert server.count("post") <= 10, server.count("post")
    client.say("set 499")
    client.stats()
    posts = server.count("post")
    client.say("set 499")
    client.stats()
    equal(server.count("post"), posts)
    server.stop()


@case
def withdrawal_posts_a_neutral_list():
    server = StandIn()
    client = Client(server.url, KEY)
    client.say("set 5 6")
    wait_for("the list", lambda: server.stored == entries(5, 6))
    equal(client.withdraw(), 0)
    equal(server.stored, [{"pid": 2147483647, "priority": False, "execution_time": NEUTRAL}])
    equal(client.process.returncode, 0)
    assert "get" == server.log[-1][0], "not verified"
    server.stop()


@case
def withdrawal_of_nothing_asks_nobody():
    server = StandIn()
    client = Client(server.url, KEY)
    equal(client.withdraw(), 0)
    equal(server.log, [])
    server.stop()


@case
def withdrawal_has_a_deadline():
    server = StandIn()
    client = Client(server.url, KEY)
    client.say("set 5")
    client.reach("the post", lambda s: s["posts"] >= 1)
    server.script["post"] = [drip] * 50
    equal(client.withdraw(1000), -110)
    server.stop()


@case
def withdrawal_after_a_post_in_doubt():
    """The only list was sent and never answered: the server may hold it."""
    server = StandIn()
    server.script["post"] = [drip, hang_up]
    client = Client(server.url, KEY, timeout=60000, interval=3600000)
    client.say("set 5")
    wait_for("the post under way", lambda: server.count("post") >= 1)
    equal(client.withdraw(), 0)
    equal(server.stored[0]["priority"], False)
    server.stop()


@case
def a_server_that_comes_late_is_found():
    """Nobody there does not use up the requests for a token."""
    server = StandIn()
    server.stop()
    client = Client(server.url, KEY)
    client.say("set 5")
    stats = client.reach("four failures", lambda s: s["errors"] >= 4)
    contains(stats["last_error"], "connect")
    server = StandIn(port=server.server_address[1])
    client.reach("the list", lambda s: s["posts"] >= 1)
    end(client.process)
    server.stop()


@case
def withdrawal_tries_again():
    server = StandIn()
    client = Client(server.url, KEY, interval=3600000)
    client.say("set 5")
    client.reach("the post", lambda s: s["verified"] >= 1)
    server.script["post"] = [answer(503, b""), hang_up, refuse]
    equal(client.withdraw(), 0)
    equal(server.stored[0]["priority"], False)
    server.stop()


@case
def one_401_costs_one_token_and_one_retry():
    server = StandIn()
    client = Client(server.url, KEY, interval=3600000)
    client.say("set 5")
    client.reach("the first list", lambda s: s["verified"] >= 1)
    server.script["post"] = [refuse]
    before = len(server.log)
    client.say("set 6")
    stats = client.reach("the second list", lambda s: s["verified"] >= 2)
    equal([entry[0] for entry in server.log[before:]], ["post", "token", "post", "get"])
    equal(stats["errors"], 0)
    equal(server.stored, entries(6))
    server.stop()


@case
def endless_401_makes_no_storm():
    server = StandIn()
    server.script["post"] = [refuse] * 1000
    client = Client(server.url, KEY, interval=10)
    client.say("set 5")
    stats = client.reach("four failures", lambda s: s["errors"] >= 4)
    assert server.count("post") <= 2 * stats["errors"] + 1, server.log
    assert server.count("token") <= 4, server.count("token")
    no_secret(stats)
    equal(stats["reachable"], False)
    server.stop()


@case
def a_server_with_a_new_key_is_recovered_from():
    server = StandIn()
    port = server.server_address[1]
    client = Client(server.url, KEY)
    client.say("set 5")
    client.reach("the list", lambda s: s["posts"] >= 1)
    server.stop()
    client.reach("the loss", lambda s: not s["reachable"])
    again = StandIn(port)
    wait_for("the list on the new server", lambda: again.stored == entries(5))
    assert again.count("token") >= 1
    again.stop()


@case
def short_tokens_are_not_asked_for_each_time():
    server = StandIn()
    server.life, server.leeway = 1, 86400
    client = Client(server.url, KEY, interval=100)
    client.say("set 5")
    client.reach("many posts", lambda s: s["posts"] >= 40)
    assert server.count("token") <= 4, server.count("token")
    server.stop()


@case
def server_errors_are_waited_out():
    stats, _ = failing("post", answer(500, b"Internal Server Error"), answer(503, b""))
    equal(stats["errors"], 2)


@case
def retry_after_is_honoured():
    server = StandIn()
    server.script["post"] = [answer(503, b"", ("Retry-After", "3"))]
    client = Client(server.url, KEY, interval=50)
    client.say("set 5")
    client.reach("the refusal", lambda s: s["errors"] >= 1)
    began = time.monotonic()
    client.reach("recovery", lambda s: s["reachable"])
    assert time.monotonic() - began > 1.5, "came back early"
    equal(server.count("post") >= 2, True)
    server.stop()


@case
def an_idle_connection_closed_by_the_server_costs_nothing():
    server = StandIn()
    client = Client(server.url, KEY, interval=3600000)
    for pid in (5, 6, 7):
        client.say(f"set {pid}")
        stats = client.reach("the list", lambda s: s["verified"] == pid - 4)
        equal((server.stored, stats["errors"]), (entries(pid), 0))
        server.hang_up()
    server.stop()


@case
def half_answers_and_hung_up_connections():
    failing("post", half)
    server = StandIn()
    server.script["post"] = [hang_up]
    client = Client(server.url, KEY)
    client.say("set 11")
    wait_for("the list", lambda: server.stored == entries(11))
    server.stop()


@case
def a_dripping_body_ends_at_the_timeout():
    stats, _ = failing("post", drip, timeout=400)
    contains(stats["last_error"], "timed out")


@case
def html_is_no_success():
    stats, _ = failing("post", answer(200, b"<html>hello</html>", ("Content-Type", "text/html")))
    contains(stats["last_error"], "not a JSON object")


@case
def success_false_is_no_success():
    stats, _ = failing("post", answer(200, {"success": False, "error": "full\n\x1b[2J"}))
    contains(stats["last_error"], "reports failure: full??[2J")


@case
def tokens_that_are_none():
    for token in ("", "a" * 16384, "a\r\nb", 5, None):
        stats, _ = failing("token", answer(200, {"success": True, "token": token}))
        assert "aaaa" not in stats["last_error"]
    stats, _ = failing("token", answer(200, {"success": True, "data": {"token": "x"}}))
    contains(stats["last_error"], "another API")


@case
def a_wrong_key_is_named():
    stats, _ = failing("token", answer(401, {"success": False, "error": "Public key verification failed"}))
    contains(stats["last_error"], "public_key_path")


@case
def a_huge_body_is_cut_off():
    stats, server = failing("post", flood)
    contains(stats["last_error"], "longer than")
    assert server.flooded < 50 * 1024 * 1024, server.flooded


@case
def redirects_are_not_followed():
    other = StandIn()
    to = ("Location", other.url + "/api/v1/scheduling/strategies")
    server = StandIn()
    server.script["post"] = [answer(307, b"", to)]
    client = Client(server.url, KEY)
    client.say("set 5")
    stats = client.reach("the redirect", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "redirected (307)")
    end(client.process)
    # Nor is the key, which buys a token, taken elsewhere.
    server.script["token"] = [answer(308, b"", to)]
    client = Client(server.url, KEY)
    client.say("set 5")
    stats = client.reach("the redirect", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "redirected (308)")
    equal(other.log, [])
    other.stop()
    server.stop()


@case
def another_api_than_the_configured_is_left_in_peace():
    server = StandIn(version="decision-maker-policies")
    client = Client(server.url, KEY, interval=10, extra=["protocol=pid-list"])
    client.say("set 5")
    stats = client.reach("the refusal", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "404: Not Found")
    equal(stats["protocol"], "pid-list")
    equal(server.kinds(), ["token", "get", "other"])
    server.stop()


@case
def a_stale_list_is_noticed_and_posted_again():
    server = StandIn()
    stale = {"success": True, "scheduling": entries(4)}
    server.script["get"] = [answer(200, {"success": True, "scheduling": None}), answer(200, stale)]
    client = Client(server.url, KEY, interval=3600000)
    client.say("set 5")
    stats = client.reach("the second look", lambda s: s["verified"] == 1)
    equal(stats["mismatches"], 1)
    equal([entry[0] for entry in server.log], ["token", "get", "post", "get", "post", "get"])
    server.stop()


@case
def another_writer_is_named():
    server = StandIn()
    foreign = {"success": True, "scheduling": entries(4)}
    server.script["get"] = [answer(200, foreign)] * 100
    client = Client(server.url, KEY, interval=3600000)
    client.say("set 5")
    stats = client.reach("the complaint", lambda s: s["errors"] == 1)
    contains(stats["last_error"], "another writer")
    equal(stats["foreign"], True)
    equal(server.count("post"), 2)
    equal([line["foreign"] for line in client.lines if line["what"] == "changed"], [False, True])
    server.script["get"] = []
    client.say("set 6")
    client.reach("peace", lambda s: s["verified"] == 1 and not s["foreign"])
    server.stop()


@case
def a_foreign_list_is_replaced_at_the_next_tick():
    server = StandIn()
    client = Client(server.url, KEY, interval=200)
    client.say("set 5")
    client.reach("the list", lambda s: s["posts"] >= 1)
    server.stored = entries(99)
    wait_for("our list", lambda: server.stored == entries(5))
    server.stop()


@case
def nobody_there():
    server = StandIn()
    server.stop()
    client = Client(server.url.replace("http://", "http://user:hidden@"), KEY)
    client.say("set 5")
    stats = client.reach("two failures", lambda s: s["errors"] >= 2)
    contains(stats["last_error"], server.url)
    assert "hidden" not in stats["last_error"]
    equal(client.withdraw(), 0)


@case
def bad_key_files_are_named():
    cases = {TMP / "missing.pem": "No such file", TMP / "private.pem": "no PEM block"}
    openssl("genpkey", "-algorithm", "RSA", "-out", TMP / "private.pem")
    for path, reason in cases.items():
        done = subprocess.run([CLIENT, "http://127.0.0.1:1", path, "1000", "1000"],
                              capture_output=True, text=True)
        assert done.returncode == 1, done
        contains(done.stderr, str(path))
        contains(done.stderr, reason)
        contains(done.stderr, "public_key")


def tls_server(ca, with_client_certificate, version):
    server = StandIn(version=version)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TMP / "server.crt", TMP / "server.key")
    if with_client_certificate:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = server.url.replace("http:", "https:")
    return server


def certificate(name):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", TMP / f"{name}.key",
            "-out", TMP / f"{name}.crt")


@case
def tls_needs_the_right_ca_and_certificate():
    for name in ("server", "client", "stranger"):
        certificate(name)
    ours = [f"ca_file={TMP}/server.crt", f"cert_file={TMP}/client.crt", f"key_file={TMP}/client.key"]
    for version in ("pid-list-0.1", "decision-maker-1.3"):
        server = tls_server(TMP / "client.crt", True, version)
        client = Client(server.url, KEY, extra=ours)
        client.say("set 5")
        client.reach("a look at the list over TLS", lambda s: s["verified"] >= 1 and s["errors"] == 0)
        end(client.process)
        asked = len(server.log)
        stranger = [ours[0], f"cert_file={TMP}/stranger.crt", f"key_file={TMP}/stranger.key"]
        for extra, named in (([f"ca_file={TMP}/stranger.crt"] + ours[1:], "api.ca_file"), (ours[:1], "api.cert_file"),
                             (ours[1:], "api.ca_file"), (stranger, "api.cert_file"),
                             (ours[:2] + [f"key_file={TMP}/stranger.key"], "api.key_file")):
            client = Client(server.url, KEY, extra=extra)
            client.say("set 6")
            stats = client.reach("the refusal", lambda s: s["errors"] >= 1)
            equal((stats["tokens"], stats["posts"]), (0, 0))
            contains(stats["last_error"], server.url)
            contains(stats["last_error"], named)
            end(client.process)
        equal(len(server.log), asked)
        server.stop()


need("openssl")
openssl("genpkey", "-algorithm", "RSA", "-out", TMP / "key.pem")
openssl("pkey", "-in", TMP / "key.pem", "-pubout", "-out", KEY)
main()
