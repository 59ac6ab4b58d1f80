# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Lines of a sweep: a metric against a field, with 95 % bands."""

import math

import numpy as np

from mdi_plot_policy import file_part, position, thinned, value_axis
from mdi_plot_results import mean_interval
from mdi_plot_style import (
    MOST_PANELS,
    Drawn,
    label_y,
    legend_above,
    legend_of,
    light_grid,
    line_style,
    log_scale,
    panels,
    turn_labels_that_overlap,
    wrapped,
)
from mdi_plot_sweep_data import ALL, scale_of

BAND = "Bands are 95 % intervals of the mean over {} (Student's t; of one there is none)."
IN_A_BIN = 8  # samples at least
MOST_BINS = 10
MOST_MARKERS = 15  # of a line


def lines(sweep, metric, x, source=ALL):
    """The metric against a field, a line per system and a panel per value of a second field."""
    if not sweep.has(metric, source) or len(x.values) < 2:
        return None
    others = [field for field in sweep.wide if field is not x]
    column = others[0] if others and not sweep.sampled else None
    values = thinned(column.values, MOST_PANELS) if column else [None]
    fixed = {f: f.middle for f in sweep.fields if f not in (x, column)}
    found = []
    for value in values:
        if sweep.sampled:
            found.append(_bins(sweep, metric, x, source))
        else:
            setting = {**fixed, column: value} if column else fixed
            found.append(_points(sweep, metric, x, source, setting))
    if not any(found):
        return None
    every = [point for of in found for line in of.values() for point in line]
    divisor, unit = scale_of(metric.unit, [point[1] for point in every])
    found = [{n: [_divided(p, divisor) for p in line] for n, line in of.items()} for of in found]
    every = [_divided(point, divisor) for point in every]
    figure, axes = panels(len(values), sharex=True, sharey=True)
    for axis, of, value in zip(axes, found, values):
        for name, line in of.items():
            _draw(axis, line, line_style(sweep.names.index(name)), name, x.scale == "category")
        light_grid(axis)
        if column:
            axis.set_title(wrapped(column.setting(value), 40))
    value_axis(axes[0], x, "x")
    _limit_y(axes[0], every, metric.unit)
    label_y(axes, f"{metric.label} ({unit})")
    notes = list(_line_notes(sweep, source, x, column, values, fixed, every))
    width = 110 if len(axes) > 1 else 52
    figure.supxlabel("\n".join(wrapped(note, width) for note in (x.label, *notes)))
    if x.scale == "category":
        turn_labels_that_overlap(figure, axes[-1])
        turned = axes[-1].get_xticklabels()[0].get_rotation()
        for axis in axes[:-1]:
            axis.tick_params(axis="x", labelrotation=turned)
    legend_above(figure, *legend_of(axes))
    of = "" if source == ALL else f" of source {source}"
    means = "Points are means over runs."
    if sweep.sampled and x.scale == "category":
        means = "Points are means over the samples of each value."
    elif sweep.sampled:
        means = "Points are means over bins of equally many samples, at the bin's median."
    caption = [
        f"{metric.label}{of} against {x.name}, a line per system"
        + (f" and a panel per value of {column.name}." if column else "."),
        means,
        BAND.format("samples" if sweep.sampled else "runs"),
        *(f"{note[0].upper()}{note[1:]}." for note in notes),
    ]
    name = f"lines-{file_part(x.name)}-{metric.column}" + ("" if source == ALL else f"-{source}")
    return Drawn(name, figure, " ".join(caption))


def _divided(point, divisor):
    at, mean, half, lost = point
    return at, mean / divisor, half / divisor, lost


def _line_notes(sweep, source, x, column, values, fixed, every):
    if source != ALL:
        yield f"source {source}"
    settings = [field.setting(value) for field, value in fixed.items() if field in sweep.wide]
    if settings and not sweep.sampled:
        yield "with " + ", ".join(settings)
    others = [field.name for field in sweep.wide if field is not x]
    if sweep.sampled and others:
        yield f"{', '.join(others)} {'varies' if len(others) == 1 else 'vary'} within points"
    if column and len(values) < len(column.values):
        yield f"{len(values)} of {len(column.values)} values of {column.name}"
    if any(point[3] for point in every):
        yield "hollow: items lost"


def _points(sweep, metric, x, source, setting):
    """{system: [(x, mean, half-width, whether items were lost)]} of a grid."""
    table = sweep.intervals(metric, source)
    rows = {key: row for key, *row in table.itertuples(name=None)}
    found = {}
    for name in sweep.names:
        line = []
        for value in x.values:
            row = rows.get((sweep.point_at({**setting, x: value}), name))
            if row and not math.isnan(row[0]):
                line.append((position(x, value), row[0], row[1], row[2] > 0))
        if line:
            found[name] = line
    return found


def _bins(sweep, metric, x, source):
    """The same of samples: a point per bin of equally many, or per value of a category."""
    at = sweep.points[x.number]
    if x.scale == "category":
        bins = [at.index[at == value] for value in x.values]
    else:
        count = min(max(len(at) // IN_A_BIN, 2), MOST_BINS, len(at))
        ordered = at.sort_values(kind="stable").index
        bins = np.array_split(ordered.to_numpy(), count)
    table = sweep.intervals(metric, source)
    found = {}
    for name in table.index.unique("system"):
        of = table.xs(name, level="system")
        line = []
        for points in bins:
            some = of.reindex([p for p in points if p in of.index])
            values = some["mean"].dropna().to_numpy()
            if not len(values):
                continue
            middle = at.loc[points].iloc[0] if x.scale == "category" else at.loc[points].median()
            mean, half = mean_interval(values)
            line.append((position(x, middle), mean, half, bool((some["lost"] > 0).any())))
        if line:
            found[name] = line
    return {name: found[name] for name in sweep.names if name in found}


def _draw(axis, line, style, name, category):
    at, means, halves, _ = map(np.array, zip(*line))
    halves = np.nan_to_num(halves.astype(float))
    if category:  # values have no order that a line could follow
        style = {**style, "linestyle": "none"}
        axis.errorbar(at, means, halves, capsize=2, elinewidth=0.8, label=name, **style)
    else:
        if halves.any():
            low = np.maximum(means - halves, 1e-9 * means)
            axis.fill_between(at, low, means + halves, color=style["color"], alpha=0.18, lw=0)
        every = -(-len(at) // MOST_MARKERS)
        axis.plot(at, means, label=name, markevery=every, **style)
    lost = [point for point in line if point[3]]
    if lost:
        hollow = {**style, "linestyle": "none", "markerfacecolor": "white", "zorder": 3}
        axis.plot([p[0] for p in lost], [p[1] for p in lost], **hollow)


def _limit_y(axis, points, unit):
    """From 0, or logarithmic where means are far apart; an interval of two runs may leave it."""
    low, high = min(p[1] for p in points), max(p[1] for p in points)
    halves = [0 if math.isnan(p[2]) else p[2] for p in points]
    most = max(min(p[1] + half, 2 * high) for p, half in zip(points, halves))
    if unit == "%":
        bottom = min(max(p[1] - half, 0) for p, half in zip(points, halves))
        room = max(most - bottom, 1) / 20
        axis.set_ylim(max(bottom - room, 0) if bottom > 50 else 0, min(most + room, 102))
    elif high <= 10 * low or low <= 0:
        axis.set_ylim(0, 1.05 * most if most > 0 else 1)
    else:
        least = min(max(p[1] - half, low / 2) for p, half in zip(points, halves))
        decades = math.log10(most / least)
        axis.set_ylim(least / 10 ** (0.04 * decades), most * 10 ** (0.04 * decades))
        log_scale(axis, "y")
