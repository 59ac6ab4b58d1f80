# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""A trace of the nodes of PA-MDI's third testbed, from the vendor's peak: no time was measured.

PA-MDI (Li, Seferoglu, arXiv 2412.12371) ran on Standard Radio Nodes of Colosseum, "46-core" Intel
Xeon E5-2650 with 120 GB, on CPU only. 46 logical cores do not fit an E5-2650 v1 to v3 (two of them
have 32, 32 and 40), two E5-2650 v4 have 48: 24 cores of 2.2 GHz with 32 FLOP in a cycle in FP32
(AVX2 with fused multiply-add) and four channels of DDR4-2400 each. That is our reading.

A share of that peak is reached at batch 1: a judgement. The time of a layer is the largest of
per-operation cost, FLOP / rate and bytes / rate, as in estimate.py; GPT-2 as in transformer.py.
"""

import laws
from layers import LAYERS

DEVICE = "xeon-e5-2650"
MODE = "CPU"
TITLE = "Colosseum node, Intel Xeon E5-2650"
MODELS = ("resnet50", "resnet56", "gpt2")
BAND = 2.0


def law(figures):
    """(seconds of an operation, FLOP/s, bytes/s)."""
    peak = peak_flop_per_s(figures)
    return (
        figures(DEVICE, "s_per_operation"),
        peak * figures(DEVICE, "flop share"),
        figures(DEVICE, "memory_bandwidth") * figures(DEVICE, "bandwidth share"),
    )


def peak_flop_per_s(figures):
    names = ("cpu_cores", "cpu_clock_hz", "flop_per_cycle")
    cores, clock, flop = (figures(DEVICE, name) for name in names)
    return cores * clock * flop


def text(figures):
    """Where the law comes from."""
    each, flop_per_s, bytes_per_s = law(figures)
    return (
        f"vendor peak {peak_flop_per_s(figures) / 1e12:.2f} TFLOP/s and "
        f"{figures(DEVICE, 'memory_bandwidth') / 1e9:.0f} GB/s "
        f"({figures.source(DEVICE, 'cpu_cores')}), of which {flop_per_s / 1e9:.0f} GFLOP/s and "
        f"{bytes_per_s / 1e9:.0f} GB/s are taken to be reached, and {each * 1e6:.0f} us for an "
        f"operation: {figures.source(DEVICE, 'flop share')}"
    )


NOTE = (
    "nothing was measured on this machine, and neither the version of the processor nor the number "
    "of threads is known (46 logical cores fit two E5-2650 v4); error_band 2.0 reads: a factor 3"
)


def provenance(figures, note):
    return laws.provenance("calibrated", text(figures), BAND, f"{note}. {NOTE}")


def service_times(figures, sizes, model):
    """(seconds by layer, dispatch, provenance); sizes: (FLOP, bytes) by layer."""
    each, flop_per_s, bytes_per_s = law(figures)
    assert set(sizes) == set(LAYERS[model]())
    layers = {
        name: max(each, flop / flop_per_s, bytes_ / bytes_per_s)
        for name, (flop, bytes_) in sizes.items()
    }
    total = laws.ms(sum(layers.values()))
    note = f"time of an operation: the largest of the three. The total is {total}"
    return layers, each, provenance(figures, note)
