#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""A small labelled image set for the early-exit models: scikit-learn's digits, made hard.

    python3 traces/models/digits.py --out traces/models/digits-test.pt

writes {"inputs": uint8 [540, 3, 32, 32], "labels": int64 [540]} with torch.save (grey: the three
channels share one channel's storage). The same bytes each time, on the versions of Debian 12.

Source: `sklearn.datasets.load_digits()`, 1797 grey 8x8 images of the digits 0 to 9 (the test part
of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, 1998, CC BY 4.0). It comes with scikit-learn, so nothing is downloaded.

Split: 30 % test, stratified by class, seed SPLIT_SEED: 1257 images to train, 540 to test.

Degradation (clean 8x8 digits are too easy to tell one exit from another). In this order, each
parameter drawn anew and uniformly per image:

    step        what                                               constants
    place       bilinear to 32x32, rotated, scaled, shifted        ROTATION, SCALE, SHIFT
    clutter     strokes of other digits, at random places, fainter  CLUTTER_COUNT, CLUTTER_LEVEL
    blur        Gaussian                                           BLUR
    contrast    ink and paper levels                               INK, PAPER
    occlusion   rectangles of one grey                             OCCLUSIONS, OCCLUSION_SIDE
    noise       additive Gaussian, then clipped to 0..255          NOISE

The test images are degraded once, with seed TEST_SEED; training images anew in each epoch.
"""

import argparse
import math
import os
import sys
import tempfile

SIDE = 32
CLASSES = 10
TEST_PART = 0.3
SPLIT_SEED = 0
TEST_SEED = 1

ROTATION = 25.0  # largest angle either way [degrees]
SCALE = (0.7, 1.0)  # side of the digit's 8x8 box, as a part of the image's side
SHIFT = 5.0  # largest shift of the centre either way, on each axis [pixels]
CLUTTER_COUNT = 2  # pieces of other digits per image
CLUTTER_LEVEL = (0.3, 0.7)  # their ink, as a part of the digit's
CLUTTER_SCALE = (0.2, 0.35)  # side of their box, as a part of the image's side
BLUR = (0.3, 1.0)  # standard deviation [pixels]
PAPER = (0.0, 0.35)  # level of the background; 1 is white
INK = (0.4, 0.65)  # level of the ink above the background
OCCLUSIONS = 1  # rectangles per image
OCCLUSION_SIDE = (3.0, 8.0)  # their sides [pixels]
NOISE = (0.02, 0.15)  # standard deviation, of a range of 0..1

# Of the training images, degraded: what the model subtracts and divides by, after x / 255.
MEAN = (0.30, 0.30, 0.30)
STD = (0.21, 0.21, 0.21)


def load_split():
    """-> (train images, train labels, test images, test labels).

    Images: float32 [N, 8, 8], 0 paper to 1 ink. Labels: int64 [N].
    """
    import torch
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    train, test = train_test_split(
        range(len(digits.target)),
        test_size=TEST_PART,
        random_state=SPLIT_SEED,
        stratify=digits.target,
    )
    images = torch.from_numpy(digits.images).float() / 16.0
    labels = torch.from_numpy(digits.target).long()
    return images[train], labels[train], images[test], labels[test]


def uniform(count, low, high, generator):
    """[count] numbers, uniform in [low, high)."""
    import torch

    return low + (high - low) * torch.rand(count, generator=generator)


def place(images, scale, shift, angle):
    """Images [N, 8, 8] on a SIDE x SIDE field: scale (parts of the side), shift (pixels) per image.

    -> [N, SIDE, SIDE]; paper (0) around the image.
    """
    import torch
    from torch.nn import functional

    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    centre = shift * (2.0 / SIDE)
    rows = torch.stack([torch.stack([cosine, sine], 1), torch.stack([-sine, cosine], 1)], 1)
    theta = torch.cat([rows, -rows @ centre[:, :, None]], 2)
    grid = functional.affine_grid(theta, (len(images), 1, SIDE, SIDE), align_corners=False)
    return functional.grid_sample(images[:, None], grid, align_corners=False)[:, 0]


def blur(images, sigma):
    """Gaussian blur of [N, SIDE, SIDE] with a standard deviation per image [N]."""
    import torch

    at = torch.arange(SIDE, dtype=torch.float32)
    weights = torch.exp(-((at[:, None] - at) ** 2) / (2.0 * sigma[:, None, None] ** 2))
    weights = weights / weights.sum(2, keepdim=True)
    return weights @ images @ weights.transpose(1, 2)


def degrade(images, seed):
    """Images [N, 8, 8], 0..1 -> uint8 [N, SIDE, SIDE], by the recipe above; N > 1."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    count = len(images)

    def draw(low, high):
        return uniform(count, low, high, generator)

    def draw_shift(reach):
        return torch.stack([draw(-reach, reach), draw(-reach, reach)], 1)

    turn = math.radians(ROTATION)
    field = place(images, draw(*SCALE), draw_shift(SHIFT), draw(-turn, turn))
    for _ in range(CLUTTER_COUNT):
        other = images[torch.randint(count, (count,), generator=generator)]
        piece = place(other, draw(*CLUTTER_SCALE), draw_shift(SIDE / 2.0), draw(-math.pi, math.pi))
        field = torch.maximum(field, piece * draw(*CLUTTER_LEVEL)[:, None, None])
    field = blur(field, draw(*BLUR))
    field = draw(*PAPER)[:, None, None] + draw(*INK)[:, None, None] * field
    at = torch.arange(SIDE, dtype=torch.float32)
    for _ in range(OCCLUSIONS):
        top, left = draw(0.0, SIDE), draw(0.0, SIDE)
        height, width = draw(*OCCLUSION_SIDE), draw(*OCCLUSION_SIDE)
        rows = (at - top[:, None]).abs() * 2.0 < height[:, None]
        columns = (at - left[:, None]).abs() * 2.0 < width[:, None]
        field = torch.where(
            rows[:, :, None] & columns[:, None, :], draw(0.0, 1.0)[:, None, None], field
        )
    noise = torch.randn(field.shape, generator=generator)
    field = field + draw(*NOISE)[:, None, None] * noise
    return (field * 255.0).round().clamp(0.0, 255.0).to(torch.uint8)


def normalise(images):
    """uint8 [N, SIDE, SIDE] or [N, 3, SIDE, SIDE] -> what the models read: float32 [N, 3, ...]."""
    import torch

    if images.dim() == 3:
        images = images[:, None].expand(-1, 3, -1, -1)
    mean = torch.tensor(MEAN)[:, None, None]
    std = torch.tensor(STD)[:, None, None]
    return (images.float() / 255.0 - mean) / std


def test_set():
    """-> {"inputs": uint8 [540, 3, 32, 32], one channel's storage, "labels": int64 [540]}."""
    _, _, images, labels = load_split()
    inputs = degrade(images, TEST_SEED)[:, None].expand(-1, 3, -1, -1)
    return {"inputs": inputs, "labels": labels.clone()}


def write_atomically(path, write):
    """Call write(temporary path), then move the finished file to path."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".digits-") as temporary:
        # The same base name: PyTorch writes it into the archive.
        part = os.path.join(temporary, os.path.basename(path))
        write(part)
        os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", metavar="FILE", required=True, help="the .pt to write")
    options = parser.parse_args()
    try:
        import torch

        write_atomically(options.out, lambda path: torch.save(test_set(), path))
    except ImportError as error:
        sys.stderr.write(f"{error}; Debian: apt install python3-torch python3-sklearn\n")
        return 2
    except (OSError, RuntimeError) as error:
        sys.stderr.write(f"{options.out}: {' '.join(str(error).split())[:200]}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
