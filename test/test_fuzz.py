#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Readers of files and of the wire header under libFuzzer, AddressSanitizer and UBSan.

usage, in the project's root: python3 test/test_fuzz.py BUILD_DIR [unittest arguments]

Builds the targets with clang in BUILD_DIR/sanitize and runs each from its corpus (test/fuzz/corpus) for
MDI_FUZZ_RUNS executions (default 20000). Needs Debian's clang and libclang-rt-14-dev; fails without
them. `python3 test/test_fuzz.py BUILD_DIR --keep` adds what it finds to the corpus, the least set
of inputs that covers the same.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from program_test import BUILD, ROOT, read

CORPUS = os.path.join(ROOT, "test/fuzz/corpus")
RUNS = int(os.environ.get("MDI_FUZZ_RUNS", "20000"))

# Largest input, and the schema whose keys are words of its language.
TARGETS = {
    "scenario": (6000, "scenario"),
    "compute-trace": (6000, "compute-trace"),
    "layer-graph": (4000, "layer-graph"),
    "link-trace": (1000, None),
    "arrivals": (1000, None),
    "message": (1000, None),
}


def binary(target):
    return os.path.join(BUILD, "sanitize", "mdi-fuzz-" + target)


def build():
    """The targets; an exception with the end of the log if they do not build."""
    folder = os.path.join(BUILD, "sanitize")
    for command in (
        ["cmake", "--preset", "sanitize", "-S", ROOT, "-B", folder],
        ["cmake", "--build", folder, "--target", "mdi-fuzz"],
    ):
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, check=False
        )
        if done.returncode != 0:
            raise AssertionError(" ".join(command) + "\n" + done.stdout[-3000:])


def words(schema):
    """Keys and values that a schema names, as a libFuzzer dictionary."""
    text = read(os.path.join(ROOT, "traces/schema", schema + ".schema.json")).decode()
    found = sorted(set(re.findall(r'"([A-Za-z_][A-Za-z0-9_-]*)"', text)))
    return "".join('"\\"%s\\""\n' % word for word in found)


def fuzz(target, folder, runs):
    """Run a target from its corpus; what it finds goes to a folder. \\return what it printed"""
    longest, schema = TARGETS[target]
    new = os.path.join(folder, target)
    os.makedirs(new)
    command = [
        binary(target),
        "-runs=%d" % runs,
        "-seed=1",
        "-max_len=%d" % longest,
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        "-artifact_prefix=" + os.path.join(folder, target + "-"),
    ]
    if schema:
        dictionary = os.path.join(folder, schema + ".dict")
        with open(dictionary, "w", encoding="utf-8") as file:
            file.write(words(schema))
        command.append("-dict=" + dictionary)
    done = subprocess.run(
        command + [new, os.path.join(CORPUS, target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        errors="replace",
        cwd=folder,
        check=False,
    )
    return done.returncode, done.stdout


class Fuzz(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build()

    def check(self, target):
        with tempfile.TemporaryDirectory() as folder:
            status, output = fuzz(target, folder, RUNS)
            self.assertEqual(status, 0, output[-3000:])
            executed = re.search(r"stat::number_of_executed_units: (\d+)", output)
            self.assertGreaterEqual(int(executed.group(1)), RUNS)

    def test_the_corpus_is_small(self):
        for target in TARGETS:
            files = os.listdir(os.path.join(CORPUS, target))
            self.assertGreater(len(files), 5, target)
            self.assertLess(len(files), 400, target)


def add(target):
    def test(self):
        self.check(target)

    setattr(Fuzz, "test_" + target.replace("-", "_"), test)


for name in TARGETS:
    add(name)


def keep():
    """Fuzz, and keep the least set of inputs that covers what was found."""
    build()
    for target, (longest, _) in TARGETS.items():
        with tempfile.TemporaryDirectory() as folder:
            status, output = fuzz(target, folder, RUNS)
            print(target, json.dumps(re.findall(r"stat::(\w+): +(\d+)", output)))
            if status != 0:
                sys.exit(output[-5000:])
            least = os.path.join(folder, "least")
            os.makedirs(least)
            subprocess.run(
                [
                    binary(target),
                    "-merge=1",
                    "-max_len=%d" % longest,
                    least,
                    os.path.join(CORPUS, target),
                    os.path.join(folder, target),
                ],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            shutil.rmtree(os.path.join(CORPUS, target))
            shutil.copytree(least, os.path.join(CORPUS, target))
            print(len(os.listdir(least)), "inputs")


if __name__ == "__main__":
    if "--keep" in sys.argv:
        keep()
    else:
        unittest.main()
