# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Service times of layers from the few published figures of a board, and where each comes from.

No one has published per-layer PyTorch times of the boards before Orin for these models (orin.py has
the two of Orin). What is known are totals, and the shape comes from a law:

ResNet-56 (CIFAR), with and without exits; MobileNetV2 on boards without a PyTorch figure of it.
    At batch 1 and with layers this small the host launches operations more slowly than the GPU
    runs them, so time = operations x a constant, the same for each operation. AGX Xavier and
    Xavier NX: the middle of two published slopes. Nano, TX2: no figure exists; launching is work
    of the CPU, so the cycles per operation of AGX Xavier are divided by the board's CPU clock.
ResNet-50 (224x224). time of an operation = launch + FLOP / rate of its stage. The rates were
    measured on Nano and AGX Xavier at 800x800; launch is chosen so that the total equals the
    published total. TX2 takes both from Nano, Xavier NX the rates from AGX Xavier, by the ratio
    of a whole ResNet-50 that was measured alike on both boards.
VGG-16, YOLOv5s, MobileNetV2. time of an operation = launch + the larger of factor x FLOP / rate
    and weights / bandwidth, with the launch and the mean rate of the board's ResNet-50. factor
    makes the total the published one; where none is, it is taken over from another board.

dispatch_s of a trace is what no splitting by rows saves: the constant of the first law, the launch
of the others. Where the GPU is the slower one, as on Nano with ResNet-50, it hides launches, and
the launch of the law is only what is left of the total. A strip of few rows hides nothing: least_s
is the constant of the first law, what the host needs for an operation.
"""

import csv
import os

from layers import LAYERS

HERE = os.path.dirname(os.path.abspath(__file__))
STAGES = ("layer1", "layer2", "layer3", "layer4")
RESNET56_OPERATIONS = 195  # torch.fx count to which the law refers: without shortcuts' slice, pad
NORMAL_95 = 1.96  # half-width of the 95 % band in standard deviations

BOARDS = {  # title, power modes; the first is the one of totals, and the default
    "agx-orin": ("AGX Orin", ("MAXN", "30W", "15W")),
    "agx-xavier": ("AGX Xavier", ("MAXN",)),
    "nano": ("Nano", ("MAXN", "5W")),
    "orin-nano": ("Orin Nano", ("15W",)),
    "tx2": ("TX2", ("MAXN",)),
    "xavier-nx": ("Xavier NX", ("unstated",)),
}
# Whose stage rates a board takes, and the latency that says how much slower it is.
LIKE = {
    "tx2": ("nano", "latency_s resnet50 TensorRT"),
    "xavier-nx": ("agx-xavier", "latency_s resnet50 batch 32"),
}
# The board on which a model's factor is chosen, unless there is a total of the board itself.
REFERENCE = {"mobilenetv2": "agx-xavier", "vgg16": "nano", "yolov5s": "nano"}
BANDS = {  # error bands where the total is published
    ("agx-xavier", "mobilenetv2"): 0.3,
    ("xavier-nx", "mobilenetv2"): 1.0,
    ("nano", "vgg16"): 0.4,
    ("nano", "yolov5s"): 0.5,
}
BAND_OF_OTHER_MODES = 0.6  # of such a board: its ResNet-50 stages were measured in both
YOLOV5S_PIXELS = 640 / 480  # of 640x640 to those of the published total


def title_of(device):
    return BOARDS[device][0]


def default_mode(device):
    return BOARDS[device][1][0]


class Figures:
    """The published numbers and their sources."""

    def __init__(self):
        self.rows = {}
        for name in ("figures.csv", "language-models.csv"):
            with open(os.path.join(HERE, name), newline="", encoding="ascii") as file:
                for row in csv.DictReader(file):
                    key = row["device"], row["quantity"]
                    self.rows[key] = (float(row["value"]), row["source"])

    def __call__(self, device, quantity):
        return self.rows[device, quantity][0]

    def __contains__(self, key):
        return key in self.rows

    def source(self, device, quantity):
        return self.rows[device, quantity][1]


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
    own = (device, "band95 low") in figures
    board = device if own else "agx-xavier"
    low = figures(board, "band95 low") / NORMAL_95
    high = figures(board, "band95 high") / NORMAL_95
    assert low <= value <= high
    band = round(high / value - 1, 1)
    note = (
        f"rounded; whole models on {title_of(board)} lie between {low:.3f} and {high:.3f} (95 % "
        f"band over {NORMAL_95}), a factor {1 + band:g} above this value at most"
    )
    if not own:
        note += "; no figure of this board exists"
    source = "AGX Orin, " + figures.source("agx-orin", "spread median")
    return value, provenance("calibrated", source, band, note)


def ms(seconds):
    """As people read it."""
    return f"{seconds * 1e3:.4g} ms"


def bounds(figures, device, model, total):
    """What other frameworks and precisions say of a total; it must lie between them."""
    parts = []
    for quantity, sign, word in (("lower_s", 1, "above"), ("upper_s", -1, "below")):
        if (device, f"{quantity} {model}") in figures:
            bound = figures(device, f"{quantity} {model}")
            assert sign * (total - bound) > 0, (device, model, total, bound)
            parts.append(f"{word} {ms(bound)} ({figures.source(device, f'{quantity} {model}')})")
    return ". It lies " + " and ".join(parts) if parts else ""


# Operations x a constant


def launch_bracket(figures, device, mode):
    """Seconds per operation: (low, middle, high, source, how the middle was found, band)."""
    board = device if (device, "s_per_operation low") in figures else "agx-xavier"
    low, high = (figures(board, f"s_per_operation {end}") for end in ("low", "high"))
    each = (low + high) / 2
    at = f" at {default_mode(board)}" if board == "agx-xavier" else ""
    source = (
        f"time per operation of {title_of(board)}{at} between {low * 1e3:g} ms "
        f"({figures.source(board, 's_per_operation low')}) and {high * 1e3:g} ms "
        f"({figures.source(board, 's_per_operation high')})"
    )
    how = f"the middle, {each * 1e3:g} ms"
    if device == "agx-xavier":
        return low, each, high, source, how, 0.35
    scale = 1.0
    if device != board:
        clock = figures(device, f"cpu_clock_hz {mode}")
        board_clock = figures(board, f"cpu_clock_hz {default_mode(board)}")
        scale = board_clock / clock
        how = (
            f"no figure of this board exists: {how} x {board_clock / 1e9:g} GHz = "
            f"{each * board_clock:.0f} CPU cycles, at {clock / 1e9:g} GHz {ms(each * scale)}"
        )
    how += "; error_band 1.0 reads: a factor 2"
    return low * scale, each * scale, high * scale, source, how, 1.0


def by_operations(figures, device, mode, model):
    """The operation-count law: (seconds by layer, dispatch, provenance)."""
    names = list(LAYERS[model]())
    low, each, high, source, how, band = launch_bracket(figures, device, mode)
    exits = model == "resnet56-exits"
    branches = ", and the branches of the exits" if exits else ""
    without = " without its exits" if exits else ""
    count = len(names)
    note = f"{how}; the same for each of {count} operations"
    if model.startswith("resnet56"):
        count = RESNET56_OPERATIONS
        note += f" ({count} by torch.fx's count, slices and pads of shortcuts{branches})"
    note += (
        f". Report results over the bracket: {count * low * 1e3:.1f} to "
        f"{count * high * 1e3:.1f} ms for the model{without}"
    )
    total = each * len(names)
    if model == "mobilenetv2":
        factor = factor_of(figures, REFERENCE[model], model)
        gpu = sum(running_times(figures, device, mode, model, factor).values())
        assert gpu < total
        note += (
            f". The GPU's part by the law of {title_of(REFERENCE[model])} is {ms(gpu)}, so that "
            f"launching decides; the total is {ms(total)}"
        )
        if mode == default_mode(device):
            note += bounds(figures, device, model, total)
    elif device not in ("agx-xavier", "nano"):
        note += f". The total is {ms(total)}"
    return {name: each for name in names}, each, provenance("calibrated", source, band, note)


# ResNet-50: launch + FLOP / rate of the stage


def published_total(figures, device, model):
    """Time of the whole model and where it comes from: (seconds, text), or None."""
    if (device, f"latency_s {model}") in figures:
        return figures(device, f"latency_s {model}"), figures.source(device, f"latency_s {model}")
    if (device, f"latency_s {model} low") in figures:
        low, high = (figures(device, f"latency_s {model} {end}") for end in ("low", "high"))
        text = (
            f"middle of {low * 1e3:g} ms ({figures.source(device, f'latency_s {model} low')}) and "
            f"{high * 1e3:g} ms ({figures.source(device, f'latency_s {model} high')})"
        )
        return (low + high) / 2, text
    if (device, f"latency_s {model} at 640x480") in figures:
        part = figures(device, f"latency_s {model} at 640x480")
        source = figures.source(device, f"latency_s {model} at 640x480")
        return part * YOLOV5S_PIXELS, f"4/3 of {ms(part)} at 640x480 ({source})"
    return None


def ratio(figures, device):
    """How much slower than the board that it is like: (factor, text)."""
    like, quantity = LIKE[device]
    own, other = figures(device, quantity), figures(like, quantity)
    sources = dict.fromkeys(figures.source(board, quantity) for board in (device, like))
    text = (
        f"{ms(own)} / {ms(other)} of a whole ResNet-50 on this board and on {title_of(like)} "
        f"({'; '.join(sources)})"
    )
    return own / other, text


def resnet50_total(figures, device, mode):
    """Time of the whole model and where it comes from: (seconds, text)."""
    if device == "tx2":
        high = figures("nano", "latency_s resnet50 high")
        text = (
            f"no figure of this board in PyTorch exists: {ms(high)} of Nano "
            f"({figures.source('nano', 'latency_s resnet50 high')}) x {ratio(figures, device)[1]}"
        )
        return high * ratio(figures, device)[0], text
    total, text = published_total(figures, device, "resnet50")
    usual = default_mode(device)
    if mode != usual:
        stages = [sum(figures(device, f"stage_s {m} {s}") for s in STAGES) for m in (usual, mode)]
        total *= stages[1] / stages[0]
        text += f", times the ratio of the stages' times in modes {mode} and {usual}, "
        text += f"{stages[1] / stages[0]:.4g}"
    return total, text


def stage_times(figures, device, mode):
    """Seconds of the four stages at 800x800: ({stage: seconds}, source)."""
    if device not in LIKE:
        times = {s: figures(device, f"stage_s {mode} {s}") for s in STAGES}
        return times, figures.source(device, f"stage_s {mode} layer1")
    like = LIKE[device][0]
    factor, text = ratio(figures, device)
    times, source = stage_times(figures, like, default_mode(like))
    source = f"{title_of(like)}, {source}"
    if device == "tx2":  # the total has said it
        text = "the same ratio"
    return {s: time * factor for s, time in times.items()}, f"{source}; times {text}"


def by_stages(figures, device, mode, model="resnet50"):
    """ResNet-50 by stage rates and launch cost: (seconds by layer, dispatch, provenance)."""
    layers = LAYERS[model]()
    times, shape = stage_times(figures, device, mode)
    rate = {s: figures("any", f"stage_flop {s}") / times[s] for s in STAGES}
    # The stem is like the stage after it, the head like the one before.
    running = {}
    for name, work in layers.items():
        stage = name.split(".")[0]
        stage = stage if stage in rate else "layer4" if name.startswith("fc") else "layer1"
        running[name] = work.flop / rate[stage]
    total, total_source = resnet50_total(figures, device, mode)
    launch = (total - sum(running.values())) / len(layers)
    assert launch > 0
    rates = "/".join(f"{rate[s] / 1e9:.0f}" for s in STAGES)
    source = f"total: {total_source}; shape: {shape}"
    note = (
        f"time of an operation = launch {launch * 1e6:.1f} us + FLOP / rate of its stage ({rates} "
        f"GFLOP/s); launch makes the total {total * 1e3:.1f} ms. The rates hold the batch norms "
        f"and ReLUs of a stage too: compare blocks, not single operations. The error band is that "
        f"of a block"
    )
    if device in LIKE:
        note += f". The total is {ms(total)}" + bounds(figures, device, model, total)
    layers = {name: launch + time for name, time in running.items()}
    band = 0.4 if device == "tx2" else 0.3
    return layers, launch, provenance("calibrated", source, band, note)


# VGG-16, YOLOv5s, MobileNetV2: the law that ResNet-50 gave, with a factor for the model


def mean_rate(figures, device, mode):
    """FLOP/s over the four stages."""
    times = stage_times(figures, device, mode)[0]
    return sum(figures("any", f"stage_flop {s}") for s in STAGES) / sum(times.values())


def running_times(figures, device, mode, model, factor):
    """Seconds of each layer beside its launch."""
    rate = mean_rate(figures, device, mode)
    bandwidth = figures("any", "bandwidth share") * figures(device, "memory_bandwidth")
    return {
        name: max(factor * work.flop / rate, work.weight_bytes / bandwidth)
        for name, work in LAYERS[model]().items()
    }


def factor_of(figures, device, model):
    """The factor with which the law meets the published total of a board."""
    mode = default_mode(device)
    launch = by_stages(figures, device, mode)[1]
    wanted = published_total(figures, device, model)[0] - launch * len(LAYERS[model]())
    low, high = 0, 100
    for _ in range(60):  # far more halvings than the printed digits need
        middle = (low + high) / 2
        if sum(running_times(figures, device, mode, model, middle).values()) < wanted:
            low = middle
        else:
            high = middle
    assert 0.1 < low < 10, (device, model, low)
    return low


def by_rate(figures, device, mode, model):
    """Launch + factor x FLOP / rate, or weights / bandwidth: as by_stages."""
    own = published_total(figures, device, model) is not None
    board = device if own else REFERENCE[model]
    factor = factor_of(figures, board, model)
    launch = by_stages(figures, device, mode)[1]
    running = running_times(figures, device, mode, model, factor)
    layers = {name: launch + time for name, time in running.items()}
    total = sum(layers.values())

    published = published_total(figures, board, model)[1]
    if own and mode == default_mode(device):
        source = f"total: {published}"
        band = BANDS[device, model]
    elif own:
        source = (
            f"no figure of this mode exists: factor from the total in mode {default_mode(device)}, "
            f"{published}"
        )
        band = BAND_OF_OTHER_MODES
    else:
        source = (
            f"no figure of this board in PyTorch and FP32 exists: factor from the total of "
            f"{title_of(board)}, {published}"
        )
        band = 1.0
    source += "; launch and rate: those of this mode's resnet50, see there"
    rate = mean_rate(figures, device, mode)
    share = figures("any", "bandwidth share")
    bandwidth = share * figures(device, "memory_bandwidth")
    note = (
        f"time of an operation = launch {launch * 1e6:.1f} us + the larger of {factor:.3g} x FLOP "
        f"/ {rate / 1e9:.0f} GFLOP/s and weights / {bandwidth / 1e9:.1f} GB/s ({share:g} of the "
        f"peak: {figures.source(device, 'memory_bandwidth')}; "
        f"{figures.source('any', 'bandwidth share')}). Compare blocks, not single operations"
    )
    if band == 1.0:
        note += "; error_band 1.0 reads: a factor 2"
    if own and (device, f"latency_s {model} low") in figures and mode == default_mode(device):
        ends = (ms(figures(device, f"latency_s {model} {end}")) for end in ("low", "high"))
        note += f". Report results over the bracket: {' to '.join(ends)} for the model"
    note += f". The total is {ms(total)}"
    note += bounds(figures, device, model, total)
    return layers, launch, provenance("calibrated", source, band, note)


def service_times(figures, device, mode, model):
    """By the law that fits: (seconds by layer, dispatch in seconds, provenance)."""
    if model == "resnet50":
        return by_stages(figures, device, mode)
    if model == "mobilenetv2" and published_total(figures, device, model) is None:
        return by_operations(figures, device, mode, model)
    if model.startswith("resnet56"):
        return by_operations(figures, device, mode, model)
    return by_rate(figures, device, mode, model)
