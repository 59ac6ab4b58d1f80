#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""YOLOv5s, release 6 (Jocher et al., doi:10.5281/zenodo.3908559), from its published structure.

A backbone of stride 32, a neck that mixes its three last resolutions top-down and bottom-up
(PANet), and a head of one 1x1 convolution per resolution. Modules are numbered and named as in
Ultralytics' files, so that the state_dict of their model loads.
"""

import re

import torch
from torch import nn

ANCHORS = 3


class Conv(nn.Module):
    """Convolution, batch norm, SiLU; padded so that stride 1 keeps the size."""

    def __init__(self, channels_in, channels, kernel=1, stride=1, padding=None):
        super().__init__()
        padding = kernel // 2 if padding is None else padding
        self.conv = nn.Conv2d(channels_in, channels, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(channels, eps=1e-3)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    """1x1 and 3x3 convolutions, with or without a shortcut."""

    def __init__(self, channels, shortcut):
        super().__init__()
        self.cv1 = Conv(channels, channels)
        self.cv2 = Conv(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C3(nn.Module):
    """Half of the channels through bottlenecks, half past them (cross-stage partial)."""

    def __init__(self, channels_in, channels, repeats, shortcut=True):
        super().__init__()
        half = channels // 2
        self.cv1 = Conv(channels_in, half)
        self.cv2 = Conv(channels_in, half)
        self.cv3 = Conv(2 * half, channels)
        self.m = nn.Sequential(*(Bottleneck(half, shortcut) for _ in range(repeats)))

    def forward(self, x):
        return self.cv3(torch.cat([self.m(self.cv1(x)), self.cv2(x)], 1))


class SPPF(nn.Module):
    """Max-pooling over 5, 9 and 13 pixels, as a chain of three of 5, all concatenated."""

    def __init__(self, channels):
        super().__init__()
        self.cv1 = Conv(channels, channels // 2)
        self.cv2 = Conv(channels * 2, channels)
        self.m = nn.MaxPool2d(5, 1, 2)

    def forward(self, x):
        parts = [self.cv1(x)]
        for _ in range(3):
            parts.append(self.m(parts[-1]))
        return self.cv2(torch.cat(parts, 1))


class Concat(nn.Module):
    """Joins feature maps along the channels."""

    def forward(self, maps):
        return torch.cat(maps, 1)


class Heads(nn.ModuleList):
    """One convolution per resolution; called as one, so that a trace keeps its name in scopes."""

    def forward(self, maps):
        return [head(x) for head, x in zip(self, maps)]


class Detect(nn.Module):
    """Raw predictions of each resolution: [N, 3, ny, nx, 5 + classes], neither decoded nor sorted.

    Decoding and non-maximum suppression belong to the application: they need no network.
    """

    def __init__(self, classes, channels):
        super().__init__()
        self.values = 5 + classes
        self.m = Heads(nn.Conv2d(c, ANCHORS * self.values, 1) for c in channels)

    def forward(self, maps):
        results = []
        for x in self.m(maps):
            ny, nx = x.shape[2:]
            x = x.view(-1, ANCHORS, self.values, ny, nx)
            results.append(x.permute(0, 1, 3, 4, 2).contiguous())
        return tuple(results)


class Layers(nn.Sequential):
    """Numbered layers; layer i reads the layers SOURCES[i], or the one before it."""

    SOURCES = {12: (11, 6), 16: (15, 4), 19: (18, 14), 22: (21, 10), 24: (17, 20, 23)}

    def forward(self, x):
        results = []
        for i, layer in enumerate(self):
            if i in self.SOURCES:
                x = [results[source] for source in self.SOURCES[i]]
            x = layer(x)
            results.append(x)
        return x


class YoloV5s(nn.Module):
    """Picture [N, 3, H, W], H and W multiples of 32 -> raw predictions at strides 8, 16 and 32.

    7.2 million parameters with the 80 classes of COCO; 640x640 is usual.
    """

    def __init__(self, classes=80):
        super().__init__()
        up = {"scale_factor": 2, "mode": "nearest"}
        self.model = Layers(
            Conv(3, 32, 6, 2, 2),
            Conv(32, 64, 3, 2),
            C3(64, 64, 1),
            Conv(64, 128, 3, 2),
            C3(128, 128, 2),  # 4, stride 8
            Conv(128, 256, 3, 2),
            C3(256, 256, 3),  # 6, stride 16
            Conv(256, 512, 3, 2),
            C3(512, 512, 1),
            SPPF(512),  # 9, stride 32
            Conv(512, 256),
            nn.Upsample(**up),
            Concat(),
            C3(512, 256, 1, shortcut=False),
            Conv(256, 128),  # 14
            nn.Upsample(**up),
            Concat(),
            C3(256, 128, 1, shortcut=False),  # 17, stride 8
            Conv(128, 128, 3, 2),
            Concat(),
            C3(256, 256, 1, shortcut=False),  # 20, stride 16
            Conv(256, 256, 3, 2),
            Concat(),
            C3(512, 512, 1, shortcut=False),  # 23, stride 32
            Detect(classes, (128, 256, 512)),
        )

    def forward(self, x):
        return self.model(x)

    def adapt(self, state):
        """Ultralytics' state_dict in our names: without wrappers' prefixes and anchor sizes."""
        state = {re.sub(r"^(model\.)+", "model.", name): tensor for name, tensor in state.items()}
        return {k: v for k, v in state.items() if not re.search(r"\.anchor(s|_grid)$", k)}
