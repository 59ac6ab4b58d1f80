#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Draws the figures of results folders and of sweeps, and writes their report.

    ./mdi plot mdi-results/five-xavier-mesh-1

writes figures/latency.svg and others into that folder, each where the results have the data for
it, and report.html, which has them all; doc/mdi.rst says what each shows. Of several folders (one
per topology, say) the figures that compare thresholds and rates have a panel per folder. Of a
folder of ./mdi sweep there are lines over each swept field, ratios of systems over two of them,
and the map of which system wins where.
"""

import argparse
import contextlib
import io
import logging
import os
import re
import shutil
import sys
import tempfile

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # "building the font cache"

try:
    import mdi_plot_exits as of_exits
    import mdi_plot_runs as of_runs
    import mdi_plot_sweep as of_sweep
    import mdi_report
    from mdi_plot_results import BadInput, Results, nearest
    from mdi_plot_style import METADATA, Drawn
    from mdi_plot_sweep_data import METRICS, Sweep, is_sweep
except ModuleNotFoundError as missing:
    sys.exit(f"{missing.name} is missing; Debian: apt install python3-matplotlib python3-pandas")

EACH = {  # a figure per folder
    "latency": of_runs.latency,
    "utilisation": of_runs.utilisation,
    "timeline": of_runs.timeline,
    "exits": of_exits.exits,
}
TOGETHER = {  # a panel per folder
    "admitted-rate": of_exits.admitted_rate,
    "accuracy-rate": of_exits.accuracy_rate,
    "accuracy-admitted": of_exits.accuracy_admitted,
}
STUDENT = "Points are means over runs, bars and bands 95 % intervals (Student's t; of one: none)."
CAPTIONS = {
    "latency": "Share of admitted items that were done within a latency, all runs together. A "
    "curve that ends below 100 % lost items. Of many systems: median, middle 50 % and middle "
    "90 % of completed items.",
    "utilisation": "Share of the time that each device computed, in the first run; in brackets the "
    "time from the system's first event to its last.",
    "timeline": "What each device ran, and when tensors and results that it sent were under way: "
    "the beginning of the first run, the same window for all systems; where devices fail, around the "
    "first failure.",
    "exits": "Share of completed items that left at each exit, all runs.",
    "admitted-rate": f"Admitted rate in steady state against the exit threshold. {STUDENT}",
    "accuracy-rate": f"Accuracy of completed items against the offered rate. {STUDENT}",
    "accuracy-admitted": f"Accuracy against the admitted rate; numbers are thresholds. {STUDENT}",
}


class Parser(argparse.ArgumentParser):
    """Errors are one line, as those of every program here."""

    def error(self, message):
        self.exit(2, f"{message} (--help explains)\n")

    def parse_args(self, args=None, namespace=None):
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            flags = [text for action in self._actions for text in action.option_strings]
            self.error(f"no flag '{unknown[0]}'; {nearest(unknown[0].split('=')[0], flags)}")
        return options


def parse(arguments):
    """The command line, checked: folders, formats, and where the figures go (.figures_in)."""
    parser = Parser(
        prog="./mdi plot",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "folders", nargs="+", metavar="DIR", help="a results folder of ./mdi run or ./mdi sweep"
    )
    parser.add_argument(
        "--format", default="svg", help="svg, png, pdf, or several with commas [svg]"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="folder for figures and report [DIR/figures, and DIR]"
    )
    sweeps = parser.add_argument_group("of a sweep")
    sweeps.add_argument("--x", metavar="FIELD", help="lines over this field alone [over each]")
    sweeps.add_argument(
        "--map", metavar="FIELD,FIELD", help="axes of the maps [the first two with two values]"
    )
    sweeps.add_argument(
        "--metric",
        metavar="COLUMN",
        help=f"what is compared [latency_mean_s]: {', '.join(METRICS)}",
    )
    sweeps.add_argument(
        "--source", metavar="NAME", help="whose items [all, and in the map the urgent source]"
    )
    sweeps.add_argument(
        "--ratio",
        metavar="SYSTEM,SYSTEM",
        help="the heat map's two systems; best: that of each cell [best, and the first system]",
    )
    options = parser.parse_args(arguments)
    options.format = list(dict.fromkeys(options.format.split(",")))
    for name in options.format:
        if name not in METADATA:
            text = ",".join(options.format)
            parser.error(f"--format={text}: no format '{name}'; {nearest(name, METADATA)}")
    places = [os.path.realpath(folder) for folder in options.folders]
    for folder, place in zip(options.folders, places):
        if places.count(place) > 1:
            parser.error(f"{folder}: the folder is named twice; name each once")
    if options.out is None and len(places) > 1:
        parser.error("several results folders need --out=DIR, a folder for their figures")
    if options.out == "":
        parser.error("--out=: no folder; name one")
    options.figures_in = options.out or os.path.join(options.folders[0], "figures")
    if os.path.lexists(options.figures_in) and not os.path.isdir(options.figures_in):
        parser.error(f"{options.figures_in}: not a folder; name another place with --out=DIR")
    return options


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


def draw_runs(folders):
    """All figures for which there are data, [(number of the folder or None for all, Drawn)]."""
    drawn = []
    for number, (results, part) in enumerate(zip(folders, file_parts(folders))):
        for name, figure_of in EACH.items():
            drawn.append((number, Drawn(name + part, figure_of(results), CAPTIONS[name])))
    for name, figure_of in TOGETHER.items():
        drawn.append((None, Drawn(name, figure_of(folders), CAPTIONS[name])))
    return [(number, one) for number, one in drawn if one.figure]


def pictures_of(figure, formats):
    """The figure's files {format: bytes}; svg is always there, for the report."""
    found = {}
    for kind in dict.fromkeys([*formats, "svg"]):
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, metadata=METADATA[kind])
        found[kind] = stream.getvalue()
    return found


def write(files, made):
    """Write files {path: bytes}, all or, if one fails, none. made: folders that may be made."""
    place = os.path.dirname(os.path.abspath(made))
    try:
        os.makedirs(place, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=".mdi-unfinished-", dir=place)
    except OSError as error:
        raise BadInput(
            f"{made}: cannot write there ({error.strerror}); name another place with --out=DIR"
        ) from None
    try:
        for number, content in enumerate(files.values()):
            with open(os.path.join(folder, str(number)), "wb") as stream:
                stream.write(content)
        os.makedirs(made, exist_ok=True)
        for number, path in enumerate(files):
            os.replace(os.path.join(folder, str(number)), path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def files_of_runs(options):
    """What to write for results of ./mdi run: {path: bytes}."""
    folders = [Results(folder) for folder in options.folders]
    drawn = draw_runs(folders)
    if not drawn:
        raise BadInput(
            f"{', '.join(options.folders)}: nothing to draw, no item was completed; "
            "./mdi run says why items are lost"
        )
    files, shown = {}, []
    for number, one in drawn:
        pictures = pictures_of(one.figure, options.format)
        shown.append((number, one.caption, pictures["svg"].decode()))
        for kind in options.format:
            files[os.path.join(options.figures_in, f"{one.name}.{kind}")] = pictures[kind]
    for number, (results, part) in enumerate(zip(folders, file_parts(folders))):
        figures = [(caption, svg) for of, caption, svg in shown if of in (number, None)]
        path = os.path.join(options.out or results.folder, f"report{part}.html")
        files[path] = mdi_report.of_run(results, figures).encode()
    return files


def files_of_sweep(options):
    """The same for a folder of ./mdi sweep."""
    sweep = Sweep(options.folders[0])
    of_sweep.check(sweep, options)
    files, figures = {}, []
    for one in filter(None, of_sweep.figures(sweep, options)):
        pictures = pictures_of(one.figure, options.format)
        figures.append((one.caption, pictures["svg"].decode()))
        for kind in options.format:
            files[os.path.join(options.figures_in, f"{one.name}.{kind}")] = pictures[kind]
    path = os.path.join(options.out or sweep.folder, "report.html")
    files[path] = mdi_report.of_sweep(sweep, figures, options.source or "all").encode()
    return files


def files_of(options):
    sweeps = [folder for folder in options.folders if is_sweep(folder)]
    if sweeps and len(options.folders) > 1:
        raise BadInput(f"{sweeps[0]}: a sweep is plotted alone; name no other folder with it")
    if sweeps:
        return files_of_sweep(options)
    for flag in of_sweep.FLAGS:
        if getattr(options, flag) is not None:
            folder = options.folders[0]
            raise BadInput(f"--{flag}: {folder} is no folder of ./mdi sweep; leave it out")
    return files_of_runs(options)


def main(arguments=None):
    options = parse(arguments)
    try:
        files = files_of(options)
        write(files, options.figures_in)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        place = error.filename or options.figures_in
        print(f"{place}: cannot write ({error.strerror})", file=sys.stderr)
        return 1
    with contextlib.suppress(BrokenPipeError):
        print("\n".join(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
