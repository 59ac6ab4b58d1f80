#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""How well a law of compute times predicts a network that it has not seen.

    python3 traces/compute/leave_one_out.py

Parts (convolution + norm + ReLU, ...) of six networks were measured on AGX Orin, MAXN, FP32, with
batches of 1, 4 and 16 (agx-orin-parts.csv: parts of one size are one row). The law of a part is

    time = launch x operations + max(FLOP / (a x peak), bytes / (b x bandwidth)).

Each of ResNet-50, MobileNetV2 and VGG-16 in turn is held out; launch, a and b are fitted to the
other five networks, all batches, so that the sum over parts of |log(predicted / measured)| is
least; and the held-out one is predicted at batch 1. The family stays: ResNet-50 is predicted with
ResNet-18, 34 and 101 known. The loss is one of several that we tried, and the errors move with it:
median 13 to 35 %, sum -14 to +18 % (ResNet-50); 7 to 44 %, +1 to +38 % (MobileNetV2); 29 to 37 %,
-3 to +43 % (VGG-16). Batch 1 alone says little of a and b: VGG-16 is then off by a factor 2.

Below, the law of orin.py of whole runs predicts MobileNetV2, of which it knows the number of
operations only, on two boards.
"""

import csv
import math
import os
import sys
import typing

import laws
import orin

HELD_OUT = ("resnet50", "mobilenetv2", "vgg16")
MOBILENETV2_OPERATIONS = 153  # by torch.fx
ROUNDS = 9
STEPS = 6  # of a round to each side


class Part(typing.NamedTuple):
    """Alike parts of a network."""

    model: str
    batch: int
    operations: int
    ideal_flop_s: float  # at the peak
    ideal_bytes_s: float  # at the full bandwidth
    count: int
    measured: float


class Law(typing.NamedTuple):
    """What is fitted: launch in seconds, shares of peak and bandwidth."""

    launch: float
    a: float
    b: float

    def __call__(self, part):
        roof = max(part.ideal_flop_s / self.a, part.ideal_bytes_s / self.b)
        return self.launch * part.operations + roof


def read_parts(figures):
    """All of agx-orin-parts.csv."""
    peak = 2 * figures("agx-orin", "gpu_cores MAXN") * figures("agx-orin", "gpu_clock_hz MAXN")
    bandwidth = figures("agx-orin", "memory_bandwidth")
    parts = []
    path = os.path.join(laws.HERE, "agx-orin-parts.csv")
    with open(path, newline="", encoding="ascii") as file:
        for row in csv.DictReader(file):
            ideal = (float(row["flop"]) / peak, float(row["bytes"]) / bandwidth)
            numbers = (int(row["batch"]), int(row["operations"]), *ideal, int(row["count"]))
            parts.append(Part(row["model"], *numbers, float(row["mean_s"])))
    return parts


def loss(law, parts):
    return sum(part.count * abs(math.log(law(part) / part.measured)) for part in parts)


def fit(parts):
    """The law of least loss: one of its numbers after the other, in steps that get finer.

    From several beginnings, since a and b trade against each other; no share exceeds 1.
    """
    best = (math.inf, None)
    for a in (0.3, 0.6, 0.9):
        for b in (0.5, 0.9):
            law = Law(1e-4, a, b)
            least = loss(law, parts)
            step = 1.15
            for _ in range(ROUNDS):
                before = least
                for field in Law._fields:
                    old = getattr(law, field)
                    for power in range(-STEPS, STEPS + 1):
                        value = old * step**power
                        value = value if field == "launch" else min(1.0, value)
                        tried = law._replace(**{field: value})
                        least, law = min((loss(tried, parts), tried), (least, law))
                if before - least < 1e-3 * before:
                    step = math.sqrt(step)
            best = min(best, (least, law))
    return best[1]


def median(pairs):
    """Of (value, count): the least value up to which half of the counts are."""
    half = sum(count for _, count in pairs) / 2
    below = 0
    for value, count in sorted(pairs):
        below += count
        if below >= half:
            return value
    raise ValueError("no values")


def hold_out(parts, model):
    """(law, median error of a part, error of the sum), both relative, at batch 1."""
    law = fit([part for part in parts if part.model != model])
    held = [part for part in parts if part.model == model and part.batch == 1]
    errors = [(abs(law(part) / part.measured - 1), part.count) for part in held]
    predicted = sum(part.count * law(part) for part in held)
    measured = sum(part.count * part.measured for part in held)
    return law, median(errors), predicted / measured - 1


def whole_runs(figures):
    """[(board, mode, predicted, published)] of MobileNetV2."""
    runs = []
    for device in orin.DEVICES:
        for mode in laws.BOARDS[device][1]:
            if (device, f"latency_s mobilenetv2 {mode}") in figures:
                fewer = orin.OPERATIONS["resnet50"] - MOBILENETV2_OPERATIONS
                predicted = figures(device, f"latency_s resnet50 {mode}")
                predicted -= fewer * orin.slope(figures, device, mode)
                published = figures(device, f"latency_s mobilenetv2 {mode}")
                runs.append((device, mode, predicted, published))
    return runs


def main():
    figures = laws.Figures()
    parts = read_parts(figures)
    print("agx-orin MAXN, parts at batch 1:")
    for model in HELD_OUT:
        law, part, total = hold_out(parts, model)
        print(
            f"{model}: median error of a part {part:.0%}, of the sum {total:+.0%} "
            f"(launch {law.launch * 1e6:.0f} us, a {law.a:.2f}, b {law.b:.2f})"
        )
    print("mobilenetv2, whole runs, by the line through ResNet-50 and ResNet-152:")
    for device, mode, predicted, published in whole_runs(figures):
        ratio = f"{predicted / published - 1:+.0%}"
        print(f"{device} {mode}: {laws.ms(predicted)}, published {laws.ms(published)}: {ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
