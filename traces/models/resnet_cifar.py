#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""ResNet for 32x32 images (He et al. 2016, section 4.2), with or without early exits.

6n + 2 layers, shortcuts of kind A (no parameters). Input [N, 3, 32, 32] float32; the stages give
[N, 16, 32, 32], [N, 32, 16, 16] and [N, 64, 8, 8]; logits [N, classes].
"""

from torch import nn
from torch.nn import functional

from exit_branch import ExitBranch, ExitBranches

# Where resnet56_exits() has its exits: (stage, block), read `layer<stage>.<block>`.
RESNET56_EXITS = ((1, 4), (1, 8), (2, 8))


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut without parameters."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.grows = stride != 1 or channels_in != channels
        self.stride = stride
        self.pad = (channels - channels_in) // 2

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.grows:
            x = x[..., :: self.stride, :: self.stride]
            x = functional.pad(x, (0, 0, 0, 0, self.pad, self.pad))
        return functional.relu(y + x)


class Stage(nn.Sequential):
    """Blocks of one width; `stage(x, begin, end)` runs the blocks [begin, end) only.

    Calling the stage in parts, instead of its blocks by index, keeps its own name in the scopes
    of a traced graph (`layer1.4.conv1`, not `4.conv1`).
    """

    def __init__(self, blocks, channels_in, channels, stride):
        first = Block(channels_in, channels, stride)
        super().__init__(first, *(Block(channels, channels, 1) for _ in range(blocks - 1)))

    def forward(self, x, begin=0, end=None):
        for block in list(self)[begin:end]:
            x = block(x)
        return x


class ResNetCifar(nn.Module):
    """conv1 and bn1, three stages, mean over the image, fc.

    Without `exits`, forward() returns the logits. With `exits`, a rising list of (stage, block),
    it returns a tuple: the logits of each exit in turn, then the final ones; the branch of exit i
    is `exits.i`, and runs as soon as its block has run.
    """

    def __init__(self, blocks_per_stage, classes=10, exits=()):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = Stage(blocks_per_stage, 16, 16, 1)
        self.layer2 = Stage(blocks_per_stage, 16, 32, 2)
        self.layer3 = Stage(blocks_per_stage, 32, 64, 2)
        self.fc = nn.Linear(64, classes)
        self.after = tuple(exits)
        if self.after:
            self.exits = ExitBranches(ExitBranch(8 << stage, classes) for stage, _ in self.after)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)))
        results = []
        for number, stage in enumerate((self.layer1, self.layer2, self.layer3), start=1):
            begin = 0
            for of, block in self.after:
                if of == number:
                    x = stage(x, begin, block + 1)
                    results.append(self.exits(x, len(results)))
                    begin = block + 1
            if begin < len(stage):
                x = stage(x, begin)
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1)
        results.append(self.fc(x))
        return tuple(results) if self.after else results[0]


def resnet56(classes=10):
    """ResNet-56, 0.85 million parameters: [N, 3, 32, 32] -> [N, classes]."""
    return ResNetCifar(9, classes)


def resnet56_exits(classes=10):
    """ResNet-56 with exits after layer1.4, layer1.8 and layer2.8: -> 4 x [N, classes]."""
    return ResNetCifar(9, classes, RESNET56_EXITS)
