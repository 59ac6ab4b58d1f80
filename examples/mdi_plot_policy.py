# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The policy map of a sweep: which system wins where, with ties shown as ties."""

import collections
import re

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mdi_plot_style import (
    COLUMN_IN,
    GREY,
    MOST_PANELS,
    PAGE_IN,
    Drawn,
    label_y,
    legend_above,
    light_grid,
    line_style,
    log_scale,
    new_figure,
    turn_labels_that_overlap,
    wrapped,
)
from mdi_plot_sweep_data import ALL

SMALLEST_MARKED_IN = 0.13  # room for a marker
NOTHING = "#EEEEEE"
TIE_TEXT = (
    "A system ties with the best if the 95 % interval of the paired difference over runs (same "
    "arrivals) contains 0; of one run, if the numbers are equal."
)

# A map's axes. y: a field, or None if there is only one field (rows are sources then); columns,
# rows: (field, values) of the small multiples, or None; fixed: {field: value} of all others.
Layout = collections.namedtuple("Layout", "x y columns rows fixed")


def file_part(name):
    """A name as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def thinned(values, most):
    """At most so many of them, evenly spread, the ends among them."""
    if len(values) <= most:
        return list(values)
    at = np.linspace(0, len(values) - 1, most).round().astype(int)
    return [values[i] for i in at]


def layout_of(sweep, chosen=()):
    """chosen: names of the fields on the axes, x first; else the first two with several values."""
    by_name = {field.name: field for field in sweep.fields}
    shown = [by_name[name] for name in chosen]
    shown += [field for field in sweep.wide if field not in shown]
    if not shown:
        return None
    x, y, columns, rows = (shown + [None] * 3)[:4]
    if sweep.sampled:
        return Layout(x, y, None, None, {})
    fixed = {field: field.middle for field in sweep.fields if field not in (x, y)}
    if columns:
        columns = columns, thinned(columns.values, MOST_PANELS)
        del fixed[columns[0]]
    room = MOST_PANELS // len(columns[1]) if columns else 0
    if rows and room > 1:
        rows = rows, thinned(rows.values, room)
        del fixed[rows[0]]
    else:
        rows = None
    return Layout(x, y, columns, rows, fixed)


def left_out(layout, sweep):
    """What a reader has to know beside the axes: fields at one value, panels that are not there."""
    fixed = [field.setting(value) for field, value in layout.fixed.items() if field in sweep.wide]
    if fixed:
        yield ", ".join(fixed)
    for panels in (layout.columns, layout.rows):
        if panels and len(panels[1]) < len(panels[0].values):
            yield f"{len(panels[1])} of {len(panels[0].values)} values of {panels[0].name}"
    others = [field.name for field in sweep.wide if field not in (layout.x, layout.y)]
    if sweep.sampled and others:
        yield ("the other field varies: " if len(others) == 1 else "other fields vary: ") + (
            ", ".join(others)
        )


def map_panels(layout, row_count):
    """Axes of the small multiples: [(axis, {field: value})], and the figure."""
    columns = layout.columns[1] if layout.columns else [None]
    rows = layout.rows[1] if layout.rows else [None]
    across = len(columns) if layout.rows or len(columns) <= 4 else -(-len(columns) // 3)
    across = min(across, 4) if not layout.rows else across
    down = len(rows) if layout.rows else -(-len(columns) // across)
    width = COLUMN_IN if across == 1 else PAGE_IN
    height = min(max(0.2 * row_count + 0.35, 0.6 if row_count < 3 else 1.2), 2.4)
    figure = new_figure(width, down * height + 0.4)
    axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    found = []
    for number, axis in enumerate(axes.flatten()):
        if not layout.rows and number >= len(columns):
            axis.remove()
            axes.flatten()[number - across].xaxis.set_tick_params(labelbottom=True)
            continue
        column = columns[number % across if layout.rows else number]
        setting = dict(layout.fixed)
        if layout.columns:
            setting[layout.columns[0]] = column
            if not layout.rows or number < across:
                axis.set_title(wrapped(layout.columns[0].setting(column), 30), pad=3)
        if layout.rows:
            row = rows[number // across]
            setting[layout.rows[0]] = row
            if number % across == across - 1:
                text = wrapped(layout.rows[0].setting(row), 18)
                axis.annotate(
                    text, (1, 0.5), (5, 0), "axes fraction", textcoords="offset points",
                    rotation=270, va="center", ha="left",
                )  # fmt: skip
        found.append((axis, setting))
    return figure, found


def cell_axes(figure, panels, layout, row_labels, y_label):
    """Ticks and names of axes whose cells have equal sizes, whatever the field's scale."""
    count = len(layout.x.values)
    box = panels[0][0]
    room = figure.get_size_inches()[0] / box.get_subplotspec().get_gridspec().ncols - 0.5
    labels = [layout.x.text(value) for value in layout.x.values]
    every = max(1, -(-len(labels) // max(2, int(room / 0.25))))
    if layout.x.scale == "category":
        every = 1
    for axis, _ in panels:
        axis.set_xlim(-0.5, count - 0.5)
        axis.set_ylim(-0.5, len(row_labels) - 0.5)
        axis.set_xticks(range(0, count, every), labels[::every])
        step = max(1, -(-len(row_labels) // 14))
        axis.set_yticks(range(0, len(row_labels), step), row_labels[::step])
        axis.tick_params(length=0)
        for side in ("left", "bottom"):
            axis.spines[side].set_visible(False)
    if y_label:
        label_y([axis for axis, _ in panels], y_label)


def finish(figure, panels, notes, legend):
    """The line below (axis and notes), labels that do not run into each other, the legend."""
    width = 110 if figure.get_size_inches()[0] > COLUMN_IN else 52
    figure.supxlabel("\n".join(wrapped(note, width) for note in notes))
    bottom = panels[-1][0]  # of shared axes the others may have no labels
    turn_labels_that_overlap(figure, bottom)
    turned = bottom.get_xticklabels()[0].get_rotation()
    for axis, _ in panels[:-1]:
        axis.tick_params(axis="x", labelrotation=turned)
    if legend:
        legend_above(figure, *legend)


def stripes(count):
    """The unit square in diagonal stripes: [(number of the colour, corners)]."""
    if count == 1:
        return [(0, [(0, 0), (1, 0), (1, 1), (0, 1)])]
    bands = 2 * count if count <= 3 else count
    edges = np.linspace(0, 2, bands + 1)
    found = []
    for i, (low, high) in enumerate(zip(edges, edges[1:])):
        corners = [(max(0, low - 1), min(1, low)), (min(1, low), max(0, low - 1))]
        if low < 1 < high:
            corners.append((1, 0))
        corners += [(min(1, high), max(0, high - 1)), (max(0, high - 1), min(1, high))]
        if low < 1 < high:
            corners.append((0, 1))
        found.append((i % count, corners))
    return found


def _cells(axis, winners, names, room):
    """winners: {(column, row): Winner or None}; draws them as squares around whole numbers.

    room: a cell's width in inches; markers are drawn where they fit.
    """
    squares, colours = [], []
    gap = 0.03 if room >= SMALLEST_MARKED_IN else 0
    for (column, row), winner in winners.items():
        at = np.array([column - 0.5, row - 0.5])
        tied = sorted(winner.names, key=names.index) if winner else []
        for number, corners in stripes(max(1, len(tied))):
            squares.append(at + gap + (1 - 2 * gap) * np.array(corners))
            colour = line_style(names.index(tied[number]))["color"] if tied else NOTHING
            colours.append(colour)
        for number, name in enumerate(tied if len(tied) * SMALLEST_MARKED_IN <= room else []):
            x = column + (number + 0.5) / len(tied) - 0.5
            axis.plot(x, row, **_mark(names.index(name)))
        if not winner:
            axis.plot(column, row, **NO_RESULT)
        elif winner.incomplete:
            axis.plot(
                (column - 0.42, column + 0.42, np.nan, column - 0.42, column + 0.42),
                (row - 0.42, row + 0.42, np.nan, row + 0.42, row - 0.42),
                **CROSS,
            )
        elif winner.lost:
            axis.plot(column + 0.3, row + 0.3, **LOSER)
    axis.add_collection(PolyCollection(squares, facecolors=colours, edgecolors="none", zorder=1))


CROSS = {"color": "white", "linewidth": 1.4, "zorder": 4, "solid_capstyle": "butt"}
LOSER = {
    "marker": "v", "markersize": 4.5, "color": "white", "markeredgecolor": "black",
    "markeredgewidth": 0.6, "linestyle": "none", "zorder": 5,
}  # fmt: skip
HOLLOW = {"marker": "o", "markersize": 2.2, "color": "white", "linestyle": "none", "zorder": 5}
NO_RESULT = {"marker": "_", "markersize": 5, "color": GREY, "linestyle": "none", "zorder": 3}


def _mark(number):
    return {
        "marker": line_style(number)["marker"], "markersize": 4, "color": "white",
        "markeredgecolor": "black", "markeredgewidth": 0.4, "linestyle": "none", "zorder": 3,
    }  # fmt: skip


def _legend(names, winners, sampled):
    """Handles and labels of what the map has: winners, ties, and the marks."""
    found = [w for w in winners if w and w.names]
    won = [name for name in names if any(name in w.names for w in found)]
    handles, labels = [], []
    for name in won:
        number = names.index(name)
        colour = line_style(number)["color"]
        if sampled:
            handles.append(Line2D([], [], **{**_mark(number), "color": colour}))
        else:
            handles.append((Patch(color=colour), Line2D([], [], **_mark(number))))
        labels.append(name)
    grey = Patch(color="#BBBBBB")
    if any(w.incomplete for w in found):
        cross = {"marker": "x", "markersize": 6, "linestyle": "none", "color": "white"}
        handles.append((grey, Line2D([], [], **cross)))
        labels.append("all systems lost items")
    if any(w.lost and not w.incomplete for w in found):
        handles.append((grey, Line2D([], [], **(HOLLOW if sampled else LOSER))))
        labels.append("a winner lost items")
    if any(not w or not w.names for w in winners):
        handles.append((Patch(color=NOTHING), Line2D([], [], **NO_RESULT)))
        labels.append("no result")
    return handles, labels


def policy_map(sweep, metric, source=ALL, chosen=()):
    """Which system is best in each cell; of samples, at each point. None without two values."""
    layout = layout_of(sweep, chosen)
    if not layout or not sweep.has(metric, source):
        return None
    if sweep.sampled:
        return _scatter(sweep, metric, source, layout)
    sources = [source]
    if layout.y is None:
        sources = [source] + [s for s in sweep.sources[:MOST_PANELS] if source == ALL]
        sources.reverse()  # from below
        rows = [(s, {}) for s in sources]
        labels, y_label = [wrapped(s, 20) for s in sources], None
    else:
        rows = [(source, {layout.y: value}) for value in layout.y.values]
        labels = [layout.y.text(value) for value in layout.y.values]
        y_label = layout.y.label
    figure, panels = map_panels(layout, len(rows))
    seen = []
    ncols = panels[0][0].get_subplotspec().get_gridspec().ncols
    room = (figure.get_size_inches()[0] / ncols - 0.5) / len(layout.x.values)
    for axis, setting in panels:
        cells = {}
        for row, (of, more) in enumerate(rows):
            found = sweep.winners(metric, of)
            for column, value in enumerate(layout.x.values):
                point = sweep.point_at({**setting, **more, layout.x: value})
                winner = found.get(point)
                cells[column, row] = winner if winner and winner.names else None
        _cells(axis, cells, sweep.names, room)
        seen += cells.values()
    cell_axes(figure, panels, layout, labels, y_label)
    what = _what(metric, source if layout.y else None)
    ties = "stripes: ties" if any(w and len(w.names) > 1 for w in seen) else ""
    notes = [layout.x.label, "; ".join(filter(None, [what, ties, *left_out(layout, sweep)]))]
    finish(figure, panels, notes, _legend(sweep.names, seen, False))
    caption = [
        f"Policy map: the system with the {_best(metric)} in each cell"
        + (f", source {source}." if layout.y else ", a row per source."),
        "Stripes have the colours of all that tie.",
        TIE_TEXT,
        *_captions(sweep, layout, seen),
        _tally(sweep, metric, source),
    ]
    return Drawn(_name("policy-map", source), figure, " ".join(caption))


def _tally(sweep, metric, source):
    """Where each system is among the best, over the whole sweep."""
    found = [winner for winner in sweep.winners(metric, source).values() if winner.names]
    counts = []
    for name in sweep.names:
        best = [winner for winner in found if name in winner.names]
        alone = sum(len(winner.names) == 1 for winner in best)
        if best:
            counts.append(f"{name} in {len(best)} (alone in {alone})")
    return f"Of all {len(found)} points, source {source}, among the best: {', '.join(counts)}."


def _name(stem, source):
    return stem if source == ALL else f"{stem}-{file_part(source)}"


def _best(metric):
    text = metric.label[0].lower() + metric.label[1:]
    return f"{'lowest' if metric.less_is_better else 'highest'} {text}"


def _what(metric, source):
    what = _best(metric)
    what = what if source in (None, ALL) else f"{what} of {source}"
    return what


def _captions(sweep, layout, seen):
    """Sentences on marks and on what is fixed."""
    found = [w for w in seen if w and w.names]
    if any(w.lost and not w.incomplete for w in found):
        mark = "white centre" if sweep.sampled else "triangle"
        yield f"A {mark} marks a winner that lost items: its mean is that of the others."
    if any(w.incomplete for w in found):
        yield "A cross marks where no system completed all items."
    if len(found) < len(seen):
        yield "A dash: no result."
    won = {name for w in found for name in w.names}
    never = [name for name in sweep.names if name not in won]
    if never:
        yield f"Nowhere among the best: {', '.join(never)}."
    notes = list(left_out(layout, sweep))
    if notes:
        yield f"Shown: {'; '.join(notes)}."


def _scatter(sweep, metric, source, layout):
    """Samples: a dot in the winner's colour at each point; rings have those of all that tie."""
    figure = new_figure(COLUMN_IN, 2.7 if layout.y else 1.2)
    axis = figure.subplots()
    sources = [source]
    if layout.y is None:
        sources += [s for s in sweep.sources[:MOST_PANELS] if source == ALL]
    sources.reverse()
    seen = []
    for row, of in enumerate(sources):
        for point, winner in sweep.winners(metric, of).items():
            seen.append(winner)
            at = sweep.points.loc[point]
            y = row if layout.y is None else position(layout.y, at[layout.y.number])
            _dot(axis, position(layout.x, at[layout.x.number]), y, winner, sweep.names)
    light_grid(axis)
    value_axis(axis, layout.x, "x")
    if layout.y is None:
        axis.set_yticks(range(len(sources)), [wrapped(s, 20) for s in sources])
        axis.set_ylim(-0.6, len(sources) - 0.4)
    else:
        value_axis(axis, layout.y, "y")
        axis.set_ylabel(layout.y.label)
    what = _what(metric, source if layout.y else None)
    ties = "rings: ties" if any(len(w.names) > 1 for w in seen) else ""
    notes = [layout.x.label, "; ".join(filter(None, [what, ties, *left_out(layout, sweep)]))]
    finish(figure, [(axis, {})], notes, _legend(sweep.names, seen, True))
    caption = [
        f"Policy map of {len(sweep.points)} samples: the system with the {_best(metric)} at each"
        + (f", source {source}." if layout.y else ", a row per source."),
        "Rings have the colours of all that tie.",
        TIE_TEXT,
        *_captions(sweep, layout, seen),
    ]
    return Drawn(_name("policy-map", source), figure, " ".join(caption))


def _dot(axis, x, y, winner, names):
    if not winner.names:
        axis.plot(x, y, **NO_RESULT)
        return
    numbers = sorted(names.index(name) for name in winner.names)
    single = len(numbers) == 1
    for i, number in enumerate(numbers):
        style = line_style(number)
        size = 5 if single else 3 + 2.2 * (len(numbers) - 1 - i)
        edge = {"markeredgecolor": "white", "markeredgewidth": 0.3, "linestyle": "none"}
        marker = style["marker"] if single else "o"
        axis.plot(x, y, color=style["color"], marker=marker, markersize=size, **edge)
    if winner.incomplete:
        axis.plot(x, y, marker="x", markersize=7, color="white", markeredgewidth=1.6, zorder=4)
        axis.plot(x, y, marker="x", markersize=6.5, color="black", markeredgewidth=0.6, zorder=4)
    elif winner.lost:
        axis.plot(x, y, **HOLLOW)


def position(field, value):
    """Where a value stands on an axis of values."""
    return field.values.index(value) if field.scale == "category" else value / field.divisor


def value_axis(axis, field, which):
    """An axis "x" or "y" of a field's values as they are: its scale, or names of categories."""
    if field.scale == "log":
        log_scale(axis, which)
    if field.scale == "category":
        ticks = axis.set_xticks if which == "x" else axis.set_yticks
        ticks(range(len(field.values)), [wrapped(value, 14) for value in field.values])
        (axis.set_xlim if which == "x" else axis.set_ylim)(-0.5, len(field.values) - 0.5)
