#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Early-exit classifiers: small branches that classify a feature map half-way through a network.

MDI-Exit (Colocrese, Koyuncu, Seferoglu, arXiv 2408.05247) tests a confidence at each of several
exits. How its branches are built is not known to us; these are a reconstruction, and small on
purpose: a branch must cost little beside the blocks around it.
"""

from torch import nn
from torch.nn import functional

HIDDEN = 24


class ExitBranch(nn.Module):
    """Feature map [N, channels, H, W] (H, W >= 1) -> logits [N, classes].

    conv (3x3, stride 2), bn, ReLU, mean over the image, linear. Nothing is in place, so the
    feature map stays usable for the rest of the network.
    """

    def __init__(self, channels, classes, hidden=HIDDEN):
        super().__init__()
        self.conv = nn.Conv2d(channels, hidden, 3, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(hidden)
        self.linear = nn.Linear(hidden, classes)

    def forward(self, x):
        x = functional.relu(self.bn(self.conv(x)))
        return self.linear(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class ExitBranches(nn.ModuleList):
    """The branches of a network: `self.exits = ExitBranches(...)`, then `self.exits(x, 0)`.

    Use it instead of a plain ModuleList indexed in forward(): in a traced graph an operator's
    scope lists the modules that were *called*, so `self.exits[0](x)` reads `0.conv` and
    `self.exits(x, 0)` reads `exits.0.conv`.
    """

    def forward(self, x, index):
        return self[index](x)
