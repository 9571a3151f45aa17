#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""teide in a PID namespace that is not the node's, as in a pod without hostPID: no PID is sent, and teide says why.
With the /proc of the outer namespace at host.proc, the PIDs that are sent are the outer ones."""
import json
import os
import signal
import subprocess
from pathlib import Path

from harness import DEADLINE, TEIDE, TMP, case, contains, end, equal, main, need, openssl, spawn, wait_for
from standin import StandIn

need("openssl", "unshare", "mount")
NAME = f"pn{os.getpid()}"
HOST_PROC = TMP / "host_proc"
KEY = TMP / "public_key.pem"
POD = {name: value for name, value in os.environ.items() if name != "TEIDE_HOST_PIDS"}
ANY = dict(POD, TEIDE_HOST_PIDS="any")


def sleeper():
    child = spawn("python3", "-c", "import ctypes, signal, sys\n"
                  f"ctypes.CDLL(None).prctl(15, b'{NAME}', 0, 0, 0)\n"
                  "print('named', flush=True)\nsignal.pause()")
    equal(child.stdout.readline(), "named\n")
    return child


def config(name, url, **sections):
    path = TMP / f"{name}.json"
    path.write_text(json.dumps({
        "run": {"probes": [], "log_level": "debug"},
        "sched": {"backend": "gthulhu", "names": [NAME], "evidence": ["name"]},
        "api": {"url": url, "interval": "1s", "public_key_path": str(KEY)}, **sections}))
    return path


def inside(*words):
    """The command in a PID namespace with a /proc of its own, and the outer /proc at HOST_PROC. The mounts are gone with
    the command: nothing that removes TMP ever sees a /proc there."""
    HOST_PROC.mkdir(exist_ok=True)
    return ["unshare", "--mount", "sh", "-c", f'mount --bind /proc {HOST_PROC} && exec "$@"', "sh",
            "unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", *map(str, words)]


@case
def nothing_is_sent():
    server, process = StandIn(), sleeper()
    done = subprocess.run([TEIDE, "run", "-c", config("nothing", server.url)], env=POD, capture_output=True, text=True)
    equal(done.returncode, 3)
    for part in ("another PID namespace", "hostPID: true", "host.proc: /host/proc"):
        contains(done.stderr, part)
    equal(server.kinds(), [])
    end(process)
    server.stop()


@case
def preview_says_it():
    process = sleeper()
    words = [TEIDE, "sched", "preview", "-o", "json", "-c", config("preview", "http://127.0.0.1:1")]
    done = subprocess.run(words, env=POD, capture_output=True, text=True)
    contains(done.stderr, "hostPID: true")
    equal(json.loads(done.stdout.splitlines()[-1])["foreign_pids"], True)
    done = subprocess.run(words, env=ANY, capture_output=True, text=True)
    assert "hostPID" not in done.stderr and "foreign_pids" not in done.stdout, done
    end(process)


@case
def doctor_says_it():
    done = subprocess.run([TEIDE, "doctor", "-o", "json"], env=POD, capture_output=True, text=True)
    check = next(c for c in json.loads(done.stdout)["checks"] if c["id"] == "rights.pids")
    equal(check["state"], "missing")
    contains(check["do"], "hostPID: true")


def containers_of(state):
    done = subprocess.run([TEIDE, "doctor", "-o", "json", "--set", f"containers.state={state}"], env=POD,
                          capture_output=True, text=True)
    return {c["id"]: c for c in json.loads(done.stdout)["checks"] if c["group"] == "containers"}


@case
def doctor_lists_the_runtimes():
    state = TMP / "state"
    for name, pod in (("plain", {}), ("upf", {"io.kubernetes.cri.sandbox-name": "upf-0"})):
        bundle = state / "io.containerd.runtime.v2.task/k8s.io" / name
        bundle.mkdir(parents=True)
        (bundle / "config.json").write_text(json.dumps({"annotations": pod}))
    found = containers_of(state)
    equal(list(found), [f"containers.{state}"])
    contains(found[f"containers.{state}"]["detail"], "2 containers, 1 of them of pods")


@case
def doctor_misses_the_runtime_of_pods():
    """A process in the cgroup of a pod, as the kubelet makes it, and no bundle."""
    hierarchy = Path("/proc/self/cgroup").read_text().split(":")[1].removeprefix("name=")
    pod = Path("/sys/fs/cgroup") / hierarchy / f"{NAME}-kubepods" / "pod0f0e0d0c-0b0a-0908-0706-050403020100"
    pod.mkdir(parents=True)
    process = sleeper()
    try:
        equal(containers_of(TMP / "none"), {})
        (pod / "cgroup.procs").write_text(str(process.pid))
        names = containers_of(TMP / "none")["containers.names"]
        equal(names["state"], "missing")
        contains(names["detail"], "1 process runs in pods")
    finally:
        end(process)
        pod.rmdir()
        pod.parent.rmdir()


@case
def the_outer_pids_by_host_proc():
    server, process, log = StandIn(), sleeper(), TMP / "outer.log"
    path = config("outer", server.url, host={"proc": f"{HOST_PROC}/", "pids": "any"})
    with log.open("w") as out:
        run = spawn(*inside(TEIDE, "run", "-c", path), env=ANY, stderr=out)
    wait_for("strategies", lambda: server.count("post"))
    wait_for("the PID that the outer namespace has",
             lambda: [entry["pid"] for entry in json.loads(server.bodies("post")[-1])["strategies"]] == [process.pid])
    # unshare itself ignores SIGTERM
    os.kill(int(Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text()), signal.SIGTERM)
    equal(run.wait(DEADLINE), 0)
    end(process)
    server.stop()


@case
def no_boost_by_another_namespaces_pids():
    process = sleeper()
    path = config("boost", "http://127.0.0.1:1", host={"proc": str(HOST_PROC)}, sched={
        "backend": "local", "names": [NAME], "evidence": ["name"]})
    done = subprocess.run(inside(TEIDE, "run", "-c", path), env=ANY, capture_output=True, text=True)
    equal(done.returncode, 3)
    contains(done.stderr, "host.proc has the PIDs of another PID namespace")
    equal(os.getpriority(os.PRIO_PROCESS, process.pid), 0)
    end(process)


@case
def no_boost_whose_record_ends_with_the_container():
    process = sleeper()
    path = config("record", "http://127.0.0.1:1", sched={"backend": "local", "names": [NAME], "evidence": ["name"]})
    done = subprocess.run(["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh",
                           TEIDE, "run", "-c", str(path)], env=ANY, capture_output=True, text=True)
    equal(done.returncode, 3)
    contains(done.stderr, "hostPath")
    equal(os.getpriority(os.PRIO_PROCESS, process.pid), 0)
    end(process)


@case
def a_wrong_mount_is_refused():
    for wrong in ("proc", "/", ""):
        done = subprocess.run([TEIDE, "config", "--set", f"host.proc={wrong}"], env=POD, capture_output=True, text=True)
        equal(done.returncode, 2)
        contains(done.stderr, "host.proc")


PRIVATE = TMP / "private_key.pem"
openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", PRIVATE)
openssl("pkey", "-in", PRIVATE, "-pubout", "-out", KEY)
main()
