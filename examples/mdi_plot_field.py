# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Figure of folders whose scenarios differ in one number: latency against it, and who wins where.

A sweep by hand is ./mdi run SCENARIO --set=networks.0.rate_bps=... --out=DIR in a loop.
"""

import collections
import math
import os
import re

import numpy as np

from mdi_plot_results import mean_interval
from mdi_plot_style import (
    MOST_PANELS,
    error_bars,
    label_y,
    legend_above,
    legend_of,
    light_grid,
    line_style,
    log_scale,
    panels,
    wrapped,
)

FEWEST = 3  # values of the field
IGNORED = ("name", "description", "seed")  # change nothing but random numbers
NEVER_SWEPT = ("runs", "version")
WITH_GOODPUT = re.compile(r"networks\.\d+\.data_mode")  # text that a Wi-Fi channel's rate needs
UNITS = {"bps": ("b/s", 0), "bytes": ("B", 0), "hz": ("Hz", -9), "s": ("s", -9)}  # least exponent
PREFIXES = {-9: "n", -6: "\N{MICRO SIGN}", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
STRIP = 0.04  # of a panel's height

# Folders that differ in the field alone. fields: what they have in common, by path; bound: paths
# that change with it one to one, its own too; folders: lists by its value (one folder, or some with
# other seeds), ascending.
Group = collections.namedtuple("Group", "fields bound folders")

# A point of a line, in ms. lost: whether items were, so that the mean is of the luckier ones.
Point = collections.namedtuple("Point", "x mean half lost")


def sweep(folders):
    """The path of the field with the most values in a group, and the groups that have enough."""
    documents = []
    for results in folders:
        fields = dict(_fields(results.scenario))
        documents.append((results, {p: v for p, v in fields.items() if p not in IGNORED}))
    best = (None, [])
    most = FEWEST - 1
    for path in dict.fromkeys(path for _, fields in documents for path in fields):
        groups = _groups(documents, path)
        longest = max((len(group.folders) for group in groups), default=0)
        if longest > most:
            best = path, [group for group in groups if len(group.folders) >= FEWEST]
            most = longest
    return best


def _fields(value, path=""):
    """Numbers, texts and the like in a document: (networks.0.rate_bps, 1e9)."""
    if not isinstance(value, (dict, list)) or not value:
        yield path, value if not isinstance(value, (dict, list)) else str(value)
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _fields(inner, f"{path}.{key}" if path else str(key))


def _may_vary(path, value):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and path not in NEVER_SWEPT


def _groups(documents, path):
    """By all fields but this one, and those that change with it one to one."""
    alike = collections.defaultdict(list)  # by structure and texts
    for results, fields in documents:
        if _may_vary(path, fields.get(path)):
            free = {p for p, v in fields.items() if _may_vary(p, v) or WITH_GOODPUT.fullmatch(p)}
            key = tuple((p, None if p in free else v) for p, v in fields.items())
            alike[key].append((results, fields))
    groups = {}
    for some in alike.values():
        own = [fields[path] for _, fields in some]
        bound = [p for p in some[0][1] if _one_to_one(own, [fields[p] for _, fields in some])]
        for results, fields in some:
            rest = {p: v for p, v in fields.items() if p not in bound}
            group = groups.setdefault((*bound, *rest.items()), Group(rest, bound, {}))
            group.folders.setdefault(fields[path], []).append(results)
    return [g._replace(folders=dict(sorted(g.folders.items()))) for g in groups.values()]


def _one_to_one(some, others):
    return len(set(zip(some, others))) == len(set(some)) == len(set(others))


def latency_field(folders):
    """Mean latency against the one field that differs; a panel per group, a line per system."""
    path, groups = sweep(folders)
    groups = groups[:MOST_PANELS]
    values = sorted({value for group in groups for value in group.folders})
    if not values:
        return None
    label, unit = axis_of(path, values)
    names = list(dict.fromkeys(n for group in groups for r in _all(group) for n in r.names))
    found = [_lines(group, names, unit) for group in groups]
    points = [p for lines in found for line in lines.values() for p in line]
    if not points:
        return None
    figure, axes = panels(len(groups), sharex=True, sharey=True)
    x_log = values[0] > 0 and values[-1] >= 10 * values[0]
    for axis, lines, title in zip(axes, found, _titles(groups)):
        for name, line in lines.items():
            _draw(axis, line, line_style(names.index(name)), name)
        if len(lines) > 1:
            colours = {name: line_style(names.index(name))["color"] for name in lines}
            _mark_winners(axis, lines, colours, x_log)
        light_grid(axis)
        if len(groups) > 1:
            axis.set_title(wrapped(title, 40))
    if x_log:
        log_scale(axes[0], "x")
    _limit_y(axes[0], points)
    label_y(axes, "Mean latency (ms)")
    figure.supxlabel("\n".join([label, *_notes(path, groups, found)]))
    legend_above(figure, *legend_of(axes))
    return figure


def _notes(path, groups, found):
    """What a reader has to know beside the field's name."""
    others = [p for p in dict.fromkeys(p for group in groups for p in group.bound) if p != path]
    if others:
        yield f"with {others[0]}" + (f" and {len(others) - 1} more" if others[1:] else "")
    if any(len(lines) > 1 for lines in found):
        yield "strip: lowest mean"
    if any(point.lost for lines in found for line in lines.values() for point in line):
        yield "hollow: items lost, not ranked"


def axis_of(path, values):
    """networks.0.rate (Mb/s) and 1e6 for networks.0.rate_bps; without a known unit, 1."""
    stem, _, suffix = path.rpartition("_")
    positive = [value for value in values if value > 0]
    if suffix not in UNITS or not positive:
        return path, 1
    unit, least = UNITS[suffix]
    middle = math.log10(min(positive)) / 2 + math.log10(max(positive)) / 2
    exponent = min(max(3 * math.floor(middle / 3 + 1e-9), least), max(PREFIXES))
    return f"{stem} ({PREFIXES[exponent]}{unit})", 10**exponent


def _all(group):
    return [results for some in group.folders.values() for results in some]


def _lines(group, names, unit):
    """Points by system, where items were completed."""
    lines = {}
    for name in names:
        line = [Point(x / unit, *_latency(some, name)) for x, some in group.folders.items()]
        line = [point for point in line if not math.isnan(point.mean)]
        if line:
            lines[name] = line
    return lines


def _latency(folders, system):
    """Mean over runs of completed items' mean, its half-width, and whether items were lost."""
    runs = {}  # those of another seed are further runs, the same again are not
    lost = False
    for results in folders:
        items = results.of(system)
        lost = lost or bool(items["completed_s"].isna().any())
        for run, mean in items.groupby("run")["latency_s"].mean().items():
            runs[results.seed, run] = 1e3 * mean
    return (*mean_interval(runs.values()), lost)


def _titles(groups):
    """The scenario's name, and what tells groups of one name apart."""
    names = [[results.name for results in _all(group)] for group in groups]
    titles = [os.path.commonprefix(some).rstrip("-_.") for some in names]
    for path in dict.fromkeys(path for group in groups for path in group.fields):
        longer = [f"{t} {path}={g.fields.get(path)}" for t, g in zip(titles, groups)]
        if len(set(longer)) > len(set(titles)):
            titles = longer
    return titles


def _draw(axis, line, style, name):
    error_bars(axis, line, lambda p: (p.x, 0), lambda p: (p.mean, p.half), style, name)
    lost = [point for point in line if point.lost]
    hollow = {**style, "linestyle": "none", "markerfacecolor": "white", "zorder": 3}
    axis.plot([p.x for p in lost], [p.mean for p in lost], **hollow)


def winners(lines):
    """By x the systems of the lowest mean, among those that lost no item."""
    found = {}
    for x in sorted({point.x for line in lines.values() for point in line}):
        means = {n: p.mean for n, line in lines.items() for p in line if p.x == x and not p.lost}
        least = min(means.values(), default=0) * (1 + 1e-9)
        found[x] = [name for name, mean in means.items() if mean <= least]
    return found


def _mark_winners(axis, lines, colours, x_log):
    """A strip along the bottom, half-way to the neighbours; equal ones share its height."""
    won = winners(lines)
    at = np.log10(list(won)) if x_log else np.array(list(won))
    middles = (at[1:] + at[:-1]) / 2
    if not len(middles):
        return
    edges = [2 * at[0] - middles[0], *middles, 2 * at[-1] - middles[-1]]
    edges = np.power(10, edges) if x_log else np.array(edges)
    for left, right, names in zip(edges, edges[1:], won.values()):
        for i, name in enumerate(names):
            low, high = i * STRIP / len(names), (i + 1) * STRIP / len(names)
            axis.axvspan(left, right, low, high, color=colours[name], linewidth=0, zorder=4)
    axis.margins(x=0)


def _limit_y(axis, points):
    """Room for the strip; an interval over two runs may leave the panel."""
    low, high = min(p.mean for p in points), max(p.mean for p in points)
    most = max(min(np.nan_to_num(p.half) + p.mean, 2 * high) for p in points)
    if high <= 10 * low or low <= 0:
        axis.set_ylim(0, 1.05 * most)
        return
    least = min(max(p.mean - np.nan_to_num(p.half), low / 2) for p in points)
    decades = math.log10(most / least)
    axis.set_ylim(least / 10 ** (0.08 * decades), most * 10 ** (0.03 * decades))
    log_scale(axis, "y")
