#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""places_judge.py FOLDER: what guest/places.sh has written. What is told of a packet is right or is not told; and what
each build leaves right is told."""
import collections
import pathlib
import sys

from judge import check, check_balance, fail, lines, total
from standin_judge import PACKET, color_of, met, outcome_of, rules_of

KEYS = ("seid", "pdr_id", "qer_id", "rule_qfi", "far_id", "far_action")
# By build: what cannot be told, and what the warning names.
UNKNOWN = {
    "right": ((), None),
    "foreign": (("qer_id", "rule_qfi", "far_id", "far_action"), "Outer Header Removal"),
    "seid": (KEYS, "SEID and PDR"),
    "removal": (("qer_id", "rule_qfi", "far_id", "far_action"), "Outer Header Removal"),
    "action": (("far_action",), "FAR action"),
}
# What needs no rule to be known.
BY_CODE = {"no_pdr", "qer_red", "backlog_full", "malformed_extension", "malformed_short", "malformed_inner",
           "not_ipv4"}


def exits(events, sent_by):
    seen = collections.Counter()
    for e in events:
        if e["event"] != "exit" or e["function"] not in PACKET.values():
            continue
        sent = sent_by.get((e["direction"], e["len"]))
        if not sent:
            fail(f"a packet that was not sent: {e}")
        yield e, met(sent, seen[e["direction"], e["len"]])
        seen[e["direction"], e["len"]] += 1
    check("packets", dict(seen), {key: s["count"] for key, s in sent_by.items()})


def outcome(build, e, sent):
    verdict, reason = outcome_of(sent)
    got = e.get("verdict"), e.get("reason")
    check(f"{build}: color of {e}", e.get("color"), color_of(sent))
    if build == "right" or reason in BY_CODE:
        check(f"{build}: verdict and reason of {e}", got, (verdict, reason))
    elif got[0] not in (verdict, "unknown", "forwarded" if verdict.startswith("forwarded") else verdict):
        fail(f"{build}: not {verdict}: {e}")
    elif got[0] == "dropped" and got[1] not in (reason, "unknown"):
        fail(f"{build}: not {reason}: {e}")


def judge(folder, build):
    unknown, named = UNKNOWN[build]
    sent_by = {(s["direction"], s["len"]): s for s in lines(folder / f"{build}.sent")}
    events = lines(folder / f"{build}.json")
    ledger = check_balance(events)
    check("events lost", total(ledger["gtpu", "ring"], "lost"), 0)
    for e, sent in exits(events, sent_by):
        want = {k: v for k, v in rules_of(sent).items() if k not in unknown}
        if build == "action" and (sent["direction"], sent["kind"]) == ("uplink", "gate_closed"):
            want["qer_id"] = want["pdr_id"]  # it is not known to be the gate, and this QER polices
        check(f"{build}: rules of {e}", {k: e[k] for k in KEYS if k in e}, want)
        outcome(build, e, sent)
    said = [line for line in (folder / f"{build}.err").read_text().splitlines() if "keeps its rules elsewhere" in line]
    check(f"{build}: warnings", len(said), 1 if named else 0)
    check(f"{build}: another build", "(another build: " in (folder / f"{build}.err").read_text(), build == "foreign")
    if named and named not in said[0]:
        fail(f"{build}: {named} is not named: {said[0]}")


def main():
    for build in UNKNOWN:
        judge(pathlib.Path(sys.argv[1]), build)


main()
