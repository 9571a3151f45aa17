#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""vm_gtpu_report.py FIGURES KERNEL: microseconds a packet by what was attached, least and median of the
rounds, and the least's ratio to nothing attached and to the empty pair; as a table, then as lines of
JSON. Other work on the machine only ever adds, so that the least is the figure to compare."""
import collections
import json
import statistics
import sys


def read(path):
    """{(device, direction): {subject: [microseconds a packet]}}"""
    figures = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(path, encoding="utf-8") as f:
        for line in f:
            e = json.loads(line)
            figures[e["device"], e["direction"]][e["subject"]].append(
                e["duration_ns"] / e["sent"] / 1000)
    return figures


def main():
    kernel, rows = sys.argv[2], []
    for (device, direction), subjects in read(sys.argv[1]).items():
        least = {subject: min(us) for subject, us in subjects.items()}
        for subject, us in subjects.items():
            rows.append({"bench": "vm_gtpu", "kernel": kernel, "device": device,
                         "direction": direction, "attached": subject, "rounds": len(us),
                         "least_us": round(least[subject], 2),
                         "median_us": round(statistics.median(us), 2),
                         "to_nothing": round(least[subject] / least["nothing"], 2),
                         "to_empty": round(least[subject] / least["empty"], 2)})
    keys = ("kernel", "device", "direction", "attached", "least_us", "median_us", "to_nothing", "to_empty")
    for row in [dict(zip(keys, keys))] + rows:
        print("  ".join(f"{row[key]!s:12}" for key in keys).rstrip())
    for row in rows:
        print(json.dumps(row))


main()
