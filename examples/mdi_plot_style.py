# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""How figures look: for print at column width, in colours that colour-blind people tell apart."""

import collections
import itertools
import textwrap

import matplotlib
import numpy as np

matplotlib.use("agg")

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator  # noqa: E402

COLUMN_IN = 3.5  # a column and a page of most proceedings
PAGE_IN = 7.16
FONT_PT = 8
MOST_PANELS = 12

# Okabe and Ito's palette without yellow, which is faint on paper, and Tol's wine: a colour for each
# of our systems.
COLOURS = [
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#882255",
]
DASHES = ["-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.2, 1.2)), (0, (8, 2))]
MARKERS = ["o", "s", "^", "D", "v", "P", "*", "<", ">"]
GREY = "#555555"

matplotlib.rcdefaults()  # not what the user's matplotlibrc says
matplotlib.rcParams.update(
    {
        "font.size": FONT_PT,
        "axes.titlesize": FONT_PT,
        "axes.labelsize": FONT_PT,
        "xtick.labelsize": FONT_PT,
        "ytick.labelsize": FONT_PT,
        "legend.fontsize": FONT_PT,
        "figure.titlesize": FONT_PT,
        "figure.labelsize": FONT_PT,
        "font.family": "DejaVu Sans",  # comes with matplotlib
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "lines.linewidth": 1.2,
        "lines.markersize": 4.5,
        "legend.frameon": False,
        "figure.dpi": 300,
        "savefig.dpi": 300,
        "svg.hashsalt": "mdi",  # the same folder gives the same bytes
        "pdf.fonttype": 42,
    }
)

# A figure by its file's name; the caption says what it shows and how its numbers are made.
Drawn = collections.namedtuple("Drawn", "name figure caption")

METADATA = {"svg": {"Date": None}, "png": {}, "pdf": {"CreationDate": None}}


def line_style(number):
    """Colour, dashes and marker, together different for many numbers."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": DASHES[number % len(DASHES)],
        "marker": MARKERS[number % len(MARKERS)],
    }


def wrapped(name, width=26):
    """A long name on several lines."""
    return "\n".join(textwrap.wrap(name, width)) or name


def shortened(name, length=24):
    """A long name without its middle: names often differ at their ends."""
    half = (length - 3) // 2
    return name if len(name) <= length else name[:half] + "..." + name[-half:]


def new_figure(width, height):
    """A figure without pyplot's global state, in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)  # to measure legends with
    return figure


def panels(count, height=1.9, columns=3, **share):
    """A figure of `count` equal panels: a column wide for one, else a page wide."""
    columns = 2 if count == 4 else min(columns, count)
    rows = -(-count // columns)
    width = COLUMN_IN if count == 1 else PAGE_IN
    figure = new_figure(width, rows * height + 0.4)
    axes = figure.subplots(rows, columns, squeeze=False, **share).flatten()
    for above, axis in enumerate(axes[count:], count - columns):
        axis.remove()
        axes[above].xaxis.set_tick_params(labelbottom=True)
    return figure, list(axes[:count])


def label_y(axes, text):
    """The y axis of the panels on the left."""
    for axis in axes:
        if axis.get_subplotspec().is_first_col():
            axis.set_ylabel(text)


def light_grid(axis, which="both"):
    axis.grid(True, axis=which, color="#DDDDDD", linewidth=0.5)
    axis.set_axisbelow(True)


def error_bars(axis, points, x, y, style, label):
    """x and y: what of a point is drawn; each gives a value and a half-width (or nan)."""
    xs, ys = np.array([x(p) for p in points]), np.array([y(p) for p in points])
    axis.errorbar(
        xs[:, 0],
        ys[:, 0],
        xerr=np.nan_to_num(xs[:, 1]) if np.nansum(xs[:, 1]) else None,
        yerr=np.nan_to_num(ys[:, 1]) if np.nansum(ys[:, 1]) else None,
        capsize=2,
        elinewidth=0.8,
        label=label,
        **style,
    )


def log_scale(axis, which):
    """A logarithmic "x" or "y" axis whose ticks are as many as fit, and plain numbers."""
    axis.set(**{which + "scale": "log"})
    of = getattr(axis, which + "axis")
    low, high = of.get_view_interval()
    subs = (1, 2, 5) if high / low < 100 else (1, 3) if high / low < 10000 else (1,)
    of.set_major_locator(LogLocator(subs=subs))
    of.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    of.set_minor_locator(NullLocator())


def turn_labels_that_overlap(figure, axis):
    """Write the names below the axis upright where they would run into each other."""
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axis.get_xticklabels()]
    if any(left.x1 + 4 > right.x0 for left, right in zip(boxes, boxes[1:])):
        axis.tick_params(axis="x", labelrotation=90)
        width, height = figure.get_size_inches()
        figure.set_size_inches(width, height + max(box.width for box in boxes) / figure.dpi)


def legend_above(figure, handles, labels):
    """A legend above all panels, read row by row; the figure grows by its height."""
    width, height = figure.get_size_inches()
    labels = [wrapped(label, 60 if width > COLUMN_IN else 40) for label in labels]
    for columns in range(min(len(labels), 6), 0, -1):
        order = [i for first in range(columns) for i in range(first, len(labels), columns)]
        legend = figure.legend(
            [handles[i] for i in order],
            [labels[i] for i in order],
            loc="upper center",
            ncol=columns,
            columnspacing=1.2,
            borderaxespad=0.2,
            handlelength=1.2 if isinstance(handles[0], Patch) else 2.6,
        )
        box = legend.get_window_extent(figure.canvas.get_renderer())
        if box.width <= width * figure.dpi or columns == 1:
            break
        legend.remove()
    extra = 1.02 * box.height / figure.dpi + 0.04
    figure.set_size_inches(width, height + extra)
    figure.get_layout_engine().set(rect=(0, 0, 1, height / (height + extra)))


def unique(pairs):
    """Handles and labels for a legend, each label once."""
    found = {}
    for handle, label in pairs:
        found.setdefault(label, handle)
    return list(found.values()), list(found)


def legend_of(axes):
    pairs = itertools.chain.from_iterable(zip(*axis.get_legend_handles_labels()) for axis in axes)
    return unique(pairs)
