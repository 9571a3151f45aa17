#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide rules and teide trace with gtp5g: every rule is what the lab says of its tunnels, every change is
# what gtp5g_far says that it did, with the packets that it sent in between. $GTP5G_KO is a gtp5g.ko built for one of the kernels here.
. "${TESTS:?run me through ./test}/vm/vm.sh"

[ -n "${GTP5G_KO:-}" ] || skip "GTP5G_KO names no gtp5g.ko"
need modinfo
kernel=$(modinfo -F vermagic "$GTP5G_KO" | cut -d . -f 1,2)
version=$(modinfo -F version "$GTP5G_KO")
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth tun"

# Before 0.10.1 the kernel would hang.
qer=''
! printf '0.10.1\n%s\n' "$version" | sort -CV || qer=yes
echo "QER='$qer'" >"$TMP/conf"
vm_boot "$kernel" gtp5g_rules.sh --with "$TMP/conf:/tests/conf" --with "$GTP5G_KO:/tests/gtp5g.ko" \
	--with "${BUILD:?}/tests/vm/gtp5g_far:/with/gtp5g_far" --with "$BUILD/tests/netns/fail_call.so:/with/fail_call.so"
python3 - "$TMP/$kernel" "$version" <<'END'
import json, sys
from pathlib import Path

folder = Path(sys.argv[1])

def expect(what, got, want):
    if got != want:
        sys.exit(f"FAIL: {what}: got {got!r}, want {want!r}")

def without_head(line):
    """What every line of JSON begins with is looked at and taken off."""
    expect("schema and node", (line.pop("schema"), bool(line.pop("node"))), (1, True))
    ts = line.pop("ts")
    expect("time and ts", line.pop("time", ts), ts)
    return line

status = json.loads((folder / "status.json").read_text())
found = without_head(json.loads((folder / "rules.json").read_text()))
expect("event of the list", found["event"], "rules")
expect("namespaces", len(found["namespaces"]), 1)
upf = found["namespaces"][0]
expect("netns", upf["netns"], status["upf"]["netns"])
expect("interface", upf["interface"], status["upf"]["interfaces"][-1])
if sys.argv[2]:
    expect("version", upf["version"], sys.argv[2])
expect("not read", (upf["malformed"], upf["left_out"], found["ambiguous"], found["left_out"]), (0,) * 4)

pdrs, fars, qers = [], [], []
for ue in status["ues"]:
    gnb = next(g for g in status["gnbs"] if g["index"] == ue["gnb"])
    seid = str(0x1000 + ue["index"])
    pdrs.append({"seid": seid, "pdr_id": 1, "precedence": 255, "direction": "uplink",
                 "ue": ue["address"], "teid": ue["teid_uplink"], "local": gnb["upf_n3_address"],
                 "outer_header_removal": 0, "far_id": 1, "qer_ids": [1]})
    pdrs.append({"seid": seid, "pdr_id": 2, "precedence": 255, "direction": "downlink",
                 "ue": ue["address"], "far_id": 2, "qer_ids": [1]})
    fars.append({"seid": seid, "far_id": 1, "far_action": 2})
    fars.append({"seid": seid, "far_id": 2, "far_action": 2, "peer": gnb["n3_address"],
                 "teid": ue["teid_downlink"], "port": 2152})
    qers.append({"seid": seid, "qer_id": 1, "rule_qfi": status["flows"][0]["qfi"],
                 "gate_uplink_open": True, "gate_downlink_open": True})
for key, want in {"pdrs": pdrs, "fars": fars, "qers": qers, "urrs": [], "bars": []}.items():
    expect(key, upf[key], want)

def lines_of(name):
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]

# What the module counted, and what was sent.
counters = {}
for line in lines_of("counters.json"):
    expect("event of a counter", without_head(line)["event"], "counter")
    counters[(line.get("seid"), line.get("pdr_id"), line["counter"])] = line
    expect(f"unexplained of {line}", line["unexplained"], 0)
    if "seid" in line:
        expect(f"within one look: {line}", line.get("module_most", line["module"]), line["module"])

def counted(seid, pdr, counter, module, teide, **because):
    line = counters[(seid and str(seid), pdr, counter)]
    expect(f"{counter} of {seid}/{pdr}", (line["module"], line["teide"], line["because"]), (module, teide, because))

counted(0x1001, 1, "ul_packets", 5, 5)
counted(0x1001, 1, "ul_bytes", 5 * 84, 5 * 108, outer_header=-5 * 24)
counted(0x1001, 2, "dl_packets", 5, 5)
counted(0x1001, 2, "dl_bytes", 5 * 84, 5 * 84)
counted(0x2001, 2, "dl_packets", 20, 20)
counted(0x2001, 2, "dl_bytes", 2000, 2000)
counted(0x2001, 2, "dl_drops", 4, 4)
counted(0x2001, 1, "ul_packets", 0, 0)
version = tuple(int(part) for part in upf["version"].split("."))
if version >= (0, 9, 2):
    counted(None, None, "dl_rx_packets", 34, 34)
if version >= (0, 9, 16):
    counted(None, None, "dl_tx_packets", 25, 25)
    # The gNB asks for an Echo now and then, and perhaps between two looks.
    def within(counter, value):
        line = counters[(None, None, counter)]
        expect(f"{value} in {line}", line["module"] <= value <= line.get("module_most", line["module"]), True)
        return line
    sent, received = counters[(None, None, "ul_tx_packets")], counters[(None, None, "ul_rx_packets")]
    expect("sent", (sent["teide"], set(sent["because"]) - {"echo_answered"}), (5, set()))
    within("ul_tx_packets", 5 + sum(sent["because"].values()))
    expect("received", (received["teide"] >= 5, received["because"]), (True, {}))
    within("ul_rx_packets", received["teide"])
expect("rows", len(counters), 6 * 8 + (6 if version >= (0, 9, 16) else 4 if version >= (0, 9, 2) else 0))

# By polling: the result alone.
lines = [without_head(line) for line in lines_of("polled.json")]
expect("the list first", lines.pop(0), found)
old, ue = fars[3], status["ues"][1]
new = {"far_action": 2, "peer": "10.100.9.8", "teid": 0x555, "port": 2152}
where = {"netns": upf["netns"], "rule": "FAR", "seid": str(0x1002), "far_id": 2}
expect("polled", lines, [
    {"event": "changed", **where, "old": {key: old[key] for key in new}, "new": new},
    {"event": "handover", **where, "pdr_id": 2, "ue": ue["address"],
     "old": {"gnb": old["peer"], "teid": old["teid"]}, "new": {"gnb": "10.100.9.8", "teid": 0x555}}])

# As they are made: each request of gtp5g_far, in its order, and what the FAR did in between.
N3, SEID, UE = "10.100.1.254", str(0x2001), "10.60.0.99"
HANDOVERS = [  # old and new gNB and TEID, End Marker, packets buffered and dropped
    (N3, 0x300, "10.100.9.1", 0x301, True, 7, 0),
    ("10.100.9.1", 0x301, "10.100.9.2", 0x302, False, 0, 3),
    ("10.100.9.2", 0x303, "10.100.9.2", 0x304, True, 0, 0)]  # another TEID without one is none

def rows(packets):
    return {"packets": packets, "bytes": 100 * packets}

def check_handovers(what, lines):
    want = [{"pdr_id": 2, "ue": UE, "old": {"gnb": a, "teid": b}, "new": {"gnb": c, "teid": d},
             "end_marker": marker, "buffered": rows(kept), "dropped": rows(lost)}
            for a, b, c, d, marker, kept, lost in HANDOVERS]
    expect(f"{what}: handovers", [{key: line[key] for key in want[0]} for line in lines], want)

def check_requests(what, lines, did, words):
    got = [{"change": words.get(line[what], line[what]), **{key: line[key] for key in want if key != "change"}}
           for line, want in zip(lines, did)]
    expect("requests", (len(lines), got), (len(did), did))

follow = lines_of("follow.json")
listed = follow.pop(0)
mine = [line for line in follow if line["seid"] == SEID]
did = lines_of("did")
first = mine[:len(did) + len(HANDOVERS)]
for part, wanted in ((first, did), (mine[len(first):], lines_of("did.trace"))):
    expect("who", {line["comm"] for line in part}, {"gtp5g_far"})
    check_requests("event", [line for line in part if line["event"] != "handover"], wanted,
                   {"changed": "replaced"})
    check_handovers("follow", [line for line in part if line["event"] == "handover"])
refused = [line for line in first if line["event"] == "refused"]
expect("refused", [(line["old"]["far_action"], line["asked"]["far_action"]) for line in refused], [(2, 1)])
theirs = [line for line in follow if line["seid"] == str(0x1001) and line["event"] != "removed"]
expect("the lab's own", [(line["event"], line["new"].get("gnb"), line["new"]["teid"]) for line in theirs],
       [("changed", None, 0x777), ("handover", "10.100.9.9", 0x777)])

# Rules of the other kinds, as the module has them before and after.
OTHERS = str(0x2002)
did = lines_of("did.others")
others = [line for line in follow if line["seid"] == OTHERS]
check_requests("event", others, did, {"changed": "replaced"})
def replaced(rule, key):
    return [tuple(line[side][key] for side in ("old", "new")) for line in others
            if line["event"] == "changed" and line["rule"] == rule]
expect("a QER's QFI", replaced("QER", "rule_qfi"), [(9, 5)] if version >= (0, 10, 1) else [])
expect("a PDR's precedence", replaced("PDR", "precedence"), [(255, 32)])
expect("a URR's quota", [(old["total"], new["total"]) for old, new in replaced("URR", "quota_bytes")],
       [(1000, 2000)])
expect("a BAR", [line[side]["packets"] for line in others if line["rule"] == "BAR"
                 for side in ("old", "new") if side in line], [8, 8])
trace = [line for line in lines_of("trace.json") if line["event"] == "rule" and line["seid"] == OTHERS]
check_requests("change", trace, did, {})
contents = lambda lines: [(line["rule"], line.get("old"), line.get("new")) for line in lines]
expect("the same in trace", contents(trace), contents(others))

rest = [line for line in follow if line["seid"] not in (SEID, OTHERS) and line not in theirs]
expect("the rest", {line["event"] for line in rest}, {"removed"})
expect("removed with the device", len(rest), len(pdrs) + len(fars) + len(qers))
expect("nobody asked for that", [line for line in rest if "pid" in line], [])

# teide trace, which shows dropped packets alone: beside them the rules.
trace = [line for line in lines_of("trace.json") if line["event"] != "ledger" and line.get("seid") != OTHERS]
expect("events", {line["event"] for line in trace}, {"rule", "handover", "exit"})
rules = [line for line in trace if line["event"] == "rule"]
check_requests("change", rules, lines_of("did.trace"), {})
check_handovers("trace", [line for line in trace if line["event"] == "handover"])
drops = [line for line in trace if line["event"] == "exit"]
expect("drops", [(line["seid"], line["far_id"], line["reason"]) for line in drops], [(SEID, 2, "far_drop")] * 3)
began = next(line["ts_ns"] for line in rules if line["change"] == "replaced" and line["new"]["far_action"] == 1)
ended = next(line["ts_ns"] for line in rules if line.get("new", {}).get("teid") == 0x302)
expect("in order", all(began < line["ts_ns"] < ended for line in drops), True)
lost = [line for line in lines_of("trace.json") if line["event"] == "ledger" and line["name"] == "lost"]
expect("lost", sum(line["value"] for line in lost), 0)

text = (folder / "follow.txt").read_text()
want = f"handover: FAR 2 of 0x2001: UE {UE} from {N3} TEID 0x00000300 to 10.100.9.1 TEID 0x00000301, " \
       "an End Marker sent; 7 packets kept by the UPF, 0 dropped (gtp5g_far, pid "
expect(f"'{want}' in text", want in text, True)
expect("one clear line", "no gtp5g device in any network namespace" in (folder / "without").read_text(), True)
END
