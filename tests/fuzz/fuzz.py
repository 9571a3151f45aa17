#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""fuzz.py FUZZER SEEDS [ARGUMENT...]: runs a libFuzzer program on a folder of its own that holds the seeds: of a .txt
file lines of a name and hexadecimal, any other file as it is. What it writes about a crash is shown as base64 in its
output."""
import pathlib
import subprocess
import sys
import tempfile

fuzzer, seeds, arguments = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
with tempfile.TemporaryDirectory(prefix="teide-fuzz.") as folder:
    if seeds.suffix != ".txt":
        (pathlib.Path(folder) / seeds.name).write_bytes(seeds.read_bytes())
    for line in seeds.read_text().splitlines() if seeds.suffix == ".txt" else ():
        if not line.startswith("#"):
            name, data = line.split()
            # the two octets before the packet: Ethernet, all ports known
            (pathlib.Path(folder) / name).write_bytes(bytes(2) + bytes.fromhex(data))
    sys.exit(subprocess.run([fuzzer, *arguments, f"-artifact_prefix={folder}/", folder]).returncode != 0)
