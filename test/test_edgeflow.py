#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Whole networks of the zoo in row strips, through packets: mdi-run, as users call it.

usage, in the project's root: /usr/bin/python3 test/test_edgeflow.py BUILD_DIR [unittest arguments]
needs torch
"""

import os
import sys
import unittest

import torch

from program_test import ROOT, ProgramTest, load, rows

BOARDS = ["nano", "tx2", "xavier-nx", "agx-xavier", "nano", "tx2"]
PLANNERS = ["exact", "linear", "equal", "proportional"]
# Side of the pictures: smaller than the traces are for, the networks are whole.
ZOO = {"resnet50": 64, "mobilenetv2": 64, "vgg16": 64, "yolov5s": 96}


def system(planner):
    strips = {"type": "ns3::mdi::RowPartitioner", "Planner": planner, "Guard": False}
    return {"name": planner, "preset": "edgeflow", "partitioner": strips}


def outputs(result):
    """All tensors in what a model returns."""
    if isinstance(result, torch.Tensor):
        return [result]
    parts = result.values() if isinstance(result, dict) else result
    return [tensor for part in parts for tensor in outputs(part)]


class Zoo(ProgramTest):
    """Each test exports its model to its working folder."""

    timeout = 600

    def traces(self, model):
        """Those of the boards, for pictures of any size."""
        for board in set(BOARDS):
            trace = load(os.path.join(ROOT, "traces", "compute", board + ".json"))
            for mode in trace["modes"].values():
                mode["models"] = {model: mode["models"][model]}
                del mode["models"][model]["inputs"]
            self.write(board + ".json", trace)

    def errors(self, model, dtype, devices):
        """Largest difference from the whole model's output, by planner."""
        side = ZOO[model]
        document = {
            "format": "mdi-scenario",
            "version": 1,
            "name": "zoo",
            "models": {
                model: {
                    "file": self.path(f"{dtype}.pt"),
                    "inputs": [{"shape": [1, 3, side, side], "dtype": dtype}],
                }
            },
            "devices": [
                {"name": f"d{i}", "trace": self.path(board + ".json")}
                for i, board in enumerate(BOARDS[:devices])
            ],
            "networks": [
                {"type": "ethernet", "nodes": "all", "rate_bps": 1000000000, "delay_s": 0.00001}
            ],
            "sources": [
                {
                    "name": "camera",
                    "node": "d0",
                    "model": model,
                    "items": 1,
                    "admission": {"type": "closed-loop", "window": 1},
                }
            ],
            "systems": [system(planner) for planner in PLANNERS],
            "runs": 1,
            "time_limit_s": 600,
        }
        done = self.run_program(self.write("scenario.json", document), "--out=out", "--overwrite")
        self.assertEqual(done.returncode, 0, done.stderr)
        whole = [row for row in rows(self.path("out/summary.csv")) if row["source"] == "all"]
        self.assertEqual([row["items_completed"] for row in whole], ["1"] * len(PLANNERS))
        for row in whole:
            self.assertGreater(float(row["bytes_on_wire"]), 0, row["system"])
        return [float(row["output_error_max"]) for row in whole]

    def check(self, model):
        export = os.path.join(ROOT, "traces", "models", "export.py")
        done = self.call(sys.executable, export, model, "--out", self.path("float32.pt"))
        self.assertEqual(done.returncode, 0, done.stderr)
        module = torch.jit.load(self.path("float32.pt")).eval()
        with torch.no_grad():
            result = module(torch.rand(1, 3, ZOO[model], ZOO[model]))
        largest = max(float(tensor.abs().max()) for tensor in outputs(result))
        module.double().save(self.path("float64.pt"))
        self.traces(model)
        # With float64 hardly any rounding is left: the strips are right. What float32 adds is that
        # sums of products are taken in another order, layer after layer.
        self.assertLess(max(self.errors(model, "float64", 6)), 1e-9 * largest)
        for devices in range(2, 7):
            error = max(self.errors(model, "float32", devices))
            self.assertLess(error, 1e-4 * largest)
            print(f"{model} on {devices} devices: {error:.1e} of {largest:.3g}", file=sys.stderr)

    def test_resnet50(self):
        self.check("resnet50")

    def test_mobilenetv2(self):
        self.check("mobilenetv2")

    def test_vgg16(self):
        self.check("vgg16")

    def test_yolov5s(self):
        self.check("yolov5s")


if __name__ == "__main__":
    unittest.main()
