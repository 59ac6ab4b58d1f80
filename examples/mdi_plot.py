#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Draws the figures of results folders.

    ./mdi plot mdi-results/five-xavier-mesh-1

writes figures/latency.svg and others into that folder, each where the results have the data for
it; doc/mdi.rst says what each shows. Of several folders (one per topology, say) the figures that
compare thresholds and rates have a panel per folder. Of folders whose scenarios differ in one
number (./mdi run --set=networks.0.rate_bps=... in a loop) there is latency against that number.
"""

import argparse
import contextlib
import difflib
import logging
import os
import re
import shutil
import sys
import tempfile

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # "building the font cache"

try:
    import mdi_plot_exits as of_exits
    import mdi_plot_field as of_field
    import mdi_plot_runs as of_runs
    from mdi_plot_results import BadInput, Results
    from mdi_plot_style import METADATA
except ModuleNotFoundError as missing:
    sys.exit(f"{missing.name} is missing; Debian: apt install python3-matplotlib python3-pandas")

EACH = {  # a figure per folder
    "latency": of_runs.latency,
    "utilisation": of_runs.utilisation,
    "timeline": of_runs.timeline,
    "exits": of_exits.exits,
}
TOGETHER = {  # a panel per folder, or per group of folders
    "admitted-rate": of_exits.admitted_rate,
    "accuracy-rate": of_exits.accuracy_rate,
    "accuracy-admitted": of_exits.accuracy_admitted,
    "latency-field": of_field.latency_field,
}


class Parser(argparse.ArgumentParser):
    """Errors are one line, as those of every program here."""

    def error(self, message):
        self.exit(2, f"{message} (--help explains)\n")


def parse(arguments):
    """The command line, checked: folders, formats, and where the figures go."""
    parser = Parser(
        prog="./mdi plot",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folders", nargs="+", metavar="DIR", help="a results folder of ./mdi run")
    parser.add_argument(
        "--format", default="svg", help="svg, png, pdf, or several with commas [svg]"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="folder for the figures [DIR/figures if there is one DIR]"
    )
    options = parser.parse_args(arguments)
    formats = list(dict.fromkeys(options.format.split(",")))
    for name in formats:
        if name not in METADATA:
            near = difflib.get_close_matches(name, METADATA, 1)
            hint = f"do you mean {near[0]}? " if near else ""
            there = f"there are {', '.join(METADATA)}"
            parser.error(f"--format={options.format}: no format '{name}'; {hint}{there}")
    places = [os.path.realpath(folder) for folder in options.folders]
    for folder, place in zip(options.folders, places):
        if places.count(place) > 1:
            parser.error(f"{folder}: the folder is named twice; name each once")
    out = options.out
    if out is None:
        if len(places) > 1:
            parser.error("several results folders need --out=DIR, a folder for their figures")
        out = os.path.join(options.folders[0], "figures")
    if not out:
        parser.error("--out=: no folder; name one")
    if os.path.lexists(out) and not os.path.isdir(out):
        parser.error(f"{out}: not a folder; name another place with --out=DIR")
    return options.folders, formats, out


def file_parts(folders):
    """What to add to the names of files: nothing for one folder, else distinct names."""
    if len(folders) == 1:
        return [""]
    names = [results.name for results in folders]
    if len(set(names)) < len(names):
        names = [os.path.basename(os.path.realpath(results.folder)) for results in folders]
    names = [re.sub(r"[^A-Za-z0-9._-]", "_", name) for name in names]
    if len(set(names)) < len(names):
        names = [str(number) for number in range(1, len(names) + 1)]
    return ["-" + name for name in names]


def draw(folders):
    """All figures for which there are data: (name, figure)."""
    for results, part in zip(folders, file_parts(folders)):
        for name, figure_of in EACH.items():
            yield name + part, figure_of(results)
    for name, figure_of in TOGETHER.items():
        yield name, figure_of(folders)


def write(figures, formats, out):
    """Write them all or, if one fails, none; returns their paths."""
    parent = os.path.dirname(os.path.abspath(out))
    try:
        os.makedirs(parent, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=".mdi-unfinished-", dir=parent)
    except OSError as error:
        raise BadInput(
            f"{out}: cannot write there ({error.strerror}); name another place with --out=DIR"
        ) from None
    try:
        names = []
        for name, figure in figures:
            for kind in formats if figure else []:
                names.append(f"{name}.{kind}")
                figure.savefig(os.path.join(folder, names[-1]), metadata=METADATA[kind])
        if names:
            os.makedirs(out, exist_ok=True)
        for name in names:
            os.replace(os.path.join(folder, name), os.path.join(out, name))
        return [os.path.join(out, name) for name in names]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments=None):
    folders, formats, out = parse(arguments)
    try:
        results = [Results(folder) for folder in folders]
        paths = write(draw(results), formats, out)
        if not paths:
            raise BadInput(
                f"{', '.join(folders)}: nothing to draw, no item was completed; "
                "./mdi run says why items are lost"
            )
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or out}: cannot write ({error.strerror})", file=sys.stderr)
        return 1
    with contextlib.suppress(BrokenPipeError):
        print("\n".join(paths))
    return 0


if __name__ == "__main__":
    sys.exit(main())
