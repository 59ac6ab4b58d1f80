#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Traces of boards: errors of the laws on networks left out, and blocks that keep their shares.

usage: python3 test/test_traces.py [unittest arguments]; needs no package
"""

import os
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMPUTE = os.path.join(ROOT, "traces", "compute")
sys.dont_write_bytecode = True
sys.path.insert(0, COMPUTE)

import laws  # noqa: E402
import leave_one_out  # noqa: E402
import orin  # noqa: E402
import transformer  # noqa: E402
from layers import LAYERS  # noqa: E402
from leave_one_out import Law, Part  # noqa: E402

# What whoever gathered the measurements found with several losses: largest median error of a part,
# range of the error of the sum.
STATED = {
    "resnet50": (0.19, -0.10, 0.01),
    "mobilenetv2": (0.28, -0.30, 0.19),
    "vgg16": (0.44, 0.0, 0.70),
}


class LeaveOneOut(unittest.TestCase):
    def test_errors_are_those_stated(self):
        parts = leave_one_out.read_parts(laws.Figures())
        for model, (median, low, high) in STATED.items():
            law, error, total = leave_one_out.hold_out(parts, model)
            self.assertLessEqual(error, median, model)
            self.assertGreaterEqual(total, low, model)
            self.assertLessEqual(total, high, model)
            self.assertTrue(100e-6 <= law.launch <= 160e-6, law)

    def test_the_held_out_network_is_not_seen(self):
        parts = leave_one_out.read_parts(laws.Figures())
        spoilt = [
            p._replace(measured=10 * p.measured) if p.model == "vgg16" else p for p in parts
        ]
        laws_ = [leave_one_out.hold_out(given, "vgg16")[0] for given in (parts, spoilt)]
        self.assertEqual(*laws_)

    def test_fit_finds_the_law_of_exact_times(self):
        law = Law(120e-6, 0.5, 0.8)
        sizes = [(n, 3e-5 * n * k, 2e-4 * k / n) for n in range(1, 6) for k in range(1, 9)]
        parts = [Part("net", 1, *size, 1, 0.0) for size in sizes]
        parts = [part._replace(measured=law(part)) for part in parts]
        for found, true in zip(leave_one_out.fit(parts), law):
            self.assertAlmostEqual(found / true, 1, delta=0.03)

    def test_median_counts_alike_parts(self):
        self.assertEqual(leave_one_out.median([(3, 1), (1, 5), (2, 1)]), 1)
        self.assertEqual(leave_one_out.median([(3, 4), (1, 1), (2, 2)]), 3)

    def test_whole_runs_within_the_bands(self):
        runs = leave_one_out.whole_runs(laws.Figures())
        self.assertEqual([run[:2] for run in runs], [("agx-orin", "30W"), ("orin-nano", "15W")])
        for device, mode, predicted, published in runs:
            band = orin.BANDS[device, "mobilenetv2", mode]
            self.assertLess(abs(predicted / published - 1), band)

    def test_the_program_prints_all(self):
        command = [sys.executable, "-B", os.path.join(COMPUTE, "leave_one_out.py")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        for model in STATED:
            self.assertRegex(done.stdout, rf"(?m)^{model}: median error of a part \d+%")


class Orin(unittest.TestCase):
    def test_blocks_keep_their_measured_shares(self):
        figures = laws.Figures()
        for device in orin.DEVICES:
            for mode in laws.BOARDS[device][1]:
                for model in ("resnet50", "mobilenetv2"):
                    blocks = orin.Blocks(model, orin.SHAPE_MODE.get(device, mode))
                    layers = orin.service_times(figures, device, mode, model)[0]
                    times = dict.fromkeys(blocks.times, 0.0)
                    for layer, time in layers.items():
                        times[blocks.of(layer)] += time
                    for block, time in times.items():
                        share = time / sum(layers.values())
                        self.assertAlmostEqual(share, blocks.times[block] / blocks.sum, places=9)

    def test_cycles_of_an_operation_are_alike_in_all_modes(self):
        figures = laws.Figures()
        clocks = {"MAXN": 2.202e9, "30W": 1.728e9, "15W": 1.1136e9}
        for mode, clock in clocks.items():
            cycles = orin.slope(figures, "agx-orin", mode) * clock
            self.assertAlmostEqual(cycles / 157e3, 1, delta=0.03)


class Arrivals(unittest.TestCase):
    def test_made_traces_are_those_that_their_script_makes(self):
        script = os.path.join(ROOT, "traces", "arrivals", "make_bursty.py")
        subprocess.run([sys.executable, "-B", script, "--check"], check=True)


class Gpt2(unittest.TestCase):
    def test_its_work_is_that_of_its_formula(self):
        layers = LAYERS["gpt2"]()
        blocks = sum(work.flop for name, work in layers.items() if name.startswith("h."))
        self.assertEqual(blocks, 12 * transformer.block_flop(32))
        self.assertEqual(transformer.launching(layers), 12 * 19 + 4)


if __name__ == "__main__":
    unittest.main()
