#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The programs as users call them: files, tables and what they say.

usage, in the project's root: python3 test/test_programs.py BUILD_DIR [unittest arguments]
"""

import collections
import glob
import json
import os
import shutil
import signal
import subprocess
import unittest

from program_test import (
    BUILD, FILES, MODEL, ROOT, SCENARIOS, ProgramTest, load, make_model, read, rows, scenario
)

SYSTEMS = ["local", "ddi", "ar-mdi", "ms-mdi", "pa-mdi", "mdi-exit", "edgeflow"]
SUMMARY_HEADER = (
    "system,run,seed,source,priority,items_admitted,items_completed,items_lost,latency_mean_s,"
    "latency_p50_s,latency_p95_s,latency_p99_s,throughput_hz,accuracy,exit_mean_layer_fraction,"
    "bytes_on_wire,energy_j,makespan_s,output_error_max"
)
ITEMS_HEADER = (
    "system,run,source,item,priority,admitted_s,completed_s,exit,label,prediction,hops,"
    "bytes_on_wire"
)


class GoodRun(ProgramTest):
    """Small runs of the scenarios of the repository."""

    SMALL = ["--set=sources.ts.items=6", "--set=sources.nts.items=6", "--runs=2"]
    FILE = os.path.join(SCENARIOS, "three-nano-ethernet.json")

    def check_folder(self, out, devices, error, systems=SYSTEMS):
        """`error`: every output_error_max. More systems than usual: the network has exits, labels."""
        exits = systems != SYSTEMS
        self.assertEqual(sorted(os.listdir(out)), FILES)
        for name, header in [("summary.csv", SUMMARY_HEADER), ("items.csv", ITEMS_HEADER)]:
            text = read(os.path.join(out, name)).decode("ascii")
            self.assertEqual(text.split("\n", 1)[0], header)
            self.assertTrue(text.endswith("\n"))
            self.assertNotIn("\r", text)
            self.assertNotRegex(text, r"(?i)\b(nan|inf)\b")

        summary = rows(os.path.join(out, "summary.csv"))
        self.assertEqual(
            [(r["system"], r["run"], r["source"]) for r in summary],
            [(s, r, o) for s in systems for r in "01" for o in ("ts", "nts", "all")],
        )
        for row in summary:
            whole = row["source"] == "all"
            self.assertEqual(row["items_admitted"], "12" if whole else "6")
            self.assertEqual(row["items_completed"], row["items_admitted"])
            self.assertEqual(row["items_lost"], "0")
            if not (exits and row["system"] == "mdi-exit"):  # which has a lossy codec there
                self.assertEqual(row["output_error_max"], error)
            self.assertEqual(row["priority"], {"ts": "10", "nts": "1", "all": ""}[row["source"]])
            self.assertLessEqual(float(row["latency_p50_s"]), float(row["latency_p95_s"]))
            self.assertLessEqual(float(row["latency_p95_s"]), float(row["latency_p99_s"]))
            self.assertGreater(float(row["latency_mean_s"]), 0)
            self.assertAlmostEqual(
                float(row["throughput_hz"]) * float(row["makespan_s"]), 12 if whole else 6
            )
            self.assertEqual(row["energy_j"], "")
            for share in ("accuracy", "exit_mean_layer_fraction"):
                self.assertEqual(row[share] != "", exits)
                self.assertTrue(not exits or 0 < float(row[share]) <= 1)
            if exits and not row["system"].endswith("mdi-exit"):
                self.assertEqual(row["exit_mean_layer_fraction"], "1")
            if row["system"] == "local":
                self.assertEqual(row["bytes_on_wire"], "0")

        items = rows(os.path.join(out, "items.csv"))
        self.assertEqual(
            [(r["system"], r["run"], r["source"], r["item"]) for r in items],
            [
                (s, r, o, str(i))
                for s in systems
                for r in "01"
                for o in ("ts", "nts")
                for i in range(6)
            ],
        )
        arrivals = collections.defaultdict(set)
        predictions = collections.defaultdict(set)
        sums = collections.Counter()
        for row in items:
            self.assertLess(float(row["admitted_s"]), float(row["completed_s"]))
            arrivals[row["run"], row["source"], row["item"]].add(row["admitted_s"])
            if not (exits and row["system"].endswith("mdi-exit")):
                predictions[row["run"], row["source"], row["item"]].add(row["prediction"])
            sums[row["system"], row["run"], row["source"]] += int(row["bytes_on_wire"])
            self.assertEqual(row["prediction"] == "", error == "")
        # Systems are compared on the same arrivals and inputs; where a model is cut does not
        # change what it says.
        self.assertTrue(all(len(times) == 1 for times in arrivals.values()))
        self.assertTrue(all(len(classes) == 1 for classes in predictions.values()))
        for row in summary:
            if row["source"] != "all":
                key = row["system"], row["run"], row["source"]
                self.assertEqual(int(row["bytes_on_wire"]), sums[key])

        events = json.loads(read(os.path.join(out, "timeline.json")).decode("ascii"))["traceEvents"]
        tracks = collections.defaultdict(set)
        for event in events:
            if event["name"] == "thread_name":
                tracks[event["pid"]].add(event["args"]["name"])
        processes = [e["args"]["name"] for e in events if e["name"] == "process_name"]
        self.assertEqual(processes, [system + ", run 0" for system in systems])
        links = {name for names in tracks.values() for name in names if " -> " in name}
        for names in tracks.values():
            self.assertEqual({name for name in names if " -> " not in name}, set(devices))
        self.assertTrue(links)
        for link in links:
            self.assertTrue(set(link.split(" -> ")) <= set(devices), link)
        pairs = collections.defaultdict(list)
        for event in events:
            if event["ph"] in "be":
                pairs[event["cat"], event["id"]].append((event["ph"], event["ts"]))
        for phases in pairs.values():
            self.assertEqual([phase for phase, _ in phases], ["b", "e"])
            self.assertLessEqual(phases[0][1], phases[1][1])
        self.assertTrue(all(event["dur"] >= 0 for event in events if event["ph"] == "X"))

        manifest = load(os.path.join(out, "manifest.json"))
        self.assertEqual([s["name"] for s in manifest["systems"]], systems)
        self.assertEqual([t["device"] for t in manifest["traces"]], devices)
        for trace in manifest["traces"]:
            model = trace["models"]["resnet56-exits" if exits else "resnet56"]
            self.assertIn(model["kind"], ("measured", "published", "calibrated"))
            self.assertTrue(model["source"])
        self.assertEqual(manifest["scenario"]["sources"][0]["items"], 6)
        self.assertEqual(manifest["runs"], 2)
        self.assertIn("--runs=2", manifest["command_line"])
        for key in ("mdi", "ns3", "compiler") + (("tensors",) if error else ()):
            self.assertTrue(manifest["versions"][key], key)
        self.assertIn("seed", manifest)

    def test_results_and_their_repetition(self):
        nanos = ["nano-a", "nano-b", "nano-c"]
        result = self.run_well(self.FILE, *self.SMALL, "--seed=5", "--out=first")
        for system in SYSTEMS:
            self.assertRegex(result.stdout, r"(?m)^%s +(ts|nts|all) " % system)
        self.assertIn("results in first\n", result.stdout)
        self.check_folder(self.path("first"), nanos, "0")

        # The same seed gives the same bytes: again, on one core, and without the memo.
        self.run_well(self.FILE, *self.SMALL, "--seed=5", "--out=again")
        self.run_well(self.FILE, *self.SMALL, "--seed=5", "--out=execute", "--tensors=execute")
        one_core = [os.path.join(BUILD, "mdi-run")]
        if shutil.which("taskset"):
            one_core = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] + one_core
        one_core += [self.FILE, *self.SMALL, "--seed=5", "--out=one-core"]
        self.assertEqual(self.call(*one_core).returncode, 0)
        for other in ("again", "execute", "one-core"):
            for name in ("summary.csv", "items.csv", "timeline.json"):
                same = read(self.path("first/" + name)) == read(self.path(other + "/" + name))
                self.assertTrue(same, other + "/" + name)

        # Without tensors nothing but what tensors tell is missing.
        self.run_well(self.FILE, *self.SMALL, "--seed=5", "--out=none", "--tensors=none")
        self.check_folder(self.path("none"), nanos, "")
        for name, gone in [("summary.csv", "output_error_max"), ("items.csv", "prediction")]:
            expected = rows(self.path("first/" + name))
            for row in expected:
                row[gone] = ""
            self.assertEqual(rows(self.path("none/" + name)), expected)
        timelines = {read(self.path(out + "/timeline.json")) for out in ("first", "none")}
        self.assertEqual(len(timelines), 1)

        # Another seed is another experiment.
        self.run_well(self.FILE, *self.SMALL, "--seed=6", "--out=other")
        self.check_folder(self.path("other"), nanos, "0")
        first, other = (rows(self.path(f + "/items.csv")) for f in ("first", "other"))
        self.assertTrue(all(a["admitted_s"] != b["admitted_s"] for a, b in zip(first, other)))
        runs = collections.defaultdict(set)
        for row in first:
            runs[row["run"]].add(row["admitted_s"])
        self.assertFalse(runs["0"] & runs["1"])

    def test_a_run_is_replayed(self):
        arguments = [self.FILE, "--systems=ms-mdi", "--seed=5"]
        self.run_well(*arguments, *self.SMALL, "--out=first")
        record = {"type": "trace", "file": self.path("first/items.csv"), "run": 1}
        sets = [f"--set=sources.{s}.admission={json.dumps(record)}" for s in ("ts", "nts")]
        # What was the second run (ns-3 counts from 1), once.
        again = [*self.SMALL[:2], *sets, "--runs=1", "--RngRun=2", "--out=again"]
        self.run_well(*arguments, *again)
        recorded = [row for row in rows(self.path("first/items.csv")) if row["run"] == "1"]
        self.assertTrue(any(row["prediction"] for row in recorded))
        self.assertEqual(rows(self.path("again/items.csv")), recorded)
        manifest = load(self.path("again/manifest.json"))
        self.assertEqual(manifest["inputs"]["nts"], list(range(100, 106)))
        self.assertEqual([a["source"] for a in manifest["arrivals"]], ["ts", "nts"])
        # Every system on a trace of the repository; its manifest has the provenance.
        bursty = {"type": "trace", "file": "../arrivals/bursty.csv"}
        sets = [f"--set=sources.{s}.admission={json.dumps(bursty)}" for s in ("ts", "nts")]
        self.run_well(self.FILE, *sets, *self.SMALL, "--out=bursty")
        self.check_folder(self.path("bursty"), ["nano-a", "nano-b", "nano-c"], "0")
        arrivals = load(self.path("bursty/manifest.json"))["arrivals"]
        self.assertEqual({a["provenance"]["kind"] for a in arrivals}, {"synthetic"})

    def test_trace_error(self):
        arguments = [self.FILE, "--trace-error=sample", "--seed=5", *self.SMALL]
        result = self.run_well(*arguments, "--systems=ms-mdi,local", "--out=first")
        self.assertIn("2 runs; service times drawn from their error bands; mean", result.stdout)
        manifest = load(self.path("first/manifest.json"))
        self.assertEqual(manifest["trace_error"], "sample")
        self.assertEqual(manifest["scenario"]["trace_error"], "sample")
        # The same bytes on one core, and whatever else runs.
        one_core = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
        program = [*(one_core if shutil.which("taskset") else []), os.path.join(BUILD, "mdi-run")]
        again = self.call(*program, *arguments, "--systems=local,ms-mdi", "--out=again")
        self.assertEqual(again.returncode, 0, again.stderr)
        first, second = (rows(self.path(f + "/items.csv")) for f in ("first", "again"))
        for system in ("local", "ms-mdi"):
            mine, theirs = ([r for r in f if r["system"] == system] for f in (first, second))
            self.assertEqual(mine, theirs)
        # Other devices than without, on the same arrivals.
        self.run_well(self.FILE, "--seed=5", *self.SMALL, "--systems=ms-mdi,local", "--out=none")
        none = rows(self.path("none/items.csv"))
        self.assertEqual([r["admitted_s"] for r in none], [r["admitted_s"] for r in first])
        self.assertTrue(all(a["completed_s"] != b["completed_s"] for a, b in zip(none, first)))
        refused = self.run_program(self.FILE, "--trace-error=samples", "--out=no")
        self.assert_refused(refused, "/trace_error: ", "did you mean 'sample'?")

    def test_unknown_layers_are_estimated(self):
        """By the law of the device: one warning for each kind of device and model, and a mark."""
        document = scenario()
        document["models"]["mine"] = dict(document["models"]["resnet56"])
        document["sources"][1]["model"] = "mine"
        trace = load(document["devices"][0]["trace"])
        layers = trace["modes"]["MAXN"]["models"]["resnet56"]["layers"]
        layers.pop("conv1/convolution")
        own = self.write("own.json", trace)
        document["devices"][2]["trace"] = own
        file = self.write("scenario.json", document)
        result = self.run_program(file, *self.SMALL, "--tensors=none", "--out=out")
        self.assertEqual(result.returncode, 0, result.stderr)
        nano = document["devices"][0]["trace"]
        end = " (calibrated, error band a factor 2); ./mdi profile on the device measures them"
        whole = "model 'mine': its law estimates all 201 layers" + end
        some = "does not know 1 of 201 layers of model 'resnet56': its law estimates them" + end
        expected = [
            f"mdi-run: {nano}, mode MAXN, does not know {whole}",
            f"mdi-run: {own}, mode MAXN, does not know {whole}",
            f"mdi-run: {own}, mode MAXN, {some}",
        ]
        self.assertEqual(sorted(result.stderr.splitlines()), sorted(expected))
        traces = load(self.path("out/manifest.json"))["traces"]
        for device in traces:
            mine = device["models"]["mine"]
            self.assertEqual((mine["kind"], mine["error_band"]), ("calibrated", 1.0))
            self.assertTrue(mine["source"].startswith("law of nano, mode MAXN, for 201 of 201"))
        known = [device["models"]["resnet56"]["source"] for device in traces]
        self.assertNotIn("law of", known[0])
        self.assertIn("; law of nano, mode MAXN, for 1 of 201 layers: ", known[2])

    def test_wifi(self):
        for name in ("five-xavier-mesh", "multi-hop-xavier-nano"):
            with self.subTest(name):
                file = os.path.join(SCENARIOS, name + ".json")
                devices = [d["name"] for d in scenario(name)["devices"]]
                self.run_well(file, *self.SMALL, "--out=" + name)
                exits = ["pa-mdi-exit"] if name == "five-xavier-mesh" else []
                self.check_folder(self.path(name), devices, "0", SYSTEMS + exits)

    def test_default_folders_are_numbered(self):
        small = ["--systems=local", "--runs=1", "--tensors=none", *self.SMALL[:2]]
        for number in "12":
            result = self.run_well(self.FILE, *small)
            folder = "mdi-results/three-nano-ethernet-" + number
            self.assertIn("results in " + folder, result.stdout)
            self.assertEqual(sorted(os.listdir(self.path(folder))), FILES)
        self.assertEqual(len(os.listdir(self.path("mdi-results"))), 2)

    def test_a_signal_while_runs_are_joined_leaves_nothing(self):
        small = ["--systems=local", "--runs=500", "--tensors=none", "--set=sources.0.items=1"]
        command = [os.path.join(BUILD, "mdi-run"), self.FILE, *small, "--out=" + self.path("out")]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=self.folder, **pipes) as process:
            # The first file that joining makes.
            first = glob.escape(self.folder) + "/.mdi-unfinished-*/summary.csv"
            while process.poll() is None and not glob.glob(first):
                pass
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=60)[1].decode()
        self.assertEqual((process.returncode, err), (1, "mdi-run: interrupted\n"))
        self.assertEqual(self.content(), [])

    def test_time_limit_is_a_failed_run(self):
        small = ["--systems=local", "--runs=1", "--tensors=none", *self.SMALL[:2]]
        result = self.run_program(self.FILE, *small, "--set=time_limit_s=1.05")
        self.assertEqual(result.returncode, 1)
        self.assertIn("time_limit_s", result.stderr)

    def test_help(self):
        for flag in ("--help", "-h", "--PrintHelp"):
            result = self.run_program(flag)
            self.assertEqual(result.returncode, 0, flag)
            for name in ("systems", "set", "tensors", "runs", "seed", "out"):
                self.assertIn("--" + name + ":", result.stdout)
        self.assertEqual(self.content(), [])


class TrainedNetwork(ProgramTest):
    """Labels, accuracy and codecs through the simulated network."""

    def test_accuracy_with_and_without_codecs(self):
        known = load(os.path.join(ROOT, "traces", "models", "resnet56-digits.json"))["accuracy"]
        systems = ["local", "pipeline", "pipeline-int8", "pipeline-autoencoder"]
        self.run_well(
            os.path.join(SCENARIOS, "three-nano-digits.json"),
            "--runs=1",
            "--systems=" + ",".join(systems),
            "--out=r",
        )
        summary = {
            row["system"]: row for row in rows(self.path("r/summary.csv")) if row["source"] == "all"
        }
        percent = {name: 100 * float(summary[name]["accuracy"]) for name in systems}
        # The two sources run through all pictures once.
        self.assertEqual(summary["local"]["items_completed"], str(known["images"]))
        self.assertAlmostEqual(percent["local"], known["final"], delta=0.00501)
        self.assertEqual(percent["pipeline"], percent["local"])
        self.assertAlmostEqual(percent["pipeline-int8"], known["final"], delta=1)
        self.assertAlmostEqual(
            percent["pipeline-autoencoder"], known["final_with_autoencoder"], delta=0.00501
        )
        wire = [int(summary[name]["bytes_on_wire"]) for name in systems]
        self.assertEqual(wire[0], 0)
        # A cut is 65,536 bytes, or as many values of one byte; the coded first cut is 2,048.
        self.assertTrue(wire[2] < wire[1] / 3.5 and wire[2] < wire[3] < 0.65 * wire[1], wire)
        errors = [float(summary[name]["output_error_max"]) for name in systems]
        self.assertEqual(errors[:2], [0, 0])
        self.assertTrue(0 < errors[2] < errors[3], errors)
        items = rows(self.path("r/items.csv"))
        for row in items:
            self.assertEqual(row["exit"], "4")
            self.assertIn(row["label"], list("0123456789"))
        right = sum(r["label"] == r["prediction"] for r in items if r["system"] == "local")
        self.assertAlmostEqual(100 * right / known["images"], percent["local"])


class LostItems(ProgramTest):
    def test_the_reason_is_said(self):
        document = scenario()
        trace = load(document["devices"][0]["trace"])
        # Room for the weights of ResNet-56 (3.4 MB) and little more.
        trace["memory_bytes"] = 3430000
        for device in document["devices"]:
            device["trace"] = self.write("small.json", trace)
        result = self.run_program(
            self.write("s.json", document), "--systems=local", "--runs=1", "--out=r"
        )
        lost = sum(int(r["items_lost"]) for r in rows(self.path("r/summary.csv"))[:2])
        self.assertGreater(lost, 0)
        self.assertEqual(
            result.stderr, "mdi-run: local: %d items lost: no memory for its tensor\n" % lost
        )
        self.assertEqual(result.returncode, 0)
        self.assertNotIn("codec", load(self.path("r/manifest.json"))["systems"][0])


OUTAGE = b"0,8000000,0.01,0\n2,0,,\n12,8000000,0.01,0\n"


class LinkTraces(ProgramTest):
    ROWS = b"time_s,rate_bps,delay_s,loss\n0,20000000,0.002,0\n0.5,5000000,0.01,0.01\n"
    PROVENANCE = {
        "format": "mdi-provenance",
        "version": 1,
        "kind": "measured",
        "source": "invented for a test",
        "licence": "none",
    }

    def traced(self):
        document = scenario()
        document["networks"][0].update(trace="link.csv", trace_repeat=True)
        document["runs"] = 1
        for source in document["sources"]:
            source["items"] = 10
        return self.write("scenario.json", document)

    def test_a_run_names_the_trace_and_shows_its_rate(self):
        self.write("link.csv", self.ROWS)
        file = self.traced()
        flags = ["--systems=ddi", "--tensors=none"]
        self.run_well(file, "--out=without", *flags)
        self.write("link.provenance.json", self.PROVENANCE)
        self.run_well(file, "--out=with", *flags)
        for name in ("items.csv", "summary.csv", "timeline.json"):
            both = [read(self.path(os.path.join(out, name))) for out in ("without", "with")]
            self.assertEqual(*both, name)
        for out, provenance in [
            ("without", None),
            ("with", {k: self.PROVENANCE[k] for k in ("kind", "source", "licence")}),
        ]:
            manifest = load(self.path(out + "/manifest.json"))
            (link,) = manifest["link_traces"]
            self.assertEqual(link.pop("trace"), self.path("link.csv"))
            self.assertEqual(
                link, {"network": 0, "repeat": True, "start_s": 0, "provenance": provenance}
            )
        events = load(self.path("with/timeline.json"))["traceEvents"]
        rates = [e for e in events if e.get("ph") == "C" and e["name"].startswith("link trace")]
        self.assertEqual([e["args"]["rate_bps"] for e in rates][:2], [20000000, 5000000])
        self.assertEqual([e["ts"] for e in rates][:3], [0.0, 5e5, 1e6])
        last = max(e["ts"] for e in events if "ts" in e)
        self.assertTrue(all(e["ts"] <= last for e in rates))

    def test_an_outage_does_not_outlast_itself(self):
        """Also for a connection that is opened when it begins: ns-3 alone would need 390 s."""
        self.write("link.csv", self.ROWS[: self.ROWS.index(b"0,")] + OUTAGE)
        document = scenario()
        document["networks"][0]["trace"] = "link.csv"
        file = self.write("scenario.json", document)
        flags = ["--systems=ddi,ms-mdi,pa-mdi", "--tensors=none", "--runs=2"]
        self.run_well(file, "--out=out", *flags)
        items = rows(self.path("out/items.csv"))
        times = [float(i["completed_s"]) - float(i["admitted_s"]) for i in items]
        self.assertEqual(len(times), 3 * 2 * sum(s["items"] for s in document["sources"]))
        self.assertGreater(max(times), 9)
        self.assertLess(max(times), 20)

    def test_bad_traces(self):
        self.write("link.csv", self.ROWS + b"0.4,1,0,0\n")
        self.assert_refused(self.run_program(self.traced()), "link.csv:4: ", "sort")
        validate = os.path.join(BUILD, "mdi-validate")
        self.assert_refused(self.call(validate, self.path("link.csv")), "link.csv:4: ")
        self.write("link.csv", self.ROWS)
        result = self.call(validate, self.path("link.csv"))
        self.assert_refused(result, "there is no", "link.provenance.json")
        self.write("link.provenance.json", self.PROVENANCE)
        result = self.call(validate, self.path("link.csv"), self.path("link.provenance.json"))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("link trace, 2 rows, 12500000 b/s in the mean", result.stdout)


class Lte(ProgramTest):
    def test_scenario_of_the_repository(self):
        file = self.write("scenario.json", scenario("three-nano-lte"))
        self.run_well(file, "--out=r", "--systems=ddi", "--tensors=none", "--runs=1")
        row = rows(self.path("r/summary.csv"))[-1]
        self.assertEqual((row["source"], row["items_completed"]), ("all", "100"))
        self.assertGreater(int(row["bytes_on_wire"]), 0)
        self.assertGreater(float(row["latency_p95_s"]), 0.02)


class OtherPrograms(ProgramTest):
    def test_first_example(self):
        result = self.call(os.path.join(BUILD, "mdi-first"), cwd=ROOT)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        self.assertGreaterEqual(len(result.stdout.splitlines()), 3)
        self.assertRegex(result.stdout, r"\d")

    def validate(self, *files):
        return self.call(os.path.join(BUILD, "mdi-validate"), *files, cwd=ROOT)

    def test_validate(self):
        traces = os.path.join(ROOT, "traces", "compute")
        files = [os.path.join(traces, name) for name in os.listdir(traces) if name.endswith(".json")]
        files.append(os.path.join(SCENARIOS, "five-xavier-mesh.json"))
        files += [MODEL, os.path.join(ROOT, "traces", "models", "resnet56-digits.json")]
        files.append(os.path.join(ROOT, "traces", "arrivals", "bursty.csv"))
        result = self.validate(*files)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), len(files))
        for file, line in zip(files, lines):
            self.assertIn(file + ": ", line)

    def test_validate_refuses(self):
        nano = os.path.join(ROOT, "traces", "compute", "nano.json")
        trace = load(nano)
        del trace["modes"]["5W"]["models"]["resnet50"]["provenance"]
        without = self.write("without.json", trace)
        where = "/modes/5W/models/resnet50"
        result = self.validate(nano, without)
        self.assertEqual(result.returncode, 2)
        self.assertIn(nano + ": compute trace, 2 power modes", result.stdout)
        self.assertIn(without + ": " + where, result.stderr)
        self.assertIn("provenance", result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1)
        document = scenario()
        document["devices"][0]["trace"] = without
        self.assertIn(where, self.validate(self.write("s.json", document)).stderr)
        for name, content, part in [
            ("no.json", {"format": "mdi-manifest"}, "/format: "),
            ("alone.json", {"format": "mdi-model", "version": 1}, "alone.pt"),
            ("text.json", b"{", "text.json:1"),
            ("empty.pt", b"", "empty.pt"),
            ("cut.csv", b"time_s,source\n0,ts\n1,n", "cut.csv:3: "),
        ]:
            self.assert_refused(self.validate(self.write(name, content)), part)
        self.assert_refused(self.validate(), "no file")
        self.assert_refused(self.validate("--fast", nano), "--fast")
        self.assert_refused(self.validate(self.path("gone.json")), "gone.json")

    def test_launcher(self):
        mdi = os.path.join(ROOT, "mdi")
        for flag in ("--help", "-h", "help"):
            result = self.call(mdi, flag)
            self.assertEqual(result.returncode, 0, result.stderr)
            for command in "run plot test export build inspect profile validate bench".split():
                self.assertRegex(result.stdout, r"(?m)^  %s\b" % command)
        for word in ("rum", "--frobnicate", "run me"):
            self.assert_refused(self.call(mdi, word), "'" + word + "'", "--help")
        self.assertNotEqual(self.call(mdi).returncode, 0)
        self.assertEqual(self.content(), [])

    def test_launchers_build_one_after_another(self):
        tools = {
            "cmake": 'echo begin >> "$LOG"; sleep 0.3; echo end >> "$LOG"',
            "dpkg-query": 'echo query >> "$LOG.packages"; shift 3; printf "%s installed\\n" "$@"',
            "apt-get": "exit 1",  # never for real
            "sudo": "exit 1",
        }
        for name, script in tools.items():
            os.chmod(self.write(name, f"#!/bin/bash\n{script}\n".encode()), 0o755)
        self.write("build.ninja", b"")
        log = self.path("log")
        path = self.folder + os.pathsep + os.environ["PATH"]
        environment = {**os.environ, "PATH": path, "LOG": log, "MDI_BUILD_DIR": self.folder}
        command = [os.path.join(ROOT, "mdi"), "build"]
        running = [
            subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(3)
        ]
        self.assertEqual([process.wait(timeout=60) for process in running], [0, 0, 0])
        self.assertEqual(read(log).split(), [b"begin", b"end"] * 3)
        self.assertEqual(read(log + ".packages").split(), [b"query"] * 3)


if __name__ == "__main__":
    make_model()
    unittest.main()
