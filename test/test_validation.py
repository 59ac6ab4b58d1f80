#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The measured testbeds: traces/validation/validate.py with few runs, and what it says of limits.

usage, in the project's root: python3 test/test_validation.py BUILD_DIR [unittest arguments]
"""

import contextlib
import csv
import importlib.util
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")  # or the first argument
FOLDER = os.path.join(ROOT, "traces", "validation")

_spec = importlib.util.spec_from_file_location("validate", os.path.join(FOLDER, "validate.py"))
validate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(validate)


class Validation(unittest.TestCase):
    def run_script(self, *arguments):
        """Exit status and rows."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.csv")
            program = "--program=" + os.path.join(BUILD, "mdi-run")
            with contextlib.redirect_stdout(io.StringIO()) as output:
                status = validate.main([*arguments, program, "--csv=" + path])
            with open(path, newline="", encoding="ascii") as file:
                return status, list(csv.DictReader(file)), output.getvalue()

    def test_two_orin_nano(self):
        status, rows, output = self.run_script("--only=two-orin-nano", "--runs=2", "--items=4")
        self.assertEqual(status, 0, output)
        limited = [row for row in rows if row["limit"]]
        # Two models, two concurrencies: gap as given and beside, first token beside;
        # at concurrency 1 both with the processor, too.
        self.assertEqual(len(limited), 4 * 3 + 2 * 2)
        for row in limited:
            for end in ("deviation_low", "deviation_high"):
                self.assertLessEqual(abs(float(row[end])), float(row["limit"]), row)
        # A plain Gigabit link is too fast; of a gap that is little, of a first token much.
        for row in rows:
            if row["network"] == "none" and row["quantity"] == "first token":
                self.assertLess(float(row["deviation_low"]), -0.1, row)

    def test_tx2(self):
        few = ("--tx2-runs=1", "--items=6", "--tokens=4", "--band=64")
        status, rows, output = self.run_script("--only=three-tx2", *few)
        self.assertEqual(status, 0, output)
        limited = [row for row in rows if row["limit"]]
        self.assertEqual([row["quantity"] for row in limited], ["speed-up on 2", "speed-up on 3"])
        ideal = {"speed-up on 2": 36 / 20, "speed-up on 3": 36 / 13}
        for row in limited:
            self.assertLess(float(row["mean"]), ideal[row["quantity"]])

    def test_a_program_that_fails(self):
        command = [sys.executable, os.path.join(FOLDER, "validate.py"), "--program=/bin/false"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)


class Limits(unittest.TestCase):
    def row(self, mean, limit):
        return validate.Row("s", "c", "n", "q", "s", 1.0, 1.01, mean, 0.0, limit)

    def test_both_ends_count(self):
        self.assertFalse(validate.missed(self.row(1.005, 0.02)))
        self.assertFalse(validate.missed(self.row(1.0199, 0.02)))
        self.assertTrue(validate.missed(self.row(1.0201, 0.02)))
        self.assertTrue(validate.missed(self.row(0.989, 0.02)))  # 2.1 % below the higher end
        self.assertFalse(validate.missed(self.row(0.5, None)))

    def test_a_missed_limit_is_said(self):
        self.assertIn("MISSED", validate.text(self.row(1.1, 0.02))[-1])
        self.assertNotIn("MISSED", validate.text(self.row(1.0, 0.02))[-1])

    def test_interval(self):
        mean, half = validate.interval([1.0, 2.0, 3.0])
        self.assertEqual(mean, 2)
        self.assertAlmostEqual(half, 4.303 / math.sqrt(3))
        self.assertTrue(math.isnan(validate.interval([1.0])[1]))


class Inputs(unittest.TestCase):
    def test_the_trace_at_concurrency_1_is_the_committed_one(self):
        """What decoding takes there is what the trace was made from: nothing is changed."""
        of = validate.measured()
        for model in validate.SPLITS:
            stages = [of[f"{model} concurrency 1", f"stage {i} token"] for i in (0, 1)]
            ours = validate.trace_with_stages(model, stages)
            committed = validate.load("compute", "orin-nano.json")
            for trace in (ours, committed):
                trace["layers"] = trace["modes"]["MAXN_SUPER"]["models"][model].pop("layers")
            for name, layer in committed.pop("layers").items():
                self.assertAlmostEqual(ours["layers"][name]["cached_s"], layer["cached_s"], 12)
                self.assertEqual(ours["layers"][name]["mean_s"], layer["mean_s"])
            del ours["layers"]
            self.assertEqual(json.dumps(ours), json.dumps(committed))

    def test_nothing_compared_is_fitted(self):
        """language-models.csv, from which the traces are made, has none of it."""
        path = os.path.join(ROOT, "traces", "compute", "language-models.csv")
        with open(path, newline="", encoding="ascii") as file:
            fitted = {float(row["value"]) for row in csv.DictReader(file)}
        for (case, quantity), value in validate.measured().items():
            if quantity.split()[0] in ("gap", "first", "tokens", "speed-up"):
                self.assertNotIn(value, fitted, (case, quantity))


if __name__ == "__main__":
    if len(sys.argv) > 1 and os.path.isdir(sys.argv[1]):
        BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
