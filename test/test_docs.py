#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The documentation: its commands print what it shows, and it builds without warnings.

usage, in the project's root: python3 test/test_docs.py BUILD_DIR [unittest arguments]

How a page is written, so that it can be followed here (howto-policy.rst has test_install.py):

* `.. code-block:: console` holds commands, `$ ...`, and below each what it prints, its errors as
  well. A line that ends in a backslash goes on in the next. `...` stands for any text, alone on a
  line for any lines. A command succeeds, unless `$ echo $?` after it shows another status.
* The comment `.. numbers vary` before such a block: times of this machine, say. Only the text is
  compared, with any number for a number and any space for a space.
* A code-block with a `:caption:` is a file of that name.

Everything is run in a copy of what the commands need, in the order of the page.
"""

import difflib
import os
import re
import shlex
import shutil
import signal
import subprocess
import textwrap
import unittest

from program_test import BUILD, ROOT, ProgramTest

DOC = os.path.join(ROOT, "doc")
TIME_LIMIT = 600  # of a page, in seconds
WAITING = "mdi: waiting for another ./mdi"  # of another test
NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"

# The commands of README.md, and the flags that make them short. Else, why they are not run.
FEW = "--runs=1 --set=sources.*.items=4"
README = {
    "./mdi run": FEW,
    "./mdi run --runs=10 --set='systems=[\"ms-mdi\", {\"name\": \"pa-strict\", "
    '"preset": "pa-mdi", "queue": {"type": "ns3::mdi::PriorityQueue"}}]\'': FEW,
    "./mdi plot mdi-results/five-xavier-mesh-1": "",
    "./mdi run --set=sources.ts.priority=2 --set=sources.0.admission.rate_hz=100": FEW,
    "./mdi run --set=networks.0.data_mode=HtMcs7 --set=networks.0.goodput_bps=50000000": FEW,
    "./mdi run --systems=ms-mdi,pa-mdi --runs=20 --seed=7 --out=my-results": FEW,
    "./mdi run --network=flow --runs=50": FEW,
    "./mdi run traces/scenarios/three-nano-ethernet.json "
    "--set=networks.0.trace=../links/hsdpa/bus.csv": FEW,
    "./mdi run traces/scenarios/three-nano-lte.json": FEW,
    "./mdi run --systems=ms-mdi,pa-mdi --runs=20 --trace-error=sample": FEW,
    "./mdi run traces/scenarios/two-orin-nano.json": FEW,
    "./mdi run traces/scenarios/three-tx2.json": FEW + " --set=sources.*.generation.new_tokens=8",
    "./mdi profile traces/models/resnet56-digits.pt --device-name=mine "
    "--out=traces/compute/mine.json": "--repeats=2 --warmup=1 --threads=1",
    "./mdi run traces/scenarios/two-of-mine.json": FEW,
    "./mdi run traces/scenarios/three-nano-digits.json": FEW,
}
LEFT_OUT = {
    "./mdi test": "it is what runs this",
    "./mdi plot --format=pdf,png --out=figures mesh ring": "folders of the reader",
    "./mdi plot my-sweep": "a folder of the reader; test_plot_sweep.py",
    "./mdi plot my-sweep --map=rate,load --source=ts --ratio=pa-mdi,ms-mdi": "the same",
    "./mdi run my-scenario.json": "a file of the reader; howto-scenario.rst",
    "./mdi sweep traces/sweeps/when-priority-pays.json": "minutes; test_sweep.py",
    "./mdi plot mdi-results/when-priority-pays --source=ts --map=rate_bps,sources "
    "--ratio=pa-strict,ms-mdi": "of that sweep",
    "./mdi run traces/scenarios/edgeflow-yolov5s-ethernet.json": "minutes; test_edgeflow.py",
    'cmake --install build --prefix "$HOME/ns3-mdi"': "test_install.py",
    "./mdi run --load=libmine.so my-scenario.json": "test_install.py",
    "./mdi inspect net.pt --input-shape=1,3,224,224": "a file of the reader; howto-model.rst",
    "./mdi inspect net.pt --input-shape=1,3,224,224 --verify=2,4,16,all": "the same",
    "./mdi profile net.pt --input-shape=1,3,224,224 --device-name=my-board": "the same",
    "./mdi export resnet50": "100 MB; test_export.py",
    "./mdi export gpt2 --out=traces/models/gpt2.pt": "500 MB; test_export.py",
    "./mdi profile traces/models/gpt2.pt --device-name=mine "
    "--out=traces/compute/mine.json": "needs that file; test_profile.py",
    "./mdi run traces/scenarios/two-of-mine-gpt2.json": "the same",
}


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


class Step:
    """A command of a page and the lines that it shall print, or a file of it."""

    def __init__(self, command, varies=False):
        self.command, self.varies, self.expected = command, varies, []

    def matches(self, printed):
        """Whether that is what the page shows; trailing spaces and empty lines do not count."""
        pattern = ""
        for line in self.lines(self.expected):
            if line.strip() == "...":
                pattern += r"(?:[^\n]*\n)*?"
            else:
                pattern += self.pattern(line) + r"\n"
        text = "".join(line + "\n" for line in self.lines(printed))
        return re.fullmatch(pattern, text) is not None

    @staticmethod
    def lines(lines):
        return [line.rstrip() for line in lines if line.strip()]

    def pattern(self, line):
        parts = []
        for part in line.split("..."):
            if not self.varies:
                parts.append(re.escape(part))
                continue
            words = re.split(r"(%s|\s+)" % NUMBER, part)
            for i in range(1, len(words), 2):
                words[i] = r"[^\S\n]+" if words[i].isspace() else NUMBER
            parts.append("".join(re.escape(w) if i % 2 == 0 else w for i, w in enumerate(words)))
        return r"[^\n]*".join(parts)

    def difference(self, printed):
        return "$ %s\n%s" % (
            self.command,
            "\n".join(
                difflib.unified_diff(
                    self.lines(self.expected), self.lines(printed), "page", "printed", lineterm=""
                )
            ),
        )


def steps_of(page):
    """The commands and files of a page, in order."""
    steps = []
    blocks = re.finditer(
        r"^(\.\. numbers vary\n\n)?\.\. code-block:: (\S+)\n((?:   :.*\n)*)\n((?:   .*\n|\n)+)",
        page,
        re.MULTILINE,
    )
    for block in blocks:
        varies, language, options, text = block.groups()
        text = textwrap.dedent(text).strip("\n") + "\n"
        caption = re.search(r":caption: (.*)\n", options)
        if caption:
            file = shlex.quote(caption[1])
            steps.append(Step("cat > %s <<'end of file'\n%send of file" % (file, text)))
        elif language == "console":
            lines = re.sub(r"\\\n", "\\\\\0", text).splitlines()
            for line in lines:
                if line.startswith("$ "):
                    steps.append(Step(line[2:].replace("\\\0", "\\\n"), bool(varies)))
                else:
                    steps[-1].expected.append(line)
    return steps


class Reader(ProgramTest):
    """Somebody with a clone, built."""

    def setUp(self):
        super().setUp()
        for file in re.findall(r"^ +(traces/\S+)$", read(ROOT, "CMakeLists.txt"), re.MULTILINE):
            target = self.path(file)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(ROOT, file), target)
        for name in ("resnet56.pt", "resnet56.json"):  # made before by ./mdi test
            made = os.path.join("traces", "models", name)
            os.symlink(os.path.join(ROOT, made), self.path(made))
        shutil.copy(os.path.join(ROOT, "mdi"), self.folder)
        shutil.copytree(os.path.join(ROOT, "examples"), self.path("examples"))

    def run_all(self, commands):
        """Runs them in one shell; for each the exit status and the lines that it printed."""
        script = "".join(
            "%s\nmdi_status=$?; printf '\\0%%d\\0' $mdi_status; (exit $mdi_status)\n" % command
            for command in commands
        )
        environment = dict(
            os.environ,
            PATH="/usr/bin:" + os.environ["PATH"],  # Debian's python3, which has torch
            HOME=self.folder,
            MDI_BUILD_DIR=BUILD,
            CI="1",
        )
        with subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        ) as shell:
            try:
                output = shell.communicate(timeout=TIME_LIMIT)[0].decode()
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGKILL)
                self.fail("not ready after %d s; printed: %s" % (TIME_LIMIT, shell.communicate()))
        parts = output.split("\0")
        self.assertEqual(len(parts), 2 * len(commands) + 1, output)
        results = []
        for text, status in zip(parts[::2], parts[1::2]):
            lines = [line for line in text.splitlines() if not line.startswith(WAITING)]
            results.append((int(status), lines))
        return results

    def follow(self, name):
        steps = steps_of(read(DOC, name))
        results = self.run_all([step.command for step in steps])
        wrong = []
        for i, (step, (status, printed)) in enumerate(zip(steps, results)):
            told = i + 1 < len(steps) and steps[i + 1].command == "echo $?"
            if not told and status != 0:
                wrong.append("$ %s\nexit status %d" % (step.command, status))
            if not step.matches(printed):
                wrong.append(step.difference(printed))
        if wrong:
            self.fail(name + ":\n" + "\n\n".join(wrong))


class HowTos(Reader):
    def test_scenario(self):
        self.follow("howto-scenario.rst")

    def test_model(self):
        self.follow("howto-model.rst")

    def test_device(self):
        self.follow("howto-device.rst")

    def test_link_trace(self):
        self.follow("howto-link-trace.rst")

    def test_all_are_followed(self):
        """Each page has a test, and no command of ours stands where it would not be run."""
        pages = sorted(name for name in os.listdir(DOC) if name.startswith("howto-"))
        pages.remove("howto-policy.rst")  # which test_install.py follows
        tests = {name for name in dir(self) if name.startswith("test_")}
        self.assertGreaterEqual(len(pages), 4)
        for name in pages:
            self.assertIn("test_" + name[len("howto-") : -len(".rst")].replace("-", "_"), tests)
            page = read(DOC, name)
            run = sum(step.command.startswith("./mdi ") for step in steps_of(page))
            self.assertGreater(run, 1, name)
            self.assertEqual(len(re.findall(r"^ +(?:\$ )?\./mdi ", page, re.MULTILINE)), run, name)

    def test_the_comparison_itself(self):
        step = Step("true")
        step.expected = ["a ... c", "...", "", "end 1.5"]
        for printed, right in [
            (["a b c", "end 1.5"], True),
            (["a b c", "x", "y", "end 1.5"], True),
            (["a b d", "end 1.5"], False),
            (["a b c", "end 1.6"], False),
            (["a b c", "end 1.5", "more"], False),
            ([], False),
        ]:
            self.assertEqual(step.matches(printed), right, printed)
        step.varies = True
        self.assertTrue(step.matches(["a  b c", "end  -3e-05"]))
        self.assertFalse(step.matches(["a b c", "end x"]))


class Manual(ProgramTest):
    """Sphinx and Doxygen, warnings are errors; what is generated is what would be generated."""

    def run_quietly(self, *command, text=""):
        self.assertTrue(shutil.which(command[0]), command[0] + " is not installed")
        result = subprocess.run(
            command,
            cwd=ROOT,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            timeout=TIME_LIMIT,
        )
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def test_sphinx(self):
        html = self.path("html")
        command = "sphinx-build -W --keep-going -q -b html -d".split()
        self.assertEqual(self.run_quietly(*command, self.path("trees"), "doc", html), "")
        for name in os.listdir(DOC):
            if name.endswith(".rst"):
                self.assertTrue(os.path.exists(os.path.join(html, name[:-4] + ".html")), name)

    def test_doxygen(self):
        output = "OUTPUT_DIRECTORY = %s\n" % self.folder
        printed = self.run_quietly("doxygen", "-", text=read(DOC, "doxygen.conf") + output)
        self.assertEqual(printed, "")
        self.assertTrue(os.path.exists(self.path("html", "index.html")))

    def test_attributes(self):
        program = os.path.join(BUILD, "mdi-attributes")
        advice = program + " > doc/attributes.rst"
        self.assertEqual(self.run_quietly(program), read(DOC, "attributes.rst"), advice)


class Readme(Reader):
    def test_commands(self):
        page = read(ROOT, "README.md")
        blocks = re.findall(r"^```(\w*)\n(.*?)^```\n", page, re.MULTILINE | re.DOTALL)
        commands = []
        for line in "".join(text for language, text in blocks if not language).splitlines():
            command = re.match(r"(?:\$ )?((?:\./mdi|cmake) .*?)(?: +#.*)?$", line)
            if command:
                commands.append(command[1])
        commands = list(dict.fromkeys(commands))
        self.assertEqual(
            sorted(commands), sorted([*README, *LEFT_OUT]), "README, LEFT_OUT in test_docs.py"
        )
        commands = [command for command in commands if command in README]
        results = self.run_all([command + " " + README[command] for command in commands])
        for command, (status, printed) in zip(commands, results):
            with self.subTest(command):
                self.assertEqual(status, 0, "\n".join(printed))


if __name__ == "__main__":
    unittest.main()
