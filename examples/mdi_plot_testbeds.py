#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Figure of a sweep over PA-MDI's testbeds: reductions of the urgent source's latency over load.

    /usr/bin/python3 examples/mdi_plot_testbeds.py reductions.csv testbeds.svg

draws what examples/mdi_testbeds.py writes; that program calls this one.
"""

import collections
import csv
import math
import os
import sys

from mdi_plot_results import BadInput
from mdi_plot_style import (
    GREY,
    METADATA,
    PAGE_IN,
    error_bars,
    legend_above,
    legend_of,
    light_grid,
    line_style,
    new_figure,
    wrapped,
)

TITLES = {
    "t1-shared": "T1, 20 Mb/s shared",
    "t1-private": "T1, 20 Mb/s a link",
    "t2": "T2, multi-hop",
    "t3": "T3, GPT-2",
}
BASELINES = {"ar-mdi": "AR-MDI", "ms-mdi": "MS-MDI"}  # a row of panels each
# Best cases of the paper [%], as third parties report them (papers.md, section 5.1).
REPORTED = {
    ("t1", "ar-mdi"): 75.3,
    ("t1", "ms-mdi"): 73.2,
    ("t2", "ar-mdi"): 71.4,
    ("t2", "ms-mdi"): 61.0,
    ("t3", "ar-mdi"): 56.4,
    ("t3", "ms-mdi"): 34.8,
}
STRICT = "pa-strict"
LOWEST = -200  # [%]; what is below is marked at the edge
DODGE = 0.05  # of loads between series, so that intervals do not hide each other
WHAT = "expected the reductions.csv of examples/mdi_testbeds.py"

Point = collections.namedtuple("Point", "load mean half")  # reductions in %


def read(path):
    """Points by testbed, baseline and series (a ratio, or strict priority), loads ascending."""
    lines = collections.defaultdict(list)
    try:
        with open(path, newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            for row in table:
                if row["source"] != "ts" or row["baseline"] not in BASELINES:
                    continue
                if row["system"] == STRICT:
                    series = "strict priority"
                elif row["system"] == "pa-mdi":
                    series = f"priority ratio {float(row['ratio']):g}"
                else:
                    continue
                mean, half = (100 * float(row["reduction_" + w]) for w in ("mean", "half"))
                if row["testbed"] not in TITLES or not math.isfinite(mean):
                    raise ValueError(f"testbed '{row['testbed']}', reduction {mean}")
                point = Point(float(row["load"]), mean, half)
                lines[row["testbed"], row["baseline"], series].append(point)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; {WHAT}") from None
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        what = f"no column {error}" if isinstance(error, KeyError) else error
        line = table.line_num
        raise BadInput(f"{path}, line {line}: {what}; {WHAT}") from None
    if not lines:
        raise BadInput(f"{path}: no reduction of pa-mdi against ar-mdi or ms-mdi; {WHAT}")
    return {key: sorted(points) for key, points in lines.items()}


def testbeds(lines):
    """A column of panels per testbed, a row per baseline, a line per series."""
    columns = [name for name in TITLES if any(key[0] == name for key in lines)]
    series = list(dict.fromkeys(key[2] for key in lines))
    series.sort(key=lambda name: (name == "strict priority", len(name), name))  # ratios ascend
    figure = new_figure(PAGE_IN, 4.1)
    axes = figure.subplots(len(BASELINES), len(columns), squeeze=False, sharex=True, sharey="row")
    for across, baseline in zip(axes, BASELINES):
        means = [p.mean for key, some in lines.items() if key[1] == baseline for p in some]
        lowest = max(LOWEST, 50 * math.floor(min(means, default=0) / 50))
        for axis, testbed in zip(across, columns):
            best = {"color": GREY, "linewidth": 0.9, "label": "reported best case"}
            axis.axhline(REPORTED[testbed[:2], baseline], linestyle=(0, (2, 2)), **best)
            axis.axhline(0, color="black", linewidth=0.6)
            for number, name in enumerate(series):
                points = lines.get((testbed, baseline, name), [])
                style = line_style(number)
                shift = DODGE * (number - (len(series) - 1) / 2)
                if points:
                    error_bars(
                        axis,
                        points,
                        lambda p, shift=shift: (p.load + shift, 0),
                        lambda p: (p.mean, p.half),
                        style,
                        name,
                    )
                below = [p.load + shift for p in points if p.mean < lowest]
                marks = {"color": style["color"], "linestyle": "none", "marker": "v"}
                axis.plot(below, [lowest + 6] * len(below), zorder=4, **marks)
            light_grid(axis)
        across[0].set_ylim(lowest, 105)
        across[0].set_ylabel(f"Reduction against {BASELINES[baseline]} (%)")
    for axis, testbed in zip(axes[0], columns):
        axis.set_title(wrapped(TITLES[testbed], 40))
    figure.supxlabel("Load: offered rate of a source over what its own device can serve (1)")
    legend_above(figure, *legend_of(axes.flatten()))
    return figure


def draw(path, out):
    """Write the figure; its format is that of the file's name."""
    kind = os.path.splitext(out)[1][1:]
    if kind not in METADATA:
        raise BadInput(f"{out}: no format '{kind}'; there are {', '.join(METADATA)}")
    testbeds(read(path)).savefig(out, metadata=METADATA[kind])
    return out


def main(arguments):
    if len(arguments) != 2:
        print("usage: mdi_plot_testbeds.py reductions.csv FIGURE.svg", file=sys.stderr)
        return 2
    try:
        print(draw(*arguments))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename}: cannot write ({error.strerror})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
