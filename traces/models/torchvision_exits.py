#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""ResNet-50 and MobileNetV2 of torchvision with early exits.

MDI-Exit (arXiv 2408.05247) evaluates both networks; where it puts its exits is not known to us.
Here they stand where the feature map has shrunk, and each branch runs as soon as its features are
there. Names are torchvision's, with the branches as `exits.0`, `exits.1`, ...

torchvision's ReLUs work in place, but only on what a batch norm or the addition of a block has just
made: a feature map that a branch reads is never changed afterwards.
"""

import torch
from torch import nn
from torch.nn import functional
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import Bottleneck, ResNet

from exit_branch import ExitBranch, ExitBranches


class ResNet50Exits(ResNet):
    """Picture [N, 3, H, W] -> 4 x [N, classes]: exits after layer1, layer2, layer3, and the end."""

    def __init__(self, classes=1000):
        super().__init__(Bottleneck, [3, 4, 6, 3], num_classes=classes)
        self.exits = ExitBranches(ExitBranch(c, classes) for c in (256, 512, 1024))

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        results = []
        for stage in (self.layer1, self.layer2, self.layer3):
            x = stage(x)
            results.append(self.exits(x, len(results)))
        x = torch.flatten(self.avgpool(self.layer4(x)), 1)
        return (*results, self.fc(x))


class Parts(nn.Sequential):
    """A Sequential that also runs its layers [begin, end) only, and keeps its name in scopes."""

    def forward(self, x, begin=0, end=None):
        for layer in list(self)[begin:end]:
            x = layer(x)
        return x


class MobileNetV2Exits(MobileNetV2):
    """Picture [N, 3, H, W] -> 4 x [N, classes]: exits after the last block with 24, 32 and 96
    channels (features.3, .6 and .13; about 25, 38 and 70 % of the work), and the end."""

    AFTER = {3: 24, 6: 32, 13: 96}

    def __init__(self, classes=1000):
        super().__init__(num_classes=classes)
        self.features = Parts(*self.features)
        self.exits = ExitBranches(ExitBranch(c, classes) for c in self.AFTER.values())

    def forward(self, x):
        results, begin = [], 0
        for after in self.AFTER:
            x = self.features(x, begin, after + 1)
            results.append(self.exits(x, len(results)))
            begin = after + 1
        x = functional.adaptive_avg_pool2d(self.features(x, begin), 1)
        return (*results, self.classifier(torch.flatten(x, 1)))
