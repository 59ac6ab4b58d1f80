#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""A sweep under real GNU parallel and on a real Slurm of one node, as the documentation says.

usage, in the project's root: python3 test/test_cluster.py BUILD_DIR [unittest arguments]
Needs Debian's packages parallel and slurm-wlm; fails without them.
"""

import getpass
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import time
import unittest

from program_test import BUILD, ROOT, read
from test_sweep import SweepTest, sweep

# slurmctld and slurmd lie where only root looks
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])

# A cluster of this machine, which pretends to have four processors. Nobody else's: no keys.
SLURM = """\
ClusterName=mdi
SlurmctldHost=localhost
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=localhost NodeHostname=localhost NodeAddr=127.0.0.1 CPUs=4
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def documented(pattern):
    """The one line of the documentation's sweeps that matches."""
    with open(os.path.join(ROOT, "doc/mdi.rst"), encoding="utf-8") as file:
        text = file.read()
    found = re.findall(rf"^  ({pattern}.*)$", text, re.MULTILINE)
    assert len(found) == 1, found
    return found[0]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class ClusterTest(SweepTest):
    timeout = 300

    def setUp(self):
        super().setUp()
        self.file = self.write("sweep.json", sweep())
        self.environment = dict(
            os.environ,
            PATH=PATH,
            MDI_BUILD_DIR=BUILD,
            PARALLEL_HOME=self.path("parallel"),
        )
        self.sweep(self.file, "--out=whole")

    def run_there(self, *command):
        """In the project's root, with the paths and folders of this test."""
        return self.call(*command, cwd=ROOT, env=self.environment)

    def shell(self, line):
        """A command of the documentation, in the project's root, on our sweep."""
        line = line.replace("SWEEP.json", self.path("sweep.json"))
        line = line.replace("RESULTS", self.path("parts"))
        done = self.run_there("bash", "-c", line)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
        return done

    def assert_whole(self, shards):
        """Shards disjoint and complete, and merged to what one machine has made."""
        stores = [self.path(f"parts/store-{i + 1}-of-{shards}.sqlite") for i in range(shards)]
        keys = []
        for store in stores:
            with sqlite3.connect(store) as base:
                keys += base.execute("SELECT point, system, seed, run FROM run").fetchall()
        self.assertEqual(len(keys), len(set(keys)))
        self.assertEqual(len(keys), 12 * 3 * 2)
        self.shell(documented(r"\./mdi sweep SWEEP\.json --out=RESULTS --merge"))
        self.assertEqual(read(self.path("parts/results.csv")), read(self.path("whole/results.csv")))


class Parallel(ClusterTest):
    def test_the_documented_line_of_gnu_parallel(self):
        self.assertTrue(shutil.which("parallel"), "install Debian's package parallel")
        self.shell(documented("parallel "))
        self.assert_whole(8)


class Slurm(ClusterTest):
    def setUp(self):
        super().setUp()
        self.daemons = []
        for name in ("slurmctld", "slurmd"):
            self.assertTrue(shutil.which(name, path=PATH), "install Debian's package slurm-wlm")
        os.mkdir(self.path("state"))
        os.mkdir(self.path("spool"))
        conf = SLURM.format(ports=free_ports(2), user=getpass.getuser(), folder=self.folder)
        self.environment["SLURM_CONF"] = self.write("slurm.conf", conf)
        self.start("slurmctld", "-D", "-c")
        self.start("slurmd", "-D", "-N", "localhost")
        for _ in range(300):
            state = self.run_there("sinfo", "--noheader", "--format=%T").stdout.strip()
            if state == "idle":
                return
            time.sleep(0.1)
        self.fail(f"the node does not come up ({state}): " + self.logs())

    def tearDown(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=30)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        super().tearDown()

    def start(self, *command):
        self.daemons.append(
            subprocess.Popen(
                command,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def logs(self):
        text = ""
        for name in ("slurmctld.log", "slurmd.log"):
            if os.path.exists(self.path(name)):
                with open(self.path(name), encoding="utf-8") as file:
                    text += file.read()[-4000:]
        return text

    def test_the_documented_array_of_jobs(self):
        line = documented("sbatch ")
        self.assertIn("--array=1-100", line)
        logs = self.path("task-%a.log")
        self.shell(line.replace("--array=1-100", f"--array=1-5 --output={logs}"))
        for task in range(1, 6):
            with open(self.path(f"task-{task}.log"), encoding="utf-8") as file:
                self.assertIn(f"shard {task} of 5", file.read())
        self.assert_whole(5)

    def test_a_cancelled_array_goes_on_when_submitted_again(self):
        """With another number of tasks, too: what is there is not made again."""
        line = documented("sbatch ").replace("--wait ", "")
        self.write("sweep.json", sweep(runs=60))
        logs = self.path("task-%a.log")
        self.shell(line.replace("--array=1-100", f"--array=1-3 --output={logs}"))
        for _ in range(600):
            if os.path.exists(self.path("parts/store-1-of-3.sqlite")):
                break
            time.sleep(0.1)
        time.sleep(1)
        self.run_there("scancel", "--name=mdi-sweep")
        for _ in range(600):
            if not self.run_there("squeue", "--noheader").stdout.strip():
                break
            time.sleep(0.1)
        done = 0
        for store in range(1, 4):
            if os.path.exists(self.path(f"parts/store-{store}-of-3.sqlite")):
                with sqlite3.connect(self.path(f"parts/store-{store}-of-3.sqlite")) as base:
                    done += base.execute("SELECT count(*) FROM run").fetchone()[0]
        self.assertTrue(0 < done < 12 * 3 * 60, done)
        again = documented("sbatch ").replace("--array=1-100", f"--array=0-1 --output={logs}")
        self.shell(again)
        self.shell(documented(r"\./mdi sweep SWEEP\.json --out=RESULTS --merge"))
        self.sweep("sweep.json", "--out=long")
        self.assertEqual(read(self.path("parts/results.csv")), read(self.path("long/results.csv")))


if __name__ == "__main__":
    unittest.main()
