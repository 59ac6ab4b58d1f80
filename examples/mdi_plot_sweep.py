# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Figures of a sweep: which ones, of the data that it has and of what the command line asks for."""

from mdi_plot_lines import lines
from mdi_plot_policy import policy_map
from mdi_plot_ratio import BEST, ratio_map
from mdi_plot_results import BadInput, nearest
from mdi_plot_sweep_data import ALL, METRICS

LINES = ("latency_mean_s", "latency_p95_s", "throughput_hz", "accuracy")
LINES += ("ttft_mean_s", "itl_mean_s")
FLAGS = ("x", "map", "metric", "source", "ratio")  # of the command line, for sweeps only


def check(sweep, options):
    """What the command line names is there; options.map and .ratio are lists then."""
    fields = {field.name: field for field in sweep.fields}
    if options.x is not None:
        _known("x", options.x, [options.x], fields, "swept field")
    if options.map is not None:
        options.map = _pair("map", options.map, fields, "swept field")
    if options.ratio is not None:
        options.ratio = _pair("ratio", options.ratio, [*sweep.names, BEST], "system")
    if options.source is not None:
        _known("source", options.source, [options.source], [ALL, *sweep.sources], "source")
    if options.metric is not None:
        _known("metric", options.metric, [options.metric], METRICS, "metric")
        if not sweep.has(METRICS[options.metric], options.source or ALL):
            raise BadInput(f"--metric={options.metric}: {sweep.folder} has no number of it")
    for flag, names in (("x", [options.x]), ("map", options.map or [])):
        for name in names:
            if name is not None and len(fields[name].values) < 2:
                raise BadInput(f"--{flag}={name}: the field has one value; choose another")


def _pair(flag, text, known, what):
    names = text.split(",")
    _known(flag, text, names, known, what)
    if len(names) != 2 or names[0] == names[1]:
        raise BadInput(f"--{flag}={text}: two different names with a comma belong there")
    return names


def _known(flag, text, names, known, what):
    for name in names:
        if name not in known:
            raise BadInput(f"--{flag}={text}: no {what} '{name}'; {nearest(name, known)}")


def figures(sweep, options):
    """All figures for which there are data, or None in place of one; options: see check."""
    metric = METRICS[options.metric or LINES[0]]
    sources = [options.source or ALL]
    if not options.source and sweep.urgent and len(sweep.wide) > 1:
        sources.append(sweep.urgent)
    for source in sources:
        yield policy_map(sweep, metric, source, options.map or ())
    yield ratio_map(sweep, metric, sources[0], options.map or (), options.ratio)
    for field in [f for f in sweep.fields if f.name == options.x] if options.x else sweep.wide:
        for column in [options.metric] if options.metric else LINES:
            yield lines(sweep, METRICS[column], field, sources[0])
