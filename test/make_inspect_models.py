#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Writes the models of test_inspect.py into a folder: of the zoo, of torchvision, and small ones.

    python3 test/make_inspect_models.py FOLDER
"""

import os
import sys
import warnings
from typing import Dict, List

import torch
import torchvision
from torch import nn

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "traces", "models"))

import export  # noqa: E402  (of the zoo)
import gpt2  # noqa: E402

# Name and size. Pictures are small, for speed: the networks take any size.
ZOO = {
    "resnet50": 64,
    "mobilenetv2": 64,
    "vgg16": 32,
    "gpt2": 32,
    "yolov5s": 96,
    "resnet56-exits": 32,
}
# Nobody planned for these. How each becomes TorchScript.
OTHERS = {
    "densenet121": "script",  # fills a list of features step by step
    "googlenet": "trace",
    "shufflenet_v2_x1_0": "script",
    "efficientnet_b0": "trace",
    "deeplabv3_mobilenet_v3_large": "script",  # fills dictionaries, returns one
}
SIDE = 64


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(4, 4, 1) for _ in range(2)])
        self.act = nn.ModuleDict({"a": nn.ReLU()})

    def forward(self, x):
        for conv in self.convs:
            x = conv(x)
        return self.act["a"](x)


class Nested(nn.Module):
    """Modules in lists in lists, none of which is called itself."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.ModuleList([Inner(), Inner()]) for _ in range(2)])
        self.head = nn.Sequential(Inner(), nn.Flatten())

    def forward(self, x):
        for pair in self.blocks:
            for block in pair:
                x = block(x) + x
        return self.head(x)


class Containers(nn.Module):
    """A list and a dictionary, filled, overwritten and read step by step."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = [nn.Conv2d(4, 4, 1) for _ in range(3)]

    def forward(self, x) -> Dict[str, torch.Tensor]:
        parts: List[torch.Tensor] = []
        parts.append(self.a(x))
        parts.append(self.b(torch.cat(parts, 1)[:, :4]))
        parts.append(parts[0] + parts[-1])
        result: Dict[str, torch.Tensor] = {}
        result["first"] = parts[1]
        result["sum"] = self.c(parts[2])
        result["first"] = result["first"] * len(parts)
        result["all"] = torch.cat(parts, 1)
        return result


class Random(nn.Module):
    """Never says the same twice."""

    def forward(self, x):
        return (x * 2 + torch.rand_like(x)).sum(1)


class Detector(nn.Module):
    def forward(self, x):
        return torchvision.ops.nms(x[:, :4], x[:, 4], 0.5)


def main(folder):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(0)

    def path(name):
        return os.path.join(folder, name + ".pt")

    for name, size in ZOO.items():
        export.export(name, path(name), None, 1, size)
    for name, how in OTHERS.items():
        if name == "googlenet":
            model = torchvision.models.googlenet(aux_logits=False, init_weights=False)
        elif name.startswith("deeplab"):
            model = getattr(torchvision.models.segmentation, name)(weights_backbone=None)
        else:
            model = getattr(torchvision.models, name)()
        model.eval()
        if how == "script":
            script = torch.jit.script(model)
        else:
            script = torch.jit.trace(model, torch.rand(1, 3, SIDE, SIDE), check_trace=False)
        script.save(path(name))
    short = gpt2.GPT2(layers=3, vocabulary=1000).eval()  # for every single cut
    torch.jit.trace(short, torch.randint(1000, (1, 8))).save(path("gpt2-short"))
    nested = Nested().eval()
    torch.jit.script(nested).save(path("nested-script"))
    torch.jit.trace(nested, torch.rand(1, 4, 3, 3)).save(path("nested-trace"))
    torch.jit.script(Containers().eval()).save(path("containers"))
    torch.jit.script(Random()).save(path("random"))
    torch.jit.script(Detector()).save(path("detector"))
    torch.save(nested, path("pickled"))


if __name__ == "__main__":
    with torch.no_grad():
        main(sys.argv[1])
