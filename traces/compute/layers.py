# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The layers of the zoo's models as the slicer names them, each with its work at usual inputs."""

import json
import os
import typing

FLOAT_BYTES = 4


class Work(typing.NamedTuple):
    """What one layer does; only convolutions, linears and products have what laws count."""

    flop: int = 0
    weight_bytes: int = 0


class Namer:
    """Layer names as the slicer gives them: scope/operator, the second of a name with #2."""

    def __init__(self):
        self.layers = {}  # name -> Work
        self.uses = {}

    def add(self, scope, operator, work=Work()):
        name = f"{scope}/{operator}" if scope else operator
        self.uses[name] = self.uses.get(name, 0) + 1
        if self.uses[name] > 1:
            name += f"#{self.uses[name]}"
        self.layers[name] = work

    def convolution(self, scope, inputs, outputs, kernel, pixels, groups=1, bias=False):
        """A convolution of kernel x kernel that makes so many pixels."""
        weights = kernel * kernel * inputs * outputs // groups
        flop = 2 * weights * pixels
        bytes_ = FLOAT_BYTES * (weights + (outputs if bias else 0))
        self.add(scope, "convolution", Work(flop, bytes_))

    def linear(self, scope, inputs, outputs):
        weights = inputs * outputs
        self.add(scope, "linear", Work(2 * weights, FLOAT_BYTES * (weights + outputs)))


RESNET56_EXITS = ((1, 4), (1, 8), (2, 8))  # stage and block before each branch


def resnet56_layers(exits=()):
    """traces/models/resnet_cifar.py, option A shortcuts (slice and pad). Its work is not needed."""
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
    """torchvision's resnet50 on 224x224."""
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
    net.linear("fc", 2048, 1000)
    return net.layers


def vgg16_layers():
    """torchvision's vgg16 on 224x224; dropout is no layer where nothing is trained."""
    net = Namer()
    number = 0
    channels = 3
    side = 224
    for width, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(convolutions):
            pixels = side * side
            net.convolution(f"features.{number}", channels, width, 3, pixels, bias=True)
            net.add(f"features.{number + 1}", "relu_")
            number += 2
            channels = width
        net.add(f"features.{number}", "max_pool2d")
        number += 1
        side //= 2
    net.add("avgpool", "adaptive_avg_pool2d")
    net.add("", "flatten")
    net.linear("classifier.0", 512 * 7 * 7, 4096)
    net.add("classifier.1", "relu_")
    net.linear("classifier.3", 4096, 4096)
    net.add("classifier.4", "relu_")
    net.linear("classifier.6", 4096, 1000)
    return net.layers


def mobilenetv2_layers():
    """torchvision's mobilenet_v2 on 224x224: table 2 of its paper; ReLU6 is called hardtanh_."""
    net = Namer()

    def activated(scope, inputs, outputs, kernel, side, groups=1):
        net.convolution(f"{scope}.0", inputs, outputs, kernel, side * side, groups)
        net.add(f"{scope}.1", "batch_norm")
        net.add(f"{scope}.2", "hardtanh_")

    activated("features.0", 3, 32, 3, 112)
    channels = 32
    side = 112
    number = 1
    for expansion, width, blocks, stride in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):
        for block in range(blocks):
            scope = f"features.{number}"
            inner = channels * expansion
            part = 0
            if expansion > 1:
                activated(f"{scope}.conv.0", channels, inner, 1, side)
                part = 1
            if block == 0:
                side //= stride
            activated(f"{scope}.conv.{part}", inner, inner, 3, side, groups=inner)
            net.convolution(f"{scope}.conv.{part + 1}", inner, width, 1, side * side)
            net.add(f"{scope}.conv.{part + 2}", "batch_norm")
            if block > 0:
                net.add(scope, "add")
            channels = width
            number += 1
    activated(f"features.{number}", channels, 1280, 1, side)
    net.add("", "adaptive_avg_pool2d")
    net.add("", "flatten")
    net.linear("classifier.1", 1280, 1000)
    return net.layers


def yolov5s_layers():
    """traces/models/yolov5.py on 640x640, its modules in the order in which they run."""
    net = Namer()
    number = 0

    def conv(scope, inputs, outputs, kernel, side):
        net.convolution(f"{scope}.conv", inputs, outputs, kernel, side * side)
        net.add(f"{scope}.bn", "batch_norm")
        net.add(f"{scope}.act", "silu")

    def c3(inputs, outputs, side, repeats=1, shortcut=False):
        scope = f"model.{number}"
        half = outputs // 2
        conv(f"{scope}.cv1", inputs, half, 1, side)
        for i in range(repeats):
            conv(f"{scope}.m.{i}.cv1", half, half, 1, side)
            conv(f"{scope}.m.{i}.cv2", half, half, 3, side)
            if shortcut:
                net.add(f"{scope}.m.{i}", "add")
        conv(f"{scope}.cv2", inputs, half, 1, side)
        net.add(scope, "cat")
        conv(f"{scope}.cv3", outputs, outputs, 1, side)

    conv("model.0", 3, 32, 6, 320)
    side = 320
    channels = 32
    number = 1
    for repeats in (1, 2, 3, 1):  # backbone
        side //= 2
        conv(f"model.{number}", channels, 2 * channels, 3, side)
        channels *= 2
        number += 1
        c3(channels, channels, side, repeats, shortcut=True)
        number += 1
    conv("model.9.cv1", 512, 256, 1, side)
    for _ in range(3):
        net.add("model.9.m", "max_pool2d")
    net.add("model.9", "cat")
    conv("model.9.cv2", 1024, 512, 1, side)
    number = 10
    for _ in range(2):  # top-down
        conv(f"model.{number}", channels, channels // 2, 1, side)
        net.add(f"model.{number + 1}", "upsample_nearest2d")
        net.add(f"model.{number + 2}", "cat")
        number += 3
        side *= 2
        c3(channels, channels // 2, side)
        channels //= 2
        number += 1
    for _ in range(2):  # bottom-up
        side //= 2
        conv(f"model.{number}", channels, channels, 3, side)
        net.add(f"model.{number + 1}", "cat")
        number += 2
        channels *= 2
        c3(channels, channels, side)
        number += 1
    for head, (inputs, side) in enumerate(((128, 80), (256, 40), (512, 20))):
        net.convolution(f"model.24.m.{head}", inputs, 255, 1, side * side, bias=True)
    for _ in range(3):
        for operator in ("view", "permute", "contiguous"):
            net.add("model.24", operator)
    return net.layers


def gpt2_layers():
    """traces/models/gpt2.py: GPT-2 small, prefill of 32 tokens, logits of the next one."""
    net = Namer()
    tokens, width, vocabulary = 32, 768, 50257

    def product(scope, inputs, outputs):
        weights = inputs * outputs
        net.add(scope, "matmul", Work(2 * tokens * weights, FLOAT_BYTES * weights))
        net.add(scope, "add")

    head = Work(2 * width * vocabulary, FLOAT_BYTES * width * vocabulary)
    for operator in ("ones_like", "cumsum", "sub"):
        net.add("", operator)
    net.add("wte", "embedding")
    net.add("wpe", "embedding")
    net.add("", "add")
    for number in range(12):
        block = f"h.{number}"
        attention = f"{block}.attn"
        mixing = Work(2 * tokens * tokens * width)
        net.add(f"{block}.ln_1", "layer_norm")
        product(f"{attention}.c_attn", width, 3 * width)
        for operator in ("unflatten", "permute", "select", "select", "select", "transpose"):
            net.add(attention, operator)
        net.add(attention, "matmul", mixing)
        for operator in ("mul", "ones_like", "triu", "masked_fill", "softmax"):
            net.add(attention, operator)
        net.add(attention, "matmul", mixing)
        net.add(attention, "transpose")
        net.add(attention, "flatten")
        product(f"{attention}.c_proj", width, width)
        net.add(block, "add")
        net.add(f"{block}.ln_2", "layer_norm")
        product(f"{block}.mlp.c_fc", width, 4 * width)
        net.add(f"{block}.mlp", "gelu")
        product(f"{block}.mlp.c_proj", 4 * width, width)
        net.add(block, "add")
    net.add("", "select")
    net.add("ln_f", "layer_norm")
    net.add("lm_head", "linear", head)
    return net.layers


def graph_layers(model):
    """Those of a layer graph in traces/models."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models")
    with open(os.path.join(folder, model + ".json"), encoding="ascii") as file:
        graph = json.load(file)
    return {layer["name"]: Work(layer["flop"], layer["weight_bytes"]) for layer in graph["layers"]}


LAYERS = {
    "resnet50": resnet50_layers,
    "resnet56": resnet56_layers,
    "resnet56-exits": lambda: resnet56_layers(RESNET56_EXITS),
    "mobilenetv2": mobilenetv2_layers,
    "vgg16": vgg16_layers,
    "yolov5s": yolov5s_layers,
    "gpt2": gpt2_layers,
    "gpt2-large": lambda: graph_layers("gpt2-large"),
    "qwen2.5-coder-1.5b": lambda: graph_layers("qwen2.5-coder-1.5b"),
    "qwen2.5-coder-3b": lambda: graph_layers("qwen2.5-coder-3b"),
}

INPUTS = {
    "resnet50": "1x3x224x224 float32",
    "resnet56": "1x3x32x32 float32",
    "resnet56-exits": "1x3x32x32 float32",
    "mobilenetv2": "1x3x224x224 float32",
    "vgg16": "1x3x224x224 float32",
    "yolov5s": "1x3x640x640 float32",
    "gpt2": "1x32 int64",
}

ALL_BOARDS = tuple(INPUTS)  # models that every board has times of
