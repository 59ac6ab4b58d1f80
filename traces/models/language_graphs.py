#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Layer graphs of language models that were measured on boards, without weights to run them.

    python3 traces/models/language_graphs.py           # writes them beside this file
    python3 traces/models/language_graphs.py --check   # exit 1 if they differ

Layers: embedding, blk.0 and so on, head (last norm, logits of the last position only). A size that
is the number of tokens is written as "tokens"; FLOP are those of `tokens` without a cache, 2 for
each multiply-accumulate, attention over the whole square. A token goes in as an int32.

GPT-2 large: Radford et al. (2019), table 2, and the vocabulary of the published weights; FP16.
Qwen2.5-Coder 1.5B and 3B: config.json of Qwen/Qwen2.5-Coder-1.5B and -3B on Hugging Face; weights
in the formats of llama.cpp's Q4_K_M. Bytes of the stages are measured (resident_weight_bytes of
SamJSui/jetsonfabric@b5cac042d9f930eb72240b1338696b2f21b2aaae docs/benchmarks, Apache-2.0): the
embedding is taken as Q4_K (144 bytes for 256 weights), the head as Q6_K (210), and what is left of
a stage is spread over its blocks. They come out within 3 % of each other in the two stages, as they
must: the mix of formats is the same in all models of this kind.
"""

import argparse
import json
import os
import sys
import typing

HERE = os.path.dirname(os.path.abspath(__file__))
FP16 = 2


class Qwen(typing.NamedTuple):
    """The numbers of one of Qwen's models, and of the two stages that were measured."""

    width: int
    inner: int
    keys: int  # width of keys, and of values
    stages: tuple  # (blocks, bytes) of each
    vocabulary: int = 151936
    tokens: int = 44


QWEN = {
    "qwen2.5-coder-1.5b": Qwen(1536, 8960, 256, ((18, 641912832), (10, 469457408))),
    "qwen2.5-coder-3b": Qwen(2048, 11008, 256, ((21, 1139644416), (15, 959332352))),
}


def layer(name, before, shape, dtype, flop, weights, shared=0, cache=0):
    """One layer, with `shared` bytes of its weights in the embedding, too.

    `cache` are the bytes of a token's keys and values.
    """
    block = {
        "name": name,
        "op": "",
        "block": name,
        "inputs": [before],
        "outputs": [{"shape": shape, "dtype": dtype}],
        "flop": flop,
        "weight_bytes": weights,
    }
    if cache:
        block["cache_bytes"] = cache
    if shared:
        block["shared_weights"] = [{"id": 0, "bytes": shared}]
    return block


def graph(name, tokens, layers):
    """The whole file."""
    return {
        "format": "mdi-layer-graph",
        "version": 1,
        "name": name,
        "tokens": tokens,
        "inputs": [{"shape": [1, "tokens"], "dtype": "int32"}],
        "layers": layers,
    }


def gpt2_large():
    """36 blocks of width 1280; the head's weights are the embedding's."""
    width, blocks, vocabulary, positions, tokens = 1280, 36, 50257, 1024, 128
    shape = [1, "tokens", width]
    table = FP16 * vocabulary * width
    embedding = table + FP16 * positions * width
    layers = [layer("embedding", -1, shape, "float16", 0, embedding, table)]
    flop = 24 * width**2 * tokens + 4 * tokens**2 * width
    weights = FP16 * (12 * width**2 + 13 * width)
    cache = FP16 * 2 * width
    for number in range(blocks):
        name = f"blk.{number}"
        layers.append(layer(name, number, shape, "float16", flop, weights, cache=cache))
    last = 2 * width * vocabulary
    norm = FP16 * 2 * width
    answer = [1, 1, vocabulary]
    layers.append(layer("head", blocks, answer, "float16", last, table + norm, table))
    return graph("gpt2-large", tokens, layers)


def qwen(name):
    """Blocks with grouped keys and values."""
    net = QWEN[name]
    shape = [1, "tokens", net.width]
    table = net.vocabulary * net.width
    embedding, head = table // 256 * 144, table // 256 * 210
    layers = [layer("embedding", -1, shape, "float32", 0, embedding)]
    products = 2 * net.width**2 + 2 * net.width * net.keys + 3 * net.width * net.inner
    flop = 2 * products * net.tokens + 4 * net.tokens**2 * net.width
    number = 0
    for stage, (blocks, bytes_) in enumerate(net.stages):
        each, left = divmod(bytes_ - (head if stage else embedding), blocks)
        for i in range(blocks):
            weights = each + (left if i == blocks - 1 else 0)
            block = f"blk.{number}"
            cache = FP16 * 2 * net.keys
            layers.append(layer(block, number, shape, "float32", flop, weights, cache=cache))
            number += 1
    answer = [1, 1, net.vocabulary]
    layers.append(layer("head", number, answer, "float32", 2 * table, head))
    return graph(name, net.tokens, layers)


def graphs():
    """All of them by name."""
    return {"gpt2-large": gpt2_large(), **{name: qwen(name) for name in QWEN}}


def to_text(model):
    """JSON with a layer on a line."""
    members = []
    for key, value in model.items():
        text = json.dumps(value, ensure_ascii=True)
        if key == "layers":
            text = "[\n    " + ",\n    ".join(json.dumps(item) for item in value) + "\n  ]"
        members.append(f'  "{key}": {text}')
    return "{\n" + ",\n".join(members) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    options = parser.parse_args()
    status = 0
    for name, model in graphs().items():
        path = os.path.join(HERE, name + ".json")
        text = to_text(model)
        if not options.check:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            continue
        try:
            with open(path, encoding="ascii") as file:
                same = file.read() == text
        except OSError:
            same = False
        if not same:
            wrong = "differs from what language_graphs.py computes; run it anew"
            sys.stderr.write(f"{path}: {wrong}\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
