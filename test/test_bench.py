#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Every benchmark once, with tiny sizes: that it works and its figures are numbers, not how fast.

usage, in the project's root: python3 test/test_bench.py BUILD_DIR [unittest arguments]
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")  # or the first argument
TABLE = os.path.join(ROOT, "test", "bench", "bench_table.py")
SUBJECTS = {"slices", "memory", "memo", "packet", "flow", "growth", "sweep"}


def run(*command):
    return subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        check=False,
        cwd=ROOT,
    )


class BenchTest(unittest.TestCase):
    """One run of all benchmarks, looked at from several sides."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="mdi-bench-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.file = os.path.join(cls.folder.name, "bench.json")
        cls.result = run(os.path.join(BUILD, "mdi-bench"), "--smoke", "--out=" + cls.file)
        with open(cls.file, encoding="utf-8") as file:
            cls.document = json.load(file)

    def test_all_work(self):
        self.assertEqual(self.result.returncode, 0, self.result.stdout + self.result.stderr)

    def test_every_benchmark_has_a_record(self):
        names = [entry["name"] for entry in self.document["benchmarks"]]
        records = [record["name"] for record in self.document["mdi"]]
        self.assertEqual([name.split("/iterations")[0] for name in names], records)
        self.assertLessEqual(SUBJECTS, {name.split("/")[0] for name in records})

    def test_figures_are_numbers(self):
        for record in self.document["mdi"]:
            for key in ("what", "reference"):
                self.assertTrue(record[key], record["name"])
            figures = [record["ratio"], record["spread"]] + list(record["details"].values())
            for figure in figures:
                self.assertIsInstance(figure, (int, float), record)
                self.assertTrue(math.isfinite(figure), record)
            self.assertGreaterEqual(record["ratio"], 0, record)
            if "target" in record:
                better = record["ratio"] <= record["target"]
                if record["goal"] == "at least":
                    better = record["ratio"] >= record["target"]
                self.assertEqual(record["met"], better, record)

    def test_table(self):
        result = run(sys.executable, TABLE, self.file)
        self.assertEqual(result.returncode, 0, result.stderr)
        for record in self.document["mdi"]:
            self.assertIn(record["what"], result.stdout)
        self.assertIn(self.document["context"]["processor"], result.stdout)

    def test_unknown_flag(self):
        result = run(os.path.join(BUILD, "mdi-bench"), "--no-such-flag")
        self.assertEqual(result.returncode, 2)


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
