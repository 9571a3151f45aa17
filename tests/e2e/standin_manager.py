# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The cluster's manager, a stand-in."""
import re

from standin_api import Api, first_value


class Manager(Api):
    """Rules of users. `pods`: dicts of labels, namespace, command; `nodes`: names."""

    def __init__(self, server, version):
        super().__init__(server)
        self.version = version  # 0: no PUT, 1: 1.3, 2: with policies
        self.users = {"teide": "secret of teide"}
        self.refused = {}  # kind of request -> text of a 403, as "permission denied", "password change required"
        self.has_web = True  # built with the web pages
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
        if self.has_web and h.command == "GET" and not h.path.startswith("/api/"):
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
            refusal = self.refused.get(self.routes[(h.command, h.path)][0])
            if refusal:
                self.fail(h, 403, refusal)
            return not refusal
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
            command = self.version >= 2 or re.search(request.get("commandRegex", ""), pod["command"])
            return labels and place and command
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
            self.succeed(h, **({} if make else {"data": {}}))

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
