# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Results folders as pandas frames, and the statistics that figures need."""

import collections
import difflib
import functools
import json
import math
import os

import numpy as np
import pandas as pd

SUMMARY_COLUMNS = "system,run,source,priority,items_admitted,items_completed".split(",")
SUMMARY_COLUMNS.append("latency_mean_s")
ITEM_COLUMNS = "system,run,source,admitted_s,completed_s,exit,label,prediction".split(",")
ALL = "all"  # the source of rows of all sources together
OPTIONAL_NUMBERS = ["completed_s", "exit"]  # empty: not completed, no exit
A_FOLDER = "name a results folder of ./mdi run"
A_WHOLE_ONE = "copy the folder again, or run again"


def nearest(name, known):
    """The end of a message about a name that is not known."""
    near = difflib.get_close_matches(name, known, 1)
    hint = f"do you mean {near[0]}? " if near else ""
    return f"{hint}there are {', '.join(known)}"


class BadInput(Exception):
    """One line for the user: file, what is wrong, what would be right."""


Span = collections.namedtuple("Span", "track name begin_s end_s kind")
Span.__doc__ = """A task on a device, a message sent by it, or that it was off; track is the device's number, or
None if it was a network that was off."""
TASK, TRANSFER, OUTAGE = "task", "transfer", "outage"  # kinds of spans


class Results:
    """The files of one results folder, checked."""

    def __init__(self, folder):
        if not os.path.isdir(folder):
            raise BadInput(f"{folder}: no such folder; {A_FOLDER}")
        self.folder = folder
        manifest = read_json(folder, "manifest.json")
        if not isinstance(manifest, dict) or manifest.get("format") != "mdi-manifest":
            raise BadInput(f"{self.path('manifest.json')}: no manifest of mdi; {A_FOLDER}")
        if manifest.get("version") != 1:
            raise BadInput(
                f"{self.path('manifest.json')}: version is {json.dumps(manifest.get('version'))}; "
                "this program reads version 1"
            )
        self.manifest = manifest
        with self._as_written("manifest.json"):
            self.seed = manifest.get("seed")
            self.first_run = int(manifest.get("first_run", 0))
            self.systems = manifest["systems"]  # objects: name, and each strategy as text
            self.names = [str(system["name"]) for system in self.systems]
            self.scenario = manifest["scenario"]
            self.name = str(self.scenario["name"])
            self.devices = [str(device["name"]) for device in self.scenario["devices"]]
            self.slots = [int(device.get("slots", 1)) for device in self.scenario["devices"]]
            self.sources = [str(source["name"]) for source in self.scenario["sources"]]
            self.models = {str(s["name"]): str(s["model"]) for s in self.scenario["sources"]}
        self.items = self._read_items()
        summary = read_table(self.path("summary.csv"), SUMMARY_COLUMNS)
        self.summary = summary_numbers(summary, self.names, self.path("summary.csv"))
        self._check_whole()
        trace = read_json(folder, "timeline.json")
        with self._as_written("timeline.json"):
            self.timeline = _read_spans(trace, len(self.devices))

    def path(self, name):
        return os.path.join(self.folder, name)

    def of(self, system):
        """The items of a system, all runs."""
        return self.items[self.items["system"] == system]

    def _check_whole(self):
        """Each source of the summary has a row for each of its items, and the other way round."""
        check_totals(self.summary, ["system", "run"], self.path("summary.csv"))
        by = ["system", "run", "source"]
        found = self.items.groupby(by).size()
        asked = self.summary[self.summary["source"] != ALL].groupby(by)["items_admitted"].sum()
        gap = found.sub(asked, fill_value=0)
        if (gap != 0).any():
            place = system, run, source = gap[gap != 0].index[0]
            raise BadInput(
                f"{self.path('items.csv')}: {found.get(place, 0)} rows of {system}, run {run:g}, "
                f"source {source}, and {asked.get(place, 0):g} items in summary.csv; {A_WHOLE_ONE}"
            )

    def _as_written(self, name):
        return AsWritten(self.path(name))

    def _read_items(self):
        file = self.path("items.csv")
        items = read_table(file, ITEM_COLUMNS)
        items = items[ITEM_COLUMNS]
        for column in ["run", "admitted_s"] + OPTIONAL_NUMBERS:
            items[column] = numbers(items[column], column in OPTIONAL_NUMBERS, file)
        for column, known in (("system", self.names), ("source", self.sources)):
            check_known(items[column], known, file)
        items["latency_s"] = items["completed_s"] - items["admitted_s"]
        return items


class AsWritten:
    """A context in which a document's lack of something is bad input."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind and issubclass(kind, (KeyError, TypeError, ValueError, AttributeError, IndexError)):
            what = f"no {error}" if kind is KeyError else " ".join(str(error).split())
            raise BadInput(f"{self.file}: not as mdi-run writes it ({what}); {A_FOLDER}") from None


def read_json(folder, name):
    file = os.path.join(folder, name)
    try:
        with open(file, encoding="utf-8") as stream:
            return json.load(stream)
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}; {A_FOLDER}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file}: no JSON ({error}); {A_FOLDER}") from None


def check_totals(summary, by, file):
    """Rows of a summary end, for each group, with the one of all sources."""
    totals = summary.groupby(by, sort=False)["source"].agg(lambda names: (names == ALL).any())
    if not totals.all():
        place = ", ".join(f"{name} {value}" for name, value in zip(by, totals.idxmin()))
        raise BadInput(f"{file}: no row of source all for {place}; {A_WHOLE_ONE}")


def check_lines(file):
    """No line was cut: pandas would take empty cells and half numbers."""
    line = b"\n"
    with open(file, "rb") as stream:
        due = stream.readline().count(b",")
        for number, line in enumerate(stream, 2):
            # Quoted cells, which may have commas, are in the last column only.
            if line.count(b",") < due and line != b"\n":
                raise BadInput(f"{file}, line {number}: fewer cells than the header; {A_WHOLE_ONE}")
    if not line.endswith(b"\n"):
        raise BadInput(f"{file}: the last line has no end, so it is cut; {A_WHOLE_ONE}")


def read_table(file, columns, names=None):
    """A CSV file as text; it has at least these columns.

    names: of all columns, for a file whose header may say one twice.
    """
    options = {"names": names, "skiprows": 1} if names else {}
    try:
        cells = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8", **options)
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}; {A_FOLDER}") from None
    except (ValueError, pd.errors.ParserError) as error:
        what = " ".join(str(error).split())
        raise BadInput(f"{file}: no table ({what}); {A_FOLDER}") from None
    for column in columns:
        if column not in cells:
            raise BadInput(f"{file}: no column '{column}'; it needs {','.join(columns)}")
    if len(cells) and not isinstance(cells.index, pd.RangeIndex):
        raise BadInput(f"{file}: no table (lines have more cells than the header); {A_FOLDER}")
    check_lines(file)
    return cells.fillna("")


def summary_numbers(cells, systems, file):
    """Rows of a summary, numbers but for system and source; lost: items without a result."""
    cells = cells.copy()
    check_known(cells["system"], systems, file)
    needed = ("run", "items_admitted", "items_completed")
    for column in cells.columns.drop(["system", "source"]):
        cells[column] = numbers(cells[column], column not in needed, file)
    cells["lost"] = cells["items_admitted"] - cells["items_completed"]
    return cells


def check_known(column, known, file):
    """Names of a column of a file are among those that its manifest knows."""
    strange = ~column.isin(known)
    if strange.any():
        line = strange.idxmax()
        raise BadInput(
            f"{file}, line {line + 2}: {column.name} '{column[line]}' is not in manifest.json; "
            f"there are {', '.join(known)}"
        )


def numbers(text, optional, file):
    """A column as numbers; where they are optional an empty cell is nan."""
    values = pd.to_numeric(text.where(text != ""), errors="coerce")
    wrong = ~np.isfinite(values) & ((text != "") | (not optional))
    if wrong.any():
        line = wrong.idxmax()
        raise BadInput(
            f"{file}, line {line + 2}: {text.name} is '{text[line]}'; a number belongs there"
        )
    return values.astype(float)


def _read_spans(trace, devices):
    """Chrome trace events as {system: spans of its first run}; threads: devices, then links."""
    systems = {}
    senders = {}  # by process and thread
    device_names = {}
    begun = {}
    spans = collections.defaultdict(list)
    for event in trace["traceEvents"]:
        process, thread = event["pid"], event.get("tid")
        if event["name"] == "process_name":
            systems[process] = event["args"]["name"].rpartition(", run ")[0]
        elif event["name"] == "thread_name" and thread < devices:
            device_names[process, event["args"]["name"]] = thread
        elif event["name"] == "thread_name":
            sender = event["args"]["name"].partition(" -> ")[0]
            senders[process, thread] = device_names[process, sender]
        elif event["ph"] == "X":
            begin = event["ts"] / 1e6
            end = begin + event["dur"] / 1e6
            kind = OUTAGE if event.get("cat") == "outage" else TASK
            spans[process].append(Span(thread, event["name"], begin, end, kind))
        elif event["ph"] == "C" and event["name"].endswith(" is off"):
            if event["args"]["off"]:
                begun[process, event["name"]] = event["ts"] / 1e6
            else:
                begin = begun.pop((process, event["name"]))
                spans[process].append(Span(None, event["name"], begin, event["ts"] / 1e6, OUTAGE))
        elif event["ph"] == "b":
            begun[event["id"]] = event["ts"] / 1e6
        elif event["ph"] == "e":
            sender = senders[process, thread]
            begin = begun.pop(event["id"])
            spans[process].append(Span(sender, event["name"], begin, event["ts"] / 1e6, TRANSFER))
    return {systems[process]: found for process, found in spans.items()}


@functools.lru_cache(maxsize=None)
def student_t975(degrees):
    """Student's t: half of a 95 % interval in standard errors (Abramowitz and Stegun 26.7.3, 4)."""
    k = np.arange(1, (degrees - 1) // 2 + 1) if degrees % 2 else np.arange(1, degrees // 2)
    ratios = 2 * k / (2 * k + 1) if degrees % 2 else (2 * k - 1) / (2 * k)
    factors = np.concatenate(([1.0], np.cumprod(ratios)))

    def inside(t):  # P(|T| < t)
        angle = math.atan2(t, math.sqrt(degrees))
        if degrees == 1:
            return 2 * angle / math.pi
        sine, cosine = math.sin(angle), math.cos(angle)
        if degrees % 2:
            odd = factors[: (degrees - 1) // 2]
            series = float(np.sum(odd * cosine ** (2 * np.arange(len(odd)) + 1)))
            return 2 / math.pi * (angle + sine * series)
        return sine * float(np.sum(factors * cosine ** (2 * np.arange(len(factors)))))

    low, high = 0.0, 16.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < 0.95 else (low, middle)
    return (low + high) / 2


def mean_interval(values):
    """Mean and half-width of its 95 % interval; nan where there is none."""
    values = np.asarray([v for v in values if not math.isnan(v)])
    if len(values) < 2:
        return (float(values[0]) if len(values) else math.nan), math.nan
    error = values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean()), float(student_t975(len(values) - 1) * error)


def admitted_rates(items):
    """Items/s admitted in steady state, per run: the later half of each source's, summed."""

    def rate(admitted):
        later = np.sort(admitted)[len(admitted) // 2 :]
        span = later[-1] - later[0]
        return (len(later) - 1) / span if span > 0 else math.nan

    per_source = items.groupby(["run", "source"])["admitted_s"].agg(lambda s: rate(s.to_numpy()))
    return per_source.groupby("run").agg(lambda rates: rates.sum(skipna=False)).tolist()


def accuracies(items):
    """The share of right predictions of completed items, per run; nan without labels.

    The classes of a batch stand in one cell, separated by spaces.
    """
    shares = []
    for _, run in items.groupby("run"):
        right = total = 0
        done = run[run["completed_s"].notna()]
        for label, prediction in zip(done["label"], done["prediction"]):
            for one, other in zip(label.split(), prediction.split()):
                total += 1
                right += one == other
        shares.append(right / total if total else math.nan)
    return shares


def exit_shares(items):
    """Of completed items the share that left at each exit: {exit: share}."""
    counts = items[items["completed_s"].notna()]["exit"].value_counts()
    return {int(number): counts[number] / counts.sum() for number in sorted(counts.index)}


def busy_shares(spans, slots):
    """Of each device the share of the time, from first event to last, that its slots computed."""
    begin = min(span.begin_s for span in spans)
    end = max(span.end_s for span in spans)
    busy = np.zeros(len(slots))
    for span in spans:
        if span.kind == TASK:
            busy[span.track] += span.end_s - span.begin_s
    return busy / (np.asarray(slots) * (end - begin)), end - begin
