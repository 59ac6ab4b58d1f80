#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Computes the compute traces agx-xavier.json and nano.json from the figures in figures.csv.

    python3 traces/compute/make_traces.py             # writes them
    python3 traces/compute/make_traces.py --check     # exit 1 if they differ from what it computes
    ./mdi inspect MODEL.pt --json | python3 traces/compute/make_traces.py --names -
                                                      # exit 1 if layer names differ from the slicer's

No one has published per-layer PyTorch times of these boards for these models. What is known are
totals, and the shape comes from a law:

ResNet-56 (CIFAR), with and without exits. At batch 1 and with layers this small the host launches operations more slowly than
    the GPU runs them, so time = operations x a constant, the same for each operation. AGX Xavier: the
    middle of two published slopes. Nano: no figure exists; launching is work of the CPU, so the cycles
    per operation of AGX Xavier are divided by Nano's CPU clock.
ResNet-50 (224x224). time of an operation = launch + FLOP / rate of its stage. The rates were measured
    on each board at 800x800; launch is chosen so that the total equals the published total.
"""

import argparse
import csv
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
STAGES = ("layer1", "layer2", "layer3", "layer4")
RESNET56_OPERATIONS = 195  # torch.fx count to which the law refers: without the shortcuts' slice, pad
NORMAL_95 = 1.96  # half-width of the 95 % band in standard deviations


def read_figures():
    """{(device, quantity): (value, source)}"""
    with open(os.path.join(HERE, "figures.csv"), newline="", encoding="ascii") as file:
        return {
            (row["device"], row["quantity"]): (float(row["value"]), row["source"])
            for row in csv.DictReader(file)
        }


class Figures:
    """The published numbers and their sources."""

    def __init__(self):
        self.rows = read_figures()

    def __call__(self, device, quantity):
        return self.rows[device, quantity][0]

    def source(self, device, quantity):
        return self.rows[device, quantity][1]


class Namer:
    """Layer names as the slicer gives them: scope/operator, the second of a name with #2."""

    def __init__(self):
        self.layers = {}  # name -> FLOP
        self.uses = {}

    def add(self, scope, operator, flop=0):
        name = f"{scope}/{operator}" if scope else operator
        self.uses[name] = self.uses.get(name, 0) + 1
        if self.uses[name] > 1:
            name += f"#{self.uses[name]}"
        self.layers[name] = flop

    def convolution(self, scope, inputs, outputs, kernel, pixels):
        self.add(scope, "convolution", 2 * kernel * kernel * inputs * outputs * pixels)


RESNET56_EXITS = ((1, 4), (1, 8), (2, 8))  # stage and block before each branch


def resnet56_layers(exits=()):
    """Operations of traces/models/resnet_cifar.py, option A shortcuts (slice and pad)."""
    net = Namer()
    net.add("conv1", "convolution")
    net.add("bn1", "batch_norm")
    net.add("", "relu")
    for stage in (1, 2, 3):
        for block in range(9):
            scope = f"layer{stage}.{block}"
            net.add(f"{scope}.conv1", "convolution")
            net.add(f"{scope}.bn1", "batch_norm")
            net.add(scope, "relu")
            net.add(f"{scope}.conv2", "convolution")
            net.add(f"{scope}.bn2", "batch_norm")
            if stage > 1 and block == 0:
                net.add(scope, "slice")
                net.add(scope, "slice")
                net.add(scope, "pad")
            net.add(scope, "add")
            net.add(scope, "relu")
            if (stage, block) in exits:
                branch = f"exits.{exits.index((stage, block))}"
                net.add(f"{branch}.conv", "convolution")
                net.add(f"{branch}.bn", "batch_norm")
                net.add(branch, "relu")
                net.add(branch, "adaptive_avg_pool2d")
                net.add(branch, "flatten")
                net.add(f"{branch}.linear", "linear")
    net.add("", "adaptive_avg_pool2d")
    net.add("", "flatten")
    net.add("fc", "linear")
    return net.layers


def resnet50_layers():
    """Operations of torchvision's resnet50 on 224x224 with their FLOP (convolutions and fc)."""
    net = Namer()
    net.convolution("conv1", 3, 64, 7, 112 * 112)
    net.add("bn1", "batch_norm")
    net.add("relu", "relu_")
    net.add("maxpool", "max_pool2d")
    channels = 64
    for stage, blocks in enumerate((3, 4, 6, 3), 1):
        width = 32 << stage
        side = 112 >> stage
        for block in range(blocks):
            scope = f"layer{stage}.{block}"
            # The first block of a stage reads the larger image of the stage before.
            before = side * 2 if stage > 1 and block == 0 else side
            net.convolution(f"{scope}.conv1", channels, width, 1, before * before)
            net.add(f"{scope}.bn1", "batch_norm")
            net.add(f"{scope}.relu", "relu_")
            net.convolution(f"{scope}.conv2", width, width, 3, side * side)
            net.add(f"{scope}.bn2", "batch_norm")
            net.add(f"{scope}.relu", "relu_")
            net.convolution(f"{scope}.conv3", width, 4 * width, 1, side * side)
            net.add(f"{scope}.bn3", "batch_norm")
            if block == 0:
                net.convolution(f"{scope}.downsample.0", channels, 4 * width, 1, side * side)
                net.add(f"{scope}.downsample.1", "batch_norm")
            net.add(scope, "add_")
            net.add(f"{scope}.relu", "relu_")
            channels = 4 * width
    net.add("avgpool", "adaptive_avg_pool2d")
    net.add("", "flatten")
    net.add("fc", "linear", 2 * 2048 * 1000)
    return net.layers


LAYERS = {
    "resnet50": resnet50_layers,
    "resnet56": resnet56_layers,
    "resnet56-exits": lambda: resnet56_layers(RESNET56_EXITS),
}


INPUTS = {
    "resnet50": "1x3x224x224 float32",
    "resnet56": "1x3x32x32 float32",
    "resnet56-exits": "1x3x32x32 float32",
}


def provenance(kind, source, band=None, note=None, eager=True):
    """One provenance block."""
    block = {"kind": kind, "source": source}
    if eager:
        block.update({"framework": "PyTorch eager", "precision": "fp32", "batch": 1})
    if band is not None:
        block["error_band"] = band
    if note:
        block["note"] = note
    return block


def spread(figures, device):
    """Relative standard deviation of a call: (value, provenance)."""
    value = round(figures("agx-orin", "spread median"), 2)
    low = figures("agx-xavier", "band95 low") / NORMAL_95
    high = figures("agx-xavier", "band95 high") / NORMAL_95
    assert low <= value <= high
    band = round(high / value - 1, 1)
    note = (
        f"rounded; whole models on AGX Xavier lie between {low:.3f} and {high:.3f} (95 % band "
        f"over {NORMAL_95}), a factor {1 + band:g} above this value at most"
    )
    if device == "nano":
        note += "; no figure of this board exists"
    source = "AGX Orin, " + figures.source("agx-orin", "spread median")
    return value, provenance("calibrated", source, band, note)


def xavier_s_per_operation(figures):
    """Middle of the two published slopes."""
    low = figures("agx-xavier", "s_per_operation low")
    return (low + figures("agx-xavier", "s_per_operation high")) / 2


def resnet56(figures, device, mode, model="resnet56"):
    """Service times by the operation-count law: (layers, provenance)."""
    names = list(LAYERS[model]())
    each = xavier_s_per_operation(figures)
    xavier_clock = figures("agx-xavier", "cpu_clock_hz MAXN")
    low, high = (figures("agx-xavier", f"s_per_operation {end}") for end in ("low", "high"))
    source = (
        f"time per operation of AGX Xavier at MAXN between {low * 1e3:g} ms "
        f"({figures.source('agx-xavier', 's_per_operation low')}) and {high * 1e3:g} ms "
        f"({figures.source('agx-xavier', 's_per_operation high')})"
    )
    if device == "agx-xavier":
        scale = 1.0
        band = 0.35
        how = f"the middle, {each * 1e3:g} ms"
    else:
        clock = figures(device, f"cpu_clock_hz {mode}")
        scale = xavier_clock / clock
        band = 1.0
        how = (
            f"no figure of this board exists: the middle, {each * 1e3:g} ms x {xavier_clock / 1e9:g} "
            f"GHz = {each * xavier_clock:.0f} CPU cycles, at {clock / 1e9:g} GHz "
            f"{each * scale * 1e3:.4g} ms; error_band 1.0 reads: a factor 2"
        )
    exits = model == "resnet56-exits"
    branches = ", and the branches of the exits" if exits else ""
    without = " without its exits" if exits else ""
    note = (
        f"{how}; the same for each of {len(names)} operations ({RESNET56_OPERATIONS} by torch.fx's "
        f"count, slices and pads of shortcuts{branches}). Report results over the bracket: "
        f"{RESNET56_OPERATIONS * low * scale * 1e3:.1f} to "
        f"{RESNET56_OPERATIONS * high * scale * 1e3:.1f} ms for the model{without}"
    )
    layers = {name: each * scale for name in names}
    return layers, provenance("calibrated", source, band, note)


def resnet50_total(figures, device, mode):
    """Time of the whole model and where it comes from: (seconds, text)."""
    if device == "agx-xavier":
        return figures(device, "latency_s resnet50"), figures.source(device, "latency_s resnet50")
    low, high = (figures(device, f"latency_s resnet50 {end}") for end in ("low", "high"))
    text = (
        f"middle of {low * 1e3:g} ms ({figures.source(device, 'latency_s resnet50 low')}) and "
        f"{high * 1e3:g} ms ({figures.source(device, 'latency_s resnet50 high')})"
    )
    total = (low + high) / 2
    if mode != "MAXN":
        stages = [sum(figures(device, f"stage_s {m} {s}") for s in STAGES) for m in ("MAXN", mode)]
        total *= stages[1] / stages[0]
        text += f", times the ratio of the stages' times in modes {mode} and MAXN, "
        text += f"{stages[1] / stages[0]:.4g}"
    return total, text


def resnet50(figures, device, mode):
    """Service times by stage rates and launch cost: (layers, provenance)."""
    flop = resnet50_layers()
    rate = {s: figures("any", f"stage_flop {s}") / figures(device, f"stage_s {mode} {s}") for s in STAGES}
    # The stem is like the stage after it, the head like the one before.
    running = {}
    for name, work in flop.items():
        stage = name.split(".")[0]
        stage = stage if stage in rate else "layer4" if name.startswith("fc") else "layer1"
        running[name] = work / rate[stage]
    total, total_source = resnet50_total(figures, device, mode)
    launch = (total - sum(running.values())) / len(flop)
    assert launch > 0
    rates = "/".join(f"{rate[s] / 1e9:.0f}" for s in STAGES)
    source = f"total: {total_source}; shape: {figures.source(device, f'stage_s {mode} layer1')}"
    note = (
        f"time of an operation = launch {launch * 1e6:.1f} us + FLOP / rate of its stage ({rates} "
        f"GFLOP/s); launch makes the total {total * 1e3:.1f} ms. The rates hold the batch norms and "
        f"ReLUs of a stage too: compare blocks, not single operations. The error band is that of a block"
    )
    layers = {name: launch + time for name, time in running.items()}
    return layers, provenance("calibrated", source, 0.3, note)


def staging(figures):
    """Cost of sending a message beside the link."""
    per_byte = figures("orin-nano", "staging per_byte_s") - 8 / figures("orin-nano", "link_rate_bps")
    source = figures.source("orin-nano", "staging per_message_s")
    note = (
        "two Orin Nanos over HTTP, the time on the wire taken off per byte; no figure of this board "
        "exists; error_band 1.0 reads: a factor 2"
    )
    return {
        "per_message_s": figures("orin-nano", "staging per_message_s"),
        "per_byte_s": round(per_byte, 10),
        "provenance": {"kind": "calibrated", "source": source, "error_band": 1.0, "note": note},
    }


def make_mode(figures, device, mode):
    """Everything that depends on the power mode."""
    clock = figures(device, f"gpu_clock_hz {mode}")
    models = {}
    for name in LAYERS:
        if name == "resnet50":
            layers, origin = resnet50(figures, device, mode)
        else:
            layers, origin = resnet56(figures, device, mode, name)
        value, spread_origin = spread(figures, device)
        models[name] = {
            "provenance": origin,
            "inputs": INPUTS[name],
            "spread": value,
            "spread_provenance": spread_origin,
            "layers": {layer: {"mean_s": round(time, 9)} for layer, time in layers.items()},
        }
    source = "2 x gpu_cores x gpu_clock_hz; " + figures.source(device, f"gpu_clock_hz {mode}")
    return {
        "peak_flop_per_s": 2 * figures(device, "gpu_cores") * clock,
        "peak_provenance": {"kind": "published", "source": source, "precision": "fp32"},
        "models": models,
    }


def make_device(figures, device, title, modes):
    """One file."""
    return {
        "format": "mdi-compute-trace",
        "version": 1,
        "device": device,
        "title": title,
        "memory_bytes": int(figures(device, "memory_bytes")),
        "memory_provenance": provenance(
            "published", figures.source(device, "memory_bytes"), eager=False
        ),
        "staging": staging(figures),
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
    """Compare the names with those of a layer graph (./mdi inspect --json)."""
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
        graph = json.load(file)
    if graph["name"] not in LAYERS:
        sys.stderr.write(f"{path}: no trace of model {graph['name']}; known: {', '.join(LAYERS)}\n")
        return 1
    ours = set(LAYERS[graph["name"]]())
    theirs = {layer["name"] for layer in graph["layers"]}
    for name in sorted(theirs - ours):
        sys.stderr.write(f"{path}: layer {name} has no time in the traces\n")
    for name in sorted(ours - theirs):
        sys.stderr.write(f"{path}: the traces have a time of {name}, which is no layer\n")
    return 1 if ours != theirs else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    parser.add_argument("--names", metavar="GRAPH.json", help="compare layer names with a layer graph")
    options = parser.parse_args()
    if options.names:
        return check_names(options.names)
    figures = Figures()
    status = 0
    for device, title, modes in (
        ("agx-xavier", "NVIDIA Jetson AGX Xavier", ("MAXN",)),
        ("nano", "NVIDIA Jetson Nano", ("MAXN", "5W")),
    ):
        path = os.path.join(HERE, device + ".json")
        text = to_text(make_device(figures, device, title, modes)) + "\n"
        if options.check:
            try:
                with open(path, encoding="ascii") as file:
                    same = file.read() == text
            except OSError:
                same = False
            if not same:
                sys.stderr.write(f"{path}: differs from what make_traces.py computes; run it anew\n")
                status = 1
        else:
            with open(path + ".part", "w", encoding="ascii") as file:
                file.write(text)
            os.replace(path + ".part", path)
    return status


if __name__ == "__main__":
    sys.exit(main())
