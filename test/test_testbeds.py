#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The papers' testbeds as scenarios, and the sweep over them: small runs, resumption, bad input.

usage, in the project's root: /usr/bin/python3 test/test_testbeds.py BUILD_DIR [unittest arguments]
needs matplotlib and pandas
"""

import fnmatch
import os
import shutil
import sys
import types
import unittest

from program_test import BUILD, ROOT, SCENARIOS, ProgramTest, load, read, rows

sys.path.insert(0, os.path.join(ROOT, "examples"))

import mdi_plot_testbeds  # noqa: E402
import mdi_testbeds  # noqa: E402


class Testbeds(ProgramTest):
    def summary(self, name, out, *arguments):
        self.run_well(os.path.join(SCENARIOS, name + ".json"), "--out=" + out, *arguments)
        return rows(self.path(out, "summary.csv"))

    def sweep(self, *arguments):
        """A small sweep of T3."""
        program = "--program=" + os.path.join(BUILD, "mdi-run")
        small = ["--testbeds=t3", "--loads=1.2", "--ratios=10", "--runs=2", "--items=3", program]
        return self.call_main(mdi_testbeds.main, "--out=" + self.path("sweep"), *small, *arguments)


class Scenarios(Testbeds):
    def check(self, summary, systems, sources, items):
        found = {(r["system"], r["source"]): r for r in summary if r["source"] != "all"}
        self.assertEqual(set(found), {(s, o) for s in systems for o in sources})
        for row in found.values():
            done = row["items_admitted"], row["items_completed"], row["items_lost"]
            self.assertEqual(done, (items, items, "0"))
            self.assertGreater(float(row["latency_mean_s"]), 0)

    def test_pa_mdi(self):
        systems = ["local", "ar-mdi", "ms-mdi", "pa-mdi", "pa-strict"]
        for name in ("t1-private-links", "t3-colosseum"):
            small = ["--runs=1", "--set=sources.ts.items=4", "--set=sources.nts.items=4"]
            with self.subTest(name):
                self.check(self.summary(name, name, *small), systems, ["ts", "nts"], "4")

    def test_ms_mdi(self):
        """With ResNet-56, which the tests have; the launcher makes ResNet-50."""
        summary = self.summary(
            "ms-mdi-tx2",
            "tx2",
            "--runs=1",
            '--set=models={"resnet56": {"file": "../models/resnet56.pt"}}',
            *[f"--set=sources.{s}.model=resnet56" for s in ("busy", "calm")],
            *[f"--set=sources.{s}.items=4" for s in ("busy", "calm")],
        )
        self.check(summary, ["local", "ddi", "ar-mdi", "ms-mdi"], ["busy", "calm"], "4")

    with open(os.path.join(ROOT, ".gitignore"), encoding="ascii") as ignored:
        KEPT = [line.strip() for line in ignored if line.startswith("!")]

    def test_models_are_in_the_zoo_of_the_launcher(self):
        launcher = read(os.path.join(ROOT, "mdi")).decode()
        made = launcher.partition("\nmodels=(")[2].partition(")")[0].split()
        for name in ["ms-mdi-tx2", "two-of-mine-gpt2", *mdi_testbeds.TESTBEDS.values()]:
            for model in load(os.path.join(SCENARIOS, name + ".json"))["models"].values():
                file = os.path.normpath(os.path.join(SCENARIOS, model["file"]))
                kept = any(fnmatch.fnmatch(file, ROOT + line[1:]) for line in self.KEPT)
                self.assertTrue(kept or os.path.basename(file)[:-3] in made, file)

    def test_baselines_and_strict_priority_do_not_know_the_ratio(self):
        """So the sweep runs them once for each load."""
        found = []
        for ratio in (10, 100):
            self.summary(
                "t3-colosseum",
                f"ratio-{ratio}",
                "--runs=1",
                "--systems=local,ar-mdi,ms-mdi,pa-strict",
                f"--set=sources.ts.priority={ratio}",
                *[f"--set=sources.{s}.admission.rate_hz=150" for s in ("ts", "nts")],
                *[f"--set=sources.{s}.items=12" for s in ("ts", "nts")],
            )
            table = rows(self.path(f"ratio-{ratio}", "items.csv"))
            for row in table:
                del row["priority"]
            found.append(table)
        self.assertEqual(len(found[0]), 4 * 2 * 12)
        self.assertEqual(*found)


class Sweep(Testbeds):
    def test_it_goes_on_where_it_was(self):
        points = ["baselines", "pa-strict", "ratio-10"]
        at = self.path("sweep", "t3", "load-1.2")
        csv_file, figure = self.path("sweep", "reductions.csv"), self.path("sweep", "testbeds.svg")
        out = self.assert_well(self.sweep()).stdout
        self.assertEqual(out.split(), [os.path.join(at, p) for p in points] + [csv_file, figure])
        first, drawn = read(csv_file), read(figure)
        found = rows(csv_file)
        self.assertEqual(len(found), 2 * (1 + 3 + 3))  # ms-mdi against ar-mdi, two others against 3
        self.assertEqual({row["runs"] for row in found}, {"2"})

        shutil.rmtree(os.path.join(at, "pa-strict"))
        before = os.stat(os.path.join(at, "baselines", "items.csv")).st_mtime_ns
        out = self.assert_well(self.sweep()).stdout
        self.assertEqual(out.split(), [os.path.join(at, "pa-strict"), csv_file, figure])
        self.assertEqual(os.stat(os.path.join(at, "baselines", "items.csv")).st_mtime_ns, before)
        self.assertEqual((read(csv_file), read(figure)), (first, drawn))

        self.refused(["--items=4"], "baselines", "sources.ts.items is 3, not 4", "--out=DIR")
        self.refused(["--seed=2"], "baselines", "seed is 1, not 2")
        self.refused(["--trace-error=sample"], "trace_error is", "not \"sample\"")
        self.write(os.path.join(at, "ratio-10", "manifest.json"), "{")
        self.refused([], os.path.join("ratio-10", "manifest.json"), "no manifest", "remove")

    def refused(self, arguments, *parts):
        self.assert_refused(self.sweep(*arguments), *parts)

    def test_bad_input(self):
        self.write("file", "")
        for arguments, parts in [
            (["--testbeds=t3,t9"], ["'t9'", "t1-shared,t1-private,t2,t3"]),
            (["--testbeds=t3,t3"], ["'t3'", "once"]),
            (["--loads=1,fast"], ["--loads", "'fast'", "0.001"]),
            (["--loads=0"], ["--loads", "'0'"]),
            (["--loads=nan"], ["--loads", "'nan'"]),
            (["--ratios=10,10"], ["--ratios", "twice"]),
            (["--runs=1"], ["--runs=1", "from 2"]),
            (["--items=0"], ["--items=0", "from 1"]),
            (["--items=many"], ["--items", "many"]),
            (["--out=" + self.path("file")], ["file: not a folder", "--out=DIR"]),
            (["--faster"], ["--faster"]),
        ]:
            with self.subTest(arguments):
                self.refused(arguments, *parts)
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_a_run_that_fails_is_said(self):
        result = self.sweep("--program=" + self.path("nothing"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("nothing: No such file", result.stderr)
        result = self.sweep("--program=/bin/false")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\A[^\n]*baselines: status 1\n\Z")

    def test_reductions_are_paired(self):
        """1 - 2/4 and 1 - 3/10 of two runs: mean 0.6, half-width t(1) * 0.1 = 1.2706."""
        header = "system,run,source,latency_mean_s\n"
        for point, text in {
            "baselines": "".join(f"{s},0,ts,4\n{s},1,ts,10\n" for s in mdi_testbeds.BASELINES),
            "pa-strict": "pa-strict,0,ts,4\npa-strict,1,ts,10\n",
            "ratio-10": "pa-mdi,1,ts,3\npa-mdi,0,ts,2\npa-mdi,0,all,9\n",
        }.items():
            place = self.path("t3", "load-2", point)
            os.makedirs(place)
            self.write(os.path.join(place, "summary.csv"), header + text)
        options = types.SimpleNamespace(
            out=self.folder, loads=[2.0], ratios=[10.0], ablations=False
        )
        found = {(r["system"], r["baseline"]): r for r in mdi_testbeds.reductions("t3", options)}
        row = found["pa-mdi", "ms-mdi"]
        self.assertEqual((row["reduction_mean"], row["reduction_half"]), ("0.6000", "1.2706"))
        self.assertEqual((row["ratio"], row["load"], row["source"]), ("10", "2", "ts"))
        latency = row["latency_mean_s"], row["baseline_latency_mean_s"]
        self.assertEqual(latency, ("2.500000", "7.000000"))
        self.assertEqual(found["pa-strict", "ar-mdi"]["reduction_mean"], "0.0000")

    def test_load_is_relative_to_the_sources_own_device(self):
        known = {"t1-shared": (51.3, 51.3), "t2": (32.4, 51.3), "t3": (51.9, 51.9)}
        for name, rates in known.items():
            file = os.path.join(SCENARIOS, mdi_testbeds.TESTBEDS[name] + ".json")
            scenario = mdi_testbeds.read_json(file)
            for source, rate in zip(scenario["sources"], rates):
                found = mdi_testbeds.own_rate(scenario, source, SCENARIOS)
                self.assertAlmostEqual(found, rate, delta=0.1, msg=name)


class TheFigure(Testbeds):
    HEADER = ",".join(mdi_testbeds.FIELDS)

    def draw(self, text):
        path = self.write("reductions.csv", text)
        return self.call_main(mdi_plot_testbeds.main, path, self.path("figure.svg"))

    def test_lines(self):
        lines = [
            self.HEADER,
            "t2,1.8,10,pa-mdi,ar-mdi,ts,5,0.5,0.1,1,2",
            "t2,0.6,10,pa-mdi,ar-mdi,ts,5,0.25,0.1,1,2",
            "t2,0.6,10,pa-mdi,ar-mdi,nts,5,0.9,0.1,1,2",
            "t2,0.6,,pa-strict,ms-mdi,ts,5,-3,0.1,1,2",
            "t2,0.6,,ms-mdi,ar-mdi,ts,5,0.9,0.1,1,2",
            "t2,0.6,10,pa-mdi,local,ts,5,0.9,0.1,1,2",
        ]
        self.assert_well(self.draw("\n".join(lines) + "\n"))
        first = read(self.path("figure.svg"))
        self.assert_well(self.draw("\n".join(lines) + "\n"))
        self.assertEqual(read(self.path("figure.svg")), first)
        found = mdi_plot_testbeds.read(self.path("reductions.csv"))
        self.assertEqual(
            found,
            {
                ("t2", "ar-mdi", "priority ratio 10"): [(0.6, 25, 10), (1.8, 50, 10)],
                ("t2", "ms-mdi", "strict priority"): [(0.6, -300, 10)],
            },
        )

    def test_bad_input(self):
        for text, parts in [
            ("a,b\n1,2\n", ["line 2", "no column"]),
            (self.HEADER + "\n", ["no reduction of pa-mdi"]),
            (self.HEADER + "\nt2,x,1,pa-mdi,ar-mdi,ts,5,0.5,0.1,1,2\n", ["line 2", "'x'"]),
            (self.HEADER + "\nt9,1,1,pa-mdi,ar-mdi,ts,5,0.5,0.1,1,2\n", ["line 2", "'t9'"]),
        ]:
            with self.subTest(text):
                self.assert_refused(self.draw(text), *parts, "reductions.csv")
        self.assertEqual(os.listdir(self.folder), ["reductions.csv"])


if __name__ == "__main__":
    unittest.main()
