#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The measured testbeds: traces/validation/validate.py with few runs, and what it says of limits.

usage, in the project's root: python3 test/test_validation.py BUILD_DIR [unittest arguments]
"""

import importlib.util
import json
import math
import os
import sys
import unittest

from program_test import BUILD, ROOT, ProgramTest, rows

FOLDER = os.path.join(ROOT, "traces", "validation")

_spec = importlib.util.spec_from_file_location("validate", os.path.join(FOLDER, "validate.py"))
validate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(validate)


class Validation(ProgramTest):
    def run_script(self, *arguments):
        """The rows that it writes."""
        program = "--program=" + os.path.join(BUILD, "mdi-run")
        done = self.call_main(validate.main, *arguments, program, "--csv=rows.csv")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return rows(self.path("rows.csv"))

    def test_two_orin_nano(self):
        found = self.run_script("--only=two-orin-nano", "--runs=2", "--items=4")
        limited = [row for row in found if row["limit"]]
        # Two models, two concurrencies: gap as given and beside, first token beside;
        # at concurrency 1 both with the processor, too.
        self.assertEqual(len(limited), 4 * 3 + 2 * 2)
        for row in limited:
            for end in ("deviation_low", "deviation_high"):
                self.assertLessEqual(abs(float(row[end])), float(row["limit"]), row)
        # A plain Gigabit link is too fast; of a gap that is little, of a first token much.
        for row in found:
            if row["network"] == "none" and row["quantity"] == "first token":
                self.assertLess(float(row["deviation_low"]), -0.1, row)

    def test_tx2(self):
        few = ("--tx2-runs=1", "--items=6", "--tokens=4", "--band=64")
        limited = [row for row in self.run_script("--only=three-tx2", *few) if row["limit"]]
        self.assertEqual([row["quantity"] for row in limited], ["speed-up on 2", "speed-up on 3"])
        ideal = {"speed-up on 2": 36 / 20, "speed-up on 3": 36 / 13}
        for row in limited:
            self.assertLess(float(row["mean"]), ideal[row["quantity"]])

    def test_a_program_that_fails(self):
        script = os.path.join(FOLDER, "validate.py")
        done = self.call(sys.executable, script, "--program=/bin/false")
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
        figures = rows(os.path.join(ROOT, "traces", "compute", "language-models.csv"))
        fitted = {float(row["value"]) for row in figures}
        for (case, quantity), value in validate.measured().items():
            if quantity.split()[0] in ("gap", "first", "tokens", "speed-up"):
                self.assertNotIn(value, fitted, (case, quantity))


if __name__ == "__main__":
    unittest.main()
