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

    def assert_refused(self, result, *parts):
        """Bad input: status 2, one line that says all of `parts`, nothing else."""
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        self.assertRegex(result.stderr, r"\A[^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, result.stderr)

    def test_bad_flags(self):
        absent = os.path.join(self.folder.name, "none", "bench.json")
        for flag, *parts in (
            ("--no-such-flag", "--no-such-flag"),
            ("flow", "unknown flag flow"),
            ("--filter=no-such-name", "no benchmark", "flow"),
            ("--filter=(", "no regular expression"),
            ("--filter", "--filter=VALUE"),
            ("--out", "--out=VALUE"),
            ("--out=", "--out=VALUE"),
            ("--out=" + absent, absent, "folder that exists"),
            ("--out=" + self.folder.name, "cannot write"),
        ):
            with self.subTest(flag):
                refused = run(os.path.join(BUILD, "mdi-bench"), "--smoke", flag)
                self.assert_refused(refused, *parts)
        unused = os.path.join(self.folder.name, "unused.json")
        self.assert_refused(
            run(os.path.join(BUILD, "mdi-bench"), "--out=" + unused, "--filter=none"), "none"
        )
        self.assertFalse(os.path.exists(unused))

    def test_help(self):
        result = run(os.path.join(BUILD, "mdi-bench"), "--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for flag in ("--filter=", "--out=", "--table"):
            self.assertIn(flag, result.stdout)

    def test_table_of_bad_files(self):
        foreign = os.path.join(self.folder.name, "foreign.json")
        for text in (None, "", "[]", "{}", '{"context": {}, "mdi": []}', '{"context": 1, "mdi": 2}'):
            with self.subTest(text):
                if text is not None:
                    with open(foreign, "w", encoding="utf-8") as file:
                        file.write(text)
                self.assert_refused(run(sys.executable, TABLE, foreign), foreign, "--out")
        self.assert_refused(run(sys.executable, TABLE), "--out")


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
