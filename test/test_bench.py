#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Every benchmark once, with tiny sizes: that it works and its figures are numbers, not how fast.

usage, in the project's root: python3 test/test_bench.py BUILD_DIR [unittest arguments]
"""

import math
import os
import sys
import tempfile
import unittest

from program_test import BUILD, ROOT, ProgramTest, call, load

TABLE = os.path.join(ROOT, "test", "bench", "bench_table.py")
SUBJECTS = {"slices", "memory", "memo", "packet", "flow", "growth", "sweep"}


def bench(*flags):
    return call(os.path.join(BUILD, "mdi-bench"), *flags)


def table(*files):
    return call(sys.executable, TABLE, *files)


class BenchTest(ProgramTest):
    """One run of all benchmarks, looked at from several sides."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="mdi-bench-")
        cls.addClassCleanup(folder.cleanup)
        cls.file = os.path.join(folder.name, "bench.json")
        cls.result = bench("--smoke", "--out=" + cls.file)
        cls.document = load(cls.file)

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
        result = table(self.file)
        self.assertEqual(result.returncode, 0, result.stderr)
        for record in self.document["mdi"]:
            self.assertIn(record["what"], result.stdout)
        self.assertIn(self.document["context"]["processor"], result.stdout)

    def test_bad_flags(self):
        absent = self.path("none", "bench.json")
        for flag, *parts in (
            ("--no-such-flag", "--no-such-flag"),
            ("flow", "unknown flag flow"),
            ("--filter=no-such-name", "no benchmark", "flow"),
            ("--filter=(", "no regular expression"),
            ("--filter", "--filter=VALUE"),
            ("--out", "--out=VALUE"),
            ("--out=", "--out=VALUE"),
            ("--out=" + absent, absent, "folder that exists"),
            ("--out=" + self.folder, "cannot write"),
        ):
            with self.subTest(flag):
                self.assert_refused(bench("--smoke", flag), *parts)
        unused = self.path("unused.json")
        self.assert_refused(bench("--out=" + unused, "--filter=none"), "none")
        self.assertFalse(os.path.exists(unused))

    def test_help(self):
        result = self.assert_well(bench("--help"))
        for flag in ("--filter=", "--out=", "--table"):
            self.assertIn(flag, result.stdout)

    def test_table_of_bad_files(self):
        foreign = self.path("foreign.json")
        for text in (None, "", "[]", "{}", '{"context": {}, "mdi": []}', '{"context": 1, "mdi": 2}'):
            with self.subTest(text):
                if text is not None:
                    self.write("foreign.json", text)
                self.assert_refused(table(foreign), foreign, "--out")
        self.assert_refused(table(), "--out")


if __name__ == "__main__":
    unittest.main()
