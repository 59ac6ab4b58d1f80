#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""./mdi profile as users call it: the trace it writes, its messages, and a scenario on the trace.

usage, in the project's root: python3 test/test_profile.py BUILD_DIR [unittest arguments]
"""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from program_test import BUILD, MODEL, PYTHON, ROOT, SCENARIOS, ProgramTest, call, load, read, rows

PROFILE = os.path.join(BUILD, "mdi-profile")
SMALL = None  # a folder with small models


def setUpModule():
    """Makes the small models, once for all tests."""
    global SMALL
    SMALL = tempfile.mkdtemp(prefix="mdi-profile-models-")
    unittest.addModuleCleanup(shutil.rmtree, SMALL)
    subprocess.run([PYTHON, os.path.join(ROOT, "test", "make_test_models.py"), SMALL], check=True)
    if not os.path.exists(MODEL):
        raise RuntimeError(MODEL + " is missing; ./mdi run makes it")


class ProfileTest(ProgramTest):
    timeout = 300

    @classmethod
    def setUpClass(cls):
        # A missing model is found after a missing LibTorch.
        result = call(PROFILE, "no-such.pt")
        if "this build has no LibTorch" in result.stderr:
            raise unittest.SkipTest(result.stderr)

    def model(self, name):
        return os.path.join(SMALL, name + ".pt")

    def profile(self, *arguments):
        return self.call(PROFILE, *arguments, "--repeats=3", "--warmup=1", "--threads=1")

    def profile_well(self, *arguments):
        return self.assert_well(self.profile(*arguments)).stdout


class Trace(ProfileTest):
    def test_resnet56(self):
        output = self.profile_well(MODEL, "--device-name=box", "--mode=quiet")
        self.assertEqual(os.listdir(self.folder), ["box.json"])
        trace = load(self.path("box.json"))
        self.assertEqual(trace["device"], "box")
        self.assertEqual(trace["default_mode"], "quiet")
        self.assertEqual(trace["memory_provenance"]["kind"], "measured")
        self.assertGreater(trace["memory_bytes"], 1e8)
        # Nothing that was not measured.
        self.assertNotIn("staging", trace)
        self.assertEqual(list(trace["modes"]["quiet"]), ["models"])
        model = trace["modes"]["quiet"]["models"]["resnet56"]
        provenance = model["provenance"]
        self.assertEqual(provenance["kind"], "measured")
        self.assertIn("mdi-profile " + MODEL + " --device-name=box", provenance["source"])
        self.assertRegex(provenance["source"], r", \d{4}-\d\d-\d\d, .+, \d+ processors?$")
        self.assertRegex(provenance["framework"], r"^LibTorch [0-9.]+\S*, 1 thread$")
        self.assertEqual((provenance["precision"], provenance["batch"]), ("fp32", 1))
        # The layers that every trace of this model has, in the order of their execution.
        nano = load(os.path.join(ROOT, "traces", "compute", "nano.json"))
        known = nano["modes"]["MAXN"]["models"]["resnet56"]["layers"]
        self.assertEqual(list(model["layers"]), list(known))
        self.assertGreater(min(layer["mean_s"] for layer in model["layers"].values()), 0)
        # The sum of the layers is the mean of the whole model.
        total = sum(layer["mean_s"] for layer in model["layers"].values())
        lines = {" ".join(line.split()[:2]): line for line in output.splitlines()}
        self.assertAlmostEqual(1e3 * total, float(lines["whole model"].split()[2]), delta=1e-4)
        ratio = lines["sum of"].split(", ")[1].split()[0]
        self.assertIn("took %s times the whole model" % ratio, provenance["note"])
        self.assertIn("the other 191 ", output)
        self.assertIn('"trace": "%s"' % os.path.realpath(self.path("box.json")), output)

    def test_names_with_spaces(self):
        os.mkdir(self.path("my models"))
        shutil.copy(self.model("residual"), self.path("my models/my net.pt"))
        shape = "--input-shape=1,3,8,8"
        self.profile_well("my models/my net.pt", shape, "--device-name=my box")
        trace = load(self.path("my box.json"))
        self.assertEqual(trace["device"], "my box")
        self.assertIn("my net", trace["modes"]["default"]["models"])

    def test_times_are_whole_nanoseconds(self):
        self.profile_well(self.model("residual"), "--input-shape=1,3,8,8", "--out=t.json")
        (mode,) = load(self.path("t.json"))["modes"].values()
        for layer in mode["models"]["residual"]["layers"].values():
            self.assertEqual(layer["mean_s"], round(layer["mean_s"] * 1e9) / 1e9)

    def test_several_models(self):
        first = ("--out=t.json", "--device-name=box", "--input-shape=1,3,8,8")
        self.assertIn("written to t.json", self.profile_well(self.model("residual"), *first))
        before = load(self.path("t.json"))
        before["title"] = "my box"
        before["staging"] = {
            "per_message_s": 0.001,
            "per_byte_s": 1e-09,
            "provenance": {"kind": "measured", "source": "stop watch"},
        }
        self.write("t.json", before)
        # In-place chains, between whose operators no cut is allowed.
        output = self.profile_well(self.model("in-place"), *first)
        self.assertIn("added 'in-place' to t.json", output)
        output = self.profile_well(self.model("in-place"), *first)
        self.assertIn("replaced the times of 'in-place' in t.json", output)
        output = self.profile_well(self.model("in-place"), *first, "--mode=slow")
        self.assertIn("added 'in-place' to t.json", output)
        after = load(self.path("t.json"))
        self.assertEqual(list(after["modes"]), ["default", "slow"])
        self.assertEqual(list(after["modes"]["default"]["models"]), ["residual", "in-place"])
        self.assertIn("relu_", after["modes"]["slow"]["models"]["in-place"]["layers"])
        del after["modes"]["slow"], after["modes"]["default"]["models"]["in-place"]
        self.assertEqual(after, before)
        self.assertEqual(os.listdir(self.folder), ["t.json"])

    def test_early_exits(self):
        """Branches have times, and a scenario with exits finds them."""
        shutil.copy(self.model("exits"), self.path("exits.pt"))
        description = {
            "format": "mdi-model",
            "version": 1,
            "inputs": [{"shape": [1, 3, 8, 8]}],
            "exits": [0, 1],
        }
        self.write("exits.json", description)
        self.profile_well("exits.pt", "--out=t.json")
        (mode,) = load(self.path("t.json"))["modes"].values()
        linear = [name for name in mode["models"]["exits"]["layers"] if "/linear" in name]
        self.assertEqual(len(linear), 3, linear)

    def test_a_scenario_runs_on_the_trace(self):
        self.profile_well(MODEL, "--device-name=box")
        scenario = {
            "format": "mdi-scenario",
            "version": 1,
            "name": "mine",
            "models": {"resnet56": {"file": MODEL}},
            "devices": [{"name": "a", "trace": "box.json"}, {"name": "b", "trace": "box.json"}],
            "networks": [
                {
                    "type": "point-to-point",
                    "nodes": "all",
                    "rate_bps": 1000000000,
                    "delay_s": 0.0001,
                }
            ],
            "sources": [
                {
                    "name": name,
                    "node": node,
                    "model": "resnet56",
                    "priority": priority,
                    "items": 5,
                    "admission": {"type": "periodic", "interval_s": 0.02},
                }
                for name, node, priority in [("urgent", "a", 10), ("patient", "b", 1)]
            ],
            "time_limit_s": 600,
        }
        systems = ["local", "ms-mdi", "pa-mdi"]
        flags = ["--systems=" + ",".join(systems), "--tensors=memo", "--out=r"]
        self.run_well(self.write("s.json", scenario), *flags)
        summary = rows(self.path("r", "summary.csv"))
        self.assertEqual([row["system"] for row in summary[::3]], systems)
        for row in summary:
            self.assertEqual(float(row["output_error_max"]), 0)
            self.assertEqual(row["items_completed"], row["items_admitted"])
        manifest = load(self.path("r", "manifest.json"))
        self.assertIn("mdi-profile", json.dumps(manifest))

    def test_the_trained_network_on_two_such_devices(self):
        digits = os.path.join(ROOT, "traces", "models", "resnet56-digits.pt")
        self.profile_well(digits, "--device-name=mine", "--out=mine.json")
        self.run_well(
            os.path.join(SCENARIOS, "two-of-mine.json"),
            *["--set=devices.%s.trace=%s" % (d, self.path("mine.json")) for d in (0, 1)],
            *["--set=sources.%s.items=20" % s for s in ("ts", "nts")],
            "--runs=1",
            "--out=r",
        )
        summary = rows(self.path("r", "summary.csv"))
        self.assertEqual(len(summary), 7 * 3)
        for row in summary:
            self.assertEqual(row["items_completed"], row["items_admitted"])
            self.assertGreater(float(row["accuracy"]), 0.8)
            if row["system"] == "mdi-exit":  # with exits, and a lossy codec at the first
                self.assertLessEqual(float(row["exit_mean_layer_fraction"]), 1)
            else:
                # Strips of rows add sums of products in another order; slices give the same bits.
                limit = 1e-4 if row["system"] == "edgeflow" else 0
                self.assertLessEqual(float(row["output_error_max"]), limit)
                self.assertEqual(float(row["exit_mean_layer_fraction"]), 1)


class BadInput(ProfileTest):
    def refused(self, parts, *arguments):
        """Refused, and nothing is left behind."""
        before = {name: read(self.path(name)) for name in os.listdir(self.folder)}
        result = self.call(PROFILE, *arguments)
        self.assert_refused(result, *parts)
        after = {name: read(self.path(name)) for name in os.listdir(self.folder)}
        self.assertEqual(after, before)

    def test_models(self):
        shape = "--input-shape=1,3,8,8"
        residual = self.model("residual")
        self.refused(["which model?"])
        self.refused(["no-such.pt", "no such model file"], "no-such.pt", shape)
        self.refused(["say --input-shape="], residual)
        self.refused(["'x' is no size"], residual, "--input-shape=1,x")
        self.refused(["to have 3 channels, but got 4"], residual, "--input-shape=1,4,8,8")
        self.refused(["takes 1 input"], residual, shape + ";1:int64")
        self.refused(["torch.save"], self.model("weights"), shape)
        self.refused(["no TorchScript file"], os.path.join(ROOT, "LICENSE"), shape)
        self.refused(["a layer graph cannot be run"], os.path.join(ROOT, "CMakePresets.json"))

    def test_flags(self):
        for flag in ("repeats=0", "repeats=1000000", "warmup=many", "threads=-1"):
            self.refused(["--" + flag, "whole number"], MODEL, "--" + flag)
        self.refused(["--repeats=1", "2 at least"], MODEL, "--repeats=1")
        self.refused(["--cuda"], MODEL, "--cuda=1")
        self.refused(["unknown flag --repeat=3", "repeats"], MODEL, "--repeat=3")
        for name in ("a/b", "a\nb", "x" * 201):
            self.refused(["--device-name="], MODEL, "--device-name=" + name)
        self.refused(["--mode="], MODEL, "--mode=a/b")

    def test_cuda_without_cuda(self):
        result = self.call(PROFILE, MODEL, "--cuda", "--repeats=2", "--warmup=1")
        if result.returncode != 0:  # else there is one
            self.assert_refused(result, "--cuda: ", "CUDA")

    def test_out(self):
        self.refused(["there is no folder"], MODEL, "--out=nowhere/t.json")
        self.refused(["cannot be written"], MODEL, "--out=/proc/t.json")
        self.refused(["this is no file"], MODEL, "--out=/tmp")
        self.write("text.json", "text")
        self.refused(["text.json:1:"], MODEL, "--out=text.json")
        nano = os.path.join(ROOT, "traces", "compute", "nano.json")
        shutil.copy(nano, self.path("nano.json"))
        self.refused(
            ["nano.json", "a trace of device 'nano', not of 'box'", "--device-name"],
            MODEL,
            "--out=nano.json",
            "--device-name=box",
        )


if __name__ == "__main__":
    unittest.main()
