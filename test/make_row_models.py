#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Writes the TorchScript models of mdi-torch-rows-test.cc into a folder.

    python3 test/make_row_models.py FOLDER

rows-exact-I and rows-close-I hold random layers side by side, all over the same features; those of rows-exact-I
give the same bits whatever part of their input they run on. The others are small whole networks.
"""

import os
import random
import sys
import warnings

import torch
from torch import nn
from torch.nn import functional

FILES = 16  # of each sort
LAYERS = 40  # in each file
CHANNELS = 4
WIDTH = 6


class Both(nn.Module):
    """An operator of both features."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, y, z):
        return self.function(y, z)


class First(nn.Module):
    """An operator of the first features."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, y, z):
        return self.function(y)


def conv(rng):
    kernel, stride, dilation = rng.randint(1, 7), rng.randint(1, 3), rng.randint(1, 2)
    padding = rng.randint(0, 3)
    options = {"groups": rng.choice([1, 2, 4]), "bias": rng.random() < 0.5}
    if rng.random() < 0.15:
        return First(nn.Conv2d(CHANNELS, 8, kernel, padding="same", dilation=dilation, **options))
    sizes = [(kernel, 3), (stride, 2), (padding, 1), (dilation, 1)]
    return First(nn.Conv2d(CHANNELS, 8, *sizes, **options))


def transposed(rng):
    stride, dilation = rng.randint(1, 3), rng.randint(1, 2)
    extra = rng.randint(0, max(stride, dilation) - 1)
    return First(
        nn.ConvTranspose2d(
            CHANNELS,
            4,
            (rng.randint(1, 5), 2),
            (stride, 1),
            (rng.randint(0, 3), 0),
            (extra, 0),
            rng.choice([1, 2]),
            rng.random() < 0.5,
            (dilation, 1),
        )
    )


def bilinear(rng):
    return upsample(rng, "bilinear")


def upsample(rng, mode):
    factor = rng.randint(1, 4)
    options = {"mode": mode, "align_corners": False if mode == "bilinear" else None}
    if rng.random() < 0.5:
        return First(lambda y: functional.interpolate(y, scale_factor=float(factor), **options))
    return First(lambda y: functional.interpolate(y, size=(y.shape[2] * factor, 9), **options))


def smooth(rng):
    return rng.choice(
        [
            First(nn.SiLU()),
            First(nn.Hardswish()),
            First(torch.sigmoid),
            First(lambda y: functional.softmax(y, 1)),
            First(lambda y: functional.log_softmax(y, -1)),
            Both(lambda y, z: y * torch.sigmoid(z)),
        ]
    )


def max_pool(rng):
    kernel = rng.randint(1, 7)
    padding = rng.randint(0, min(3, kernel // 2))
    return First(
        nn.MaxPool2d(
            (kernel, 2),
            (rng.randint(1, 3), 2),
            (padding, 1),
            (rng.randint(1, 2), 1),
            ceil_mode=rng.random() < 0.5,
        )
    )


def avg_pool(rng):
    kernel = rng.randint(1, 7)
    padding = rng.randint(0, min(3, kernel // 2))
    return First(
        nn.AvgPool2d(
            (kernel, 2),
            rng.choice([None, (rng.randint(1, 3), 2)]),
            (padding, 1),
            ceil_mode=rng.random() < 0.5,
            count_include_pad=rng.random() < 0.5,
            divisor_override=rng.choice([None, None, 3]),
        )
    )


def nearest(rng):
    return upsample(rng, "nearest")


def batch_norm(rng):
    norm = nn.BatchNorm2d(CHANNELS)
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    return First(norm)


def join(rng):
    cut = rng.randint(1, 2)
    pad = rng.randint(0, 3)
    below = rng.randint(0, pad)
    return rng.choice(
        [
            Both(lambda y, z: torch.cat([y, z], 1)),
            Both(lambda y, z: torch.cat([z, y, z], 3)),
            Both(lambda y, z: torch.cat([z, y], 2)),
            Both(lambda y, z: torch.cat([y, z], -2)),
            Both(lambda y, z: y + z),
            Both(lambda y, z: y * z),
            Both(lambda y, z: torch.maximum(y, z)),
            Both(lambda y, z: y * z.amax((2, 3), keepdim=True)),  # broadcast along the rows
            First(torch.relu),
            First(lambda y: functional.relu6(y)),
            First(lambda y: functional.leaky_relu(y, 0.1)),
            First(lambda y: functional.pad(y, (1, 0, pad, below), value=0.5)),
            First(lambda y: y[:, cut:]),
            First(lambda y: y[:, :, cut - 1 :: cut]),
            First(lambda y: y[..., ::2]),
            First(lambda y: functional.pixel_shuffle(y, 2)),
            First(lambda y: functional.pixel_unshuffle(y, 2)),
        ]
    )


class Beside(nn.Module):
    """Layers over the same features."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        y = x * 2.0 - 1.0
        z = y * 0.5
        return tuple(layer(y, z) for layer in self.layers)


def works(layer, height):
    """Whether the layer takes this height; some kernels are too large."""
    y = torch.rand(1, CHANNELS, height, WIDTH)
    try:
        return layer.eval()(y, y).numel() > 0
    except RuntimeError:
        return False


def beside(seed, kinds):
    rng = random.Random(seed)
    height = 1 + seed % FILES  # every one from 1 on
    layers = []
    while len(layers) < LAYERS:
        layer = kinds[len(layers) % len(kinds)](rng)
        if works(layer, height):
            layers.append(layer)
    return Beside(layers), [1, CHANNELS, height, WIDTH]


def block(channels_in, channels, kernel=3, stride=1, act=nn.ReLU):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(channels),
        act(),
    )


class Vgg(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for channels_in, channels in [(3, 8), (8, 12), (12, 16)]:
            layers += [nn.Conv2d(channels_in, channels, 3, padding=1), nn.ReLU(inplace=True)]
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(inplace=True)]
            layers += [nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.classifier = nn.Sequential(nn.Linear(64, 32), nn.ReLU(inplace=True), nn.Linear(32, 10))

    def forward(self, x):
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


class Residual(nn.Module):
    """Stride-2 stem, ceil mode, and in-place operators as torchvision writes them."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 7, 2, 3, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.a1, self.a2 = block(8, 8), nn.Conv2d(8, 8, 3, padding=1)
        self.b1, self.b2 = block(8, 12, 3, 2), nn.Conv2d(12, 12, 3, padding=1)
        self.shortcut = nn.Conv2d(8, 12, 1, 2)
        self.fc = nn.Linear(12, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.a2(self.a1(x))
        y += x
        x = functional.relu_(y)
        y = self.b2(self.b1(x))
        y += self.shortcut(x)
        return self.fc(functional.relu_(y).mean((2, 3)))


class Yolo(nn.Module):
    """Focus, cross-stage parts, pyramid pooling, up-sampling, and heads at two resolutions."""

    def __init__(self):
        super().__init__()
        act = nn.SiLU
        self.focus = block(12, 8, 3, 1, act)
        self.down1 = block(8, 12, 3, 2, act)
        self.half1, self.half2 = block(12, 6, 1, 1, act), block(12, 6, 1, 1, act)
        self.deep = block(6, 6, 3, 1, act)
        self.down2 = block(12, 16, 3, 2, act)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.mix = block(64, 12, 1, 1, act)
        self.merge = block(24, 12, 3, 1, act)
        self.back = block(12, 16, 3, 2, act)
        self.heads = nn.ModuleList([nn.Conv2d(12, 21, 1), nn.Conv2d(28, 21, 1)])

    def forward(self, x):
        x = torch.cat([x[..., i::2, j::2] for j in (0, 1) for i in (0, 1)], 1)
        x = self.down1(self.focus(x))
        half = self.half1(x)
        x = torch.cat([half + self.deep(half), self.half2(x)], 1)
        y = self.down2(x)
        parts = [y]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        y = self.mix(torch.cat(parts, 1))
        up = functional.interpolate(y, scale_factor=2.0, mode="nearest")
        fine = self.merge(torch.cat([up, x], 1))
        coarse = torch.cat([self.back(fine), y], 1)
        results = []
        for head, maps in zip(self.heads, (fine, coarse)):
            p = head(maps)
            p = p.view(-1, 3, 7, p.shape[2], p.shape[3]).permute(0, 1, 3, 4, 2)
            results.append(p.contiguous())
        return tuple(results)


class Mixed(nn.Module):
    """Channels split and shuffled, squeeze and excitation, transposed and bilinear up-sampling."""

    def __init__(self):
        super().__init__()
        self.stem, self.branch = block(3, 8, 3, 2), block(4, 4)
        self.squeeze, self.excite = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.up, self.end = nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.Conv2d(4, 5, 1)

    def forward(self, x):
        left, right = self.stem(x).chunk(2, dim=1)
        x = torch.cat([left, self.branch(right)], 1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        scale = functional.adaptive_avg_pool2d(x, 1)
        x = x * torch.sigmoid(self.excite(functional.relu(self.squeeze(scale))))
        x = functional.relu(self.up(x))
        x = functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        return functional.softmax(self.end(x), 1)


class TwoPictures(nn.Module):
    """Two inputs of different heights, and a number that is read from the features."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 3, 2, 1)

    def forward(self, small, large):
        x = functional.relu(self.a(small)) + self.b(large)
        return x * float(x.mean().item())


class Changed(nn.Module):
    """A tensor that is read after an in-place operator changed it."""

    def forward(self, x):
        y = x * 2.0
        functional.relu_(y)
        return y + 1.0


def write(folder, name, model, shapes, script=False):
    """Batch norms become those of noise, so that activations stay sane."""
    inputs = [torch.rand(shape) for shape in shapes]
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean.eq(0).all():
            module.momentum = None
            module.train()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of shapes in traces: they are fixed
        model(*inputs)
        model.eval()
        made = torch.jit.script(model) if script else torch.jit.trace(model, inputs)
    torch.jit.save(made, os.path.join(folder, name + ".pt"))


def main():
    folder = sys.argv[1]
    torch.manual_seed(1)
    with torch.no_grad():
        for seed in range(FILES):
            exact = [max_pool, avg_pool, nearest, join, max_pool, avg_pool, join]
            write(folder, f"rows-exact-{seed}", *pair(beside(seed, exact)))
            close = [conv, transposed, conv, bilinear, conv, transposed, batch_norm, smooth]
            write(folder, f"rows-close-{seed}", *pair(beside(FILES + seed, close)))
    write(folder, "rows-vgg", Vgg(), [[1, 3, 37, 24]])
    write(folder, "rows-residual", Residual(), [[2, 3, 45, 32]])
    write(folder, "rows-yolo", Yolo(), [[1, 3, 48, 32]])
    write(folder, "rows-mixed", Mixed(), [[1, 3, 30, 20]])
    write(folder, "rows-two-pictures", TwoPictures(), [[1, 3, 9, 8], [1, 3, 18, 16]], script=True)
    write(folder, "rows-changed", Changed(), [[1, 3, 8, 8]], script=True)
    return 0


def pair(made):
    model, shape = made
    return model, [shape]


if __name__ == "__main__":
    sys.exit(main())
