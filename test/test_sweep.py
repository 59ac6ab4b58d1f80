#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""./mdi sweep as users call it: points, resuming, shards, and what goes wrong.

usage, in the project's root: python3 test/test_sweep.py BUILD_DIR [unittest arguments]
"""

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from program_test import BUILD, ProgramTest, load, read, rows, scenario

ITEMS = 4  # of each source


def sweep(**changes):
    """A grid of 12 points on a small wired scenario, sizes only, in flow mode."""
    document = {
        "format": "mdi-sweep",
        "version": 1,
        "name": "small",
        "scenario": "scenario.json",
        "set": {
            "network": "flow",
            "tensors": "none",
            "sources.0.items": ITEMS,
            "sources.1.items": ITEMS,
        },
        "systems": ["local", "ms-mdi", "pa-mdi"],
        "runs": 2,
        "fields": [
            {"name": "rate_bps", "path": "networks.0.rate_bps", "values": [5e6, 20e6, 1e8]},
            {
                "name": "load_hz",
                "paths": {"sources.0.admission.rate_hz": 1, "sources.1.admission.rate_hz": 2},
                "range": {"from": 5, "to": 80, "steps": 4, "scale": "log"},
            },
        ],
    }
    document.update(changes)
    return document


class SweepTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("scenario.json", scenario())

    def command(self, *arguments):
        return [os.path.join(BUILD, "mdi-sweep"), *arguments]

    def sweep(self, *arguments, status=0):
        result = self.call(*self.command(*arguments))
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def results(self, out):
        return rows(self.path(f"{out}/results.csv"))

    def refused(self, document, *parts, arguments=()):
        file = self.write("sweep.json", document)
        before = self.content()
        self.assert_refused(self.call(*self.command(file, *arguments)), *parts)
        self.assertEqual(self.content(), before)


class Points(SweepTest):
    def test_a_grid_has_every_combination_and_the_results_of_single_runs(self):
        self.write("sweep.json", sweep())
        done = self.sweep("sweep.json", "--out=all")
        self.assertEqual(done.stderr, "")
        found = self.results("all")
        self.assertEqual(len(found), 12 * 3 * 2 * 3)
        points = list(dict.fromkeys((r["point"], r["rate_bps"], r["load_hz"]) for r in found))
        self.assertEqual([p[0] for p in points], [str(i) for i in range(12)])
        self.assertEqual({float(p[1]) for p in points}, {5e6, 2e7, 1e8})
        loads = [float(p[2]) for p in points[:4]]
        for load, wanted in zip(loads, (5, 5 * 16 ** (1 / 3), 5 * 16 ** (2 / 3), 80)):
            self.assertAlmostEqual(load, wanted)
        # A point in the middle, by hand.
        arguments = ["scenario.json", "--systems=local,ms-mdi,pa-mdi", "--runs=2", "--out=one"]
        for path, value in {
            "network": "flow",
            "tensors": "none",
            "networks.0.rate_bps": 20e6,
            "sources.0.items": ITEMS,
            "sources.1.items": ITEMS,
            "sources.0.admission.rate_hz": loads[2],
            "sources.1.admission.rate_hz": 2 * loads[2],
        }.items():
            arguments.append(f"--set={path}={json.dumps(value)}")
        one = self.call(os.path.join(BUILD, "mdi-run"), *arguments)
        self.assertEqual(one.returncode, 0, one.stderr)
        by_hand = rows(self.path("one/summary.csv"))
        here = [r for r in found if r["point"] == "6"]
        for row in here:
            for column in ("point", "rate_bps", "load_hz"):
                del row[column]
        self.assertEqual(here, by_hand)

    def test_cases_lists_and_samples(self):
        cases = {
            "name": "who",
            "cases": [
                {"value": "few", "set": {"sources.0.items": 1, "sources.1.items": 2}},
                {"value": "many", "set": {"sources.0.items": 6, "sources.1.items": 5}},
            ],
        }
        plain = {"name": "rate", "path": "networks.0.rate_bps"}
        self.write(
            "list.json",
            sweep(fields=[cases, plain], points=[["many", 1e7], ["few", 1e8]], systems=["local"]),
        )
        self.sweep("list.json", "--out=list")
        self.assertEqual(
            [
                (r["who"], float(r["rate"]), r["items_completed"])
                for r in self.results("list")
                if r["source"] == "all" and r["run"] == "0"
            ],
            [("many", 1e7, "11"), ("few", 1e8, "3")],
        )
        ranged = dict(plain, range={"from": 1e6, "to": 1e8, "scale": "log", "integer": True})
        whole = {
            "name": "items",
            "path": "sources.0.items",
            "range": {"from": 1, "to": 10, "integer": True},
        }
        for method in ("random", "latin-hypercube"):
            sample = {"method": method, "points": 10, "seed": 3}
            document = sweep(fields=[ranged, whole], sample=sample, systems=["local"], runs=1)
            self.write("sample.json", document)
            self.sweep("sample.json", "--out=" + method)
            found = [r for r in self.results(method) if r["source"] == "all"]
            self.assertEqual(len(found), 10)
            self.assertTrue(all(1e6 <= float(r["rate"]) <= 1e8 for r in found))
            self.assertTrue(all(1 <= int(r["items"]) <= 10 for r in found))
            if method == "latin-hypercube":  # one in each tenth of the two decades
                decades = sorted(float(r["rate"]) for r in found)
                for i, rate in enumerate(decades):
                    self.assertLessEqual(1e6 * 10 ** (i / 5), rate + 1)
                    self.assertLessEqual(rate - 1, 1e6 * 10 ** ((i + 1) / 5))

    def test_a_field_that_changes_nothing_is_told(self):
        fields = [
            {"name": "rate_bps", "path": "networks.0.rate_bps", "values": [5e6, 2e7]},
            {"name": "ratio", "path": "sources.0.priority", "values": [1, 10]},
        ]
        self.write("sweep.json", sweep(fields=fields, systems=["local"]))
        done = self.sweep("sweep.json", "--out=local")
        self.assertIn("'rate_bps' changed no result", done.stderr)
        self.assertIn("'ratio' changed no result", done.stderr)
        manifest = load(self.path("local/manifest.json"))
        self.assertEqual(manifest["sweep"]["unchanged"], ["rate_bps", "ratio"])
        self.write("sweep.json", sweep(fields=fields))
        done = self.sweep("sweep.json", "--out=all")
        self.assertNotIn("rate_bps", done.stderr)

    def test_a_point_that_fails_is_noted_and_the_rest_goes_on(self):
        fields = [{"name": "device", "path": "sources.0.node", "values": ["nano-a", "nano-x"]}]
        self.write("sweep.json", sweep(fields=fields))
        done = self.sweep("sweep.json", "--out=out", status=1)
        self.assertIn("failures.csv", done.stderr)
        self.assertEqual({r["device"] for r in self.results("out")}, {"nano-a"})
        failures = rows(self.path("out/failures.csv"))
        self.assertEqual([f["system"] for f in failures], ["local", "ms-mdi", "pa-mdi"])
        for failure in failures:
            self.assertEqual((failure["point"], failure["device"]), ("1", "nano-x"))
            self.assertRegex(failure["reason"], r"\A/sources/0/node: .*nano-x")
        self.assertRegex(done.stderr, r"sweep\.json: point 1 of \S*scenario\.json, local: /sources/0")
        # The first point is none of its own.
        fields[0]["values"].reverse()
        self.write("sweep.json", sweep(fields=fields))
        done = self.sweep("sweep.json", "--out=first", status=1)
        self.assertRegex(done.stderr, r"sweep\.json: point 0 of \S*scenario\.json, local: /sources/0")
        self.assertEqual({(r["point"], r["device"]) for r in self.results("first")}, {("1", "nano-a")})
        again = rows(self.path("first/failures.csv"))
        self.assertEqual([f["reason"] for f in again], [f["reason"] for f in failures])
        self.assertEqual({f["point"] for f in again}, {"0"})
        # Nor is a path that only some cases have wrong.
        cases = [
            {"value": "no", "set": {"networks.7.rate_bps": 1}},
            {"value": "yes", "set": {"networks.0.rate_bps": 1e7}},
        ]
        for out in ("typo", "last"):
            self.write("sweep.json", sweep(fields=[{"name": "which", "cases": cases}]))
            self.sweep("sweep.json", f"--out={out}", status=1)
            self.assertEqual({r["which"] for r in self.results(out)}, {"yes"})
            self.assertIn("no element '7'", rows(self.path(f"{out}/failures.csv"))[0]["reason"])
            cases.reverse()

    def test_no_point_is_right(self):
        fields = [{"name": "device", "path": "sources.0.node", "values": ["nano-y", "nano-x"]}]
        file = self.write("sweep.json", sweep(fields=fields))
        before = self.content()
        done = self.sweep(file, status=1)
        self.assertRegex(done.stderr, r"\A[^\n]*sweep\.json: point 0[^\n]*nano-y[^\n]*\n\Z")
        self.assertEqual(self.content(), before)
        # What no field has to do with is the scenario's own fault.
        document = scenario()
        document["sources"][1]["node"] = "nano-z"
        self.write("scenario.json", document)
        fields[0]["path"] = "sources.1.items"
        for values in ([1, 2], [2]):
            fields[0]["values"] = values
            self.refused(sweep(fields=fields), "scenario.json: /sources/1/node", "nano-z")


class BadInput(SweepTest):
    def test_files_and_flags(self):
        def field(**changes):
            return {"name": "x", "path": "networks.0.rate_bps", "values": [1e6], **changes}

        for fields, *parts in (
            ([field(path="networks.0.rate_bsp.x")], "/fields/0", "rate_bsp"),
            ([field(path="netwrks.0.rate_bps")], "/fields/0", "netwrks", "networks"),
            ([field(values=[])], "/fields/0/values"),
            ([field(values=[1, 1])], "/fields/0/values/1", "twice"),
            ([field(values=[[1]])], "/fields/0/values/0", "cases"),
            ([field(values=[1, 1.0])], "/fields/0/values/1", "twice"),
            ([field(values=[1, "1"])], "/fields/0/values/1", "twice"),
            ([field(name="system")], "/fields/0/name"),
            ([field(name="latency_mean_s")], "/fields/0/name", "latency_mean_s", "already"),
            ([field(name="itl_mean_s")], "/fields/0/name", "already"),
            ([field(name="reason")], "/fields/0/name", "already"),
            ([field(name="rate bps")], "/fields/0/name", "digits"),
            ([field(), field()], "/fields/1/name", "taken"),
            ([field(range={"from": 1, "to": 2})], "/fields/0", "range"),
            ([{"name": "x", "path": "runs", "range": {"from": 2, "to": 1}}], "/range/to"),
            ([{"name": "x", "path": "runs", "range": {"from": 1, "to": 2}}], "steps"),
            ([{"name": "x", "values": [1]}], "/fields/0", "path"),
        ):
            self.refused(sweep(fields=fields), "sweep.json", *parts)
        self.refused(sweep(colour=1), "colour")
        self.refused(sweep(scenario="no.json"), "/scenario", "no.json")
        self.refused(sweep(set={"networks.7.rate_bps": 1}), "/set/networks.7.rate_bps")
        self.refused(sweep(set={"runs": 3}), "/set/runs", "'runs'")
        self.refused(sweep(set={"systems.0": "ddi"}), "/set/systems.0", "'systems'")
        self.refused(sweep(systems=["pa-mdo"]), "pa-mdo", "pa-mdi")
        self.refused(sweep(sample={"method": "latin", "points": 3}), "/sample/method")
        for flag, part in (
            ("--shard=0/2", "--shard"),
            ("--shard=3/2", "--shard"),
            ("--shard=a", "--shard"),
            ("--jobs=0", "--jobs"),
            ("--resme", "resume"),
            ("--RngRun=3", "--RngRun=3: "),
            ("--RngSeed=1", '"seed"'),
            ("--merge", "no such results folder"),
        ):
            self.refused(sweep(), part, arguments=[flag])

    def test_folders(self):
        file = self.write("sweep.json", sweep())
        os.mkdir(self.path("thesis"))
        self.write("thesis/chapter-1.txt", {})
        for out, part in (("thesis", "something else"), ("sweep.json", "not a folder")):
            self.assert_refused(self.call(*self.command(file, "--out=" + out)), out, part)
        self.sweep(file, "--out=out")
        again = self.call(*self.command(file, "--out=out"))
        self.assert_refused(again, "--out=out", "--resume")
        with sqlite3.connect(self.path("out/store-1-of-1.sqlite")) as base:
            base.execute("UPDATE about SET value = '0.0.1'")
        old = self.call(*self.command(file, "--out=out", "--resume"))
        self.assert_refused(old, "store-1-of-1.sqlite", "0.0.1", "--out")
        with open(self.path("out/store-1-of-1.sqlite"), "wb") as store:
            store.write(b"not a database, but long enough to look like one\n" * 100)
        other = self.call(*self.command(file, "--out=out", "--resume"))
        self.assert_refused(other, "store-1-of-1.sqlite", "not a database", "delete this file")
        os.remove(self.path("out/store-1-of-1.sqlite"))
        self.sweep(file, "--out=out", "--resume")
        whole = read(self.path("out/store-1-of-1.sqlite"))
        for size in (len(whole) // 2, 3000):
            with open(self.path("out/store-1-of-1.sqlite"), "wb") as store:
                store.write(whole[:size])
            cut = self.call(*self.command(file, "--out=out", "--resume"))
            self.assert_refused(cut, "store-1-of-1.sqlite", "delete this file")
        os.remove(self.path("out/store-1-of-1.sqlite"))
        os.mkdir(self.path("out/store-1-of-1.sqlite"))
        folder = self.call(*self.command(file, "--out=out", "--resume"))
        self.assert_refused(folder, "store-1-of-1.sqlite", "read and write")

    def test_a_folder_that_cannot_be_written(self):
        file = self.write("sweep.json", sweep())
        if os.geteuid() == 0 and not shutil.which("unshare"):
            self.skipTest("root writes everywhere")
        os.mkdir(self.path("disk"))
        script = (
            "mount -t tmpfs -o size=1m none disk && mkdir disk/out && mount -o remount,ro disk && "
            f"{self.command()[0]} {file} --out=disk/out"
        )
        done = self.call("unshare", "-m", "bash", "-c", script)
        if "mount" in done.stderr:
            self.skipTest("no mounts here")
        self.assert_refused(done, "disk/out")


class Interruptions(SweepTest):
    def test_killed_at_random_moments_and_resumed(self):
        file = self.write("sweep.json", sweep())
        start = time.monotonic()
        self.sweep(file, "--out=whole")
        took = time.monotonic() - start
        expected = read(self.path("whole/results.csv"))
        moments = random.Random(1)
        first = True
        for _ in range(20):
            resume = [] if first else ["--resume"]
            with subprocess.Popen(
                self.command(file, "--out=killed", *resume),
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            ) as process:
                time.sleep(moments.uniform(0.2, 1.1) * took)
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            first = not os.path.exists(self.path("killed/store-1-of-1.sqlite"))
            if os.path.exists(self.path("killed/results.csv")):  # whole, or not there
                self.assertEqual(read(self.path("killed/results.csv")), expected)
                shutil.rmtree(self.path("killed"))
                first = True
        self.sweep(file, "--out=killed", *([] if first else ["--resume"]))
        self.assertEqual(read(self.path("killed/results.csv")), expected)
        left = sorted(os.listdir(self.path("killed")))
        self.assertEqual(left, ["manifest.json", "results.csv", "store-1-of-1.sqlite"])

    def test_progress_is_shown_with_rate_and_time_left_on_a_terminal(self):
        file = self.write("sweep.json", sweep())
        ours, theirs = os.openpty()
        with subprocess.Popen(
            self.command(file, "--out=out"), cwd=self.folder, stderr=theirs, stdout=subprocess.PIPE
        ) as process:
            os.close(theirs)
            said = b""
            try:
                while part := os.read(ours, 4096):
                    said += part
            except OSError:  # how Linux says that the other side is closed
                pass
            process.communicate()
        os.close(ours)
        self.assertEqual(process.returncode, 0)
        shown = re.findall(r"(\d+) of 36, [0-9.e+]+/s, \d+ s left", said.decode())
        self.assertTrue(shown)
        self.assertEqual(shown, sorted(shown, key=int))
        self.assertTrue(said.endswith(b"\r\033[K"))  # nothing of it stays

    def test_ctrl_c_is_clean(self):
        file = self.write("sweep.json", sweep(runs=300))
        with subprocess.Popen(
            self.command(file, "--out=out"),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            store = self.path("out/store-1-of-1.sqlite")
            while not os.path.exists(store):
                time.sleep(0.01)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        self.assertRegex(said, r"\A[^\n]*--resume[^\n]*\n\Z")
        self.assertEqual(process.returncode, 1)
        self.assertFalse([name for name in os.listdir(self.path("out")) if "spool" in name])

    def test_more_points_run_only_what_is_new(self):
        file = self.write("sweep.json", sweep())
        self.sweep(file, "--out=out")
        grown = sweep(runs=3, systems=["pa-mdi", "local", "ms-mdi", "ddi"])
        grown["fields"][0]["values"] = [1e6, 5e6, 20e6, 1e8]
        self.write("sweep.json", grown)
        store = self.path("out/store-1-of-1.sqlite")
        with sqlite3.connect(store) as base:  # old results are not made again: a mark stays
            base.execute("UPDATE run SET unfinished = 7 WHERE run = 0")
        done = self.sweep(file, "--out=out", "--resume", status=1)
        self.assertIn(str(7 * 12 * 3) + " items", done.stderr)
        self.sweep(file, "--out=anew")
        self.assertEqual(
            read(self.path("out/results.csv")), read(self.path("anew/results.csv"))
        )

    def test_a_trace_that_changed_makes_other_results(self):
        document = scenario()
        trace = document["devices"][0]["trace"]
        shutil.copy(trace, self.path("mine.json"))
        for device in document["devices"]:
            device["trace"] = "mine.json"
        self.write("scenario.json", document)
        file = self.write("sweep.json", sweep())
        self.sweep(file, "--out=out")
        before = read(self.path("out/results.csv"))
        changed = load(self.path("mine.json"))
        for mode in changed["modes"].values():
            for model in mode["models"].values():
                for layer in model["layers"].values():
                    layer["mean_s"] *= 2
        self.write("mine.json", changed)
        self.sweep(file, "--out=out", "--resume")
        self.assertNotEqual(read(self.path("out/results.csv")), before)

    def test_what_the_command_line_changes_makes_other_results(self):
        fields = [{"name": "rate_bps", "path": "networks.0.rate_bps", "values": [5e6, 2e7]}]
        file = self.write("sweep.json", sweep(fields=fields, runs=1, systems=["pa-mdi"]))
        self.sweep(file, "--out=out")
        store = self.path("out/store-1-of-1.sqlite")

        def made(*arguments, **environment):
            """How many of the 2 simulations are made again."""
            with sqlite3.connect(store) as base:  # a mark
                base.execute("UPDATE run SET unfinished = 7")
            done = self.call(
                *self.command(file, "--out=out", "--resume", *arguments),
                env={**os.environ, **environment},
            )
            kept = re.search(r"(\d+) items had no end", done.stderr)
            self.assertEqual(done.returncode, 1 if kept else 0, done.stderr)
            return 2 - (int(kept[1]) // 7 if kept else 0)

        age = "ns3::mdi::PaMdiQueue::AgeWeight"
        threads = "ns3::mdi::TorchEngine::Threads"
        self.assertEqual(made(), 0)
        self.assertEqual(made(f"--{age}=0.25"), 2)
        self.assertEqual(made(f"--{age}=0.250"), 0)
        self.assertEqual(made(NS_ATTRIBUTE_DEFAULT=f"{age}=0.25"), 0)
        self.assertEqual(made(f"--{age}=0.5"), 2)
        self.assertEqual(made(NS_ATTRIBUTE_DEFAULT=f"{age}=0.75;{threads}=2"), 2)
        gap = "--ns3::mdi::RandomAdmission::Gap=ns3::ExponentialRandomVariable[Mean=0.%d]"
        self.assertEqual(made(gap % 3), 2)
        self.assertEqual(made(gap % 3), 0)
        self.assertEqual(made(gap % 4), 2)
        self.assertEqual(made(NS_GLOBAL_VALUE="ChecksumEnabled=true"), 2)
        # What changes no result.
        self.assertEqual(made(f"--{age}=1"), 0)  # as it is
        self.assertEqual(made(f"--{threads}=2"), 0)
        # A library of somebody's own, and another one of the same name.
        for source, new in (("int one;", 2), ("int one;", 0), ("int two;", 2)):
            self.write("own.c", source.encode())
            subprocess.run(
                ["cc", "-shared", "-o", self.path("own.so"), self.path("own.c")], check=True
            )
            self.assertEqual(made("--load=own.so"), new)
        # --merge takes no results of other values, either.
        merge = self.call(*self.command(file, "--out=out", "--merge", f"--{age}=0.125"))
        self.assertEqual(merge.returncode, 1)
        self.assertIn("2 simulations", merge.stderr)

    def test_a_disk_that_fills_up(self):
        file = self.write("sweep.json", sweep(runs=20))
        os.mkdir(self.path("disk"))
        command = self.command()[0]
        script = (
            "mount -t tmpfs -o size=300k none disk && "
            f"({command} {file} --out=disk/out; echo status $?) && mount -o remount,size=50m disk "
            f"&& {command} {file} --out=disk/out --resume && cp disk/out/results.csv ."
        )
        done = self.call("unshare", "-m", "bash", "-c", script)
        if "mount" in done.stderr:
            self.skipTest("no mounts here")
        self.assertIn("status 1", done.stdout)
        self.assertRegex(done.stderr, r"\A[^\n]*disk/out[^\n]*full[^\n]*--resume[^\n]*\n\Z")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.sweep(file, "--out=whole")
        self.assertEqual(read(self.path("results.csv")), read(self.path("whole/results.csv")))


class Shards(SweepTest):
    def test_shards_are_disjoint_and_complete_and_merge_to_the_same_bytes(self):
        file = self.write("sweep.json", sweep())
        self.sweep(file, "--out=whole")
        for shard in (3, 1):
            self.sweep(file, "--out=parts", f"--shard={shard}/3")
        early = self.call(*self.command(file, "--out=parts", "--merge"))
        self.assertEqual((early.returncode, early.stdout), (1, ""))
        self.assertIn("12 simulations", early.stderr)
        self.assertFalse(os.path.exists(self.path("parts/results.csv")))
        self.sweep(file, "--out=parts", "--shard=2/3")
        again = self.call(*self.command(file, "--out=parts", "--shard=2/3"))
        self.assert_refused(again, "--resume")
        keys = []
        for shard in (1, 2, 3):
            with sqlite3.connect(self.path(f"parts/store-{shard}-of-3.sqlite")) as base:
                keys += base.execute("SELECT point, system, seed, run FROM run").fetchall()
        self.assertEqual(len(keys), len(set(keys)))
        self.assertEqual(len(keys), 12 * 3 * 2)
        self.sweep(file, "--out=parts", "--merge")
        for name in ("results.csv",):
            self.assertEqual(read(self.path("parts/" + name)), read(self.path("whole/" + name)))


if __name__ == "__main__":
    unittest.main()
