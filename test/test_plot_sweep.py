#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""./mdi plot of a sweep: statistics, who wins, what figures show, and what bad input says.

usage: /usr/bin/python3 test/test_plot_sweep.py [unittest arguments]; needs matplotlib and pandas
"""

import math
import os
import shutil
import sys
import unittest

from program_test import ROOT, ProgramTest

sys.path.insert(0, os.path.join(ROOT, "examples"))

import numpy as np  # noqa: E402
from matplotlib.collections import PolyCollection  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402

import mdi_plot  # noqa: E402
import mdi_plot_lines as of_lines  # noqa: E402
import mdi_plot_policy as of_policy  # noqa: E402
import mdi_plot_ratio as of_ratio  # noqa: E402
import mdi_plot_sweep_data as of_data  # noqa: E402
from made_up_sweep import field, noise, write_sweep  # noqa: E402
from mdi_plot_results import mean_interval  # noqa: E402
from mdi_plot_style import line_style  # noqa: E402

MEAN = of_data.METRICS["latency_mean_s"]
RATE = field("rate", [1e6, 1e7, 1e8], "log", unit="b/s")
LOAD = field("load", [0.2, 0.4, 0.6, 0.8])
MEDIUM = field("medium", ["wifi", "lte", "cable"], "category")
NAMES = ["a", "b", "c"]


def by_rate(system, values, source, run):
    """a wins below 10 Mb/s, b above; at 10 Mb/s they tie; c is slow. Noise is common to all."""
    ratio = values["rate"] / 1e7
    mean = {"a": 0.04 * ratio**0.2, "b": 0.04 / ratio**0.2, "c": 0.2}[system]
    own = 1e-3 * noise(system, run, values["rate"]) if system != "c" and ratio == 1 else 0
    return mean * (1 + 0.3 * noise(run, source)) + own


def colour(name, names=NAMES):
    return line_style(names.index(name))["color"].lower()


class Made(ProgramTest):
    """Tests that make sweeps in their working folder."""

    def made(self, fields, latency=by_rate, names=tuple(NAMES), **options):
        place = self.path(str(len(os.listdir(self.folder))))
        return write_sweep(place, fields, names, latency, **options)

    def sweep(self, *arguments, **options):
        return of_data.Sweep(self.made(*arguments, **options))


class Data(Made):
    def test_fields(self):
        sweep = self.sweep([RATE, MEDIUM], runs=1)
        rate, medium = sweep.fields
        self.assertEqual((rate.values, rate.label), ([1e6, 1e7, 1e8], "rate (Mb/s)"))
        self.assertEqual(rate.setting(1e7), "rate = 10 Mb/s")
        self.assertEqual((medium.values, medium.label), (["wifi", "lte", "cable"], "medium"))
        self.assertEqual((rate.middle, medium.middle), (1e7, "lte"))
        self.assertEqual(len(sweep.points), 9)
        self.assertEqual(sweep.point_at({rate: 1e7, medium: "cable"}), 5)
        self.assertIsNone(sweep.point_at({rate: 3e7, medium: "cable"}))
        self.assertEqual(sweep.sources, ["ts", "nts"])

    def test_a_field_called_as_a_column_of_the_summary(self):
        one = field("priority", [1, 5])
        sweep = self.sweep([one], lambda s, v, *_: v["priority"] / 100, sources={"ts": 1})
        self.assertEqual(list(sweep.points[0]), [1, 5])
        self.assertEqual(set(sweep.rows["priority"].dropna()), {1})
        self.assertAlmostEqual(sweep.intervals(MEAN)["mean"][1, "a"], 0.05)

    def test_values_that_are_no_text(self):
        flags = field("offload", [True, False, None, [1, 2]], "category")
        sweep = self.sweep([flags], lambda *_: 0.1)
        self.assertEqual(sweep.fields[0].values, ["true", "false", "null", "[1,2]"])

    def test_units(self):
        for unit, values, expected in (
            ("b/s", [1e6, 1e7, 1e8], (1e6, "Mb/s")),
            ("b/s", [0.01, 0.1], (1, "b/s")),
            ("s", [0, 0.001], (1e-3, "ms")),
            ("s", [0.0], (1, "s")),
            ("items", [1e6], (1, "items")),
            ("B", [4e9, 8e9], (1e9, "GB")),
            ("%", [0.9], (0.01, "%")),
        ):
            divisor, prefixed = of_data.scale_of(unit, values)
            self.assertEqual(prefixed, expected[1])
            self.assertAlmostEqual(divisor / expected[0], 1)

    def test_intervals_are_those_of_runs(self):
        sweep = self.sweep([RATE], runs=5)
        table = sweep.intervals(MEAN, "ts")
        for point, rate in enumerate((1e6, 1e7, 1e8)):
            runs = [by_rate("a", {"rate": rate}, "ts", run) for run in range(5)]
            mean, half = mean_interval(runs)
            self.assertAlmostEqual(table["mean"][point, "a"], mean)
            self.assertAlmostEqual(table["half"][point, "a"], half)
        single = self.sweep([RATE], runs=1).intervals(MEAN)
        self.assertTrue(single["half"].isna().all())

    def test_no_difference(self):
        nan = math.nan
        for some, others, tie in (
            ([1, 2, 3], [2, 3, 4], False),  # always by 1
            ([1, 2, 3], [1, 2, 3], True),
            ([1.0, 5.0, 3.0], [5.0, 1.0, 3.1], True),
            # Far apart as unpaired samples, yet always a little less.
            ([1.0, 10.0, 100.0], [1.1, 10.1, 100.11], False),
            ([1], [1], True),
            ([1], [1.001], False),
            ([1, nan], [nan, 1], True),  # nothing to tell
        ):
            arrays = np.array(some, float), np.array(others, float)
            self.assertEqual(of_data.no_difference(*arrays), tie, (some, others))

    def test_winners(self):
        sweep = self.sweep([RATE], runs=4)
        found = sweep.winners(MEAN)
        self.assertEqual(found[0].names, ["a"])
        self.assertEqual(set(found[1].names), {"a", "b"})
        self.assertEqual(found[2].names, ["b"])
        self.assertEqual({w[1:] for w in found.values()}, {(False, False)})
        slow = of_data.METRICS["throughput_hz"]._replace(column="latency_mean_s")
        self.assertEqual(sweep.winners(slow)[0].names, ["a"])  # kept
        self.assertEqual(self.sweep([RATE]).winners(slow)[0].names, ["c"])  # the highest

    def test_one_run_ties_only_with_the_same(self):
        same = lambda s, v, *_: {"a": 0.1, "b": 0.1, "c": 0.1000001}[s]  # noqa: E731
        self.assertEqual(self.sweep([RATE], same, runs=1).winners(MEAN)[0].names, ["a", "b"])

    def test_lost_items(self):
        def lost(system, values, source, run):
            if values["rate"] == 1e8:
                return 1
            return 7 if system == "a" and values["rate"] == 1e6 and run == 1 else 0

        def latency(system, values, source, run):
            nothing = values["rate"] == 1e7 and system != "c"
            return None if nothing else by_rate(system, values, source, run)

        found = self.sweep([RATE], latency, lost=lost).winners(MEAN)
        self.assertEqual(found[0], of_data.Winner(["a"], True, False))
        self.assertEqual(found[1], of_data.Winner(["c"], False, False))
        self.assertEqual(found[2], of_data.Winner(["b"], True, True))

    def test_nobody_completed_an_item(self):
        sweep = self.sweep([RATE], lambda s, v, *_: None if v["rate"] == 1e7 else 0.1)
        self.assertEqual(sweep.winners(MEAN)[1], of_data.Winner([], False, True))

    def test_urgent_source(self):
        self.assertEqual(self.sweep([RATE], sources={"nts": 1, "ts": 3, "x": 1}).urgent, "ts")
        self.assertIsNone(self.sweep([RATE], sources={"nts": 1, "ts": 1}).urgent)

    def test_sampled(self):
        points = [[1e6, 0.2], [1e7, 0.4], [1e8, 0.6]]
        free = [field("rate", scale="log", unit="b/s"), field("load")]
        for method, those, sampled in (
            ("random", points, True),
            ("latin-hypercube", points, True),
            ("latin_hypercube", points, True),
            ("list", points, True),
            ("list", [[r, x] for r in (1e6, 1e7) for x in (1, 2)], False),
            ("grid", points[:1], False),
        ):
            sweep = self.sweep(free, points=those, method=method)
            self.assertEqual(sweep.sampled, sampled, method)


class Lines(Made):
    def lines_of(self, axis):
        """By label x and y; without the hollow ones."""
        return {
            line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
            for line in axis.get_lines()
            if not line.get_label().startswith("_")
        }

    def test_values_and_bands_are_those_of_the_files(self):
        sweep = self.sweep([RATE], runs=3)
        drawn = of_lines.lines(sweep, MEAN, sweep.fields[0], "ts")
        self.assertEqual(drawn.name, "lines-rate-latency_mean_s-ts")
        (axis,) = drawn.figure.axes
        self.assertEqual((axis.get_xscale(), axis.get_ylabel()), ("log", "Mean latency (ms)"))
        for name, (x, y) in self.lines_of(axis).items():
            self.assertEqual(x, [1, 10, 100])  # Mb/s
            for at, value in zip((1e6, 1e7, 1e8), y):
                runs = [by_rate(name, {"rate": at}, "ts", run) for run in range(3)]
                self.assertAlmostEqual(value, 1e3 * mean_interval(runs)[0])
        bands = axis.collections
        self.assertEqual(len(bands), 3)
        runs = [by_rate("a", {"rate": 1e8}, "ts", run) for run in range(3)]
        mean, half = mean_interval(runs)
        high = bands[0].get_paths()[0].vertices[:, 1].max()
        self.assertAlmostEqual(high, 1e3 * (mean + half))
        self.assertIn("95 % intervals", drawn.caption)

    def test_panels_and_what_is_fixed(self):
        def latency(system, values, *_):
            return values["load"] * (1 if system == "a" else 2) + values["size"] / 1000

        sweep = self.sweep([LOAD, RATE, field("size", [1, 2, 3, 4])], latency, runs=1)
        drawn = of_lines.lines(sweep, MEAN, sweep.fields[0])
        titles = [axis.get_title() for axis in drawn.figure.axes]
        self.assertEqual(titles, ["rate = 1 Mb/s", "rate = 10 Mb/s", "rate = 100 Mb/s"])
        self.assertIn("size = 2", drawn.figure._supxlabel.get_text())
        self.assertIn("With size = 2", drawn.caption)
        x, y = self.lines_of(drawn.figure.axes[1])["b"]
        self.assertEqual(x, LOAD["values"])
        for value, load in zip(y, LOAD["values"]):
            self.assertAlmostEqual(value, 1e3 * (2 * load + 0.002))
        self.assertFalse(drawn.figure.axes[0].collections)  # one run: no bands

    def test_at_most_twelve_panels(self):
        many = field("size", list(range(40)))
        sweep = self.sweep([LOAD, many], lambda *_: 0.1, runs=1)
        drawn = of_lines.lines(sweep, MEAN, sweep.fields[0])
        self.assertEqual(len(drawn.figure.axes), 12)
        titles = [axis.get_title() for axis in drawn.figure.axes]
        self.assertEqual((titles[0], titles[-1]), ("size = 0", "size = 39"))
        self.assertIn("12 of 40 values of size", drawn.caption)

    def test_categories_have_no_line_between_them(self):
        sweep = self.sweep([MEDIUM], lambda s, v, a, run: 0.1 + 0.01 * run)
        drawn = of_lines.lines(sweep, MEAN, sweep.fields[0])
        (axis,) = drawn.figure.axes
        self.assertEqual([t.get_text() for t in axis.get_xticklabels()], MEDIUM["values"])
        self.assertEqual({line.get_linestyle() for line in axis.get_lines()}, {"None"})
        self.assertFalse([c for c in axis.collections if isinstance(c, PolyCollection)])

    def test_lost_items_are_hollow(self):
        sweep = self.sweep([RATE], lost=lambda s, v, *_: int(s == "b" and v["rate"] > 5e7))
        drawn = of_lines.lines(sweep, MEAN, sweep.fields[0])
        axis = drawn.figure.axes[0]
        hollow = [line for line in axis.get_lines() if line.get_markerfacecolor() == "white"]
        self.assertEqual([list(line.get_xdata()) for line in hollow], [[100]])
        self.assertIn("ollow: items lost", drawn.caption)

    def test_samples_are_binned(self):
        free = [field("rate", scale="log", unit="b/s"), field("load")]
        points = [[10 ** (6 + i / 20), (i * 7 % 40) / 40] for i in range(40)]
        latency = lambda s, v, *_: 1e5 / v["rate"] ** 0.5 + v["load"]  # noqa: E731
        sweep = self.sweep(free, latency, points=points, method="latin-hypercube")
        drawn = of_lines.lines(sweep, MEAN, sweep.fields[0])
        x, y = self.lines_of(drawn.figure.axes[0])["a"]
        self.assertEqual(len(x), 5)  # 40 samples, 8 in each
        for number in range(5):
            some = points[8 * number : 8 * number + 8]
            self.assertAlmostEqual(x[number], np.median([p[0] for p in some]) / 1e6)
            means = [latency("a", {"rate": p[0], "load": p[1]}) for p in some]
            factor = y[number] / np.mean(means)
            self.assertIn(round(factor, 9), (1, 1000))  # s or ms
        self.assertIn("bins of equally many samples", drawn.caption)
        self.assertIn("Load varies within points", drawn.caption)

    def test_accuracy_where_there_is_one(self):
        sweep = self.sweep([RATE], accuracy=lambda s, v: 0.9)
        metric = of_data.METRICS["accuracy"]
        axis = of_lines.lines(sweep, metric, sweep.fields[0]).figure.axes[0]
        self.assertEqual(axis.get_ylabel(), "Accuracy (%)")
        self.assertAlmostEqual(self.lines_of(axis)["a"][1][0], 90)
        without = self.sweep([RATE])
        self.assertIsNone(of_lines.lines(without, metric, without.fields[0]))


class Policy(Made):
    def cells(self, axis):
        """{(column, row): colours} of a panel."""
        (squares,) = [c for c in axis.collections if isinstance(c, PolyCollection)]
        found = {}
        for path, face in zip(squares.get_paths(), squares.get_facecolors()):
            middle = path.vertices[:-1].mean(axis=0).round().astype(int)
            found.setdefault(tuple(middle), []).append(to_hex(face))
        return {at: list(dict.fromkeys(colours)) for at, colours in found.items()}

    def test_winners_and_ties(self):
        sweep = self.sweep([RATE, LOAD], runs=4)
        drawn = of_policy.policy_map(sweep, MEAN)
        self.assertEqual(drawn.name, "policy-map")
        cells = self.cells(drawn.figure.axes[0])
        self.assertEqual(len(cells), 12)
        for (column, _), colours in cells.items():
            expected = [["a"], ["a", "b"], ["b"]][column]
            self.assertEqual(sorted(colours), sorted(map(colour, expected)))
        texts = [text.get_text() for text in drawn.figure.legends[0].get_texts()]
        self.assertEqual(texts, ["a", "b"])
        self.assertIn("stripes: ties", drawn.figure._supxlabel.get_text())
        self.assertIn("Nowhere among the best: c.", drawn.caption)
        tally = "Of all 12 points, source all, among the best: a in 8 (alone in 4), b in 8 (alone in 4)."
        self.assertIn(tally, drawn.caption)
        axis = drawn.figure.axes[0]
        self.assertEqual([t.get_text() for t in axis.get_xticklabels()], ["1", "10", "100"])
        loads = [text.get_text() for text in axis.get_yticklabels()]
        self.assertEqual(loads, ["0.2", "0.4", "0.6", "0.8"])

    def test_of_a_source(self):
        def latency(system, values, source, run):
            return 0.1 if (system == "a") == (source == "ts") else 0.2

        sweep = self.sweep([RATE, LOAD], latency, names=("a", "b"), sources={"ts": 5, "nts": 1})
        urgent = of_policy.policy_map(sweep, MEAN, "ts")
        self.assertEqual(urgent.name, "policy-map-ts")
        cells = self.cells(urgent.figure.axes[0])
        self.assertEqual(list(cells.values()), [[colour("a")]] * 12)
        other = of_policy.policy_map(sweep, MEAN, "nts")
        cells = self.cells(other.figure.axes[0])
        self.assertEqual(list(cells.values()), [[colour("b")]] * 12)

    def test_axes_can_be_chosen(self):
        sweep = self.sweep([RATE, LOAD, MEDIUM], runs=1)
        drawn = of_policy.policy_map(sweep, MEAN, chosen=["medium", "rate"])
        titles = [axis.get_title() for axis in drawn.figure.axes]
        self.assertEqual(titles, [f"load = {value}" for value in LOAD["values"]])
        self.assertEqual(len(self.cells(drawn.figure.axes[0])), 9)

    def test_small_multiples_of_two_more_fields(self):
        size = field("size", [1, 2, 3])
        deep = field("deep", [1, 2])
        sweep = self.sweep([RATE, LOAD, size, deep], runs=1)
        drawn = of_policy.policy_map(sweep, MEAN)
        self.assertEqual(len(drawn.figure.axes), 6)
        fixed = self.sweep([RATE, LOAD, field("size", [1, 2, 3, 4, 5, 6, 7]), deep], runs=1)
        drawn = of_policy.policy_map(fixed, MEAN)
        self.assertEqual(len(drawn.figure.axes), 7)
        self.assertIn("Shown: deep = 1.", drawn.caption)

    def test_one_field_has_a_row_per_source(self):
        sweep = self.sweep([RATE], runs=4)
        drawn = of_policy.policy_map(sweep, MEAN)
        axis = drawn.figure.axes[0]
        self.assertEqual([t.get_text() for t in axis.get_yticklabels()], ["nts", "ts", "all"])
        self.assertEqual(self.cells(axis)[0, 2], [colour("a")])
        self.assertIsNone(of_ratio.ratio_map(sweep, MEAN))

    def test_marks(self):
        def lost(system, values, source, run):
            if values["rate"] == 1e8:
                return 1
            return 7 if system == "a" and values["rate"] == 1e6 else 0

        failures = [(p, s, "no") for p in (4,) for s in NAMES]
        sweep = self.sweep([RATE, LOAD], runs=4, lost=lost, failures=failures)
        drawn = of_policy.policy_map(sweep, MEAN)
        marks = {}
        for line in drawn.figure.axes[0].get_lines():
            at = tuple(int(round(float(np.nanmean(v)))) for v in line.get_data())
            crossed = len(line.get_xdata()) > 1
            marks.setdefault("cross" if crossed else line.get_marker(), set()).add(at)
        self.assertEqual(marks["cross"], {(2, row) for row in range(4)})
        triangle = of_policy.LOSER["marker"]
        self.assertEqual(marks[triangle], {(0, row) for row in range(4)})
        self.assertEqual(marks["_"], {(1, 0)})
        texts = {text.get_text() for text in drawn.figure.legends[0].get_texts()}
        marks = {"all systems lost items", "a winner lost items", "no result"}
        self.assertEqual(texts, {"a", "b"} | marks)

    def test_stripes_fill_the_square(self):
        for count in range(1, 8):
            area, colours = 0, set()
            for number, corners in of_policy.stripes(count):
                x, y = np.array(corners, float).T
                area += abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
                colours.add(number)
            self.assertAlmostEqual(area, 1)
            self.assertEqual(colours, set(range(count)))

    def test_samples_are_dots(self):
        free = [field("rate", scale="log", unit="b/s"), field("load")]
        points = [[10 ** (6 + i / 10), (i * 7 % 21) / 21] for i in range(21)]
        sweep = self.sweep(free, points=points, method="random", runs=4)
        drawn = of_policy.policy_map(sweep, MEAN)
        axis = drawn.figure.axes[0]
        dots = {}
        for line in axis.get_lines():
            dots.setdefault(tuple(line.get_xydata()[0]), []).append(to_hex(line.get_color()))
        self.assertEqual(len(dots), 21)
        for point, (rate, load) in enumerate(points):
            names = sorted(sweep.winners(MEAN)[point].names)
            found = dots[min(dots, key=lambda at: abs(at[0] - rate / 1e6))]
            self.assertEqual(sorted(found), sorted(map(colour, names)))
        self.assertEqual(axis.get_xscale(), "log")
        self.assertIsNone(of_ratio.ratio_map(sweep, MEAN))

    def test_ratio(self):
        sweep = self.sweep([RATE, LOAD], runs=4)
        drawn = of_ratio.ratio_map(sweep, MEAN, systems=["a", "b"])
        image = drawn.figure.axes[0].images[0].get_array()
        for column, rate in enumerate(RATE["values"]):
            means = [
                np.mean([by_rate(s, {"rate": rate}, x, r) for r in range(4) for x in ("ts", "nts")])
                for s in "ab"
            ]
            self.assertAlmostEqual(image[0, column], means[0] / means[1])
        self.assertEqual(len(drawn.figure.axes[0].patches), 4)  # frames: the ties at 10 Mb/s
        tally = "Of all 12 points a is better than b in 4, worse in 4, and ties in 4."
        self.assertIn(tally, drawn.caption)
        best = of_ratio.ratio_map(sweep, MEAN).figure.axes[0].images[0].get_array()
        self.assertAlmostEqual(best[0, 0], 1)  # a is the best, and the first system
        self.assertAlmostEqual(best[0, 2], 1 / image[0, 2])


class Program(Made):
    def drawn(self, *arguments):
        out = self.assert_well(self.call_main(mdi_plot.main, *arguments)).stdout
        return [os.path.basename(path) for path in out.split("\n")[:-1]]

    def test_files(self):
        folder = self.made([RATE, LOAD], runs=2)
        names = ["policy-map", "policy-map-ts", "ratio"]
        for name in ("rate", "load"):
            for metric in ("latency_mean_s", "latency_p95_s", "throughput_hz"):
                names.append(f"lines-{name}-{metric}")
        files = [name + ".svg" for name in names] + ["report.html"]
        self.assertEqual(self.drawn(folder), files)
        first = {name: read(folder, name) for name in files}
        self.assertEqual(self.drawn(folder), files)
        for name, content in first.items():
            self.assertTrue(read(folder, name) == content, name + " is not the same again")

    def test_choices(self):
        folder = self.made([RATE, LOAD], runs=2)
        out = "--out=" + self.path("out")
        flags = ["--x=load", "--metric=latency_p95_s", "--source=nts"]
        flags += ["--ratio=a,c", "--format=png"]
        names = ["policy-map-nts", "ratio-nts", "lines-load-latency_p95_s-nts"]
        files = [name + ".png" for name in names] + ["report.html"]
        self.assertEqual(self.drawn(folder, out, *flags), files)
        self.assertEqual(sorted(os.listdir(self.path("out"))), sorted(files))
        self.assertFalse(os.path.exists(os.path.join(folder, "report.html")))
        self.drawn(folder, "--map=load,rate", "--metric=throughput_hz")

    def test_fonts_are_legible_and_legends_cover_nothing(self):
        sweep = self.sweep([RATE, LOAD, MEDIUM], lost=lambda *_: 1)
        single = self.sweep([RATE, LOAD], runs=4)
        for drawn in (
            of_policy.policy_map(sweep, MEAN),
            of_policy.policy_map(single, MEAN),
            of_ratio.ratio_map(single, MEAN),
            of_lines.lines(sweep, MEAN, sweep.fields[0]),
        ):
            figure = drawn.figure
            figure.draw_without_rendering()
            legend = figure.legends[0].get_window_extent()
            self.assertGreaterEqual(legend.x0, 0)
            for axis in figure.axes:
                self.assertFalse(legend.overlaps(axis.get_window_extent()))
                texts = [axis.title, *axis.get_xticklabels(), *axis.get_yticklabels(), *axis.texts]
                for text in texts:
                    self.assertGreaterEqual(text.get_fontsize(), 8)

    def refused(self, arguments, *parts):
        before = self.content()
        self.assert_refused(self.call_main(mdi_plot.main, *arguments), *parts)
        self.assertEqual(self.content(), before)

    def test_bad_arguments(self):
        one = field("fixed", [3])
        folder = self.made([RATE, LOAD, one], runs=1)
        other = self.made([RATE], runs=1)
        out = "--out=" + self.path("out")
        for flags, parts in (
            (["--x=rat"], ["--x=rat: no swept field 'rat'", "do you mean rate?", "load"]),
            (["--x=fixed"], ["--x=fixed", "one value"]),
            (["--map=rate,lode"], ["'lode'", "do you mean load?"]),
            (["--map=rate"], ["--map=rate", "two different names"]),
            (["--map=rate,rate"], ["two different names"]),
            (["--metric=latency"], ["no metric 'latency'", "there are latency_mean_s"]),
            (["--metric=accuracy"], ["--metric=accuracy", "has no number of it"]),
            (["--source=nst"], ["no source 'nst'", "do you mean nts?"]),
            (["--ratio=a,d"], ["no system 'd'", "there are a, b, c, best"]),
            (["--matric=accuracy"], ["no flag '--matric=accuracy'", "do you mean --metric?"]),
            (["--x"], ["--x", "expected one argument"]),
            ([other, out], ["a sweep is plotted alone"]),
        ):
            with self.subTest(flags=flags):
                self.refused([folder, *flags], *parts)

    def test_bad_folders(self):
        folder = self.made([RATE, LOAD], runs=1)

        def results(old, new):
            return "results.csv", read(folder, "results.csv").decode().replace(old, new, 1)

        def manifest(old, new):
            text = read(folder, "manifest.json").decode()
            self.assertIn(old, text)
            return "manifest.json", text.replace(old, new, 1)

        whole = read(folder, "results.csv").decode()
        lines = whole.split("\n")
        row = lines[1]
        for (name, text), parts in (
            (results("point,rate,load", "point,load,rate"), ["begins with point,load,rate"]),
            (results(",0.2,a,0", ",0.2,x,0"), ["line 2", "system 'x'", "a, b, c"]),
            (results("1000000.0,", "fast,"), ["line 2", "rate is 'fast'", "a number"]),
            (results("latency_mean_s", "latency"), ["no column 'latency_mean_s'"]),
            (results(row, row + "\n" + row), ["line 3", "there twice"]),
            (("results.csv", whole[:-1]), ["results.csv: ", "cut"]),
            (("results.csv", whole[:-20] + "\n"), ["results.csv, line", "fewer cells"]),
            (("results.csv", whole[:-20]), ["results.csv, line", "fewer cells"]),
            (("results.csv", "\n".join(lines[:-2]) + "\n"), ["results.csv: ", "source all"]),
            (("results.csv", "\n".join(lines[:-4]) + "\n"), ["results.csv: ", "simulations of point 11"]),
            (("results.csv", "\n".join(lines[:10]) + "\n"), ["results.csv: ", "no row of point 1"]),
            (manifest('"log"', '"logarithm"'), ["manifest.json", "logarithm"]),
            (manifest('"fields"', '"field"'), ["manifest.json", "no 'fields'"]),
        ):
            with self.subTest(parts=parts):
                copy = shutil.copytree(folder, self.path("copy"))
                self.write(os.path.join(copy, name), text)
                self.refused([copy], *parts)
                shutil.rmtree(copy)

    def test_without_figures_there_is_a_report(self):
        folder = self.made([field("load", [1])], lambda *_: 0.1)
        self.assertEqual(self.drawn(folder), ["report.html"])
        nothing = self.made([RATE, LOAD], lambda *_: None)
        self.assertEqual(self.drawn(nothing), ["report.html"])
        failures = [(point, name, "no") for point in range(12) for name in NAMES]
        failed = self.made([RATE, LOAD], failures=failures)
        self.assertEqual(self.drawn(failed), ["report.html"])
        self.assertIn("12 of 12 points have no result", self.report(failed))

    def test_a_point_that_failed_alone(self):
        folder = self.made([RATE], failures=[(1, name, "no") for name in NAMES])
        self.assertIn("policy-map.svg", self.drawn(folder))
        self.assertIn("1 of 3 points have no result (1 of them failed)", self.report(folder))
        self.assertIn("Failed: a, b, c at point 1: no", self.report(folder))

    @staticmethod
    def report(folder):
        return read(folder, "report.html").decode()


def read(folder, name):
    for place in (folder, os.path.join(folder, "figures")):
        path = os.path.join(place, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                return file.read()
    raise AssertionError(f"{name} is not in {folder}")


if __name__ == "__main__":
    unittest.main()
