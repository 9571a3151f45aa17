#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Judges what was written about hostile names, for names_test.sh.

  names_judge.py text FILE...        nothing in them moves a terminal's cursor or hides
  names_judge.py json FILE...        every line is JSON, in UTF-8
  names_judge.py words FILE WORD...  the advised commands of a file of JSON, as a shell splits them: where WORD
                                     is in one, it is a word, or the interface of a sysctl key; each is in one
"""
import json
import re
import shlex
import sys
import unicodedata

SYSCTL = re.compile(r"net\.ipv4\.conf\.(.*)\.[a-z_]+=\d+")


def text(path):
    data = open(path, "rb").read()
    for at, byte in enumerate(data):
        if (byte < 0x20 and byte not in b"\n\t") or byte == 0x7f:
            sys.exit(f"{path}: byte 0x{byte:02x} in {data[max(at - 60, 0):at + 20]!r}")
    for char in data.decode("utf-8"):  # which raises where it is none
        if char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp"):
            sys.exit(f"{path}: U+{ord(char):04X}")


def lines(path):
    return [json.loads(line) for line in open(path, "rb").read().decode("utf-8").splitlines()]


def advice(value):
    if isinstance(value, dict):
        yield from (item for key, item in value.items() if key == "do" and isinstance(item, str))
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from advice(item)


def words(path, wanted):
    found = set()
    for command in advice(lines(path)):
        split = shlex.split(command)
        split += [key.group(1) for key in map(SYSCTL.fullmatch, split) if key]
        for name in wanted:
            if name in command and name not in split:
                sys.exit(f"{path}: '{name}' is no word in: {command}")
            if name in command:
                found.add(name)
    if found != set(wanted):
        sys.exit(f"{path}: no command names {set(wanted) - found}: {list(advice(lines(path)))}")


def main():
    if sys.argv[1] == "words":
        words(sys.argv[2], sys.argv[3:])
        return
    for path in sys.argv[2:]:
        (text if sys.argv[1] == "text" else lines)(path)


main()
