#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Draws the rows of traces/validation/validate.py --csv=FILE: measured against simulated.

    /usr/bin/python3 examples/mdi_plot_validation.py FILE.csv [FILE.csv...] --out=FIGURE.svg
"""

import argparse
import csv
import os
import sys

from mdi_plot_style import GREY, METADATA, PAGE_IN, legend_above, legend_of, light_grid, new_figure

NETWORKS = {  # label, colour, marker, place beside the measured bar
    "given": ("overhead as measured", "#56B4E9", "v"),
    "processor": ("staging, sender waits", "#0072B2", "o"),
    "beside": ("staging, sender goes on", "#009E73", "D"),
    "none": ("link alone", "#D55E00", "s"),
}
SHORT = {"qwen2.5-coder-1.5b": "1.5B", "qwen2.5-coder-3b": "3B"}
PANELS = (  # scenario, quantity, axis, factor (none: of the lower end of what was measured)
    ("two-orin-nano", "gap", "Gap between tokens / measured", None),
    ("two-orin-nano", "first token", "Time to first token (ms)", 1e3),
    ("three-tx2", "speed-up", "Speed-up over one board", 1),
)


def read(paths):
    rows = []
    for path in paths:
        with open(path, newline="", encoding="ascii") as file:
            rows += csv.DictReader(file)
    return rows


def place(row):
    """A name for the horizontal axis."""
    words = row["case"].split()
    if row["scenario"] == "two-orin-nano":
        return f"{SHORT[words[0]]}\n{words[-1]} at a time"
    return f"{words[1]}-{words[3]}\n{row['quantity'].split()[-1]} boards"


def draw(axis, rows, label, factor):
    """Bars for what was measured, points for what was simulated."""
    places = list(dict.fromkeys(place(row) for row in rows))
    networks = [name for name in NETWORKS if any(row["network"] == name for row in rows)]
    step = 0.7 / max(len(networks), 1)
    for row in rows:
        at = places.index(place(row))
        scale = factor or 1 / float(row["low"])
        low, high = (scale * float(row[end]) for end in ("low", "high"))
        axis.plot([at - 0.42, at + 0.42], [low, low], color=GREY, lw=1, label="measured")
        if high != low:
            axis.fill_between([at - 0.42, at + 0.42], low, high, color="#BBBBBB", lw=0)
            axis.plot([at - 0.42, at + 0.42], [high, high], color=GREY, lw=1)
        name, colour, marker = NETWORKS[row["network"]]
        beside = at + step * (networks.index(row["network"]) - (len(networks) - 1) / 2)
        half = scale * float(row["half"]) if row["half"] not in ("", "nan") else None
        style = {"color": colour, "marker": marker, "linestyle": "none", "label": name}
        axis.errorbar(
            beside, scale * float(row["mean"]), half, capsize=2, elinewidth=0.8, **style
        )
    axis.set_xticks(range(len(places)), places)
    axis.set_ylabel(label)
    if factor:
        axis.set_ylim(0, None)
    light_grid(axis, "y")


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", metavar="FILE.csv")
    parser.add_argument("--out", required=True, help="the figure: .svg, .png or .pdf")
    options = parser.parse_args(arguments)
    ending = os.path.splitext(options.out)[1][1:]
    if ending not in METADATA:
        parser.error(f"--out={options.out}: should end in .svg, .png or .pdf")
    rows = read(options.files)
    figure = new_figure(PAGE_IN, 4.2)
    grid = figure.add_gridspec(2, 2)
    axes = [figure.add_subplot(spot) for spot in (grid[0, 0], grid[0, 1], grid[1, :])]
    for axis, (scenario, quantity, label, factor) in zip(axes, PANELS):
        some = [
            row
            for row in rows
            if row["scenario"] == scenario and row["quantity"].startswith(quantity)
        ]
        draw(axis, some, label, factor)
    handles, labels = legend_of(axes)
    order = ["measured", *(value[0] for value in NETWORKS.values())]
    chosen = sorted(zip(labels, handles), key=lambda pair: order.index(pair[0]))
    legend_above(figure, [handle for _, handle in chosen], [text for text, _ in chosen])
    figure.savefig(options.out, metadata=METADATA[ending])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
