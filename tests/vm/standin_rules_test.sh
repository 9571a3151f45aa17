#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Changes of a FAR as teide rules --follow, teide trace and teide run tell them, at the module that stands in for
# gtp5g: by kprobes without its BTF, by fentry with. The same of a session as free5GC makes it, and its list.
. "${TESTS:?run me through ./test}/vm/vm.sh"
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth"

need cc make pahole
for kernel in $(kernels 6.1 6.12); do
	vm_build standin "$kernel" "$TMP/ko-$kernel"
	vm_boot "$kernel" standin_rules.sh --with "${BUILD:?}/tests/vm/gtp5g_far:/with/gtp5g_far" \
		--with "$TMP/ko-$kernel/gtp5g.ko:/tests/plain/gtp5g.ko" \
		--with "$TMP/ko-$kernel/btf/gtp5g.ko:/tests/btf/gtp5g.ko"
	python3 - "$TMP/$kernel" <<'END'
import json, sys
from pathlib import Path

folder = Path(sys.argv[1])
SEID, FAR, UE = str(0x5e1d), 101, "10.60.0.1"
HANDOVERS = [  # old and new gNB and TEID, End Marker, packets kept and dropped, each of 100 bytes
    ("10.9.0.2", 0x2000, "10.9.0.3", 0x301, True, 7, 0),
    ("10.9.0.3", 0x301, "10.9.0.4", 0x302, False, 0, 3),
    ("10.9.0.4", 0x302, "10.9.0.4", 0x303, True, 0, 0)]  # another TEID without one is none
ACTIONS = [4, 2, 1, 2, None, 2, 2, None]  # of what became new

def expect(what, got, want):
    if got != want:
        sys.exit(f"FAIL: {what}: got {got!r}, want {want!r}")

def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]

def rows(packets):
    return {"packets": packets, "bytes": 100 * packets}

SESSION = str(0xf5)
TO_ANY, FROM_SERVER = "permit out ip from any to any", "permit out ip from 203.0.113.100/32 to any"
TO_SERVER = "permit out ip from any to 203.0.113.100/32"

def check_list(what, found, text):
    """Two pairs of PDRs of one UE and one tunnel; URRs with 30 s in go-upf's form."""
    pdrs = {pdr["pdr_id"]: pdr for pdr in found["pdrs"] if pdr["seid"] == SESSION}
    expect(f"{what}: filters", [(n, pdr["precedence"], pdr["flow_description"]) for n, pdr in sorted(pdrs.items())],
           [(1, 255, TO_ANY), (2, 255, TO_ANY), (3, 128, TO_SERVER), (4, 128, FROM_SERVER)])
    # The session's QER stands first in the flow rule's PDRs, and last in the others: the last one with rates polices.
    expect(f"{what}: QERs", [(n, pdr["qer_ids"], pdr["policing_qer_id"]) for n, pdr in sorted(pdrs.items())],
           [(1, [2, 1], 1), (2, [2, 1], 1), (3, [1, 3], 3), (4, [1, 3], 3)])
    expect(f"{what}: rates", [(qer["qer_id"], qer.get("mbr_kbps", {}).get("uplink")) for qer in found["qers"]
                              if qer["seid"] == SESSION], [(1, 100000), (2, None), (3, 64)])
    for words in ("QER 1: QFI 1 MBR 100M/100M gate open, polices; URR", "QER 3: QFI 2 MBR 64k/64k gate open, polices; URR"):
        expect(f"{what}: '{words}' in text", text.count(words), 2)
    expect(f"{what}: one UE", {pdr["ue"] for pdr in pdrs.values()}, {"10.61.0.1"})
    both_ways = {"uplink": 500000, "downlink": 500000}
    expect(f"{what}: URRs", [(urr["urr_id"], urr["period_s"], urr["period_raw"], urr["threshold_bytes"])
                             for urr in found["urrs"]],
           [(n, 30, 30 * 10**9 % 2**32, both_ways) for n in (1, 2)])
    expect(f"{what}: others have no filter", [pdr for pdr in found["pdrs"] if pdr["seid"] != SESSION and
                                              "sdf_filter" in pdr], [])
    expect(f"{what}: filters in text", text.count("; SDF permit out ip from"), 4)

def change_of(line, key):
    return "resumed" if line["event"] == "resumed" else {"changed": "replaced"}.get(line[key], line[key])

def check_session(what, key, told):
    """The two requests that changed nothing are not told."""
    expect(f"{what}: session", [(line["rule"], change_of(line, key)) for line in told],
           [("PDR", "replaced"), ("FAR", "replaced"), ("FAR", "replaced"), ("FAR", "resumed")])
    expect(f"{what}: precedence", [told[0][side]["precedence"] for side in ("old", "new")], [255, 254])
    resumed = {"seid": SESSION, "far_id": 2, "pdr_id": 2, "ue": "10.61.0.1", "old": {"gnb": "10.9.0.2", "teid": 1},
               "new": {"gnb": "10.9.0.2", "teid": 3}, "buffered": rows(0), "dropped": rows(0)}
    expect(f"{what}: resumed", {k: told[3].get(k) for k in resumed}, resumed)
    expect(f"{what}: no word of an End Marker", "end_marker" in told[3], False)

def without_session(told):
    return [line for line in told if line.get("seid") != SESSION]

def check(what, key, requests, handovers, did):
    got = [{"change": {"changed": "replaced"}.get(line[key], line[key]),
            **{k: line[k] for k in ("rule", "seid", "far_id")}} for line in requests]
    expect(f"{what}: requests", got, did)
    expect(f"{what}: new", [line.get("new", {}).get("far_action") for line in requests], ACTIONS)
    expect(f"{what}: of others", {line["comm"] for line in requests + handovers}, {"gtp5g_far"})
    want = [{"seid": SEID, "far_id": FAR, "pdr_id": FAR, "ue": UE, "old": {"gnb": a, "teid": b},
             "new": {"gnb": c, "teid": d}, "end_marker": marker, "buffered": rows(kept), "dropped": rows(lost)}
            for a, b, c, d, marker, kept, lost in HANDOVERS]
    expect(f"{what}: handovers", [{k: line[k] for k in want[0]} for line in handovers], want)

for module in ("plain", "btf"):
    did = lines(folder / f"{module}.did")
    follow = lines(folder / f"{module}.follow")
    listed = follow.pop(0)["namespaces"][0]
    expect("the list", [far["peer"] for far in listed["fars"] if (far["seid"], far["far_id"]) == (SEID, FAR)],
           ["10.9.0.2"])
    check_list(module, listed, (folder / f"{module}.list").read_text())
    check_session(f"{module} follow", "event", [line for line in follow if line["seid"] == SESSION])
    follow = without_session(follow)
    check(f"{module} follow", "event", [line for line in follow if line["event"] != "handover"],
          [line for line in follow if line["event"] == "handover"], did)
    trace = [line for line in lines(folder / f"{module}.trace") if line["event"] != "ledger"]
    check_session(f"{module} trace", "change", [line for line in trace if line.get("seid") == SESSION])
    told_by = (trace, lines(folder / f"{module}.run"))
    trace = without_session(trace)
    check(f"{module} trace", "change", [line for line in trace if line["event"] == "rule"],
          [line for line in trace if line["event"] == "handover"], did)
    changes = [[{k: v for k, v in line.items() if k not in ("ts", "ts_ns", "since_ns", "cpu")} for line in told
                if line["event"] in ("rule", "handover", "resumed")] for told in told_by]
    expect(f"{module} run: as trace", changes[1], changes[0])
    drops = [line for line in trace if line["event"] == "exit"]
    expect(f"{module} drops", [(line["pdr_id"], line["reason"]) for line in drops], [(FAR, "far_drop")] * 3)
    began, ended = (next(line["ts_ns"] for line in trace if line["event"] == "rule" and
                         line["new"]["far_action"] == action and line["old"]["far_action"] == old)
                    for action, old in ((1, 2), (2, 1)))
    expect(f"{module} in order", all(began < line["ts_ns"] < ended for line in drops), True)
END
done
