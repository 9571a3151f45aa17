# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The program strategy_client, driven by lines."""
import json
import subprocess
import threading

from harness import BUILD, spawn, wait_for

CLIENT = BUILD / "tests/e2e/strategy_client"


class Client:
    def __init__(self, url, key, interval=200, timeout=5000, extra=(), **options):
        self.process = spawn(CLIENT, url, key, interval, timeout, *extra, stdin=subprocess.PIPE,
                             **options)
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def stats(self):
        seen = len(self.lines)
        self.say("stats")
        return wait_for("stats", lambda: [line for line in self.lines[seen:]
                                          if line["what"] == "stats"])[-1]

    def reach(self, what, condition):
        """Stats that meet the condition."""
        def ask():
            stats = self.stats()
            return stats if condition(stats) else None
        return wait_for(what, ask)

    def withdraw(self, ms=20000):
        self.say(f"withdraw {ms}")
        self.process.wait(60)
        self.thread.join()
        return self.lines[-1]["r"]
