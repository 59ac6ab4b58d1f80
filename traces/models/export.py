#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Writes a model of the zoo as TorchScript, with a description of its inputs beside it.

    ./mdi export resnet56 --out=build/models/resnet56.pt

writes resnet56.pt and resnet56.json. Without --weights the weights are random with a fixed seed:
shapes, work and sizes are those of the real model, predictions mean nothing. --weights takes the
file of torch.save(model.state_dict(), FILE): torchvision's files, GPT-2's pytorch_model.bin of
Hugging Face, and the state_dict of Ultralytics' YOLOv5s, which their program must write, since a
pickled model could run any code when it is loaded. Any other model: write TorchScript yourself,
mdi runs it as it is.
"""

import argparse
import contextlib
import difflib
import json
import os
import pickle
import sys
import tempfile
import warnings

from zoo import ZOO

SEED = 0
PIXELS = 8 * 224 * 224  # of the noise that batch-norm statistics are measured on


def randomise(model, shape):
    """Fixed-seed weights; batch-norm statistics measured on noise, so that activations stay sane.

    A model may know better: initialise(generator) is called where it has one.
    """
    import torch
    from torch import nn

    generator = torch.Generator().manual_seed(SEED)
    if hasattr(model, "initialise"):
        model.initialise(generator)
        return
    norms = []
    for module in model.modules():
        if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            module.weight.data.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=generator)
            if module.bias is not None:
                module.bias.data.zero_()
        elif isinstance(module, nn.Embedding):
            module.weight.data.normal_(0.0, 0.02, generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            norms.append(module)
    if not norms:
        return
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean: exactly the statistics of the one batch below
        norm.train()
    batch = min(8, max(1, PIXELS // (shape[2] * shape[3])))
    with torch.no_grad():
        model(torch.rand([batch] + shape[1:], generator=generator))


def read_state(path):
    """The state_dict in a file, without running code that a pickle of unknown origin may hold."""
    import torch

    expected = "expected the file of torch.save(model.state_dict(), FILE)"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of TorchScript files: it is refused below
            state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None
    except pickle.UnpicklingError as error:
        if "Unsupported" not in str(error):
            raise ValueError(f"truncated or no weights; {expected}") from None
        raise ValueError(
            "a pickled model, which could run any code, is not loaded; load it where it comes "
            "from, and there torch.save(model.state_dict(), FILE) for --weights, or write "
            "TorchScript (torch.jit.trace, torch.jit.save), which needs no export"
        ) from None
    except Exception:  # the reader meets bytes of any kind
        raise ValueError(f"truncated or no weights; {expected}") from None
    for key in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not state:
        raise ValueError(f"holds no state_dict; {expected}")
    if not all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in state.items()):
        raise ValueError(f"holds other things than named tensors; {expected}")
    return state


def load_weights(model, path):
    """Take the tensors of a state_dict file; names may carry DataParallel's prefix.

    A model whose published files name things otherwise has an adapt(state) -> state.
    """
    state = read_state(path)
    prefix = "module."
    state = {k[len(prefix) :] if k.startswith(prefix) else k: v for k, v in state.items()}
    if hasattr(model, "adapt"):
        state = model.adapt(state)
    wanted = model.state_dict()
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}  # not in all files
    missing = [name for name in wanted if name not in state and name not in counters]
    unexpected = [name for name in state if name not in wanted]
    if missing or unexpected:
        wrong = "it misses" if missing else "it has"
        other = missing or unexpected
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        raise ValueError(f"weights of another model: {wrong} {other[0]}{more}")
    for name, tensor in state.items():
        if tensor.shape != wanted[name].shape:
            shape, right = ("x".join(map(str, t.shape)) or "1" for t in (tensor, wanted[name]))
            raise ValueError(f"weights of another model: {name} is {shape}, not {right}")
    model.load_state_dict({**{name: wanted[name] for name in counters}, **state})


def write_atomically(files):
    """Call write(temporary path) for each (path, write), then move all finished files in place."""
    folder = os.path.dirname(os.path.abspath(files[0][0]))
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as temporary:
        # The same base name: LibTorch writes it into the archive.
        parts = [os.path.join(temporary, os.path.basename(path)) for path, _ in files]
        for part, (_, write) in zip(parts, files):
            write(part)
        for part, (path, _) in zip(parts, files):
            os.replace(part, path)


def make_model(name, size, weights):
    """The network in evaluation mode, with weights of a file or random ones."""
    import torch

    torch.set_num_threads(1)  # sums in one order: the same random weights on every machine
    torch.manual_seed(SEED)
    entry = ZOO[name]
    model = entry.build(size)
    if weights:
        try:
            load_weights(model, weights)
        except ValueError as error:
            raise ValueError(f"{weights}: {error}") from None
    else:
        randomise(model, entry.input.describe(1, size)["inputs"][0]["shape"])
    return model.eval()


def example(described):
    """A random tensor as an input of a description says."""
    import torch

    if "range" in described:
        return torch.randint(described["range"], described["shape"])
    return torch.rand(described["shape"])


def export(name, out, weights, batch, size):
    """Build, trace and write one model. Returns the description."""
    import torch

    entry = ZOO[name]
    model = make_model(name, size, weights)
    fields = entry.input.describe(batch, size)
    with torch.no_grad():
        script = torch.jit.trace(model, tuple(example(i) for i in fields["inputs"]))
    description = {"format": "mdi-model", "version": 1, "name": name, "inputs": fields["inputs"]}
    if entry.exits:
        description["exits"] = list(range(entry.exits))
    if "preprocess" in fields:
        description["preprocess"] = fields["preprocess"]
    description["weights"] = os.path.basename(weights) if weights else f"random, seed {SEED}"

    def write_description(path):
        with open(path, "w", encoding="ascii") as file:
            json.dump(description, file, indent=2)
            file.write("\n")

    files = [(out, lambda path: torch.jit.save(script, path))]
    files.append((out[: -len(".pt")] + ".json", write_description))
    write_atomically(files)
    return description


class Parser(argparse.ArgumentParser):
    """Errors are one line, as those of every program here."""

    def error(self, message):
        self.exit(2, f"{message} (--help explains)\n")


def positive(text):
    """An option's whole number from 1 on."""
    with contextlib.suppress(ValueError):
        if int(text) > 0:
            return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' must be a positive whole number")


def parse():
    """The command line, checked: name, out, weights, batch, size."""
    names = ", ".join(sorted(ZOO))
    parser = Parser(prog="./mdi export", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("name", metavar="NAME", help="one of: " + names)
    parser.add_argument("--weights", metavar="FILE", help="state_dict to take the weights from")
    parser.add_argument("--out", metavar="FILE", help="the .pt to write (default: NAME.pt)")
    parser.add_argument("--tokens", metavar="T", type=positive, help="gpt2: prompt length (32)")
    parser.add_argument("--batch", metavar="N", type=positive, default=1, help="items at once (1)")
    parser.add_argument(
        "--image-size", metavar="S", type=positive, help="side of the picture in pixels"
    )
    options = parser.parse_args()
    if options.name not in ZOO:
        near = difflib.get_close_matches(options.name.lower(), ZOO, n=3)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        parser.error(f"{options.name}: no such model; {hint}there are: {names}")
    taken = ZOO[options.name].input
    sizes = {"--tokens": options.tokens, "--image-size": options.image_size}
    for flag, size in sizes.items():
        if size is not None and flag != taken.flag:
            parser.error(f"{options.name} takes no {flag}, but {taken.flag}")
    size = taken.usual if sizes[taken.flag] is None else sizes[taken.flag]
    wrong = taken.check(size)
    if wrong:
        parser.error(f"{taken.flag}={size}: {wrong}")
    out = options.out or options.name + ".pt"
    if not out.endswith(".pt"):
        parser.error(f"{out}: --out must end in .pt (a .json is written beside it)")
    return options.name, out, options.weights, options.batch, size


def main():
    name, out, weights, batch, size = parse()
    try:
        description = export(name, out, weights, batch, size)
    except ImportError as error:
        package = f"python3-{error.name}" if error.name in ("torch", "torchvision") else "it"
        wrong = f"{name}: {error}; Debian: apt install {package}"
    except OSError as error:
        wrong = f"{out}: {error.strerror or error}"
    except ValueError as error:
        wrong = str(error)
    except RuntimeError as error:
        wrong = f"{name}: {error}"
    else:
        megabytes = os.path.getsize(out) / 1e6
        note = f"weights of {description['weights']}"
        if not weights:
            note = f"random weights, seed {SEED}: sizes, work and times are real, "
            note += "predictions are not"
        print(f"{out}: {name}, {megabytes:.1f} MB; {note}")
        return 0
    sys.stderr.write(" ".join(wrong.split())[:400] + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
