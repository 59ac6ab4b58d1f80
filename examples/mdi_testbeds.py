#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Sweeps PA-MDI's testbeds over load and priority ratio, beside AR-MDI, MS-MDI and Local.

    /usr/bin/python3 examples/mdi_testbeds.py --out=mdi-results/testbeds

runs ./mdi run for every point that --out does not have yet, so an interrupted sweep goes on where
it was, then writes reductions.csv (a row per testbed, load, ratio, system, baseline and source) and
testbeds.svg there. doc/testbeds.rst says what came out.

Load is the rate of each source over what its own device can serve alone (its compute trace's time
of the whole model without early exits). A reduction is 1 - T_system / T_baseline of mean latencies
on the same seed and arrivals; its interval is Student's, 95 %, over seeds. Baselines and strict
priority do not depend on the ratio, so they run once for each load.
"""

import argparse
import csv
import json
import math
import os
import subprocess
import sys

from mdi_plot_results import BadInput, mean_interval

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TESTBEDS = {  # name in the sweep: scenario, in the order of the figure
    "t1-shared": "five-xavier-mesh",
    "t1-private": "t1-private-links",
    "t2": "multi-hop-xavier-nano",
    "t3": "t3-colosseum",
}
LOADS = [0.1, 0.6, 1.2, 1.8, 3.0]
RATIOS = [1.0, 10.0, 100.0]
BASELINES = ["local", "ar-mdi", "ms-mdi"]
STRICT = "pa-strict"
TYPE = "ns3::mdi::"


def _pa(name, **parts):
    return {"name": name, "preset": "pa-mdi", **parts}


PRIORITY_QUEUE = {"type": TYPE + "PriorityQueue"}
YOUNG = {"AgeWeight": 0}
OVERLAP = {"Overlap": True}
# Other readings of the reconstruction, one change each or as the name says; run at one ratio.
ABLATIONS = [
    _pa("pa-no-age", queue=YOUNG, router=YOUNG),
    _pa("pa-overlap", queue=OVERLAP, router=OVERLAP),
    _pa("pa-no-handshake", handshake=False),
    _pa("pa-window-1ms", handshake={"Window": "1ms"}),
    _pa("pa-2-parts", partitioner={"Parts": 2}),
    _pa("pa-no-age-no-handshake", queue=YOUNG, router=YOUNG, handshake=False),
    _pa("pa-strict-no-handshake", queue=PRIORITY_QUEUE, handshake=False),
    {"name": "ms-phi", "preset": "ms-mdi", "queue": {"type": TYPE + "PaMdiQueue"}},
    {"name": "ms-phi-no-age", "preset": "ms-mdi", "queue": {"type": TYPE + "PaMdiQueue", **YOUNG}},
    {"name": "ms-strict", "preset": "ms-mdi", "queue": PRIORITY_QUEUE},
    {
        "name": "ar-dp",
        "preset": "ar-mdi",
        "partitioner": {"type": TYPE + "PipelinePartitioner", "Allocation": "dp"},
    },
]
ABLATION_RATIO = 10.0
FIELDS = [
    "testbed",
    "load",
    "ratio",
    "system",
    "baseline",
    "source",
    "runs",
    "reduction_mean",
    "reduction_half",
    "latency_mean_s",
    "baseline_latency_mean_s",
]


class Failed(Exception):
    """A run that ended without all of its items."""


class Parser(argparse.ArgumentParser):
    """Errors are one line, as those of every program here."""

    def error(self, message):
        self.exit(2, f"{message} (--help explains)\n")


def numbers(text, flag, least):
    """Distinct numbers separated by commas, each above or equal to the least one."""
    found = []
    for word in text.split(","):
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < least or value > 1e6:
            raise BadInput(f"{flag}={text}: '{word}' is no number from {least:g} to 1e6")
        if value in found:
            raise BadInput(f"{flag}={text}: {word} comes twice; name each once")
        found.append(value)
    return found


def parse(arguments):
    parser = Parser(
        prog="mdi_testbeds.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the sweep")
    parser.add_argument(
        "--testbeds", default=",".join(TESTBEDS), help=f"some of {','.join(TESTBEDS)} [all]"
    )
    parser.add_argument("--loads", default=",".join(f"{x:g}" for x in LOADS), help="[%(default)s]")
    parser.add_argument(
        "--ratios", default=",".join(f"{x:g}" for x in RATIOS), help="priority of ts [%(default)s]"
    )
    parser.add_argument("--runs", type=int, default=5, help="seeds, 2 or more [5]")
    parser.add_argument("--items", type=int, default=50, help="of each source [50]")
    parser.add_argument("--seed", type=int, default=1, help="of all random numbers [1]")
    parser.add_argument("--ablations", action="store_true", help="other readings of PA-MDI, too")
    parser.add_argument(
        "--trace-error", default="none", choices=["none", "sample"], help="as of ./mdi run [none]"
    )
    parser.add_argument(
        "--program", help="what runs a scenario, such as build/mdi-run [./mdi run]"
    )
    options = parser.parse_args(arguments)
    try:
        options.testbeds = options.testbeds.split(",")
        for name in options.testbeds:
            if name not in TESTBEDS or options.testbeds.count(name) > 1:
                raise BadInput(f"--testbeds: '{name}'; name each of {','.join(TESTBEDS)} once")
        options.loads = numbers(options.loads, "--loads", 1e-3)
        options.ratios = numbers(options.ratios, "--ratios", 1e-3)
        for flag, least in (("runs", 2), ("items", 1), ("seed", 1)):
            if not least <= getattr(options, flag) <= 1000000:
                value = getattr(options, flag)
                raise BadInput(f"--{flag}={value}: a number from {least} to 1000000 belongs there")
        if os.path.lexists(options.out) and not os.path.isdir(options.out):
            raise BadInput(f"{options.out}: not a folder; name another one with --out=DIR")
    except BadInput as error:
        parser.error(str(error))
    return options


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def own_rate(scenario, source, folder):
    """Items/s that a source's device serves alone: whole model, without branches of exits."""
    device = next(d for d in scenario["devices"] if d["name"] == source["node"])
    trace = read_json(os.path.join(folder, device["trace"]))
    mode = trace["modes"][device.get("mode", trace["default_mode"])]
    layers = mode["models"][source["model"]]["layers"]
    # resnet_cifar.py calls the branches exits.0 and so on; no system here has exits.
    return 1 / sum(t["mean_s"] for name, t in layers.items() if not name.startswith("exits."))


def points(testbed, options):
    """(folder, load, ratio, systems) of every call of ./mdi run."""
    for load in options.loads:
        at = os.path.join(options.out, testbed, f"load-{load:g}")
        yield os.path.join(at, "baselines"), load, 1.0, BASELINES
        strict = _pa(STRICT, queue=PRIORITY_QUEUE)
        yield os.path.join(at, STRICT), load, ABLATION_RATIO, [strict]
        for ratio in options.ratios:
            yield os.path.join(at, f"ratio-{ratio:g}"), load, ratio, ["pa-mdi"]
        if options.ablations:
            yield os.path.join(at, "ablations"), load, ABLATION_RATIO, ABLATIONS


def settings(scenario, folder, load, ratio, systems, options):
    """The fields of the scenario that this point sets, by the path of --set."""
    rates = {s["name"]: own_rate(scenario, s, folder) for s in scenario["sources"]}
    fields = {"systems": systems, "tensors": "none"}
    for name, rate in rates.items():
        fields[f"sources.{name}.items"] = options.items
        fields[f"sources.{name}.priority"] = ratio if name == "ts" else 1.0
        fields[f"sources.{name}.admission.rate_hz"] = round(load * rate, 3)
    return fields


def check_there(place, fields, options):
    """Refuse a folder of another sweep: its numbers would be mixed with ours."""
    path = os.path.join(place, "manifest.json")
    try:
        manifest = read_json(path)
        scenario = manifest["scenario"]
        sources = {source["name"]: source for source in scenario["sources"]}
        there = {
            "runs": manifest["runs"],
            "seed": manifest["seed"],
            "trace_error": manifest["trace_error"],
        }
        for field in fields:
            value = scenario
            for step in field.split("."):
                value = sources if value is scenario and step == "sources" else value[step]
            there[field] = value
    except (OSError, ValueError, LookupError, TypeError):
        hint = f"remove {place} to run it again"
        raise BadInput(f"{path}: no manifest of ./mdi run; {hint}") from None
    wanted = {"runs": options.runs, "seed": options.seed, "trace_error": options.trace_error}
    for field, value in {**wanted, **fields}.items():
        if there[field] != value:
            raise BadInput(
                f"{path}: {field} is {json.dumps(there[field])}, not {json.dumps(value)}; "
                "name another folder with --out=DIR, or remove this one"
            )


def run(file, place, fields, options):
    """One point, if it is not there yet; ./mdi run writes a folder whole or not at all."""
    if os.path.lexists(place):
        check_there(place, fields, options)
        return
    command = [options.program] if options.program else [os.path.join(ROOT, "mdi"), "run"]
    command += [file, f"--out={place}", f"--runs={options.runs}", f"--seed={options.seed}"]
    command += [f"--trace-error={options.trace_error}"]
    command += [f"--set={field}={json.dumps(value)}" for field, value in fields.items()]
    os.makedirs(os.path.dirname(place), exist_ok=True)
    print(place, flush=True)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BadInput(f"{command[0]}: {error.strerror}; --program names a program") from None
    if done.returncode:
        last = (done.stderr.strip() or f"status {done.returncode}").splitlines()[-1]
        raise Failed(f"{place}: {last}")


def latencies(place):
    """Mean latency [s] by system, source and run."""
    found = {}
    with open(os.path.join(place, "summary.csv"), newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["source"] != "all":
                by_run = found.setdefault((row["system"], row["source"]), {})
                by_run[int(row["run"])] = float(row["latency_mean_s"])
    return found


def reductions(testbed, options):
    """Rows of reductions.csv; the ratio is empty where it does not matter."""
    rows = []
    base = {}
    for place, load, ratio, systems in points(testbed, options):
        found = latencies(place)
        base = found if systems is BASELINES else base
        for (system, source), by_run in found.items():
            own_ratio = f"{ratio:g}" if systems is not BASELINES and system != STRICT else ""
            for baseline in BASELINES:
                if systems is BASELINES and (system, baseline) != ("ms-mdi", "ar-mdi"):
                    continue
                others = base[baseline, source]
                mean, half = mean_interval([1 - by_run[r] / others[r] for r in sorted(by_run)])
                row = [testbed, f"{load:g}", own_ratio, system, baseline, source, len(by_run)]
                row += [f"{mean:.4f}", f"{half:.4f}"]
                row += [f"{sum(t.values()) / len(t):.6f}" for t in (by_run, others)]
                rows.append(dict(zip(FIELDS, row)))
    return rows


def write(path, text):
    """Whole or not at all."""
    unfinished = f"{path}.unfinished"
    with open(unfinished, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.replace(unfinished, path)


def table(rows):
    lines = [",".join(FIELDS)] + [",".join(str(row[f]) for f in FIELDS) for row in rows]
    return "\n".join(lines) + "\n"


def main(arguments=None):
    options = parse(arguments)
    try:
        rows = []
        for testbed in options.testbeds:
            file = os.path.join(ROOT, "traces", "scenarios", TESTBEDS[testbed] + ".json")
            scenario = read_json(file)
            for place, load, ratio, systems in points(testbed, options):
                fields = settings(
                    scenario, os.path.dirname(file), load, ratio, systems, options
                )
                run(file, place, fields, options)
            rows += reductions(testbed, options)
        path = os.path.join(options.out, "reductions.csv")
        write(path, table(rows))
        print(path)
        import mdi_plot_testbeds  # needs matplotlib, the sweep does not

        print(mdi_plot_testbeds.draw(path, os.path.join(options.out, "testbeds.svg")))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
