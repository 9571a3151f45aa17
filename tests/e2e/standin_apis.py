# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What Gthulhu's API servers answer, version by version.

pid-list-*: the standalone server, which takes a list of PIDs. decision-maker-*: a node's decision maker, of which the
1.2 and earlier have the priority as a boolean. manager-*: the cluster's manager. The last of both takes policies for
nodes, too. An API has `routes`: (method, path) -> (kind, handler, open without a token)."""
import base64
import binascii
import hashlib
import json
import re
import time

RSA_OID = bytes.fromhex("06092a864886f70d010101")
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
STRATEGIES = "/api/v1/scheduling/strategies"
NOT_FOUND = {"message": "Not Found"}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def spki(pem):
    """The bytes of a PEM block "PUBLIC KEY", or the reason why not."""
    found = re.search(r"-----BEGIN ([A-Z ]+)-----\s(.*?)-----END \1-----", pem, re.S)
    if not found:
        return "failed to decode PEM block containing public key"
    try:
        der = base64.b64decode("".join(found.group(2).split()), validate=True)
    except binascii.Error:
        return "failed to decode PEM block containing public key"
    if found.group(1) != "PUBLIC KEY" or not der.startswith(b"\x30"):
        return "failed to parse public key: asn1: structure error"
    return der if RSA_OID in der[:40] else "public key is not RSA"


def first_value(text):
    """As Go's decoder does: what follows the first value is ignored. ValueError."""
    if not text.strip():
        raise ValueError("EOF")
    return json.JSONDecoder().raw_decode(text.lstrip())[0]


def is_int(value, least=None):
    return isinstance(value, int) and not isinstance(value, bool) and (least is None or value >= least)


class Api:
    def __init__(self, server):
        self.server = server
        self.routes = {}

    def fail(self, h, status, text):
        h.reply(status, {"success": False, "error": text})

    def succeed(self, h, **fields):
        h.reply(200, {"success": True, "timestamp": now(), **fields})

    def token_state(self, text):
        end = self.server.tokens.get(text)
        if end is None:
            return "token is malformed: token contains an invalid number of segments"
        return "token has invalid claims: token is expired" if end <= time.time() else ""

    def admits(self, h):
        header = h.headers.get("Authorization")
        if not header:
            self.fail(h, 401, "Authorization header is required")
        elif not header.startswith("Bearer "):
            self.fail(h, 401, "Authorization header must start with 'Bearer '")
        else:
            state = self.token_state(header[len("Bearer "):])
            if state:
                self.fail(h, 401, f"Invalid or expired token: {state}")
            return not state
        return False

    def unknown(self, h):
        h.reply(404, NOT_FOUND)

    def verify_key(self, h, bad_request, refused):
        try:
            request = first_value(h.body)
            key = request.get("public_key", "") if isinstance(request, dict) else None
            if not isinstance(key, str):
                raise ValueError("json: cannot unmarshal into Go struct field")
        except ValueError as error:
            self.fail(h, 400, bad_request(error))
            return False
        der = spki(key)
        if isinstance(der, bytes) and self.server.key and der != spki(self.server.key):
            der = "public key does not match server's private key"
        if isinstance(der, str):
            self.fail(h, 401, refused(der))
            return False
        return True


class PidListServer(Api):
    """One list, replaced by each POST; the entries come back as they were posted."""

    def __init__(self, server, newer):
        super().__init__(server)
        self.newer = newer
        self.stored = None
        self.cached = False
        self.routes = {
            ("POST", "/api/v1/auth/token"): ("token", self.give_token, True),
            ("GET", STRATEGIES): ("get", self.get, False),
            ("POST", STRATEGIES): ("post", self.post, False),
            ("GET", "/health"): ("health", self.health, True),
        }

    def unknown(self, h):
        if any(path == h.path for _, path in self.routes):
            h.reply(405, b"")
        else:
            h.reply(404, b"404 page not found\n", [("Content-Type", "text/plain; charset=utf-8")])

    def health(self, h):
        h.reply(200, {"service": "BSS Metrics API Server", "status": "healthy", "timestamp": now()})

    def give_token(self, h):
        prefix = "Public key verification failed: "
        if self.newer:
            prefix += "public key verification failed: "
        if self.verify_key(h, lambda e: f"Invalid JSON format: {e}", lambda why: prefix + why):
            self.succeed(h, message="Token generated successfully", token=self.server.token())

    def check(self, entry):
        if entry is None:
            return None
        for name, good in (("priority", lambda v: isinstance(v, bool)),
                           ("execution_time", lambda v: is_int(v, 0)), ("pid", is_int)):
            value = entry.get(name)
            if value is not None and not good(value):
                raise ValueError(f"json: cannot unmarshal into Go struct field .strategies.{name}")
        known = {name: entry[name] for name in ("priority", "execution_time", "pid", "selectors")
                 if entry.get(name) is not None}
        return {"priority": False, "execution_time": 0, **known}

    def post(self, h):
        try:
            request = first_value(h.body)
            strategies = [self.check(entry) for entry in request.get("strategies") or []]
        except (ValueError, AttributeError) as error:
            name = "Invalid request payload" if self.newer else "Invalid JSON format"
            self.fail(h, 400, f"{name}: {error}")
            return
        if not strategies and not self.newer:
            self.fail(h, 400, "No strategies provided")
            return
        self.stored = strategies
        self.cached = False
        self.succeed(h, message="Scheduling strategies saved successfully")

    def get(self, h):
        entries = [entry for entry in self.stored or []
                   if entry.get("pid") and not entry.get("selectors")]
        never = self.stored is None and self.newer
        hit, self.cached = self.cached, True
        headers = [("X-Cache-Hit", str(hit).lower())] if self.newer else []
        h.reply(200, {"success": True, "message": "", "timestamp": now(),
                      "scheduling": entries or ([] if never else None)}, headers)


class DecisionMaker(Api):
    """Intents, resolved to the pids of `processes`: dicts of pid, comm, pod and perhaps tids."""

    def __init__(self, server, version):
        super().__init__(server)
        self.version = version  # 0 for 1.0 to 3 for 1.3, 4 with policies
        self.processes = []
        self.then = []  # the processes at the last POST: what earlier versions resolve for good
        self.intents = []
        self.policies = []
        self.routes = {
            ("POST", "/api/v1/auth/token"): ("token", self.give_token, True),
            ("GET", STRATEGIES): ("get", self.get, False),
            ("POST", "/api/v1/intents"): ("intents", self.post, False),
            ("GET", "/health"): ("health", lambda h: self.succeed(h, data={"status": "healthy"}), True),
        }
        if version >= 1:
            self.routes[("DELETE", "/api/v1/intents")] = ("delete-intents", self.delete, False)
        if version >= 2:
            self.routes[("GET", "/api/v1/intents/merkle")] = ("merkle", self.merkle, False)
        if version >= 4:
            path = "/api/v1/node-intents"
            self.routes[("POST", path)] = ("node-intents", self.post_policies, False)
            self.routes[("DELETE", path)] = ("delete-node-intents", self.delete_policies, False)
            self.routes[("GET", path + "/merkle")] = ("node-merkle", self.node_merkle, False)

    @property
    def stored(self):
        return self.resolved()

    def give_token(self, h):
        if self.verify_key(h, lambda e: "Invalid request payload",
                           lambda why: "Public key verification failed "):
            data = {"token": self.server.token(), "expired_at": int(time.time() + 86400)}
            self.succeed(h, data=data)

    def request(self, h):
        try:
            return first_value(h.body)
        except ValueError:
            self.fail(h, 400, "Invalid request payload")
            return None

    def matches(self, intent, process, by_pod):
        if process["comm"] == "pause" or (by_pod and process["pod"] != intent.get("podID")):
            return False
        if self.version == 0:
            return True
        return bool(re.search(intent.get("commandRegex", ""), process["comm"]))

    def entry(self, pid, intent):
        level = intent.get("priority", 0)
        return {"priority": level if self.version >= 3 else level > 0,
                "execution_time": intent.get("executionTime", 0), "pid": pid}

    def resolved(self):
        entries = {}
        for intent in self.intents:
            for process in self.processes if self.version >= 3 else self.then:
                if self.matches(intent, process, True):
                    entries[process["pid"]] = self.entry(process["pid"], intent)
        for policy in self.policies:
            for process in self.processes:
                if self.matches(policy, process, False):
                    for pid in (process["pid"], *process.get("tids", ())):
                        entries[pid] = self.entry(pid, policy)
        return list(entries.values())

    def get(self, h):
        self.succeed(h, message="Scheduling intents retrieved successfully", scheduling=self.resolved())

    def post(self, h):
        request = self.request(h)
        if request is None:
            return
        if self.version >= 2:
            self.intents = request["intents"]
        else:  # one for each pid of a pod, for ever
            self.intents += request["intents"]
        self.then = list(self.processes)
        self.succeed(h)

    def delete(self, h):
        request = self.request(h)
        if request is None:
            return
        if not request.get("all") and not request.get("podId"):
            self.fail(h, 400, "PodID is required when 'all' is false")
            return
        self.intents = [] if request.get("all") else [
            intent for intent in self.intents if intent["podID"] != request["podId"]]
        self.succeed(h)

    def hash(self, what):
        return hashlib.sha256(json.dumps(what).encode()).hexdigest() if what else EMPTY_HASH

    def merkle(self, h):
        self.succeed(h, data={"rootHash": self.hash(self.intents)})

    def node_merkle(self, h):
        self.succeed(h, data={"rootHash": self.hash(self.policies)})

    def post_policies(self, h):
        request = self.request(h)
        if request is not None:
            self.policies = request["policies"]
            self.succeed(h)

    def delete_policies(self, h):
        request = self.request(h)
        if request is None:
            return
        if not request.get("all") and not request.get("policyId"):
            self.fail(h, 400, "policyId is required when 'all' is false")
            return
        self.policies = [] if request.get("all") else [
            policy for policy in self.policies if policy["policyID"] != request["policyId"]]
        self.succeed(h)


class Manager(Api):
    """Rules of users. `pods`: dicts of labels, namespace, command; `nodes`: names."""

    def __init__(self, server, version):
        super().__init__(server)
        self.version = version  # 0: no PUT, 1: 1.3, 2: with policies
        self.users = {"teide": "secret of teide"}
        self.pods = [{"labels": {"app": "gnb"}, "namespace": "free5gc",
                      "command": "./nr-gnb -c ./config/gnb.yaml"}]
        self.nodes = ["node1"]
        self.strategies, self.policies = [], []
        self.refresh_tokens = set()
        self.serial = 0
        base = "/api/v1/strategies"
        self.routes = {
            ("POST", "/api/v1/auth/login"): ("login", self.login, True),
            ("GET", base + "/self"): ("self", self.list, False),
            ("POST", base): ("create", self.create, False),
            ("DELETE", base): ("delete", self.delete, False),
            ("GET", "/health"): ("health", lambda h: self.succeed(h, data={"status": "healthy"}), True),
        }
        if version >= 1:
            self.routes[("PUT", base)] = ("update", self.update, False)
        if version >= 2:
            base = "/api/v1/node-scheduling-policies"
            self.routes.update({
                ("POST", "/api/v1/auth/refresh"): ("refresh", self.refresh, True),
                ("GET", base + "/self"): ("policies", self.list_policies, False),
                ("POST", base): ("create-policy", self.create_policy, False),
                ("PUT", base): ("update-policy", self.update_policy, False),
                ("DELETE", base): ("delete-policy", self.delete_policy, False),
            })

    def unknown(self, h):
        if h.command == "GET" and not h.path.startswith("/api/"):
            h.reply(200, b"<!doctype html><html></html>", [("Content-Type", "text/html")])
        else:
            super().unknown(h)

    def admits(self, h):
        header = h.headers.get("Authorization")
        if not header:
            self.fail(h, 401, "Missing Authorization header")
        elif not header.startswith("Bearer "):
            self.fail(h, 401, "Invalid Authorization header format")
        elif not self.token_state(header[len("Bearer "):]):
            return True
        elif self.version >= 2:
            self.fail(h, 401, "invalid or expired token")
        else:
            self.fail(h, 500, "Internal Server Error")
        return False

    def give_tokens(self, h):
        if self.version < 2:
            self.succeed(h, data={"token": self.server.token()})
            return
        life = 60 if self.server.life == 86400 else self.server.life
        token, refresh = self.server.token(life), f"refresh-{self.server.serial}-0123456789"
        self.refresh_tokens.add(refresh)
        self.succeed(h, data={"token": token, "accessToken": token, "refreshToken": refresh})

    def login(self, h):
        request = first_value(h.body)
        user, password = request.get("username"), request.get("password")
        if not user or not password:
            self.fail(h, 422, "Username and password are required")
        elif user not in self.users:
            self.fail(h, 401, "user not found")
        elif self.users[user] != password:
            self.fail(h, 401, "invalid password")
        else:
            self.give_tokens(h)

    def refresh(self, h):
        token = first_value(h.body).get("refreshToken")
        if token in self.refresh_tokens:
            self.refresh_tokens.remove(token)
            self.give_tokens(h)
        else:
            self.fail(h, 401, "refresh token revoked")

    def has_pods(self, request):
        def wanted(pod):
            labels = all(pod["labels"].get(one["key"]) == one["value"]
                         for one in request.get("labelSelectors", ()))
            place = not request.get("k8sNamespace") or pod["namespace"] in request["k8sNamespace"]
            return labels and place and re.search(request.get("commandRegex", ""), pod["command"])
        return any(wanted(pod) for pod in self.pods)

    def new_id(self):
        self.serial += 1
        return f"{self.serial:024x}"

    def row(self, request, rule_id):
        return {"ID": rule_id, "StrategyNamespace": request.get("strategyNamespace", ""),
                "LabelSelectors": request.get("labelSelectors", []),
                "K8sNamespace": request.get("k8sNamespace"),
                "CommandRegex": request.get("commandRegex", ""),
                "Priority": request.get("priority", 0),
                "ExecutionTime": request.get("executionTime", 0)}

    def list(self, h):
        self.succeed(h, data={"strategies": self.strategies})

    def create(self, h):
        request = first_value(h.body)
        if not self.has_pods(request):
            self.fail(h, 404, "no pods match the strategy criteria")
            return
        self.strategies.append(self.row(request, self.new_id()))
        self.succeed(h)

    def change(self, h, rows, id_key, row_key, what, make=None):
        request = first_value(h.body)
        wanted = request.get(id_key)
        index = [row[row_key] for row in rows].index(wanted) if wanted in [
            row[row_key] for row in rows] else None
        if not wanted:
            self.fail(h, 400, f"{what} ID is required")
        elif index is None:
            self.fail(h, 404, f"{what.lower()} not found or you don't have permission")
        else:
            rows[index:index + 1] = [make(request, wanted)] if make else []
            self.succeed(h)

    def update(self, h):
        self.change(h, self.strategies, "strategyId", "ID", "Strategy", self.row)

    def delete(self, h):
        self.change(h, self.strategies, "strategyId", "ID", "Strategy")

    def policy_row(self, request, rule_id):
        kept = ("nodeSelectors", "nodeNames", "commandRegex", "priority", "executionTime")
        return {"id": rule_id, **{key: request[key] for key in kept if request.get(key)}}

    def list_policies(self, h):
        self.succeed(h, data={"policies": self.policies})

    def create_policy(self, h):
        request = first_value(h.body)
        if not set(request.get("nodeNames", ())) & set(self.nodes):
            self.fail(h, 404, "no nodes match the policy criteria")
            return
        self.policies.append(self.policy_row(request, self.new_id()))
        self.succeed(h)

    def update_policy(self, h):
        self.change(h, self.policies, "policyId", "id", "Policy", self.policy_row)

    def delete_policy(self, h):
        self.change(h, self.policies, "policyId", "id", "Policy")


APIS = {
    "pid-list-0.0": lambda server: PidListServer(server, False),
    "pid-list-0.1": lambda server: PidListServer(server, True),
    "decision-maker-1.0": lambda server: DecisionMaker(server, 0),
    "decision-maker-1.1": lambda server: DecisionMaker(server, 1),
    "decision-maker-1.2": lambda server: DecisionMaker(server, 2),
    "decision-maker-1.3": lambda server: DecisionMaker(server, 3),
    "decision-maker-policies": lambda server: DecisionMaker(server, 4),
    "manager-no-put": lambda server: Manager(server, 0),
    "manager-1.3": lambda server: Manager(server, 1),
    "manager-policies": lambda server: Manager(server, 2),
}
DECISION_MAKERS = [name for name in APIS if name.startswith("decision-maker")]


def make(name, server):
    return APIS[name](server)
