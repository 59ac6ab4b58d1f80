# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The law by which models are estimated that the traces do not know: `law` of a mode.

    time of a layer = max(per_operation, FLOP / flop_per_s, bytes / bytes_per_s)

with the bytes of weights, inputs and outputs (of an embedding: the rows that it looks up, not the
table). The larger, not the sum, since the host launches while the GPU runs: with the sum, the known
totals of ResNet-50 come out 16 to 74 % too long before anything is fitted, with the larger -12 to
+39 %.

Each board has a first guess of the three: what the host needs for an operation, the rate of a whole
ResNet-50 where the GPU decides (batch 32, or the stages at 800x800), and what STREAM reaches or 0.7
of the memory's peak. Then the three are moved so that the sum of squared logarithms is least: of
predicted / known totals, and of each number / its first guess. Totals count that were published or
measured; of the TX2, which has none, that of ResNet-50 scaled from the Nano. A total that is left
out of the fit is not quite unseen: the first guesses come from ResNets, too.

layer-sizes.csv has the sizes of the models' layers, as the slicer sees them:
    ./mdi inspect MODEL.pt --json | python3 traces/compute/make_traces.py --sizes -
"""

import csv
import math
import os
import typing

import laws
import orin

BAND = 1.0  # a factor 2: leaving VGG-16 out of parts is off by as much, see leave_one_out.py
KNOWN = {  # totals that are not made by a law
    ("agx-orin", "MAXN"): ("resnet50", "vgg16"),
    ("agx-orin", "30W"): ("resnet50", "mobilenetv2", "vgg16"),
    ("agx-orin", "15W"): ("resnet50", "vgg16"),
    ("agx-xavier", "MAXN"): ("resnet50", "mobilenetv2"),
    ("nano", "MAXN"): ("resnet50", "vgg16", "yolov5s"),
    ("nano", "5W"): ("resnet50",),
    ("orin-nano", "15W"): ("resnet50", "mobilenetv2"),
    ("tx2", "MAXN"): ("resnet50",),
    ("xavier-nx", "unstated"): ("resnet50", "mobilenetv2"),
}
DTYPE_BYTES = {
    "float32": 4,
    "float16": 2,
    "float64": 8,
    "int64": 8,
    "int32": 4,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
HALVINGS = 24  # of the step; far below the printed digits


class Law(typing.NamedTuple):
    """The three numbers."""

    per_operation: float
    flop_per_s: float
    bytes_per_s: float

    def __call__(self, flop, bytes_):
        return max(self.per_operation, flop / self.flop_per_s, bytes_ / self.bytes_per_s)

    def total(self, sizes):
        """Of a model: sizes as read_sizes() gives them."""
        return sum(self(flop, bytes_) for flop, bytes_ in sizes.values())


def read_sizes():
    """{model: {layer: (FLOP, bytes)}} of layer-sizes.csv."""
    sizes = {}
    path = os.path.join(laws.HERE, "layer-sizes.csv")
    with open(path, newline="", encoding="ascii") as file:
        for row in csv.DictReader(file):
            layers = sizes.setdefault(row["model"], {})
            layers[row["layer"]] = int(row["flop"]), int(row["bytes"])
    return sizes


def tensors_bytes(specs):
    return sum(math.prod(spec["shape"]) * DTYPE_BYTES[spec["dtype"]] for spec in specs)


def sizes_of(graph):
    """The same of one layer graph (./mdi inspect --json)."""
    sizes = {}
    layers = graph["layers"]
    for layer in layers:
        moved = tensors_bytes(layer["outputs"])
        weights = layer["weight_bytes"]
        if layer["op"] == "aten::embedding":
            weights = min(weights, moved)
        for i in layer["inputs"]:
            specs = layers[i]["outputs"] if i >= 0 else [graph["inputs"][-1 - i]]
            moved += tensors_bytes(specs)
        sizes[layer["name"]] = int(layer["flop"]), weights + moved
    return sizes


def first_guess(figures, device, mode, per_operation):
    """(law, where it comes from)."""
    if device in orin.DEVICES:
        stream = f"stream_bytes_per_s {mode}"
        bytes_per_s, memory = figures(device, stream), figures.source(device, stream)
        flop_per_s = orin.rate(figures, device, mode)
        rate = figures.source(device, f"latency_s resnet50 batch 32 {mode}")
    else:
        share = figures("any", "bandwidth share")
        bytes_per_s = share * figures(device, "memory_bandwidth")
        memory = f"{share:g} of {figures.source(device, 'memory_bandwidth')}"
        quantity = "latency_s resnet50 batch 32"
        if (device, quantity) in figures:
            flop = sum(size[0] for size in read_sizes()["resnet50"].values())
            flop_per_s = 32 * flop / figures(device, quantity)
            rate = figures.source(device, quantity)
        else:
            flop_per_s = laws.mean_rate(figures, device, mode)
            rate = "stages of ResNet-50 as in resnet50's times, " + (
                figures.source("nano", f"stage_s {mode} layer1")
            )
    return Law(per_operation, flop_per_s, bytes_per_s), f"{rate}; memory: {memory}"


def loss(law, guess, totals, sizes):
    """Sum of squared logarithms."""
    ratios = [law.total(sizes[model]) / seconds for model, seconds in totals.items()]
    ratios += [mine / first for mine, first in zip(law, guess)]
    return sum(math.log(ratio) ** 2 for ratio in ratios)


def fit(guess, totals, sizes):
    """The law of least loss: a step for one of its numbers, finer when none helps."""
    law, least, step = guess, loss(guess, guess, totals, sizes), 1.2
    for _ in range(HALVINGS):
        moved = True
        while moved:
            moved = False
            for field in Law._fields:
                for factor in (step, 1 / step):
                    tried = law._replace(**{field: getattr(law, field) * factor})
                    value = loss(tried, guess, totals, sizes)
                    if value < least - 1e-15:
                        law, least, moved = tried, value, True
        step = math.sqrt(step)
    return law


def errors(law, totals, sizes):
    """{model: predicted / known - 1}."""
    return {m: law.total(sizes[m]) / seconds - 1 for m, seconds in totals.items()}


def held_out(guess, totals, sizes):
    """The same of each model by the law of the others."""
    found = {}
    for model, seconds in totals.items():
        others = {m: s for m, s in totals.items() if m != model}
        found.update(errors(fit(guess, others, sizes), {model: seconds}, sizes))
    return found


def percents(found):
    return ", ".join(f"{model} {error:+.0%}" for model, error in found.items())


def three_digits(law):
    return Law(*(float(f"{number:.3g}") for number in law))


def law_of_measured(figures, device, mode, per_operation, totals):
    """(law, source, note) of a mode with totals."""
    sizes = read_sizes()
    guess, text = first_guess(figures, device, mode, per_operation)
    totals = {model: totals[model] for model in KNOWN[device, mode]}
    law = three_digits(fit(guess, totals, sizes))
    scaled = " (scaled from the Nano)" if device == "tx2" else ""
    note = (
        f"first guess {guess[0] * 1e6:.0f} us, {guess[1] / 1e9:.0f} GFLOP/s, {guess[2] / 1e9:.1f} "
        f"GB/s. Totals{scaled} come out at {percents(errors(law, totals, sizes))}; each left out "
        f"of the fit, at {percents(held_out(guess, totals, sizes))}"
    )
    return law, f"fitted to the totals of this mode; first guess: {text}", note


def super_law(figures, per_operation, totals):
    """Orin Nano in MAXN_SUPER: by clocks and STREAM from 15W."""
    old = law_of_measured(figures, "orin-nano", "15W", per_operation, totals)[0]
    ratios = [
        figures("orin-nano", f"{name} 15W") / figures("orin-nano", f"{name} MAXN_SUPER")
        for name in ("cpu_clock_hz", "gpu_clock_hz", "stream_bytes_per_s")
    ]
    law = Law(old[0] * ratios[0], old[1] / ratios[1], old[2] / ratios[2])
    source = figures.source("orin-nano", "stream_bytes_per_s MAXN_SUPER")
    note = (
        "no total of PyTorch in this mode is known: the law of 15W, with the CPU's and the GPU's "
        "clocks and STREAM of this mode"
    )
    return three_digits(law), f"scaled from 15W: {source}", note


def block_of(found, band=BAND):
    """`law` of a mode, of (law, source, note)."""
    law, source, note = found
    note += (
        f". Other families may be further off: error_band {band} reads a factor {1 + band:g}. "
        "Operations that start no kernel (views) count as others: transformers come out long"
    )
    return {
        "per_operation_s": law.per_operation,
        "flop_per_s": law.flop_per_s,
        "bytes_per_s": law.bytes_per_s,
        "provenance": laws.provenance("calibrated", source, band, note),
    }
