# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""What tests of the programs have in common: where things are, and a program called as users call it."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCENARIOS = os.path.join(ROOT, "traces", "scenarios")
MODEL = os.path.join(ROOT, "traces", "models", "resnet56.pt")
FILES = ["items.csv", "manifest.json", "summary.csv", "timeline.json"]  # of a results folder
BUILD = os.path.join(ROOT, "build")
if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
    BUILD = os.path.abspath(sys.argv.pop(1))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def rows(path):
    with open(path, newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))


def scenario(name="three-nano-ethernet"):
    """A scenario of the repository with whole paths, so that a copy may lie anywhere."""
    with open(os.path.join(SCENARIOS, name + ".json"), encoding="utf-8") as file:
        document = json.load(file)
    for thing, key in [(m, "file") for m in document["models"].values()] + [
        (d, "trace") for d in document["devices"]
    ]:
        thing[key] = os.path.normpath(os.path.join(SCENARIOS, thing[key]))
    return document


class ProgramTest(unittest.TestCase):
    """Each test has a working folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="mdi-programs-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else json.dumps(content).encode())
        return self.path(name)

    def content(self):
        """Every file and folder below the working folder."""
        found = []
        for folder, folders, files in os.walk(self.folder):
            for name in folders + files:
                found.append(os.path.relpath(os.path.join(folder, name), self.folder))
        return sorted(found)

    def call(self, *command, **options):
        return subprocess.run(
            [str(word) for word in command],
            cwd=options.pop("cwd", self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=120,
            **options,
        )

    def run_program(self, *arguments):
        return self.call(os.path.join(BUILD, "mdi-run"), *arguments)

    def run_well(self, *arguments):
        result = self.run_program(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        return result

    def assert_refused(self, result, *parts):
        """Bad input: status 2, one line that says all of `parts`, nothing else."""
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\A[^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertEqual(result.returncode, 2, result.stderr)


def make_model():
    """traces/models/resnet56.pt, which the launcher makes, too."""
    if not os.path.exists(MODEL):
        python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
        export = os.path.join(ROOT, "traces", "models", "export.py")
        subprocess.run(
            [python, export, "resnet56", "--out", MODEL], check=True, stdout=subprocess.DEVNULL
        )
