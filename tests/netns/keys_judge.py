#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""keys_judge.py FILE...: every key of these JSON lines is in docs/events.md, with the type that it has there."""
import json
import re
import sys
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text()
TABLES, REST = PAGE.split("## What there is")
# The ledger's own keys, and the objects that have a section of their own.
LEDGER = set(re.findall(r"`(\w+)`", next(line for line in REST.splitlines() if "`ledger`" in line)))
OBJECTS = REST.split("## Objects of some rows")[1]
TYPES = {key: kind for key, kind in re.findall(r"^\| `([\w.]+)` \| (\w+) \|", TABLES, re.M)}
KINDS = set(re.findall(r"`(\w+)`", REST))


def judge(line, prefix=""):
    for key, value in line.items():
        path = prefix + key
        if line.get("event") == "ledger" and key in LEDGER:
            continue
        if f"`{path}`: " in OBJECTS:
            for inner in value:
                assert f"`{inner}`" in OBJECTS, f"{path}.{inner} is not documented"
        elif isinstance(value, dict):
            judge(value, path + ".")
        elif path not in TYPES:
            assert f"`{path}`" in OBJECTS, f"{path} is not documented"
        else:
            found = {str: "string", int: "number"}.get(type(value))
            assert found == TYPES[path], f"{path} is a {found}, documented as {TYPES[path]}"


assert len(TYPES) > 60, "docs/events.md has lost its table"
lines = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as log:
        for text in log:
            line = json.loads(text)
            assert line["event"] in KINDS, f"the event {line['event']} is not documented"
            judge(line)
            lines += 1
assert lines, "no line at all"
