# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Service times on AGX Orin and Orin Nano, where blocks of layers were measured.

ResNet-50, MobileNetV2 and VGG-16 were measured on AGX Orin in parts (convolution + norm + ReLU,
...), with a wait after each, so that the sum is two to three times the time of a run: shares of the
blocks (agx-orin-blocks.csv) are measured, the total is the published one. Within a block, time of
an operation = launch + a share, by FLOP, of what is left of the block.

At batch 1 the host decides on these boards: over torch.fx operations, latency is a line through
ResNet-50 and ResNet-152 of the same table. Its slope is what the host needs for an operation, and
the launch, unless a block has less than that for each of its operations.

VGG-16 has no published total. Waiting cost ResNet-50 so much for each part; the total is the middle
of the measured sum and that sum less as much for each of its parts. On Orin Nano its convolutions
are slower than in 30W of AGX Orin as ResNet-50 of batch 32 is, its head as the memory is.
ResNet-56 is on the line, the same time for each operation. So is YOLOv5s, shaped by FLOP.
"""

import csv
import os
import re

import laws
from layers import LAYERS

DEVICES = ("agx-orin", "orin-nano")
SHAPE_MODE = {"orin-nano": "30W"}  # of AGX Orin: as many cores at the same clock
# torch.fx's counts; of yolov5s the slicer's.
OPERATIONS = {"resnet50": 175, "resnet152": 515, "resnet56": 195, "yolov5s": 208}
BANDS = {
    ("agx-orin", "resnet50", "MAXN"): 0.1,
    ("agx-orin", "resnet50", "30W"): 0.1,
    ("agx-orin", "resnet50", "15W"): 0.15,
    ("agx-orin", "mobilenetv2", "MAXN"): 0.2,
    ("agx-orin", "mobilenetv2", "30W"): 0.15,
    ("agx-orin", "mobilenetv2", "15W"): 0.25,
    ("agx-orin", "vgg16", "MAXN"): 0.25,
    ("agx-orin", "vgg16", "30W"): 0.25,
    ("agx-orin", "vgg16", "15W"): 0.25,
    ("orin-nano", "resnet50", "15W"): 0.15,
    ("orin-nano", "mobilenetv2", "15W"): 0.2,
    ("orin-nano", "vgg16", "15W"): 0.5,
}
MEASURED = (
    "AGX Orin 64GB, branes-ai/graphs@b6c5e829c33a1e62c1d4c98dfcb16c034bec8994 calibration_data/ "
    "(MIT), campaign B: PyTorch, FP32, batch 1, mean of 50 runs of each part (agx-orin-blocks.csv)"
)


class Blocks:
    """The measured blocks of a model in one mode of AGX Orin."""

    def __init__(self, model, mode):
        self.times = {}
        self.parts = 0
        path = os.path.join(laws.HERE, "agx-orin-blocks.csv")
        with open(path, newline="", encoding="ascii") as file:
            for row in csv.DictReader(file):
                if row["model"] == model:
                    self.times[row["block"]] = float(row[f"{mode}_s"])
                    self.parts += int(row["parts"])
        self.sum = sum(self.times.values())

    def of(self, layer):
        """Which block a layer belongs to: that of its module, or of the one before it."""
        match = re.match(r"layer\d\.\d|features\.(\d+)", layer)
        if not match:
            stem = layer.split("/")[0] in ("conv1", "bn1", "relu", "maxpool")
            return "stem" if stem and "stem" in self.times else "head"
        if not match.group(1):
            return match.group()
        numbers = [int(b.split(".")[1]) for b in self.times if b.startswith("features")]
        return f"features.{max(n for n in numbers if n <= int(match.group(1)))}"


def slope(figures, device, mode):
    """Seconds that the host needs for an operation."""
    least, most = (figures(device, f"latency_s {m} {mode}") for m in ("resnet50", "resnet152"))
    return (most - least) / (OPERATIONS["resnet152"] - OPERATIONS["resnet50"])


def slope_text(figures, device, mode):
    least, most = (figures(device, f"latency_s {m} {mode}") for m in ("resnet50", "resnet152"))
    return (
        f"{laws.ms(least)} of ResNet-50 and {laws.ms(most)} of ResNet-152, "
        f"{OPERATIONS['resnet50']} and {OPERATIONS['resnet152']} torch.fx operations "
        f"({figures.source(device, f'latency_s resnet50 {mode}')})"
    )


def on_line(figures, device, mode, model):
    """Time of a model by its number of operations alone."""
    more = OPERATIONS[model] - OPERATIONS["resnet50"]
    return figures(device, f"latency_s resnet50 {mode}") + more * slope(figures, device, mode)


def rate(figures, device, mode):
    """FLOP/s of ResNet-50 at batch 32, where the GPU decides."""
    flop = sum(work.flop for work in LAYERS["resnet50"]().values())
    return 32 * flop / figures(device, f"latency_s resnet50 batch 32 {mode}")


def by_operations(figures, device, mode, model):
    """ResNet-56: (seconds by layer, dispatch, provenance)."""
    each = on_line(figures, device, mode, "resnet56") / OPERATIONS["resnet56"]
    names = list(LAYERS[model]())
    branches = ", and the branches of the exits" if model == "resnet56-exits" else ""
    note = (
        f"the line at {OPERATIONS['resnet56']} operations, {laws.ms(each)} for each; the same for "
        f"slices and pads of shortcuts{branches}, which torch.fx's count leaves out; no figure of "
        f"this model on any Jetson exists. The total is {laws.ms(each * len(names))}"
    )
    source = f"line through {slope_text(figures, device, mode)}"
    block = laws.provenance("calibrated", source, 0.25, note)
    return {name: each for name in names}, each, block


def spread_over(works, total, launch):
    """Launch for each operation, the rest of total by FLOP (equally where there is none)."""
    flop = sum(work.flop for work in works.values())
    rest = total - launch * len(works)
    share = {n: work.flop / flop if flop else 1 / len(works) for n, work in works.items()}
    return {name: launch + rest * share[name] for name in works}


def by_flop(figures, device, mode, model):
    """YOLOv5s: (seconds by layer, dispatch, provenance)."""
    total = on_line(figures, device, mode, model)
    works = LAYERS[model]()
    gpu = sum(work.flop for work in works.values()) / rate(figures, device, mode)
    assert gpu < total, (device, mode, gpu, total)
    launch = slope(figures, device, mode)
    note = (
        f"the line at {OPERATIONS[model]} operations: {laws.ms(total)}. The GPU's part at the rate "
        f"of ResNet-50 with batch 32, {rate(figures, device, mode) / 1e9:.0f} GFLOP/s "
        f"({figures.source(device, f'latency_s resnet50 batch 32 {mode}')}), is {laws.ms(gpu)}, so "
        f"that launching decides. Time of an operation = launch {launch * 1e6:.1f} us + a share of "
        f"the rest by FLOP; no figure of this model on this board exists; error_band 1.0 reads: a "
        f"factor 2"
    )
    source = f"line through {slope_text(figures, device, mode)}"
    return (
        spread_over(works, total, launch),
        launch,
        laws.provenance("calibrated", source, 1.0, note),
    )


def wait_of_a_part(figures, mode):
    """Seconds that waiting after each part cost ResNet-50 on AGX Orin, for each part."""
    blocks = Blocks("resnet50", mode)
    return (blocks.sum - figures("agx-orin", f"latency_s resnet50 {mode}")) / blocks.parts


def vgg16_blocks(figures, device, mode):
    """VGG-16: (seconds by block, where the total comes from)."""
    shape_mode = SHAPE_MODE.get(device, mode)
    blocks = Blocks("vgg16", shape_mode)
    wait = wait_of_a_part(figures, shape_mode)
    low = blocks.sum - wait * blocks.parts
    total = (low + blocks.sum) / 2
    times = {name: time * total / blocks.sum for name, time in blocks.times.items()}
    text = (
        f"middle of the measured sum, {laws.ms(blocks.sum)}, and {laws.ms(low)}: less "
        f"{laws.ms(wait)} for each of {blocks.parts} parts, what waiting cost ResNet-50"
    )
    if device == "agx-orin":
        return times, f"no end-to-end figure exists: {text}"
    mine, theirs = rate(figures, device, mode), rate(figures, "agx-orin", shape_mode)
    memory = figures("agx-orin", f"stream_bytes_per_s {shape_mode}")
    memory /= figures(device, f"stream_bytes_per_s {mode}")
    for name in times:
        times[name] *= memory if name == "head" else theirs / mine
    return times, (
        f"no figure of this board exists: AGX Orin, {shape_mode} ({text}), convolutions times "
        f"{theirs / mine:.4g}, ResNet-50 with batch 32 "
        f"({figures.source(device, f'latency_s resnet50 batch 32 {mode}')}), head times "
        f"{memory:.4g}, STREAM "
        f"({figures.source(device, f'stream_bytes_per_s {mode}')})"
    )


def measured_total(figures, device, mode, model):
    """Of ResNet-50 or MobileNetV2: (seconds, where from)."""
    if (device, f"latency_s {model} {mode}") in figures:
        quantity = f"latency_s {model} {mode}"
        return figures(device, quantity), figures.source(device, quantity)
    ratio = slope(figures, device, mode) / slope(figures, device, "30W")
    known = figures(device, f"latency_s {model} 30W")
    text = (
        f"no figure of this mode exists: {laws.ms(known)} of 30W "
        f"({figures.source(device, f'latency_s {model} 30W')}) times {ratio:.4g}, the ratio of the "
        f"host's time for an operation"
    )
    return known * ratio, text


def by_blocks(figures, device, mode, model):
    """ResNet-50, MobileNetV2, VGG-16: (seconds by layer, dispatch, provenance)."""
    shape_mode = SHAPE_MODE.get(device, mode)
    blocks = Blocks(model, shape_mode)
    if model == "vgg16":
        times, text = vgg16_blocks(figures, device, mode)
    else:
        total, text = measured_total(figures, device, mode, model)
        times = {name: time * total / blocks.sum for name, time in blocks.times.items()}
    members = {name: {} for name in times}
    for layer, work in LAYERS[model]().items():
        members[blocks.of(layer)][layer] = work
    host = slope(figures, device, mode)
    launch = min(host, *(times[name] / len(works) for name, works in members.items()))
    layers = {}
    for name, works in members.items():
        layers.update(spread_over(works, times[name], launch))
    seconds = sum(layers.values())
    note = (
        f"shape: measured, blocks sum to their shares of the measured sum {laws.ms(blocks.sum)}; "
        f"total: {laws.ms(seconds)}. Time of an operation = launch {launch * 1e6:.1f} us + a share "
        f"by FLOP of what is left of its block; the host needs {host * 1e6:.1f} us for an "
        f"operation. Compare blocks, not single operations; the error band is that of a block"
    )
    source = f"total: {text}; shape: {MEASURED}, mode {shape_mode}"
    band = BANDS[device, model, mode]
    return layers, launch, laws.provenance("calibrated", source, band, note)


def service_times(figures, device, mode, model):
    """By the law that fits: (seconds by layer, dispatch in seconds, provenance)."""
    if model.startswith("resnet56"):
        return by_operations(figures, device, mode, model)
    if model == "yolov5s":
        return by_flop(figures, device, mode, model)
    return by_blocks(figures, device, mode, model)
