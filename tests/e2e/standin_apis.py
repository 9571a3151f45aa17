# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What Gthulhu's API servers answer, version by version.

pid-list-*: the standalone server, which takes a list of PIDs. decision-maker-*: a node's decision maker, of which the
1.2 and earlier have the priority as a boolean. manager-*: the cluster's manager. The last of both take policies for
nodes, too; those of decision-maker-threads match each thread, those of decision-maker-policies leaders alone. An API has `routes`: (method, path) -> (kind, handler, open without a token)."""
import hashlib
import json
import re
import time

from standin_api import Api, first_value, is_int, now
from standin_manager import Manager

EMPTY_HASH = hashlib.sha256(b"").hexdigest()
STRATEGIES = "/api/v1/scheduling/strategies"


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
                   if entry and entry.get("pid") and not entry.get("selectors")]
        if any(entry is None for entry in self.stored or []):
            h.close_connection = True  # the server panics
            return
        hit, self.cached = self.cached, bool(entries)
        headers = [("X-Cache-Hit", str(hit).lower())] if self.newer else []
        h.reply(200, {"success": True, "message": "", "timestamp": now(),
                      "scheduling": entries or None}, headers)


class DecisionMaker(Api):
    """Intents, resolved to the pids of `processes`: dicts of pid, comm, pod and perhaps tids, of the leader's name."""

    def __init__(self, server, version):
        super().__init__(server)
        self.version = version  # 0 for 1.0 to 3 for 1.3, 4 with policies, 5 with policies for threads
        self.processes = []
        self.held = {}  # (pod, pid) -> entry: what versions 0 to 2 resolve at a POST
        self.intents = []
        self.policies = []
        self.mode = None  # of the node's scheduler
        self.root = self.node_root = None  # as the last change left them
        self.routes = {
            ("POST", "/api/v1/auth/token"): ("token", self.give_token, True),
            ("GET", STRATEGIES): ("get", self.get, False),
            ("POST", "/api/v1/intents"): ("intents", self.post, False),
            ("GET", "/health"): ("health", self.health, True),
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
            self.routes[("GET", "/api/v1/runtime-config")] = ("runtime", self.runtime_config, False)

    @property
    def stored(self):
        return self.resolved()

    def health(self, h):
        h.reply(200, {"status": "healthy", "timestamp": now(), "service": "BSS Metrics API Server"})

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

    def panic(self, h):
        h.reply(500, b"Internal Server Error", [("Content-Type", "text/plain")])

    def matches(self, intent, comm):
        """Version 0 ignores the expression, 4 and later one that is none; in between the server panics: re.error."""
        if comm == "pause" or self.version == 0:
            return comm != "pause"
        try:
            return bool(re.search(intent.get("commandRegex", ""), comm))
        except re.error:
            if self.version < 4:
                raise
            return False

    def entry(self, pid, intent):
        level = intent.get("priority", 0)
        entry = {"priority": level if self.version >= 3 else level > 0,
                 "execution_time": intent.get("executionTime", 0), "pid": pid}
        if self.version >= 1:
            entry["command_regex"] = intent.get("commandRegex", "")
        if intent.get("podLabels"):
            entry["selectors"] = [{"key": key, "value": value} for key, value in intent["podLabels"].items()]
        return entry

    def resolve_intents(self):
        """(pod, pid) -> entry, of the processes that there are now: leaders alone."""
        return {(process["pod"], process["pid"]): self.entry(process["pid"], intent)
                for intent in self.intents for process in self.processes
                if process["pod"] and process["pod"] == intent.get("podID") and self.matches(intent, process["comm"])}

    def resolve_policies(self):
        entries = {}
        for policy in self.policies:
            for process in self.processes:
                names = process.get("names", {})
                tids = process.get("tids", ()) if self.version >= 5 else ()
                for pid in (process["pid"], *tids):
                    if self.matches(policy, names.get(pid, process["comm"])):
                        entries[pid] = self.entry(pid, policy)
        return list(entries.values())

    def resolved(self):
        held = self.held if self.version < 3 else self.resolve_intents()
        return list(held.values()) + self.resolve_policies()

    def get(self, h):
        try:
            entries = self.resolved()
        except re.error:
            self.panic(h)
            return
        self.succeed(h, message="Scheduling intents retrieved successfully", scheduling=entries)

    def post(self, h):
        request = self.request(h)
        if request is None:
            return
        self.intents = request["intents"]
        try:
            found = self.resolve_intents()
        except re.error:
            self.panic(h)
            return
        # Versions 0 and 1 keep each pid of a pod for ever.
        self.held = {**self.held, **found} if self.version < 2 else found
        self.root = self.hash(self.intents)
        self.succeed(h)

    def delete(self, h):
        """Version 2 leaves its root, version 3 its intents too."""
        request = self.request(h)
        if request is None:
            return
        if not request.get("all") and not request.get("podId"):
            self.fail(h, 400, "PodID is required when 'all' is false")
            return
        if self.version != 3:
            self.held = {} if request.get("all") else {
                key: entry for key, entry in self.held.items()
                if key[0] != request["podId"] or request.get("pid", key[1]) != key[1]}
        if self.version >= 4:
            self.intents = [] if request.get("all") else [
                intent for intent in self.intents if intent["podID"] != request["podId"]]
            self.root = self.hash(self.intents)
        self.succeed(h)

    def hash(self, what):
        return hashlib.sha256(json.dumps(what).encode()).hexdigest() if what else EMPTY_HASH

    def merkle(self, h):
        self.succeed(h, data={"rootHash": self.root or EMPTY_HASH})

    def node_merkle(self, h):
        self.succeed(h, data={"rootHash": self.node_root or ""})

    def runtime_config(self, h):
        """Without a scheduler's daemon nothing is known."""
        known = {"mode": self.mode, "schedulerEnabled": self.mode != "none", "kernelMode": True} if self.mode else {}
        self.succeed(h, data={"applied": False, "configAvailable": bool(known), **known})

    def post_policies(self, h):
        request = self.request(h)
        if request is not None:
            self.policies = request["policies"]
            self.node_root = self.hash(self.policies)
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
        self.node_root = self.hash(self.policies)
        self.succeed(h)


APIS = {
    "pid-list-0.0": lambda server: PidListServer(server, False),
    "pid-list-0.1": lambda server: PidListServer(server, True),
    "decision-maker-1.0": lambda server: DecisionMaker(server, 0),
    "decision-maker-1.1": lambda server: DecisionMaker(server, 1),
    "decision-maker-1.2": lambda server: DecisionMaker(server, 2),
    "decision-maker-1.3": lambda server: DecisionMaker(server, 3),
    "decision-maker-policies": lambda server: DecisionMaker(server, 4),
    "decision-maker-threads": lambda server: DecisionMaker(server, 5),
    "manager-no-put": lambda server: Manager(server, 0),
    "manager-1.3": lambda server: Manager(server, 1),
    "manager-policies": lambda server: Manager(server, 2),
}
DECISION_MAKERS = [name for name in APIS if name.startswith("decision-maker")]


def make(name, server):
    return APIS[name](server)
