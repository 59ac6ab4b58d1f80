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

from program_test import ROOT, load

COMPUTE = os.path.join(ROOT, "traces", "compute")
sys.dont_write_bytecode = True
sys.path.insert(0, COMPUTE)
sys.path.insert(0, os.path.join(ROOT, "traces", "models"))

import estimate  # noqa: E402
import language  # noqa: E402
import language_graphs  # noqa: E402
import laws  # noqa: E402
import leave_one_out  # noqa: E402
import make_traces  # noqa: E402
import orin  # noqa: E402
import transformer  # noqa: E402
import xeon  # noqa: E402
from layers import LAYERS  # noqa: E402
from leave_one_out import Law, Part  # noqa: E402

# What whoever gathered the measurements found with several losses: largest median error of a part,
# range of the error of the sum.
STATED = {
    "resnet50": (0.19, -0.10, 0.01),
    "mobilenetv2": (0.28, -0.30, 0.19),
    "vgg16": (0.44, 0.0, 0.70),
}


def trace_models():
    """(device, mode, model, its block, the mode's block) of all that the traces have."""
    for name in sorted(os.listdir(COMPUTE)):
        if name.endswith(".json"):
            trace = load(os.path.join(COMPUTE, name))
            for mode, block in trace["modes"].items():
                for model, times in block["models"].items():
                    yield trace["device"], mode, model, times, block


def factor(curve, tokens):
    """What the format says of a curve."""
    points = curve["points"]
    after = next(i for i, point in enumerate(points) if point[0] >= tokens)
    if curve["rule"] == "staircase" or points[after][0] == tokens:
        return points[after][1]
    (x1, y1), (x2, y2) = points[after - 1 : after + 1]
    return y1 + (y2 - y1) * (tokens - x1) / (x2 - x1)


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


class Xeon(unittest.TestCase):
    def test_it_takes_what_its_law_says(self):
        figures = laws.Figures()
        law = estimate.Law(*xeon.law(figures))
        self.assertAlmostEqual(law.flop_per_s, 24 * 2.2e9 * 32 * 0.2)
        sizes = estimate.read_sizes()
        for model in ("resnet50", "resnet56"):
            layers, _, provenance = xeon.service_times(figures, sizes[model], model)
            self.assertAlmostEqual(sum(layers.values()), law.total(sizes[model]))
            self.assertEqual(provenance["error_band"], 2.0)


class Gpt2(unittest.TestCase):
    def test_its_work_is_that_of_its_formula(self):
        layers = LAYERS["gpt2"]()
        blocks = sum(work.flop for name, work in layers.items() if name.startswith("h."))
        self.assertEqual(blocks, 12 * transformer.block_flop(32))
        self.assertEqual(transformer.launching(layers), 12 * 21 + 8)

    def test_generation_keeps_the_prefill_and_its_bounds(self):
        figures = laws.Figures()
        for device, mode in [*estimate.KNOWN, (xeon.DEVICE, xeon.MODE)]:
            each = make_traces.time_of_an_operation(figures, device, mode)
            layers = transformer.service_times(figures, device, mode, each)[0]
            block, cached = transformer.generation(figures, device, mode, each)
            self.assertEqual(layers.keys(), cached.keys())
            self.assertEqual(factor(block["whole"], 32), 1)
            self.assertEqual(block["whole"]["points"][-1][0], 1024)
            # A step is no longer than a pass over as many tokens as the context has.
            whole = sum(layers.values()) * factor(block["whole"], 64)
            self.assertLessEqual(sum(cached.values()), whole * (1 + 1e-6), (device, mode))
            host = transformer.launching(layers) * each
            self.assertGreaterEqual(sum(cached.values()) * (1 + 1e-9), host)
            if device == "orin-nano":  # llama.cpp, quantised, 135 M parameters
                self.assertGreater(sum(cached.values()), 0.00605)

    def test_weights_are_read_in_each_step(self):
        figures = laws.Figures()
        bandwidth = transformer.rates(figures, "nano", "MAXN")[1]
        times = transformer.step_times(figures, "nano", "MAXN", 1)
        self.assertAlmostEqual(sum(times.values()) * bandwidth / 494e6, 1, delta=0.01)
        longer = transformer.step_times(figures, "nano", "MAXN", 1001)
        kept = 12 * 2 * 1000 * 768 * 4  # keys and values, FP32
        grown = (sum(longer.values()) - sum(times.values())) * bandwidth
        self.assertAlmostEqual(grown / kept, 1, delta=0.01)

    def test_near_two_hundred_tokens_it_is_the_measured_encoder(self):
        figures = laws.Figures()
        times = transformer.running_times(figures, "agx-orin", "MAXN", 197)
        block = sum(time for name, time in times.items() if name.startswith("h.3."))
        self.assertAlmostEqual(block / 0.00448, 1, delta=0.2)


class Estimates(unittest.TestCase):
    def laws(self):
        for device, mode, model, block, of_mode in trace_models():
            law = of_mode["law"]
            numbers = (law["per_operation_s"], law["flop_per_s"], law["bytes_per_s"])
            yield device, mode, model, block, estimate.Law(*numbers), law["provenance"]

    def test_known_totals_are_within_the_band(self):
        sizes = estimate.read_sizes()
        seen = set()
        for device, mode, model, block, law, provenance in self.laws():
            if model not in sizes or device not in laws.BOARDS:
                continue
            known = sum(layer["mean_s"] for layer in block["layers"].values())
            ratio = law.total(sizes[model]) / known
            band = provenance["error_band"]
            self.assertTrue(1 / (1 + band) <= ratio <= 1 + band, (device, mode, model, ratio))
            family = device in orin.DEVICES and model in ("resnet50", "mobilenetv2")
            if family and model in estimate.KNOWN.get((device, mode), ()):
                self.assertLess(abs(ratio - 1), 0.2, (device, mode, model))
            seen.add(model)
        self.assertEqual(seen, set(sizes))

    def test_the_larger_predicts_better_than_the_sum(self):
        sizes = estimate.read_sizes()["resnet50"]
        figures = laws.Figures()
        for (device, mode), models in estimate.KNOWN.items():
            each = make_traces.time_of_an_operation(figures, device, mode)
            guess = estimate.first_guess(figures, device, mode, each)[0]
            known = sum(make_traces.service_times(figures, device, mode, "resnet50")[0].values())
            both = guess._replace(per_operation=0)
            added = each * len(sizes) + both.total(sizes)
            self.assertGreater(added / known, 1.15)
            self.assertTrue(0.87 < guess.total(sizes) / known < 1.4, (device, mode, models))
            self.assertGreater(abs(added / known - 1), abs(guess.total(sizes) / known - 1))

    def test_a_law_is_the_largest_of_three(self):
        law = estimate.Law(1e-4, 1e9, 1e8)
        self.assertEqual(law(1e4, 1e3), 1e-4)
        self.assertEqual(law(1e6, 1e3), 1e-3)
        self.assertEqual(law(1e4, 1e6), 1e-2)

    def test_fit_keeps_a_first_guess_that_is_right(self):
        law = estimate.Law(1e-4, 1e9, 1e8)
        each = [(10**6, 10)] * 3 + [(1, 10**5)] * 2 + [(1, 1)] * 7
        sizes = {"net": dict(enumerate(each))}
        totals = {"net": law.total(sizes["net"])}
        self.assertEqual(estimate.fit(law, totals, sizes), law)
        slower = estimate.fit(law, {"net": 2 * totals["net"]}, sizes)
        self.assertTrue(1 < slower.total(sizes["net"]) / totals["net"] < 2)

    def test_bytes_of_a_layer(self):
        tensor = {"shape": [1, 8], "dtype": "float32"}
        layer = {"op": "aten::embedding", "inputs": [-1], "outputs": [tensor], "flop": 0}
        graph = {"inputs": [{"shape": [1, 2], "dtype": "int64"}], "layers": [layer]}
        layer.update({"name": "it", "weight_bytes": 1000})
        self.assertEqual(estimate.sizes_of(graph), {"it": (0, 32 + 32 + 16)})
        layer["op"] = "aten::linear"
        self.assertEqual(estimate.sizes_of(graph), {"it": (0, 1000 + 32 + 16)})


class Generation(unittest.TestCase):
    def test_curves_can_be_read(self):
        known = set()
        for device, mode, model, block, _ in trace_models():
            growth = block.get("generation")
            cached = ["cached_s" in layer for layer in block["layers"].values()]
            if not growth:
                self.assertFalse(any(cached), (device, model))
                continue
            known.add((device, mode, model))
            self.assertIn("error_band", growth["provenance"])
            self.assertEqual(block["inputs"].split()[0], f"1x{growth['tokens']}")
            self.assertEqual("cached" in growth, "context" in growth)
            self.assertEqual(cached, ["cached" in growth] * len(cached))
            for curve, at in (("whole", "tokens"), ("cached", "context")):
                if curve in growth:
                    self.assertIn(growth[curve]["rule"], ("linear", "staircase"))
                    points = growth[curve]["points"]
                    self.assertEqual([p[0] for p in points], sorted({p[0] for p in points}))
                    self.assertTrue(all(p[1] > 0 for p in points))
                    self.assertEqual(factor(growth[curve], growth[at]), 1)
        for (device, mode), models in language.MODELS.items():
            for model in models:
                self.assertIn((device, mode, model), known)

    def test_stages_take_what_was_measured(self):
        figures = laws.Figures()
        for model, net in language_graphs.QWEN.items():
            layers = language.block_of(figures, model)["layers"]
            names = list(layers)
            cut = 1 + net.stages[0][0]  # the embedding is in the first stage
            for phase, key in (("prefill", "mean_s"), ("decode", "cached_s")):
                for number, part in enumerate((names[:cut], names[cut:])):
                    measured = figures("orin-nano", f"{model} {phase} stage {number} total_s")
                    total = sum(layers[name][key] for name in part)
                    self.assertAlmostEqual(total, measured, delta=1e-9)

    def test_one_board_agrees_with_the_stages(self):
        figures = laws.Figures()
        a, b = language.decode_line(figures)
        model = language.ONE_NODE
        stages = sum(figures("orin-nano", f"{model} decode stage {i} total_s") for i in (0, 1))
        self.assertAlmostEqual((a + 108 * b) / stages, 1, delta=0.01)
        for context, measured in language.gaps(figures):
            self.assertAlmostEqual((a + b * context) / measured, 1, delta=0.03)

    def test_steps_of_gpt2_large(self):
        figures = laws.Figures()
        block = language.block_of(figures, "gpt2-large")
        total = sum(layer["mean_s"] for layer in block["layers"].values())
        for context, measured in ((100, 0.4486), (128, 0.4486), (129, 0.7880), (384, 1.2381)):
            time = total * factor(block["generation"]["whole"], context)
            self.assertAlmostEqual(time, measured, delta=1e-6)

    def test_line_finds_an_exact_one(self):
        a, b = language.fitted_line([(x, 3 + 0.5 * x) for x in (1, 7, 20)])
        self.assertAlmostEqual(a, 3)
        self.assertAlmostEqual(b, 0.5)


class Staging(unittest.TestCase):
    def test_a_remote_call_costs_what_was_measured(self):
        figures = laws.Figures()
        for device in laws.BOARDS:
            block = language.staging(figures, device)
            band = block["provenance"]["error_band"]
            self.assertEqual(band, 0.11 if device == "orin-nano" else 1.0)
            wire = 0.205e-3 - 6500 * 8 / 938.2e6  # round trip of a raw exchange less its bytes
            rows = ((6144, 1.160353e-3), (270336, 19.1692e-3), (360448, 29.7086e-3))
            for bytes_, measured in rows:
                call = 2 * block["per_message_s"] + bytes_ * (block["per_byte_s"] + 8 / 938.2e6)
                self.assertAlmostEqual((call + wire) / measured, 1, delta=band)


class Graphs(unittest.TestCase):
    def test_files_are_what_the_script_computes(self):
        for name, graph in language_graphs.graphs().items():
            path = os.path.join(ROOT, "traces", "models", name + ".json")
            with open(path, encoding="ascii") as file:
                self.assertEqual(file.read(), language_graphs.to_text(graph), name)

    def test_traces_have_their_layers(self):
        graphs = language_graphs.graphs()
        for _, _, model, block, _ in trace_models():
            if model in graphs:
                names = [layer["name"] for layer in graphs[model]["layers"]]
                self.assertEqual(names, list(block["layers"]))

    def test_weights_are_those_measured(self):
        for model, net in language_graphs.QWEN.items():
            layers = language_graphs.graphs()[model]["layers"]
            cut = 1 + net.stages[0][0]
            parts = [layers[:cut], layers[cut:]]
            sums = [sum(layer["weight_bytes"] for layer in part) for part in parts]
            self.assertEqual(sums, [bytes_ for _, bytes_ in net.stages])
            blocks = [layer["weight_bytes"] for layer in layers[1:-1]]
            self.assertLess(max(blocks) / min(blocks), 1.03)

    def test_work_of_gpt2_large_is_that_of_the_source(self):
        # 137.7 GFLOP at a context of 96 (jetson/compute/tx2_gpt2.csv of whoever gathered the data)
        width = 1280
        flop = 36 * (24 * width**2 * 96 + 4 * 96**2 * width) + 2 * width * 50257
        self.assertAlmostEqual(flop / 1.377e11, 1, delta=1e-3)
        layers = language_graphs.gpt2_large()["layers"]
        ours = sum(layer["flop"] for layer in layers)
        self.assertEqual(ours, 36 * (24 * width**2 * 128 + 4 * 128**2 * width) + 2 * width * 50257)
        weights = sum(layer["weight_bytes"] for layer in layers) - 2 * width * 50257
        self.assertAlmostEqual(weights / 2 / 774e6, 1, delta=1e-3)


if __name__ == "__main__":
    unittest.main()
