#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Computes the compute traces of devices from figures.csv and language-models.csv.

    python3 traces/compute/make_traces.py             # writes them
    python3 traces/compute/make_traces.py --check     # exit 1 if they differ from what it computes
    python3 traces/compute/make_traces.py --totals    # prints the time of each model on each board
    ./mdi inspect MODEL.pt --json | python3 traces/compute/make_traces.py --names -
                                                      # exit 1 if layers differ from the slicer's

laws.py, orin.py, transformer.py and language.py say how times come from figures, layers.py what
the models consist of.
"""

import argparse
import json
import os
import sys

import estimate
import language
import laws
import orin
import power
import transformer
import xeon
from layers import ALL_BOARDS, INPUTS, LAYERS

DEVICES = (*laws.BOARDS, xeon.DEVICE)


def service_times(figures, device, mode, model):
    """(seconds by layer, dispatch in seconds, provenance) by the law of board and model."""
    if model == "gpt2":
        each = time_of_an_operation(figures, device, mode)
        return transformer.service_times(figures, device, mode, each)
    if device == xeon.DEVICE:
        return xeon.service_times(figures, estimate.read_sizes()[model], model)
    board = orin if device in orin.DEVICES else laws
    return board.service_times(figures, device, mode, model)


def time_of_an_operation(figures, device, mode):
    """What the host needs for one."""
    if device == xeon.DEVICE:
        return xeon.law(figures)[0]
    if device in orin.DEVICES:
        return orin.slope(figures, device, mode)
    return laws.launch_bracket(figures, device, mode)[1]


def pytorch_models(device, mode):
    """Models that a law of laws.py, orin.py, transformer.py or xeon.py knows."""
    if device == xeon.DEVICE:
        return xeon.MODELS
    return ALL_BOARDS if mode in laws.BOARDS[device][1] else ()


def modes_of(device):
    """All of them, the default first."""
    if device == xeon.DEVICE:
        return (xeon.MODE,)
    return laws.BOARDS[device][1] + language.MODES.get(device, ())


def law_of(figures, device, mode):
    """Of models that the traces do not know."""
    if device == xeon.DEVICE:
        numbers = estimate.three_digits(estimate.Law(*xeon.law(figures)))
        return estimate.block_of((numbers, xeon.text(figures), xeon.NOTE), xeon.BAND)
    usual = laws.default_mode(device)
    known = mode if mode in laws.BOARDS[device][1] else usual
    each = time_of_an_operation(figures, device, known)
    totals = {
        model: sum(service_times(figures, device, known, model)[0].values())
        for model in estimate.KNOWN[device, known]
    }
    if mode != known:
        return estimate.block_of(estimate.super_law(figures, each, totals))
    return estimate.block_of(estimate.law_of_measured(figures, device, mode, each, totals))


def peak_of(figures, device, mode):
    """(FLOP/s of the vendor, where they come from)."""
    if device == xeon.DEVICE:
        source = "cpu_cores x cpu_clock_hz x flop_per_cycle; " + figures.source(device, "cpu_cores")
        return xeon.peak_flop_per_s(figures), source
    clock = figures(device, f"gpu_clock_hz {mode}")
    source = "2 x gpu_cores x gpu_clock_hz; " + figures.source(device, f"gpu_clock_hz {mode}")
    cores = f"gpu_cores {mode}" if device in orin.DEVICES else "gpu_cores"
    return 2 * figures(device, cores) * clock, source


def add_generation(model, block, cached):
    """To a model of a mode."""
    layers = model.pop("layers")
    for name, time in cached.items():
        layers[name]["cached_s"] = round(time, 9)
    model["generation"] = block
    model["layers"] = layers


def make_mode(figures, device, mode):
    """Everything that depends on the power mode."""
    models = {}
    for name in pytorch_models(device, mode):
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
        if name == "gpt2":
            add_generation(models[name], *transformer.generation(figures, device, mode, least))
    for name in language.MODELS.get((device, mode), ()):
        models[name] = language.block_of(figures, name)
    peak, source = peak_of(figures, device, mode)
    return {
        "peak_flop_per_s": peak,
        "peak_provenance": {"kind": "published", "source": source, "precision": "fp32"},
        "law": law_of(figures, device, mode),
        **power.power(figures, device, mode),
        "models": models,
    }


def make_device(figures, device):
    """One file."""
    modes = modes_of(device)
    jetson = device in laws.BOARDS
    source = figures.source(device, "memory_bytes")
    trace = {
        "format": "mdi-compute-trace",
        "version": 1,
        "device": device,
        "title": "NVIDIA Jetson " + laws.title_of(device) if jetson else xeon.TITLE,
        "memory_bytes": int(figures(device, "memory_bytes")),
        "memory_provenance": laws.provenance("published", source, eager=False),
    }
    if jetson:
        trace["staging"] = language.staging(figures, device)
    trace["default_mode"] = modes[0]
    trace["modes"] = {mode: make_mode(figures, device, mode) for mode in modes}
    return trace


def to_text(value, depth=0):
    """JSON with small objects on one line, so that a layer is a line."""
    flat = json.dumps(value, ensure_ascii=True)
    if not isinstance(value, dict) or len(flat) <= 60:
        return flat
    indent = "  " * (depth + 1)
    members = [f"{indent}{json.dumps(k)}: {to_text(v, depth + 1)}" for k, v in value.items()]
    return "{\n" + ",\n".join(members) + "\n" + "  " * depth + "}"


def read_graph(path):
    """A layer graph (./mdi inspect --json)."""
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
        return json.load(file)


def print_sizes(path):
    """Lines of layer-sizes.csv."""
    graph = read_graph(path)
    for layer, (flop, bytes_) in estimate.sizes_of(graph).items():
        print(f"{graph['name']},{layer},{flop},{bytes_}")
    return 0


def check_names(path):
    """Compare names, work and sizes with those of a layer graph."""
    graph = read_graph(path)
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
    sizes = estimate.read_sizes().get(graph["name"])
    if sizes and sizes != estimate.sizes_of(graph):
        wrong = "layer-sizes.csv has other sizes of its layers; --sizes prints these"
        sys.stderr.write(f"{path}: {wrong}\n")
        status = 1
    return status


def print_totals():
    """One line for each model, board and mode."""
    figures = laws.Figures()
    for device in DEVICES:
        for mode in modes_of(device):
            for name in pytorch_models(device, mode):
                layers, dispatch, origin = service_times(figures, device, mode, name)
                total = f"{sum(layers.values()) * 1e3:.1f} ms +-{origin['error_band']:g}"
                each = f"{len(layers)} layers, dispatch {dispatch * 1e6:.1f} us each"
                print(f"{device} {mode} {name}: {total}; {each}")
            law = law_of(figures, device, mode)
            numbers = f"{law['per_operation_s'] * 1e6:.1f} us, "
            numbers += f"{law['flop_per_s'] / 1e9:.0f} GFLOP/s, {law['bytes_per_s'] / 1e9:.1f} GB/s"
            print(f"{device} {mode} law: {numbers} +-{law['provenance']['error_band']:g}")
            for name in language.MODELS.get((device, mode), ()):
                block = language.block_of(figures, name)
                total = sum(layer["mean_s"] for layer in block["layers"].values())
                cached = sum(layer.get("cached_s", 0) for layer in block["layers"].values())
                line = f"{total * 1e3:.1f} ms +-{block['provenance']['error_band']:g} for "
                line += f"{block['generation']['tokens']} tokens; {len(block['layers'])} layers"
                if cached:
                    line += f"; {cached * 1e3:.1f} ms for a token with a cache"
                print(f"{device} {mode} {name}: {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    parser.add_argument("--totals", action="store_true", help="print the models' times only")
    parser.add_argument("--names", metavar="GRAPH.json", help="compare layers with a layer graph")
    parser.add_argument("--sizes", metavar="GRAPH.json", help="print its lines of layer-sizes.csv")
    options = parser.parse_args()
    if options.names:
        return check_names(options.names)
    if options.sizes:
        return print_sizes(options.sizes)
    if options.totals:
        print_totals()
        return 0
    figures = laws.Figures()
    status = 0
    for device in DEVICES:
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
