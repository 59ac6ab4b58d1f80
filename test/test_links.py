#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The importers of link traces, and the traces in traces/links.

usage: python3 test/test_links.py [unittest arguments]; needs no package
"""

import glob
import json
import math
import os
import sys
import unittest

from program_test import ROOT, ProgramTest, load, read

LINKS = os.path.join(ROOT, "traces", "links")
sys.dont_write_bytecode = True
sys.path.insert(0, LINKS)

import import_links  # noqa: E402

HEADER = "time_s,rate_bps,delay_s,loss"
PING = """PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.
64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=4.00 ms
64 bytes from 10.0.0.2: icmp_seq=2 ttl=64 time=6.00 ms
64 bytes from 10.0.0.2: icmp_seq=2 ttl=64 time=6.10 ms (DUP!)
64 bytes from 10.0.0.2: icmp_seq=4 ttl=64 time=10.0 ms

--- 10.0.0.2 ping statistics ---
4 packets transmitted, 3 received, +1 duplicates, 25% packet loss, time 3004ms
rtt min/avg/max/mdev = 4.000/6.666/10.000/2.494 ms
"""


def iperf(rates, **more):
    sums = [
        dict(start=2 + i, end=3 + i, bits_per_second=rate, omitted=False, **more)
        for i, rate in enumerate(rates)
    ]
    warm_up = {"sum": dict(start=0, end=2, bits_per_second=1, omitted=True)}
    return json.dumps({"start": {}, "intervals": [warm_up] + [{"sum": s} for s in sums]})


def rows(text):
    lines = text.splitlines()
    assert lines[0] == HEADER, lines[0]
    return [line.split(",") for line in lines[1:]]


class Importers(ProgramTest):
    def importer(self, *arguments):
        return self.call_main(import_links.main, *arguments, "--source=a test")

    def imported(self, command, *arguments):
        self.assert_well(self.importer(command, *arguments, "out.csv", "--force"))
        return rows(read(self.path("out.csv")).decode())

    def provenance(self):
        return load(self.path("out.provenance.json"))

    def test_series_with_durations(self):
        file = self.write("in.csv", "time_s,rate_bps,duration_s\n5,100,2\n7,0,0.5\n7.5,300,4\n")
        got = self.imported("series", file)
        self.assertEqual(
            [",".join(row) for row in got], ["0,100,0,0", "2,0,0,0", "2.5,300,0,0", "6.5,,,"]
        )
        self.assertEqual(self.provenance()["source"], "a test")
        self.assertEqual(self.provenance()["kind"], "measured")

    def test_series_of_one_direction(self):
        file = self.write(
            "in.csv", "time_s,rate_bps,direction\n0,10,up\n0,20,down\n1,30,up\n1,20,down\n"
        )
        up = self.imported("series", file, "--direction=up", "--goodput")
        self.assertEqual([row[1] for row in up], ["10", "31", ""])  # times 1500 / 1448
        self.assertIn("1500/1448", self.provenance()["note"])
        down = self.imported("series", file, "--direction=down")
        self.assertEqual(down, [["0", "20", "0", "0"], ["2", "", "", ""]])  # equal rows are one
        result = self.importer("series", file, self.path("x.csv"))
        self.assert_refused(result, "in.csv:3: time_s is not after")

    def test_phone_bridges_what_is_not_steady(self):
        file = self.write(
            "in.csv",
            "time_s,rate_bps,ping_s,ping_measured,phase,radio\n"
            "0,1,0.07,0,gap,5G\n1,100,0.07,0,steady,5G\n2,5,0.05,1,gap,5G\n3,9,0.05,0,ramp,5G\n"
            "6,200,0.05,0,steady,5G\n7,1,0.05,0,gap,5G\n",
        )
        self.assertEqual(
            self.imported("phone", file),
            [["0", "100", "0.035", "0"], ["5", "200", "0.025", "0"], ["7", "", "", ""]],
        )

    def test_cut(self):
        file = self.write("in.csv", "time_s,rate_bps\n0,1\n10,2\n20,3\n30,4\n")
        self.assertEqual(
            self.imported("series", file, "--from-s=15", "--length-s=10"),
            [["0", "2", "0", "0"], ["5", "3", "0", "0"], ["10", "", "", ""]],
        )
        self.assert_refused(self.importer("series", file, self.path("x.csv"), "--from-s=40"))
        for flag in ("--from-s=nan", "--length-s=0", "--from-s=-1"):
            self.assert_refused(self.importer("series", file, self.path("x.csv"), flag))

    def test_own_iperf3_and_ping(self):
        speed = self.write("iperf.json", iperf([1e6, 2e6, 2e6, 3e6]))
        ping = self.write("ping.txt", PING)
        got = self.imported("own", "--iperf3=" + speed, "--ping=" + ping)
        loss = f"{1 - math.sqrt(3 / 4):.6f}"
        self.assertEqual(
            got,
            [
                ["0", "1000000", "0.002", loss],
                ["1", "2000000", "0.003", loss],
                ["3", "3000000", "0.005", loss],
                ["4", "", "", ""],
            ],
        )
        # What both ways lose together is what ping lost.
        self.assertAlmostEqual((1 - float(loss)) ** 2, 0.75, places=5)
        alone = self.imported("own", "--iperf3=" + speed)
        self.assertEqual(alone[0], ["0", "1000000", "0", "0"])
        self.assertEqual(len(alone), 4)
        alone = self.imported("own", "--ping=" + ping, "--rate-bps=5e6", "--ping-interval-s=0.5")
        self.assertEqual([row[0] for row in alone], ["0", "0.5", "1.5", "2"])
        self.assertEqual(alone[0][1], "5000000")

    def test_own_udp_and_time_stamps(self):
        speed = self.write("iperf.json", iperf([1e6], lost_percent=2.5))
        self.assertEqual(self.imported("own", "--iperf3=" + speed)[0][3], "0.025")
        text = "".join(
            f"[17000000{i}.5] 64 bytes from x: icmp_seq={i} ttl=64 time=2 ms\n" for i in (1, 3)
        )
        ping = self.write("ping.txt", text + "2 packets transmitted, 2 received, 0% packet loss\n")
        self.assertEqual(
            self.imported("own", "--ping=" + ping, "--rate-bps=7"),
            [["0", "7", "0.001", "0"], ["3", "", "", ""]],
        )

    def test_constant(self):
        got = self.imported("constant", "--rate-bps=1.5e6", "--rtt-s=0.02")
        self.assertEqual(got, [["0", "1500000", "0.01", "0"]])

    def test_bad_input_is_one_line_and_writes_nothing(self):
        good = "time_s,rate_bps\n0,1\n"
        cases = [
            ("series", "", "in.csv:1: no column time_s"),
            ("series", "time_s,rate\n0,1\n", "in.csv:1: no column rate_bps"),
            ("series", "time_s,rate_bps\n", "no such rows"),
            ("series", good + "1,-5\n", "in.csv:3: rate_bps '-5' is out of range"),
            ("series", good + "1,nan\n", "in.csv:3: rate_bps 'nan'"),
            ("series", good + "1,x\n", "in.csv:3: rate_bps 'x' is no number"),
            ("series", good + "0,5\n", "in.csv:3: time_s is not after"),
            ("series", good + "1,5,6\n", "in.csv:3: 3 columns"),
            ("series", "time_s,rate_bps\n0,0\n1,0\n", "all rates are 0"),
            ("phone", "time_s,rate_bps,ping_s,phase\n0,1,0.1,gap\n", "no row is steady"),
            ("phone", good, "no column ping_s"),
        ]
        for command, text, part in cases:
            file = self.write("in.csv", text)
            self.assert_refused(self.importer(command, file, self.path("x.csv")), part)
        for iperf3, ping, part in [
            ("{", None, "iperf3 --json"),
            ("[]", None, "iperf3 --json"),
            (json.dumps({"error": "unable to connect"}), None, "iperf3 failed: unable to connect"),
            (json.dumps({"intervals": []}), None, "no intervals"),
            (iperf([float("nan")]), None, "bits_per_second"),
            (iperf([1e6]), "ping: unknown host\n", "no replies"),
            (iperf([1e6]), PING.split("---")[0], "packets transmitted"),
            (iperf([1e6]), PING.replace("4.00 ms", "inf ms"), "ping.txt:2: time 'inf'"),
        ]:
            flags = ["--iperf3=" + self.write("iperf.json", iperf3)]
            flags += ["--ping=" + self.write("ping.txt", ping)] if ping else []
            self.assert_refused(self.importer("own", self.path("x.csv"), *flags), part)
        for arguments in (
            ("own", self.path("x.csv")),
            ("own", self.path("x.csv"), "--ping=/no/such"),
            ("own", self.path("x.csv"), "--iperf3=/no/such"),
            ("series", "/no/such", self.path("x.csv")),
            ("constant", self.path("x.txt"), "--rate-bps=1"),
            ("constant", self.path("x.csv"), "--rate-bps=0"),
            ("constant", self.path("x.csv"), "--rate-bps=1", "--kind=calibrated"),
            ("constant", self.path("no/x.csv"), "--rate-bps=1"),
        ):
            self.assert_refused(self.importer(*arguments))
        self.assertFalse(os.path.exists(self.path("x.csv")))
        self.assertFalse(os.path.exists(self.path("x.provenance.json")))

    def test_existing_files_stay(self):
        out = self.write("kept.csv", "mine")
        self.assert_refused(self.importer("constant", out, "--rate-bps=1"), "--force")
        self.assertEqual(read(out), b"mine")


class Repository(unittest.TestCase):
    def test_traces_have_licences(self):
        traces = sorted(glob.glob(os.path.join(LINKS, "*", "*.csv")))
        self.assertGreater(len(traces), 10)
        readme = read(os.path.join(LINKS, "README.md")).decode()
        for trace in traces:
            name = os.path.relpath(trace, LINKS)
            self.assertIn("`" + name + "`", readme)
            times = [float(row[0]) for row in rows(read(trace).decode("ascii"))]
            self.assertEqual(times, sorted(set(times)), name)
            self.assertEqual(times[0], 0, name)
            block = load(trace[:-4] + ".provenance.json")
            folder = os.path.dirname(trace)
            if "GPL-3.0" in block["licence"]:
                self.assertTrue(os.path.exists(os.path.join(folder, "COPYING.GPL-3.0")), name)
            else:
                self.assertFalse(os.path.exists(os.path.join(folder, "COPYING.GPL-3.0")), name)
            if "MIT" in block["licence"]:
                self.assertTrue(os.path.exists(os.path.join(folder, "LICENSE.txt")), name)


if __name__ == "__main__":
    unittest.main()
