#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""fuzz.py FUZZER SEEDS [ARGUMENT...]: runs a libFuzzer program, its working folder and its corpus being folders of its
own. SEEDS: a .txt file has lines of a name and hexadecimal, a .lines file a seed a line, any other file is one seed. In
the first two, lines that begin with # are comments. With LONG=1 in the environment the program runs for 10 minutes
(LONG_SECONDS), from another random number each time, instead of as many runs as ARGUMENT says. What it writes about a
crash is shown as base64 in its output."""
import os
import pathlib
import subprocess
import sys
import tempfile


def read_seeds(path):
    if path.suffix not in (".txt", ".lines"):
        return {path.name: path.read_bytes()}
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    if path.suffix == ".lines":
        return {str(number): line.encode() for number, line in enumerate(lines)}
    return {name: bytes.fromhex(data) for name, data in map(str.split, lines)}


def arguments(given):
    if os.environ.get("LONG") != "1":
        return given
    kept = [text for text in given if not text.startswith(("-runs=", "-seed="))]
    return kept + [f"-max_total_time={os.environ.get('LONG_SECONDS', '600')}", "-print_final_stats=1"]


def main():
    fuzzer, seeds = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="teide-fuzz.", dir=memory) as folder:
        corpus, work = pathlib.Path(folder) / "corpus", pathlib.Path(folder) / "work"
        corpus.mkdir()
        work.mkdir(mode=0o700)
        for name, data in read_seeds(seeds).items():
            (corpus / name).write_bytes(data)
        command = [fuzzer, *arguments(sys.argv[3:]), f"-artifact_prefix={folder}/", corpus]
        return subprocess.run(command, cwd=work).returncode != 0


sys.exit(main())
