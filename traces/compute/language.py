# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Service times of language models whose stages were measured on two boards, and how they grow.

Qwen2.5-Coder 1.5B and 3B (Q4_K_M) on Orin Nano in MAXN_SUPER, with a key/value cache. Two stages of
blocks were measured, in prefill of 44 tokens and in decoding. What a stage takes includes the
conversion of its message (3 to 70 us): what the caller waits beside it, which `staging` is fitted
to, does not. A block takes the same in both stages, that of the first; looking up the embedding is
a part of it, so the embedding takes nothing; the head takes what is left of the second stage. So a
stage takes exactly what was measured. Prefill and decoding agree on the head (6.0 and 5.2 ms of
1.5B, 7.0 and 6.2 ms of 3B), which works for one position in both.

With the number of tokens, prefill grows as the time to the first token on one board. With the
context, decoding grows as the line through the mean gaps of one board (least squares of relative
errors), which are within 3 % of it. Both were measured with 1.5B only; 3B takes them over.

GPT-2 large (FP16, no cache) on TX2: a step is a staircase in the context. The head, for one
position, reads its weights; looking up the embedding takes nothing; blocks share the rest.
"""

import json
import os

import laws

MODES = {"orin-nano": ("MAXN_SUPER",)}  # beside those of laws.BOARDS
MODELS = {  # by device and mode
    ("orin-nano", "MAXN_SUPER"): ("qwen2.5-coder-1.5b", "qwen2.5-coder-3b"),
    ("tx2", "MAXN"): ("gpt2-large",),
}
ONE_NODE = "qwen2.5-coder-1.5b"  # the model of which one board was measured
PROMPT = 44  # tokens of the measured prefill
MADE = 128  # tokens made after it
PROMPTS = (32, 128, 512, 2048)
LENGTHS = (32, 128, 512)
RANGE_OF_TEN = 3.078  # mean range of ten normal samples, in standard deviations
STEPS = (128, 256, 384)  # contexts at which GPT-2 large on TX2 has kinks
BANDS = {  # of the layers, of the rest
    "qwen2.5-coder-1.5b": (0.1, 0.15),
    "qwen2.5-coder-3b": (0.1, 0.25),
    "gpt2-large": (0.1, 0.1),
}


def graph_of(model):
    """The layer graph in traces/models."""
    path = os.path.join(laws.HERE, "..", "models", model + ".json")
    with open(path, encoding="ascii") as file:
        return json.load(file)


def blocks_of(model):
    """Names of its blocks."""
    return [layer["name"] for layer in graph_of(model)["layers"][1:-1]]


def fitted_line(points):
    """(a, b) of y = a + b x with the least sum of squared relative errors."""
    one = sum(1 / y**2 for _, y in points)
    x1 = sum(x / y**2 for x, y in points)
    x2 = sum(x**2 / y**2 for x, y in points)
    y1 = sum(1 / y for _, y in points)
    xy = sum(x / y for x, y in points)
    determinant = one * x2 - x1**2
    return (y1 * x2 - xy * x1) / determinant, (one * xy - x1 * y1) / determinant


# Qwen2.5-Coder on Orin Nano


def stage(figures, model, phase, number):
    """Nanoseconds of one of the two stages."""
    return round(figures("orin-nano", f"{model} {phase} stage {number} total_s") * 1e9)


def shares(figures, model, phase, in_first):
    """Nanoseconds of each layer; `in_first` blocks are in the first stage."""
    blocks = blocks_of(model)
    first, second = (stage(figures, model, phase, number) for number in (0, 1))
    times = {"embedding": 0}
    for i, name in enumerate(blocks):  # what division leaves goes to the first ones
        times[name] = first // in_first + (i % in_first < first % in_first)
    times["head"] = second - sum(times[name] for name in blocks[in_first:])
    assert 0 < times["head"] < second
    return times


def prefill_factors(figures):
    """[tokens, factor] of a pass over so many tokens, from one board."""
    first = {p: figures("orin-nano", f"{ONE_NODE} first_token_s {p}") for p in PROMPTS}
    low, high = PROMPTS[:2]
    at = first[low] + (first[high] - first[low]) * (PROMPT - low) / (high - low)
    points = [[1, decode_line(figures)[0] / at], [low, first[low] / at], [PROMPT, 1.0]]
    points += [[p, first[p] / at] for p in PROMPTS[1:]]
    return [[tokens, round(factor, 4)] for tokens, factor in points], at


def gaps(figures):
    """(mean context, seconds of a token) on one board."""
    return [
        (prompt + made / 2, figures("orin-nano", f"{ONE_NODE} token_s {prompt} {made}"))
        for prompt in PROMPTS
        for made in LENGTHS
    ]


def decode_line(figures):
    return fitted_line(gaps(figures))


def decode_factors(figures, context):
    """[context, factor] of decoding a token, from one board."""
    a, b = decode_line(figures)
    ends = (1, context, PROMPTS[-1] + LENGTHS[-1])
    return [[c, round((a + b * c) / (a + b * context), 4)] for c in ends]


def qwen(figures, model, in_first):
    """One model of a mode."""
    prefill = shares(figures, model, "prefill", in_first)
    decode = shares(figures, model, "decode", in_first)
    context = PROMPT + MADE // 2  # the mean over the gaps between the tokens made
    a, b = decode_line(figures)
    worst = max(abs((a + b * c) / y - 1) for c, y in gaps(figures))
    whole, at = prefill_factors(figures)
    band, band_of_rest = BANDS[model]
    source = figures.source("orin-nano", f"{model} prefill stage 0 total_s").split(": two")[0]
    engine = {"framework": "jetsonfabric native", "precision": "Q4_K_M", "batch": 1}
    stages = [laws.ms(stage(figures, model, "prefill", number) / 1e9) for number in (0, 1)]
    ranges = []
    for number in (0, 1):
        low, high = (
            figures("orin-nano", f"{model} prefill stage {number} {end}_s")
            for end in ("least", "most")
        )
        mean = stage(figures, model, "prefill", number) / 1e9
        ranges.append((high - low) / RANGE_OF_TEN / mean)
    note = (
        f"stages measured: {in_first} blocks {stages[0]}, {len(blocks_of(model)) - in_first} and "
        f"the head {stages[1]} in prefill of {PROMPT} tokens, each with the conversion of its "
        f"message; a block takes the same in both, the embedding nothing, the head "
        f"({laws.ms(prefill['head'] / 1e9)}, with sampling) what is left of the second. The ten "
        f"calls of a stage are within 8 % of their mean"
    )
    tokens = [laws.ms(stage(figures, model, "decode", number) / 1e9) for number in (0, 1)]
    other = f"; both of {ONE_NODE}, since no figures of this model are known"
    other = "" if model == ONE_NODE else other
    note_of_rest = (
        f"cached_s: stages measured, {tokens[0]} and {tokens[1]} at a mean context of {context}, "
        f"shared out as in prefill (head {laws.ms(decode['head'] / 1e9)}). cached: the line "
        f"{a * 1e3:.2f} ms + {b * 1e6:.2f} us x context through mean gaps of one board, worst "
        f"residual {worst:.1%}; at {context} it gives {laws.ms(a + b * context)}. whole: time to "
        f"the first token on one board, {laws.ms(at)} at {PROMPT} by interpolation (both stages: "
        f"{laws.ms(sum(prefill.values()) / 1e9)}); of one token the line's start{other}"
    )
    spread = round(max(ranges), 3)
    spread_note = f"range of ten prefill calls over {RANGE_OF_TEN}; decoding varies less"
    return {
        "provenance": {
            "kind": "calibrated",
            "source": source + ": stages of two Orin Nanos, MAXN_SUPER, clocks locked",
            **engine,
            "error_band": band,
            "note": note,
        },
        "inputs": f"1x{PROMPT} int32",
        "spread": spread,
        "spread_provenance": laws.provenance("calibrated", source, 1.0, spread_note, eager=False),
        "generation": {
            "provenance": {
                "kind": "calibrated",
                "source": source + ": the same stages in decoding, and one Orin Nano",
                **engine,
                "error_band": band_of_rest,
                "note": note_of_rest,
            },
            "tokens": PROMPT,
            "whole": {"rule": "linear", "points": whole},
            "context": context,
            "cached": {"rule": "linear", "points": decode_factors(figures, context)},
        },
        "layers": {
            name: {"mean_s": prefill[name] / 1e9, "cached_s": decode[name] / 1e9}
            for name in prefill
        },
    }


# GPT-2 large on TX2


def gpt2_large(figures):
    """The model's block."""
    steps = {c: figures("tx2", f"gpt2-large step_s {c}") for c in STEPS}
    total = round(steps[STEPS[0]] * 1e9)
    share = figures("any", "bandwidth share")
    weights = graph_of("gpt2-large")["layers"][-1]["weight_bytes"]
    head = round(weights / (share * figures("tx2", "memory_bandwidth")) * 1e9)
    blocks = blocks_of("gpt2-large")
    each, left = divmod(total - head, len(blocks))
    times = {"embedding": 0}
    times.update({name: each + (i < left) for i, name in enumerate(blocks)})
    times["head"] = head
    source = figures.source("tx2", f"gpt2-large step_s {STEPS[0]}").split(": one")[0]
    source += ": one TX2, no key/value cache"
    engine = {"framework": "PyTorch 1.12 eager", "precision": "fp16", "batch": 1}
    band, band_of_rest = BANDS["gpt2-large"]
    note = (
        f"{laws.ms(steps[128])} for a step at contexts of 64 to 128 tokens, measured. The head is "
        f"taken to work for the last position only: {laws.ms(head / 1e9)}, its weights / "
        f"{share:g} of the memory's peak; the embedding takes nothing; {len(blocks)} blocks share "
        f"the rest equally. If the head worked for all positions, it would take as much as 3.2 "
        f"blocks"
    )
    note_of_rest = (
        "steps at contexts to 128, 256 and 384 tokens, measured, with kinks between; all layers "
        "grow alike, also the head, which is under 1 % of the whole. Contexts above 384 were not "
        "measured"
    )
    value, spread_origin = laws.spread(figures, "tx2")
    return {
        "provenance": {
            "kind": "calibrated",
            "source": source,
            **engine,
            "error_band": band,
            "note": note,
        },
        "inputs": f"1x{STEPS[0]} int32",
        "spread": value,
        "spread_provenance": spread_origin,
        "generation": {
            "provenance": {
                "kind": "calibrated",
                "source": source,
                **engine,
                "error_band": band_of_rest,
                "note": note_of_rest,
            },
            "tokens": STEPS[0],
            "whole": {
                "rule": "staircase",
                "points": [[c, round(steps[c] / steps[STEPS[0]], 6)] for c in STEPS],
            },
        },
        "layers": {name: {"mean_s": time / 1e9} for name, time in times.items()},
    }


def block_of(figures, model):
    """The block of a model that is measured on one kind of board only."""
    if model == "gpt2-large":
        return gpt2_large(figures)
    return qwen(figures, model, {"qwen2.5-coder-1.5b": 18, "qwen2.5-coder-3b": 21}[model])


# What sending a message costs


class Staging:
    """What a caller waits for a remote stage, beside the stage: requests and answers.

    remote overhead = 2 messages x per_message + bytes x per_byte + wire, where the wire is the
    round trip of a raw TCP exchange, less its bytes, and the bytes at the line rate.
    """

    def __init__(self, figures):
        rate = figures("orin-nano", "link_rate_bps")
        middle = sum(figures("orin-nano", f"exchange_s {end}") for end in ("low", "high")) / 2
        trip = middle - 8 * figures("orin-nano", "exchange_bytes") / rate
        self.rows = []
        for device, quantity in figures.rows:
            if quantity.startswith("remote_overhead_s "):
                name = quantity.split(" ", 1)[1]
                bytes_ = figures(device, f"remote_bytes {name}")
                wire = trip + 8 * bytes_ / rate
                self.rows.append((name, bytes_, figures(device, quantity), wire))
        # Relative errors are of the whole overhead, so weights are 1 / overhead.
        one = sum(1 / y**2 for _, _, y, _ in self.rows)
        n1 = sum(n / y**2 for _, n, y, _ in self.rows)
        n2 = sum(n**2 / y**2 for _, n, y, _ in self.rows)
        y1 = sum((y - wire) / y**2 for _, _, y, wire in self.rows)
        ny = sum(n * (y - wire) / y**2 for _, n, y, wire in self.rows)
        determinant = one * n2 - n1**2
        self.per_message = (y1 * n2 - ny * n1) / determinant / 2
        self.per_byte = (one * ny - n1 * y1) / determinant

    def residuals(self):
        """Of each row, relative: predicted / measured - 1."""
        return [
            (2 * self.per_message + n * self.per_byte + wire) / y - 1
            for _, n, y, wire in self.rows
        ]


def staging(figures, device):
    """The block of a device."""
    fit = Staging(figures)
    residuals = fit.residuals()
    quantity = "remote_overhead_s qwen2.5-coder-1.5b native decode"
    source = figures.source("orin-nano", quantity).split(": two")[0]
    source += ": remote_overhead of layer-split inference on two Orin Nanos over HTTP"
    note = (
        f"the sender is charged for each message, so a remote call (a request of n bytes, an "
        f"answer of 4) costs 2 x per_message_s + n x per_byte_s beside the wire, which is taken as "
        f"a raw TCP exchange of 3 to 10 KB less its bytes, and the bytes at 938 Mb/s. Least "
        f"squares of relative errors over {len(residuals)} rows (two models, two engines, 6 to 360 "
        f"KB), residuals {min(residuals):+.1%} to {max(residuals):+.1%}"
    )
    band = round(max(abs(r) for r in residuals) + 0.005, 2)
    if device != "orin-nano":
        band = 1.0
        note += "; no figure of this board exists; error_band 1.0 reads: a factor 2"
    else:
        note += "; MAXN_SUPER"
    return {
        "per_message_s": round(fit.per_message, 6),
        "per_byte_s": round(fit.per_byte, 10),
        "provenance": {"kind": "calibrated", "source": source, "error_band": band, "note": note},
    }
