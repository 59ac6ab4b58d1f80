#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the table of doc/benchmarks.rst from what ./mdi bench --out=FILE.json wrote.

    test/bench/bench_table.py FILE.json [FILE.json...] > doc/benchmarks.rst

Several files are merged: of a benchmark that stands in more than one, the last one counts.
"""
import json
import math
import sys

GROUPS = {
    "packet": "Packet mode",
    "flow": "Flow mode against packet mode",
    "pipeline": "Flow mode against SimGrid",
    "growth": "Growth",
    "sweep": "Sweeps",
    "memo": "Real tensors",
    "memory": "Memory of models",
    "slices": "Slices of models",
}

HEAD = """\
Benchmarks
==========

.. Made by ``./mdi bench --out=FILE.json`` and ``./mdi bench --table FILE.json``; do not edit.

Each is a ratio of ours against a named reference, both measured in turns in one run on the same
machine. Times are those of the processor, except for real tensors and sweeps, which use all cores. The
spread is half of the range of the middle half of the single ratios.

Machine: {machine}. {date}. {versions}.

"""


def number(value):
    """Three digits, as people read them."""
    if value == 0 or not math.isfinite(value):
        return str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def row(record):
    goal = ""
    met = ""
    if "target" in record:
        sign = "≤" if record["goal"] == "at most" else "≥"
        goal = f"{sign} {record['target']:g}"
        met = "yes" if record["met"] else "**no**"
    ratio = number(record["ratio"])
    if record["spread"] > 0:
        ratio += f" ± {number(record['spread'])}"
    details = ", ".join(f"{key} {number(value)}" for key, value in record["details"].items())
    return [record["what"], record["reference"], ratio, goal, met, details]


def table(rows):
    out = [".. list-table::", "   :header-rows: 1", ""]
    for cells in [["ours", "reference", "ratio", "target", "met", "details"]] + rows:
        for i, cell in enumerate(cells):
            out.append(("   * - " if i == 0 else "     - ") + cell)
    return "\n".join(line.rstrip() for line in out) + "\n\n"


def read(name):
    """The context and the records of a file; of what is none, one line and status 2."""
    try:
        with open(name, encoding="utf-8") as file:
            document = json.load(file)
        for key in ("processor", "num_cpus", "date"):
            document["context"][key]
        return document["context"], {entry["name"]: row(entry) for entry in document["mdi"]}
    except OSError as error:
        wrong = error.strerror
    except (ValueError, KeyError, TypeError, AttributeError):
        wrong = "not as mdi bench writes it"
    print(f"{name}: {wrong}; name a file of ./mdi bench --out=FILE.json", file=sys.stderr)
    sys.exit(2)


def main(files):
    records = {}
    context = {}
    for name in files:
        context, found = read(name)
        records.update(found)
    names = [key for key in ("mdi", "ns-3", "LibTorch", "SimGrid", "compiler") if key in context]
    text = HEAD.format(
        machine=f"{context['processor']}, {context['num_cpus']} cores",
        date=context["date"][:10],
        versions=", ".join(f"{key} {context[key]}" for key in names),
    )
    for group, title in GROUPS.items():
        rows = [cells for name, cells in records.items() if name.split("/")[0] == group]
        if rows:
            text += f"{title}\n{'-' * len(title)}\n\n" + table(rows)
    sys.stdout.write(text)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print("no file; name one of ./mdi bench --out=FILE.json", file=sys.stderr)
        sys.exit(2)
    main(sys.argv[1:])
