#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""./mdi plot: the statistics behind the figures, the files, and what bad input says.

usage: /usr/bin/python3 test/test_plot.py [unittest arguments]; needs matplotlib and pandas
"""

import csv
import json
import math
import os
import shutil
import sys
import tempfile
import unittest

from program_test import ROOT, ProgramTest, load, read

EXAMPLES = os.path.join(ROOT, "examples")
sys.path.insert(0, EXAMPLES)

import mdi_plot  # noqa: E402
import mdi_plot_exits as of_exits  # noqa: E402
import mdi_plot_results as of_results  # noqa: E402
import mdi_plot_runs as of_runs  # noqa: E402
from mdi_plot_results import Results  # noqa: E402

ITEMS_HEADER = (
    "system,run,source,item,priority,admitted_s,completed_s,exit,label,prediction,hops,"
    "bytes_on_wire"
)
SUMMARY_HEADER = "system,run,source,priority,items_admitted,items_completed,latency_mean_s"
DEVICES = ["nano-a", "nano-b", "nano-c"]
PARTS = {
    "partitioner": "ns3::mdi::ExitPartitioner[]",
    "queue": "ns3::mdi::FifoQueue[]",
    "router": "ns3::mdi::MdiExitRouter[]",
    "worker": "ns3::mdi::Worker[]",
}
ADAPTIVE = {"type": "adaptive-rate"}


def fixed(threshold):
    return {"type": "ns3::mdi::FixedExit", "Threshold": threshold}


class System:
    """A system of a made-up results folder, and what its items do."""

    def __init__(self, name, exit=False, admission=None, **items):
        self.name = name
        self.entry = {"name": name, "preset": "mdi-exit", "exit": exit}
        self.strategies = {"name": name, **PARTS}
        if exit:
            attributes = "".join(f"{k}={v}|" for k, v in exit.items() if k != "type")
            self.strategies["exit"] = f"{exit['type']}[{attributes}]"
        if admission:
            self.entry["admission"] = admission
            adaptive = admission["type"] == "adaptive-rate"
            kind = "RateAdaptation" if adaptive else "RandomAdmission"
            self.strategies["admission"] = f"ns3::mdi::{kind}[]"
        # gaps: of admissions in s, per run; right: share of right predictions, per run
        self.gaps = items.get("gaps", [0.1])
        self.right = items.get("right", [1.0] * len(self.gaps))
        self.exits = items.get("exits", [4])  # in turn
        self.latency = items.get("latency", 0.05)


def write_folder(folder, systems, name="made-up", sources=("ts", "nts"), count=20, **others):
    """A results folder as mdi-run writes it. The first half of the items comes twice as fast.

    others: further fields of the scenario; seed, first_run: of the manifest.
    """
    first_run = others.pop("first_run", 0)
    os.makedirs(folder)
    rows, summary = [], []
    events = []
    thread = {"name": "thread_name", "ph": "M"}
    for process, system in enumerate(systems):
        about = {"pid": process, "tid": 0, "args": {"name": f"{system.name}, run {first_run}"}}
        events.append({"name": "process_name", "ph": "M", **about})
        tracks = DEVICES + [f"{DEVICES[0]} -> {DEVICES[1]}"]
        events += [
            {**thread, "pid": process, "tid": i, "args": {"name": n}} for i, n in enumerate(tracks)
        ]
        for run, gap in enumerate(system.gaps, first_run):
            for number, source in enumerate([*sources, "all"]):
                of = count * len(sources) if source == "all" else count
                mean = system.latency * sum(1 + i % 5 for i in range(count)) / count
                summary.append([system.name, run, source, "", of, of, mean])
                if source == "all":
                    continue
                at = 1.0
                for item in range(count):
                    done = at + system.latency * (1 + item % 5)
                    label = item % 10
                    right = (item * 0.37) % 1 < system.right[run - first_run]
                    rows.append(
                        [system.name, run, source, item, 1, at, done]
                        + [system.exits[item % len(system.exits)]]
                        + [label, label if right else (label + 1) % 10, 1, 1000]
                    )
                    if run == first_run:
                        task = {"name": f"{source} {item}/0", "pid": process}
                        place = {"ph": "X", "tid": number, "ts": at * 1e6, "dur": 2e4}
                        events.append({**task, "cat": "compute", **place})
                        link = {"cat": tracks[-1], "tid": len(DEVICES)}
                        link["id"] = f"{process}.{len(rows)}"
                        task["name"] = "tensor " + task["name"]
                        events.append({**task, **link, "ph": "b", "ts": at * 1e6 + 2e4})
                        events.append({**task, **link, "ph": "e", "ts": at * 1e6 + 3e4})
                    at += gap / 2 if item < count // 2 - 1 else gap
    manifest = {
        "format": "mdi-manifest",
        "version": 1,
        "seed": others.get("seed", 1),
        "first_run": first_run,
        "systems": [system.strategies for system in systems],
        "scenario": {
            "name": name,
            "models": {"resnet56": {"file": "resnet56.pt"}},
            "devices": [{"name": device, "trace": "nano.json"} for device in DEVICES],
            "sources": [
                {"name": s, "model": "resnet56", "admission": {"type": "poisson", "rate_hz": 10}}
                for s in sources
            ],
            "systems": [system.entry for system in systems],
            **others,
        },
    }
    for name, header, of in (("items", ITEMS_HEADER, rows), ("summary", SUMMARY_HEADER, summary)):
        with open(os.path.join(folder, name + ".csv"), "w", newline="", encoding="ascii") as file:
            file.write(header + "\n")
            csv.writer(file, lineterminator="\n").writerows(of)
    for name, content in (("manifest", manifest), ("timeline", {"traceEvents": events})):
        with open(os.path.join(folder, name + ".json"), "w", encoding="ascii") as file:
            json.dump(content, file)
    return folder


class Statistics(ProgramTest):
    def results(self, *systems, **options):
        place = tempfile.mkdtemp(dir=self.folder)
        return Results(write_folder(os.path.join(place, "results"), systems, **options))

    def test_student_t(self):
        # Any table of the t distribution, column 0.975.
        table = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 9: 2.262, 10: 2.228, 29: 2.045}
        table.update({30: 2.042, 120: 1.980, 1000: 1.962, 100001: 1.960})
        for degrees, quantile in table.items():
            self.assertAlmostEqual(of_results.student_t975(degrees), quantile, delta=6e-4)

    def test_mean_and_interval(self):
        mean, half = of_results.mean_interval([1, 2, 3, 4, 5])
        self.assertEqual(mean, 3)
        self.assertAlmostEqual(half, 2.776445 * math.sqrt(2.5 / 5), places=5)
        mean, half = of_results.mean_interval([7, math.nan])
        self.assertEqual(mean, 7)
        self.assertTrue(math.isnan(half))
        self.assertTrue(math.isnan(of_results.mean_interval([])[0]))

    def test_admitted_rate_is_that_after_the_warm_up(self):
        # Admissions every 0.05 s, from the middle on every 0.1 s; two sources; a run twice as fast.
        results = self.results(System("a", gaps=[0.1, 0.05]))
        rates = of_results.admitted_rates(results.of("a"))
        self.assertEqual([round(rate, 9) for rate in rates], [20, 40])
        # One item more moves the middle by none: 11 later ones of 21, of which 10 gaps are 0.1 s.
        odd = self.results(System("a", gaps=[0.1]), count=21, sources=("ts",))
        self.assertAlmostEqual(of_results.admitted_rates(odd.of("a"))[0], 10)
        single = self.results(System("a"), count=1)
        self.assertTrue(math.isnan(of_results.admitted_rates(single.of("a"))[0]))

    def test_accuracy_counts_every_member_of_a_batch(self):
        results = self.results(System("a"), count=4, sources=("ts",))
        items = results.items
        items["label"] = ["1 2", "3 4", "5 6", "7 8"]
        items["prediction"] = ["1 2", "3 0", "0 0", ""]
        self.assertEqual(of_results.accuracies(items), [0.5])
        items.loc[0, "completed_s"] = math.nan  # lost
        self.assertEqual(of_results.accuracies(items), [0.25])
        items["label"] = ""
        self.assertTrue(math.isnan(of_results.accuracies(items)[0]))

    def test_exit_shares(self):
        results = self.results(System("a", exits=[1, 1, 2, 4]))
        self.assertEqual(of_results.exit_shares(results.items), {1: 0.5, 2: 0.25, 4: 0.25})
        widths = [bar.get_width() for bar in of_exits.exits(results).axes[0].patches]
        self.assertEqual(widths, [50, 25, 25])

    def test_busy_shares(self):
        # 20 tasks of 20 ms each; from 1 s to the last tensor's arrival 30 ms after its admission.
        results = self.results(System("a", gaps=[0.1]))
        shares, time = of_results.busy_shares(results.timeline["a"], [1, 2, 1])
        self.assertAlmostEqual(time, 9 * 0.05 + 10 * 0.1 + 0.03)
        for share, expected in zip(shares, (0.4 / time, 0.2 / time, 0)):
            self.assertAlmostEqual(share, expected)
        transfers = [span for span in results.timeline["a"] if span.kind == of_results.TRANSFER]
        self.assertEqual((len(transfers), {span.track for span in transfers}), (40, {0}))

    def test_a_latency_curve_ends_at_the_share_that_was_completed(self):
        results = self.results(System("a"), sources=("ts",))
        results.items.loc[:4, "latency_s"] = math.nan
        (line,) = of_runs.latency(results).axes[0].get_lines()
        self.assertAlmostEqual(line.get_ydata()[-1], 75)
        self.assertAlmostEqual(line.get_xdata()[-1], 250)  # ms

    def test_a_timeline_shows_every_pass(self):
        results = self.results(System("a"), sources=("ts",))

        def bars():
            return [len(bars.get_paths()) for bars in of_runs.timeline(results).axes[0].collections]

        expected = bars()
        self.assertGreaterEqual(min(expected), 10)
        spans = results.timeline["a"]
        names = [f"{s.name} pass {i}" if i % 4 else s.name for i, s in enumerate(spans)]
        results.timeline["a"] = [s._replace(name=name) for s, name in zip(spans, names)]
        self.assertEqual(bars(), expected)


class Settings(unittest.TestCase):
    """What a system's exit rule and admission are, by the manifest."""

    def of(self, systems, sources, strategies):
        results = Results.__new__(Results)
        results.systems = [{"name": "a", **strategies}]
        results.scenario = {"systems": systems, "sources": [{"admission": a} for a in sources]}
        return of_exits.settings(results)[0]

    def test_threshold(self):
        for rule, entry, expected in (
            ("ns3::mdi::FixedExit[Threshold=0.7]", True, 0.7),
            ("ns3::mdi::FixedExit[A=1|Threshold=0.7|]", True, 0.7),
            ("ns3::mdi::FixedExit[]", {"Threshold": 0.6}, 0.6),
            ("ns3::mdi::FixedExit[]", "mdi-exit", None),
            ("ns3::mdi::FixedExit[Threshold=0.7|PerExit=0.7,0.8]", True, None),
            ("ns3::mdi::AdaptiveExit[Initial=0.8]", True, None),
        ):
            source = {"type": "poisson", "rate_hz": 1}
            setting = self.of([{"name": "a", "exit": entry}], [source], {"exit": rule})
            self.assertEqual(setting.threshold, expected, rule)

    def test_a_forecast_is_no_strategy(self):
        parts = {"worker": "ns3::mdi::Worker[]", "forecasts": [{"source": "ts", "latency_s": 1}]}
        setting = self.of([], [{"type": "poisson", "rate_hz": 1}], parts)
        self.assertEqual(setting.others, (("worker", "ns3::mdi::Worker[]"),))

    def test_admission(self):
        slow, fast = {"type": "poisson", "rate_hz": 5}, {"type": "poisson", "rate_hz": 20}
        every = {"type": "periodic", "interval_s": 0.1}
        random, adaptive = "ns3::mdi::RandomAdmission[Gap=...]", "ns3::mdi::RateAdaptation[]"
        for own, sources, written, expected in (
            (None, [slow, fast], None, ("poisson", 25)),
            (None, [slow, every], None, (None, None)),
            (None, [ADAPTIVE], None, ("adaptive", None)),
            (None, [slow], adaptive, ("adaptive", None)),
            (None, [slow], random, (None, None)),
            (fast, [slow, slow], random, ("poisson", 40)),
            (every, [slow], random, ("periodic", 10)),
            (ADAPTIVE, [slow], adaptive, ("adaptive", None)),
            ({"type": "closed-loop", "window": 2}, [slow], "", ("closed-loop", None)),
        ):
            entry = {"name": "a", **({"admission": own} if own else {})}
            strategies = {} if written is None else {"admission": written}
            setting = self.of(["local", entry], sources, strategies)
            self.assertEqual((setting.admission, setting.rate_hz), expected)


class Program(ProgramTest):
    """The command: what it writes and what it refuses."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="mdi-plot-")
        cls.addClassCleanup(shutil.rmtree, cls.place)
        right = [0.9, 0.95, 0.85]
        adaptive = [System("mdi-exit-none", False, ADAPTIVE, gaps=[0.1, 0.11, 0.12], right=right)]
        for threshold, gap in ((0.5, 0.05), (0.7, 0.06), (0.9, 0.08)):
            adaptive.append(
                System(
                    f"mdi-exit-{threshold}",
                    fixed(threshold),
                    ADAPTIVE,
                    exits=[1, 2, 4],
                    gaps=[gap, gap + 0.001, gap + 0.002],
                    right=right,
                )
            )
        rates = []
        for rate in (10, 20):
            offered = {"type": "poisson", "rate_hz": rate}
            for name, rule in (
                ("none", False),
                ("adaptive", {"type": "ns3::mdi::AdaptiveExit"}),
                ("fixed", fixed(0.6)),
            ):
                name = f"{name}-{rate}"
                rates.append(System(name, rule, offered, gaps=[0.05, 0.06], right=right))
        cls.plain = write_folder(os.path.join(cls.place, "plain"), [System("local"), System("b")])
        cls.ring = write_folder(os.path.join(cls.place, "ring"), adaptive + rates, name="ring")
        cls.mesh = write_folder(os.path.join(cls.place, "mesh"), adaptive + rates, name="mesh")

    def setUp(self):
        super().setUp()
        self.out = self.path("out")

    def plot(self, *arguments):
        """The command as the launcher calls it, in its working folder."""
        return self.call(sys.executable, os.path.join(EXAMPLES, "mdi_plot.py"), *arguments)

    def drawn(self, *arguments):
        """Plot well; the names of the files it wrote."""
        return self.assert_well(self.plot(*arguments)).stdout.split("\n")[:-1]

    def test_formats(self):
        copy = shutil.copytree(self.plain, self.path("copy"))
        begins = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
        names = [f"{n}.{k}" for n in ("latency", "utilisation", "timeline") for k in begins]
        begins["tml"] = b"<!DOCTYPE html>"
        paths = self.drawn(copy, "--format=svg,png,pdf")
        figures = os.path.join(copy, "figures")
        report = os.path.join(copy, "report.html")
        self.assertEqual(paths, [os.path.join(figures, name) for name in names] + [report])
        self.assertEqual(sorted(os.listdir(figures)), sorted(names))
        self.assertEqual(len(os.listdir(copy)), 6)  # four files of the results, figures, report
        first = {path: read(path) for path in paths}
        for path, content in first.items():
            self.assertTrue(content.startswith(begins[path[-3:]]), path)
            self.assertGreater(len(content), 5000, path)
        self.drawn(copy, "--format=svg,png,pdf")
        for path, content in first.items():
            self.assertTrue(read(path) == content, path + " is not the same again")

    def test_figures_of_thresholds_and_rates(self):
        paths = self.drawn(self.ring, self.mesh, "--out=" + self.out)
        each = ["latency", "utilisation", "timeline", "exits"]
        names = [f"{name}-{part}.svg" for part in ("ring", "mesh") for name in each]
        names += ["admitted-rate.svg", "accuracy-rate.svg", "accuracy-admitted.svg"]
        names += ["report-ring.html", "report-mesh.html"]
        self.assertEqual([os.path.basename(path) for path in paths], names)
        self.assertEqual(os.listdir(self.folder), ["out"])

    def test_what_the_figures_show(self):
        folders = [Results(self.ring), Results(self.mesh)]
        figure = of_exits.admitted_rate(folders)
        self.assertEqual([axis.get_title() for axis in figure.axes], ["ring", "mesh"])
        lines = [line for line in figure.axes[0].get_lines() if line.get_linestyle() != "None"]
        by_points = {len(line.get_xdata()): line for line in lines}
        self.assertEqual(list(by_points[3].get_xdata()), [0.5, 0.7, 0.9])
        rates = [2 / 0.05, 2 / 0.051, 2 / 0.052]  # of two sources
        self.assertAlmostEqual(by_points[3].get_ydata()[0], sum(rates) / 3)
        rates = [2 / 0.1, 2 / 0.11, 2 / 0.12]
        self.assertAlmostEqual(by_points[2].get_ydata()[0], sum(rates) / 3)  # across the panel
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
        self.assertEqual(set(texts), {"fixed threshold", "no exit"})
        texts = [text.get_text() for text in of_exits.accuracy_rate(folders).legends[0].get_texts()]
        self.assertEqual(set(texts), {"no exit", "adaptive threshold", "fixed threshold 0.6"})
        exits = of_exits.exits(folders[0]).legends[0].get_texts()
        self.assertEqual([text.get_text() for text in exits], ["exit 1", "exit 2", "exit 4 (end)"])

    def test_two_routers_make_two_lines(self):
        systems = []
        for router in ("mdi-exit", "pa-mdi-exit"):
            for threshold in (0.5, 0.7):
                systems.append(System(f"{router}-{threshold}", fixed(threshold), ADAPTIVE))
            systems.append(System(router + "-none", False, ADAPTIVE))
        for system in systems[3:]:
            system.strategies["router"] = "ns3::mdi::PaMdiRouter[]"
        results = Results(write_folder(self.path("two"), systems))
        texts = of_exits.accuracy_admitted([results]).legends[0].get_texts()
        rules = ("fixed threshold", "no exit")
        expected = {f"{r}: {rule}" for r in ("mdi-exit", "pa-mdi-exit") for rule in rules}
        # Only one system: its own name.
        expected = {text.replace("exit: no", "exit-none: no") for text in expected}
        self.assertEqual({text.get_text() for text in texts}, expected)

    def test_fonts_are_legible_and_legends_cover_nothing(self):
        ring = Results(self.ring)
        plain = Results(self.plain)
        for figure in (
            of_runs.latency(plain),
            of_runs.timeline(plain),
            of_exits.exits(ring),
            of_exits.admitted_rate([ring]),
            of_exits.accuracy_rate([ring]),
            of_exits.accuracy_admitted([ring]),
        ):
            figure.draw_without_rendering()
            legend = figure.legends[0].get_window_extent()
            self.assertGreaterEqual(legend.x0, 0)
            for axis in figure.axes:
                self.assertFalse(legend.overlaps(axis.get_window_extent()))
                for text in axis.get_xticklabels() + axis.get_yticklabels() + axis.texts:
                    self.assertGreaterEqual(text.get_fontsize(), 8)

    def test_long_names_do_not_overlap(self):
        names = ["a-system-with-a-very-long-name-that-goes-on-for-two-lines-" + x for x in "abc"]
        folder = write_folder(self.path("long"), [System(n) for n in names])
        figure = of_runs.utilisation(Results(folder))
        figure.draw_without_rendering()
        labels = figure.axes[0].get_yticklabels()
        boxes = [label.get_window_extent() for label in labels]
        self.assertEqual(len(boxes), 3)
        for above, below in zip(boxes, boxes[1:]):
            self.assertFalse(above.overlaps(below))
        self.assertGreaterEqual(min(box.x0 for box in boxes), 0)

    def refused(self, arguments, *parts):
        """Refused, and nothing is written."""
        before = self.content()
        self.assert_refused(self.call_main(mdi_plot.main, *arguments), *parts)
        self.assertEqual(self.content(), before)

    def test_bad_arguments(self):
        self.refused([], "DIR")
        self.assert_refused(self.plot("none"), "none: no such folder")
        self.assertEqual(self.content(), [])
        self.refused([self.folder], "manifest.json", "results folder")
        self.refused([self.plain, "--format=pgn"], "'pgn'", "do you mean png", "svg")
        self.refused([self.plain, "--format="], "there are svg, png, pdf")
        self.refused([self.plain, self.mesh], "--out=DIR")
        self.refused([self.plain, self.plain + "/.", "--out=x"], "named twice")
        self.refused([self.plain, "--out="], "--out=: no folder")
        self.write("file", "")
        self.refused([self.plain, "--out=file"], "file: not a folder")
        self.refused([self.plain, "--out=file/x"], "file/x: cannot write there")
        self.refused([self.plain, "--colour"], "no flag '--colour'")
        self.refused([self.plain, "--fromat=svg"], "'--fromat=svg'", "do you mean --format?")
        self.refused([self.plain, "--x=rate"], "--x", "no folder of ./mdi sweep")

    def test_bad_folders(self):
        def items(old, new):
            text = read(os.path.join(self.plain, "items.csv")).decode()
            self.assertIn(old, text)
            return "items.csv", text.replace(old, new, 1)

        def manifest(change):
            document = load(os.path.join(self.plain, "manifest.json"))
            change(document)
            return "manifest.json", json.dumps(document)

        lines = read(os.path.join(self.plain, "items.csv")).decode().split("\n")
        summary = read(os.path.join(self.plain, "summary.csv")).decode().split("\n")
        for (name, text), parts in (
            (items(",exit,", ",leave,"), ["items.csv: no column 'exit'", "it needs"]),
            (items("local,0,ts,1,1,1.05", "local,0,ts,1,1,soon"), ["line 3", "'soon'", "a number"]),
            (items("local,0,ts,0,1,1.0", "local,0,ts,0,1,"), ["line 2", "admitted_s is ''"]),
            (items("local,0,ts,0", "remote,0,ts,0"), ["'remote'", "there are local, b"]),
            (("items.csv", "\n".join(lines[:3]) + "\nlocal,0,ts"), ["line 4", "fewer cells"]),
            (("items.csv", "\n".join(lines[:-2]) + "\n"), ["items.csv: ", "rows of", "summary.csv"]),
            (("items.csv", "\n".join(lines[:-1])), ["items.csv: ", "cut"]),
            (("items.csv", "\n".join(lines[:3]) + ",0"), ["items.csv", "no table"]),
            (("summary.csv", "\n".join(summary[:-1])), ["summary.csv: ", "cut"]),
            (("summary.csv", "\n".join(summary[:-2]) + "\n"), ["summary.csv: ", "source all"]),
            (("summary.csv", "\n".join(summary[:3])[:-30] + "\n"), ["summary.csv, line", "fewer"]),
            (("items.csv", lines[0] + "\n" + lines[1] + ",1\n"), ["more cells than the header"]),
            (("items.csv", "\n".join(lines[:3]) + ",1\n"), ["items.csv", "no table"]),
            (("items.csv", ""), ["items.csv", "no table"]),
            (("items.csv", None), ["items.csv: No such file"]),
            (("manifest.json", None), ["manifest.json: No such file", "results folder"]),
            (("manifest.json", "{"), ["manifest.json: no JSON"]),
            (("manifest.json", "[]"), ["manifest.json: no manifest"]),
            (manifest(lambda m: m.update(version=2)), ["version is 2", "reads version 1"]),
            (manifest(lambda m: m.pop("scenario")), ["manifest.json", "no 'scenario'"]),
            (("summary.csv", None), ["summary.csv: No such file", "results folder"]),
            (("summary.csv", "system,run\n"), ["summary.csv: no column 'source'"]),
            (("timeline.json", None), ["timeline.json: No such file"]),
            (("timeline.json", "{}"), ["timeline.json", "no 'traceEvents'"]),
        ):
            copy = shutil.copytree(self.plain, self.path("copy"))
            file = os.path.join(copy, name)
            os.remove(file)
            if text is not None:
                self.write(file, text)
            with self.subTest(parts=parts):
                self.refused(["copy"], *parts)
            shutil.rmtree(copy)

    def test_help(self):
        out = self.assert_well(self.call_main(mdi_plot.main, "--help")).stdout
        for word in ("--format", "--out", "svg", "DIR"):
            self.assertIn(word, out)

    def test_nothing_to_draw(self):
        copy = shutil.copytree(self.plain, self.path("copy"))
        with open(os.path.join(copy, "summary.csv"), encoding="ascii") as file:
            summary = file.readline().strip()
        for name, text in (
            ("items.csv", ITEMS_HEADER),
            ("summary.csv", summary),
            ("timeline.json", '{"traceEvents": []}'),
        ):
            self.write(os.path.join(copy, name), text + "\n")
        self.refused(["copy"], "copy: nothing to draw, no item was completed")


if __name__ == "__main__":
    unittest.main()
