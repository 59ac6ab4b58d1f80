#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Computes the compute traces of the Jetson boards from the figures in figures.csv.

    python3 traces/compute/make_traces.py             # writes them
    python3 traces/compute/make_traces.py --check     # exit 1 if they differ from what it computes
    python3 traces/compute/make_traces.py --totals    # prints the time of each model on each board
    ./mdi inspect MODEL.pt --json | python3 traces/compute/make_traces.py --names -
                                                      # exit 1 if layers differ from the slicer's

laws.py, orin.py and transformer.py say how times come from figures, layers.py what the models
consist of.
"""

import argparse
import json
import os
import sys

import laws
import orin
import power
import transformer
from layers import INPUTS, LAYERS


def service_times(figures, device, mode, model):
    """(seconds by layer, dispatch in seconds, provenance) by the law of board and model."""
    if model == "gpt2":
        each = time_of_an_operation(figures, device, mode)
        return transformer.service_times(figures, device, mode, each)
    board = orin if device in orin.DEVICES else laws
    return board.service_times(figures, device, mode, model)


def time_of_an_operation(figures, device, mode):
    """What the host needs for one."""
    if device in orin.DEVICES:
        return orin.slope(figures, device, mode)
    return laws.launch_bracket(figures, device, mode)[1]


def make_mode(figures, device, mode):
    """Everything that depends on the power mode."""
    models = {}
    for name in LAYERS:
        layers, dispatch, origin = service_times(figures, device, mode, name)
        least = time_of_an_operation(figures, device, mode)
        if dispatch < least and device not in orin.DEVICES:
            origin["note"] += ". least_s: the time of an operation of resnet56, see there"
        value, spread_origin = laws.spread(figures, device)
        models[name] = {
            "provenance": origin,
            "inputs": INPUTS[name],
            "spread": value,
            "spread_provenance": spread_origin,
            "dispatch_s": round(dispatch, 9),
            "least_s": round(max(dispatch, least), 9),
            "layers": {layer: {"mean_s": round(time, 9)} for layer, time in layers.items()},
        }
    clock = figures(device, f"gpu_clock_hz {mode}")
    source = "2 x gpu_cores x gpu_clock_hz; " + figures.source(device, f"gpu_clock_hz {mode}")
    cores = f"gpu_cores {mode}" if device in orin.DEVICES else "gpu_cores"
    return {
        "peak_flop_per_s": 2 * figures(device, cores) * clock,
        "peak_provenance": {"kind": "published", "source": source, "precision": "fp32"},
        **power.power(figures, device, mode),
        "models": models,
    }


def make_device(figures, device):
    """One file."""
    title, modes = laws.BOARDS[device]
    source = figures.source(device, "memory_bytes")
    return {
        "format": "mdi-compute-trace",
        "version": 1,
        "device": device,
        "title": "NVIDIA Jetson " + title,
        "memory_bytes": int(figures(device, "memory_bytes")),
        "memory_provenance": laws.provenance("published", source, eager=False),
        "staging": laws.staging(figures, device),
        "default_mode": modes[0],
        "modes": {mode: make_mode(figures, device, mode) for mode in modes},
    }


def to_text(value, depth=0):
    """JSON with small objects on one line, so that a layer is a line."""
    flat = json.dumps(value, ensure_ascii=True)
    if not isinstance(value, dict) or len(flat) <= 60:
        return flat
    indent = "  " * (depth + 1)
    members = [f"{indent}{json.dumps(k)}: {to_text(v, depth + 1)}" for k, v in value.items()]
    return "{\n" + ",\n".join(members) + "\n" + "  " * depth + "}"


def check_names(path):
    """Compare names and work with those of a layer graph (./mdi inspect --json)."""
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
        graph = json.load(file)
    if graph["name"] not in LAYERS:
        sys.stderr.write(f"{path}: no trace of model {graph['name']}; known: {', '.join(LAYERS)}\n")
        return 1
    ours = LAYERS[graph["name"]]()
    theirs = {layer["name"]: layer for layer in graph["layers"]}
    for name in [name for name in theirs if name not in ours]:
        sys.stderr.write(f"{path}: layer {name} has no time in the traces\n")
    for name in [name for name in ours if name not in theirs]:
        sys.stderr.write(f"{path}: the traces have a time of {name}, which is no layer\n")
    if set(ours) != set(theirs):
        return 1
    status = 0
    for name, work in ours.items():
        known = (theirs[name]["flop"], theirs[name]["weight_bytes"])
        if work.flop and tuple(work) != known:
            sys.stderr.write(f"{path}: layer {name}: {work}, but the graph says {known}\n")
            status = 1
    return status


def print_totals():
    """One line for each model, board and mode."""
    figures = laws.Figures()
    for device, (_, modes) in laws.BOARDS.items():
        for mode in modes:
            for name in LAYERS:
                layers, dispatch, origin = service_times(figures, device, mode, name)
                total = f"{sum(layers.values()) * 1e3:.1f} ms +-{origin['error_band']:g}"
                each = f"{len(layers)} layers, dispatch {dispatch * 1e6:.1f} us each"
                print(f"{device} {mode} {name}: {total}; {each}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    parser.add_argument("--totals", action="store_true", help="print the models' times only")
    parser.add_argument("--names", metavar="GRAPH.json", help="compare layers with a layer graph")
    options = parser.parse_args()
    if options.names:
        return check_names(options.names)
    if options.totals:
        print_totals()
        return 0
    figures = laws.Figures()
    status = 0
    for device in laws.BOARDS:
        path = os.path.join(laws.HERE, device + ".json")
        text = to_text(make_device(figures, device)) + "\n"
        if options.check:
            try:
                with open(path, encoding="ascii") as file:
                    same = file.read() == text
            except OSError:
                same = False
            if not same:
                wrong = "differs from what make_traces.py computes; run it anew"
                sys.stderr.write(f"{path}: {wrong}\n")
                status = 1
        else:
            with open(path + ".part", "w", encoding="ascii") as file:
                file.write(text)
            os.replace(path + ".part", path)
    return status


if __name__ == "__main__":
    sys.exit(main())
