# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Heat map of a sweep: one system against another, over two fields."""

import math

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from mdi_plot_policy import (
    LOSER,
    NO_RESULT,
    cell_axes,
    file_part,
    finish,
    layout_of,
    left_out,
    map_panels,
)
from mdi_plot_style import Drawn
from mdi_plot_sweep_data import ALL, no_difference

BEST = "best"
NUMBERED_IN = 0.3  # a cell that has room for its number
FRAMED_IN = 0.15
DOT = {"marker": "o", "markersize": 1, "color": "black", "linestyle": "none", "zorder": 3}


def ratio_map(sweep, metric, source=ALL, chosen=(), systems=None):
    """A system's metric as a multiple of another's in each cell.

    systems: the two, BEST for the best of each cell; else BEST and the sweep's first system.
    """
    layout = layout_of(sweep, chosen)
    if not layout or not layout.y or sweep.sampled or not sweep.has(metric, source):
        return None
    one, other = systems or (BEST, sweep.names[0])
    if len(sweep.names) < 2:
        return None
    figure, panels = map_panels(layout, len(layout.y.values))
    compare = Comparison(sweep, metric, source, one, other)
    found = [compare.cells(layout, setting) for _, setting in panels]
    ratios = [cell[0] for cells in found for cell in cells.values() if cell]
    if not ratios:
        return None
    norm, colours, ticks = _colours(min(ratios), max(ratios))
    columns = panels[0][0].get_subplotspec().get_gridspec().ncols
    room = (figure.get_size_inches()[0] / columns - 0.7) / len(layout.x.values)
    for (axis, _), cells in zip(panels, found):
        image = _draw(axis, layout, cells, norm, colours, room)
    y_labels = [layout.y.text(value) for value in layout.y.values]
    cell_axes(figure, panels, layout, y_labels, layout.y.label)
    bar = figure.colorbar(image, ax=[axis for axis, _ in panels], aspect=25, pad=0.02)
    bar.outline.set_visible(False)
    short = figure.get_size_inches()[1] < 1.6
    bar.ax.yaxis.set_major_locator(FixedLocator(ticks[:: len(ticks) - 1] if short else ticks))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))

    of = "" if source == ALL else f" of {source}"
    what = f"{metric.label}{of}: {'best system' if one == BEST else one} / {other}"
    all_cells = [cell for cells in found for cell in cells.values()]
    legend = []
    if any(cell and cell[1] for cell in all_cells):
        framed = _frame(0, 0) if room >= FRAMED_IN else Line2D([], [], **DOT)
        legend.append((framed, "tie"))
    if any(cell and cell[2] for cell in all_cells):
        legend.append((Line2D([], [], **LOSER), "one of the two lost items"))
    if not all(all_cells):
        legend.append((Line2D([], [], **NO_RESULT), "no result"))
    notes = [layout.x.label, "; ".join([what, *left_out(layout, sweep)])]
    finish(figure, panels, notes, list(zip(*legend)))
    caption = [f"Heat map of a ratio of means over runs. {what}."]
    if any(cell and cell[1] for cell in all_cells):
        marks = "Frames" if room >= FRAMED_IN else "Dots"
        caption.append(f"{marks}: the 95 % interval of the paired difference over runs contains 0.")
    if any(cell and cell[2] for cell in all_cells):
        caption.append("A triangle: one of the two lost items; its mean is that of the others.")
    if not all(all_cells):
        caption.append("A dash: one of the two has no result.")
    if BEST not in (one, other):
        caption.append(compare.tally(metric))
    others = list(left_out(layout, sweep))
    if others:
        caption.append(f"Shown: {'; '.join(others)}.")
    name = "ratio" if source == ALL else f"ratio-{file_part(source)}"
    return Drawn(name, figure, " ".join(caption))


class Comparison:
    """Two systems at a point of a sweep."""

    def __init__(self, sweep, metric, source, one, other):
        self.sweep = sweep
        self.one, self.other = one, other
        self.values = sweep.values(metric, source)
        self.winners = sweep.winners(metric, source)
        self.rows = {key: row for key, *row in sweep.intervals(metric, source).itertuples()}

    def cells(self, layout, setting):
        """{(column, row): what `at` gives} of one panel."""
        found = {}
        for row, y in enumerate(layout.y.values):
            for column, x in enumerate(layout.x.values):
                point = self.sweep.point_at({**setting, layout.x: x, layout.y: y})
                found[column, row] = self.at(point)
        return found

    def tally(self, metric):
        """In how many points of the whole sweep the one is better than the other."""
        found = [cell for cell in map(self.at, self.sweep.points.index) if cell]
        ties = sum(tie for _, tie, _ in found)
        lower = sum(ratio < 1 for ratio, tie, _ in found if not tie)
        higher = len(found) - ties - lower
        better, worse = (lower, higher) if metric.less_is_better else (higher, lower)
        return (
            f"Of all {len(found)} points {self.one} is better than {self.other} in {better}, "
            f"worse in {worse}, and ties in {ties}."
        )

    def at(self, point):
        """Ratio of means, whether they tie, whether one lost items; None without result."""
        if point not in self.winners or not self.winners[point].names:
            return None
        one = self.winners[point].names[0] if self.one == BEST else self.one
        other = self.winners[point].names[0] if self.other == BEST else self.other
        some, others = self.rows.get((point, one)), self.rows.get((point, other))
        if not some or not others or not some[0] > 0 or not others[0] > 0:
            return None
        columns = [self.sweep.names.index(name) for name in (one, other)]
        tie = one == other or no_difference(*(self.values[point][:, i] for i in columns))
        return some[0] / others[0], tie, some[2] > 0 or others[2] > 0


def _colours(low, high):
    """Norm, colour map and ticks: from 1 to one side, or to both sides alike."""
    most = max(high, 1 / low, 1.1)
    if low < 0.999 and high > 1.001:
        norm, colours = LogNorm(1 / most, most), colormaps["PuOr_r"]
    elif high > 1.001:
        norm, colours = LogNorm(1, most), colormaps["Blues"]
    else:
        norm, colours = LogNorm(1 / most, 1), colormaps["Blues_r"]
    decades = math.ceil(math.log10(most))
    steps = (1, 2, 5) if most < 100 else (1,)
    candidates = {float(f"{s}e{d}") for s in steps for d in range(-decades - 1, decades + 1)}
    candidates |= {1 / tick for tick in candidates} if most < 3 else set()
    inside = [t for t in sorted(candidates) if norm.vmin <= t * 1.001 and t <= norm.vmax * 1.001]
    if len(inside) < 3:
        inside = sorted({float(f"{v:.2g}") for v in np.geomspace(norm.vmin, norm.vmax, 5)})
    return norm, colours, inside


def _draw(axis, layout, cells, norm, colours, room):
    shape = len(layout.y.values), len(layout.x.values)
    shares = np.full(shape, np.nan)
    for (column, row), cell in cells.items():
        if not cell:
            axis.plot(column, row, **NO_RESULT)
            continue
        shares[row, column], tie, lost = cell
        if room >= NUMBERED_IN:
            dark = sum(colours(norm(cell[0]))[:3]) < 1.5
            style = {"ha": "center", "va": "center", "color": "white" if dark else "black"}
            axis.text(column, row, f"{cell[0]:.2g}", **style)
        if tie:
            if room >= FRAMED_IN:
                axis.add_patch(_frame(column, row))
            else:
                axis.plot(column, row, **DOT)
        if lost:
            axis.plot(column + 0.32, row + 0.3, **LOSER)
    return axis.imshow(shares, cmap=colours, norm=norm, aspect="auto", origin="lower")


def _frame(column, row):
    corner = column - 0.44, row - 0.44
    return Rectangle(corner, 0.88, 0.88, fill=False, edgecolor="black", linewidth=0.7)
