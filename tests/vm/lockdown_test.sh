#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# timeout: 3600
# A kernel locked down for confidentiality, where no program may read the kernel's memory: the flow and runq probes
# count as exactly as elsewhere, packets have no task, and what is not possible is said once and in one line.
. "${TESTS:?run me through ./test}/vm/vm.sh"

status=0
/usr/bin/python3 "$TESTS/bpf/flow_cases.py" "$TMP" >"$TMP/why" || status=$?
[ $status = 0 ] || fail "making packets: $(cat "$TMP/why")"
/usr/bin/python3 "$TESTS/netns/flow_packets.py" heads "$TMP/cases.txt" | awk '{ print $1, 2 * $2 }' >"$TMP/heads"

# locked_down SCRIPT [OPTION of run...]
locked_down() {
	local script=$1
	shift
	vm_boot "$kernel" "$script" --append "lockdown=confidentiality lsm=lockdown,capability" "$@"
}

for kernel in $(kernels 6.12); do
	locked_down flow.sh --with "$TMP/cases.txt" --with "${BUILD:?}/tests/vm/cases_sender" \
		--with "$BUILD/tests/netns/tc_foreign"
	where=$(sed -n 's/.*"where":"\(ingress [^"]*\)".*/\1/p' "$TMP/$kernel/cases.json" | head -n 1)
	/usr/bin/python3 "$TESTS/netns/flow_packets.py" ledger_heads "$TMP/$kernel/cases.json" "$where" >"$TMP/got"
	diff -u "$TMP/heads" "$TMP/got" || fail "heads of every kind of packet on $kernel"
	judge flows "$TMP/$kernel"
	judge runq "$TMP/$kernel"

	locked_down lockdown.sh
	python3 - "$TMP/$kernel" <<-'END'
		import json, pathlib, sys

		folder = pathlib.Path(sys.argv[1])
		def lines(name):
		    return [json.loads(line) for line in (folder / name).read_text().splitlines()]

		def expect(what, got, want):
		    if got != want:
		        sys.exit(f"FAIL: {what}: got {got!r}, want {want!r}")

		received, sent = map(int, (folder / "counters").read_text().split())
		if not received or not sent:
		    sys.exit("FAIL: no packets")
		# Both runs count from their start, before which nothing was sent.
		for name in ("flows", "trace"):
		    seen = {e["where"].split()[0]: e["value"] for e in lines(f"{name}.json")
		            if e["event"] == "ledger" and e["name"] == "seen" and " " in e["where"]}
		    expect(f"packets by {name} and by the interface", seen, {"ingress": received, "egress": sent})
		rows = {}
		for e in lines("flows.json"):
		    if e["event"] == "flow":
		        rows[e["dir"]] = rows.get(e["dir"], 0) + e["packets"]
		expect("packets of flows", rows, {"ingress": received, "egress": sent})

		packets = [e for e in lines("trace.json") if e["event"] == "packet"]
		expect("events", len(packets), received + sent)
		for e in packets:
		    expect("addresses", {e["outer"]["src"], e["outer"]["dst"]}, {"10.9.0.1", "10.9.0.2"})
		    expect("keys of a task", [k for k in ("pid", "tgid", "comm", "context", "cgroup") if k in e], [])

		for name in ("doctor", "unmounted"):
		    report = json.loads((folder / f"{name}.json").read_text())
		    checks = {c["id"]: c for c in report["checks"]}
		    expect(f"verdict of {name}", (report["verdict"], (folder / f"{name}.exit").read_text().strip()),
		           ("limited", "4"))
		    lockdown = checks["kernel.lockdown"]
		    expect("lockdown", (lockdown["state"], "integrity" in lockdown["do"]), ("limited", True))
		    for probe in ("flow", "runq"):
		        expect(f"programs of {probe}", checks[f"programs.{probe}"]["state"], "ok")
		    for function in ("gtp_encap_recv", "gtp_dev_xmit"):
		        check = checks[f"function.gtp.{function}"]
		        expect(function, (check["state"], "locked down for confidentiality" in check["detail"]),
		               ("missing", True))
	END
done
