# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Folders as ./mdi sweep writes them, of numbers that a test chooses."""

import csv
import hashlib
import itertools
import json
import os

SUMMARY = (
    "system,run,seed,source,priority,items_admitted,items_completed,items_lost,latency_mean_s,"
    "latency_p50_s,latency_p95_s,latency_p99_s,throughput_hz,accuracy,exit_mean_layer_fraction,"
    "bytes_on_wire,energy_j,makespan_s,output_error_max"
).split(",")
ITEMS = 100
SOURCES = {"ts": 10, "nts": 1}
SCENARIO = {
    "format": "mdi-scenario",
    "version": 1,
    "name": "made-up",
    "description": "Numbers that nobody measured.",
    "devices": [{"name": "nano-a", "trace": "../compute/nano.json"}],
    "sources": [{"name": "ts", "model": "net", "priority": 10}],
}
VERSIONS = {"mdi": "0.1.0", "ns3": "3.37", "tensors": "none", "compiler": "12.2.0"}


def grid(*fields):
    """The points of a grid: values by field, the last field fastest."""
    return [list(values) for values in itertools.product(*(field["values"] for field in fields))]


def field(name, values=None, scale="linear", **others):
    """A field of the manifest."""
    entry = {"name": name, "paths": [f"networks.0.{name}"], "scale": scale, **others}
    return {**entry, "values": values} if values is not None else entry


def noise(*seeds):
    """From -1 to 1, the same for the same seeds."""
    digest = hashlib.sha256(repr(seeds).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**47 - 1


def write_sweep(folder, fields, systems, latency, points=None, **options):
    """latency(system, values, source, run): seconds, or None where no item is completed.

    values: by field's name; options: runs, sources {name: priority}, lost(system, values, source,
    run) of ITEMS, accuracy(system, values), failures [(point, system, reason)], method, manifest
    (further entries), sweep (further entries of it).
    """
    os.makedirs(folder)
    points = grid(*fields) if points is None else points
    names = [entry["name"] for entry in fields]
    failures = options.get("failures", [])
    rows = []
    for number, values in enumerate(points):
        by_name = dict(zip(names, values))
        for system in systems:
            if any(point == number and name == system for point, name, _ in failures):
                continue
            for run in range(options.get("runs", 3)):
                for cells in _summary(system, by_name, run, latency, options):
                    rows.append([number, *map(_cell, values), *cells])
    _write(folder, "results.csv", ["point", *names, *SUMMARY], rows)
    if failures:
        failed = [[p, *map(_cell, points[p]), system, why] for p, system, why in failures]
        _write(folder, "failures.csv", ["point", *names, "system", "reason"], failed)
    manifest = {
        "command_line": "mdi-sweep made-up.json",
        "seed": 1,
        "first_run": 0,
        "runs": options.get("runs", 3),
        "sweep": {
            "name": "made-up",
            "description": "A sweep of numbers that nobody measured.",
            "method": options.get("method", "grid"),
            "points": len(points),
            "systems": list(systems),
            "fields": fields,
            "unchanged": [],
            "document": {"format": "mdi-sweep", "version": 1},
            **options.get("sweep", {}),
        },
        "scenario": SCENARIO,
        "versions": VERSIONS,
        **options.get("manifest", {}),
    }
    with open(os.path.join(folder, "manifest.json"), "w", encoding="ascii") as file:
        json.dump(manifest, file)
    return folder


def _summary(system, values, run, latency, options):
    """The rows of one run: each source, and all together."""
    sources = options.get("sources", SOURCES)
    accuracy = options["accuracy"](system, values) if "accuracy" in options else ""
    done, means = [], []
    for source, priority in sources.items():
        mean = latency(system, values, source, run)
        lost = options["lost"](system, values, source, run) if "lost" in options else 0
        done.append(0 if mean is None else ITEMS - lost)
        means.append(0 if mean is None else mean)
        yield _row(system, run, source, priority, ITEMS, done[-1], mean, accuracy)
    total = sum(done)
    mean = sum(n * m for n, m in zip(done, means)) / total if total else None
    yield _row(system, run, "all", "", ITEMS * len(sources), total, mean, accuracy)


def _row(system, run, source, priority, admitted, done, mean, accuracy):
    begin = [system, run, run + 1, source, priority, admitted, done, admitted - done]
    if mean is None:
        return begin + [""] * (len(SUMMARY) - len(begin))
    times = [mean, 0.9 * mean, 2 * mean, 3 * mean]
    return begin + [*times, done / 10, accuracy, "", 1e6 * done, "", 10, ""]


def _cell(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _write(folder, name, header, rows):
    with open(os.path.join(folder, name), "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
