# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Service times of GPT-2's layers (prefill of 32 tokens), on every board, and of generation.

No one has published GPT-2 with 124 M parameters in PyTorch on any Jetson. Two estimates exist:

The GPU's part: an operation takes the largest of FLOP / rate, weights / bandwidth and activations /
bandwidth. AGX Orin: the rate of an encoder layer of ViT-B/16, which is as wide as a block of GPT-2.
Orin Nano: its measured FP32 GEMM, and the bytes per second of a linear layer of 32 rows. TX2: the
rate of GPT-2 Large, with rows padded to 128, where its times have kinks. AGX Xavier, Nano: a
share of the peak; Xavier NX: AGX Xavier's by the ratio of a ResNet-50 of batch 32.
The host's part: each operation that starts a kernel (not a view) takes what it takes in ResNets.

They run side by side, so the total is the larger: with 32 tokens the host's, but on Nano and TX2.
Time of an operation = the GPU's part of it + the same for each of what is left.

Generation. Without a cache, or in prefill of any length, the same law: products with weights grow
with the tokens, attention with their square, the head works for the last position. With a cache a
step reads all weights, keys and values, and launches as many operations: the larger decides, and
the host's is the larger on every board. The rows of a single token are not padded on TX2.
"""

import math

import laws
import orin
import xeon
from layers import FLOAT_BYTES, LAYERS

TOKENS = 32
WIDTH = 768
SCORES = ("mul", "add", "softmax")  # of attention: heads x tokens x tokens
VIEWS = ("unflatten", "permute", "select", "transpose")  # start no kernel
VIT_TOKENS = 197
TX2_ROWS = 128  # of which the kernel's tiles are
BAND = 0.5
BAND_OF_GENERATION = 1.0  # no figure of a step on any of these boards in PyTorch exists
HEADS = 12
LENGTHS = (1, TOKENS, 64, 96, 128, 192, 256, 384, 512, 768, 1024)  # the last is the model's limit
CONTEXT = 64  # of cached_s
CONTEXTS = (1, CONTEXT, 256, 512, 1024)


def block_flop(tokens):
    """Of a block of this width."""
    return 24 * WIDTH**2 * tokens + 4 * tokens**2 * WIDTH


def rates(figures, device, mode):
    """What the GPU (of the Xeon: the processor) does: (FLOP/s, bytes/s, where they come from)."""
    if device == xeon.DEVICE:
        return *xeon.law(figures)[1:], xeon.text(figures)
    share = figures("any", "bandwidth share")
    if device == "agx-orin":
        quantity = f"vit_block_s {mode}"
        stream = f"stream_bytes_per_s {mode}"
        flop_per_s = block_flop(VIT_TOKENS) / figures(device, quantity)
        text = (
            f"{laws.ms(figures(device, quantity))} of an encoder layer of ViT-B/16 with "
            f"{VIT_TOKENS} tokens ({figures.source(device, quantity)}); "
            f"{figures.source(device, stream)}"
        )
        return flop_per_s, figures(device, stream), text
    if device == "orin-nano":
        gemm, linear = f"gemm_flop_per_s {mode}", "linear_bytes_per_s"
        text = f"{figures.source(device, gemm)}; {figures.source(device, linear)}"
        return figures(device, gemm), figures(device, linear), text
    bandwidth = share * figures(device, "memory_bandwidth")
    like = "agx-xavier" if device == "xavier-nx" else device
    flop_per_s = figures(like, "transformer_flop_per_s")
    text = figures.source(like, "transformer_flop_per_s")
    if device == "xavier-nx":
        factor, how = laws.ratio(figures, device)
        return flop_per_s / factor, bandwidth, f"AGX Xavier, {text}; divided by {how}"
    usual = laws.default_mode(device)
    if mode != usual:
        flop_per_s *= laws.mean_rate(figures, device, mode) / laws.mean_rate(figures, device, usual)
        text += f", times the ratio of ResNet-50's rates in modes {mode} and {usual}"
    return flop_per_s, bandwidth, text


def running_times(figures, device, mode, tokens=TOKENS):
    """Seconds of each layer on the GPU, in a pass over so many tokens."""
    flop_per_s, bytes_per_s, _ = rates(figures, device, mode)
    rows = TX2_ROWS * math.ceil(tokens / TX2_ROWS) if device == "tx2" else tokens
    growth = rows / TOKENS  # the work is that of TOKENS
    times = {}
    for name, work in LAYERS["gpt2"]().items():
        flop = work.flop
        if "/matmul" in name:  # attention: tokens x tokens
            flop *= growth if work.weight_bytes else growth**2
        scores = name.split("/")[0].endswith(".attn") and name.split("/")[1] in SCORES
        values = max(tokens * WIDTH, HEADS * tokens**2 if scores else 0)
        activations = 3 * FLOAT_BYTES * values / bytes_per_s
        times[name] = max(flop / flop_per_s, work.weight_bytes / bytes_per_s, activations)
    return times


def step_times(figures, device, mode, context):
    """Seconds of each layer on the GPU for one token, with keys and values of the context kept."""
    flop_per_s, bytes_per_s, _ = rates(figures, device, mode)
    times = {}
    for name, work in LAYERS["gpt2"]().items():
        flop, read = work.flop, work.weight_bytes
        if "/matmul" in name and work.weight_bytes:
            flop /= TOKENS
        elif "/matmul" in name:  # keys, or values, of the context
            flop *= context / TOKENS**2
            read = FLOAT_BYTES * context * WIDTH
        times[name] = max(flop / flop_per_s, read / bytes_per_s)
    return times


def beside_host(running, host):
    """Times of layers on the GPU made those of a run: what the host takes longer, equally."""
    left = max(0, host - sum(running.values())) / len(running)
    return {name: time + left for name, time in running.items()}


def generation(figures, device, mode, each):
    """(block of the model, cached_s by layer); `each` as below."""
    host = launching(LAYERS["gpt2"]()) * each

    def whole(tokens):
        return max(host, sum(running_times(figures, device, mode, tokens).values()))

    def cached(context):
        return max(host, sum(step_times(figures, device, mode, context).values()))

    steps = device == "tx2"  # the first of them takes what TOKENS do
    lengths = range(TX2_ROWS, LENGTHS[-1] + 1, TX2_ROWS) if steps else LENGTHS
    layers = beside_host(step_times(figures, device, mode, CONTEXT), host)
    gpu = sum(step_times(figures, device, mode, CONTEXT).values())
    slower = "launching" if host > gpu else "reading weights"
    crossing = next((n for n in LENGTHS if whole(n) > host), None)
    note = (
        f"whole: {laws.ms(whole(128))} for 128 tokens, {laws.ms(whole(1024))} for 1024, by the law "
        f"of the prefill; longer than launching from {crossing} tokens on; all layers grow alike, "
        f"although the head does not. cached_s: {laws.ms(cached(CONTEXT))} for a token at a "
        f"context of {CONTEXT}, the larger of reading weights, keys and values ({laws.ms(gpu)}) "
        f"and launching ({laws.ms(host)}): {slower} decides; at 1024 {laws.ms(cached(1024))}"
    )
    if (device, "lower_s gpt2") in figures:
        bound = figures(device, "lower_s gpt2")
        assert cached(CONTEXT) > bound
        note += f". It lies above {laws.ms(bound)} ({figures.source(device, 'lower_s gpt2')})"
    source = f"no figure of this model on this device exists; {rates(figures, device, mode)[2]}"
    band = xeon.BAND if device == xeon.DEVICE else BAND_OF_GENERATION
    block = {
        "provenance": laws.provenance("calibrated", source, band, note),
        "tokens": TOKENS,
        "whole": {
            "rule": "staircase" if steps else "linear",
            "points": [
                [n, 1.0 if steps and n == TX2_ROWS else round(whole(n) / whole(TOKENS), 4)]
                for n in lengths
            ],
        },
        "context": CONTEXT,
        "cached": {
            "rule": "linear",
            "points": [[n, round(cached(n) / cached(CONTEXT), 4)] for n in CONTEXTS],
        },
    }
    return block, layers


def launching(layers):
    """How many operations start a kernel."""
    return sum(name.split("/")[-1].split("#")[0] not in VIEWS for name in layers)


def service_times(figures, device, mode, each):
    """`each`: what the host needs for an operation. (seconds by layer, dispatch, provenance)."""
    running = running_times(figures, device, mode)
    gpu = sum(running.values())
    count = launching(running)
    host = count * each
    layers = beside_host(running, host)
    total = sum(layers.values())
    flop_per_s, bytes_per_s, text = rates(figures, device, mode)
    part = "processor" if device == xeon.DEVICE else "GPU"
    alike = "" if device == xeon.DEVICE else ", as in ResNets"
    slower = "the host's" if host > gpu else f"the {part}'s"
    note = (
        f"prefill of {TOKENS} tokens. The {part}'s part is {laws.ms(gpu)}: the larger of FLOP / "
        f"{flop_per_s / 1e9:.0f} GFLOP/s and weights or activations / "
        f"{bytes_per_s / 1e9:.1f} GB/s. The host's is {laws.ms(host)}: {count} operations that "
        f"start a kernel, {each * 1e6:.1f} us each{alike}. The total is the larger, "
        f"{slower}: {laws.ms(total)}"
    )
    if device == "tx2":
        note += f"; rows padded to {TX2_ROWS}; the source's precision is FP16"
    if device == "agx-orin":
        note += ". Near 200 tokens the GPU's part alone is good to +-20 %"
    note += laws.bounds(figures, device, "gpt2", total)
    note += ". Compare blocks, not single operations"
    dispatch = min(layers.values())
    if device == xeon.DEVICE:
        return layers, dispatch, xeon.provenance(figures, note)
    source = f"no figure of this model on any Jetson exists; {text}"
    return layers, dispatch, laws.provenance("calibrated", source, BAND, note)
