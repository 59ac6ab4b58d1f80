#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The module as contrib/mdi of an ns-3 tree: Debian's source package of the ns-3 that is installed.

Class Build fetches and builds it, class InTree tests what was built. The tree stays in MDI_CACHE_DIR
(~/.cache/mdi), by version and options; the log is BUILD_DIR/in-tree.log. With MDI_TREE=whole, all of
ns-3 is compiled, too, and not only what differs from the installed one.

usage, in the project's root: python3 test/test_in_tree.py BUILD_DIR [Build] [InTree] [unittest arguments]
"""

import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from program_test import BUILD, ROOT, ProgramTest, call, read

# -O0 compiles fastest, and rounds alike. mdi-installed-ns3.cmake says what is not compiled at all.
OPTIONS = "-d default -G Ninja --enable-modules=mdi --enable-tests --enable-examples --enable-mpi"
OPTIONS += " --filter-module-examples-and-tests=mdi --"
OPTIONS += " -DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O0 -DMDI_TORCH=OFF"
if os.environ.get("MDI_TREE") != "whole":
    OPTIONS += " -DCMAKE_PROJECT_NS3_INCLUDE=contrib/mdi/test/mdi-installed-ns3.cmake"
MPIRUN = "mpirun --allow-run-as-root --oversubscribe --mca mpi_yield_when_idle 1 -np %d"
SCENARIO = "traces/scenarios/t3-colosseum.json"  # from ns-3's folder, too
FLAGS = ["--runs=2", "--network=packet", "--set=sources.0.items=20", "--set=sources.1.items=20"]
LINKS = {"type": "point-to-point", "nodes": "all", "rate_bps": 20000000, "delay_s": 0.005}
SYSTEMS = ["ddi", "ms-mdi", "pa-mdi"]


class Tree:
    """An ns-3 tree with the module in it."""

    lock = None  # of this process

    def __init__(self, log):
        self.log = log
        self.version = self.output("dpkg-query", "-W", "-f", "${Version}", "libns3-dev")
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        cache = os.environ.get("MDI_CACHE_DIR") or os.path.join(cache, "mdi")
        key = hashlib.sha256(OPTIONS.encode()).hexdigest()[:8]
        self.folder = os.path.join(cache, f"ns3-{self.version}-{key}")
        os.makedirs(self.folder, exist_ok=True)
        if Tree.lock is None:
            Tree.lock = os.open(os.path.join(self.folder, "lock"), os.O_CREAT | os.O_WRONLY)
            try:
                fcntl.flock(Tree.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until the process ends
            except BlockingIOError:
                print(f"waiting for another process that uses {self.folder}", flush=True)
                fcntl.flock(Tree.lock, fcntl.LOCK_EX)
        self.path = os.path.join(self.folder, "ns-3")
        if not os.path.exists(self.path):
            self.fetch()
        self.link()
        self.call("./ns3", "configure", *OPTIONS.split())
        # As ./ns3 build, which leaves a core idle.
        self.call("cmake", "--build", "cmake-cache", "--parallel", str(os.cpu_count()))

    def output(self, *command):
        return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().strip()

    def call(self, *command, cwd=None):
        """Writes to the log; what fails shows its end."""
        print("$", *command, file=self.log, flush=True)
        result = subprocess.run(
            command,
            cwd=cwd or self.path,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            env=dict(os.environ, CCACHE_DIR=self.folder + "/ccache"),  # ns-3 changes the settings of ccache
        )
        if result.returncode != 0:
            end = read(self.log.name).decode("utf-8", "replace")[-5000:]
            raise AssertionError(" ".join(command) + ": see " + self.log.name + "\n" + end)

    def fetch(self):
        """Debian's source package, from where libns3-dev comes from; the system's lists stay as they are."""
        origin = re.search(r"(https?://\S+) (\S+)/main", self.output("apt-cache", "policy", "libns3-dev"))
        if not origin:
            raise AssertionError("apt does not know where libns3-dev comes from: call apt-get update")
        mirror, suite = origin.groups()
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            with open(os.path.join(work, "sources.list"), "w", encoding="ascii") as file:
                file.write(f"deb-src {mirror} {suite} main\n")
            os.makedirs(os.path.join(work, "lists", "partial"))
            apt = ["apt-get", "-o", "Dir::Etc::sourcelist=" + file.name]
            apt += ["-o", "Dir::Etc::sourceparts=-", "-o", "Dir::State::lists=" + work + "/lists"]
            apt += ["-o", "Dir::Cache=" + work, "-o", "APT::Sandbox::User=", "-o", "APT::Update::Error-Mode=any"]
            apt += ["-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=60", "-o", "Acquire::https::Timeout=60"]
            try:
                self.call(*apt, "update", cwd=work)
                self.call(*apt, "source", "--download-only", "ns3=" + self.version, cwd=work)
            except AssertionError as error:
                raise AssertionError(
                    f"no source package ns3 {self.version} from {mirror}: this test needs a network until "
                    f"{self.path} is there"
                ) from error
            self.call("sh", "-c", "dpkg-source --no-check -x *.dsc ns3", cwd=work)
            (tree,) = glob.glob(os.path.join(work, "ns3", "ns-3*"))
            os.rename(tree, self.path)

    def link(self):
        """This checkout as contrib/mdi; objects of another one would look up to date."""
        link = os.path.join(self.path, "contrib", "mdi")
        if os.path.islink(link):
            if os.readlink(link) == ROOT:
                return
            os.remove(link)
            shutil.rmtree(os.path.join(self.path, "cmake-cache", "contrib"), ignore_errors=True)
        os.symlink(ROOT, link)

    def program(self, name):
        (path,) = glob.glob(os.path.join(self.path, "build/contrib/mdi/examples", f"ns3*-{name}-*"))
        return path


class Build(unittest.TestCase):
    def test_ns3_with_the_module(self):
        with open(os.path.join(BUILD, "in-tree.log"), "w", encoding="utf-8") as log:
            Tree(log)


class InTree(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.log = open(os.path.join(BUILD, "in-tree.log"), "a", encoding="utf-8")
        cls.addClassCleanup(cls.log.close)
        cls.tree = Tree(cls.log)

    def run_in(self, cwd, *command, status=0):
        result = call(*command, cwd=cwd, timeout=1800)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result

    def assert_same(self, name, other, files=("items.csv", "summary.csv")):
        for file in files:
            mine = read(self.path(name, file))
            self.assertGreater(mine.count(b"\n"), 10)
            self.assertEqual(mine, read(self.path(other, file)), file)

    def test_same_results_as_the_modules_own_build(self):
        flags = [*FLAGS, "--systems=local,ms-mdi,pa-mdi"]
        out = self.path("own")
        self.run_in(ROOT, os.path.join(BUILD, "mdi-run"), SCENARIO, *flags, "--out=" + out)
        out = self.path("tree")
        words = " ".join(["mdi-run", SCENARIO, *flags, "--out=" + out])
        self.run_in(self.tree.path, "./ns3", "run", "--no-build", words)
        self.assert_same("own", "tree")

    def test_test_suite(self):
        result = self.run_in(self.tree.path, "./test.py", "--no-build", "-s", "mdi")
        self.assertIn("1 of 1 tests passed", result.stdout)

    def mpirun(self, ranks, *flags, status=0):
        words = (MPIRUN % ranks).split() + [self.tree.program("mdi-run"), SCENARIO]
        words += [f"--ranks={ranks}", *FLAGS, *flags]
        return self.run_in(ROOT, *words, status=status)

    def test_ranks_write_what_one_process_writes(self):
        flags = ["--set=networks=" + json.dumps([LINKS]), "--set=systems=" + json.dumps(SYSTEMS)]
        out = "--out=" + self.path("one")
        self.run_in(ROOT, self.tree.program("mdi-run"), SCENARIO, *FLAGS, *flags, out)
        self.mpirun(2, *flags, "--out=" + self.path("two"))
        self.mpirun(3, *flags, "--out=" + self.path("three"))
        for name in ("two", "three"):
            self.assert_same("one", name)

    def test_what_ranks_cannot_share(self):
        error = self.mpirun(2, "--systems=local", status=2).stderr
        self.assertIn("mdi-run: " + SCENARIO + ": /networks/0: --ranks=2: its devices are on several ranks", error)
        error = self.mpirun(2, "--network=flow", status=2).stderr
        self.assertIn("mdi-run: --ranks=2: a flow network has no ranks; use --network=packet", error)
        alone = self.run_in(ROOT, self.tree.program("mdi-run"), SCENARIO, "--ranks=2", status=2)
        self.assertIn("--ranks=2: this runs on 1 rank of MPI; call it with mpirun -np 2", alone.stderr)
        # The module's own build has no MPI.
        own = self.run_in(ROOT, os.path.join(BUILD, "mdi-run"), SCENARIO, "--ranks=2", status=2)
        self.assertEqual(
            own.stderr,
            "mdi-run: --ranks=2: this build has no MPI; build the module in an ns-3 tree that was "
            "configured with --enable-mpi\n",
        )


if __name__ == "__main__":
    unittest.main()
