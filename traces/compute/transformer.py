# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Service times of GPT-2's layers (prefill of 32 tokens), on every board.

No one has published GPT-2 with 124 M parameters in PyTorch on any Jetson. Two estimates exist:

The GPU's part: an operation takes the largest of FLOP / rate, weights / bandwidth and activations /
bandwidth. AGX Orin: the rate of an encoder layer of ViT-B/16, which is as wide as a block of GPT-2.
Orin Nano: its measured FP32 GEMM, and the bytes per second of a linear layer of 32 rows. TX2: the
rate of GPT-2 Large, with rows padded to 128, where its times have kinks. AGX Xavier, Nano: a
share of the peak; Xavier NX: AGX Xavier's by the ratio of a ResNet-50 of batch 32.
The host's part: each operation that starts a kernel (not a view) takes what it takes in ResNets.

They run side by side, so the total is the larger: with 32 tokens the host's, but on Nano and TX2.
Time of an operation = the GPU's part of it + the same for each of what is left.
"""

import laws
import orin
from layers import FLOAT_BYTES, LAYERS

TOKENS = 32
WIDTH = 768
VIEWS = ("view", "permute", "select", "transpose")  # start no kernel
VIT_TOKENS = 197
TX2_ROWS = 128  # of which the kernel's tiles are
BAND = 0.5


def block_flop(tokens):
    """Of a block of this width."""
    return 24 * WIDTH**2 * tokens + 4 * tokens**2 * WIDTH


def rates(figures, device, mode):
    """What the GPU does: (FLOP/s, bytes/s, where they come from)."""
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


def running_times(figures, device, mode):
    """Seconds of each layer on the GPU."""
    flop_per_s, bytes_per_s, _ = rates(figures, device, mode)
    activations = 3 * FLOAT_BYTES * TOKENS * WIDTH / bytes_per_s
    padding = TX2_ROWS / TOKENS if device == "tx2" else 1
    times = {}
    for name, work in LAYERS["gpt2"]().items():
        flop = work.flop
        if "/matmul" in name:  # attention: tokens x tokens
            flop *= padding if work.weight_bytes else padding**2
        times[name] = max(flop / flop_per_s, work.weight_bytes / bytes_per_s, activations)
    return times


def launching(layers):
    """How many operations start a kernel."""
    return sum(name.split("/")[-1].split("#")[0] not in VIEWS for name in layers)


def service_times(figures, device, mode, each):
    """`each`: what the host needs for an operation. (seconds by layer, dispatch, provenance)."""
    running = running_times(figures, device, mode)
    gpu = sum(running.values())
    count = launching(running)
    host = count * each
    left = max(0, host - gpu) / len(running)
    layers = {name: time + left for name, time in running.items()}
    total = sum(layers.values())
    flop_per_s, bytes_per_s, text = rates(figures, device, mode)
    slower = "the host's" if host > gpu else "the GPU's"
    note = (
        f"prefill of {TOKENS} tokens. The GPU's part is {laws.ms(gpu)}: the larger of FLOP / "
        f"{flop_per_s / 1e9:.0f} GFLOP/s and weights or activations / "
        f"{bytes_per_s / 1e9:.1f} GB/s. The host's is {laws.ms(host)}: {count} operations that "
        f"start a kernel, {each * 1e6:.1f} us each, as in ResNets. The total is the larger, "
        f"{slower}: {laws.ms(total)}"
    )
    if device == "tx2":
        note += f"; rows padded to {TX2_ROWS}; the source's precision is FP16"
    if device == "agx-orin":
        note += ". Near 200 tokens the GPU's part alone is good to +-20 %"
    note += laws.bounds(figures, device, "gpt2", total)
    note += ". Compare blocks, not single operations"
    source = f"no figure of this model on any Jetson exists; {text}"
    dispatch = min(layers.values())
    return layers, dispatch, laws.provenance("calibrated", source, BAND, note)
