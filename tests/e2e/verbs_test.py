#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What all verbs have in common: the head of every line of JSON, how a mistake is told, -c and --set, and
that a verb which could not look does not say that there is nothing."""
import datetime
import json
import os
import re
import resource
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

from harness import TEIDE, TMP, case, contains, equal, main, need, spawn, wait_for

ROOT = Path(__file__).resolve().parents[2]
LAB = f"verbs{os.getpid()}"
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all")
FIXED = ("--set", "sched.backend=local", "--set", "sched.strategy=fixed")
SERVER = ("server", "--data", str(TMP / "data"), "--listen", "127.0.0.1:0")
# A killed teide's filters in a namespace that this test does not know would be removed too.
ALONE = ("unshare", "--pid", "--fork", "--mount-proc")
# Verbs that read the configuration; none of these begins to watch before it has read it.
WITH_SETTINGS = (("run",), ("trace",), ("flows", "-i", "lo"), ("rules",), ("why", "10.60.0.1"),
                 ("sched", "show"), ("sched", "preview"), ("sched", "apply"), ("doctor",), ("config",), SERVER)


def run(*words, wrap=(), **options):
    return subprocess.run([*wrap, TEIDE, *map(str, words)], capture_output=True, text=True, timeout=120,
                          **options)


def verbs():
    listed = re.findall(r"^  ([a-z]+) +\S", run("help").stdout, re.M)
    assert len(listed) > 8, listed
    return listed


def one_error(done, *parts):
    """One line, the same form in all verbs."""
    lines = done.stderr.splitlines()
    equal(len(lines), 1)
    assert lines[0].startswith("teide: error: "), lines
    for part in parts:
        contains(lines[0], part)
    equal(done.stdout, "")


def check_lines(text, node):
    lines = text.splitlines()
    assert lines, "no line at all"
    events = []
    for line in lines:
        head = json.loads(line)
        equal((head["schema"], head["node"]), (1, node))
        equal(line.count('"ts":'), 1)
        told = datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d{3}Z$", r"\1+00:00", head["ts"]))
        age = (datetime.datetime.now(datetime.timezone.utc) - told).total_seconds()
        assert abs(age) < 600, head["ts"]
        events.append(head["event"])
    return events


def expect(*words, events, wrap=()):
    """-o json of the verb: every line has the head; each of the events is there, and is documented."""
    done = run(*words, "-o", "json", wrap=wrap)
    assert done.returncode == 0, f"{words}: exit {done.returncode}, {done.stderr}"
    found = check_lines(done.stdout, "n1" if "run.node=n1" in words else socket.gethostname())
    page = (ROOT / "docs" / "events.md").read_text()
    for event in events:
        contains(found, event)
    for event in set(found):
        contains(page, f"`{event}`")


@case
def every_line_of_json_has_its_head():
    node = ("--set", "run.node=n1")
    expect("version", events=["version"])
    expect("config", *node, events=["config"])
    expect("config", "--show", events=["config"])
    expect("clean", events=["summary"], wrap=ALONE)
    expect("trace", "--release", events=["release"])
    expect("lab", "up", "--name", LAB, "--upf", "user", events=["lab"])
    try:
        expect("lab", "status", "--name", LAB, events=["lab"])
        expect("lab", "traffic", "--name", LAB, "--count", 5, events=["traffic"])
        expect("flows", "-i", f"{LAB}-upf/n3", "--once", "--quiet", *node, events=["ledger"])
        expect("trace", "--probe", "flow", "-i", f"{LAB}-upf/n3", "--once", "--quiet", events=["ledger"])
        expect("why", "10.60.0.1", "--netns", f"{LAB}-upf", "--duration", "500ms", *node, events=["why"])
        expect("sched", "preview", *FIXED, *node, events=["process", "strategy", "summary"])
        expect("sched", "apply", *FIXED, *node, events=["apply"])
        expect("sched", "show", *FIXED, events=["boost"])
        expect("sched", "withdraw", *FIXED, events=["withdraw"])
        done = run("doctor", "-o", "json", *node)
        equal(check_lines(done.stdout, "n1"), ["doctor"])
    finally:
        expect("lab", "down", "--name", LAB, events=["lab_down"])


@case
def clean_tells_what_it_found():
    left = Path("/run/teide/release-dead")
    left.parent.mkdir(exist_ok=True)
    gone = socket.socket(socket.AF_UNIX)
    gone.bind(str(left))
    gone.close()
    done = run("clean", "-o", "json", wrap=ALONE)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    equal([line["event"] for line in lines], ["leftover"] * (len(lines) - 1) + ["summary"])
    # Probes are looked for on the whole machine, where another teide may run.
    found = [line for line in lines[:-1] if line["kind"] != "probe"]
    probes = [sum(line["kind"] == "probe" and line["when"] == when for line in lines[:-1])
              for when in ("before", "after")]
    equal([line["what"] for line in found], [str(left)])
    equal((lines[-1]["before"] - probes[0], lines[-1]["after"] - probes[1]), (1, 0))
    equal(done.returncode, 0)


@case
def a_server_tells_where_it_listens_and_the_rest_of_the_service_too():
    server = spawn(TEIDE, *SERVER, "-o", "json", "--set", "run.node=n1")
    line = server.stdout.readline()
    equal(check_lines(line, "n1"), ["listening"])
    url, key = json.loads(line)["url"], json.loads(line)["public_key"]
    assert Path(key).read_text().startswith("-----BEGIN PUBLIC KEY"), key
    (TMP / "key.yaml").write_text(f"api:\n  url: {url}\n  public_key_path: {key}\n")
    ready, wake = os.pipe()
    service = spawn(TEIDE, "run", "-o", "json", "--set", "run.node=n1", "--set", "run.probes=flow", "--set",
                    "probes.flow.interfaces=lo", "-c", TMP / "key.yaml", "--ready-fd", wake, pass_fds=(wake,),
                    stderr=subprocess.DEVNULL)
    os.close(wake)
    equal(os.read(ready, 16), b"ready\n")
    os.close(ready)
    # The service itself sends nothing while there is no process to boost.
    urllib.request.urlopen(url, timeout=60).close()
    check_lines(service.stdout.readline(), "n1")
    service.send_signal(signal.SIGTERM)
    check_lines(service.communicate(timeout=60)[0], "n1")


@case
def config_shows_each_key_with_its_type():
    (TMP / "typed.yaml").write_text("probes:\n  flow:\n    interfaces: [a, b]\n    gtp_port: 2153\n")
    done = run("config", "--show", "-o", "json", "-c", TMP / "typed.yaml", "--set", "api.enabled=false",
               "--set", "local.nice=-3")
    shown = {one["key"]: one for one in json.loads(done.stdout)["settings"]}
    equal(shown["probes.flow.interfaces"]["value"], ["a", "b"])
    contains(shown["probes.flow.interfaces"]["from"], "typed.yaml:3")
    equal(shown["probes.flow.gtp_port"]["value"], 2153)
    equal(shown["local.nice"]["value"], -3)
    equal((shown["api.enabled"]["value"], shown["api.enabled"]["from"]), (False, "command line"))
    equal((shown["run.collect_interval"]["value"], shown["run.collect_interval"]["from"]), ("1s", "default"))
    done = run("config", "--show", "-o", "json", "--set", "api.url=http://u:secret@h:80")
    assert "secret" not in done.stdout, done.stdout
    text = run("config", "--show").stdout
    equal(len(shown), len(re.findall(r"^ +\w+: .*  # ", text, re.M)))


@case
def root_needs_no_list_of_users():
    without = ("unshare", "--mount", "--propagation", "private", "sh", "-c",
               'for file in passwd nsswitch.conf; do mount --bind /dev/null /etc/$file || exit 99; done; exec "$@"', "sh")
    done = run("config", wrap=without)
    equal((done.returncode, done.stderr), (0, ""))
    done = run("config", "--set", "sched.users=nobody", wrap=without)
    equal(done.returncode, 2)
    contains(done.stderr, "there is no user 'nobody' here")


@case
def help_is_where_it_is_looked_for():
    for verb in verbs():
        long = run(verb, "--help")
        equal((long.returncode, long.stderr), (0, ""))
        for words in ((verb, "-h"), ("help", verb)):
            short = run(*words)
            equal((words, short.returncode, short.stdout), (words, 0, long.stdout))
    for verb in ("up", "status", "traffic", "down"):
        equal(run("help", "lab", verb).stdout, run("lab", verb, "-h").stdout)
        contains(run("lab", verb, "-h").stdout, f"teide lab {verb} ")
    for words in ((), ("-h",), ("--help",), ("help",)):
        contains(run(*words).stdout, "usage: teide VERB")


@case
def a_mistyped_word_gets_the_nearest_one():
    for words, meant in (
            (("flwos",), "'flows'"), (("help", "flwos"), "'flows'"), (("--hepl",), "'--help'"), (("doctr",), "'doctor'"),
            (("sched", "prevew"), "'preview'"), (("lab", "trafic"), "'traffic'"),
            (("flows", "--hepl"), "'--help'"), (("flows", "-i", "lo", "--interfcae", "x"), "'--interface'"),
            (("flows", "--qif=3"), "'--qfi'"), (("lab", "traffic", "--duratoin", "3"), "'--duration'"),
            (("lab", "up", "--gnsb", "3"), "'--gnbs'"), (("why", "1", "--netsn", "x"), "'--netns'"),
            (("sched", "show", "--ulr", "x"), "'--url'"), (("clean", "--verfy"), "'--verify'"),
            (("config", "--sohw"), "'--show'"), (("server", "--lsiten", "x"), "'--listen'"),
            (("run", "--confg", "x"), "'--config'"), (("version", "--ouptut", "x"), "'--output'"),
            (("config", "--set", "api.ulr=x"), "'api.url'"),
            (("flows", "-i", "lo", "--set", "prboes.flow.ring_size=1"), "'probes.flow.ring_size'")):
        done = run(*words)
        equal((words, done.returncode), (words, 2))
        one_error(done, f"did you mean {meant}")


@case
def mistakes_have_one_form():
    for words, part in (
            (("nothing-like-it",), "no verb"), (("sched", "nothing-like-it"), "no verb"),
            (("lab", "nothing-like-it"), "no verb"), (("sched",), "what to do"),
            (("flows", "--zzzzzz"), "no option '--zzzzzz'"), (("flows", "-Z"), "no option '-Z'"),
            (("flows", "--teid"), "'--teid' takes a value"), (("flows", "-n"), "'-n' takes a value"),
            (("flows", "--once=3"), "'--once' takes no value"), (("flows", "--po", "3"), "--pod, --port"),
            (("flows", "word"), "'word'"), (("sched", "show", "word"), "'word'"), (("why",), "TEID"),
            (("why", "nonsense"), "'nonsense'"), (("flows", "--sort", "x"), "--sort x"),
            (("lab", "up", "--upf", "x"), "--upf x"), (("lab", "traffic", "--family", "5"), "--family"),
            (("run", "--set", "novalue"), "key=value"), (("config", "--set", "run.node"), "key=value"),
            *(((*verb, "-o", "xml"), "xml") for verb in (
                ("trace",), ("flows",), ("rules",), ("why", "1"), ("sched", "show"), ("doctor",), ("clean",),
                ("config",), ("version",), ("lab", "status"), ("lab", "traffic"), SERVER, ("run",)))):
        done = run(*words)
        equal((words, done.returncode), (words, 2))
        one_error(done, part)


@case
def every_verb_with_settings_reads_a_file_and_tells_its_errors():
    (TMP / "bad.yaml").write_text("run:\n  node: x\n  colour: red\n")
    for words in WITH_SETTINGS:
        for more, status, part in ((("-c", TMP / "none.yaml"), 1, "none.yaml: No such file"),
                                   (("-c", TMP / "bad.yaml"), 2, "bad.yaml:3: "),
                                   (("--set", "run.colour=red"), 2, "run.colour")):
            done = run(*words, *more)
            equal((words, done.returncode), (words, status))
            one_error(done, part)


# What each verb would say if there were nothing; while the lab and a leftover are there, none may say so.
def says_nothing(words, done):
    if words[0] == "clean":
        return done.returncode == 0 and "before: nothing of teide" in done.stdout
    if words[0] == "doctor":
        return "no gtp or gtp5g device" in done.stdout
    if words[:2] == ("lab", "status"):
        return "there is no lab" in done.stderr
    if words[:2] == ("sched", "show"):
        return done.returncode == 0 and '"boost"' not in done.stdout
    if words[:2] == ("sched", "withdraw"):
        return done.returncode == 0 and '"put_back":0' in done.stdout
    return "no gtp" in done.stderr


WITHDRAW = ("sched", "withdraw", *FIXED, "-o", "json")
LOOKS = (("clean",), ("doctor",), ("lab", "status", "--name", LAB), ("why", "10.60.0.1", "--duration", "100ms"),
         ("sched", "show", *FIXED, "-o", "json"), WITHDRAW)


def few_descriptors(number):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))
    return limit


def put_things_there(words):
    Path("/run/teide/release-dead").touch()
    if words[0] != "sched":
        return
    done = run("sched", "apply", *FIXED)
    equal(done.returncode, 0)
    assert not done.stdout.startswith("0 threads"), done.stdout


@case
def a_verb_that_could_not_look_does_not_say_that_there_is_nothing():
    equal(run("lab", "up", "--name", LAB, "--upf", "user").returncode, 0)
    try:
        for words in LOOKS:
            alone = ALONE if words == ("clean",) else ()
            put_things_there(words)
            for number in (4, 5, 6, 7, 8, 10, 12):
                # These two take away what they find, and may do so before they find that they cannot go on.
                if words in (("clean",), WITHDRAW):
                    put_things_there(words)
                done = run(*words, preexec_fn=few_descriptors(number), wrap=alone)
                assert not says_nothing(words, done), (words, number, done)
            put_things_there(words)
            done = run(*words, wrap=(*alone, *NOBODY))
            assert not says_nothing(words, done), (words, done)
            assert done.returncode in (1, 3) or words[:2] == ("lab", "status"), (words, done)
    finally:
        run("sched", "withdraw", *FIXED)
        Path("/run/teide/release-dead").unlink(missing_ok=True)
        equal(run("lab", "down", "--name", LAB).returncode, 0)


@case
def a_namespace_that_may_not_be_seen_may_have_a_upf():
    # without a name, and its process is not the asker's
    code = ("import socket,time; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 2152)); "
            "print('ready', flush=True); time.sleep(600)")
    upf = spawn("unshare", "--net", "python3", "-c", code)
    equal(upf.stdout.readline(), "ready\n")
    done = run("why", "10.60.0.1", "--duration", "100ms", wrap=NOBODY)
    equal(done.returncode, 1)
    one_error(done, "cannot be seen", "run as root")
    done = run("doctor", wrap=NOBODY)
    contains(done.stdout, "cannot be seen")
    assert "no gtp or gtp5g device" not in done.stdout, done.stdout
    done = run("clean", wrap=NOBODY)
    equal(done.returncode, 1)
    assert "nothing of teide\n" not in done.stdout, done.stdout
    contains(done.stderr, "root")


@case
def a_upf_at_another_port_is_found_by_the_configuration():
    code = ("import socket,subprocess,time; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 2153)); "
            "subprocess.run('ip link add v0 type veth peer name v1; ip addr add 10.9.0.1/24 dev v0; ip link set v0 up',"
            " shell=True, check=True); print('ready', flush=True); time.sleep(600)")
    upf = spawn("unshare", "--net", "python3", "-c", code)
    equal(upf.stdout.readline(), "ready\n")
    (TMP / "port.yaml").write_text("probes:\n  flow:\n    gtp_port: 2153\n")
    words = ("why", "10.60.0.1", "--duration", "200ms", "--netns", f"pid:{upf.pid}")
    equal(json.loads(run(*words, "-o", "json").stdout)["netns"], f"pid:{upf.pid}")
    for more in (("-c", TMP / "port.yaml"), ("--set", "probes.flow.gtp_port=2153")):
        done = run("why", "10.60.0.1", "--duration", "200ms", "-o", "json", *more)
        equal((done.returncode, json.loads(done.stdout)["netns"]), (0, f"pid:{upf.pid}"))
        checks = json.loads(run("doctor", "-o", "json", *more).stdout)["checks"]
        contains([check["id"] for check in checks], f"network.pid:{upf.pid}.n3_socket")
    checks = json.loads(run("doctor", "-o", "json").stdout)["checks"]
    assert f"network.pid:{upf.pid}.n3_socket" not in [check["id"] for check in checks]


@case
def a_namespace_that_is_not_there_is_named():
    for verb in (("rules",), ("rules", "--follow"), ("rules", "--counters"), ("why", "1"),
                 ("flows", "--quiet"), ("trace", "--probe", "flow", "--quiet")):
        for netns in ("nosuch", "pid:99999999", "/nonexistent"):
            done = run(*verb, "--netns", netns)
            equal((verb, netns, done.returncode), (verb, netns, 1))
            one_error(done, f"network namespace '{netns}'")
    done = run("rules", "--netns", "pid:1", wrap=NOBODY)
    equal(done.returncode, 1)
    one_error(done, "pid:1", "Permission denied")


need("setpriv", "ip", "unshare")
main()
