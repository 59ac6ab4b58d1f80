#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""./mdi inspect on real networks: slices are exact, figures are right, messages help.

usage, in the project's root: python3 test/test_inspect.py BUILD_DIR [unittest arguments]
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from program_test import BUILD, PYTHON, ROOT, ProgramTest, call, load, read

MODELS = None  # the folder of the models

ZOO = ["resnet50", "mobilenetv2", "vgg16", "yolov5s", "resnet56-exits"]
OTHERS = [  # of torchvision, which have no description
    "densenet121",
    "googlenet",
    "shufflenet_v2_x1_0",
    "efficientnet_b0",
    "deeplabv3_mobilenet_v3_large",
]
OTHER_SHAPE = "--input-shape=1,3,64,64"
BYTES = {"float32": 4, "float64": 8, "int64": 8, "int32": 4, "float16": 2}


def setUpModule():
    global MODELS
    MODELS = tempfile.mkdtemp(prefix="mdi-inspect-")
    maker = os.path.join(ROOT, "test", "make_inspect_models.py")
    subprocess.run([PYTHON, maker, MODELS], check=True, stdout=subprocess.DEVNULL)


def tearDownModule():
    shutil.rmtree(MODELS)


def model(name):
    return os.path.join(MODELS, name + ".pt")


def inspect(*arguments):
    return call(os.path.join(BUILD, "mdi-inspect"), *arguments)


class InspectTest(ProgramTest):
    def inspect_well(self, *arguments):
        return self.assert_well(inspect(*arguments)).stdout

    GRAPHS = {}  # by arguments

    def graph(self, *arguments):
        if arguments not in self.GRAPHS:
            document = json.loads(self.inspect_well(*arguments, "--json"))
            self.GRAPHS[arguments] = Graph(document)
        return self.GRAPHS[arguments]

    def refused(self, arguments, *parts):
        self.assert_refused(inspect(*arguments), *parts)


class Graph:
    """A layer graph, counted anew."""

    def __init__(self, document):
        self.document = document
        self.layers = document["layers"]

    @staticmethod
    def size_bytes(specs):
        total = 0
        for spec in specs:
            size = BYTES[spec["dtype"]]
            for length in spec["shape"]:
                size *= length
            total += size
        return total

    def mmac(self, blocks=""):
        """Work of the layers whose block matches all of a regular expression."""
        chosen = [l for l in self.layers if re.fullmatch(blocks or ".*", l["block"])]
        return sum(layer["flop"] for layer in chosen) / 2e6

    def end(self, blocks):
        """The boundary behind the last layer whose block matches."""
        return 1 + max(i for i, l in enumerate(self.layers) if re.fullmatch(blocks, l["block"]))

    def cut(self, boundary):
        """Bytes of what is made before a boundary and read behind it, or is the result."""
        used = set(self.document["outputs"])
        for layer in self.layers[boundary:]:
            used.update(layer["inputs"])
        specs = [s for i, l in enumerate(self.layers[:boundary]) if i in used for s in l["outputs"]]
        specs += [s for i, s in enumerate(self.document["inputs"]) if -1 - i in used]
        return self.size_bytes(specs)

    def names(self):
        return [layer["name"] for layer in self.layers]

    def cuts(self):
        """Number of allowed cuts."""
        return len(self.layers) - 1 - len(self.document["forbidden_cuts"])


class ExactSlices(InspectTest):
    """Each model, cut in all these ways, says what the whole one says, bit for bit."""

    def verify(self, *arguments):
        output = self.inspect_well(*arguments, "--verify=2,4,16,all")
        lines = [line for line in output.split("\n") if line.startswith("verify ")]
        cuts = int(re.search(r"(\d+) allowed cuts", output).group(1))
        self.assertGreater(cuts, 15)
        at = r" at every exit and the end" if "exits       1 " in output else ""
        end = ", bit-identical" + at + r" \(1 input\)"
        self.assertEqual(len(lines), 4, output)
        two = rf"verify 2: 2 slices, and each of the {cuts} cuts into two" + end
        for line, expected in zip(
            lines,
            [
                two,
                "verify 4: 4 slices" + end,
                "verify 16: 16 slices" + end,
                f"verify all: {cuts + 1} slices" + end,
            ],
        ):
            self.assertRegex(line, rf"\A{expected}\Z")

    def test_gpt2(self):
        self.verify(model("gpt2-short"), "--input-shape=1,8:int64")  # three blocks
        output = self.inspect_well(model("gpt2"), "--verify=4,16,all")  # all twelve
        self.assertEqual(output.count(", bit-identical (1 input)"), 3, output)

    def test_several_items_at_once(self):
        # gpt2's tokens stay below its vocabulary, which its description says.
        for name, shape in [("resnet56-exits", "3,3,32,32"), ("gpt2", "2,32:int64")]:
            output = self.inspect_well(model(name), "--input-shape=" + shape, "--verify=5,all")
            self.assertEqual(output.count(", bit-identical"), 2, output)
            self.assertIn("inputs      " + shape[:1] + "x", output)
        self.assertIn("2x50257 float32", output)

    def test_a_difference_is_found(self):
        result = inspect(model("random"), "--input-shape=1,3,8,8", "--verify=2,all")
        lines = result.stderr.split("\n")[:-1]
        self.assertEqual(len(lines), 2, result.stderr)
        for line in lines:
            self.assertRegex(line, r"NOT bit-identical: largest absolute difference [0-9.]+ of the")
            self.assertIn(model("random") + ": verify ", line)
        self.assertEqual(result.returncode, 1)

    def test_more_slices_than_there_can_be(self):
        output = self.inspect_well(
            model("nested-trace"), "--input-shape=1,4,3,3", "--verify=1,1000"
        )
        lines = output.split("\n")[-3:-1]
        self.assertEqual(lines[0], "verify 1: 1 slice, bit-identical (1 input)")
        self.assertRegex(lines[1], r"verify 1000: \d+ slices \(there can be no more\), bit-ident")


for zoo_name in ZOO:
    setattr(
        ExactSlices,
        "test_" + re.sub(r"\W", "_", zoo_name),
        lambda self, name=zoo_name: self.verify(model(name)),
    )
for other_name in OTHERS:
    setattr(
        ExactSlices,
        "test_" + other_name,
        lambda self, name=other_name: self.verify(model(name), OTHER_SHAPE),
    )


class Figures(InspectTest):
    """Work and cut bytes against the tables of model profiles, at the usual input size."""

    def check(self, graph, total, rows):
        """rows: (blocks, MMAC, bytes of the cut behind them); 2 % of rounding and conventions."""
        self.assert_near(graph.mmac(), total, "total")
        for blocks, mmac, cut in rows:
            if mmac is not None:
                self.assert_near(graph.mmac(blocks), mmac, blocks)
            self.assertEqual(graph.cut(graph.end(blocks)), cut, blocks)

    def assert_near(self, found, right, what):
        self.assertLess(abs(found - right), 0.02 * right, f"{what}: {found}, not {right}")

    def test_resnet50(self):
        graph = self.graph(model("resnet50"), "--input-shape=1,3,224,224")
        self.check(
            graph,
            4089.2,
            [
                (r"conv1|bn1|relu|maxpool", 118.0, 802816),
                (r"layer1\..*", 667.9, 3211264),
                (r"layer2\..*", 1027.6, 1605632),
                (r"layer3\..*", 1464.3, 802816),
                (r"layer4\..*", 809.2, 401408),
                (r"fc", 2.05, 4000),
            ],
        )

    def test_resnet56(self):
        graph = self.graph(model("resnet56-exits"))
        branches = graph.mmac(r"exits.*")
        self.assertGreater(branches, 0)
        rows = [
            (r"conv1", 0.44, 65536),
            (r"layer1\..*", 42.5, 65536),
            (r"layer2\..*", 41.3, 32768),
            (r"layer3\..*", 41.3, 16384),
            (r"fc", None, 40),
        ]
        self.check(graph, 125.5 + branches, rows)
        self.assertEqual(len(graph.document["exits"]), 3)

    def test_mobilenetv2(self):
        graph = self.graph(model("mobilenetv2"), "--input-shape=1,3,224,224")
        self.check(
            graph,
            300.8,
            [
                (r"features\.0", 10.8, 1605632),
                (r"features\.1", 10.0, 802816),
                (r"features\.[23]", 54.9, 301056),
                (r"features\.[456]", 37.4, 100352),
                (r"features\.([789]|10)", 38.5, 50176),
                (r"features\.1[123]", 58.1, 75264),
                (r"features\.1[456]", 46.6, 31360),
                (r"features\.17", 23.0, 62720),
                (r"features\.18|classifier.*", 21.4, 4000),
            ],
        )

    def test_vgg16(self):
        graph = self.graph(model("vgg16"), "--input-shape=1,3,224,224")
        self.check(
            graph,
            15470,
            [
                (r"features\.[0-4]", 1936.4, 3211264),
                (r"features\.[5-9]", 2774.5, 1605632),
                (r"features\.1[0-6]", 4624.2, 802816),
                (r"features\.(1[7-9]|2[0-3])", 4624.2, 401408),
                (r"features\.(2[4-9]|30)", 1387.3, 100352),
                (r"classifier\..*", 123.6, 4000),
            ],
        )

    def test_gpt2(self):
        graph = self.graph(model("gpt2"))
        tokens, blocks = 32, 12
        rows = [(rf"h\.{i}", 228.1, 3072 * tokens) for i in range(blocks)]
        rows.append((r"lm_head", 38.6, 4 * 50257))  # at the last position
        self.check(graph, blocks * 228.1 + 38.6, rows)

    def test_the_kept_graph_of_gpt2(self):
        """t3-colosseum.json runs on it."""
        document = load(os.path.join(ROOT, "traces", "models", "gpt2-prefill.json"))
        again = dict(self.graph(model("gpt2")).document)
        self.assertEqual({**again, "name": ""}, {**document, "name": ""})


class Names(InspectTest):
    def test_lists_of_modules(self):
        for how, conv in (("trace", "convolution"), ("script", "conv2d")):
            graph = self.graph(model("nested-" + how), "--input-shape=1,4,3,3")
            expected = []
            for i in range(2):
                for k in range(2):
                    scope = f"blocks.{i}.{k}"
                    expected += [f"{scope}.convs.{c}/{conv}" for c in range(2)]
                    expected += [f"{scope}.act.a/relu", f"add#{2 * i + k + 1}"]
            expected[3] = "add"
            expected += [f"head.0.convs.{c}/{conv}" for c in range(2)]
            expected += ["head.0.act.a/relu", "head.1/flatten"]
            self.assertEqual(graph.names(), expected)
            self.assertEqual([l["block"] for l in graph.layers[:4]], ["blocks.0"] * 3 + ["add"])

    def test_blocks(self):
        for name, block in [
            ("gpt2", "h.11"),
            ("yolov5s", "model.24"),
            ("resnet50", "layer4.2"),
            ("efficientnet_b0", "features.8"),
            ("densenet121", "features.denseblock4"),
            ("deeplabv3_mobilenet_v3_large", "backbone.16"),
            ("shufflenet_v2_x1_0", "stage4.3"),
            ("googlenet", "inception5b"),
        ]:
            shape = [OTHER_SHAPE] if name in OTHERS else []
            blocks = {layer["block"] for layer in self.graph(model(name), *shape).layers}
            self.assertIn(block, blocks)
        graph = self.graph(model("googlenet"), OTHER_SHAPE)
        self.assertEqual(sum(l["block"].startswith("inception5b") for l in graph.layers), 20)
        self.assertNotIn("inception5b.branch2.0", {layer["block"] for layer in graph.layers})
        graph = self.graph(model("gpt2"))
        self.assertIn("h.11.attn.c_attn/matmul", graph.names())

    def test_containers_filled_step_by_step(self):
        shape = "--input-shape=1,4,3,3"
        graph = self.graph(model("containers"), shape)
        self.assertEqual(graph.document["forbidden_cuts"], [])
        self.assertEqual(len(graph.document["outputs"]), 3)
        operators = {layer["op"] for layer in graph.layers}
        self.assertFalse(operators & {"aten::append", "aten::_set_item", "aten::__getitem__"})
        output = self.inspect_well(model("containers"), shape, "--verify=2,all")
        self.assertEqual(output.count(", bit-identical"), 2, output)
        self.assertGreater(self.graph(model("densenet121"), OTHER_SHAPE).cuts(), 300)


class Output(InspectTest):
    def table(self, output):
        """Rows of cells, by their columns' headings."""
        lines = output.split("\n\n")[1].split("\n")
        spans = [m.span() for m in re.finditer(r"\S+(?: \[[^]]+\])?", lines[0])]
        rows = []
        for line in lines[1:]:
            row = {}
            for begin, end in spans:
                heading = lines[0][begin:end]
                if heading in ("name", "op", "output", "exit"):  # to the left, and may be empty
                    row[heading] = re.match(r"((?:\S| (?! ))*)", line[begin:]).group(1).strip()
                else:
                    row[heading] = re.search(r"\S*\Z", line[:end]).group()
            rows.append(row)
        return [row for row in rows if row["name"]]

    def test_blocks(self):
        output = self.inspect_well(model("resnet56-exits"))
        graph = self.graph(model("resnet56-exits"))
        self.assertIn("\nlayers      219 in 36 blocks, 218 allowed cuts\n", output)
        self.assertRegex(output, r"\nwork        255\.\d MFLOP \(127\.\d MMAC\)\n")
        self.assertRegex(output, r"\nexits       1 after layer \d+, 2 after layer \d+, 3 after")
        rows = self.table(output)
        self.assertEqual(len(rows), 36)
        self.assertEqual([r["exit"] for r in rows if r["exit"]], ["exit 1", "exit 2", "exit 3"])
        for row, after in zip(rows, rows[1:]):
            self.assertEqual(int(row["cut [B]"]), graph.cut(int(after["first"])))
            self.assertEqual(int(row["first"]) + int(row["layers"]), int(after["first"]))
        work = sum(float(row["work [MFLOP]"]) for row in rows)
        self.assertAlmostEqual(work, 2 * graph.mmac(), delta=0.05 * len(rows))
        for line in output.split("\n"):
            self.assertLessEqual(len(line), 140)
            self.assertEqual(line, line.rstrip())

    def test_layers(self):
        graph = self.graph(model("resnet50"))
        rows = self.table(self.inspect_well(model("resnet50"), "--layers"))
        self.assertEqual([row["name"] for row in rows], graph.names())
        self.assertEqual([row["op"] for row in rows], [layer["op"] for layer in graph.layers])
        self.assertEqual(rows[0]["output"], "1x64x32x32 float32")
        self.assertEqual(rows[1]["cut [B]"], "-")  # the ReLU behind it works in place
        weights = sum(layer["weight_bytes"] for layer in graph.layers)
        self.assertEqual(sum(int(row["parameters [B]"]) for row in rows), weights)

    def test_traces(self):
        """The traces of the Jetson boards name the zoo's layers, with their work."""
        maker = os.path.join(ROOT, "traces", "compute", "make_traces.py")
        for name in ZOO:
            side = {"yolov5s": 640, "resnet56-exits": 32}.get(name, 224)
            text = self.inspect_well(model(name), "--json", f"--input-shape=1,3,{side},{side}")
            result = subprocess.run(
                [sys.executable, maker, "--names", "-"],
                input=text,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                universal_newlines=True,
            )
            self.assertEqual((result.stdout, result.returncode), ("", 0), name)

    def test_layer_graph(self):
        """What --json prints is a model, too."""
        text = self.inspect_well(model("resnet56-exits"), "--json")
        path = self.write("graph.json", text)
        again = json.loads(self.inspect_well(path, "--json"))
        table = self.inspect_well(path).split("\n\n")[1]
        self.refused([path, "--verify=2"], path, "no values", ".pt")
        document = json.loads(text)
        document["name"] = again["name"] = ""
        self.assertEqual(again, document)
        self.assertEqual(table, self.inspect_well(model("resnet56-exits")).split("\n\n")[1])

    def test_help(self):
        result = inspect("--help")
        self.assertEqual(result.returncode, 0)
        for flag in ("--input-shape", "--layers", "--json", "--verify"):
            self.assertIn(flag, result.stdout)
        launcher = call(os.path.join(ROOT, "mdi"), "--help")
        self.assertIn("inspect MODEL.pt", launcher.stdout)


class BadInput(InspectTest):
    def test_files(self):
        whole = read(model("nested-trace"))
        shape = "--input-shape=1,4,3,3"
        for name, content, says in [
            ("truncated.pt", whole[: len(whole) // 2], "truncated or damaged"),
            ("start.pt", whole[:100], "truncated or damaged"),
            ("empty.pt", b"", "no TorchScript"),
            ("text.pt", b"hello\n", "no TorchScript"),
            ("broken.json", b'{"layers": ', "not JSON"),
        ]:
            path = self.write(name, content)
            arguments = [path] if name.endswith(".json") else [path, shape]
            self.refused(arguments, path, says)
        self.refused([model("pickled"), shape], model("pickled"), "torch.save", "torch.jit.save")
        self.refused([model("no-such"), shape], model("no-such"), "no such model")
        self.refused([MODELS, shape], MODELS)
        description = model("gpt2")[: -len(".pt")] + ".json"
        self.refused([description], description, "give that one")

    def test_unknown_operators(self):
        path = model("detector")
        self.refused([path, "--input-shape=4,5"], path, "torchvision::nms", "LibTorch")

    def test_shapes(self):
        path = model("nested-trace")
        self.refused([path], path, "--input-shape=")
        self.refused([path, "--input-shape=1,3,3,3"], path, "1x3x3x3 float32", "4 channels")
        self.refused([path, "--input-shape=1,4,3,3:int64"], path, "1x4x3x3 int64")
        self.refused([path, "--input-shape=1,4,3,3;1"], path, "takes 1 input")
        self.refused([path, "--input-shape=1,4,x"], "--input-shape=1,4,x", "'x'")
        self.refused([path, "--input-shape=1,4,3,3:real"], "'real'", "float32")
        # GPT-2 takes prompts of any length up to its context.
        self.inspect_well(model("gpt2"), "--input-shape=1,33:int64")
        self.refused([model("gpt2"), "--input-shape=1,1025:int64"], model("gpt2"), "1x1025 int64")

    def test_flags(self):
        path = model("resnet56-exits")
        self.refused([], "no model")
        self.refused([path, path], "one file")
        self.refused([path, "--vrify=2"], "--vrify=2", "did you mean 'verify'")
        self.refused([path, "--json=yes"], "--json=yes", "no value")
        self.refused([path, "--json", "--verify=2"], "--json", "--verify")
        self.refused([path, "--verify"], "--verify", "no value")
        for wrong in ("0", "two", "2,,4", "2,", "99999999999"):
            self.refused([path, "--verify=" + wrong], "--verify=" + wrong, "2,4,16,all")


if __name__ == "__main__":
    unittest.main()
