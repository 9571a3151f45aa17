#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Numbers on the command line: what is not meant as a number is refused with the range or both readings, in each verb
that takes one; durations are seconds or have a unit."""
import os
import subprocess
import sys

from harness import TEIDE, case, contains, equal, main

if os.getuid():
    print("flows and trace need root")
    sys.exit(77)


def run(line):
    return subprocess.run([TEIDE, *line.split()], capture_output=True, text=True, timeout=60, check=False)


def refused(line, *parts):
    done = run(line)
    assert done.returncode == 2, f"{line}: exit {done.returncode}, {done.stdout}{done.stderr}"
    for part in parts:
        contains(done.stderr, part)


OCTAL = ("'010'", "octal", "is 8,", "decimal 10")


@case
def octal_numbers_are_refused_with_both_readings():
    for line in ("flows -i lo --qfi 010", "flows -i lo --teid 010", "flows -i lo --port 010", "flows -i lo --proto 010",
                 "flows -i lo --address 10.0.0.0/010", "flows -i lo -n 010", "flows -i lo --duration 010",
                 "flows -i lo --set probes.flow.max_flows=010", "trace --probe flow -i lo --sample 010",
                 "trace --probe gtpu --teid 010", "trace --probe gtpu --seid 010", "why 010", "why 10.60.0.1 --duration 010",
                 "rules --counters --duration 010", "sched preview --duration 010", "lab up --ues 010",
                 "lab up --gnbs 010", "lab up --flows 010", "lab traffic --rate 010", "lab traffic --ue 010",
                 "lab traffic --duration 010", "lab traffic --count 010", "lab traffic --download 010"):
        refused(line, *OCTAL)
    refused("server --listen 127.0.0.1:08080", "'08080'", "8080")


@case
def numbers_out_of_range_are_refused_with_the_range():
    for line, low, high in (
            ("flows -i lo --port 0", "1", "65535"), ("flows -i lo --port 65536", "1", "65535"),
            ("flows -i lo --port -1", "1", "65535"), ("flows -i lo --qfi 64", "0", "63"),
            ("flows -i lo --teid 4294967296", "0", "4294967295"), ("flows -i lo --proto 256", "0", "255"),
            ("flows -i lo --address ::/129", "0", "128"), ("trace --probe flow -i lo --port 0", "1", "65535"),
            ("why 0", "1", "4294967295"), ("lab up --ues 201", "1", "200"), ("lab up --gnbs 0", "1", "32"),
            ("lab up --flows -1", "1", "63"), ("lab traffic --ue 201", "1", "200"), ("lab traffic --ue 0", "1", "200"),
            ("lab traffic --duration 86401", "1ms", "24h"),
            ("server --listen 127.0.0.1:65536", "0", "65535")):
        refused(line, f"at least {low} and at most {high}", repr(line.replace("/", ":").replace(" ", ":").split(":")[-1]))
    for line in ("flows -i lo -n -3", "flows -i lo --top=-1", "flows -i lo -n 0"):
        refused(line, "at least 1", "not '")
    # 0 stands for any where the module's packets are chosen
    refused("trace --probe gtpu --teid 0", "--teid", "at least 1")
    refused("trace --probe gtpu --seid 0", "--seid", "at least 1")


@case
def what_is_no_number_is_refused():
    for line in ("flows -i lo -n 3x", "flows -i lo --port +5", "flows -i lo --duration soon", "flows -i lo --duration 1e3",
                 "flows -i lo --duration inf", "lab up --ues two", "lab traffic --duration nan", "why 0x",
                 "rules --counters --duration 5parsecs", "trace --probe gtpu --slower-than 5S",
                 "sched preview --duration 5,0"):
        refused(line, f"'{line.split()[-1]}'", "not understood")


@case
def a_duration_of_the_configuration_has_a_unit():
    refused("trace --probe gtpu --slower-than 5", "slower_than", "'5' has no unit; write 5s, or 5ms")
    refused("flows -i lo --set run.collect_interval=5", "'5' has no unit")


@case
def the_flag_duration_takes_seconds_and_units():
    for text in ("1", "0.5", "1s", "500ms"):
        done = run(f"flows -i lo --quiet --port 0x50 --duration {text}")
        equal((done.returncode, done.stderr), (0, ""))


main()
