# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""report.html of a results folder: what was compared, what came out, and where it comes from."""

import collections
import math
import re

import mdi_report_html as html
from mdi_plot_results import mean_interval
from mdi_plot_sweep_data import ALL, METRICS

MOST_REASONS = 10

# Columns of numbers: column of the summary, title, what it is divided by, decimals.
COLUMNS = (
    ("latency_mean_s", "mean latency [ms]", 1e-3, 1),
    ("latency_p50_s", "median [ms]", 1e-3, 1),
    ("latency_p95_s", "p95 [ms]", 1e-3, 1),
    ("latency_p99_s", "p99 [ms]", 1e-3, 1),
    ("ttft_mean_s", "first token [ms]", 1e-3, 1),
    ("itl_mean_s", "between tokens [ms]", 1e-3, 2),
    ("throughput_hz", "throughput [items/s]", 1, 2),
    ("accuracy", "accuracy", 1, 3),
    ("exit_mean_layer_fraction", "layers run [share]", 1, 3),
    ("bytes_on_wire", "on the wire [MB]", 1e6, 2),
    ("energy_j", "energy [J]", 1, 2),
    ("makespan_s", "makespan [s]", 1, 2),
)
OF_POINTS = ("latency_mean_s", "latency_p95_s", "ttft_mean_s", "throughput_hz", "accuracy")
OF_POINTS += ("bytes_on_wire", "energy_j")
INTERVALS = (
    "Means over runs \N{PLUS-MINUS SIGN} half-width of the 95 % interval by Student's t (of one "
    "run there is none)."
)


def of_run(results, figures):
    """The page of a folder of ./mdi run; figures: (caption, svg)."""
    scenario, runs = results.scenario, results.manifest.get("runs")
    head = [
        f"<h1>{html.text(results.name)}</h1>",
        f'<p class="soft">{_count(len(results.names), "system")} compared, {_count(runs, "run")} '
        f"each, by mdi {html.text(_version(results.manifest))}</p>",
        f"<p>{html.text(scenario['description'])}</p>" if scenario.get("description") else "",
        _notes_of_run(results),
    ]
    seeds = _seeds(results.seed, results.first_run, runs)
    body = [
        *head,
        html.section("Results", _table_of_run(results).html()),
        html.section("Figures", *_figures(figures)),
        html.section("Systems", _systems(results.systems)),
        *_origin(results.manifest, seeds),
    ]
    return html.page(f"{results.name}: report", "\n".join(filter(None, body)))


def _count(number, what):
    return f"{number} {what}" + ("" if number == 1 else "s")


def _version(manifest):
    return manifest.get("versions", {}).get("mdi", "")


def _seeds(seed, first, runs):
    if runs is None:
        return f"Seed {seed}."
    last = first + runs - 1
    which = f"run {first}" if runs == 1 else f"runs {first} to {last}"
    return f"Seed {seed}, {which}. The same seed gives the same files, on any number of cores."


def _figures(figures):
    return [html.figure(i, caption, svg) for i, (caption, svg) in enumerate(figures, 1)]


def _notes_of_run(results):
    rows = results.summary[results.summary["source"] != ALL]
    lost = rows[rows["lost"] > 0].groupby(["system", "source"], sort=False)
    lines = []
    for (system, source), some in lost:
        of = rows[(rows["system"] == system) & (rows["source"] == source)]["items_admitted"].sum()
        lines.append(
            f"{system} lost {some['lost'].sum():.0f} of {of:.0f} items of {source}: its latencies "
            "are those of the others."
        )
    if lines:
        return html.note("bad", lines)
    return html.note("good", ["No system lost an item."])


def _table_of_run(results):
    summary = results.summary
    present = [c for c in COLUMNS if c[0] in summary and summary[c[0]].notna().any()]
    heads = [("system", False), ("source", False), ("priority", True)]
    heads += [(title, True) for _, title, _, _ in present] + [("done", True), ("lost", True)]
    rows = []
    for (system, source), some in summary.groupby(["system", "source"], sort=False):
        priority = some["priority"].iloc[0]
        cells = [system, source, "" if math.isnan(priority) else [f"{priority:g}", priority]]
        for column, _, divisor, digits in present:
            mean, half = mean_interval(some[column])
            cells.append(html.interval(mean, half, divisor, digits))
        for count in (some["items_completed"].sum(), some["lost"].sum()):
            cells.append([f"{count:.0f}", int(count)])
        rows.append(cells)
    return html.Table("results", heads, rows, f"{INTERVALS} done, lost: items of all runs.")


def _systems(systems):
    """The strategies of each, as the manifest has them."""
    kinds = dict.fromkeys(
        key for s in systems for key, value in s.items() if isinstance(value, str) and key != "name"
    )
    rows = []
    for system in systems:
        parts = [system.get(kind, "").replace("ns3::mdi::", "") for kind in kinds]
        rows.append([system["name"], *(part.replace("[]", "") for part in parts)])
    return html.plain_table(["system", *kinds], rows)


def _origin(manifest, seeds):
    """Where the numbers come from, and how to get them again."""
    scenario = manifest.get("scenario", {})
    versions = [[name, value] for name, value in manifest.get("versions", {}).items()]
    command = re.sub(r"^mdi-(run|sweep)\b", r"./mdi \1", str(manifest.get("command_line", "")))
    return [
        html.section("Where times come from", *_provenance(manifest)),
        html.section(
            "How to get the same",
            f"<pre>{html.text(command)}</pre>" if command else "",
            f"<p>{html.text(seeds)}</p>",
            html.plain_table(["program", "version"], versions) if versions else "",
        ),
        html.section(
            "Scenario",
            html.details(f"{scenario.get('name', 'scenario')}, with everything resolved", scenario),
        ),
    ]


def _band(provenance):
    """An error band for people: relative half-width, or a factor."""
    if "error_band" not in provenance:
        return ""
    band = float(provenance["error_band"])
    return f"a factor {1 + band:g}" if band >= 1 else f"\N{PLUS-MINUS SIGN}{100 * band:.3g} %"


def _provenance(manifest):
    rows = collections.defaultdict(list)  # devices by what is the same
    for trace in manifest.get("traces", []):
        for model, about in trace.get("models", {}).items():
            how = ", ".join(filter(None, (about.get("framework"), about.get("precision"))))
            where = [model, trace.get("trace", ""), trace.get("mode", ""), about.get("kind", "")]
            where += [_band(about), how, about.get("source", "")]
            rows[tuple(where)].append(trace["device"])
    if rows:
        lines = [[", ".join(devices), *where] for where, devices in rows.items()]
        heads = ["devices", "model", "trace", "mode", "class", "error", "of", "source"]
        yield "<p>Service times of layers on devices: compute traces.</p>"
        yield html.plain_table(heads, lines, wide=(7,))
    links = []
    for link in manifest.get("link_traces", []):
        about = link.get("provenance") or {}
        line = [f"network {link['network']}", link.get("trace", ""), about.get("kind", "")]
        links.append([*line, _band(about), about.get("licence", ""), about.get("source", "")])
    if links:
        yield "<p>Rates, delays and losses of links: link traces.</p>"
        yield html.plain_table(
            ["of", "trace", "class", "error", "licence", "source"], links, wide=(5,)
        )
    arrivals = []
    for entry in manifest.get("arrivals", []):
        about = entry.get("provenance") or {}
        kind, source = about.get("kind", ""), about.get("source", "")
        arrivals.append([entry.get("source", ""), entry.get("file", ""), kind, source])
    if arrivals:
        yield "<p>Arrivals from files.</p>"
        yield html.plain_table(["source of items", "file", "class", "source"], arrivals, wide=(3,))
    if manifest.get("trace_error", "none") != "none":
        yield (
            "<p>Each run draws its devices from the error bands (trace error: "
            f"{html.text(manifest['trace_error'])}).</p>"
        )


def of_sweep(sweep, figures, source=ALL):
    """The page of a folder of ./mdi sweep; source: whose items the table is of."""
    methods = {"grid": "a grid", "list": "a list of points"}
    words = re.sub("[-_]", " ", sweep.method)
    method = methods.get(sweep.method, f"{words} samples")
    runs = int(sweep.seeds.get("runs", 1))
    head = [
        f"<h1>{html.text(sweep.name)}</h1>",
        f'<p class="soft">A sweep: {_count(len(sweep.points), "point")} ({html.text(method)}), '
        f"{_count(len(sweep.names), 'system')}, {_count(runs, 'run')} each, by mdi "
        f"{html.text(_version(sweep.manifest))}</p>",
        f"<p>{html.text(sweep.description)}</p>" if sweep.description else "",
        _notes_of_sweep(sweep),
    ]
    seeds = _seeds(sweep.seeds.get("seed"), int(sweep.seeds.get("first_run", 0)), runs)
    about = sweep.scenario.get("description")
    about = f"<p>Base scenario {html.text(sweep.scenario.get('name', ''))}: {html.text(about)}</p>"
    document = sweep.manifest["sweep"].get("document")
    body = [
        *head,
        html.section("What was swept", _fields(sweep), about if about else ""),
        html.section("Figures", *_figures(figures)),
        html.section("Results", _table_of_sweep(sweep, source).html()),
        *_origin(sweep.manifest, seeds),
        html.section("Sweep", html.details("the sweep file", document)) if document else "",
    ]
    return html.page(f"{sweep.name}: report", "\n".join(filter(None, body)))


def _fields(sweep):
    rows = []
    for field in sweep.fields:
        listed = list(map(field.text, field.values))
        if len(listed) > 12:
            listed = [f"{len(listed)} values from {listed[0]} to {listed[-1]}"]
        written = ", ".join(listed) + (f" {field.prefixed}" if field.prefixed else "")
        changed = "no result at all" if field.name in sweep.unchanged else "results"
        rows.append([field.name, ", ".join(field.paths), written, changed])
    return html.plain_table(["field", "in the scenario", "values", "changed"], rows)


def _notes_of_sweep(sweep):
    lines = []
    for name in sweep.unchanged:
        lines.append(f"The field {name} changed no result: is it the one that was meant?")
    if len(sweep.points) < sweep.asked:
        failed = set(sweep.failures["point"]) - set(map(str, sweep.points.index))
        rest = sweep.asked - len(sweep.points)
        lines.append(
            f"{rest} of {sweep.asked} points have no result"
            + (f" ({len(failed)} of them failed)." if failed else ".")
        )
    reasons = sweep.failures.groupby("reason", sort=False)
    for reason, some in list(reasons)[:MOST_REASONS]:
        systems = ", ".join(dict.fromkeys(some["system"]))
        points = [str(point) for point in dict.fromkeys(some["point"])]
        where = ", ".join(points[:10]) + (", ..." if len(points) > 10 else "")
        name = "point" if len(points) == 1 else "points"
        lines.append(f"Failed: {systems} at {name} {where}: {reason}")
    if len(reasons) > MOST_REASONS:
        lines.append(f"{len(reasons) - MOST_REASONS} further reasons: failures.csv has them.")
    lost = sweep.intervals(METRICS["latency_mean_s"])["lost"].unstack().reindex(columns=sweep.names)
    counts = {name: int((lost[name] > 0).sum()) for name in sweep.names}
    of = len(sweep.points)
    where = [f"{name} at {count} of {of} points" for name, count in counts.items() if count]
    if where:
        lines.append(
            f"Items were lost, and latencies there are those of the others: {', '.join(where)}."
        )
    if lines:
        return html.note("bad", lines)
    return html.note("good", ["Every point has its results, and no system lost an item."])


def _table_of_sweep(sweep, source):
    """A row per point and system."""
    metric = METRICS["latency_mean_s"]
    present = [c for c in COLUMNS if c[0] in OF_POINTS and sweep.has(METRICS[c[0]], source)]
    present = present or [COLUMNS[0]]
    tables = [sweep.intervals(METRICS[column], source) for column, _, _, _ in present]
    values = [table[["mean", "half"]].to_numpy() for table in tables]
    winners = sweep.winners(metric, source)
    heads = [("point", True), *((f.label, f.scale != "category") for f in sweep.fields)]
    heads += [("system", False), ("lowest mean", False)]
    heads += [(title, True) for _, title, _, _ in present] + [("lost", True)]
    rows = []
    order = {name: number for number, name in enumerate(sweep.names)}
    index = tables[0].index
    for at in sorted(range(len(index)), key=lambda i: (index[i][0], order[index[i][1]])):
        point, system = index[at]
        cells = [[str(point), int(point)]]
        for field in sweep.fields:
            value = sweep.points.at[point, field.number]
            written = field.text(value)
            cells.append(written if field.scale == "category" else [written, float(value)])
        tied = winners[point].names
        best = "" if system not in tied else "tie" if len(tied) > 1 else "best"
        cells += [system, best]
        for (_, _, divisor, digits), numbers in zip(present, values):
            cells.append(html.interval(*numbers[at], divisor, digits))
        lost = int(tables[0]["lost"].iat[at])
        rows.append([*cells, [str(lost), lost]])
    count = len(sweep.fields)
    items = "all items" if source == ALL else f"items of {source}"
    caption = f"{items[0].upper()}{items[1:]}. {INTERVALS} Ties: paired differences, see the map."
    filters = (*range(1, count + 3),)
    return html.Table("results", heads, rows, caption, named=1, filters=filters)
