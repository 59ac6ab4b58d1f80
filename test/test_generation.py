#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""A language model, spread by every system, writes what PyTorch writes: mdi-run as users call it.

usage, in the project's root:
/usr/bin/python3 test/test_generation.py BUILD_DIR [unittest arguments]; needs torch
"""

import json
import os
import re
import shutil
import sys
import tempfile
import unittest

import torch

from program_test import BUILD, ROOT, ProgramTest, call, load, read, rows

sys.path.insert(0, os.path.join(ROOT, "traces", "models"))

import gpt2  # noqa: E402

VOCABULARY = 1000
PROMPT = 8  # tokens
LONGEST = 24  # context of which the trace knows
PRESETS = ["local", "ddi", "ar-mdi", "ms-mdi", "pa-mdi", "mdi-exit"]
RING = {  # of MDI-LLM: the starter has the head as well
    "name": "ring",
    "partitioner": {
        "type": "ns3::mdi::FixedPartitioner",
        "Stages": "a; b from h.1; c from h.2; a from select",
    },
}
NEW = {"s": 12, "t": 10}  # tokens that each source asks for
ITEMS = 3
FILES = ("summary.csv", "items.csv", "timeline.json")
FOLDER = None  # with the model, its prompts and its trace


def path(name):
    return os.path.join(FOLDER, name)


def setUpModule():
    """A small GPT-2 whose words differ from place to place, and its times on this machine."""
    global FOLDER
    FOLDER = tempfile.mkdtemp(prefix="mdi-generation-")
    unittest.addModuleCleanup(shutil.rmtree, FOLDER)
    model = gpt2.GPT2(layers=3, width=64, heads=4, vocabulary=VOCABULARY, context=64).eval()
    model.initialise(torch.Generator().manual_seed(1))
    with torch.no_grad():
        model.wpe.weight.mul_(20)
        for weights in model.h.parameters():
            if weights.dim() > 1:
                weights.mul_(20)  # else it repeats the prompt's last word again and again
    prompts = torch.randint(VOCABULARY, (6, PROMPT), generator=torch.Generator().manual_seed(2))
    torch.jit.trace(model, prompts[:1]).save(path("lm.pt"))
    torch.save(prompts, path("prompts.pt"))
    tokens = {"shape": [1, PROMPT], "dtype": "int64", "range": VOCABULARY}
    document = {"format": "mdi-model", "version": 1, "inputs": [tokens], "input_set": "prompts.pt"}
    with open(path("lm.json"), "w", encoding="ascii") as file:
        json.dump(document, file)
    lengths = f"--lengths=1,16,{LONGEST}"
    flags = ("--device-name=mine", "--repeats=3", "--warmup=1", "--threads=1")
    done = call(os.path.join(BUILD, "mdi-profile"), "lm.pt", lengths, *flags, cwd=FOLDER)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def scenario():
    """Two sources on three devices; one of them has a key/value cache."""
    return {
        "format": "mdi-scenario",
        "version": 1,
        "name": "lm",
        "models": {"lm": {"file": path("lm.pt")}},
        "devices": [{"name": name, "trace": path("mine.json")} for name in "abc"],
        "networks": [
            {"type": "ethernet", "nodes": "all", "rate_bps": 1000000000, "delay_s": 0.0001}
        ],
        "sources": [
            {
                "name": name,
                "node": node,
                "model": "lm",
                "items": ITEMS,
                "first_input": first,
                "priority": priority,
                "admission": {"type": "closed-loop", "window": 2},
                "generation": {"new_tokens": NEW[name], "kv_cache": cache},
            }
            for name, node, first, priority, cache in (
                ("s", "a", 0, 1, True),
                ("t", "b", 3, 5, False),
            )
        ],
        "systems": [*PRESETS, RING],
        "time_limit_s": 3600,
    }


def greedy(prompt, new):
    """What the model's file says by PyTorch alone."""
    model = torch.jit.load(path("lm.pt")).eval()
    text = prompt.unsqueeze(0)
    with torch.no_grad():
        for _ in range(new):
            text = torch.cat([text, model(text).argmax(1, keepdim=True)], 1)
    return text[0, PROMPT:].tolist()


class Generation(ProgramTest):
    timeout = 300

    def results(self, out, *flags, document=None):
        """Rows of summary.csv and items.csv."""
        self.run_well(self.write(out + ".json", document or scenario()), "--out=" + out, *flags)
        return [rows(self.path(out, name)) for name in ("summary.csv", "items.csv")]

    def same_files(self, one, other):
        for name in FILES:
            same = read(self.path(one, name)) == read(self.path(other, name))
            self.assertTrue(same, f"{name} of {one} and {other} differ")

    def test_every_system_writes_what_pytorch_writes(self):
        self.check("r", [*PRESETS, RING])

    def check(self, out, systems):
        document = scenario()
        document["systems"] = systems
        summary, items = self.results(out, document=document)
        prompts = torch.load(path("prompts.pt"))
        first = {"s": 0, "t": 3}
        texts = [
            greedy(prompts[first[name] + item], NEW[name]) for name in NEW for item in range(ITEMS)
        ]
        # Else a model that says the same everywhere would pass.
        self.assertEqual(len({tuple(text) for text in texts}), len(texts))
        self.assertGreater(min(len(set(text)) for text in texts), 2)
        names = [system if isinstance(system, str) else system["name"] for system in systems]
        expected = [
            (system, name, str(item), texts[number * ITEMS + item])
            for system in names
            for number, name in enumerate(NEW)
            for item in range(ITEMS)
        ]
        found = [
            (r["system"], r["source"], r["item"], [int(word) for word in r["prediction"].split()])
            for r in items
        ]
        self.assertEqual(sorted(found), sorted(expected))
        self.assertEqual(sorted({row["system"] for row in summary}), sorted(names))
        for row in summary:
            self.assertEqual(row["items_completed"], row["items_admitted"], row)
            self.assertEqual(float(row["output_error_max"]), 0, row)
            self.assertEqual(list(row)[-3:], ["output_error_max", "ttft_mean_s", "itl_mean_s"])
            if row["source"] != "all":  # of each item: latency = first token + gaps
                gaps = (NEW[row["source"]] - 1) * float(row["itl_mean_s"])
                whole = float(row["ttft_mean_s"]) + gaps
                self.assertAlmostEqual(whole, float(row["latency_mean_s"]), delta=1e-8)
        for row in items:
            if row["system"] == "ring" and row["source"] == "s":
                self.assertEqual(int(row["hops"]), 3 * NEW["s"])

    def test_keys_and_values_take_memory(self):
        """Two per layer and token, of 64 float32: found in the graph of the model."""
        trace = load(path("mine.json"))
        document = scenario()
        document["devices"] = [{"name": "a", "trace": "tight.json"}]
        del document["networks"], document["sources"][1:]
        document["systems"] = ["local"]
        source = document["sources"][0]
        source["items"], source["admission"]["window"] = 1, 1
        inspected = self.call(os.path.join(BUILD, "mdi-inspect"), path("lm.pt")).stdout
        weights = int(re.search(r"parameters +(\d+) B", inspected)[1])
        layers = 3
        cache = layers * 2 * 64 * 4 * (PROMPT + source["generation"]["new_tokens"])
        for spare, lost in ((0, "1"), (8 * PROMPT, "0")):
            trace["memory_bytes"] = weights + cache + spare
            self.write("tight.json", trace)
            file = self.write("tight-run.json", document)
            done = self.run_program(file, "--out=tight", "--overwrite")
            self.assertEqual(rows(self.path("tight/summary.csv"))[0]["items_lost"], lost, done.stderr)

    def test_a_cache_saves_bytes(self):
        """In the ring: later passes carry one token, 64 float32 of it, between blocks."""
        sizes = []
        for cache in (True, False):
            document = scenario()
            document["systems"] = [RING]
            document["sources"] = document["sources"][:1]
            document["sources"][0]["generation"]["kv_cache"] = cache
            (summary, _) = self.results(f"cache-{cache}", document=document)
            sizes.append(int(summary[0]["bytes_on_wire"]))
        tokens = sum(PROMPT + number - 1 for number in range(1, NEW["s"]))
        self.assertEqual(sizes[1] - sizes[0], ITEMS * 3 * tokens * 64 * 4)  # on three hops

    def test_same_seed_same_bytes(self):
        self.results("one", "--seed=3")
        self.results("two", "--seed=3")
        self.same_files("one", "two")
        self.results("other", "--seed=4")
        self.assertNotEqual(read(self.path("one/items.csv")), read(self.path("other/items.csv")))

    def test_memo_and_execute(self):
        self.results("memo", "--tensors=memo")
        self.results("execute", "--tensors=execute")
        self.same_files("memo", "execute")
        for threads in (0, 2):
            flag = f"--ns3::mdi::TorchEngine::Threads={threads}"
            self.results(f"memo-{threads}", "--tensors=memo", flag)
            self.results(f"execute-{threads}", "--tensors=execute", flag)
            self.same_files("memo", f"memo-{threads}")
            self.same_files("memo", f"execute-{threads}")

    def test_without_generation_there_are_no_such_columns(self):
        document = scenario()
        document["systems"] = ["local"]
        for source in document["sources"]:
            del source["generation"]
        summary, items = self.results("prefill", document=document)
        self.assertEqual(list(summary[0])[-1], "output_error_max")
        self.assertNotIn(" ", items[0]["prediction"])
        # With it in one source alone, the other has empty cells.
        document["sources"][0]["generation"] = {"new_tokens": 2, "kv_cache": True}
        summary, _ = self.results("one-of-two", document=document)
        cells = {row["source"]: (row["ttft_mean_s"], row["itl_mean_s"]) for row in summary}
        self.assertEqual(cells["t"], ("", ""))
        self.assertNotIn("", cells["s"])

    def test_one_new_token_has_no_gap(self):
        document = scenario()
        document["systems"] = ["local"]
        document["sources"] = document["sources"][:1]
        document["sources"][0]["generation"]["new_tokens"] = 1
        summary, _ = self.results("first-only", document=document)
        self.assertEqual(summary[0]["itl_mean_s"], "")
        self.assertEqual(summary[0]["ttft_mean_s"], summary[0]["latency_mean_s"])


class BadInput(ProgramTest):
    def refused(self, document, *parts):
        self.assert_refused(self.run_program(self.write("bad.json", document), "--out=bad"), *parts)
        self.assertFalse(os.path.exists(self.path("bad")))

    def generation(self, **fields):
        document = scenario()
        document["sources"][0]["generation"].update(fields)
        return document

    def test_numbers(self):
        place = "bad.json: /sources/0/generation"
        self.refused(self.generation(new_tokens=0), place + "/new_tokens")
        self.refused(self.generation(new_tokens=1.5), place + "/new_tokens")
        self.refused(self.generation(new_tokens=100000), place + "/new_tokens")
        self.refused(self.generation(kv_cache=1), place + "/kv_cache")
        self.refused(self.generation(kv_cach=True), place, "kv_cach")
        document = scenario()
        del document["sources"][0]["generation"]["kv_cache"]
        self.refused(document, place, "kv_cache")

    def test_a_prompt_that_is_not_the_input(self):
        self.refused(self.generation(prompt_tokens=9), "/sources/0/generation", "8")

    def test_longer_than_the_trace_knows(self):
        longest = LONGEST - PROMPT + 1  # the last pass makes one more than it works on
        for source in (0, 1):  # with a cache and without
            document = scenario()
            document["sources"][source]["generation"]["new_tokens"] = longest + 1
            self.refused(document, "mine.json", "25 tokens", "24")

    def test_a_trace_without_times_of_passes(self):
        trace = load(path("mine.json"))
        model = trace["modes"]["default"]["models"]["lm"]
        del model["generation"]
        for layer in model["layers"].values():
            layer.pop("cached_s", None)
        self.write("plain.json", trace)
        document = scenario()
        document["devices"][1]["trace"] = "plain.json"
        self.refused(document, "plain.json", "generation")

    def test_a_trace_without_times_of_a_cache(self):
        trace = load(path("mine.json"))
        model = trace["modes"]["default"]["models"]["lm"]
        del model["generation"]["cached"], model["generation"]["context"]
        for layer in model["layers"].values():
            layer.pop("cached_s", None)
        self.write("no-cache.json", trace)
        document = scenario()
        document["devices"][1]["trace"] = "no-cache.json"
        self.refused(document, "no-cache.json", "cache")

    def test_a_model_that_writes_nothing(self):
        document = scenario()
        digits = os.path.join(ROOT, "traces", "models", "resnet56-digits.pt")
        nano = os.path.join(ROOT, "traces", "compute", "nano.json")
        document["models"] = {"resnet56-digits": {"file": digits}}
        for device in document["devices"]:
            device["trace"] = nano
        for source in document["sources"]:
            source["model"] = "resnet56-digits"
            source["first_input"] = 0
        document["systems"] = ["local"]
        self.refused(document, "resnet56-digits.pt", "sizes may only be those of the sequence")

    def test_stages_that_are_not_there(self):
        document = scenario()
        ring = json.loads(json.dumps(RING))
        ring["partitioner"]["Stages"] = "a; d from h.1"
        document["systems"] = [ring]
        self.refused(document, "'d'")
        ring["partitioner"]["Stages"] = "a; b from h.7"
        self.refused(document, "h.7")


if __name__ == "__main__":
    unittest.main()
