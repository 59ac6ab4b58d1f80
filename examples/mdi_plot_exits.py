# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Figures of early exit: where items leave, what thresholds and rates do to rate and accuracy.

Which settings a system has is read from the manifest: its strategies, and the scenario's entries.
"""

import collections
import math
import os
import re

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from mdi_plot_results import accuracies, admitted_rates, exit_shares, mean_interval
from mdi_plot_style import (
    COLOURS,
    COLUMN_IN,
    MOST_PANELS,
    PAGE_IN,
    error_bars,
    label_y,
    legend_above,
    legend_of,
    light_grid,
    line_style,
    new_figure,
    panels,
    wrapped,
)

FIXED_RATE = ("poisson", "periodic")
NO_EXIT = {"color": "#000000", "linestyle": (0, (5, 1.5)), "marker": "X"}

# exit: the rule as the manifest has it, or "" for none; threshold: of FixedExit if there is one, or
# None; admission: "adaptive", a type of the scenario format, or None if unknown; rate_hz: offered
# by all sources together; others: all other strategies, so that systems that differ only in exit
# and admission have the same.
Setting = collections.namedtuple("Setting", "name exit threshold admission rate_hz others")


def settings(results):
    """Exit rule and admission of each system."""
    entries = {}
    for entry in results.scenario.get("systems", []):
        if isinstance(entry, dict):
            entries[entry.get("name")] = entry
    found = []
    for system in results.systems:
        entry = entries.get(system["name"], {})
        rule = system.get("exit", "")
        admission, rate = _admission(system, entry, results.scenario["sources"])
        others = tuple(
            sorted(
                (key, text)
                for key, text in system.items()
                if key not in ("name", "exit", "admission") and isinstance(text, str)  # no forecast
            )
        )
        threshold = _threshold(rule, entry.get("exit"))
        found.append(Setting(system["name"], rule, threshold, admission, rate, others))
    return found


def _threshold(rule, written):
    """The one threshold of a FixedExit that the manifest or the scenario's entry states."""
    kind, attributes = _factory(rule)
    if not kind.endswith("::FixedExit") or attributes.get("PerExit"):
        return None
    stated = attributes.get("Threshold")
    if stated is None and isinstance(written, dict):
        stated = written.get("Threshold")
    return None if stated is None else float(stated)


def _factory(text):
    """ns-3's text of an ObjectFactory, such as a::B[C=1|D=x|]: the type and its attributes."""
    kind, _, rest = text.partition("[")
    pairs = (pair.partition("=") for pair in rest.rstrip("]").split("|"))
    return kind, {name: value for name, _, value in pairs if name}


def _admission(system, entry, sources):
    """What releases items: the system's own way, or that of all sources."""
    if "RateAdaptation" in system.get("admission", ""):
        return "adaptive", None
    own = entry.get("admission")
    if isinstance(own, dict):
        ways = [own] * len(sources)
    elif "admission" in system:
        return None, None
    else:
        ways = [source.get("admission", {}) for source in sources]
    kinds = {way.get("type") for way in ways}
    if len(kinds) != 1:
        return None, None
    kind = kinds.pop()
    if kind in ("adaptive-rate", "ns3::mdi::RateAdaptation"):
        return "adaptive", None
    return kind, sum(map(_rate, ways)) if kind in FIXED_RATE else None


def _rate(way):
    return float(way["rate_hz"]) if "rate_hz" in way else 1 / float(way["interval_s"])


def exits(results):
    """Where items leave: a bar per system, a panel per model with several exits."""
    models = {}
    for model, of in results.items.groupby(results.items["source"].map(results.models)):
        shares = {system: exit_shares(of[of["system"] == system]) for system in results.names}
        shares = {system: share for system, share in shares.items() if share}
        described = results.scenario.get("models", {}).get(model, {}).get("exits")
        if described or len({e for share in shares.values() for e in share}) > 1:
            models[model] = shares
    models = {model: shares for model, shares in models.items() if shares}
    if not models:
        return None
    numbers = sorted({e for shares in models.values() for share in shares.values() for e in share})
    lines = max(
        sum(wrapped(system).count("\n") + 1.8 for system in shares) for shares in models.values()
    )
    figure = new_figure(COLUMN_IN if len(models) == 1 else PAGE_IN, 0.13 * lines + 0.6)
    axes = figure.subplots(1, len(models), squeeze=False, sharey=True)[0]
    colours = dict(zip(numbers, colormaps["cividis"](np.linspace(0.95, 0.1, len(numbers)))))
    for axis, (model, shares) in zip(axes, models.items()):
        rows = {system: row for row, system in enumerate(s for s in results.names if s in shares)}
        for system, row in rows.items():
            left = 0
            for number, share in shares[system].items():
                axis.barh(row, 100 * share, 0.72, left, color=colours[number], ec="white", lw=0.5)
                if share >= 0.1:
                    dark = sum(colours[number][:3]) < 1.5
                    axis.text(
                        left + 50 * share,
                        row,
                        f"{100 * share:.0f}",
                        ha="center",
                        va="center",
                        color="white" if dark else "black",
                    )
                left += 100 * share
        axis.set_yticks(list(rows.values()), [wrapped(system) for system in rows])
        axis.set_ylim(len(rows) - 0.5, -0.5)
        axis.set_xlim(0, 100)
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        if len(models) > 1:
            axis.set_title(model)
    figure.supxlabel("Completed items (%)")
    end = _end(results)
    legend_above(
        figure,
        [Patch(color=colours[number]) for number in numbers],
        [f"exit {number}" + (" (end)" if number == end else "") for number in numbers],
    )
    return figure


def _end(results):
    """The number of the network's end, if a system without exit rule shows it."""
    without = [system["name"] for system in results.systems if "exit" not in system]
    ends = results.items[results.items["system"].isin(without)]["exit"].dropna().unique()
    return int(ends[0]) if len(ends) == 1 else None


def _lines(folders, wanted, identity, what, x):
    """Per folder the lines {identity: [(x, (rate, half-width), (accuracy, half-width))]}; labels.

    wanted(setting): whether it belongs; identity(setting): of its line; what(setting): the line's
    label, to which the systems' common name is added where two lines would have the same.
    """
    found = []
    labels = {}
    names = collections.defaultdict(list)
    for results in folders:
        lines = collections.defaultdict(list)
        for setting in settings(results):
            items = results.of(setting.name)
            if not wanted(setting) or items.empty:
                continue
            key = identity(setting)
            labels.setdefault(key, what(setting))
            names[key].append(setting.name)
            rate, accuracy = mean_interval(admitted_rates(items)), mean_interval(accuracies(items))
            lines[key].append((x(setting), rate, accuracy))
        found.append({key: sorted(points, key=lambda p: p[0]) for key, points in lines.items()})
    for label in set(labels.values()):
        same = [key for key in labels if labels[key] == label]
        if len(same) > 1:
            for key in same:
                labels[key] = f"{_common_name(names[key])}: {label}"
    return found, labels


def _common_name(names):
    """mdi-exit of mdi-exit-0.5 and mdi-exit-0.7."""
    common = re.sub(r"[\W\d_]+$", "", os.path.commonprefix(names))
    return common or names[0]


def _threshold_lines(folders):
    """Over systems whose admission adapts its rate: with a fixed threshold, and without exit."""
    found, labels = _lines(
        folders,
        lambda s: s.admission == "adaptive" and (s.threshold is not None or not s.exit),
        lambda s: (s.others, bool(s.exit)),
        lambda s: "fixed threshold" if s.exit else "no exit",
        lambda s: s.threshold if s.exit else math.nan,
    )
    kept = [
        (results, lines)
        for results, lines in zip(folders, found)
        if any(with_exit for _, with_exit in lines)
    ]
    return kept[:MOST_PANELS], labels


def _styles(labels):
    """Of each line; the case without exit is black, if there is only one."""
    plain = [key for key in labels if labels[key] == "no exit"]
    others = [key for key in labels if key not in plain]
    colours = [number for number in range(100) if COLOURS[number % len(COLOURS)] != "#000000"]
    styles = {key: line_style(colours[i % len(colours)]) for i, key in enumerate(others)}
    styles.update((key, NO_EXIT) for key in plain)
    return styles


def _threshold_styles(labels):
    """Solid with a threshold, dashed without exit; of several routers each has its colour."""
    lines = [key for key in labels if key[1]]
    styles = {
        key: {**style, "linestyle": "-"}
        for key, style in _styles({key: labels[key] for key in lines}).items()
    }
    for key in labels:
        if not key[1]:
            with_exit = styles.get((key[0], True), NO_EXIT) if len(lines) > 1 else NO_EXIT
            styles[key] = {**NO_EXIT, "color": with_exit["color"]}
    return styles


def _finish(figure, axes, kept, x, y):
    for axis, (results, _) in zip(axes, kept):
        light_grid(axis)
        if len(kept) > 1:
            axis.set_title(wrapped(results.name, 40))
    figure.supxlabel(x)
    label_y(axes, y)
    legend_above(figure, *legend_of(axes))
    return figure


def admitted_rate(folders):
    """The rate that sources reach against the exit threshold; without exit it is a band."""
    kept, labels = _threshold_lines(folders)
    if not kept:
        return None
    styles = _threshold_styles(labels)
    figure, axes = panels(len(kept), sharex=True)
    for axis, (_, lines) in zip(axes, kept):
        for key, points in sorted(lines.items(), key=lambda line: not line[0][1]):
            style = styles[key]
            if key[1]:
                error_bars(axis, points, lambda p: (p[0], 0), lambda p: p[1], style, labels[key])
                continue
            for _, (mean, half), _ in points:
                axis.axhline(
                    mean, color=style["color"], linestyle=style["linestyle"], label=labels[key]
                )
                if not math.isnan(half):
                    axis.axhspan(
                        mean - half, mean + half, color=style["color"], alpha=0.15, linewidth=0
                    )
        axis.set_ylim(bottom=0)
    return _finish(figure, axes, kept, "Exit threshold", "Admitted rate (items/s)")


def accuracy_admitted(folders):
    """Accuracy against the admitted rate: a point per threshold, and the one without exit."""
    kept, labels = _threshold_lines(folders)
    kept = [
        (results, lines)
        for results, lines in kept
        if any(not math.isnan(p[2][0]) for key, points in lines.items() if key[1] for p in points)
    ]
    if not kept:
        return None
    styles = _threshold_styles(labels)
    figure, axes = panels(len(kept), sharey=True)
    for axis, (_, lines) in zip(axes, kept):
        for key, points in sorted(lines.items(), key=lambda line: not line[0][1]):
            style = styles[key] if key[1] else {**styles[key], "linestyle": "none"}
            percent = lambda p: (100 * p[2][0], 100 * p[2][1])  # noqa: E731
            error_bars(axis, points, lambda p: p[1], percent, style, labels[key])
        axis.margins(x=0.12, y=0.14)
        axis.xaxis.set_major_locator(MaxNLocator(5))
    _finish(figure, axes, kept, "Admitted rate (items/s)", "Accuracy (%)")
    figure.draw_without_rendering()  # so that places are known
    for axis, (_, lines) in zip(axes, kept):
        points = [(p, styles[key]["color"]) for key, of in lines.items() for p in of]
        several = sum(with_exit for _, with_exit in lines) > 1
        _write_thresholds(axis, [(*p, c if several else "black") for p, c in points])
    return figure


def _write_thresholds(axis, points):
    """Beside each point its threshold, where none can be taken for another's: the ends first."""
    dots = [(rate, 100 * accuracy) for _, (rate, _), (accuracy, _), _ in points]
    places = axis.transData.transform(dots)
    radius = 4 * axis.figure.dpi / 72
    taken = [Bbox.from_extents(*(at - radius), *(at + radius)) for at in places]
    for i in sorted(range(len(points)), key=lambda i: min(i, len(points) - 1 - i)):
        if math.isnan(points[i][0]):  # no exit
            continue
        others = np.arange(len(points)) != i
        # Above right; else below left, if all other points are clearly further away.
        for offset, across, up, clear in ((5, "left", "bottom", 1), (-5, "right", "top", 0.6)):
            text = axis.annotate(
                f"{points[i][0]:g}",
                dots[i],
                (offset, offset),
                textcoords="offset points",
                ha=across,
                va=up,
                color=points[i][3],
                path_effects=[withStroke(linewidth=1.5, foreground="white")],
            )
            box = text.get_window_extent()
            gaps = np.hypot(*(places - np.clip(places, box.p0, box.p1)).T)
            nearest = gaps[i] <= clear * gaps[others].min(initial=np.inf)
            inside = axis.bbox.contains(*box.p0) and axis.bbox.contains(*box.p1)
            if nearest and inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


def accuracy_rate(folders):
    """Accuracy against the offered rate: a line per exit rule."""
    found, labels = _lines(
        folders,
        lambda s: s.admission in FIXED_RATE,
        lambda s: (s.others, s.exit, s.admission),
        _rule,
        lambda s: s.rate_hz,
    )
    kept = []
    for results, lines in zip(folders, found):
        points = [p for of in lines.values() for p in of if not math.isnan(p[2][0])]
        if len({rate for rate, _, _ in points}) > 1:
            kept.append((results, lines))
    if not kept:
        return None
    kept = kept[:MOST_PANELS]
    styles = _styles(labels)
    figure, axes = panels(len(kept), sharey=True)
    for axis, (_, lines) in zip(axes, kept):
        for key, points in lines.items():
            error_bars(
                axis,
                points,
                lambda p: (p[0], 0),
                lambda p: (100 * p[2][0], 100 * p[2][1]),
                styles[key],
                labels[key],
            )
        axis.set_xlim(left=0)
    return _finish(figure, axes, kept, "Offered rate (items/s)", "Accuracy (%)")


def _rule(setting):
    kind, attributes = _factory(setting.exit)
    if not kind:
        return "no exit"
    if setting.threshold is not None:
        return f"fixed threshold {setting.threshold:g}"
    if kind.endswith("::FixedExit"):
        return f"fixed thresholds {attributes.get('PerExit', 'by default')}"
    if kind.endswith("::AdaptiveExit"):
        return "adaptive threshold"
    return kind.rpartition("::")[2]
