# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Figures of one results folder: latency, utilisation and timeline."""

import re

import numpy as np
from matplotlib.patches import Patch

from mdi_plot_results import OUTAGE, TASK, TRANSFER, busy_shares
from mdi_plot_style import (
    COLOURS,
    COLUMN_IN,
    GREY,
    MOST_PANELS,
    PAGE_IN,
    label_y,
    legend_above,
    legend_of,
    light_grid,
    line_style,
    log_scale,
    new_figure,
    panels,
    shortened,
    turn_labels_that_overlap,
    wrapped,
)

MOST_CURVES = 10
MOST_POINTS = 400  # of a curve
TIMELINE_IN = 8  # at most, if it has several systems
ROW_IN = 0.17
TITLE_IN = 0.28
MOST_DEVICES = 16
OFF = {"facecolor": "white", "edgecolor": "black", "hatch": "////", "linewidth": 0.4}
NETWORK_OFF = {"facecolor": "0.88", "edgecolor": "none", "zorder": 0}
TASKS = 25  # of the longest kind that fit into a timeline's window
TASK_NAME = re.compile(r"^(?:(?:tensor|result) )?(.*) \d+/\d+(?: pass \d+)?$")


def latency(results):
    """Distribution of latency, a panel per source: curves, or rows if there are many systems."""
    sources = results.sources[:MOST_PANELS]
    grouped = results.items.groupby(["source", "system"], sort=False)
    values = {
        key: (np.sort(items["latency_s"].dropna().to_numpy()) * 1e3, len(items))
        for key, items in grouped
    }
    values = {key: of for key, of in values.items() if key[0] in sources and len(of[0])}
    if not values:
        return None
    names = [n for n in results.names if any(system == n for _, system in values)]
    draw = _curves if len(names) <= MOST_CURVES else _quantiles
    figure, axes = draw(names, sources, values)
    if len(sources) > 1:
        for axis, source in zip(axes, sources):
            axis.set_title(wrapped(source, 40))
    log_scale(axes[0], "x")
    if draw is _curves:
        figure.supxlabel("Latency (ms)")
        legend_above(figure, *legend_of(axes))
    else:
        figure.supxlabel("Latency (ms): median, middle 50 % and 90 %")
    return figure


def _curves(names, sources, values):
    figure, axes = panels(len(sources), sharex=True, sharey=True)
    for axis, source in zip(axes, sources):
        for number, name in enumerate(names):
            done, admitted = values.get((source, name), ([], 0))
            if not len(done):
                continue
            at = np.linspace(0, len(done) - 1, min(len(done), MOST_POINTS)).round().astype(int)
            step = max(1, len(at) // 5)
            axis.step(
                done[at],
                100 * (at + 1) / admitted,  # what was lost never arrives
                where="post",
                label=name,
                markevery=(step * (2 * number + 1) // (2 * len(names)), step),
                **line_style(number),
            )
        light_grid(axis)
        axis.set_ylim(0, 102)
    label_y(axes, "Admitted items done (%)")
    return figure, axes


def _quantiles(names, sources, values):
    """Per system the median, the middle half and the middle 90 % of completed items."""
    labels = [wrapped(name) for name in names]
    height = 0.13 * sum(label.count("\n") + 1.4 for label in labels) + 0.3
    figure, axes = panels(len(sources), height, sharex=True, sharey=True)
    for axis, source in zip(axes, sources):
        for row, name in enumerate(names):
            if (source, name) in values:
                done = values[source, name][0]
                least, low, middle, high, most = np.quantile(done, (0.05, 0.25, 0.5, 0.75, 0.95))
                axis.plot((least, most), (row, row), color=COLOURS[0], linewidth=0.8)
                axis.plot((low, high), (row, row), color=COLOURS[0], linewidth=3)
                axis.plot(middle, row, "o", color="black", markersize=3.5)
        light_grid(axis)
        axis.set_yticks(range(len(names)), labels)
        axis.set_ylim(len(names) - 0.5, -0.5)
    return figure, axes


def utilisation(results):
    """How busy each device was: a row per system, a column per device."""
    names = [name for name in results.names if name in results.timeline]
    if not names:
        return None
    found = [busy_shares(results.timeline[name], results.slots) for name in names]
    shares = 100 * np.array([share for share, _ in found])
    devices = len(results.devices)
    times = [f"({time:.3g}\N{NO-BREAK SPACE}s)" for _, time in found]
    labels = [wrapped(f"{name} {time}") for name, time in zip(names, times)]
    lines = sum(label.count("\n") + 1.8 for label in labels)
    width = COLUMN_IN if devices <= 5 else PAGE_IN
    figure = new_figure(width, 0.14 * lines + 0.5)
    axis = figure.subplots()
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    axis.set_yticks(range(len(names)), labels)
    every = -(-devices // 30)
    axis.set_xticks(
        range(0, devices, every), [shortened(device) for device in results.devices[::every]]
    )
    if devices <= MOST_DEVICES:
        axis.set_xlabel("Time computing (%)")
        for (row, column), share in np.ndenumerate(shares):
            colour = "white" if share > 55 else "black"
            axis.text(column, row, f"{share:.0f}", ha="center", va="center", color=colour)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
    axis.tick_params(length=0)
    axis.set_xticks(np.arange(0.5, devices - 1), minor=True)
    axis.set_yticks(np.arange(0.5, len(names) - 1), minor=True)
    axis.grid(which="minor", color="white", linewidth=1)
    axis.tick_params(which="minor", length=0)
    if devices > MOST_DEVICES:
        bar = figure.colorbar(image, ax=axis, label="Busy (%)", aspect=30, pad=0.02)
        bar.outline.set_visible(False)
    turn_labels_that_overlap(figure, axis)
    return figure


def timeline(results):
    """What each device ran, and when it sent or was off: of each system's first run the beginning, or
    what surrounds the first failure of a device or network."""
    devices = results.devices[:MOST_DEVICES]
    present = [name for name in results.names if name in results.timeline]
    panel = ROW_IN * len(devices) + TITLE_IN
    names = present[: max(1, int(TIMELINE_IN / panel))]
    spans = {}  # with the source that each belongs to
    for name in names:
        matches = [(TASK_NAME.match(span.name), span) for span in results.timeline[name]]
        spans[name] = [(match[1], span) for match, span in matches if match]
    tasks = {name: [s for _, s in of if s.kind == TASK] for name, of in spans.items()}
    names = [name for name in names if tasks[name]]
    if not names:
        return None
    begin = min(span.begin_s for name in names for _, span in spans[name])
    longest = max(np.mean([s.end_s - s.begin_s for s in tasks[name]]) for name in names)
    last = max(span.end_s for name in names for _, span in spans[name])
    window = min(TASKS * longest, last - begin)
    off = {name: [s for s in results.timeline[name] if s.kind == OUTAGE] for name in names}
    failures = [s.begin_s for name in names for s in off[name] if begin < s.begin_s < last]
    if failures:
        begin = max(begin, min(failures) - window / 3)

    zero = 0 if failures else begin  # failures are at times that the scenario says
    figure = new_figure(PAGE_IN, len(names) * panel + 0.5)
    axes = figure.subplots(len(names), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    for axis, name in zip(axes, names):
        rows = spans[name] + [(None, span) for span in off[name]]
        _draw_rows(axis, rows, begin, window, results.sources, len(devices), zero)
        axis.set_title(shortened(name, 90), loc="left", pad=2)
        axis.set_yticks(range(len(devices)), [shortened(device) for device in devices])
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        light_grid(axis, "x")
    axes[0].set_ylim(len(devices) - 0.4, -0.6)
    axes[0].set_xlim(begin - zero, begin - zero + window)
    left_out = [
        f"first {len(some)} of {len(every)} {what}"
        for some, every, what in (
            (names, present, "systems"),
            (devices, results.devices, "devices"),
        )
        if len(some) < len(every)
    ]
    time = "Simulated time (s)" if failures else "Time since the first task (s)"
    axes[-1].set_xlabel("; ".join([time] + left_out))
    handles = [Patch(color=_source_colour(i)) for i in range(len(results.sources[:8]))]
    labels = [f"task of {source}" for source in results.sources[:8]]
    handles.append(Patch(color=GREY))
    labels.append("tensor or result under way")
    for what, style, there in (("device off", OFF, False), ("network off", NETWORK_OFF, True)):
        shown = (s for name in names for s in off[name] if s.begin_s < begin + window)
        if any(s.end_s > begin and (s.track is None) == there for s in shown):
            handles.append(Patch(**style))
            labels.append(what)
    legend_above(figure, handles, labels)
    return figure


def _source_colour(number):
    """Neighbours differ in lightness, too."""
    order = [0, 5, 2, 3, 4, 6, 1]
    return COLOURS[order[number % len(order)]]


def _draw_rows(axis, spans, begin, window, sources, devices, zero):
    bars = {}  # (kind, source, device) -> [(begin, duration)]
    for source, span in spans:
        if span.track is None:
            axis.axvspan(span.begin_s - zero, span.end_s - zero, **NETWORK_OFF)
            continue
        if span.track < devices and span.begin_s < begin + window and span.end_s > begin:
            key = (span.kind, source if span.kind == TASK else "", span.track)
            bars.setdefault(key, []).append((span.begin_s - zero, span.end_s - span.begin_s))
    for (kind, source, device), pieces in sorted(bars.items()):
        if kind == OUTAGE:
            axis.broken_barh(pieces, (device - 0.38, 0.62), **OFF)
        elif kind == TRANSFER:
            axis.broken_barh(pieces, (device + 0.28, 0.16), color=GREY, linewidth=0)
        else:
            number = sources.index(source) if source in sources else 0
            axis.broken_barh(
                pieces,
                (device - 0.38, 0.62),
                facecolor=_source_colour(number),
                edgecolor="white",
                linewidth=0.3,
            )
