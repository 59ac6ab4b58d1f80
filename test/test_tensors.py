#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Real layers, however they are run, write the same files: mdi-run as users call it.

usage, in the project's root: python3 test/test_tensors.py BUILD_DIR [unittest arguments]
"""

import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from program_test import BUILD, SCENARIOS, ProgramTest, read

SCENARIO = os.path.join(SCENARIOS, "three-nano-digits.json")
FILES = ("summary.csv", "items.csv", "timeline.json")
ATTRIBUTE = "--ns3::mdi::TorchEngine::"
EXIT = {"type": "ns3::mdi::FixedExit", "Threshold": 0.9}
PIPELINE = {"type": "ns3::mdi::ExitPartitioner", "Pipeline": True}
SYSTEMS = [
    "local",
    "ddi",
    "ar-mdi",
    "ms-mdi",
    "pa-mdi",
    "mdi-exit",
    "edgeflow",
    {"name": "exit", "router": "pa-mdi", "exit": EXIT},
    {"name": "int8", "partitioner": PIPELINE, "codec": "int8"},
    {"name": "small", "partitioner": PIPELINE, "exit": EXIT, "codec": "autoencoder"},
]
ITEMS = 5  # of each source


class Tensors(ProgramTest):
    timeout = 300

    def command(self, out, *flags):
        return [
            os.path.join(BUILD, "mdi-run"),
            SCENARIO,
            "--set=systems=" + json.dumps(SYSTEMS),
            f"--set=sources.0.items={ITEMS}",
            f"--set=sources.1.items={ITEMS}",
            "--runs=2",
            "--out=" + out,
            *flags,
        ]

    def results(self, out, *flags, before=()):
        self.assert_well(self.call(*before, *self.command(out, *flags)))
        return {name: read(self.path(f"{out}/{name}")) for name in FILES}

    def check_same(self, expected, out, *flags, before=()):
        found = self.results(out, *flags, before=before)
        for name in FILES:
            self.assertTrue(found[name] == expected[name], f"{name} of {out}")

    def one_core(self):
        """One process instead of one for each core."""
        if not shutil.which("taskset"):
            self.skipTest("no taskset")
        return ["taskset", "-c", str(min(os.sched_getaffinity(0)))]

    def test_modes_threads_and_processes(self):
        expected = self.results("memo")
        lines = expected["items.csv"].decode().splitlines()
        self.assertEqual(len(lines), 1 + len(SYSTEMS) * 2 * 2 * ITEMS)
        errors = {line.split(",")[-1] for line in expected["summary.csv"].decode().splitlines()[1:]}
        self.assertGreater(len(errors), 3)  # of strips and codecs, of each its own
        self.assertIn("0", errors)
        self.assertNotIn("", errors)
        self.check_same(expected, "execute", "--tensors=execute")
        for threads in (0, 2, 3):
            flag = f"{ATTRIBUTE}Threads={threads}"
            self.check_same(expected, f"memo-{threads}", flag)
            self.check_same(expected, f"execute-{threads}", flag, "--tensors=execute")
        for mode in ("memo", "execute"):
            flag = "--tensors=" + mode
            self.check_same(expected, f"{mode}-one-core", flag, before=self.one_core())
        # Too small to keep anything: everything is made again whenever it is needed.
        self.check_same(expected, "no-store", ATTRIBUTE + "StoreBytes=1")

    def test_a_store_that_is_cold_warm_or_whose_writer_was_killed(self):
        expected = self.results("memo")
        store = ATTRIBUTE + "Store=" + self.path("answers")
        self.check_same(expected, "cold", store)
        size = os.path.getsize(self.path("answers"))
        with open(self.path("answers"), encoding="ascii") as file:
            keys = [line.split(" ")[1] for line in file if " " in line]
        self.assertGreater(len(keys), 100)
        self.assertEqual(len(keys), len(set(keys)))  # nothing was found out twice
        self.check_same(expected, "warm", store)
        self.assertEqual(os.path.getsize(self.path("answers")), size)  # nothing was to be found out
        for part in (0.2, 0.5, 0.8):
            name = f"killed-{part}"
            store = ATTRIBUTE + "Store=" + self.path(name)
            with subprocess.Popen(
                self.command("out-" + name, store),
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            ) as process:
                while process.poll() is None:
                    path = self.path(name)
                    if os.path.exists(path) and os.path.getsize(path) > part * size:
                        break
                    time.sleep(0.001)
                self.assertIsNone(process.poll(), "it ended before it could be killed")
                os.killpg(process.pid, signal.SIGKILL)
            self.assertFalse(os.path.exists(self.path("out-" + name)))
            with open(self.path(name), "r+b") as file:  # as the disk may leave it
                file.truncate(os.path.getsize(self.path(name)) - 7)
            before = os.path.getsize(self.path(name))
            self.check_same(expected, "after-" + name, store)
            self.assertGreater(os.path.getsize(self.path(name)), before)

    def test_a_store_of_two_runs_at_a_time(self):
        expected = self.results("memo")
        store = ATTRIBUTE + "Store=" + self.path("answers")
        with subprocess.Popen(
            self.command("other", store), cwd=self.folder, stdout=subprocess.DEVNULL
        ) as other:
            self.check_same(expected, "one", store)
            self.assertEqual(other.wait(), 0)
        for name in FILES:
            self.assertTrue(read(self.path("other/" + name)) == expected[name], name)

    def test_other_files_are_no_store(self):
        self.write("thesis", "Chapter 1\n")
        for name, part in (("thesis", "no file of answers"), ("none/answers", "No such file")):
            done = self.call(*self.command("out", ATTRIBUTE + "Store=" + self.path(name)))
            self.assert_refused(done, self.path(name) + ": ", part)
        self.assertEqual(read(self.path("thesis")), b"Chapter 1\n")
        self.assertEqual(os.listdir(self.folder), ["thesis"])


if __name__ == "__main__":
    unittest.main()
