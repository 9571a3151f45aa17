#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# teide rules with gtp5g: every rule is what the lab says of its tunnels, a replaced FAR is a change
# and a handover. $GTP5G_KO is a gtp5g.ko built for one of the kernels here.
. "${TESTS:?run me through ./test}/vm/vm.sh"

[ -n "${GTP5G_KO:-}" ] || skip "GTP5G_KO names no gtp5g.ko"
need modinfo
kernel=$(modinfo -F vermagic "$GTP5G_KO" | cut -d . -f 1,2)
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth tun"

vm_boot "$kernel" gtp5g_rules.sh --with "$GTP5G_KO:/tests/gtp5g.ko" \
	--with "${BUILD:?}/tests/vm/gtp5g_far:/with/gtp5g_far"
python3 - "$TMP/$kernel" "$(modinfo -F version "$GTP5G_KO")" <<'END'
import json, sys
from pathlib import Path

folder = Path(sys.argv[1])

def expect(what, got, want):
    if got != want:
        sys.exit(f"FAIL: {what}: got {got!r}, want {want!r}")

status = json.loads((folder / "status.json").read_text())
found = json.loads((folder / "rules.json").read_text())
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
    seid = 0x1000 + ue["index"]
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

lines = [json.loads(line) for line in (folder / "follow.json").read_text().splitlines()]
expect("the list first", lines.pop(0), found)
for line in lines:
    line.pop("time")
old, ue = fars[1], status["ues"][0]
new = {"far_action": 2, "peer": "10.100.9.9", "teid": 0x777, "port": 2152}
where = {"netns": upf["netns"], "rule": "FAR", "seid": 0x1001, "far_id": 2}
expect("change", lines[0], {"event": "changed", **where,
       "old": {key: old[key] for key in new}, "new": new})
expect("handover", lines[1], {"event": "handover", **where, "pdr_id": 2, "ue": ue["address"],
       "old": {"gnb": old["peer"], "teid": old["teid"]}, "new": {"gnb": "10.100.9.9", "teid": 0x777}})
expect("the rest", {line["event"] for line in lines[2:]}, {"removed"})
expect("removed", len(lines) - 2, len(pdrs) + len(fars) + len(qers))

text = (folder / "follow.txt").read_text()
want = f"handover: FAR 2 of 0x1001: UE {ue['address']} from {old['peer']} TEID 0x{old['teid']:08x} " \
       "to 10.100.9.9 TEID 0x00000777"
expect(f"'{want}' in text", want in text, True)
expect("one clear line", "no gtp5g device in any network namespace" in (folder / "without").read_text(), True)
END
