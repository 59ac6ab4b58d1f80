#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The module installed, moved, and used from outside: doc/howto-policy.rst as a user follows it.

usage, in the project's root: python3 test/test_install.py BUILD_DIR [unittest arguments]
"""

import glob
import json
import os
import re
import shutil
import tempfile
import textwrap
import unittest

from program_test import BUILD, ROOT, ProgramTest, call, load, read, rows

PAGE = os.path.join(ROOT, "doc", "howto-policy.rst")
CONFIG = "ns3-mdiConfig.cmake"
EXAMPLE = os.path.join(ROOT, "examples", "own-router")
CLASS = "own::PowerOfTwoRouter"

# What a second user adds to the program of the page: every header, and a library.
MORE = """
target_sources(my-program PRIVATE headers.cc)
add_library(same-name MODULE same-name.cc)
target_link_libraries(same-name ns3-mdi::mdi)
"""

# A class that takes the TypeId of one of the module's.
SAME_NAME = """
#include "ns3/mdi-router.h"
class Mine : public ns3::mdi::StayRouter
{
  public:
    static ns3::TypeId GetTypeId()
    {
        static ns3::TypeId tid =
            ns3::TypeId("ns3::mdi::MsMdiRouter").SetParent<ns3::mdi::Router>().AddConstructor<Mine>();
        return tid;
    }
};
NS_OBJECT_ENSURE_REGISTERED(Mine);
"""


class Installed(ProgramTest):
    timeout = 300

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="mdi install ")
        cls.addClassCleanup(shutil.rmtree, cls.place)
        cls.prefix = os.path.join(cls.place, "ns3-mdi")
        cls.traces = os.path.join(cls.prefix, "share", "ns3-mdi", "traces")
        cls.own = os.path.join(cls.place, "own-router")
        cls.scenario = os.path.join(cls.own, "build", "eight-nano.json")
        blocks = re.findall(r"::\n\n((?:  .*\n|\n)+)", read(PAGE).decode("ascii"))
        cls.blocks = [textwrap.dedent(block) for block in blocks]
        # The page's first commands, with the build folder of this test, and up to the run.
        commands = cls.blocks[0].replace("./mdi build\n", "")
        commands = commands.replace("--install build ", "--install '%s' " % BUILD)
        cls.shell(commands[: commands.index('"$HOME/ns3-mdi/bin/mdi-run')])
        config = glob.glob(os.path.join(cls.prefix, "lib*", "**", CONFIG), recursive=True)
        cls.model = []
        if b"set(ns3-mdi_TORCH ON)" not in read(config[0]):
            cls.model = ["--set=models.resnet56-exits.file=" + cls.layer_graph()]
        cls.flags = ["--runs=2"] + cls.model
        cls.flags += ["--set=sources.%s.items=10" % source for source in "abcd"]

    @classmethod
    def shell(cls, commands):
        """As a user whose home is the folder, in the clone, without LibTorch's CMake package."""
        commands = commands.replace("-G Ninja", "-G Ninja -DCMAKE_DISABLE_FIND_PACKAGE_Torch=ON")
        result = call("bash", "-euc", commands, timeout=300, env=dict(os.environ, HOME=cls.place))
        if result.returncode != 0:
            raise AssertionError(commands + result.stdout + result.stderr)
        return result

    @classmethod
    def layer_graph(cls):
        """A chain with the layers of the trace, for builds without LibTorch."""
        nano = load(os.path.join(cls.traces, "compute", "nano.json"))
        names = nano["modes"]["MAXN"]["models"]["resnet56-exits"]["layers"]
        tensor = {"shape": [1, 3, 32, 32], "dtype": "float32"}
        graph = {"format": "mdi-layer-graph", "version": 1, "name": "chain", "inputs": [tensor]}
        graph["layers"] = [
            {"name": name, "inputs": [i - 1], "outputs": [tensor], "flop": 1}
            for i, name in enumerate(names)
        ]
        path = os.path.join(cls.place, "chain.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(graph, file)
        return path

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.place)

    def run_program(self, *arguments):
        return self.call(os.path.join(self.prefix, "bin", "mdi-run"), *arguments)

    def library(self, name="own-router", project="own-router"):
        return os.path.join(self.place, project, "build", "lib" + name + ".so")

    def assert_refused(self, result, *parts):
        super().assert_refused(result, *parts)
        self.assertEqual(self.content(), [])

    def test_its_scenario(self):
        library = "--load=" + self.library()
        for out in ("one", "two"):
            result = self.run_well(library, self.scenario, *self.flags, "--out=" + out)
        for system in ("ms-mdi", "pa-mdi", "power-of-two"):
            self.assertRegex(result.stdout, r"(?m)^%s +all +\S+ \+- .* 80 +0$" % system)
        self.assertEqual(read(self.path("one", "items.csv")), read(self.path("two", "items.csv")))
        # The class decides, and so does its attribute.
        latencies = {}
        for row in rows(self.path("one", "items.csv")):
            latencies.setdefault(row["system"], []).append(row["completed_s"])
        self.assertEqual(len({tuple(times) for times in latencies.values()}), 4)
        manifest = load(self.path("one", "manifest.json"))
        self.assertIn(library, manifest["command_line"])
        self.assertIn(CLASS, json.dumps(manifest["systems"]))

    def test_the_other_commands(self):
        """of the page: another scenario, and a log."""
        blocks = [block for block in self.blocks[1:] if "mdi-run" in block]
        self.assertEqual(len(blocks), 2)
        for block in blocks:
            model = "".join("'%s' " % flag for flag in self.model)
            result = self.shell(block.replace("--load=", model + "--load="))
        self.assertIn("--" + CLASS + "::Choices=[2]", result.stdout)
        log = read(os.path.join(self.own, "decisions.log"))
        self.assertRegex(log.splitlines()[0], rb"^\+[0-9.]+s node \d gives a task to node \d$")

    def test_bad_scenarios(self):
        flags = ["--load=" + self.library(), self.scenario, *self.flags]
        field = "--set=systems.2.router."
        for change, *parts in [
            ("type=own::PowerOfTwoRoute", "did you mean '%s'?" % CLASS, "--load="),
            ("type=ns3::mdi::FifoQueue", "no ns3::mdi::Router", "another parent"),
            ("Choises=3", "did you mean 'Choices'?"),
            ("Choices=0", "/systems/2/router/Choices: "),
        ]:
            with self.subTest(change):
                self.assert_refused(self.run_program(*flags, field + change), *parts)
        # Nothing was loaded.
        self.assert_refused(self.run_program(*flags[1:]), "/systems/2/router/type", CLASS, "--load=")

    def test_what_can_be_loaded(self):
        shutil.copy(self.library(), self.path("mine.so"))
        flags = [self.scenario, *self.flags, "--runs=1", "--systems=power-of-two"]
        # Twice the same file is once; a name without slash is a file of this folder.
        result = self.run_program("--load=mine.so", "--load=./mine.so", *flags)
        self.assertEqual(result.returncode, 0, result.stderr)
        # A copy registers everything again, at which ns-3 itself gives up.
        os.remove(self.path("mine.so"))
        shutil.rmtree(self.path("mdi-results"))
        copy = shutil.copy(self.library(), os.path.join(self.place, "copy.so"))
        twice = self.run_program("--load=" + self.library(), "--load=" + copy, *flags)
        self.assert_refused(twice, "--load=" + copy + ": ", "PowerOfTwoRouter", "already")
        # A library that registers nothing.
        result = self.run_program("--load=/lib/x86_64-linux-gnu/libm.so.6", "--load=" + copy, *flags)
        if os.path.exists("/lib/x86_64-linux-gnu/libm.so.6"):
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_what_cannot(self):
        for file, part in [
            ("none.so", "no such file"),
            ("libm.so.6", "no such file"),  # nor is it searched
            (self.place, "no such file"),
            (self.scenario, "--load=" + self.scenario + ": "),
        ]:
            with self.subTest(file):
                self.assert_refused(self.run_program("--load=" + file, self.scenario), part)
        self.assert_refused(self.run_program("--load=", self.scenario), "--load=VALUE")

    def test_it_is_short(self):
        text = read(os.path.join(EXAMPLE, "power-of-two-router.cc")).decode("ascii")
        self.assertTrue(text.startswith("// SPDX-License-Identifier: GPL-2.0-only\n// Author: "))
        self.assertLess(len(text.splitlines()), 80)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_an_ns3_program(self):
        # An installation may be moved.
        moved = os.path.join(self.place, "moved")
        shutil.copytree(self.prefix, moved)
        self.check_libraries(moved)
        folder = os.path.join(self.place, "program")
        os.mkdir(folder)
        project = [block for block in self.blocks if "add_executable" in block][0] + MORE
        headers = sorted(os.listdir(os.path.join(self.prefix, "include", "ns3")))
        self.assertIn("mdi-router.h", headers)
        for name, text in [
            ("CMakeLists.txt", project),
            ("same-name.cc", SAME_NAME),
            ("headers.cc", "".join('#include "ns3/%s"\n' % header for header in headers)),
            ("my-program.cc", read(os.path.join(ROOT, "examples", "mdi-first.cc")).decode()),
        ]:
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(text)
        self.shell(
            "cd '%s'; cmake -S . -B build -G Ninja -DCMAKE_PREFIX_PATH='%s'; cmake --build build"
            % (folder, moved)
        )
        ninja = read(os.path.join(folder, "build", "build.ninja")).decode()
        self.assertNotIn(self.prefix.replace(" ", "$ "), ninja)
        program = os.path.join(folder, "build", "my-program")
        result = self.call(program, "--model=none.pt")
        self.assertIn("none.pt", result.stderr)
        self.assertEqual(result.returncode, 2)
        result = self.call(program, "--PrintAttributes=ns3::mdi::MsMdiRouter")
        self.assertIn("ns3::mdi::MsMdiRouter::Overlap", result.stdout)
        # The name of a class of the module is taken.
        result = self.run_program("--load=" + self.library("same-name", "program"), self.scenario)
        self.assert_refused(result, "'ns3::mdi::MsMdiRouter', which exists already")

    def check_libraries(self, prefix):
        for program in ("mdi-run", "mdi-inspect", "mdi-profile", "mdi-validate"):
            path = os.path.join(prefix, "bin", program)
            result = self.call("ldd", path)
            libraries = re.findall(r"libmdi\S* => (.*) \(", result.stdout)
            self.assertEqual(len(libraries), 2, result.stdout)
            for library in libraries:
                self.assertTrue(os.path.realpath(library).startswith(prefix + "/"), library)
            self.assertEqual(self.call(path, "--help").returncode, 0)

    def test_programs_use_their_libraries(self):
        self.check_libraries(self.prefix)

    def test_traces(self):
        """CMakeLists.txt lists what git has."""
        if not os.path.exists(os.path.join(ROOT, ".git")) or not shutil.which("git"):
            self.skipTest("no git")
        files = call("git", "ls-files", "traces").stdout.split()
        installed = [
            os.path.join("traces", os.path.relpath(os.path.join(folder, name), self.traces))
            for folder, _, names in os.walk(self.traces)
            for name in names
        ]
        self.assertEqual(sorted(installed), sorted(files), "set(mdi_trace_files) in CMakeLists.txt")
        for name in files:
            self.assertEqual(
                read(os.path.join(os.path.dirname(self.traces), name)), read(os.path.join(ROOT, name))
            )


if __name__ == "__main__":
    unittest.main()
