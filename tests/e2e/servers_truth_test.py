#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What teide says of an API server is what the server lists, in every version: nothing stays after the end, another
writer is named, and threads that a server does not list are counted."""
import json

from client import Client
from harness import TMP, case, contains, end, equal, main, need, openssl, wait_for
from procs import POD, boosted, entries, neutral, notes, process
from standin import StandIn
from standin_apis import DECISION_MAKERS

KEY = TMP / "public_key.pem"
REPLACING = [version for version in DECISION_MAKERS if version not in ("decision-maker-1.0", "decision-maker-1.1")]


def maker(version, *known, **options):
    server = StandIn(version=version)
    server.api.processes = [child.known for child in known]
    return server, Client(server.url, KEY, extra=["node=node1"], **options)


@case
def the_end_empties_every_decision_maker():
    for version in DECISION_MAKERS:
        gnb = process("nr-gnb", POD)
        server, client = maker(version, gnb)
        client.say(f"follow {gnb.pid}@{POD}")
        client.reach("the look", lambda s: s["verified"] >= 1)
        equal(client.withdraw(5000), 0)
        equal((version, boosted(server)), (version, []))
        if version in REPLACING:
            equal((server.stored, server.api.root, server.count("delete-intents")),
                  ([], server.api.hash([]), 0))
        end(gnb)
        server.stop()


@case
def the_last_process_in_a_pod_leaves_nothing():
    for version in REPLACING:
        gnb = process("nr-gnb", POD)
        server, client = maker(version, gnb, interval=50)
        client.say(f"follow {gnb.pid}@{POD}")
        client.reach("the look", lambda s: s["verified"] >= 1)
        client.say("follow")
        wait_for(f"no intents at {version}", lambda: not server.stored and server.api.intents == [])
        equal(client.reach("peace", lambda s: s["reachable"])["mismatches"], 0)
        end(gnb)
        server.stop()


@case
def a_start_after_a_kill_takes_over_intents_and_policies():
    for version in REPLACING:
        gnb, ue = process("nr-gnb", POD), process("nr-ue")
        server, client = maker(version, gnb, ue)
        client.say(f"follow {gnb.pid}@{POD} {ue.pid}")
        client.reach("the look", lambda s: s["verified"] >= 1)
        client.process.kill()
        client.process.wait()
        client = Client(server.url, KEY, extra=["node=node1"])
        client.say(f"follow {gnb.pid}@{POD}")
        client.reach("the look", lambda s: s["verified"] >= 1)
        equal((version, {*boosted(server)}), (version, {gnb.pid}))
        contains(" ".join(notes(client)), "already held strategies")
        equal(client.withdraw(5000), 0)
        equal(server.stored, [])
        for child in (gnb, ue):
            end(child)
        server.stop()


@case
def threads_that_are_not_listed_are_counted():
    for version in DECISION_MAKERS:
        gnb = process("nr-gnb", POD)
        tid = gnb.known["tids"][0]
        server, client = maker(version, gnb, interval=50)
        client.say(f"follow {gnb.pid}@{POD}+{tid}")
        stats = client.reach("the look", lambda s: s["verified"] >= 2)
        told = "the server lists 1 of 2 threads; in kernel mode the others are not boosted"
        if version == "decision-maker-threads":
            equal((stats["entries"], told in notes(client), {*boosted(server)}), (2, False, {gnb.pid, tid}))
        else:
            wait_for("the count", lambda: told in notes(client))
            equal((client.stats()["entries"], boosted(server)), (1, [gnb.pid]))
        if version == "decision-maker-policies":  # where policies match leaders, none is for a pod's process
            wait_for("no policy", lambda: server.api.policies == [])
        equal(client.withdraw(5000), 0)
        end(gnb)
        server.stop()


@case
def policies_carry_the_names_of_threads():
    gnb = process("nr-softmodem", thread="Tpool0_-1")
    tid = gnb.known["tids"][0]
    server, client = maker("decision-maker-threads", gnb)
    client.say(f"follow {gnb.pid}+{tid}")
    stats = client.reach("the look", lambda s: s["verified"] >= 1)
    equal((boosted(server), stats["entries"]), (sorted([gnb.pid, tid]), 2))
    equal([policy["commandRegex"] for policy in server.api.policies], ["^nr-softmodem$", "^Tpool0_-1$"])
    equal(client.withdraw(5000), 0)
    equal(server.stored, [])
    end(gnb)
    server.stop()


@case
def others_of_the_same_name_are_counted():
    gnb, stranger = process("nr-gnb"), process("nr-gnb")
    server, client = maker("decision-maker-policies", gnb, stranger, interval=50)
    client.say(f"follow {gnb.pid}")
    client.reach("the count", lambda s: s["strangers"] == 1)
    wait_for("the note", lambda: any("boosts 1 other thread by the same names" in note for note in notes(client)))
    end(stranger)
    server.api.processes = [gnb.known]
    client.reach("none", lambda s: s["strangers"] == 0)
    server.stop()


@case
def a_static_pod_gets_a_policy_or_is_left_out():
    static = "0a1b2c3d00001111222233334444555f"
    for version, told in (("decision-maker-1.3", False), ("decision-maker-policies", True)):
        gnb = process("nr-gnb")  # the server's pattern for pods does not match this one's cgroup
        server, client = maker(version, gnb)
        client.say(f"follow {gnb.pid}@{static}")
        stats = client.reach("the look", lambda s: s["verified"] >= 1)
        equal((stats["inexpressible"], stats["foreign"], boosted(server)),
              (0 if told else 1, False, [gnb.pid] if told else []))
        end(gnb)
        server.stop()


@case
def the_dead_are_deleted_where_the_server_keeps_them():
    for version in ("decision-maker-1.0", "decision-maker-1.1"):
        first, second = process("nr-ue", POD), process("nr-ue", POD)
        server, client = maker(version, first, second)
        client.say(f"follow {first.pid}@{POD} {second.pid}@{POD}")
        wait_for("both", lambda: boosted(server) == sorted([first.pid, second.pid]))
        end(first)
        server.api.processes = [second.known]
        if version == "decision-maker-1.1":
            wait_for("the living", lambda: boosted(server) == [second.pid])
            equal(json.loads(server.bodies("delete-intents")[0]), {"podId": POD, "pid": first.pid})
        else:
            wait_for("the note", lambda: sum("cannot delete" in note for note in notes(client)) == 1)
        end(second)
        server.stop()


@case
def another_writer_is_named_within_an_interval():
    other = [{"pid": 1, "priority": True, "execution_time": 5}]
    server = StandIn()
    client = Client(server.url, KEY, interval=500)
    client.say("set 5")
    client.reach("the list", lambda s: s["verified"] >= 1)
    server.stored = other
    stats = client.reach("the other writer", lambda s: s["overwritten"] == 1)
    contains(stats["contested"], "another writer has replaced the server's list")
    equal((stats["foreign"], stats["reachable"]), (False, True))
    wait_for("our list", lambda: server.stored == entries(5))
    client.reach("calm", lambda s: not s["contested"])
    wait_for("the end of it", lambda: [line["contested"] != "" for line in client.lines if line["what"] == "changed"] == [
        False, True, False])
    server.stop()


@case
def another_writer_at_a_decision_maker_is_named():
    for version in REPLACING:
        gnb = process("nr-gnb", POD)
        server, client = maker(version, gnb, interval=500)
        client.say(f"follow {gnb.pid}@{POD}")
        client.reach("the list", lambda s: s["verified"] >= 1)
        before = server.count("intents")
        server.api.intents, server.api.root = [{"podID": POD, "commandRegex": "x"}], "another root"
        stats = client.reach("the other writer", lambda s: s["overwritten"] == 1)
        contains(stats["contested"], "another writer, or its manager")
        wait_for("ours", lambda: server.count("intents") > before and {*boosted(server)} == {gnb.pid})
        equal(client.reach("calm", lambda s: not s["contested"])["overwritten"], 1)
        end(gnb)
        server.stop()


@case
def a_restarted_server_is_no_other_writer():
    for version in ("pid-list-0.1", "decision-maker-1.3", "decision-maker-policies"):
        gnb = process("nr-gnb", POD)
        server, client = maker(version, gnb, interval=100) if version != "pid-list-0.1" else (
            (it := StandIn()), Client(it.url, KEY, interval=100))
        client.say(f"follow {gnb.pid}@{POD}")
        client.reach("the list", lambda s: s["verified"] >= 1)
        port = server.server_address[1]
        server.stop()
        client.reach("the loss", lambda s: not s["reachable"])
        server = StandIn(port, version=version)
        server.api.processes = [gnb.known]
        client.reach("the list again", lambda s: s["reachable"] and boosted(server) == [gnb.pid])
        equal((version, client.stats()["overwritten"]), (version, 0))
        end(client.process)
        end(gnb)
        server.stop()


@case
def a_list_that_cannot_be_read_is_replaced_even_in_merge_mode():
    server = StandIn()
    client = Client(server.url, KEY, extra=["mode=merge"])
    client.say("set 5")
    client.reach("the list", lambda s: s["posts"] >= 1)
    server.stored = [None]  # the server hangs up at each GET until the next POST
    wait_for("our list", lambda: server.stored == entries(5))
    contains(" ".join(notes(client)), "cannot be read")
    server.stored = [None]
    equal(client.withdraw(5000), 0)
    equal(server.stored, neutral())
    server.stop()


@case
def a_node_without_a_scheduler_is_named():
    for mode, said in ((None, 0), ("gthulhu", 0), ("none", 1)):
        gnb = process("nr-gnb", POD)
        server, client = maker("decision-maker-threads", gnb)
        server.api.mode = mode
        client.say(f"follow {gnb.pid}@{POD}")
        client.reach("the look", lambda s: s["verified"] >= 1)
        equal((mode, sum("scheduler is set to none" in note for note in notes(client))), (mode, said))
        end(gnb)
        server.stop()


def manager(version, **refused):
    server = StandIn(version=version)
    server.api.refused = {kind.replace("_", "-"): text for kind, text in refused.items()}
    return server


def manager_client(server, *extra, **options):
    return Client(server.url, TMP / "no.pem", extra=["user=teide", f"password_file={TMP}/password", "node=node1", *extra],
                  **options)


@case
def a_strategy_for_the_whole_cluster_is_refused():
    gnb = process("nr-gnb", POD)
    server = manager("manager-policies", policies="permission denied")
    client = manager_client(server)
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the refusal", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "api.pod_labels")
    equal((server.api.strategies, client.withdraw()), ([], 0))
    client = manager_client(server, "pod_labels=app=gnb")
    client.say(f"follow {gnb.pid}@{POD}")
    client.reach("the strategy", lambda s: s["verified"] >= 1)
    equal((len(server.api.strategies), client.withdraw(), server.api.strategies), (1, 0, []))
    server.stop()


@case
def a_password_to_change_is_named():
    gnb = process("nr-gnb", POD)
    server = manager("manager-policies", policies="password change required", self="password change required")
    client = manager_client(server, "pod_labels=app=gnb")
    client.say(f"follow {gnb.pid}@{POD}")
    stats = client.reach("the refusal", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "change the password")
    equal((server.count("self"), notes(client)), (0, []))
    server.stop()


@case
def what_an_old_manager_cannot_take_back_is_said_at_the_end():
    for version, said in (("manager-1.3", 1), ("manager-policies", 0)):
        gnb = process("nr-gnb", POD)
        server = manager(version)
        client = manager_client(server)
        client.say(f"follow {gnb.pid}@{POD}")
        client.reach("the rule", lambda s: s["verified"] >= 1)
        equal(client.withdraw(), 0)
        equal(sum("keep their lists" in line.get("note", "") for line in client.lines), said)
        end(gnb)
        server.stop()


@case
def another_admin_at_the_manager_is_named():
    gnb = process("nr-gnb", POD)
    server = manager("manager-policies")
    client = manager_client(server, interval=500)
    client.say(f"follow {gnb.pid}@{POD}")
    client.reach("the rule", lambda s: s["verified"] >= 1)
    server.api.policies[0]["priority"] = 9
    stats = client.reach("the other", lambda s: s["overwritten"] == 1)
    contains(stats["contested"], "another user of the manager")
    wait_for("ours", lambda: server.api.policies[0]["priority"] == 1)
    equal(client.withdraw(), 0)
    server.stop()


@case
def a_wrong_path_is_no_manager():
    server = StandIn()
    client = Client(server.url + "/foo", KEY)
    client.say("set 5")
    stats = client.reach("the refusal", lambda s: s["errors"] >= 1)
    contains(stats["last_error"], "is api.url right?")
    assert "api.user" not in stats["last_error"], stats
    server.stop()


need("openssl")
openssl("genpkey", "-algorithm", "RSA", "-out", TMP / "key.pem")
openssl("pkey", "-in", TMP / "key.pem", "-pubout", "-out", KEY)
(TMP / "password").write_text("secret of teide\n")
main()
