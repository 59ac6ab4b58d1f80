#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Writes a model of the zoo as TorchScript, with a description of its inputs beside it.

    python3 traces/models/export.py resnet56 --out build/models/resnet56.pt

writes resnet56.pt and resnet56.json. Without --weights the weights are random with a fixed seed:
shapes, work and sizes are those of the real model, predictions mean nothing.
"""

import argparse
import json
import os
import pickle
import sys
import tempfile

SEED = 0


def resnet_cifar(blocks_per_stage):
    """ResNet for 32x32 images (He et al. 2016, section 4.2): 6n + 2 layers, shortcuts of kind A."""
    import torch
    from torch import nn
    from torch.nn import functional

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

    class ResNet(nn.Module):
        """conv1 and bn1, three stages, mean over the image, fc."""

        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(16)
            self.layer1 = self.stage(16, 16, 1)
            self.layer2 = self.stage(16, 32, 2)
            self.layer3 = self.stage(32, 64, 2)
            self.fc = nn.Linear(64, 10)

        @staticmethod
        def stage(channels_in, channels, stride):
            first = Block(channels_in, channels, stride)
            rest = [Block(channels, channels, 1) for _ in range(blocks_per_stage - 1)]
            return nn.Sequential(first, *rest)

        def forward(self, x):
            x = functional.relu(self.bn1(self.conv1(x)))
            x = self.layer3(self.layer2(self.layer1(x)))
            x = functional.adaptive_avg_pool2d(x, 1)
            return self.fc(torch.flatten(x, 1))

    return ResNet()


# name -> (how to build it, inputs). A new model is one more line here.
ZOO = {
    "resnet56": (
        lambda: resnet_cifar(9),
        [{"shape": [1, 3, 32, 32], "dtype": "float32"}],
    ),
}


def randomise(model, inputs):
    """Fixed-seed weights; batch-norm statistics measured on noise, so that activations stay sane."""
    import torch
    from torch import nn

    generator = torch.Generator().manual_seed(SEED)
    norms = []
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            module.weight.data.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=generator)
            if module.bias is not None:
                module.bias.data.zero_()
        elif isinstance(module, nn.BatchNorm2d):
            norms.append(module)
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean: exactly the statistics of the one batch below
    model.train()
    with torch.no_grad():
        model(*[torch.rand([8] + i["shape"][1:], generator=generator) for i in inputs])


def load_weights(model, path):
    """Take the tensors of a state_dict file; names may carry DataParallel's prefix."""
    import torch

    # weights_only: a pickle of unknown origin must not run code.
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.PickleError, EOFError):
        raise ValueError("no weights; expected the file of torch.save(model.state_dict())") from None
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict):
        raise ValueError("holds no state_dict; expected the file of torch.save(model.state_dict())")
    prefix = "module."
    state = {k[len(prefix) :] if k.startswith(prefix) else k: v for k, v in state.items()}
    model.load_state_dict(state)


def write_atomically(path, write):
    """Call write(temporary path), then move the finished file to path."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as temporary:
        # The same base name: LibTorch writes it into the archive.
        part = os.path.join(temporary, os.path.basename(path))
        write(part)
        os.replace(part, path)


def export(name, out, weights):
    """Build, trace and write one model."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    build, inputs = ZOO[name]
    model = build()
    if weights:
        load_weights(model, weights)
    else:
        randomise(model, inputs)
    model.eval()
    with torch.no_grad():
        example = tuple(torch.rand(i["shape"]) for i in inputs)
        script = torch.jit.trace(model, example)
    description = {
        "format": "mdi-model",
        "version": 1,
        "name": name,
        "inputs": inputs,
        "weights": os.path.basename(weights) if weights else f"random, seed {SEED}",
    }

    def write_description(path):
        with open(path, "w", encoding="ascii") as file:
            json.dump(description, file, indent=2)
            file.write("\n")

    write_atomically(out, lambda path: torch.jit.save(script, path))
    write_atomically(out[: -len(".pt")] + ".json", write_description)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="one of: " + ", ".join(sorted(ZOO)))
    parser.add_argument("--out", metavar="FILE", help="the .pt to write (default: NAME.pt)")
    parser.add_argument("--weights", metavar="FILE", help="state_dict to take the weights from")
    options = parser.parse_args()
    if options.name not in ZOO:
        sys.stderr.write(f"{options.name}: no such model; there are: {', '.join(sorted(ZOO))}\n")
        return 2
    out = options.out or options.name + ".pt"
    if not out.endswith(".pt"):
        sys.stderr.write(f"{out}: --out must end in .pt (a .json is written beside it)\n")
        return 2
    try:
        export(options.name, out, options.weights)
    except ImportError as error:
        sys.stderr.write(f"{options.name}: {error}; Debian: apt install python3-torch\n")
        return 2
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        what = " ".join(what.split())
        sys.stderr.write(f"{options.weights or out}: {what[:200]}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
