#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a server of each version answers: the stand-in, and for PID lists teide server as well, so that the one is
known to play what the other is."""
import json
import time

from harness import TMP, case, contains, end, equal, main, openssl, processes, wait_for
from server import GOOD, MORE, STRATEGIES, TOKEN, Played, Server
from standin_apis import APIS, DECISION_MAKERS, EMPTY_HASH

INTENTS, POLICIES = "/api/v1/intents", "/api/v1/node-intents"
LOGIN, RULES = "/api/v1/auth/login", "/api/v1/strategies"
NODE_RULES = "/api/v1/node-scheduling-policies"
PODS = [{"pid": 11, "comm": "nr-gnb", "pod": "a"}, {"pid": 12, "comm": "nr-ue", "pod": "a"},
        {"pid": 13, "comm": "pause", "pod": "a"}, {"pid": 14, "comm": "nr-gnb", "pod": "b"},
        {"pid": 15, "comm": "nr-gnb", "pod": "", "tids": [16]}]


def pid_list_servers():
    return [main_server, played["pid-list-0.1"], played["pid-list-0.0"]]


def key_based():
    return pid_list_servers() + [played[version] for version in DECISION_MAKERS]


def token_of(api):
    status, answer = api.ask(api.key())
    equal((status, answer["success"]), (200, True))
    return answer.get("token") or answer["data"]["token"]


def login(api, user="teide", password="secret of teide"):
    status, _, text = api.curl(LOGIN, body={"username": user, "password": password})
    return status, json.loads(text)


def manager_token(api):
    return login(api)[1]["data"]["token"]


@case
def health_needs_no_token():  # 1
    for api in key_based() + [played["manager-1.3"], played["manager-policies"]]:
        status, _, body = api.curl("/health")
        equal((status, "healthy" in body), (200, True))


@case
def the_shape_of_a_token_tells_the_api():  # 2
    for api in pid_list_servers():
        answer = api.ask(api.key())[1]
        assert answer["token"] and "data" not in answer, answer
    for version in ("decision-maker-1.2", "decision-maker-1.3", "decision-maker-policies"):
        answer = played[version].ask(played[version].key())[1]
        assert answer["data"]["token"] and "token" not in answer, answer
        assert 86000 < answer["data"]["expired_at"] - time.time() < 87000, answer
    for version in ("manager-1.3", "manager-policies"):
        equal(played[version].ask("x"), (404, {"message": "Not Found"}))


@case
def keys_are_compared_by_what_they_are():  # 3
    openssl("genpkey", "-algorithm", "RSA", "-out", TMP / "rsa.pem")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", TMP / "ec.pem")
    others = [openssl("pkey", "-in", TMP / name, "-pubout").decode() for name in ("rsa.pem", "ec.pem")]
    for api in key_based():
        for text in (api.key().replace("\n", "\r\n"), api.key().replace("\n", "\n\n")):
            equal(api.ask(text)[0], 200)
        pkcs1 = openssl("rsa", "-pubin", "-in", api.key_path, "-RSAPublicKey_out").decode()
        for text in others + [pkcs1, "garbage"]:
            status, answer = api.ask(text)
            equal((status, answer["success"]), (401, False))
            contains(answer["error"], "ublic key verification failed")


@case
def requests_for_a_token_that_are_none():  # 4
    for api in key_based():
        for body in ("", '{"public_key":5}'):
            status, _, text = api.curl(TOKEN, "-X", "POST", body=body)
            equal((status, json.loads(text)["success"]), (400, False))


@case
def ways_to_lack_a_token():  # 5
    short = [Server("short", {"TEIDE_SERVER_TOKEN_LIFE": "1s"}), Played("pid-list-0.1", 1),
             Played("decision-maker-policies", 1)]
    for api in short:
        token = token_of(api)
        wait_for("its end", lambda: api.authorized(token, STRATEGIES)[0] == 401)
        texts = []
        for words in ((), ("-H", "Authorization: bearer x"), ("-H", "Authorization: Bearer bad"),
                      ("-H", f"Authorization: Bearer {token}")):
            status, _, body = api.curl(STRATEGIES, *words)
            equal(status, 401)
            texts.append(json.loads(body)["error"])
        equal(texts[:2], ["Authorization header is required",
                          "Authorization header must start with 'Bearer '"])
        for text in texts[2:]:
            contains(text, "Invalid or expired token: ")
        contains(texts[3], "token is expired")


@case
def a_list_comes_back_in_order():  # 6
    for api in pid_list_servers()[:2]:
        token = token_of(api)
        equal(api.post(token, {"strategies": [MORE, GOOD]})[0], 200)
        for hit in ("false", "true"):
            listed, headers = api.listed(token)
            equal((listed, headers["x-cache-hit"]), ([MORE, GOOD], hit))


@case
def a_list_replaces_the_last():  # 7
    for api in pid_list_servers():
        token = token_of(api)
        equal(api.post(token, {"strategies": [GOOD, MORE]})[0], 200)
        equal(api.post(token, {"strategies": [MORE]})[0], 200)
        equal(api.listed(token)[0], [MORE])
        status, answer = api.post(token, {"strategies": []})
        if api is played["pid-list-0.0"]:
            equal((status, answer["error"]), (400, "No strategies provided"))
            equal(api.listed(token)[0], [MORE])
        else:
            equal((status, api.listed(token)[0]), (200, None))


@case
def wrong_types_leave_the_old_list():  # 8
    for api in pid_list_servers():
        token = token_of(api)
        equal(api.post(token, {"strategies": [GOOD]})[0], 200)
        for change in ({"priority": 1}, {"execution_time": -1}, {"execution_time": 1.5},
                       {"execution_time": "x"}):
            equal(api.post(token, {"strategies": [{**GOOD, **change}]})[0], 400)
        equal(api.listed(token)[0], [GOOD])
        equal(api.post(token, {"strategies": [{**MORE, "time_slice_ns": 5}], "by": "x"})[0], 200)
        equal(api.post(token, json.dumps({"strategies": [MORE]}) + " trailing")[0], 200)
        equal(api.listed(token)[0], [MORE])


@case
def who_has_no_pid_is_not_listed():  # 9
    for api in pid_list_servers():
        token = token_of(api)
        nobody = {"priority": True, "execution_time": 1}
        equal(api.post(token, {"strategies": [nobody, {**nobody, "pid": 0}, GOOD]})[0], 200)
        equal(api.listed(token)[0], [GOOD])


@case
def what_is_not_there():  # 10
    for api in pid_list_servers():
        token = token_of(api)
        status, _, body = api.authorized(token, STRATEGIES, "-X", "PUT")
        equal((status, body), (405, ""))
        status, headers, body = api.curl("/nope")
        equal((status, body), (404, "404 page not found\n"))
        contains(headers["content-type"], "text/plain")


@case
def a_decision_maker_takes_no_pids():  # 11
    for version, kind in (("decision-maker-1.0", bool), ("decision-maker-1.2", bool), ("decision-maker-1.3", int),
                          ("decision-maker-policies", int)):
        api = played[version]
        api.standin.api.processes = PODS
        token = token_of(api)
        equal(api.call(token, "POST", STRATEGIES, {"strategies": [GOOD]}), (404, {"message": "Not Found"}))
        equal(api.listed(token)[0], [])
        intent = {"podID": "b", "commandRegex": "^nr-gnb$", "priority": 3, "executionTime": 7}
        equal(api.call(token, "POST", INTENTS, {"intents": [intent]})[0], 200)
        entry = api.listed(token)[0]
        equal((len(entry), entry[0]["pid"], entry[0]["execution_time"]), (1, 14, 7))
        equal((type(entry[0]["priority"]), bool(entry[0]["priority"])), (kind, True))


@case
def intents_are_added_at_first_and_replaced_since_1_2():  # 12
    for version in ("decision-maker-1.1", "decision-maker-1.2", "decision-maker-1.3", "decision-maker-policies"):
        api = played[version]
        api.standin.api.processes = PODS
        token = token_of(api)
        equal(api.call(token, "DELETE", INTENTS, {"all": True})[0], 200)
        for pod in ("a", "b"):
            intent = {"podID": pod, "commandRegex": "gnb", "priority": 1, "executionTime": 7}
            equal(api.call(token, "POST", INTENTS, {"intents": [intent]})[0], 200)
        equal([entry["pid"] for entry in api.listed(token)[0]], [11, 14] if version == "decision-maker-1.1" else [14])
        status, answer = api.call(token, "DELETE", INTENTS, {})
        equal((status, answer["error"]), (400, "PodID is required when 'all' is false"))
        equal(api.call(token, "DELETE", INTENTS, {"all": True})[0], 200)
        # 1.3 resolves a list again that DELETE does not touch; an empty POST empties it.
        equal([entry["pid"] for entry in api.listed(token)[0]], [14] if version == "decision-maker-1.3" else [])
        if version == "decision-maker-1.1":
            continue
        root = api.call(token, "GET", INTENTS + "/merkle")[1]["data"]["rootHash"]
        equal((version, root == EMPTY_HASH), (version, version == "decision-maker-policies"))
        equal(api.call(token, "POST", INTENTS, {"intents": []})[0], 200)
        equal(api.call(token, "GET", INTENTS + "/merkle")[1]["data"]["rootHash"], EMPTY_HASH)
        equal(api.listed(token)[0], [])
    first = played["decision-maker-1.0"]
    equal(first.call(token_of(first), "DELETE", INTENTS, {"all": True})[0], 404)


@case
def a_process_that_ended_stays_until_it_is_deleted():  # 12
    for version in ("decision-maker-1.0", "decision-maker-1.1"):
        api = played[version]
        api.standin.api.processes = PODS
        token = token_of(api)
        intent = {"podID": "a", "commandRegex": "nr-ue", "priority": 1, "executionTime": 7}
        equal(api.call(token, "POST", INTENTS, {"intents": [intent]})[0], 200)
        api.standin.api.processes = [process for process in PODS if process["pid"] != 12]
        equal(api.call(token, "POST", INTENTS, {"intents": [intent]})[0], 200)
        assert 12 in [entry["pid"] for entry in api.listed(token)[0]], version
    equal(api.call(token, "DELETE", INTENTS, {"podId": "a", "pid": 12})[0], 200)
    assert 12 not in [entry["pid"] for entry in api.listed(token)[0]]


@case
def an_expression_that_is_none_breaks_some_servers():  # 12
    for version, posted, listed in (("decision-maker-1.2", 500, 200), ("decision-maker-1.3", 500, 500),
                                    ("decision-maker-policies", 200, 200)):
        api = played[version]
        api.standin.api.processes = PODS
        token = token_of(api)
        intent = {"podID": "a", "commandRegex": "(", "priority": 1, "executionTime": 7}
        bearer = ("-H", f"Authorization: Bearer {token}")
        status = [api.curl(INTENTS, *bearer, body={"intents": [intent]})[0], api.curl(STRATEGIES, *bearer)[0]]
        equal((version, status), (version, [posted, listed]))
        equal(api.call(token, "POST", INTENTS, {"intents": []})[0], 200)
        equal(api.listed(token)[0], [])


@case
def policies_of_the_node_come_with_c():  # 13
    api = played["decision-maker-policies"]
    api.standin.api.processes = PODS
    token = token_of(api)
    merkle = api.call(token, "GET", POLICIES + "/merkle")
    equal(merkle[1]["data"], {"rootHash": ""})
    contains(EMPTY_HASH, "e3b0c442")
    equal(api.call(token, "GET", INTENTS + "/merkle")[1]["data"]["rootHash"], EMPTY_HASH)
    for comm in ("^nr-ue$", "^nr-gnb$"):
        policy = {"policyID": "x", "commandRegex": comm, "priority": 1, "executionTime": 7}
        equal(api.call(token, "POST", POLICIES, {"policies": [policy]})[0], 200)
    equal([entry["pid"] for entry in api.listed(token)[0]], [11, 14, 15])
    assert api.call(token, "GET", POLICIES + "/merkle") != merkle
    equal(api.call(token, "DELETE", POLICIES, {"all": True})[0], 200)
    equal(api.call(token, "GET", POLICIES + "/merkle")[1]["data"], {"rootHash": EMPTY_HASH})
    threads = played["decision-maker-threads"]
    threads.standin.api.processes = PODS
    token = token_of(threads)
    equal(threads.call(token, "POST", POLICIES, {"policies": [policy]})[0], 200)
    equal([entry["pid"] for entry in threads.listed(token)[0]], [11, 14, 15, 16])
    equal(played["decision-maker-1.3"].call(token_of(played["decision-maker-1.3"]), "POST", POLICIES, {}),
          (404, {"message": "Not Found"}))


@case
def a_manager_adds_a_strategy_with_each_post():  # 14
    for version in ("manager-1.3", "manager-policies"):
        api = played[version]
        token = manager_token(api)
        strategy = {"commandRegex": "nr-gnb", "priority": 1, "executionTime": 7, "strategyNamespace": "x",
                    "labelSelectors": [{"key": "app", "value": "gnb"}]}
        for _ in range(2):
            status, answer = api.call(token, "POST", RULES, strategy)
            equal((status, answer["success"], sorted(answer)), (200, True, ["success", "timestamp"]))
        rows = api.call(token, "GET", RULES + "/self")[1]["data"]["strategies"]
        equal(len(rows), 2)
        equal(sorted(rows[0]), ["CommandRegex", "ExecutionTime", "ID", "K8sNamespace", "LabelSelectors",
                                "Priority", "StrategyNamespace"])
        status, answer = api.call(token, "POST", RULES, {**strategy, "k8sNamespace": ["elsewhere"]})
        equal((status, answer["error"]), (404, "no pods match the strategy criteria"))
        equal(api.call(token, "DELETE", RULES, {})[0], 400)
        equal(login(api, password="no")[0], 401)
        equal(login(api, password="")[0], 422)
        equal(api.curl("/metrics")[0::2], (200, "<!doctype html><html></html>"))
        equal(api.curl(RULES + "/self")[0], 401)


@case
def tokens_of_managers_end_in_different_ways():  # 14
    b, c = played["manager-1.3"], played["manager-policies"]
    equal(b.call("a.b.c", "GET", RULES + "/self")[0], 500)
    equal(c.call("a.b.c", "GET", RULES + "/self"),
          (401, {"success": False, "error": "invalid or expired token"}))
    assert "refreshToken" not in login(b)[1]["data"]
    data = login(c)[1]["data"]
    equal(data["token"], data["accessToken"])
    body = {"refreshToken": data["refreshToken"]}
    status, _, text = c.curl("/api/v1/auth/refresh", body=body)
    equal((status, json.loads(text)["data"]["refreshToken"] != data["refreshToken"]), (200, True))
    status, _, text = c.curl("/api/v1/auth/refresh", body=body)
    equal((status, json.loads(text)["error"]), (401, "refresh token revoked"))


@case
def node_policies_want_a_node():  # 14
    api = played["manager-policies"]
    token = manager_token(api)
    policy = {"commandRegex": "^x$", "priority": 1, "executionTime": 7}
    equal(api.call(token, "POST", NODE_RULES, policy)[1]["error"], "no nodes match the policy criteria")
    equal(api.call(token, "POST", NODE_RULES, {**policy, "nodeNames": ["node1"]})[0], 200)
    rows = api.call(token, "GET", NODE_RULES + "/self")[1]["data"]["policies"]
    equal(rows, [{"id": rows[0]["id"], "nodeNames": ["node1"], **policy}])
    change = {**policy, "policyId": rows[0]["id"], "nodeNames": ["node1"], "priority": 2}
    equal(api.call(token, "PUT", NODE_RULES, change)[0], 200)
    equal(api.call(token, "GET", NODE_RULES + "/self")[1]["data"]["policies"][0]["priority"], 2)
    equal(api.call(token, "DELETE", NODE_RULES, {"policyId": rows[0]["id"]})[0], 200)
    equal(api.call(token, "GET", NODE_RULES + "/self")[1]["data"]["policies"], [])
    equal(played["manager-1.3"].call(manager_token(played["manager-1.3"]), "GET", NODE_RULES + "/self"),
          (404, {"message": "Not Found"}))


main_server = Server("conformance")
processes.remove(main_server.process)
played = {version: Played(version) for version in APIS if version != "manager-no-put"}
try:
    main()
finally:
    end(main_server.process)
