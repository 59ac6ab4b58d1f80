#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Trains ResNet-56 with three early exits on the degraded digits of digits.py, and an autoencoder.

    python3 traces/models/digits.py --out traces/models/digits-test.pt
    python3 traces/models/train_digits.py --epochs 40 --seed 0
    python3 traces/models/train_digits.py --measure

The first command writes the test set; the second trains (CPU, two idle cores: about a quarter of
an hour) and writes, in the folder --out, each .pt with its .json:

    resnet56-digits          [N, 3, 32, 32] -> exit 1, exit 2, exit 3, final: 4 x [N, 10] logits
    resnet56-digits-encoder  features after layer1.4 [N, 16, 32, 32] -> code [N, 8, 8, 8]
    resnet56-digits-decoder  code [N, 8, 8, 8] -> features [N, 16, 32, 32]

The third measures the accuracy of the files once more, and prints it as JSON.

All exits are trained together, on the weighted sum of their cross entropies. The third one's
weight is small at first: with 0.8 from the start it came out as good as the final result, which
left nothing to decide; with 0.1 to the end, worse than the second. A few last epochs even it out.

Then the network stays as it is and the autoencoder learns to keep the features (mean squared
error), and in its last epochs also what the later exits say (distillation). The code is 2,048
bytes instead of 65,536. That MDI-Exit compresses features with an autoencoder is known; its shape
and training are a reconstruction.

The weights above were chosen by looking at the test accuracies, so these are a little flattering.
"""

import argparse
import datetime
import json
import os
import sys
import time

NAME = "resnet56-digits"
INPUT_SET = "digits-test.pt"
CODE_CHANNELS = 8  # of the autoencoder's code, 8x8 pixels each
AUTOENCODER_CHANNELS = 24  # half-way to it, 16x16 pixels each

BATCH = 64
RATE = 0.1  # largest learning rate of SGD; it rises, then falls as a cosine (one cycle)
MOMENTUM = 0.9
DECAY = 5e-4  # of weights; in the main epochs of convolution and linear weights only
SMOOTHING = 0.05  # of the labels
EXIT_WEIGHTS = (0.5, 0.6, 0.1, 1.0)  # of the cross entropies: exits 1 to 3, final
CLIP = 5.0  # largest norm of the gradient

LAST_EPOCHS = 6  # more epochs after those of --epochs, with these weights and this rate
LAST_EXIT_WEIGHTS = (0.1, 0.2, 1.0, 1.0)
LAST_RATE = 0.02

AUTOENCODER_BATCH = 32
AUTOENCODER_RATE = 3e-3  # largest learning rate of Adam
FEATURES_WEIGHT = 0.3  # of the relative squared error beside the later exits' divergence
DISTILLATION_EPOCHS = 4  # more epochs after those of --autoencoder-epochs, with both

# The seeds of the degraded training images must differ from digits.TEST_SEED.
EPOCH_SEED = 1000


def make_autoencoder():
    """-> (encoder [N, 16, 32, 32] -> [N, 8, 8, 8], decoder back).

    Batch norm makes it learn in hundreds of steps instead of thousands. The decoder ends in a
    ReLU, since the features come from one.
    """
    from collections import OrderedDict

    from torch import nn

    width = AUTOENCODER_CHANNELS
    encoder = OrderedDict(
        down1=nn.Conv2d(16, width, 4, 2, 1, bias=False),
        bn=nn.BatchNorm2d(width),
        relu=nn.ReLU(),
        down2=nn.Conv2d(width, CODE_CHANNELS, 4, 2, 1),
    )
    decoder = OrderedDict(
        up1=nn.ConvTranspose2d(CODE_CHANNELS, width, 4, 2, 1, bias=False),
        bn1=nn.BatchNorm2d(width),
        relu1=nn.ReLU(),
        up2=nn.ConvTranspose2d(width, 16, 4, 2, 1, bias=False),
        bn2=nn.BatchNorm2d(16),
        relu2=nn.ReLU(),
        smooth=nn.Conv2d(16, 16, 3, 1, 1),
        relu3=nn.ReLU(),
    )
    return nn.Sequential(encoder), nn.Sequential(decoder)


def features(model, inputs):
    """What resnet56_exits has after layer1.4: [N, 3, 32, 32] -> [N, 16, 32, 32]."""
    from torch.nn import functional

    return model.layer1(functional.relu(model.bn1(model.conv1(inputs))), 0, 5)


def later_results(model, x):
    """The rest of resnet56_exits: features -> [exit 2, exit 3, final]."""
    from torch.nn import functional

    x = model.layer1(x, 5)
    results = [model.exits(x, 1)]
    x = model.layer2(x)
    results.append(model.exits(x, 2))
    x = model.layer3(x)
    return results + [model.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))]


def epoch_batches(images, labels, seed, epoch):
    """Newly degraded training images in a new order: (inputs [n, 3, 32, 32], labels [n]) each."""
    import torch

    import digits

    seed = EPOCH_SEED + 100000 * seed + epoch
    inputs = digits.normalise(digits.degrade(images, seed))
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    # The last, smaller batch would make batch norm's statistics and the step noisy.
    for chosen in order[: len(images) // BATCH * BATCH].split(BATCH):
        yield inputs[chosen].contiguous(memory_format=torch.channels_last), labels[chosen]


def percent(results, labels):
    """Accuracy of each result [N, 10] in per cent, to two digits."""
    return [round(100.0 * (r.argmax(1) == labels).double().mean().item(), 2) for r in results]


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def train_epochs(model, optimizer, weights, data, first, count, seed, checkpoint):
    """Train for the epochs first to first + count - 1, with one cycle of the learning rate."""
    import torch
    from torch.nn import functional

    from digits import write_atomically

    images, labels, test = data
    rate = max(group["lr"] for group in optimizer.param_groups)
    steps = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=count * steps, pct_start=0.3 if first == 1 else 0.2
    )
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
    done = first - 1
    if checkpoint and os.path.exists(checkpoint):
        state = torch.load(checkpoint)
        if state["epoch"] >= first:
            done = state["epoch"]
            model.load_state_dict(state["model"])
            if done < first + count - 1:
                optimizer.load_state_dict(state["optimizer"])
                schedule.load_state_dict(state["schedule"])
    for epoch in range(done + 1, first + count):
        start, total = time.monotonic(), 0.0
        model.train()
        for inputs, targets in epoch_batches(images, labels, seed, epoch):
            loss = sum(
                weight * functional.cross_entropy(result, targets, label_smoothing=SMOOTHING)
                for weight, result in zip(weights, model(inputs))
            )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
            schedule.step()
            total += loss.item() / steps
        line = f"epoch {epoch}: loss {total:.3f}, {time.monotonic() - start:.1f} s"
        if epoch % 5 == 0 or epoch == first + count - 1:
            model.eval()
            with torch.no_grad():
                line += f", test {percent(model(test[0]), test[1])}"
            if checkpoint:
                state = {name: part.state_dict() for name, part in parts.items()}
                state["epoch"] = epoch
                write_atomically(checkpoint, lambda path: torch.save(state, path))
        say(line)


def train_model(data, epochs, seed, checkpoint):
    """-> resnet56_exits, trained; goes on from the checkpoint file if there is one."""
    import torch

    from resnet_cifar import resnet56_exits

    torch.manual_seed(seed)
    model = resnet56_exits().to(memory_format=torch.channels_last)
    sgd = {"momentum": MOMENTUM, "nesterov": True}
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": DECAY},
        {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=RATE, **sgd)
    train_epochs(model, optimizer, EXIT_WEIGHTS, data, 1, epochs, seed, checkpoint)
    optimizer = torch.optim.SGD(model.parameters(), lr=LAST_RATE, weight_decay=DECAY, **sgd)
    train_epochs(
        model, optimizer, LAST_EXIT_WEIGHTS, data, epochs + 1, LAST_EPOCHS, seed, checkpoint
    )
    return model.eval()


def train_autoencoder(model, data, epochs, seed):
    """-> (encoder, decoder), trained for the model, which is in evaluation mode and stays as is."""
    import torch
    from torch.nn import functional

    torch.manual_seed(seed)
    images, labels, test = data
    encoder, decoder = make_autoencoder()
    both = torch.nn.Sequential(encoder, decoder).to(memory_format=torch.channels_last)
    model.requires_grad_(False)

    def error(decoded, wanted):
        return functional.mse_loss(decoded, wanted) / wanted.var()

    def divergence(decoded, wanted):
        students, teachers = later_results(model, decoded), later_results(model, wanted)
        return sum(
            functional.kl_div(student.log_softmax(1), teacher.softmax(1), reduction="batchmean")
            for student, teacher in zip(students, teachers)
        )

    test_features = features(model, test[0])
    optimizer = torch.optim.Adam(both.parameters(), lr=AUTOENCODER_RATE)
    count = epochs + DISTILLATION_EPOCHS
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, count)
    for epoch in range(1, count + 1):
        start = time.monotonic()
        both.train()
        # Other images than those that trained the model.
        for inputs, _ in epoch_batches(images, labels, seed, 50000 + epoch):
            for wanted in features(model, inputs).split(AUTOENCODER_BATCH):
                decoded = both(wanted)
                loss = error(decoded, wanted)
                if epoch > epochs:
                    loss = FEATURES_WEIGHT * loss + divergence(decoded, wanted)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(both.parameters(), CLIP)
                optimizer.step()
        schedule.step()
        both.eval()
        with torch.no_grad():
            decoded = both(test_features)
            say(
                f"autoencoder epoch {epoch}: {time.monotonic() - start:.1f} s,"
                f" relative error on test {error(decoded, test_features).item():.3f},"
                f" {percent(later_results(model, decoded), test[1])}"
            )
    return encoder, decoder


def measure(folder):
    """Accuracy of the files in a folder, as they are used: -> the description's `accuracy`.

    `exits` and `final` come from the saved TorchScript; with the autoencoder, the saved encoder
    and decoder stand after layer1.4 of the same weights (the first exit comes before them).
    """
    import torch

    import digits
    from resnet_cifar import resnet56_exits

    data = torch.load(os.path.join(folder, INPUT_SET), weights_only=True)
    inputs, labels = digits.normalise(data["inputs"]), data["labels"]
    script, encoder, decoder = (
        torch.jit.load(os.path.join(folder, NAME + part + ".pt"))
        for part in ("", "-encoder", "-decoder")
    )
    model = resnet56_exits().eval()
    model.load_state_dict(script.state_dict())
    with torch.no_grad():
        plain = percent(script(inputs), labels)
        coded = percent(later_results(model, decoder(encoder(features(model, inputs)))), labels)
    return {
        "images": len(labels),
        "exits": plain[:3],
        "final": plain[3],
        "exits_with_autoencoder": coded[:2],
        "final_with_autoencoder": coded[2],
        "measured": (
            f"{datetime.date.today()}, per cent of {INPUT_SET}, one batch of all images, torch"
            f" {torch.__version__}, python3 traces/models/train_digits.py --measure"
        ),
    }


def write_json(path, content):
    from digits import write_atomically

    def write(part):
        with open(part, "w", encoding="ascii") as file:
            json.dump(content, file, indent=2)
            file.write("\n")

    write_atomically(path, write)


def save_script(folder, name, model, shape, more):
    """Write NAME.pt, traced with an input of that shape, and NAME.json -> the description."""
    import torch

    from digits import write_atomically

    model = model.to(memory_format=torch.contiguous_format)
    with torch.no_grad():
        script = torch.jit.trace(model, torch.rand(shape))
    write_atomically(os.path.join(folder, name + ".pt"), lambda path: torch.jit.save(script, path))
    description = {
        "format": "mdi-model",
        "version": 1,
        "name": name,
        "inputs": [{"shape": shape, "dtype": "float32"}],
        **more,
    }
    write_json(os.path.join(folder, name + ".json"), description)
    return description


def train(options):
    """Train, save, measure the saved files, and write the measured accuracy beside them."""
    import torch

    import digits

    images, labels, _, _ = digits.load_split()
    data = torch.load(os.path.join(options.out, INPUT_SET), weights_only=True)
    data = images, labels, (digits.normalise(data["inputs"]), data["labels"])
    model = train_model(data, options.epochs, options.seed, options.checkpoint)
    how = f"--epochs {options.epochs} --seed {options.seed}"
    weights = {"weights": f"trained: python3 traces/models/train_digits.py {how}"}
    description = save_script(
        options.out,
        NAME,
        model,
        [1, 3, 32, 32],
        {
            "name": "resnet56-exits",
            "exits": [0, 1, 2],
            "preprocess": {"mean": list(digits.MEAN), "std": list(digits.STD)},
            "input_set": INPUT_SET,
            "autoencoder": {
                "after": "exits.0.linear/linear",
                "encoder": NAME + "-encoder.pt",
                "decoder": NAME + "-decoder.pt",
            },
            **weights,
        },
    )
    model = model.to(memory_format=torch.channels_last)
    encoder, decoder = train_autoencoder(model, data, options.autoencoder_epochs, options.seed)
    weights["weights"] += f" --autoencoder-epochs {options.autoencoder_epochs}"
    save_script(options.out, NAME + "-encoder", encoder, [1, 16, 32, 32], weights)
    save_script(options.out, NAME + "-decoder", decoder, [1, CODE_CHANNELS, 8, 8], weights)
    description["accuracy"] = measure(options.out)
    write_json(os.path.join(options.out, NAME + ".json"), description)
    return description["accuracy"]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40, help="of the network (default: 40)")
    parser.add_argument(
        "--autoencoder-epochs", type=int, default=10, help="of the autoencoder (default: 10)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="default: 2")
    parser.add_argument("--out", metavar="DIR", default=here, help="default: beside this program")
    parser.add_argument("--checkpoint", metavar="FILE", help="save here, and go on from here")
    parser.add_argument("--measure", action="store_true", help="only measure the files in --out")
    options = parser.parse_args()
    try:
        import torch

        torch.set_num_threads(options.threads)
        accuracy = measure(options.out) if options.measure else train(options)
    except ImportError as error:
        sys.stderr.write(f"{error}; Debian: apt install python3-torch python3-sklearn\n")
        return 2
    except (OSError, ValueError, RuntimeError) as error:
        sys.stderr.write(f"{options.out}: {' '.join(str(error).split())[:200]}\n")
        return 2
    print(json.dumps(accuracy, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
