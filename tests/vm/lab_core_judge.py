#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""lab_core_judge.py UPF FOLDER: what guest/lab_core.sh has written. Every datagram came back, teide why counted each and
says that the session works; with gtp5g teide rules lists free5GC's PDRs, and the module's own counters say which of
them took the packets."""
import collections
import json
import pathlib
import re
import sys

from judge import check, check_balance, lines

N = 60
# PDR: precedence, QERs, SDF filter; those of UE 2 have the next numbers. QER 2 has no rates.
ANY, TO, FROM = (f"permit out ip from {a} to {b}" for a, b in
                 (("any", "any"), ("any", "10.70.0.3/32"), ("10.70.0.3/32", "any")))
SESSION = [(255, [2, 1], ANY), (255, [2, 1], ANY), (128, [1, 3], TO), (128, [1, 3], FROM)]


def rules(folder):
    listed = json.loads((folder / "core-rules").read_text())["namespaces"][0]
    got = {pdr["pdr_id"]: (int(pdr["seid"]), pdr["ue"], pdr["far_id"], pdr["precedence"], pdr["qer_ids"],
                           pdr["policing_qer_id"], pdr["flow_description"]) for pdr in listed["pdrs"]}
    last_polices = tuple(int(n) for n in listed["version"].split(".")) >= (0, 9, 2)
    want = {}
    for ue in (1, 2):
        for i, (precedence, qers, flow) in enumerate(SESSION):
            number = 4 * (ue - 1) + 1 + i
            policer = 3 if last_polices and 3 in qers else 1
            want[number] = (ue, f"10.60.0.{ue}", number, precedence, [q + 3 * (ue - 1) for q in qers],
                            policer + 3 * (ue - 1), flow)
    check("PDRs", got, want)
    check("uplink TEIDs", [pdr.get("teid") for pdr in listed["pdrs"]], [2, None, 2, None, 6, None, 6, None])
    fars = [(far.get("peer"), far.get("teid")) for far in listed["fars"]]
    check("FARs", fars, [pair for ue in (1, 2) for pair in [(None, None), (f"10.100.{ue}.2", 1)] * 2])


def counters(folder):
    """Half of the datagrams are the flow rule's, both ways."""
    for pdr in range(1, 9):
        text = (folder / f"core-pdr-{pdr}").read_text()
        found = {way: int(n) for way, n in re.findall(r"(UL|DL) Packet Count: (\d+)", text)}
        uplink = pdr % 2 == 1
        check(f"packets of PDR {pdr}: {text}", found, {"UL": N // 2 if uplink else 0, "DL": 0 if uplink else N // 2})


def device(folder):
    """At gtp5g's own device the uplink still has N3's headers before it."""
    events = lines(folder / "core-flows")
    check_balance(events)
    counted = collections.Counter()
    for e in events:
        if e["event"] == "flow" and e["outer"]["proto"] == 17:
            counted[e["dir"], e["outer"]["src"], e["outer"]["dst"]] += e["packets"]
    hosts = [(f"10.60.0.{ue}", f"10.70.0.{host}") for ue in (1, 2) for host in (2, 3)]
    check("datagrams at upfgtp", dict(counted), {("ingress", ue, host): N // 2 for ue, host in hosts} |
          {("egress", host, ue): N // 2 for ue, host in hosts})


def main():
    upf, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    for ue in (1, 2):
        flows = json.loads((folder / f"core-traffic-{ue}").read_text())["flows"]
        count = N // len(flows)
        check(f"datagrams of UE {ue}", [flow["received"] for flow in flows], [count] * len(flows))
        check("flows", len(flows), 2 if upf == "gtp5g" else 1)
        answer = json.loads((folder / f"core-why-{ue}").read_text())
        check(f"answer about UE {ue}: {answer['verdict']}", answer["state"], "works")
        for way in ("uplink", "downlink"):
            for stage in answer[way]["stages"]:
                check(f"{way} of UE {ue}: {stage}", stage.get("packets", N), N)
    if upf == "gtp5g":
        rules(folder)
        counters(folder)
        device(folder)


main()
