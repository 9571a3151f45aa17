#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""why_judge.py UPF FOLDER [NAME...]: the answers of guest/why.sh (all, or those) against the faults."""
import json
import sys
from pathlib import Path

N = 40
STAGES = {"uplink": ["n3_in", "module", "pdr", "decapsulated", "n6_out"],
          "downlink": ["n6_in", "module", "pdr", "encapsulated", "n3_out"]}

# The direction that is broken, the first stage that packets do not reach, the reason; None: works.
FAULTS = {
    "fine": None, "by_uplink_teid": None, "by_downlink_teid": None, "rp_filter_alone": None,
    "ip_forward": ("uplink", "n6_out", {"ip_forward"}),
    "rp_filter": ("uplink", "n6_out", {"rp_filter"}),
    "no_ue_route": ("downlink", "module", {"no_ue_route"}),
    "n6_silent": ("downlink", "n6_in", {"n6_silent"}),
    "no_route_n6": ("uplink", "n6_out", {"no_route_n6"}),
    "no_route": ("downlink", "encapsulated", {"no_route"}),
    "n3_silent": ("uplink", "n3_in", {"n3_silent"}),
}
GTP = {"no_session": ("uplink", "pdr", {"no_session"})}
GTP5G = {
    "gtp5g_none": None,
    "gtp5g_wrong_teid": ("uplink", "pdr", {"wrong_teid"}),
    "gtp5g_wrong_ue": ("uplink", "pdr", {"no_session", "wrong_ue"}),
    "gtp5g_far_drop": ("uplink", "decapsulated", {"far_drop"}),
    "gtp5g_gate_closed": ("uplink", "decapsulated", {"gate_closed"}),
    "gtp5g_buffered": ("uplink", "decapsulated", {"buffered"}),
    "gtp5g_no_ran_address": ("downlink", "encapsulated", {"no_ran_address"}),
    "gtp5g_no_route": ("downlink", "encapsulated", {"no_route"}),
    "gtp5g_no_outer_header_removal": ("uplink", "decapsulated", {"no_outer_header_removal"}),
    "gtp5g_quota": ("uplink", "decapsulated", {"quota"}),
    "gtp5g_no_session": ("uplink", "pdr", {"no_session"}),
}


failures = []


def expect(name, what, got, want):
    if got != want:
        failures.append(f"FAIL: {name}: {what}: got {got!r}, want {want!r}")


def counts(answer, way):
    return [stage.get("packets") for stage in answer[way]["stages"]]


def judge(name, answer, want):
    if want is None:
        expect(name, answer["verdict"], answer["state"], "works")
        for way in STAGES:
            expect(name, f"{way} by stage", counts(answer, way), [N] * 5)
        return
    way, stop, reasons = want
    said = answer[way]
    expect(name, answer["verdict"], answer["state"], "broken")
    expect(name, f"where the {way} stops", said.get("stop"), stop)
    expect(name, f"one of the reasons {reasons}: {said.get('reason')}",
           said.get("reason") in reasons, True)
    expect(name, "the way out", bool(answer.get("do")), True)
    seen = counts(answer, way)
    at = STAGES[way].index(stop)
    if at:
        expect(name, f"packets before it: {seen}", len(set(seen[:at])), 1)
        expect(name, f"packets before it: {seen}", seen[0] > 0, True)
    expect(name, f"packets from there on: {seen}", [n for n in seen[at:] if n], [])


def judge_fine(upf, fine):
    expect("fine", "upf", fine["upf"], upf)
    expect("fine", "gNB", [fine[way]["gnb"] for way in STAGES], ["10.100.1.2"] * 2)
    expect("fine", "TEIDs", [fine[way]["teid"] for way in STAGES], [0x10001, 0x20001])
    expect("fine", "rules", [fine["uplink"]["rule"].get("teid"),
                             fine["downlink"]["rule"].get("peer_teid")], [0x10001, 0x20001])
    expect("fine", "latencies", [fine[way]["latency"]["packets"] for way in STAGES], [N] * 2)
    if upf == "gtp5g":
        expect("fine", "session", [fine["seid"], fine["uplink"]["rule"]["pdr_id"],
                                   fine["downlink"]["rule"]["pdr_id"]], ["4097", 1, 2])


def judge_nobody(nobody):
    expect("nobody", "state", nobody["state"], "silent")
    expect("nobody", "watched", nobody["watched"],
           [{"netns": "teide-upf", "interfaces": ["n3", "n6", "upfgtp"]}])


def judge_n3_down(down):
    expect("n3_down", "state", down["state"], "silent")
    expect("n3_down", "verdict", "n3 is down" in down["verdict"], True)


def main():
    upf, folder = sys.argv[1], Path(sys.argv[2])
    faults = {**FAULTS, **(GTP if upf == "gtp" else GTP5G)}
    for name in sys.argv[3:] or [*faults, "nobody", "n3_down"]:
        answer = json.loads((folder / f"{name}.json").read_text())
        if name == "nobody":
            judge_nobody(answer)
        elif name == "n3_down":
            judge_n3_down(answer)
        else:
            judge(name, answer, faults[name])
        if name == "fine":
            judge_fine(upf, answer)
    sys.exit("\n".join(failures) or 0)


main()
