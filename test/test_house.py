#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The rules of the house: design.md, section 2.

usage, in the project's root: python3 test/test_house.py BUILD_DIR [unittest arguments]
"""

import os
import re
import unittest

from program_test import ROOT, read


class House(unittest.TestCase):
    """design.md, section 2: names, licences, and who may know whom."""

    ROOMS = ["graph", "plan", "device", "network", "tensor", "policy", "runtime", "helper"]
    # A policy decides on figures of devices, messages and tensors; the three know no policy.
    MAY_KNOW = {
        "graph": {"graph"},
        "plan": {"plan", "graph"},
        "device": {"device", "plan", "graph"},
        "network": {"network", "plan", "graph"},
        "tensor": {"tensor", "plan", "graph"},
        "policy": {"policy", "device", "network", "tensor", "plan", "graph"},
        "runtime": set(ROOMS) - {"helper"},
        "helper": set(ROOMS),
    }

    @classmethod
    def setUpClass(cls):
        cls.sources = []  # of our C++: paths relative to the root
        for top in ("model", "helper", "examples", "test"):
            for folder, folders, files in os.walk(os.path.join(ROOT, top)):
                if "own-router" in folders:
                    folders.remove("own-router")  # somebody's own project
                for name in sorted(files):
                    if name.endswith((".h", ".cc")):
                        path = os.path.join(folder, name)
                        cls.sources.append(os.path.relpath(path, ROOT))
        cls.room = {}  # of each header
        for path in cls.sources:
            if path.endswith(".h") and not path.startswith("test/"):
                cls.room[os.path.basename(path)] = cls.room_of(path)

    @staticmethod
    def room_of(path):
        parts = path.split("/")
        return parts[1] if parts[0] == "model" else parts[0]

    @staticmethod
    def includes(path):
        text = read(os.path.join(ROOT, path)).decode()
        return re.findall(r'(?m)^\s*#\s*include\s*[<"]([^>"]+)[>"]', text)

    def test_headers_have_names_of_their_own(self):
        # ns-3 puts all headers into one folder.
        names = [os.path.basename(p) for p in self.sources if p.endswith(".h")]
        self.assertEqual(len(names), len(set(names)))
        for path in self.sources:
            self.assertRegex(os.path.basename(path), r"^mdi-[a-z0-9-]+\.(h|cc)$")

    def test_licence_and_author(self):
        for path in self.sources:
            lines = read(os.path.join(ROOT, path)).decode("ascii", "replace").split("\n")
            self.assertEqual(lines[0], "// SPDX-License-Identifier: GPL-2.0-only", path)
            self.assertTrue(lines[1].startswith("// Author: "), path)

    def test_ascii(self):
        for path in self.sources + ["mdi", "CMakeLists.txt", "test/program_test.py"]:
            text = read(os.path.join(ROOT, path))
            self.assertTrue(text.isascii(), path)
            self.assertNotIn(b"\t", text, path)
            self.assertNotIn(b"\r", text, path)
            self.assertTrue(text.endswith(b"\n"), path)

    def test_all_files_are_built(self):
        listed = set(re.split(r"[\s()]+", self.cmake()))
        built = [path for path in self.sources if path.endswith(".cc")]
        names = {p: os.path.basename(p)[:-3] if p.startswith("examples/") else p for p in built}
        self.assertEqual([path for path in built if names[path] not in listed], [])

    def test_programs_are_the_same_in_every_build(self):
        names = {os.path.basename(p)[:-3] for p in self.sources if re.match("examples/[^/]*.cc$", p)}
        lists = {
            "CMakeLists.txt": r"foreach\(program (.*?)\)",
            "examples/CMakeLists.txt": r"foreach\(program (.*?)\)",
            "wscript-compat/wscript": r"PROGRAMS = \[(.*?)\]",
        }
        for path, pattern in lists.items():
            text = read(os.path.join(ROOT, path)).decode()
            listed = re.search(pattern, text, re.S).group(1)
            self.assertEqual(set(re.findall(r"mdi-\w+", listed)), names, path)

    def test_torch_stays_in_its_room(self):
        # A file that includes it costs 20 s to compile: never a header, which others include.
        may = self.listed("mdi_torch_source_files")
        for path in may:
            self.assertRegex(path, r"^model/tensor/mdi-torch-.*\.cc$")
        may += ["test/bench/mdi-bench-memo.cc", "test/bench/mdi-bench-slices.cc"]  # give tensors to slices
        wrong = []
        for path in self.sources:
            for name in self.includes(path):
                if re.match(r"(torch|ATen|c10|caffe2)/", name) and path not in may:
                    wrong.append(path + " includes " + name)
        self.assertEqual(wrong, [])

    def test_public_headers_include_no_private_ones(self):
        public = self.listed("mdi_header_files")
        names = {os.path.basename(path) for path in public}
        for path in public:
            for name in self.includes(path):
                base = os.path.basename(name)
                self.assertTrue(not base.startswith("mdi-") or base in names, path + ": " + name)

    @staticmethod
    def cmake():
        return read(os.path.join(ROOT, "CMakeLists.txt")).decode()

    @classmethod
    def listed(cls, variable):
        return re.search(r"set\(%s(.*?)\)" % variable, cls.cmake(), re.S).group(1).split()

    def test_rooms(self):
        wrong = []
        for path in self.sources:
            room = self.room_of(path)
            if room not in self.MAY_KNOW:
                continue  # examples and tests may know everybody
            for name in self.includes(path):
                base = os.path.basename(name)
                known = self.room.get(base)
                if known and known not in self.MAY_KNOW[room]:
                    wrong.append(path + " (" + room + ") includes " + name + " (" + known + ")")
                if base.startswith("mdi-") and not known:
                    wrong.append(path + " includes " + name + ", which is in no room")
                if room in ("graph", "plan") and name.startswith("ns3/"):
                    wrong.append(path + " is pure, but includes " + name)
                # A policy knows no sockets.
                if room == "policy" and re.search(r"transport|socket|internet|ipv4|tcp", base):
                    wrong.append(path + " is a policy, but includes " + name)
        self.assertEqual(wrong, [])

    def test_pure_rooms_use_no_simulator(self):
        for path in self.sources:
            if self.room_of(path) in ("graph", "plan"):
                text = read(os.path.join(ROOT, path)).decode()
                self.assertNotRegex(text, r"Simulator::|NS_LOG|TypeId|torch::", path)


if __name__ == "__main__":
    unittest.main()
