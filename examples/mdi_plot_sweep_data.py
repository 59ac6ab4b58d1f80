# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Folders of ./mdi sweep as pandas frames: fields, points, intervals, and who wins where."""

import collections
import csv
import json
import math
import os

import numpy as np
import pandas as pd

from mdi_plot_results import (
    A_WHOLE_ONE,
    ALL,
    SUMMARY_COLUMNS,
    AsWritten,
    BadInput,
    check_known,
    check_totals,
    numbers,
    read_json,
    read_table,
    student_t975,
    summary_numbers,
)

SAMPLED = ("random", "latin_hypercube", "latin-hypercube")
LEAST_EXPONENT = {"b/s": 0, "B": 0, "s": -9, "Hz": -9, "J": -9, "W": -9}  # units with SI prefixes
PREFIXES = {-9: "n", -6: "\N{MICRO SIGN}", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}

Metric = collections.namedtuple("Metric", "column label unit less_is_better")
METRICS = {
    metric.column: metric
    for metric in (
        Metric("latency_mean_s", "Mean latency", "s", True),
        Metric("latency_p50_s", "Median of latency", "s", True),
        Metric("latency_p95_s", "95th percentile of latency", "s", True),
        Metric("latency_p99_s", "99th percentile of latency", "s", True),
        Metric("ttft_mean_s", "Mean time to first token", "s", True),
        Metric("itl_mean_s", "Mean time between tokens", "s", True),
        Metric("throughput_hz", "Throughput", "items/s", False),
        Metric("accuracy", "Accuracy", "%", False),
        Metric("bytes_on_wire", "Bytes on the wire", "B", True),
        Metric("energy_j", "Energy", "J", True),
        Metric("makespan_s", "Makespan", "s", True),
    )
}

# What a cell of a policy map shows. names: those that tie, the best first; none if no item was
# completed; lost: one of them lost items; incomplete: no system completed all items.
Winner = collections.namedtuple("Winner", "names lost incomplete")


def is_sweep(folder):
    """Whether ./mdi sweep wrote this folder: results.csv, and a manifest with "sweep"."""
    if not os.path.isfile(os.path.join(folder, "results.csv")):
        return False
    manifest = read_json(folder, "manifest.json")
    return isinstance(manifest, dict) and isinstance(manifest.get("sweep"), dict)


def scale_of(unit, values):
    """What numbers of a unit are divided by, and the unit then: 1e6 and Mb/s."""
    if unit == "%":
        return 0.01, "%"
    positive = [value for value in values if value > 0 and math.isfinite(value)]
    if unit not in LEAST_EXPONENT or not positive:
        return 1, unit
    middle = math.log10(min(positive)) / 2 + math.log10(max(positive)) / 2
    exponent = min(max(3 * math.floor(middle / 3 + 1e-9), LEAST_EXPONENT[unit]), max(PREFIXES))
    return 10**exponent, PREFIXES[exponent] + unit


def as_text(value):
    """A value of a field as results.csv has it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


class Field:
    """A swept field. values: in order, numbers or, of a category, texts."""

    def __init__(self, number, entry):
        self.number = number
        self.name = str(entry["name"])
        self.paths = [str(path) for path in entry["paths"]]
        self.unit = str(entry.get("unit") or "")
        self.scale = str(entry["scale"])
        if self.scale not in ("linear", "log", "category"):
            raise ValueError(f"scale of {self.name} is {self.scale}")
        listed = entry.get("values")
        self.values = list(map(self.value, map(as_text, listed))) if listed else []
        self.divisor, self.prefixed = 1, self.unit

    def value(self, text):
        """A cell of results.csv."""
        return text if self.scale == "category" else float(text)

    def complete(self, found):
        """Values that the manifest does not list come behind (categories) or between."""
        values = list(dict.fromkeys([*self.values, *found]))
        self.values = values if self.scale == "category" else sorted(values)
        if self.scale != "category":
            self.divisor, self.prefixed = scale_of(self.unit, self.values)
            if self.scale == "log" and self.values and self.values[0] <= 0:
                self.scale = "linear"

    @property
    def label(self):
        return f"{self.name} ({self.prefixed})" if self.prefixed else self.name

    def text(self, value, with_unit=False):
        """A value for people."""
        if self.scale == "category":
            return value
        number = f"{value / self.divisor:.4g}"
        return f"{number} {self.prefixed}" if with_unit and self.prefixed else number

    def setting(self, value):
        return f"{self.name} = {self.text(value, True)}"

    @property
    def middle(self):
        return self.values[(len(self.values) - 1) // 2]


class Sweep:
    """The files of a sweep's folder, checked.

    points: a frame of the fields' values by name and point; rows: results.csv by columns of a
    summary; sources: names, without "all".
    """

    def __init__(self, folder):
        self.folder = folder
        self.manifest = read_json(folder, "manifest.json")
        with AsWritten(self.path("manifest.json")):
            about = self.manifest["sweep"]
            self.name = str(about["name"])
            self.description = str(about.get("description") or "")
            self.method = str(about["method"])
            self.names = [str(name) for name in about["systems"]]
            self.fields = [Field(i, entry) for i, entry in enumerate(about["fields"])]
            self.unchanged = [str(name) for name in about.get("unchanged") or []]
            self.asked = int(about["points"])
            self.scenario = self.manifest["scenario"]
            self.seeds = {k: self.manifest[k] for k in ("seed", "first_run", "runs")}
        self._read_results()
        self._read_failures()
        self._check_whole()
        for number, field in enumerate(self.fields):
            field.complete(self.points[number])
        self.sources = [s for s in dict.fromkeys(self.rows["source"]) if s != ALL]
        self.urgent = self._urgent()
        self.wide = [f for f in self.fields if len(f.values) > 1]  # those that figures show
        cells = math.prod(len(set(self.points[f.number])) for f in self.fields)
        listed = self.method == "list" and cells > len(self.points)
        self.sampled = self.method in SAMPLED or listed
        self._kept = {}

    def path(self, name):
        return os.path.join(self.folder, name)

    def _read_results(self):
        file = self.path("results.csv")
        try:
            with open(file, newline="", encoding="utf-8") as stream:
                header = next(csv.reader(stream), [])
        except (OSError, ValueError) as error:
            raise BadInput(f"{file}: {getattr(error, 'strerror', error)}") from None
        count = len(self.fields) + 1
        due = ["point", *(field.name for field in self.fields)]
        if header[:count] != due:
            raise BadInput(
                f"{file}: the header begins with {','.join(header[:count])}; by manifest.json it "
                f"begins with {','.join(due)}"
            )
        # A field may be called priority, as a column of the summary is.
        names = ["point", *(f"field {i}" for i in range(count - 1)), *header[count:]]
        cells = read_table(file, SUMMARY_COLUMNS, names)
        cells["point"] = numbers(cells["point"], False, file).astype(int)
        self.points = self._values(cells, file)
        rows = cells.drop(columns=names[1:count])
        self.rows = summary_numbers(rows, self.names, file).astype({"point": int})
        twice = self.rows.duplicated(["point", "system", "run", "source"])
        if twice.any():
            raise BadInput(f"{file}, line {twice.idxmax() + 2}: this row is there twice")

    def _values(self, cells, file):
        """The fields' values by their number and point."""
        first = cells.drop_duplicates("point")
        found = {}
        for field in self.fields:
            column = first[f"field {field.number}"].rename(field.name)
            if field.scale != "category":
                column = numbers(column, False, file)
            found[field.number] = list(column)
        frame = pd.DataFrame(found, index=first["point"].to_numpy(), columns=range(len(found)))
        return frame.sort_index()

    def _read_failures(self):
        file = self.path("failures.csv")
        columns = ["point", *(field.name for field in self.fields), "system", "reason"]
        if not os.path.exists(file):
            self.failures = pd.DataFrame(columns=columns)
            return
        unique = ["point", *(f"field {i}" for i in range(len(self.fields))), "system", "reason"]
        self.failures = read_table(file, unique, unique)
        check_known(self.failures["system"], self.names, file)

    def _check_whole(self):
        """Each point has results or a failure; where nothing failed, those of all systems and runs."""
        file = self.path("results.csv")
        check_totals(self.rows, ["point", "system", "run"], file)
        failed = set(self.failures["point"].astype(int))
        missing = sorted(set(range(self.asked)) - set(self.points.index) - failed)
        if missing:
            raise BadInput(
                f"{file}: no row of point {missing[0]}, and manifest.json has {self.asked} points; "
                f"{A_WHOLE_ONE}"
            )
        fields = json.dumps(self.manifest["sweep"].get("document", {}).get("fields"))
        if '"systems' in fields or '"runs"' in fields:  # points differ in them
            return
        due = len(self.names) * int(self.seeds["runs"])
        found = self.rows[self.rows["source"] == ALL].groupby("point").size()
        few = [point for point in found.index[found < due] if point not in failed]
        if few:
            raise BadInput(
                f"{file}: {found[few[0]]} simulations of point {few[0]}, and manifest.json has "
                f"{len(self.names)} systems, {self.seeds['runs']} runs each; {A_WHOLE_ONE}"
            )

    def _urgent(self):
        """The source that has the highest priority at most points; None if all are always equal."""
        rows = self.rows[self.rows["source"] != ALL]
        most = rows.groupby("point")["priority"].transform("max")
        if rows.empty or (rows["priority"] == most).all():
            return None
        counts = rows[rows["priority"] == most].groupby("source")["point"].nunique()
        return max(self.sources, key=lambda source: counts.get(source, 0))

    def has(self, metric, source=ALL):
        rows = self.rows[self.rows["source"] == source]
        return metric.column in rows and bool(rows[metric.column].notna().any())

    def intervals(self, metric, source=ALL):
        """mean, half (of the 95 % interval over runs; nan for one) and lost by (point, system)."""
        key = ("intervals", metric.column, source)
        if key not in self._kept:
            rows = self.rows[self.rows["source"] == source]
            groups = rows.groupby(["point", "system"])
            found = groups[metric.column].agg(["mean", "std", "count"])
            factor = {n: student_t975(n - 1) for n in found["count"].unique() if n > 1}
            half = found["count"].map(factor) * found["std"] / np.sqrt(found["count"])
            lost = groups["lost"].sum()
            self._kept[key] = pd.DataFrame({"mean": found["mean"], "half": half, "lost": lost})
        return self._kept[key]

    def values(self, metric, source=ALL):
        """By point an array [run, system] of the metric; nan where there is none."""
        key = ("values", metric.column, source)
        if key not in self._kept:
            rows = self.rows[self.rows["source"] == source]
            wide = rows.pivot(index=["point", "run"], columns="system", values=metric.column)
            wide = wide.reindex(columns=self.names)
            self._kept[key] = {
                point: some.to_numpy() for point, some in wide.groupby(level="point")
            }
        return self._kept[key]

    def winners(self, metric, source=ALL):
        """{point: Winner}, of points that have rows of the source."""
        key = ("winners", metric.column, source)
        if key not in self._kept:
            lost = self.intervals(metric, source)["lost"].unstack().reindex(columns=self.names)
            self._kept[key] = {
                point: self._winner(values, metric, lost.loc[point].to_numpy())
                for point, values in self.values(metric, source).items()
            }
        return self._kept[key]

    def _winner(self, values, metric, lost):
        incomplete = not (lost == 0).any()
        present = ~np.isnan(values).all(axis=0)
        if not present.any():
            return Winner([], False, incomplete)
        means = np.full(len(self.names), np.nan)
        means[present] = np.nanmean(values[:, present], axis=0)
        best = int(np.nanargmin(means) if metric.less_is_better else np.nanargmax(means))
        tied = [i for i in np.flatnonzero(present) if i != best]
        tied = [i for i in tied if no_difference(values[:, i], values[:, best])]
        tied.sort(key=lambda i: (abs(means[i] - means[best]), i))
        names = [self.names[i] for i in (best, *tied)]
        return Winner(names, bool((lost[[best, *tied]] > 0).any()), incomplete)

    def point_at(self, setting):
        """The point with these values {field: value}, of all fields; None if there is none."""
        if "places" not in self._kept:
            tuples = self.points.itertuples()
            self._kept["places"] = {tuple(values): int(point) for point, *values in tuples}
        return self._kept["places"].get(tuple(setting[field] for field in self.fields))


def paired_interval(some, others):
    """Mean and half-width of the difference over the runs that both have; nan where none."""
    both = ~np.isnan(some) & ~np.isnan(others)
    gaps = some[both] - others[both]
    if len(gaps) < 2:
        return (float(gaps[0]) if len(gaps) else math.nan), math.nan
    error = gaps.std(ddof=1) / math.sqrt(len(gaps))
    return float(gaps.mean()), float(student_t975(len(gaps) - 1) * error)


def no_difference(some, others):
    """Whether two systems tie: the paired 95 % interval contains 0; of one run, equal numbers.

    Runs are the same arrivals for every system, so that what they have in common cancels.
    """
    mean, half = paired_interval(some, others)
    rounding = 1e-9 * max(np.nanmax(np.abs(some)), np.nanmax(np.abs(others)))
    if math.isnan(half):  # of several runs too few in common to tell them apart
        return abs(mean) <= rounding or len(some) > 1
    return abs(mean) <= max(half, rounding)
