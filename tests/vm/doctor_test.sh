#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# timeout: 3600
# teide doctor where there are modules: usable with gtp loaded, by fentry or kprobe, and what is broken
# in the UPF's namespace is named. $GTP5G_KO adds gtp5g on the kernel that it was built for.
. "${TESTS:?run me through ./test}/vm/vm.sh"

# check UPF METHOD FOLDER
check() {
	python3 - "$@" <<-'END'
		import json, sys
		from pathlib import Path

		upf, method, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
		def read(name):
		    report = json.loads((folder / f"{name}.json").read_text())
		    return report["verdict"], (folder / f"{name}.exit").read_text().strip(), {
		        check["id"]: check for check in report["checks"]}

		def expect(name, what, got, want):
		    if got != want:
		        sys.exit(f"FAIL: {name}: {what}: got {got!r}, want {want!r}")

		entry, xmit = {"gtp": ("gtp_encap_recv", "gtp_dev_xmit"),
		               "gtp5g": ("gtp5g_encap_recv", "gtp5g_dev_xmit")}[upf]
		device = (folder / "device").read_text().strip()
		net = "network.teide-upf."

		verdict, status, checks = read("without")
		expect("without", "verdict", (verdict, status), ("limited", "4"))
		expect("without", upf, checks[f"module.{upf}"]["state"], "missing")

		verdict, status, checks = read("fine")
		bad = [c for c in checks.values() if c["state"] in ("limited", "missing")]
		expect("fine", "findings", bad, [])
		expect("fine", "verdict", (verdict, status), ("usable", "0"))
		expect("fine", upf, checks[f"module.{upf}"]["state"], "ok")
		for function in (entry, xmit):
		    got = checks[f"function.{upf}.{function}"]["detail"].split(":")[0]
		    expect("fine", function, got, method)
		inlined = checks[f"function.{upf}.gtp1u_udp_encap_recv"]
		expect("fine", "an inlined one", inlined["state"], "info")
		expect("fine", "why none", "inlined" in inlined["detail"], True)
		for name in ("ip_forward", "rp_filter", "ue_pool", "mtu", "tx_errors"):
		    where = f"{net}{name}.{device}"
		    expect("fine", name, checks[where]["state"] in ("ok", "info"), True)
		if upf == "gtp5g":
		    for name in ("qos", "seq"):
		        expect("fine", name, checks[f"module.gtp5g.{name}"]["state"] in ("ok", "info"), True)

		for probe in ("flow", "runq"):
		    expect("fine", f"programs of {probe}", checks[f"programs.{probe}"]["state"], "ok")

		verdict, status, checks = read("unloadable")
		expect("unloadable", "verdict", (verdict, status), ("limited", "4"))
		hooks = [f"function.{upf}.{function}" for function in (entry, xmit)]
		for where in hooks + ["programs.flow", "programs.runq"]:
		    check = checks[where]
		    expect("unloadable", where, (check["state"], "do" in check), ("missing", True))
		for where in hooks:
		    check = checks[where]
		    expect("unloadable", f"how {where} would be hooked", check["detail"].split(":")[0],
		           "kprobe, but its program does not load")
		    expect("unloadable", f"why not {where}", "this kernel has no struct " in check["detail"], True)
		    expect("unloadable", f"log of {where}", "/teide-kprobe_" in check["do"], True)

		verdict, status, checks = read("broken")
		expect("broken", "verdict", (verdict, status), ("limited", "4"))
		for name in ("ip_forward", "rp_filter", "ue_pool"):
		    where = f"{net}{name}.{device}"
		    expect("broken", name, checks[where]["state"], "limited")
		    expect("broken", f"way out of {name}", "do" in checks[where], True)
		expect("broken", "mtu", checks[f"{net}mtu.{device}"]["state"], "info")

		verdict, status, checks = read("ended")
		socket = checks[f"{net}n3_socket.{device}"]
		# A gtp device may live apart from its socket, and the gNB has one.
		expect("ended", "socket", (socket["state"], f"ip link del dev {device}" in socket["do"]),
		       ("limited" if upf == "gtp5g" else "info", True))

		verdict, status, checks = read("nobody")
		expect("nobody", "verdict", (verdict, status), ("unusable", "3"))
		expect("nobody", "CAP_BPF", checks["rights.CAP_BPF"]["state"], "missing")
	END
}

echo "UPF=gtp" >"$TMP/conf"
for kernel in $(kernels 5.10 6.1 6.12 7.2); do
	method=fentry
	[ "$kernel" != 5.10 ] || method=kprobe
	vm_boot "$kernel" doctor.sh --with setpriv --with "$TMP/conf:/tests/conf"
	check gtp $method "$TMP/$kernel"
done

[ -n "${GTP5G_KO:-}" ] || { note "GTP5G_KO names no gtp5g.ko: gtp alone"; exit 0; }
need modinfo readelf
kernel=$(modinfo -F vermagic "$GTP5G_KO" | cut -d . -f 1,2)
method=kprobe
! readelf -S "$GTP5G_KO" | grep -q ' \.BTF ' || method=fentry
# shellcheck disable=SC2034 # for vm_boot
VM_MODULES="udp_tunnel veth tun"
echo "UPF=gtp5g" >"$TMP/conf"
vm_boot "$kernel" doctor.sh --with setpriv --with "$TMP/conf:/tests/conf" \
	--with "$GTP5G_KO:/tests/gtp5g.ko"
check gtp5g $method "$TMP/$kernel"
