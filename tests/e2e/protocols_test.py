#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The Gthulhu back end against every protocol, in every version of its server."""
import json
import os
import subprocess
import threading
import time

from client import Client
from harness import TEIDE, TMP, case, contains, end, equal, main, need, openssl, spawn, wait_for, without_head
from procs import POD, boosted, entries, neutral, notes, process
from standin import StandIn, answer, done_and_hang_up, refuse
from standin_apis import DECISION_MAKERS

KEY = TMP / "public_key.pem"
PASSWORD = TMP / "password"
MARKED = "(?P<teide>"
NODE = os.uname().nodename
MANAGER = [f"password_file={PASSWORD}", "user=teide", "node=node1"]
# What the reference's sample configuration ships as its public key, in part.
SAMPLE = """-----BEGIN PUBLIC KEY-----
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAny28YMC2/+yYj3T29lz6
0uryNz8gNVrqD7lTJuHQ3DMTE6ADqnERy8VgHve0tWzhJc5ZBZ1Hduvj+z/kNqbc
U81YGhmfOrQ3iFNYBlSAseIHdAw39HGyC6OKzTXI4HRpc8CwcF6hKExkyWlkALr5
i+IQDfimvarjjZ6Nm368L0Rthv3KOkI5CqRZ6bsVwwBug7GcdkvFs3LiRSKlMBpH
2tCkZ5ZZE8VyuK7VnlwV7n6EHzN5BqaHq8HVLw2KzvibSi+/5wIZV2Yx33tViLbh
OsZqLt6qQCGGgKzNX4TGwRLGAiVV1NCpgQhimZ4YP2thqSsqbaISOuvFlYq+QGP1
bcvcHB7UhT1ZnHSDYcbT2qiD3VoqytXVKLB1X5XCD99YLSP9B32f1lvZD4MhDtE4
IhAuqn15MGB5ct4yj/uMldFScs9KhqnWcwS4K6Qx3IfdB+ZxT5hEOWJLEcGqe/CS
XITNG7oS9mrSAJJvHSLz++4R/Sh1MnT2YWjyDk6qeeqAwut0w5iDKWt7qsGEcHFP
IVVlos+xLfrPDtgHQk8upjslUcMyMDTf21Y3RdJ3k1gTR9KHEwzKeiNlLjen9ekF
WupF8jik1aYRWL6h54ZyGxwKEyMYi9o18G2pXPzvVaPYtU+TGXdO4QwiES72TNCD
bNaGj75Gj0sN+LfjjQ4A898CAwEAAQ==
-----END PUBLIC KEY-----
"""


def manager(version, **options):
    server = StandIn(version=version)
    client = Client(server.url, TMP / "no.pem", extra=MANAGER + options.pop("extra", []), **options)
    return server, client


@case
def a_pid_list_server_is_found_by_its_token():  # 15
    for version in ("pid-list-0.0", "pid-list-0.1"):
        server = StandIn(version=version)
        client = Client(server.url, KEY)
        gnb = process("nr-gnb")
        tid = gnb.known["tids"][0]
        client.say(f"follow {gnb.pid}+{tid}")
        stats = client.reach("the list", lambda s: s["verified"] >= 1)
        equal((stats["protocol"], stats["entries"]), ("pid-list", 2))
        equal(server.bodies("post")[0],
              f'{{"strategies":[{{"pid":{gnb.pid},"priority":true,"execution_time":20000000}},'
              f'{{"pid":{tid},"priority":true,"execution_time":20000000}}]}}')
        equal(client.withdraw(), 0)
        equal(server.stored, neutral())
        end(gnb)
        server.stop()


@case
def who_has_ended_is_not_posted():  # 22
    server = StandIn()
    client = Client(server.url, KEY)
    gnb, ue = process("nr-gnb"), process("nr-ue")
    client.say(f"follow {gnb.pid}+{gnb.known['tids'][0]} {ue.pid}")
    wait_for("both", lambda: server.stored == entries(gnb.pid, gnb.known["tids"][0], ue.pid))
    end(gnb)
    wait_for("the living", lambda: server.stored == entries(ue.pid))
    client.reach("a look at it", lambda s: s["ended"] == 2 and not s["foreign"])
    end(ue)
    wait_for("the neutral list", lambda: server.stored == neutral())
    equal(client.withdraw(), 0)
    server.stop()


@case
def another_program_in_the_same_process_is_not_posted():  # 22
    server = StandIn()
    client = Client(server.url, KEY)
    shell = spawn("python3", "-c", "import ctypes, os, sys\n"
                  "ctypes.CDLL(None).prctl(15, b'nr-gnb', 0, 0, 0)\nprint('ready', flush=True)\n"
                  "sys.stdin.readline()\nos.execvp('sleep', ['sleep', '600'])", stdin=subprocess.PIPE)
    equal(shell.stdout.readline(), "ready\n")
    client.say(f"follow {shell.pid}")
    wait_for("it", lambda: server.stored == entries(shell.pid))
    shell.stdin.write("\n")
    shell.stdin.flush()
    wait_for("the neutral list", lambda: server.stored == neutral())
    server.stop()


@case
def merging_keeps_what_others_wrote():  # 24
    server = StandIn()
    other, mine = process("other"), process("nr-ue")
    theirs = {"pid": other.pid, "priority": False, "execution_time": 5}
    gone = {"pid": 4194000, "priority": True, "execution_time": 5}
    server.stored = [theirs, gone]
    client = Client(server.url, KEY, extra=["mode=merge"])
    client.say(f"follow {mine.pid}")
    wait_for("both", lambda: server.stored == entries(mine.pid) + [theirs])
    newer = {"pid": os.getpid(), "priority": True, "execution_time": 7}
    server.stored = [newer]
    wait_for("the newer", lambda: server.stored == entries(mine.pid) + [newer])
    client.say(f"follow {other.pid}")
    wait_for("the other", lambda: server.stored == entries(other.pid) + [newer])
    equal(client.withdraw(), 0)
    equal(server.stored, [newer])
    server.stop()


@case
def decision_makers_get_intents():  # 16, 29
    for version in DECISION_MAKERS:
        server = StandIn(version=version)
        gnb, ue = process("nr-gnb", POD), process("nr-ue", POD)
        server.api.processes = [gnb.known, ue.known]
        client = Client(server.url, KEY, extra=["priority=3", "node=node1"])
        client.say(f"follow {gnb.pid}@{POD}+{gnb.known['tids'][0]} {ue.pid}@{POD}")
        stats = client.reach("the look", lambda s: s["verified"] >= 1)
        every = version == "decision-maker-threads"
        equal((stats["protocol"], stats["errors"], stats["entries"]), ("decision-maker", 0, 3 if every else 2))
        equal(server.bodies("intents")[0],
              f'{{"intents":[{{"podID":"{POD}","nodeID":"node1","commandRegex":"^nr-gnb$","priority":3,'
              f'"executionTime":20000000}},{{"podID":"{POD}","nodeID":"node1","commandRegex":"^nr-ue$",'
              '"priority":3,"executionTime":20000000}]}')
        # A thread is listed for the intent of its pod and for the policy that reaches it.
        equal(sorted({*boosted(server)}), sorted([gnb.pid, ue.pid] + (gnb.known["tids"] if every else [])))
        equal(server.count("post"), 0)
        client.say(f"follow {ue.pid}@{POD}")
        wait_for("one alone", lambda: boosted(server) == [ue.pid] or version == "decision-maker-1.0")
        equal(client.withdraw(), 0)
        equal(boosted(server), [])
        if version != "decision-maker-1.0":
            equal(server.stored, [])
        equal(server.count("token"), 1)
        for child in (gnb, ue):
            end(child)
        server.stop()


@case
def a_decision_maker_without_intents_is_asked_each_time():
    server = StandIn(version="decision-maker-1.3")
    gnb = process("nr-gnb", POD)
    server.api.processes = [gnb.known]
    client = Client(server.url, KEY, interval=50)
    client.say(f"follow {gnb.pid}@{POD}")
    client.reach("the look", lambda s: s["verified"] >= 1)
    client.say("follow")
    wait_for("no intents", lambda: boosted(server) == [])
    before = client.stats()
    stats = client.reach("more cycles", lambda s: s["posts"] >= before["posts"] + 5)
    # The read back of the last cycle may be under way.
    assert stats["verified"] >= before["verified"] + 4, (before, stats)
    end(gnb)
    server.stop()


@case
def who_is_in_no_pod_is_a_policy_of_the_node_or_said_to_be_left_out():  # 29
    for version, told in (("decision-maker-1.3", False), ("decision-maker-policies", True),
                          ("decision-maker-threads", True)):
        server = StandIn(version=version)
        gnb, ue = process("nr-gnb"), process("nr-ue", POD)
        server.api.processes = [gnb.known, ue.known]
        client = Client(server.url, KEY, extra=["node=node1"])
        client.say(f"follow {gnb.pid} {ue.pid}@{POD}")
        stats = client.reach("the look", lambda s: s["verified"] >= 1)
        equal((stats["inexpressible"], stats["entries"], stats["errors"]), (0, 2, 0) if told else (1, 1, 0))
        every = gnb.known["tids"] if version == "decision-maker-threads" else []
        equal(boosted(server), sorted([gnb.pid, ue.pid, *every]) if told else [ue.pid])
        if told:
            equal(json.loads(server.bodies("node-intents")[0]), {"policies": [
                {"policyID": "teide-nr-gnb", "nodeID": "node1", "commandRegex": "^nr-gnb$", "priority": 1,
                 "executionTime": 20000000}]})
        else:
            client.reach("more posts", lambda s: s["posts"] >= 3)
            said = notes(client)
            equal(len(said), 1)
            contains(said[0], "1 of 2 threads cannot be told to this server (decision-maker)")
        equal(client.withdraw(), 0)
        equal(server.stored, [])
        server.stop()


def done_and_silent(h, carried_out, over):
    """The server does what was asked for. It answers when the test is over."""
    reply, h.reply = h.reply, lambda *args: None
    h.server.api.routes[(h.command, h.path)][1](h)
    h.reply = reply
    h.close_connection = True
    carried_out.set()
    over.wait()


def withdrawal_during_a_change(version, kind, in_pod):
    server = StandIn(version=version)
    gnb = process("nr-gnb", POD if in_pod else "")
    if version.startswith("decision-maker"):
        server.api.processes = [gnb.known]
    carried_out, over = threading.Event(), threading.Event()
    server.script[kind] = [lambda h: done_and_silent(h, carried_out, over)]
    client = Client(server.url, KEY, extra=["node=node1"])
    client.say(f"follow {gnb.pid}" + (f"@{POD}" if in_pod else ""))
    assert carried_out.wait(20), f"{version}: no {kind}"
    assert gnb.pid in boosted(server), (version, kind)
    equal(client.withdraw(), 0)
    equal((version, kind, boosted(server)), (version, kind, []))
    over.set()
    end(gnb)
    server.stop()


@case
def what_is_carried_out_without_an_answer_is_withdrawn():
    withdrawal_during_a_change("pid-list-0.1", "post", False)
    for version in DECISION_MAKERS:
        withdrawal_during_a_change(version, "intents", True)
    withdrawal_during_a_change("decision-maker-policies", "node-intents", False)


@case
def a_404_for_pids_leads_to_intents_once():  # 16
    server = StandIn(version="decision-maker-policies")
    gnb = process("nr-gnb", POD)
    server.api.processes = [gnb.known]
    old_shape = answer(200, {"success": True, "token": server.token()})
    server.script["token"] = [old_shape]
    client = Client(server.url, KEY, interval=3600000)
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the look", lambda s: s["verified"] >= 1)
    equal((stats["protocol"], stats["errors"]), ("decision-maker", 0))
    equal(server.kinds(), ["token", "get", "other", "merkle", "node-merkle", "runtime", "intents", "merkle", "node-merkle", "get"])
    server.stop()


@case
def a_server_of_no_known_api_is_left_in_peace():  # 16
    server = StandIn(version="decision-maker-policies")
    server.api.routes = {key: route for key, route in server.api.routes.items() if route[0] == "token"}
    gnb = process("nr-gnb", POD)
    client = Client(server.url, KEY, interval=10)
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the refusal", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "404: Not Found")
    requests = len(server.log)
    assert requests <= 4, server.kinds()
    server.stop()


@case
def merging_at_a_decision_maker_is_refused():
    server = StandIn(version="decision-maker-policies")
    gnb = process("nr-gnb", POD)
    client = Client(server.url, KEY, extra=["mode=merge"])
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the refusal", lambda s: s["errors"] >= 2)
    contains(stats["last_error"], "api.mode")
    equal(server.kinds(), ["token"])
    equal(client.withdraw(), 0)
    server.stop()


@case
def a_manager_that_replaces_intents_is_named():
    server = StandIn(version="decision-maker-policies")
    gnb = process("nr-gnb", POD)
    server.api.processes = [gnb.known]
    lie = answer(200, {"success": True, "scheduling": []})
    server.script["get"] = [lie] * 50
    client = Client(server.url, KEY, interval=3600000)
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the complaint", lambda s: s["foreign"])
    contains(stats["last_error"], "its manager")
    equal(server.count("intents"), 2)
    server.stop()


@case
def another_server_at_the_same_address_is_spoken_to_in_its_words():  # 16
    gnb = process("nr-gnb", POD)
    for versions in (("manager-policies", "pid-list-0.1", "decision-maker-policies"),
                     ("pid-list-0.1", "manager-1.3"), ("decision-maker-policies", "pid-list-0.1")):
        server = client = None
        for version in versions:
            if server:
                server.stop()
            server = StandIn(server.server_address[1] if server else 0, version=version)
            if version == "decision-maker-policies":
                server.api.processes = [gnb.known]
            client = client or Client(server.url, KEY, extra=MANAGER)
            client.say(f"follow {gnb.pid}@{POD}")
            wait_for(f"the list at {version}", lambda: server.count("post", "intents", "create", "create-policy"))
            protocol = version.rpartition("-")[0]
            client.reach(f"peace with {version}", lambda s: s["protocol"] == protocol and s["reachable"])
        end(client.process)
        server.stop()


@case
def managers_get_exactly_one_rule():  # 30
    for version in ("manager-no-put", "manager-1.3", "manager-policies"):
        server, client = manager(version, interval=50)
        gnb, ue = process("nr-gnb", POD), process("nr-ue", POD)
        rows = server.api.policies if version == "manager-policies" else server.api.strategies
        client.say(f"follow {gnb.pid}@{POD}")
        stats = client.reach("ten ticks", lambda s: s["verified"] >= 10)
        equal((stats["protocol"], stats["errors"], stats["entries"]), ("manager", 0, 1))
        equal(len(rows), 1)
        equal(server.count("create", "create-policy"), 1)
        client.say(f"follow {gnb.pid}@{POD} {ue.pid}@{POD}")
        wait_for("the change", lambda: [row.get("CommandRegex", row.get("commandRegex")) for row in rows] == [
            f"^{MARKED}nr-gnb|nr-ue)$" if version == "manager-policies" else f"(^|[ /]){MARKED}nr-gnb|nr-ue)( |$)"])
        equal(server.count("create", "create-policy"), 2 if version == "manager-no-put" else 1)
        equal(client.withdraw(), 0)
        equal(rows, [])
        server.stop()


@case
def a_strategy_has_its_selectors():  # 30
    server, client = manager("manager-1.3", extra=["pod_labels=app=gnb", "pod_namespaces=free5gc", "priority=4"])
    gnb, host = process("nr-gnb", POD), process("nr-ue")
    client.say(f"follow {gnb.pid}@{POD} {host.pid}")
    stats = client.reach("the strategy", lambda s: s["verified"] >= 1)
    equal((stats["inexpressible"], len(notes(client))), (1, 1))
    equal(json.loads(server.bodies("create")[0]), {
        "strategyNamespace": "teide-node1", "labelSelectors": [{"key": "app", "value": "gnb"}],
        "k8sNamespace": ["free5gc"], "commandRegex": f"(^|[ /]){MARKED}nr-gnb)( |$)", "priority": 4,
        "executionTime": 20000000})
    client.reach("more ticks", lambda s: s["verified"] >= 5)
    equal(server.count("update", "delete"), 0)
    server.stop()


@case
def what_others_have_at_the_manager_stays():  # 30
    for version in ("manager-1.3", "manager-policies"):
        server, client = manager(version)
        mine = {"id": "f" * 24, "nodeNames": ["node1"], "commandRegex": f"^{MARKED}upf)$", "priority": 1}
        others = [{"id": "e" * 24, "nodeNames": ["node2"], "commandRegex": f"^{MARKED}upf)$"},
                  {"id": "d" * 24, "nodeNames": ["node1"], "commandRegex": "^upf$"}]
        server.api.policies += others + [mine, dict(mine, id="c" * 24)]
        strategy = {"ID": "b" * 24, "StrategyNamespace": "x", "CommandRegex": "y", "Priority": 1}
        server.api.strategies.append(strategy)
        gnb = process("nr-gnb", POD)
        client.say(f"follow {gnb.pid}@{POD}")
        client.reach("the rule", lambda s: s["verified"] >= 1)
        if version == "manager-policies":  # of two that an earlier start left one is deleted, one updated
            equal([row["id"] for row in server.api.policies], [row["id"] for row in others + [mine]])
            equal(server.count("create-policy"), 0)
        equal(client.withdraw(), 0)
        equal(server.api.strategies, [strategy])
        if version == "manager-policies":
            equal(server.api.policies, others)
        server.stop()


@case
def a_creation_in_doubt_is_not_done_twice():  # 30
    server, client = manager("manager-1.3")
    gnb = process("nr-gnb", POD)
    server.script["create"] = [done_and_hang_up]
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the strategy", lambda s: s["verified"] >= 1)
    equal((stats["errors"], len(server.api.strategies), server.count("create")), (1, 1, 1))
    server.stop()


@case
def a_manager_that_lists_nothing_gets_no_second_rule():  # 30
    server, client = manager("manager-1.3", interval=50)
    gnb = process("nr-gnb", POD)
    server.script["self"] = [answer(200, {"success": True, "data": {"strategies": []}})] * 1000
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("three failures", lambda s: s["errors"] >= 3)
    contains(stats["last_error"], "does not list it")
    equal(server.count("create"), 1)
    server.stop()


@case
def a_manager_without_such_pods_is_waited_for():
    server, client = manager("manager-1.3", interval=50)
    server.api.pods = []
    gnb = process("nr-gnb", POD)
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the refusal", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "no pods match")
    equal(server.count("create"), 1)
    equal(client.withdraw(), 0)
    server.stop()


@case
def tokens_of_a_manager_are_renewed():  # 17, 18
    for version, ends in (("manager-1.3", "login"), ("manager-policies", "refresh")):
        server, client = manager(version, interval=3600000)
        gnb, ue = process("nr-gnb", POD), process("nr-ue", POD)
        client.say(f"follow {gnb.pid}@{POD}")
        client.reach("the rule", lambda s: s["verified"] >= 1)
        server.forget_tokens()
        before = server.count(ends)
        client.say(f"follow {gnb.pid}@{POD} {ue.pid}@{POD}")
        stats = client.reach("the change", lambda s: s["verified"] >= 2)
        equal((stats["errors"], server.count(ends) - before), (0, 1))
        server.stop()


@case
def a_used_up_refresh_token_costs_a_login():  # 17
    server, client = manager("manager-policies", interval=3600000)
    gnb, ue = process("nr-gnb", POD), process("nr-ue", POD)
    client.say(f"follow {gnb.pid}@{POD}")
    client.reach("the rule", lambda s: s["verified"] >= 1)
    server.api.refresh_tokens.clear()
    server.forget_tokens()
    client.say(f"follow {gnb.pid}@{POD} {ue.pid}@{POD}")
    stats = client.reach("the change", lambda s: s["verified"] >= 2)
    equal((stats["errors"], server.count("login"), server.count("refresh")), (0, 2, 1))
    server.stop()


@case
def a_manager_is_found_by_asking():  # 16
    server = StandIn(version="manager-policies")
    gnb = process("nr-gnb", POD)
    client = Client(server.url, KEY, extra=MANAGER)
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the rule", lambda s: s["verified"] >= 1)
    equal((stats["protocol"], stats["errors"]), ("manager", 0))
    equal(server.kinds()[:3], ["other", "login", "policies"])
    end(client.process)
    client = Client(server.url, KEY)
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the refusal", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "api.user")
    server.stop()


@case
def a_wrong_password_is_named_and_not_told():
    (TMP / "wrong").write_text("not the secret\n")
    server, client = manager("manager-policies", extra=[f"password_file={TMP}/wrong"])
    server.script["login"] = [answer(401, {"success": False, "error": "bad: not the secret"})] * 100
    gnb = process("nr-gnb", POD)
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the refusal", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "api.password_file")
    assert "not the secret" not in stats["last_error"], stats
    server.stop()


@case
def bad_credentials_are_named():
    (TMP / "empty").write_text("\n")
    for words, reason in ((["protocol=manager"], "api.user is not set"),
                          (["protocol=manager", "user=x"], "api.password_file is not set"),
                          (["user=x", f"password_file={TMP}/no"], f"{TMP}/no"),
                          (["user=x", f"password_file={TMP}/empty"], "first line is empty"),
                          (["protocol=decision-maker"], f"{TMP}/no.pem"), (["priority=0"], "priority")):
        client = Client("http://127.0.0.1:1", TMP / "no.pem", extra=words, stderr=subprocess.PIPE)
        contains(client.process.stderr.read(), reason)
        assert client.process.wait(60) in (1, 2)


@case
def tokens_without_an_end_last():  # 18
    server = StandIn(life=None)
    client = Client(server.url, KEY, interval=10)
    client.say("set 5")
    client.reach("many posts", lambda s: s["posts"] >= 50)
    equal(server.count("token"), 1)
    server.stop()


@case
def the_published_sample_key_is_warned_of_once():  # 28
    (TMP / "sample.pem").write_text(SAMPLE.replace("\n", "\r\n"))
    server = StandIn()
    client = Client(server.url, TMP / "sample.pem")
    client.say("set 5")
    client.reach("posts", lambda s: s["posts"] >= 3)
    said = notes(client)
    equal(len(said), 1)
    contains(said[0], "sample that Gthulhu ships")
    done = subprocess.run([TEIDE, "sched", "show", "-u", server.url, "-k", TMP / "sample.pem"],
                          capture_output=True, text=True)
    contains(done.stderr, "sample that Gthulhu ships")
    equal(notes(Client(server.url, KEY)), [])
    server.stop()


LIVING = 1  # a process that is there in every PID namespace


@case
def show_reads_every_api():
    for version in ("pid-list-0.0", "pid-list-0.1", *DECISION_MAKERS, "manager-1.3", "manager-policies"):
        server = StandIn(version=version)
        token = None
        words = [TEIDE, "sched", "show", "-u", server.url, "-k", KEY, "-o", "json"]
        environment = dict(os.environ, TEIDE_API_USER="teide", TEIDE_API_PASSWORD_FILE=str(PASSWORD))
        if version.startswith("pid-list"):
            server.stored = entries(LIVING)
        elif version.startswith("decision-maker"):
            server.api.processes = [{"pid": LIVING, "comm": "x", "pod": POD}]
            server.api.intents = [{"podID": POD, "priority": 3, "executionTime": 20000000}]
            server.api.held = server.api.resolve_intents()
        else:
            server.api.strategies = [{"ID": "1", "StrategyNamespace": "s\033", "CommandRegex": "y",
                                      "Priority": 2, "ExecutionTime": 5}]
        if version == "manager-policies":
            server.api.policies = [{"id": "2", "nodeNames": ["n1", "n2"], "commandRegex": "z"}]
        done = subprocess.run(words, capture_output=True, text=True, env=environment)
        equal((done.returncode, done.stderr), (0, ""))
        shown = [without_head(json.loads(line)) for line in done.stdout.splitlines()]
        if not version.startswith("manager"):
            del shown[0]["comm"], token
            equal(shown, entries(LIVING))
        else:
            equal(shown[-1], {"kind": "strategy", "id": "1", "name": "s?", "command_regex": "y",
                              "priority": 2, "execution_time": 5})
            equal(len(shown), 2 if version == "manager-policies" else 1)
        text = subprocess.run(words[:-2], capture_output=True, text=True, env=environment)
        equal((text.returncode, len(text.stdout.splitlines())), (0, 1 + len(shown)))
        server.stop()


@case
def names_of_the_first_operator_are_taken():
    server = StandIn()
    server.stored = entries(7)
    environment = dict(os.environ, API_ENDPOINT=server.url + "/api/v1/scheduling/strategies",
                       SEND_INTERVAL="10", PUBLIC_KEY_PATH=str(KEY))
    done = subprocess.run([TEIDE, "sched", "show", "-o", "json"], capture_output=True, text=True,
                          env=environment)
    equal(json.loads(done.stdout)["pid"], 7)
    for name in ("API_ENDPOINT", "SEND_INTERVAL", "PUBLIC_KEY_PATH"):
        contains(done.stderr, name)
    server.stop()


need("openssl")
openssl("genpkey", "-algorithm", "RSA", "-out", TMP / "key.pem")
openssl("pkey", "-in", TMP / "key.pem", "-pubout", "-out", KEY)
PASSWORD.write_text("secret of teide\n")
main()
