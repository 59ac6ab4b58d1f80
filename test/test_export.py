#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The zoo and its export: the networks are the published ones, files and messages are right.

usage: /usr/bin/python3 test/test_export.py [unittest arguments]; needs torch and torchvision
"""

import os
import sys
import unittest

import torch
from torch import nn
from torch.nn import functional

from program_test import ROOT, ProgramTest, load, read

MODELS = os.path.join(ROOT, "traces", "models")
sys.path.insert(0, MODELS)

import export  # noqa: E402
from gpt2 import GPT2  # noqa: E402
from yolov5 import YoloV5s  # noqa: E402
from zoo import ZOO, Entry, Pictures  # noqa: E402

# name -> (parameters, MAC of convolutions and linear layers); the MACs are those of papers.md,
# section 9, to which each exit branch adds its own; YOLOv5s: published, and 16.5 GFLOP.
PUBLISHED = {
    "mobilenetv2": (3_504_872, 300.8e6),
    "resnet50": (25_557_032, 4089.2e6),
    "resnet56": (853_018, 125.5e6),
    "vgg16": (138_357_544, 15470e6),
    "yolov5s": (7_235_389, 8.25e9),
}
SMALL = {"layers": 2, "width": 48, "heads": 4, "vocabulary": 100, "context": 8}


def tensors(result):
    """forward()'s results as a list."""
    return list(result) if isinstance(result, (tuple, list)) else [result]


def count_macs(model, *inputs):
    """Multiply-accumulates of the convolutions and linear layers in one call."""
    total = 0

    def add(module, _, output):
        nonlocal total
        total += output.numel() * module.weight[0].numel()

    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(add)
    with torch.no_grad():
        model(*inputs)
    return total


def build(name, size=None):
    """A model of the zoo with its random weights."""
    return export.make_model(name, size or ZOO[name].input.usual, None)


def small_gpt2(**changes):
    model = GPT2(**{**SMALL, **changes}).eval()
    model.initialise(torch.Generator().manual_seed(1))
    return model


def as_published(state, prefix):
    """A state_dict of GPT2 as Hugging Face's files have it: mask buffers, no head, a prefix."""
    state = {k: v for k, v in state.items() if k != "lm_head.weight"}
    state["h.0.attn.bias"] = torch.ones(1, 1, 8, 8)
    state["h.0.attn.masked_bias"] = torch.tensor(-1e4)
    return {prefix + name: tensor for name, tensor in state.items()}


class NetworkTest(ProgramTest):
    """The networks themselves."""

    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)

    def check_trace(self, model, one, three):
        """Traced with one item, the model computes exactly what it does untraced, with any."""
        with torch.no_grad():
            traced = torch.jit.trace(model, one, check_trace=False)
            for inputs in (one, three):
                eager, script = tensors(model(inputs)), tensors(traced(inputs))
                self.assertEqual(len(eager), len(script))
                for a, b in zip(eager, script):
                    self.assertTrue(torch.equal(a, b))
                    self.assertTrue(torch.isfinite(a).all())
                    self.assertGreater(a.std().item(), 0.01)

    def test_a_trace_at_batch_1_gives_the_results_of_the_network_at_batch_3(self):
        for name in sorted(set(ZOO) - {"gpt2", "vgg16"}):  # those two: below
            with self.subTest(name):
                model = build(name, 32)
                three = torch.rand(3, 3, 32, 32)
                self.check_trace(model, three[:1].clone(), three)

    def test_vgg16_without_batch_norm_stays_finite_and_traces(self):
        model = build("vgg16", 32)
        self.assertEqual(sum(p.numel() for p in model.parameters()), PUBLISHED["vgg16"][0])
        three = torch.rand(3, 3, 32, 32)
        self.check_trace(model, three[:1].clone(), three)
        self.assertLess(abs(count_macs(model, torch.rand(1, 3, 224, 224)) / 15470e6 - 1), 5e-4)

    def test_parameters_and_work_are_the_published_ones(self):
        for name in sorted(set(PUBLISHED) - {"vgg16"}):
            with self.subTest(name):
                entry = ZOO[name]
                model = entry.build(entry.input.usual).eval()
                parameters, macs = PUBLISHED[name]
                self.assertEqual(sum(p.numel() for p in model.parameters()), parameters)
                side = entry.input.usual
                counted = count_macs(model, torch.rand(1, 3, side, side))
                self.assertLess(abs(counted / macs - 1), 5e-3 if name == "yolov5s" else 5e-4)

    def test_exits_come_first_and_are_cheap_and_leave_the_result_alone(self):
        for name in ("mobilenetv2", "resnet50", "resnet56"):
            with self.subTest(name):
                plain, side = ZOO[name].build(64).eval(), 64
                exits = ZOO[name + "-exits"].build(side).eval()
                own = {k: v for k, v in exits.state_dict().items() if not k.startswith("exits.")}
                plain.load_state_dict(own)
                x = torch.rand(2, 3, side, side)
                with torch.no_grad():
                    results = exits(x)
                    self.assertTrue(torch.equal(results[-1], plain(x)))
                self.assertEqual(len(results), ZOO[name + "-exits"].exits + 1)
                for result in results:
                    self.assertEqual(result.shape, results[-1].shape)
                self.assertLess(count_macs(exits, x) / count_macs(plain, x), 1.03)

    def test_a_branch_reads_the_features_where_they_appear(self):
        for name, after in (
            ("mobilenetv2-exits", ("features.3", "features.6", "features.13")),
            ("resnet50-exits", ("layer1", "layer2", "layer3")),
        ):
            with self.subTest(name):
                model, x = build(name, 32), torch.rand(1, 3, 32, 32)
                seen = {}
                for path in after:
                    model.get_submodule(path).register_forward_hook(
                        lambda _, __, out, path=path: seen.setdefault(path, out.clone())
                    )
                with torch.no_grad():
                    results = model(x)
                    for i, path in enumerate(after):
                        self.assertTrue(torch.equal(model.exits(seen[path], i), results[i]))

    def test_yolov5s_predicts_85_values_for_3_anchors_at_3_strides(self):
        with torch.no_grad():
            results = YoloV5s().eval()(torch.rand(2, 3, 64, 96))
        shapes = [(2, 3, 8, 12, 85), (2, 3, 4, 6, 85), (2, 3, 2, 3, 85)]
        self.assertEqual([tuple(r.shape) for r in results], shapes)

    def test_gpt2_small_has_its_published_size_and_work(self):
        with torch.no_grad():
            model = GPT2().eval()
            model.initialise(torch.Generator().manual_seed(0))
            tokens = torch.randint(50257, (1, 32))
            states = []
            for block in model.h:
                block.register_forward_hook(lambda _, __, out: states.append(out))
            with torch.profiler.profile(with_flops=True) as profile:
                model.h[0](torch.zeros(1, 32, 768))
            logits = model(tokens)
        self.assertEqual(sum(p.numel() for p in model.parameters()), 124_439_808)
        products = [e.flops for e in profile.key_averages() if e.key in ("aten::mm", "aten::bmm")]
        self.assertEqual(sum(products) / 2, 12 * 768**2 * 32 + 2 * 768 * 32**2)
        self.assertEqual(logits.shape, (1, 50257))
        self.assertTrue(torch.isfinite(logits).all())
        self.assertEqual({s.numel() * s.element_size() for s in states}, {3072 * 32})

    def test_gpt2_traces_with_any_batch(self):
        three = torch.randint(100, (3, 5))
        self.check_trace(small_gpt2(), three[:1].clone(), three)

    def test_a_gpt2_block_is_a_pre_norm_transformer_layer(self):
        model = small_gpt2()
        block, width = model.h[1], 48
        mask = torch.full((5, 5), float("-inf")).triu(1)
        with torch.no_grad():
            for parameter in block.parameters():
                parameter.normal_(0.0, 0.3)
            layer = nn.TransformerEncoderLayer(
                width,
                4,
                4 * width,
                0.0,
                lambda x: functional.gelu(x, approximate="tanh"),
                batch_first=True,
                norm_first=True,
            ).train()  # its fast path for inference knows no other activations
            attention = layer.self_attn
            for theirs, ours in (
                (attention.in_proj_weight, block.attn.c_attn.weight.t()),
                (attention.in_proj_bias, block.attn.c_attn.bias),
                (attention.out_proj.weight, block.attn.c_proj.weight.t()),
                (attention.out_proj.bias, block.attn.c_proj.bias),
                (layer.linear1.weight, block.mlp.c_fc.weight.t()),
                (layer.linear1.bias, block.mlp.c_fc.bias),
                (layer.linear2.weight, block.mlp.c_proj.weight.t()),
                (layer.linear2.bias, block.mlp.c_proj.bias),
                (layer.norm1.weight, block.ln_1.weight),
                (layer.norm1.bias, block.ln_1.bias),
                (layer.norm2.weight, block.ln_2.weight),
                (layer.norm2.bias, block.ln_2.bias),
            ):
                theirs.copy_(ours)
            x = torch.rand(2, 5, width)
            difference = (layer(x, src_mask=mask) - block(x)).abs().max().item()
        self.assertLess(difference, 1e-4)

    def test_gpt2_says_for_a_prompt_what_it_says_for_its_beginning(self):
        model = small_gpt2()
        tokens = torch.randint(100, (1, 5))
        seen = []
        model.h.register_forward_hook(lambda _, __, out: seen.append(out))
        with torch.no_grad():
            model(tokens)
            expected = model.lm_head(model.ln_f(seen[0][:, 2]))
            self.assertLess((model(tokens[:, :3]) - expected).abs().max().item(), 1e-5)

    def test_a_trace_of_gpt2_takes_any_number_of_tokens(self):
        model = small_gpt2()
        with torch.no_grad():
            trace = torch.jit.trace(model, torch.randint(100, (1, 5)))
            for count in (1, 4, 8):
                tokens = torch.randint(100, (1, count))
                self.assertTrue(torch.equal(trace(tokens), model(tokens)))

    def test_gpt2_takes_published_names_with_and_without_prefix(self):
        reference = small_gpt2()
        path = self.path("pytorch_model.bin")
        for prefix in ("", "transformer."):
            torch.save(as_published(reference.state_dict(), prefix), path)
            model = GPT2(**SMALL).eval()
            export.load_weights(model, path)
            tokens = torch.randint(100, (1, 5))
            with torch.no_grad():
                self.assertTrue(torch.equal(model(tokens), reference(tokens)))
            self.assertIs(model.lm_head.weight, model.wte.weight)

    def test_a_gpt2_with_a_head_of_its_own_is_refused(self):
        state = dict(small_gpt2().state_dict())
        state["lm_head.weight"] = state["lm_head.weight"] + 1
        with self.assertRaisesRegex(ValueError, "differs from wte.weight"):
            small_gpt2().adapt(state)

    def test_yolov5s_takes_ultralytics_names(self):
        reference = YoloV5s()
        published = {f"model.{k}": v.half() for k, v in reference.state_dict().items()}
        published["model.model.24.anchors"] = torch.zeros(3, 3, 2)
        torch.save({"epoch": -1, "model": published}, self.path("yolov5s.pt"))
        model = YoloV5s()
        export.load_weights(model, self.path("yolov5s.pt"))
        self.assertTrue(
            torch.equal(model.model[24].m[1].weight, reference.model[24].m[1].weight.half())
        )


class CommandTest(ProgramTest):
    """./mdi export as users call it."""

    timeout = 600

    def export(self, *arguments):
        return self.call(sys.executable, os.path.join(MODELS, "export.py"), *arguments)

    def check_refused(self, expected, *arguments):
        """One line on stderr that matches, exit status 2, no new file."""
        before = self.content()
        done = self.export(*arguments)
        self.assert_refused(done)
        self.assertRegex(done.stderr, expected)
        self.assertEqual(self.content(), before)

    def check_exported(self, *arguments):
        done = self.assert_well(self.export(*arguments))
        self.assertEqual(done.stdout.count("\n"), 1)
        return done.stdout

    def test_without_weights_the_line_and_the_description_say_so(self):
        line = self.check_exported("resnet56")
        self.assertIn("random weights, seed 0", line)
        self.assertEqual(
            load(self.path("resnet56.json")),
            {
                "format": "mdi-model",
                "version": 1,
                "name": "resnet56",
                "inputs": [{"shape": [1, 3, 32, 32], "dtype": "float32"}],
                "preprocess": {
                    "resize": 32,
                    "crop": 32,
                    "mean": [0.4914, 0.4822, 0.4465],
                    "std": [0.247, 0.2435, 0.2616],
                },
                "weights": "random, seed 0",
            },
        )
        self.assertEqual(sorted(os.listdir(self.folder)), ["resnet56.json", "resnet56.pt"])

    def test_weights_of_a_file_are_the_exported_ones(self):
        model = ZOO["resnet50-exits"].build(32).eval()
        state = {"module." + name: tensor for name, tensor in model.state_dict().items()}
        torch.save({"state_dict": state}, self.path("trained.pth"))
        arguments = ("--weights=trained.pth", "--out=new/r.pt", "--image-size=32", "--batch=2")
        line = self.check_exported("resnet50-exits", *arguments)
        self.assertNotIn("random", line)
        found = load(self.path("new/r.json"))
        self.assertEqual(found["weights"], "trained.pth")
        self.assertEqual(found["exits"], [0, 1, 2])
        self.assertEqual(found["inputs"], [{"shape": [2, 3, 32, 32], "dtype": "float32"}])
        self.assertEqual((found["preprocess"]["resize"], found["preprocess"]["crop"]), (37, 32))
        x = torch.rand(2, 3, 32, 32)
        script = torch.jit.load(self.path("new/r.pt"))
        with torch.no_grad():
            for a, b in zip(model(x), script(x)):
                self.assertTrue(torch.equal(a, b))

    def test_weights_files_that_are_none_are_refused(self):
        torch.save({"a": torch.zeros(1000)}, self.path("whole.pth"))
        whole = read(self.path("whole.pth"))
        for content in (b"", b"hello\n", whole[: len(whole) // 2]):
            with self.assertRaisesRegex(ValueError, "^truncated or no weights"):
                export.read_state(self.write("cut.pth", content))
        self.check_refused("^cut.pth: truncated or no weights", "resnet56", "--weights=cut.pth")
        torch.save({"model": nn.Linear(2, 2)}, self.path("pickled.pt"))
        self.check_refused(
            r"^pickled.pt: a pickled model.*torch.save\(model.state_dict\(\)",
            *("yolov5s", "--weights=pickled.pt"),
        )
        torch.save([torch.zeros(1)], self.path("list.pt"))
        script = torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2))
        torch.jit.save(script, self.path("script.pt"))
        for name, wrong in (
            ("gone.pt", "No such file"),
            ("list.pt", "holds no state_dict"),
            ("script.pt", "holds no state_dict"),
        ):
            with self.assertRaisesRegex(ValueError, wrong):
                export.read_state(self.path(name))

    def test_weights_of_another_model_are_refused_with_a_tensor_that_shows_it(self):
        state = ZOO["resnet56"].build(32).state_dict()
        torch.save(state, self.path("resnet56.pth"))
        self.check_refused(
            "^resnet56.pth: weights of another model: it misses exits.0.conv.weight and",
            *("resnet56-exits", "--weights=resnet56.pth"),
        )
        for name, change, wrong in (
            ("mobilenetv2", {}, "it misses features.0.0.weight and"),
            ("resnet56", {"extra": torch.zeros(1)}, "it has extra$"),
            ("resnet56", {"fc.weight": torch.zeros(100, 64)}, "fc.weight is 100x64, not 10x64"),
        ):
            torch.save({**state, **change}, self.path("other.pth"))
            with self.assertRaisesRegex(ValueError, wrong):
                export.load_weights(ZOO[name].build(32), self.path("other.pth"))

    def test_unknown_names_get_a_suggestion_and_the_list(self):
        self.check_refused("did you mean resnet5.*there are: gpt2,", "resnet65")
        self.check_refused("no such model; there are: gpt2,", "zzz")

    def test_wrong_options_are_one_line(self):
        self.check_refused("^--tokens=1025: must be 1 to 1024", "gpt2", "--tokens=1025")
        self.check_refused("--tokens: '0' must be a positive", "gpt2", "--tokens=0")
        self.check_refused("--tokens: 'many' must be a positive", "gpt2", "--tokens=many")
        self.check_refused("resnet50 takes no --tokens", "resnet50", "--tokens=4")
        self.check_refused("gpt2 takes no --image-size", "gpt2", "--image-size=64")
        self.check_refused("^--image-size=16: must be at least 32", "vgg16", "--image-size=16")
        self.check_refused("positive multiple of 32", "yolov5s", "--image-size=100")
        self.check_refused("--batch", "resnet56", "--batch=-1")
        self.check_refused("must end in .pt", "resnet56", "--out=x.onnx")
        self.check_refused("unrecognized arguments: --weight", "resnet56", "--weight=x")
        self.check_refused("required: NAME")

    def test_an_output_that_cannot_be_written_leaves_nothing(self):
        self.write("file", "")
        self.check_refused("^file/x.pt: ", "resnet56", "--out=file/x.pt")


class TableTest(unittest.TestCase):
    """A new model is one more entry."""

    def test_descriptions_of_tokens_and_of_pictures(self):
        tokens = {"shape": [2, 7], "dtype": "int64", "range": 50257}
        self.assertEqual(ZOO["gpt2"].input.describe(2, 7), {"inputs": [tokens]})
        fields = ZOO["yolov5s"].input.describe(1, 320)
        picture = {"resize": 320, "crop": 320, "mean": [0, 0, 0], "std": [1, 1, 1]}
        self.assertEqual(fields["preprocess"], picture)
        fields = ZOO["vgg16"].input.describe(1, 224)["preprocess"]
        self.assertEqual((fields["resize"], fields["crop"]), (256, 224))

    def test_a_model_of_any_module_can_be_added(self):
        pictures = Pictures(32, 32, (0,), (1,))
        options = {"in_features": 3, "out_features": 4}
        entry = Entry("torch.nn:Linear", pictures, options=options)
        self.assertEqual(entry.build(32).out_features, 4)


if __name__ == "__main__":
    unittest.main()
