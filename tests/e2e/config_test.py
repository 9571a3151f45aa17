#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The configuration from outside: what "teide config" finds, which variables of the environment are errors in which
verbs, and that what it shows is the configuration that it was shown of."""
import os
import re
import subprocess

from harness import TEIDE, TMP, case, contains, equal, main

FILE = TMP / "teide.yaml"
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("TEIDE_")}


def run(*words, **environment):
    return subprocess.run([TEIDE, *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                          env={**PLAIN, **environment})


def refused(done, *parts):
    equal((done.returncode, done.stdout), (2, ""))
    for part in parts:
        contains(done.stderr, part)


def check(text):
    FILE.write_text(text)
    return run("config", "-c", FILE)


@case
def what_cannot_work_on_any_node_is_found():
    for text, part in (
            ("run: {probes: [flow, foo]}", "run.probes: no probe 'foo'; there are: flow"),
            ("run: {probes: [folw]}", "no probe 'folw'; did you mean 'flow'?"),
            ("sched: {rules: ['comm=a', 'comm=b execution_time=5']}",
             "sched.rules: 'comm=b execution_time=5': word 2: execution_time: '5' has no unit; write 5s, or 5ms"),
            ("processes: {socket_ports: [0]}", "processes.socket_ports: UDP port: must be at least 1 and at most 65535"),
            ("probes: {flow: {port: 0}}", "probes.flow: port: must be at least 1"),
            ("probes: {flow: {interfaces: [a, b/]}}", "probes.flow.interfaces: 'b/' (entry 2): it is written"),
            ("probes: {flow: {interfaces: [sixteen-letters-]}}", "'sixteen-letters-' (entry 1): the name of an interface"),
            ("probes: {gtpu: {ue: 10.60.0}}", "probes.gtpu.ue: '10.60.0' is not an IP address"),
            ("probes: {runq: {pids: [me]}}", "probes.runq.pids: process id: 'me' is not understood"),
            ("api: {url: gthulhu}", "api.url 'gthulhu'"),
            ("api: {enabled: False, url: gthulhu}", None)):
        done = check(text + "\n")
        if part:
            refused(done, part)
        else:
            equal((done.returncode, done.stdout), (0, "the configuration is fine\n"))


@case
def files_that_are_none():
    refused(run("config", "-c", TMP), f"{TMP}: is a directory")
    done = subprocess.run([TEIDE, "config", "-c", "/dev/stdin"], input="run: {probes: [folw]}\n", capture_output=True,
                          text=True, timeout=60, check=False, env=PLAIN)
    refused(done, "no probe 'folw'")


@case
def a_variable_of_no_key_is_an_error_in_each_verb():
    for words in (["config"], ["run"], ["flows", "-i", "lo"], ["trace"], ["doctor"], ["sched", "show"],
                  ["sched", "preview"], ["server", "--data", TMP / "none"]):
        refused(run(*words, TEIDE_API_ULR="http://x:80"),
                "environment variable TEIDE_API_ULR is no configuration key; did you mean TEIDE_API_URL?")
    equal((TMP / "none").exists(), False)
    # verbs without a configuration
    for words in (["--version"], ["lab", "--help"], ["help"]):
        equal(run(*words, TEIDE_API_ULR="http://x:80").returncode, 0)


@case
def a_service_called_teide_breaks_no_pod():
    # https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    service = {"SERVICE_HOST": "10.0.0.11", "SERVICE_PORT": "8080", "SERVICE_PORT_HTTP": "8080", "PORT": "tcp://10.0.0.11:8080",
               "PORT_8080_TCP": "tcp://10.0.0.11:8080", "PORT_8080_TCP_PROTO": "tcp", "PORT_8080_TCP_PORT": "8080",
               "PORT_8080_TCP_ADDR": "10.0.0.11"}
    for name in ("TEIDE", "TEIDE_API", "TEIDE_SERVER", "TEIDE_UPF_2"):
        done = run("config", **{f"{name}_{key}": value for key, value in service.items()})
        equal((done.returncode, done.stderr), (0, ""))


@case
def a_variable_with_a_wrong_value_names_it():
    refused(run("config", TEIDE_RUN_COLLECT_INTERVAL="5"), "TEIDE_RUN_COLLECT_INTERVAL (run.collect_interval)",
            "'5' has no unit")
    refused(run("config", TEIDE_PROBES_FLOW_MAX_FLOWS="010"), "TEIDE_PROBES_FLOW_MAX_FLOWS", "decimal 10")


def without_remarks(text):
    return re.sub(r"  # .*", "", text)


@case
def what_is_shown_is_loaded_again():
    odd = {"TEIDE_RUN_NODE": "a \"node\"\n\tof \x1b[31mred\x7f\\ # grün", "TEIDE_SCHED_RULES": "comm=a boost=no,comm='b' netns=*",
           "TEIDE_API_NODE": "null", "TEIDE_API_USER": "", "TEIDE_SCHED_NAMES": "~,010,true", "TEIDE_RUN_PROBES": "",
           "TEIDE_PROBES_FLOW_RING_SIZE": "256KB", "TEIDE_LOCAL_NICE": "-7", "TEIDE_SCHED_EXECUTION_TIME": "1500us",
           "TEIDE_LOCAL_ENABLED": "Yes", "TEIDE_PROBES_FLOW_INTERFACES": "*/n3, cni-[a-z]*/eth0"}
    shown = run("config", "--show", **odd)
    equal(shown.returncode, 0)
    contains(shown.stdout, "execution_time: 1500us")
    equal("\x1b" in shown.stdout, False)
    FILE.write_text(shown.stdout)
    again = run("config", "--show", "-c", FILE)
    equal((again.returncode, again.stderr), (0, ""))
    equal(without_remarks(again.stdout), without_remarks(shown.stdout))


@case
def a_password_in_the_url_is_not_shown():
    for url in ("http://me:s3cret@127.0.0.1:80", "http://s3cret@127.0.0.1:80"):
        shown = run("config", "--show", TEIDE_API_URL=url)
        equal("s3cret" in shown.stdout + shown.stderr, False)
        contains(shown.stdout, "http://***@127.0.0.1:80")
        FILE.write_text(shown.stdout)
        refused(run("config", "-c", FILE), "url: user and password are masked (***)")


main()
