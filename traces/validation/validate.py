#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Simulates two measured testbeds and compares: measured | simulated | deviation | limit.

    python3 traces/validation/validate.py              # after ./mdi build
    python3 traces/validation/validate.py --tokens=32  # quicker: less of the long contexts
    python3 traces/validation/validate.py --only=two-orin-nano --runs=2

What was measured stands in measured.csv. Nothing here or in traces/compute was fitted to what is
compared: neither gaps, times to first token nor throughput of two-orin-nano, nor any time on two
or three boards of three-tx2. Exit status: 0, 1 if a limit is missed, 2 if a run failed.

How the network of two-orin-nano is put in:

given      the measured overhead of a remote call as the delay of a cable, no staging, infinite rate
processor  Gigabit Ethernet; staging costs of the trace, during which the sender computes nothing
beside     the same costs in a thread beside the processor, one message after the other
none       Gigabit Ethernet alone

At concurrency 2 the stages were 3 to 4 % faster in decoding than at concurrency 1, from which the
trace was made: there, decoding has its own measured stages. Prefill has those of the trace.
"""

import argparse
import collections
import csv
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TRACES = os.path.dirname(HERE)
PROGRAM = os.path.join(os.path.dirname(TRACES), "build", "mdi-run")
SPLITS = {"qwen2.5-coder-1.5b": "blk.18", "qwen2.5-coder-3b": "blk.21"}  # second board begins
NETWORKS = ("given", "processor", "beside", "none")
BANDS = {(64, 128): (2, 3), (128, 256): (2, 3), (256, 384): (2,)}  # contexts: numbers of boards
NUMBERS = {1: "one", 2: "two", 3: "three"}
GAP_LIMIT, FIRST_LIMIT, SPEED_LIMIT = 0.02, 0.1, 0.1
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)  # by degrees of freedom

# A line of the table. low and high: what was measured, or the ends between which the truth is.
Row = collections.namedtuple("Row", "scenario case network quantity unit low high mean half limit")
COLUMNS = list(Row._fields) + ["deviation_low", "deviation_high"]


def load(*path):
    with open(os.path.join(TRACES, *path), encoding="ascii") as file:
        return json.load(file)


def measured():
    """Values by case and quantity."""
    with open(os.path.join(HERE, "measured.csv"), newline="", encoding="ascii") as file:
        return {(r["case"], r["quantity"]): float(r["value"]) for r in csv.DictReader(file)}


def deviations(row):
    """Of the simulated mean, relative to both ends of what was measured."""
    return row.mean / row.low - 1, row.mean / row.high - 1


def missed(row):
    """Whether a limit is: both ends count."""
    return row.limit is not None and max(abs(d) for d in deviations(row)) > row.limit


def interval(values):
    """Mean, and half-width of its 95 % interval by Student's t (nan for one value)."""
    mean = statistics.fmean(values)
    if len(values) == 1:
        return mean, math.nan
    t = T95[len(values) - 2] if len(values) - 2 < len(T95) else 2.262
    return mean, t * statistics.stdev(values) / math.sqrt(len(values))


class Testbench:
    """Runs scenarios in a folder that goes away."""

    def __init__(self, program, folder, seed):
        self.program = program
        self.folder = folder
        self.seed = seed
        self.count = 0

    def write(self, name, document):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            json.dump(document, file)
        return path

    def run(self, scenario):
        """Rows of summary.csv with source "all", by system."""
        self.count += 1
        for model in scenario["models"].values():
            model["file"] = os.path.join(TRACES, "scenarios", model["file"])
        for device in scenario["devices"]:
            device["trace"] = os.path.join(TRACES, "scenarios", device["trace"])
        scenario["seed"] = self.seed
        path = self.write(f"{self.count}.json", scenario)
        out = os.path.join(self.folder, str(self.count))
        command = [self.program, path, "--out=" + out]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(done.stderr.strip(), file=sys.stderr)
            sys.exit(2)
        with open(os.path.join(out, "summary.csv"), newline="", encoding="ascii") as file:
            rows = [row for row in csv.DictReader(file) if row["source"] == "all"]
        return {s: [r for r in rows if r["system"] == s] for s in {r["system"] for r in rows}}


# Two Orin Nano


def trace_with_stages(model, stages):
    """The trace of the boards; a token takes on each as long as it was measured to."""
    trace = load("compute", "orin-nano.json")
    layers = trace["modes"]["MAXN_SUPER"]["models"][model]["layers"]
    names = list(layers)
    cut = names.index(SPLITS[model])
    for part, seconds in zip((names[:cut], names[cut:]), stages):
        factor = seconds / sum(layers[name]["cached_s"] for name in part)
        for name in part:
            layers[name]["cached_s"] *= factor
    return trace


def orin_network(kind, overhead):
    """An entry of "networks"."""
    if kind == "given":
        delay = overhead / 2
        return {"type": "point-to-point", "nodes": "all", "rate_bps": 10**12, "delay_s": delay}
    return load("scenarios", "two-orin-nano.json")["networks"][0]


def orin(bench, of, model, window, kind, options):
    """Rows of one model, concurrency and network."""
    case = f"{model} concurrency {window}"
    trace = trace_with_stages(model, [of[case, f"stage {i} token"] for i in (0, 1)])
    scenario = load("scenarios", "two-orin-nano.json")
    scenario["models"] = {model: {"file": f"../models/{model}.json"}}
    path = bench.write(f"{case} {kind}.json", trace)
    for device in scenario["devices"]:
        device["trace"] = path
    overhead = of[case, "overhead token"]
    scenario["networks"] = [orin_network(kind, overhead)]
    scenario["staging"] = kind if kind in ("processor", "beside") else "none"
    source = scenario["sources"][0]
    source["model"] = model
    source["items"] = options.items or source["items"]
    source["admission"]["window"] = window
    stages = f"orin-a; orin-b from {SPLITS[model]}"
    scenario["systems"][0]["partitioner"]["Stages"] = stages
    scenario["runs"] = options.runs
    runs = bench.run(scenario)["split"]
    tokens = source["generation"]["new_tokens"]
    gap = interval([float(run["itl_mean_s"]) for run in runs])
    first = interval([float(run["ttft_mean_s"]) for run in runs])
    rate = interval([tokens * float(run["throughput_hz"]) for run in runs])
    ends = of[case, "gap stages"], of[case, "gap client"]
    limits = orin_limits(kind, window)
    head = ("two-orin-nano", case, kind)
    yield Row(*head, "gap", "s", *ends, *gap, limits[0])
    if kind != "given":  # its overhead is that of a token, not of a prompt
        yield Row(*head, "first token", "s", *[of[case, "first token"]] * 2, *first, limits[1])
        yield Row(*head, "tokens", "1/s", *[of[case, "tokens"]] * 2, *rate, None)


def orin_limits(kind, window):
    """Of the gap and of the time to first token; None: for comparison only."""
    if kind == "given":
        return GAP_LIMIT, None
    if kind == "beside":
        return GAP_LIMIT, FIRST_LIMIT
    if kind == "processor" and window == 1:  # with two requests it is not what these boards do
        return GAP_LIMIT, FIRST_LIMIT
    return None, None


# Two and three TX2


def tx2(bench, of, band, kind, options):
    """Rows of one band of contexts."""
    case = f"gpt2-large {band[0]} to {band[1]} tokens"
    boards = BANDS[band]
    scenario = load("scenarios", "three-tx2.json")
    names = [NUMBERS[n] for n in (1, *boards)]
    scenario["systems"] = [s for s in scenario["systems"] if s["name"] in names]
    source = scenario["sources"][0]
    new = min(options.tokens or band[1] - band[0], band[1] - band[0])
    source["generation"]["prompt_tokens"] = (sum(band) - new) // 2  # the band's lower end if all
    source["generation"]["new_tokens"] = new
    source["items"] = options.items or source["items"]
    scenario["staging"] = kind
    scenario["runs"] = options.tx2_runs
    found = bench.run(scenario)
    times = {s: [1 / new / float(r["throughput_hz"]) for r in runs] for s, runs in found.items()}
    for number in (1, *boards):
        value = of[case, f"token on {number}"]
        mean = interval(times[NUMBERS[number]])
        head = ("three-tx2", case, kind, f"token on {number}", "s")
        yield Row(*head, value, value, *mean, None)
    for number in boards:
        value = of[case, f"speed-up on {number}"]
        mean = interval([a / b for a, b in zip(times["one"], times[NUMBERS[number]])])
        limit = SPEED_LIMIT if kind == "processor" else None
        yield Row("three-tx2", case, kind, f"speed-up on {number}", "1", value, value, *mean, limit)


# The table


def text(row):
    """A line of it."""
    scale, digits = {"s": (1e3, 2), "1/s": (1, 2), "1": (1, 3)}[row.unit]
    unit = {"s": "ms", "1/s": "1/s", "1": ""}[row.unit]
    low, high = (f"{scale * value:.{digits}f}" for value in (row.low, row.high))
    known = low if low == high else f"{low} .. {high}"
    half = "" if math.isnan(row.half) else f" +- {scale * row.half:.{digits}f}"
    off = " .. ".join(dict.fromkeys(f"{100 * d:+.1f} %" for d in deviations(row)))
    limit = "" if row.limit is None else f"{100 * row.limit:.0f} %"
    limit += "  MISSED" if missed(row) else ""
    return [
        row.case,
        row.network,
        row.quantity,
        f"{known} {unit}".strip(),
        f"{scale * row.mean:.{digits}f}{half}",
        off,
        limit,
    ]


WIDTHS = (34, 10, 13, 18, 18, 20, 0)
TITLES = ("case", "network", "quantity", "measured", "simulated", "deviation", "limit")


def show(cells):
    line = " ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS))
    print(line.rstrip(), flush=True)


def rows_of(bench, options):
    of = measured()
    if options.only in (None, "two-orin-nano"):
        for model in SPLITS:
            for window in (1, 2):
                for kind in NETWORKS:
                    yield from orin(bench, of, model, window, kind, options)
    if options.only in (None, "three-tx2"):
        bands = [band for band in BANDS if options.band in (None, band[0])]
        for band in bands:
            for kind in ("processor", "none"):
                yield from tx2(bench, of, band, kind, options)


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("two-orin-nano", "three-tx2"), help="one testbed")
    parser.add_argument("--band", type=int, help="of three-tx2: only contexts from this one")
    parser.add_argument("--runs", type=int, default=5, help="of two-orin-nano [5]")
    parser.add_argument("--tx2-runs", type=int, default=3, help="of three-tx2 [3]")
    parser.add_argument("--items", type=int, help="requests per run [those of the scenario]")
    parser.add_argument("--tokens", type=int, help="of three-tx2: in its middle [the band's]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--csv", metavar="FILE", help="write the rows, too")
    parser.add_argument("--program", default=PROGRAM, help="mdi-run [build/mdi-run]")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    rows = []
    show(TITLES)
    with tempfile.TemporaryDirectory(prefix="mdi-validate-") as folder:
        bench = Testbench(os.path.abspath(options.program), folder, options.seed)
        for row in rows_of(bench, options):
            show(text(row))
            rows.append(row)
    if options.csv:
        with open(options.csv, "w", newline="", encoding="ascii") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row in rows:
                cells = ["" if cell is None else cell for cell in (*row, *deviations(row))]
                writer.writerow([f"{c:.7g}" if isinstance(c, float) else c for c in cells])
    return 1 if any(missed(row) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
