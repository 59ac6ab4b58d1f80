#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The models that export.py can write: how each is built, what goes in, what comes out.

A new model is one more entry of ZOO. Nothing here imports PyTorch before build() is called.
"""

import dataclasses
import importlib


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Input [N, 3, side, side] float32, and how a photograph becomes one.

    Its shorter side is scaled to `resize`, the middle cut out, and each channel in 0..1 normalised
    with `mean` and `std`. Another side than the usual one scales `resize` alike.
    """

    side: int
    resize: int
    mean: tuple
    std: tuple
    step: int = 1  # sides must be multiples of this

    flag = "--image-size"

    def check(self, side):
        """What is wrong with a side asked for; None if nothing is."""
        if side >= 32 and side % self.step == 0:
            return None
        wanted = "at least 32" if self.step == 1 else f"a positive multiple of {self.step}"
        return f"must be {wanted} (usual: {self.side})"

    def describe(self, batch, side):
        """Fields of the description."""
        return {
            "inputs": [{"shape": [batch, 3, side, side], "dtype": "float32"}],
            "preprocess": {
                "resize": round(self.resize * side / self.side),
                "crop": side,
                "mean": list(self.mean),
                "std": list(self.std),
            },
        }

    def arguments(self, side):
        """What the builder must know: nothing, these networks take any side."""
        return {}

    @property
    def usual(self):
        return self.side


@dataclasses.dataclass(frozen=True)
class Tokens:
    """Input [N, T] int64: token numbers below `vocabulary`, T up to `context`."""

    usual: int
    context: int
    vocabulary: int

    flag = "--tokens"

    def check(self, tokens):
        """What is wrong with a T asked for; None if nothing is."""
        if 1 <= tokens <= self.context:
            return None
        return f"must be 1 to {self.context}, the model's context (usual: {self.usual})"

    def describe(self, batch, tokens):
        """Fields of the description; random tokens are drawn from [0, range)."""
        shape = [batch, tokens]
        return {"inputs": [{"shape": shape, "dtype": "int64", "range": self.vocabulary}]}

    def arguments(self, tokens):
        """What the builder must know: nothing, the model takes any T."""
        return {}


@dataclasses.dataclass(frozen=True)
class Entry:
    """One model: `module:callable` that builds it, its input, and the number of early exits.

    The early exits are the first results of forward(), in order of depth.
    """

    builder: str
    input: object
    exits: int = 0
    options: dict = dataclasses.field(default_factory=dict)

    def build(self, size):
        module, name = self.builder.split(":")
        make = getattr(importlib.import_module(module), name)
        return make(**self.options, **self.input.arguments(size))


# Channel statistics that everybody's weights for these data sets are trained with.
IMAGENET = Pictures(224, 256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CIFAR10 = Pictures(32, 32, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
COCO = Pictures(640, 640, (0, 0, 0), (1, 1, 1), step=32)

ZOO = {
    "gpt2": Entry("gpt2:GPT2", Tokens(32, 1024, 50257)),
    "mobilenetv2": Entry("torchvision.models:mobilenet_v2", IMAGENET),
    "mobilenetv2-exits": Entry("torchvision_exits:MobileNetV2Exits", IMAGENET, exits=3),
    "resnet50": Entry("torchvision.models:resnet50", IMAGENET),
    "resnet50-exits": Entry("torchvision_exits:ResNet50Exits", IMAGENET, exits=3),
    "resnet56": Entry("resnet_cifar:resnet56", CIFAR10),
    "resnet56-exits": Entry("resnet_cifar:resnet56_exits", CIFAR10, exits=3),
    "vgg16": Entry("torchvision.models:vgg16", IMAGENET, options={"init_weights": False}),
    "yolov5s": Entry("yolov5:YoloV5s", COCO),
}
