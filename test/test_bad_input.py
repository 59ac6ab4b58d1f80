#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""mdi-run refuses bad input: status 2, one line that says what is wrong, nothing written.

usage, in the project's root: python3 test/test_bad_input.py BUILD_DIR [unittest arguments]
"""

import os
import unittest

from program_test import BUILD, FILES, MODEL, SCENARIOS, ProgramTest, load, make_model, read, scenario


class BadInput(ProgramTest):
    def refused(self, document, *parts, arguments=()):
        """Run a changed scenario, which must leave nothing behind."""
        file = self.write("scenario.json", document)
        before = self.content()
        self.assert_refused(self.run_program(file, *arguments), *parts)
        self.assertEqual(self.content(), before)

    def test_scenario(self):
        def missing_model(s):
            s["models"]["resnet56"]["file"] = "/no/such/model.pt"

        def unknown_node(s):
            s["sources"][0]["node"] = "nano-aa"

        def negative_rate(s):
            s["sources"][1]["admission"]["rate_hz"] = -40

        def unknown_key(s):
            s["networks"][0]["rate_bsp"] = 1

        def lonely_device(s):
            s["networks"][0]["nodes"] = ["nano-a", "nano-b"]

        def bad_mode(s):
            s["devices"][0]["mode"] = "MAXM"

        def bad_wifi_mode(s):
            s["networks"][0] = {
                "type": "wifi-adhoc",
                "nodes": "all",
                "standard": "802.11n",
                "data_mode": "HtMcs99",
                "goodput_bps": 20000000,
            }

        def out_of_range(s):
            bad_wifi_mode(s)
            s["networks"][0].update(data_mode="HtMcs3", range_m=4)
            for i, device in enumerate(s["devices"]):
                device["position_m"] = [5 * i, 0]

        def bad_system(s):
            s["systems"] = ["ddi", "pa-mdu"]

        def bad_attribute(s):
            s["systems"] = [{"name": "x", "preset": "pa-mdi", "router": {"AgeWeight": 7}}]

        def bad_time(s):
            s["systems"] = [{"name": "x", "preset": "pa-mdi", "handshake": {"Window": "soon"}}]

        def source_with_comma(s):
            s["sources"][0]["name"] = "ts,fast"

        cases = [
            (missing_model, "/models/resnet56/file: ", "/no/such/model.pt", "./mdi export"),
            (unknown_node, "/sources/0/node: ", "'nano-aa'", "did you mean 'nano-a'?"),
            (negative_rate, "/sources/1/admission/rate_hz: ", "-40", "above 0"),
            (unknown_key, "/networks/0/rate_bsp: ", "'rate_bps'?"),
            (lonely_device, "/networks: ", "'nano-c'"),
            (bad_mode, "MAXM", "MAXN"),
            (bad_wifi_mode, "/networks/0/data_mode: ", "HtMcs"),
            (out_of_range, "/networks: ", "'nano-b'"),
            (bad_system, "/systems/1: ", "did you mean 'pa-mdi'?"),
            (bad_attribute, "/systems/0/router/AgeWeight: ", "'7'"),
            (bad_time, "/systems/0/handshake/Window: ", "'soon'"),
            (source_with_comma, "/sources/0/name: ", "comma"),
        ]
        for change, *parts in cases:
            with self.subTest(change.__name__):
                document = scenario()
                change(document)
                if "MAXM" not in parts:  # that one names the trace
                    parts.append(self.path("scenario.json") + ": ")
                self.refused(document, *parts)

    def test_layer_without_service_time(self):
        document = scenario()
        trace = load(document["devices"][0]["trace"])
        del trace["modes"]["MAXN"]["law"]  # it would estimate the layer
        layers = trace["modes"]["MAXN"]["models"]["resnet56"]["layers"]
        removed = sorted(layers)[len(layers) // 2]
        del layers[removed]
        document["devices"][1]["trace"] = self.write("gap.json", trace)
        self.refused(document, self.path("gap.json") + ": ", "resnet56", "'" + removed + "'")

    def test_truncated_model(self):
        whole = read(MODEL)
        shape = [{"shape": [1, 3, 32, 32]}]
        for size in (0, len(whole) // 2, len(whole) - 1):
            with self.subTest(size=size):
                document = scenario()
                model = self.write("broken.pt", whole[:size])
                document["models"]["resnet56"] = {"file": model, "inputs": shape}
                self.refused(document, model)

    def test_broken_json(self):
        for text, part in [
            (b"", ":1:1: "),
            (b'{"format": "mdi-scenario",\n}', ":2:1: "),
            (b"[]", "object"),
            (b'{"format": "mdi-compute-trace", "version": 1}', "mdi-scenario"),
            (b"\x00\xff", ":1:1: "),
        ]:
            with self.subTest(text=text):
                self.refused(text, self.path("scenario.json"), part)
                self.refused(text, self.path("scenario.json"), arguments=["--runs=2"])
        self.assert_refused(self.run_program(self.path("none.json")), self.path("none.json"))
        self.assert_refused(self.run_program(self.folder), self.folder)

    def test_flags(self):
        cases = [
            (["--systems=local,pa-mdy"], "--systems: ", "'pa-mdy'", "'pa-mdi'?"),
            (["--systems=local,local"], "--systems: ", "twice"),
            (["--systems=local,"], "--systems: ", "''"),
            (["--systms=local"], "--systms", "did you mean 'systems'?"),
            (["--frobnicate"], "unknown flag --frobnicate"),
            (["-q"], "unknown flag -q"),
            (["--runs"], "--runs", "no value"),
            (["--runs="], "--runs"),
            (["--runs=0"], "--runs=0"),
            (["--runs=-1"], "--runs=-1"),
            (["--runs=1.5"], "--runs=1.5"),
            (["--runs=many"], "--runs=many", "whole number"),
            (["--seed=0"], "--seed=0"),
            (["--seed=4294967296"], "--seed=4294967296", "4294967295"),
            (["--network=flwo"], "/network: ", "'flwo'"),
            (["--tensors=some"], "/tensors: ", "'some'", "memo"),
            (["--set=sources"], "--set=sources", "--set=path=value"),
            (["--set=sources.tss.items=5"], "--set=sources.tss.items", "'tss'"),
            (["--set=sources.ts.items=few"], "/sources/0/items: ", "number"),
            (["--set=sources.ts.itms=5"], "/sources/0/itms: ", "'items'?"),
            (["--set=description=\udcff"], "UTF-8"),
            (["--overwrite=perhaps"], "--overwrite"),
            (["--RngRun=abc"], "--RngRun"),
            (["--RngSeed=0"], "--RngSeed"),
            (["--out=/proc/none/out"], "--out=/proc/none/out"),
            (["--out=/dev/null"], "--out=/dev/null: not a folder"),
            (["--out=/dev/null", "--overwrite"], "--out=/dev/null: not a folder"),
            (["another.json"], "another.json"),  # one scenario at a time
        ]
        small = ["--set=sources.ts.items=1", "--set=sources.nts.items=1", "--set=runs=1"]
        for arguments, *parts in cases:
            with self.subTest(arguments=arguments):
                file = os.path.join(SCENARIOS, "three-nano-ethernet.json")
                self.assert_refused(self.run_program(file, *small, *arguments), *parts)
                self.assertEqual(self.content(), [])

    def test_attributes(self):
        threads = "ns3::mdi::TorchEngine::Threads"
        gap = "ns3::mdi::RandomAdmission::Gap"
        cases = [
            (threads + "=two", "'two'", "uint32_t"),
            (threads + "=2x", "'2x'"),
            (threads + "=-1", "'-1'"),
            (threads + "=99999999999", "'99999999999'"),
            (threads + "=", "''"),
            ("ns3::mdi::TorchEngine::Treads=2", "did you mean 'Threads'?"),
            ("ns3::mdi::TorchEngin::Threads=2", "did you mean 'ns3::mdi::TorchEngine'?"),
            ("ns3::TcpSocketBase::SndBufSize=9", "write ns3::TcpSocket::SndBufSize"),
            ("ns3::mdi::Handshake::Window=soon", "'soon'", "Time"),
            (gap + "=ns3::NoRandomVariable[Mean=1]", "NoRandomVariable"),
            (gap + "=ns3::ExponentialRandomVariable[Men=1]", "Men"),
            (gap + "=ns3::ExponentialRandomVariable[Mean=1", "Mean"),
            (gap + "=ns3::mdi::FifoQueue", "FifoQueue"),
        ]
        file = os.path.join(SCENARIOS, "three-nano-ethernet.json")
        for number, (text, *parts) in enumerate(cases):
            with self.subTest(text):
                name = text.split("=")[0]
                for program in ("run",) if number else ("run", "sweep", "validate"):
                    command = [os.path.join(BUILD, "mdi-" + program), file]
                    self.assert_refused(self.call(*command, "--" + text), "--" + name, *parts)
                    environment = {**os.environ, "NS_ATTRIBUTE_DEFAULT": text}
                    refused = self.call(*command, env=environment)
                    self.assert_refused(refused, "NS_ATTRIBUTE_DEFAULT: " + name, *parts)
                self.assertEqual(self.content(), [])
        self.assert_refused(self.run_program(file, "--" + threads), "--" + threads + "=VALUE")
        for program in ("run", "sweep", "validate", "inspect", "profile"):
            refused = self.call(os.path.join(BUILD, "mdi-" + program), "")
            self.assert_refused(refused, "empty")

    def test_existing_results_stay(self):
        file = os.path.join(SCENARIOS, "three-nano-ethernet.json")
        small = ["--systems=local", "--runs=1", "--tensors=none", "--set=sources.ts.items=1"]
        os.mkdir(self.path("thesis"))
        self.write("thesis/chapter", b"years of work")
        for flags, part in [([], "--overwrite"), (["--overwrite"], "no results folder")]:
            result = self.run_program(file, *small, "--out=thesis", *flags)
            self.assert_refused(result, "--out=thesis", part)
        self.assertEqual(self.content(), ["thesis", "thesis/chapter"])
        self.assertEqual(read(self.path("thesis/chapter")), b"years of work")
        # Results are replaced on demand only.
        self.run_well(file, *small, "--out=out")
        first = read(self.path("out/summary.csv"))
        self.assert_refused(self.run_program(file, *small, "--seed=9", "--out=out"), "--out=out")
        self.assertEqual(read(self.path("out/summary.csv")), first)
        self.run_well(file, *small, "--seed=9", "--out=out", "--overwrite")
        self.assertNotEqual(read(self.path("out/summary.csv")), first)
        # A place that cannot be renamed is told before anything runs.
        run = " ".join([os.path.join(BUILD, "mdi-run"), file, *small, "--out=out --overwrite"])
        mount = "mkdir disk && cp -r out/. disk && mount --bind disk out && "
        busy = self.call("unshare", "-m", "bash", "-c", mount + run)
        if "mount" not in busy.stderr and "unshare" not in busy.stderr:
            self.assert_refused(busy, "--out=out", "cannot be replaced", "busy")
            self.assertEqual(sorted(os.listdir(self.path("disk"))), FILES)
            self.assertFalse([name for name in os.listdir(self.folder) if name[0] == "."])


if __name__ == "__main__":
    make_model()
    unittest.main()
