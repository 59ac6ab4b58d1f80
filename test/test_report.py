#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""report.html as a person sees it: in a headless Chromium.

usage: /usr/bin/python3 test/test_report.py [unittest arguments]; needs chromium, matplotlib, pandas
"""

import contextlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
import time
import unittest
from unittest import mock

from program_test import ROOT, load, read

sys.path.insert(0, os.path.join(ROOT, "examples"))

import mdi_plot  # noqa: E402
import mdi_report  # noqa: E402
from browser import Browser  # noqa: E402
from made_up_sweep import field, noise, write_sweep  # noqa: E402
from mdi_plot_results import mean_interval  # noqa: E402
from mdi_plot_sweep_data import Sweep  # noqa: E402
from test_plot import System, write_folder  # noqa: E402

RATE = field("rate", [1e6, 1e7, 1e8], "log", unit="b/s")
LOAD = field("load", [0.2, 0.4, 0.6])
HOSTILE = "</script><script>document.title = 'taken'</script>\"'&"
MANIFEST = {
    "command_line": "mdi-run made-up.json --set='name=\"<b>\"'",
    "runs": 2,
    "trace_error": "none",
    "versions": {"mdi": "0.1.0", "ns3": "3.37", "tensors": "none", "compiler": "12.2.0"},
    "traces": [
        {
            "device": device,
            "trace": "traces/compute/nano.json",
            "mode": "MAXN",
            "models": {"resnet56": {"kind": "calibrated", "source": "a law", "error_band": 1.0}},
        }
        for device in ("nano-a", "nano-b")
    ],
    "link_traces": [
        {
            "network": 0,
            "trace": "traces/links/bus.csv",
            "provenance": {"kind": "measured", "source": "iperf3", "error_band": 0.1},
        }
    ],
}
LATENCIES = {"slow": 0.2, "fast": 0.05, "middle": 0.1}


def plot(folder, *flags):
    """Draw; the path of the report."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = mdi_plot.main([folder, *flags])
    assert status == 0
    return out.getvalue().split("\n")[-2]


def latency(system, values, source, run):
    return 0.01 * (1 + "abc".index(system)) / values["load"] * (1 + 0.1 * noise(system, run))


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="mdi-report-")
        cls.addClassCleanup(shutil.rmtree, cls.place)
        systems = [System(n, gaps=[0.1, 0.11], latency=s) for n, s in LATENCIES.items()]
        folder = write_folder(os.path.join(cls.place, "run"), systems, description="Made up.")
        cls.edit(folder, MANIFEST)
        cls.lose(folder, "slow", 3)
        cls.run_page = plot(folder)
        sweep = write_sweep(
            os.path.join(cls.place, "sweep"),
            [RATE, LOAD],
            ["a", "b", "c"],
            latency,
            failures=[(3, "b", HOSTILE)],
            lost=lambda s, v, *_: int(s == "c" and v["load"] > 0.5),
            sweep={"unchanged": ["rate"], "description": HOSTILE},
        )
        cls.sweep_page = plot(sweep, "--metric=latency_mean_s")
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    @staticmethod
    def edit(folder, entries):
        path = os.path.join(folder, "manifest.json")
        manifest = load(path)
        with open(path, "w", encoding="ascii") as file:
            json.dump({**manifest, **entries}, file)

    @staticmethod
    def lose(folder, system, count):
        """Items of the summary that are not completed."""
        path = os.path.join(folder, "summary.csv")
        text = read(path).decode()
        with open(path, "w", encoding="ascii") as file:
            file.write(text.replace(f"{system},0,ts,,20,20", f"{system},0,ts,,20,{20 - count}"))

    def cells(self, column, table="results"):
        """Texts of a column, as shown."""
        return self.browser.run(
            f"[...document.querySelectorAll('#{table} tbody tr')]"
            f".map(row => row.cells[{column}].textContent)"
        )

    def text(self, selector="main"):
        return self.browser.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def quiet(self, path):
        self.assertEqual(self.browser.errors, [])
        self.assertEqual(self.browser.requests, ["file://" + path])

    def test_nothing_goes_wrong_and_nothing_is_fetched(self):
        for path in (self.run_page, self.sweep_page):
            self.browser.open(path)
            self.quiet(path)
            self.assertFalse(re.findall(rb'(?:src|href)="(?!data:|#)', read(path)))
            twice = self.browser.run(
                "(() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
                "return ids.filter((id, i) => ids.indexOf(id) !== i); })()"
            )
            self.assertEqual(twice, [])

    def test_the_browser_sees_what_is_wrong(self):
        path = os.path.join(self.place, "bad.html")
        for text, errors, requests in (
            ("<script>console.error('no')</script>", 1, 0),
            ("<script>undefined.x</script>", 1, 0),
            ("<img src='file:///gone.png'>", None, 1),
        ):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            self.browser.open(path)
            if errors is not None:
                self.assertEqual(len(self.browser.errors), errors, text)
            self.assertEqual(len(self.browser.requests), 1 + requests, text)

    def test_all_figures_are_there(self):
        for path, count in ((self.run_page, 3), (self.sweep_page, 5)):
            self.browser.open(path)
            boxes = self.browser.run(
                "[...document.querySelectorAll('figure')].map(figure => {"
                "const box = figure.querySelector('svg').getBoundingClientRect();"
                "const drawn = [...figure.querySelectorAll('svg path, svg use, svg image')]"
                ".filter(e => e.getBoundingClientRect().width > 0);"
                "return [box.width, box.height, drawn.length,"
                "figure.querySelector('figcaption').innerText.length]; })"
            )
            self.assertEqual(len(boxes), count)
            for width, height, drawn, caption in boxes:
                self.assertGreater(width, 200)
                self.assertGreater(height, 80)
                self.assertGreater(drawn, 10)
                self.assertGreater(caption, 60)

    def test_the_table_has_the_numbers_of_the_files(self):
        self.browser.open(self.run_page)
        rows = dict(zip(zip(self.cells(0), self.cells(1)), self.cells(3)))
        self.assertEqual(rows["fast", "all"], "150.0 \N{PLUS-MINUS SIGN} 0.0")  # 3 * 50 ms
        self.assertEqual(len(rows), 9)
        self.browser.open(self.sweep_page)
        heads = self.browser.run(
            "[...document.querySelectorAll('#results thead button')].map(e => e.textContent)"
        )
        at = heads.index("mean latency [ms]")
        expected = mean_interval([1e3 * latency("a", {"load": 0.4}, "ts", r) for r in range(3)])
        found = self.cells(at)[3]  # the second point's first system
        self.assertEqual(found, "{:.1f} \N{PLUS-MINUS SIGN} {:.1f}".format(*expected))
        self.assertEqual(self.cells(heads.index("lowest mean"))[:3], ["best", "", ""])
        self.assertEqual(self.cells(heads.index("rate (Mb/s)"))[0], "1")

    def test_tables_sort(self):
        self.browser.open(self.run_page)
        self.assertEqual(self.cells(0)[0], "slow")
        head = "#results thead th:nth-child(4) button"
        self.browser.click(head)
        ascending = ["fast"] * 3 + ["middle"] * 3 + ["slow"] * 3
        self.assertEqual(self.cells(0), ascending)
        self.assertEqual(self.sorted_by(), [None] * 3 + ["ascending"] + [None] * 2)
        self.browser.click(head)
        self.assertEqual(self.cells(0), ascending[::-1])
        self.assertEqual(self.sorted_by()[3], "descending")
        # By keyboard, texts; then numbers that some rows have not.
        self.browser.press("#results thead th:nth-child(1) button", "Enter")
        self.assertEqual(self.cells(0), ascending)
        self.assertEqual(self.sorted_by()[:4], ["ascending", None, None, None])
        self.quiet(self.run_page)

    def sorted_by(self):
        return self.browser.run(
            "[...document.querySelectorAll('#results thead th')]"
            ".map(head => head.getAttribute('aria-sort'))"
        )

    def test_empty_cells_stay_behind(self):
        folder = os.path.join(self.place, "gaps")
        none = lambda s, v, *_: None if v["load"] == 0.4 else latency(s, v, *_)  # noqa: E731
        write_sweep(folder, [LOAD], ["a", "b"], none)
        self.browser.open(plot(folder, "--metric=latency_mean_s"))
        for _ in range(2):
            self.browser.click("#results thead th:nth-child(5) button")
            shown = self.cells(4)
            self.assertEqual([text == "" for text in shown], [False] * 4 + [True] * 2)
        numbers = [float(text.split()[0]) for text in shown[:4]]
        self.assertEqual(numbers, sorted(numbers, reverse=True))

    def test_a_phone_scrolls_tables_and_figures_not_the_page(self):
        for path in (self.run_page, self.sweep_page):
            self.browser.open(path, width=400)
            self.browser.run("document.querySelectorAll('details').forEach(e => e.open = true)")
            self.assertEqual(self.browser.run("document.documentElement.scrollWidth"), 400)
            small = self.browser.run(
                "[...document.querySelectorAll('p, td, th, figcaption, li')]"
                ".filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).length"
            )
            self.assertEqual(small, 0)

    def test_light_and_dark(self):
        shades = []
        for dark in (False, True):
            self.browser.open(self.run_page, dark=dark)
            for name in ("backgroundColor", "color"):
                colour = self.browser.run(f"getComputedStyle(document.body).{name}")
                shades.append(sum(map(int, re.findall(r"\d+", colour)[:3])))
            plot_colour = "getComputedStyle(document.querySelector('.plot')).backgroundColor"
            self.assertEqual(self.browser.run(plot_colour), "rgb(255, 255, 255)")
        light, ink, dark, chalk = shades
        self.assertGreater(light - ink, 500)
        self.assertGreater(chalk - dark, 500)

    def test_paper(self):
        self.browser.open(self.sweep_page, dark=True)
        self.browser.call("Emulation.setEmulatedMedia", media="print")
        colour = self.browser.run("getComputedStyle(document.body).backgroundColor")
        self.assertEqual(colour, "rgb(255, 255, 255)")
        path = os.path.join(self.place, "page.pdf")
        self.browser.pdf(path)
        self.browser.call("Emulation.setEmulatedMedia", media="")
        self.assertTrue(read(path).startswith(b"%PDF"))

    def test_what_a_run_says(self):
        self.browser.open(self.run_page)
        text = self.text()
        for part in (
            "Made up.",
            "3 systems compared, 2 runs each, by mdi 0.1.0",
            "slow lost 3 of 40 items of ts",
            "nano-a, nano-b",
            "calibrated",
            "a factor 2",
            "a law",
            "measured",
            "\N{PLUS-MINUS SIGN}10 %",
            "./mdi run made-up.json --set='name=\"<b>\"'",
            "Seed 1, runs 0 to 1.",
            "3.37",
            "95 % interval by Student's t",
        ):
            self.assertIn(part, text)
        self.assertLess(text.index("slow lost"), text.index("Results"))
        self.assertNotIn('"admission"', text)
        self.browser.click("details summary")
        self.assertIn('"admission"', self.text())

    def test_what_a_sweep_says(self):
        self.browser.open(self.sweep_page)
        text = self.text(".note.bad")
        for part in (
            "The field rate changed no result",
            "Failed: b at point 3: " + HOSTILE,
            "c at 3 of 9 points",
        ):
            self.assertIn(part, text)
        self.assertIn("9 points (a grid), 3 systems, 3 runs each", self.text())
        self.assertEqual(self.browser.run("document.title"), "made-up: report")

    def test_nothing_lost(self):
        folder = os.path.join(self.place, "good")
        write_sweep(folder, [LOAD], ["a"], latency)
        self.browser.open(plot(folder, "--metric=latency_mean_s"))
        self.assertIn("Every point has its results", self.text(".note.good"))

    def test_a_long_table_is_quick(self):
        folder = os.path.join(self.place, "long")
        names = [f"system-{i}" for i in range(7)]
        many = [field("x", list(range(100))), field("y", list(range(10))), field("z", ["<i>", "b"])]
        many[2]["scale"] = "category"
        points = [[x, y, "<i>" if x % 2 else "b"] for x in range(100) for y in range(10)]
        write_sweep(folder, many, names, lambda *_: 0.1, points, runs=2, sources={"ts": 1})
        path = os.path.join(folder, "report.html")
        begin = time.monotonic()
        page = mdi_report.of_sweep(Sweep(folder), [])
        self.assertLess(time.monotonic() - begin, 60)
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)
        begin = time.monotonic()
        self.browser.open(path)
        self.assertEqual(len(self.cells(0)), 200)
        self.browser.click("#results thead th:nth-child(5) button")
        self.browser.click("#results thead th:nth-child(1) button")
        self.browser.click("#results thead th:nth-child(1) button")
        self.assertEqual(self.cells(0), [str(999 - i // 7) for i in range(200)])
        choose = (
            "(() => {{ const e = document.querySelector('select[data-column=\"{}\"]');"
            "e.value = '{}'; e.dispatchEvent(new Event('change')); }})()"
        )
        self.browser.run(choose.format(3, "<i>"))
        self.browser.run(choose.format(4, "system-3"))
        self.assertEqual(set(self.cells(4)), {"system-3"})
        self.assertEqual(set(self.cells(3)), {"<i>"})
        self.assertEqual(self.text("#results-controls output"), "200 of 500 rows")
        self.browser.click("#results-controls button:last-of-type")
        self.assertEqual(len(self.cells(0)), 500)
        self.assertLess(time.monotonic() - begin, 30)
        self.quiet(path)

    def test_without_chromium_tests_fail(self):
        with mock.patch.dict(os.environ, {"PATH": self.place}):
            self.assertRaisesRegex(AssertionError, "apt install chromium", Browser)


if __name__ == "__main__":
    unittest.main()
