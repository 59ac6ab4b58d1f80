#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Schemas of all formats against the files of the repository and against the readers.

usage, in the project's root: /usr/bin/python3 test/test_schemas.py BUILD_DIR [unittest arguments]
Needs python3-jsonschema. What a schema forbids, mdi-validate must refuse: random changes of files
find where the two differ.
"""

import copy
import glob
import json
import os
import random
import unittest

import jsonschema

from program_test import BUILD, ROOT, SCENARIOS, ProgramTest, load

SCHEMAS = os.path.join(ROOT, "traces/schema")
CHANGES = int(os.environ.get("MDI_SCHEMA_CHANGES", "60"))  # per file


def validator(name):
    """For documents of a schema, which may refer to others beside it."""
    store = {os.path.basename(f): load(f) for f in glob.glob(os.path.join(SCHEMAS, "*.json"))}
    schema = store[name + ".schema.json"]
    return jsonschema.Draft7Validator(schema, resolver=jsonschema.RefResolver("", schema, store=store))


def first_error(name, document):
    """What a schema says against a document, or None."""
    for error in validator(name).iter_errors(document):
        return "/" + "/".join(str(step) for step in error.path) + ": " + error.message[:200]
    return None


def nodes(value, path=()):
    """All places in a document but the root."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield path + (key,)
        yield from nodes(child, path + (key,))


STRANGE = [None, True, -1, 0, 1, 2.5, 1e300, -1e300, "", "x", [], {}, [1], {"x": 1}, ["", ""], "all"]


def change(document, dice):
    """The document with one random place deleted, replaced, or with a stranger beside it."""
    changed = copy.deepcopy(document)
    path = dice.choice(list(nodes(changed)))
    at = changed
    for step in path[:-1]:
        at = at[step]
    kind = dice.randrange(3)
    if kind == 0:
        del at[path[-1]]
    elif kind == 1:
        at[path[-1]] = dice.choice(STRANGE)
    elif isinstance(at, dict):
        at["stranger"] = dice.choice(STRANGE)
    else:
        at.append(dice.choice(STRANGE))
    return changed, "/" + "/".join(str(step) for step in path)


def shortened(value, key=""):
    """Long lists and tables of a compute trace cut to two members: as strict, and quicker."""
    if isinstance(value, dict):
        items = list(value.items())
        few = items[:2] if key in ("layers", "models", "modes") else items
        return {k: shortened(v, k) for k, v in few}
    if isinstance(value, list):
        return [shortened(v, key) for v in value]
    return value


class Files(ProgramTest):
    def test_schemas_are_schemas(self):
        for path in glob.glob(os.path.join(SCHEMAS, "*.json")):
            jsonschema.Draft7Validator.check_schema(load(path))

    def test_every_file_keeps_its_schema(self):
        formats = set()
        for path in glob.glob(os.path.join(ROOT, "traces/**/*.json"), recursive=True):
            if os.path.dirname(path) == SCHEMAS:
                continue
            document = load(path)
            name = document["format"][len("mdi-") :]
            formats.add(name)
            self.assertIsNone(first_error(name, document), path)
        self.assertEqual(
            formats, {"scenario", "compute-trace", "model", "layer-graph", "provenance", "sweep"}
        )

    def test_manifests_keep_theirs(self):
        for scenario, flags in (
            ("five-xavier-mesh", ["--systems=local,edgeflow", "--runs=1"]),
            (
                "three-nano-digits",
                ["--systems=pa-mdi", "--runs=1", "--set=networks.0.trace=../links/hsdpa/bus.csv"],
            ),
        ):
            file = os.path.join(SCENARIOS, scenario + ".json")
            flags += ["--network=flow", "--tensors=none", "--out=" + scenario]
            done = self.run_program(file, *flags)
            self.assertEqual(done.returncode, 0, done.stderr)
            manifest = load(self.path(scenario, "manifest.json"))
            self.assertIsNone(first_error("manifest", manifest))
            self.assertIsNone(first_error("scenario", manifest["scenario"]))


class Readers(ProgramTest):
    """What a schema forbids, the reader refuses; in one line, with the place."""

    def compare(self, name, source, document):
        dice = random.Random(source)
        paths, why = [], {}
        for number in range(CHANGES):
            changed, place = change(document, dice)
            path = self.write("%s-%d.json" % (os.path.basename(source)[:-5], number), changed)
            paths.append(path)
            why[path] = (place, first_error(name, changed))
        wrong = [path for path in paths if why[path][1] is not None]
        self.assertGreater(len(wrong), CHANGES // 6)
        done = self.call(os.path.join(BUILD, "mdi-validate"), *wrong)
        self.assertEqual(done.returncode, 2)
        said = done.stderr.splitlines()
        for path in wrong:
            lines = [line for line in said if path + ":" in line]
            about = "%s changed at %s: schema says %s; the reader: %s" % (source, *why[path], lines)
            with self.subTest(about):
                self.assertEqual(len(lines), 1, about)

    def check_changes(self, kind, name, files, shorten=False):
        for file in files:
            source = os.path.join(ROOT, "traces", kind, file)
            text = json.dumps(load(source))
            document = json.loads(text.replace('"../', '"%s/traces/' % ROOT))
            if name == "scenario":
                for model in document["models"].values():
                    model["file"] = ROOT + "/traces/models/resnet56-digits.pt"
                    model.pop("inputs", None)
            self.compare(name, source, shortened(document) if shorten else document)

    def test_scenarios(self):
        self.check_changes(
            "scenarios",
            "scenario",
            ["five-nano-churn.json", "mdi-exit-3-node-circular.json", "three-nano-lte.json", "t1-private-links.json"],
        )

    def test_compute_traces(self):
        self.check_changes("compute", "compute-trace", ["nano.json", "orin-nano.json"], shorten=True)

    def test_sweeps(self):
        self.check_changes("sweeps", "sweep", ["when-priority-pays.json"])


if __name__ == "__main__":
    unittest.main()
