#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Writes the tiny TorchScript models of mdi-torch-engine-test.cc into a folder.

    python3 test/make_test_models.py FOLDER
"""

import os
import sys
from typing import List, Tuple

import torch
from torch import nn
from torch.nn import functional


def conv(channels_in, channels):
    return nn.Conv2d(channels_in, channels, 3, padding=1)


class Residual(nn.Module):
    """Two nested shortcuts: several tensors are alive at a cut."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = conv(3, 4), conv(4, 4), conv(4, 4)

    def forward(self, x):
        a = functional.relu(self.a(x))
        b = functional.relu(self.b(a)) + a
        return functional.relu(self.c(b)) + a + b


class Concatenation(nn.Module):
    """Three branches, concatenated; one branch also feeds the end."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList([conv(3, 2), conv(3, 3), conv(3, 4)])
        self.end = conv(9, 2)

    def forward(self, x):
        parts = [branch(x) for branch in self.branches]
        return torch.cat([self.end(torch.cat(parts, 1)), parts[0]], 1)


class TwoInputs(nn.Module):
    """An image and a vector of class numbers that is read late."""

    def __init__(self):
        super().__init__()
        self.conv = conv(3, 4)
        self.embedding = nn.Embedding(100, 4)

    def forward(self, image, label):
        x = functional.relu(self.conv(image)).mean((2, 3))
        return x * self.embedding(label)


class InPlace(nn.Module):
    """In-place chains behind convolutions, through a view, and on the input itself."""

    def __init__(self):
        super().__init__()
        self.a, self.b = conv(3, 4), conv(4, 4)

    def forward(self, x):
        x.add_(1.0)
        a = functional.relu_(self.a(x))
        b = self.b(a)
        b.view(-1).mul_(2.0)
        b += a
        b = functional.relu_(b)
        b[:, 0] = 1.5
        return torch.sigmoid(b)


class Tuples(nn.Module):
    """A submodule that returns a tuple, and a tuple as the result."""

    def __init__(self):
        super().__init__()
        self.pair = Pair()

    def forward(self, x):
        a, b = self.pair(x)
        return functional.relu(a), (a - b, b * 2)


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = conv(3, 4), conv(3, 4)

    def forward(self, x) -> Tuple[torch.Tensor, torch.Tensor]:
        return self.a(x), self.b(x)


class Upsample(nn.Module):
    """Sizes computed from shapes, as in detectors and segmentation."""

    def __init__(self):
        super().__init__()
        self.a, self.b = conv(3, 4), nn.ConvTranspose2d(4, 2, 2, 2)

    def forward(self, x):
        low = functional.max_pool2d(self.a(x), 2)
        up = functional.interpolate(low, size=(x.size(2), x.size(3)), mode="bilinear")
        if up.size(1) != 4:
            raise RuntimeError("unexpected channels")
        return {"up": up, "b": self.b(low)}


class Lists(nn.Module):
    """Lists made by an operator, a number read from a tensor, a branch on it, an unused layer."""

    def __init__(self):
        super().__init__()
        self.a = conv(3, 6)

    def forward(self, x):
        parts: List[torch.Tensor] = torch.split(self.a(x), 2, 1)
        total = parts[0] * parts[1] + parts[2]
        scale = float(total.sum().item())
        if scale > 0:
            total = total / scale
        else:
            total = total - scale
        return functional.softmax(total.flatten(1), dim=1), parts


class Attention(nn.Module):
    """Linear layers, matrix products, and constants made from the length."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=2)
        mask = torch.ones(length, length).tril() == 0
        scores = (q @ k.transpose(1, 2)) / (width**0.5)
        weights = functional.softmax(scores.masked_fill(mask, float("-inf")), dim=2)
        return x + self.out((weights @ v).view(batch, length, width))


class Exits(nn.Module):
    """Two early exits, each called where its features appear, and the end."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = conv(3, 4), conv(4, 4), conv(4, 4)
        self.exits = nn.ModuleList([nn.Linear(4, 5), nn.Linear(4, 5)])
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        x = functional.relu(self.a(x))
        first = self.exits[0](x.mean((2, 3)))
        x = functional.relu(self.b(x)) + x
        second = self.exits[1](x.mean((2, 3)))
        x = functional.relu(self.c(x))
        return first, second, self.fc(x.mean((2, 3)))


class LateExits(Exits):
    """The same network; its features are collected and the exits called last, deepest first."""

    def forward(self, x):
        a = functional.relu(self.a(x))
        b = functional.relu(self.b(a)) + a
        c = functional.relu(self.c(b))
        second = self.exits[1](b.mean((2, 3)))
        first = self.exits[0](a.mean((2, 3)))
        return self.fc(c.mean((2, 3))), [first, second]


class Cascade(Exits):
    """The same network, whose end also reads what the first exit said."""

    def forward(self, x):
        first, second, end = super().forward(x)
        return first, second, end + first


class Encoder(nn.Module):
    """Keeps every second pixel of 4 x 8 x 8."""

    def forward(self, x):
        return x[:, :, ::2, ::2] * 1.0


class Decoder(nn.Module):
    """Doubles each pixel of 4 x 4 x 4."""

    def forward(self, x):
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class InPlaceDictionary(nn.Module):
    """A dictionary of a tensor that was changed in place."""

    def __init__(self):
        super().__init__()
        self.a = conv(3, 4)

    def forward(self, x):
        y = functional.relu_(self.a(x))
        return {"mean": y.mean((2, 3)), "map": y}


class Recurrent(nn.Module):
    """Weights in a list."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        y, _ = self.lstm(x)
        return self.fc(y)


class Shown(nn.Module):
    """Tells its input: the scores of the classes 0..5 are 0 but that of 1, its mean of channel 0."""

    def forward(self, x):
        mean = x[:, 0].mean((1, 2))
        zero = mean * 0.0
        return torch.stack([zero - 100.0, mean, zero], 1)


class Stateful(nn.Module):
    """Cannot be cut: keeps a counter."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def forward(self, x):
        self.count += 1
        return x * self.count


class DataShape(nn.Module):
    """Cannot be cut: sizes depend on the data."""

    def forward(self, x):
        return x[x > 0.5] * 2


IMAGE = torch.zeros(1, 3, 8, 8)
LABEL = torch.zeros(1, dtype=torch.int64)

# name -> (class, example inputs to trace with, or None to script)
MODELS = {
    "residual": (Residual, [IMAGE]),
    "concatenation": (Concatenation, None),
    "two-inputs": (TwoInputs, [IMAGE, LABEL]),
    "in-place": (InPlace, [IMAGE]),
    "in-place-scripted": (InPlace, None),
    "tuples": (Tuples, None),
    "upsample": (Upsample, None),
    "lists": (Lists, None),
    "attention": (Attention, None),
    "attention-traced": (Attention, [torch.zeros(1, 5, 8)]),
    "exits": (Exits, [IMAGE]),
    "late-exits": (LateExits, None),
    "cascade": (Cascade, [IMAGE]),
    "encoder": (Encoder, [torch.zeros(1, 4, 8, 8)]),
    "decoder": (Decoder, [torch.zeros(1, 4, 4, 4)]),
    "in-place-dictionary": (InPlaceDictionary, None),
    "recurrent": (Recurrent, [torch.zeros(1, 5, 8)]),
    "shown": (Shown, None),
    "stateful": (Stateful, None),
    "data-shape": (DataShape, None),
}


def main():
    folder = sys.argv[1]
    torch.manual_seed(1)
    for name, (build, example) in MODELS.items():
        model = build().eval()
        with torch.no_grad():
            if example is None:
                script = torch.jit.script(model)
            else:
                script = torch.jit.trace(model, tuple(t.clone() for t in example))
        torch.jit.save(script, os.path.join(folder, name + ".pt"))
    torch.save(Residual().state_dict(), os.path.join(folder, "weights.pt"))
    sets = {
        "samples": torch.arange(7 * 3 * 8 * 8).reshape(7, 3, 8, 8) / 1344.0,
        "labelled": {
            "inputs": torch.arange(7).reshape(7, 1, 1, 1).expand(7, 3, 8, 8) / 7.0,
            "labels": torch.arange(7) + 10,
        },
        "pictures": torch.full((2, 3, 8, 8), 51, dtype=torch.uint8),
        "wrong-shape": torch.zeros(7, 3, 9, 8),
        "wrong-labels": {"inputs": torch.zeros(7, 3, 8, 8), "labels": torch.arange(6)},
        "no-inputs": {"images": torch.zeros(7, 3, 8, 8), "labels": torch.arange(7)},
        "label": {"inputs": torch.zeros(7, 3, 8, 8), "label": torch.arange(7)},
        "float-labels": {"inputs": torch.zeros(7, 3, 8, 8), "labels": torch.rand(7)},
        "two": [torch.zeros(7, 3, 8, 8), torch.zeros(7)],
    }
    for name, content in sets.items():
        torch.save(content, os.path.join(folder, "set-" + name + ".pt"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
