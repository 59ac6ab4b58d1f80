# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""What tests have in common: where things are, a working folder, and a program called as users call it."""

import contextlib
import csv
import io
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
# Debian's is the one that has torch.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
BUILD = os.path.join(ROOT, "build")
if len(sys.argv) > 1 and os.path.isdir(sys.argv[1]):  # else the first of unittest's arguments
    BUILD = os.path.abspath(sys.argv.pop(1))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def load(path):
    return json.loads(read(path))


def rows(path):
    with open(path, newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))


def scenario(name="three-nano-ethernet"):
    """A scenario of the repository with whole paths, so that a copy may lie anywhere."""
    document = load(os.path.join(SCENARIOS, name + ".json"))
    for thing, key in [(m, "file") for m in document["models"].values()] + [
        (d, "trace") for d in document["devices"]
    ]:
        thing[key] = os.path.normpath(os.path.join(SCENARIOS, thing[key]))
    return document


def call(*command, cwd=ROOT, timeout=600, **options):
    """Exit status and what was printed; nothing can be typed in."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        timeout=timeout,
        **options,
    )


class ProgramTest(unittest.TestCase):
    """Each test has a working folder of its own."""

    timeout = 120  # of a call [s]

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="mdi-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, content):
        """Text and bytes as they are, anything else as JSON."""
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def content(self):
        """Every file and folder below the working folder."""
        found = []
        for folder, folders, files in os.walk(self.folder):
            for name in folders + files:
                found.append(os.path.relpath(os.path.join(folder, name), self.folder))
        return sorted(found)

    def call(self, *command, **options):
        return call(*command, **{"cwd": self.folder, "timeout": self.timeout, **options})

    def call_main(self, main, *arguments):
        """The same of a Python program's main(), without the second that a start takes."""
        before = os.getcwd()
        os.chdir(self.folder)
        out, err = io.StringIO(), io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = main(list(arguments))
        except SystemExit as stop:
            status = stop.code
        finally:
            os.chdir(before)
        command = [main.__module__, *arguments]
        return subprocess.CompletedProcess(command, status, out.getvalue(), err.getvalue())

    def run_program(self, *arguments):
        return self.call(os.path.join(BUILD, "mdi-run"), *arguments)

    def assert_well(self, result):
        """Status 0 and nothing to complain of."""
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        return result

    def run_well(self, *arguments):
        return self.assert_well(self.run_program(*arguments))

    def assert_refused(self, result, *parts):
        """Bad input: status 2, one line that says all of `parts`, nothing else."""
        program = os.path.basename(result.args[0])
        says = program + ": " if program.startswith("mdi-") else ""
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\A%s[^\n]+\n\Z" % says)
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertEqual(result.returncode, 2, result.stderr)


def make_model():
    """traces/models/resnet56.pt, which the launcher makes, too."""
    if not os.path.exists(MODEL):
        export = os.path.join(ROOT, "traces", "models", "export.py")
        subprocess.run(
            [PYTHON, export, "resnet56", "--out", MODEL], check=True, stdout=subprocess.DEVNULL
        )
