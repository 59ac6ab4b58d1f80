#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Turns measurements of links into link traces (doc/mdi.rst, "Link traces").

  import_links.py own OUT.csv --iperf3=iperf.json --ping=ping.txt --source="two boards, my desk"
  import_links.py series IN.csv OUT.csv     columns time_s,rate_bps[,duration_s][,direction]
  import_links.py phone IN.csv OUT.csv      columns time_s,rate_bps,ping_s,phase
  import_links.py constant OUT.csv --rate-bps=1e8 --rtt-s=0.02

writes OUT.csv and OUT.provenance.json. `own` takes the outputs of `iperf3 --json` and of `ping`
(Linux), one or both, started together. A trace stands before both ends of a link: half of a round
trip is its delay, and of a round trip's loss each way has p with 1 - (1 - p)^2.
"""

import argparse
import json
import math
import os
import re
import sys

HEADER = "time_s,rate_bps,delay_s,loss"
SEGMENT, MTU = 1448, 1500  # data and whole of a full TCP packet; a trace counts the whole
STEADY = "steady"


class BadInput(Exception):
    """One line: file, place, what is wrong, what would be right."""


def number(text, where, what, low=0.0, high=1e12):
    try:
        value = float(text)
    except (TypeError, ValueError):
        raise BadInput(f"{where}: {what} {text!r} is no number; write one such as 2e6") from None
    if not low <= value <= high:  # NaN, too
        raise BadInput(f"{where}: {what} {text!r} is out of range; from {low:g} to {high:g}")
    return value


def read_text(file):
    try:
        with open(file, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise BadInput(f"{file}: cannot be read ({reason}); correct the path") from None


def read_rows(file, needed, chosen=lambda row: True):
    """The chosen rows of a CSV: (place, row); time_s and rate_bps are numbers, times ascend."""
    lines = read_text(file).splitlines()
    names = lines[0].split(",") if lines else []
    for name in needed:
        if name not in names:
            raise BadInput(f"{file}:1: no column {name}; a header with {','.join(needed)}")
    rows, last = [], -1.0
    for line, text in enumerate(lines[1:], 2):
        where = f"{file}:{line}"
        cells = text.split(",")
        if len(cells) != len(names):
            raise BadInput(f"{where}: {len(cells)} columns; {len(names)}, as in the header")
        row = dict(zip(names, cells))
        if not chosen(row):
            continue
        for name, most in (("time_s", 1e9), ("rate_bps", 1e12)):
            row[name] = number(row[name], where, name, 0, most)
        if row["time_s"] <= last:
            raise BadInput(f"{where}: time_s is not after the row before; sort by time")
        last = row["time_s"]
        rows.append((where, row))
    if not rows:
        raise BadInput(f"{file}: no such rows; at least one")
    return rows


def steps_of(rows, length=None):
    """(time, rate, delay, loss) from time 0, and the end; the last row as long as the one before"""
    begin = rows[0][0]
    if length is None:
        length = rows[-1][0] - rows[-2][0] if len(rows) > 1 else 1.0
    return [(time - begin, *rest) for time, *rest in rows], rows[-1][0] - begin + length


def import_series(args):
    """Rates that hold from their time on, such as 3G traces and intervals of iperf."""
    rows = read_rows(
        args.input,
        ["time_s", "rate_bps"] + (["direction"] if args.direction else []),
        lambda row: not args.direction or row["direction"] == args.direction,
    )
    where, last = rows[-1]
    length = None
    if "duration_s" in last:
        length = number(last["duration_s"], where, "duration_s", 1e-6, 1e6)
    return steps_of([(row["time_s"], row["rate_bps"], 0.0, 0.0) for _, row in rows], length)


def import_phone(args):
    """
    Bulk downloads of a phone that restart around each ping: rows whose phase is not steady are
    left out and the rate before them holds; what comes before the first steady row is cut off.
    """
    rows = read_rows(args.input, ["time_s", "rate_bps", "ping_s", "phase"])
    end = rows[-1][1]["time_s"] + 1
    steps = [
        (row["time_s"], row["rate_bps"], number(row["ping_s"], where, "ping_s", 0, 1000) / 2, 0.0)
        for where, row in rows
        if row["phase"] == STEADY
    ]
    if not steps:
        raise BadInput(f"{args.input}: no row is {STEADY}; the column phase says which are")
    return steps_of(steps, end - steps[-1][0])


def import_constant(args):
    delay = number(args.rtt_s, "--rtt-s", "time", 0, 1000) / 2
    return [(0.0, number(args.rate_bps, "--rate-bps", "rate", 1), delay, 0.0)], None


def read_iperf3(file):
    """Steps of (time, (rate, loss)) and the end, of the output of iperf3 --json."""
    try:
        document = json.loads(read_text(file))
        if "error" in document:
            raise BadInput(f"{file}: iperf3 failed: {document['error']}; measure again")
        sums = [part["sum"] for part in document["intervals"]]
        sums = [one for one in sums if not one.get("omitted")]
        steps = []
        for index, one in enumerate(sums):
            where = f"{file}: /intervals/{index}/sum"
            rate = number(one["bits_per_second"], where, "bits_per_second")
            # Only a receiver of UDP knows it.
            loss = number(one.get("lost_percent", 0), where, "lost_percent", 0, 100) / 100
            steps.append((number(one["start"], where, "start", 0, 1e9), (rate, loss)))
        begin, end = steps[0][0], number(sums[-1]["end"], file, "end", 0, 1e9)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise BadInput(f"{file}: no intervals; it must be the output of iperf3 --json") from None
    if any(a[0] >= b[0] for a, b in zip(steps, steps[1:])) or end <= steps[-1][0]:
        raise BadInput(f"{file}: intervals are not ascending; measure again")
    return [(time - begin, values) for time, values in steps], end - begin


def read_ping(file, interval):
    """Steps of (time, one-way delay), the one-way loss, and the end, of the output of ping."""
    times, stamps, sent, received = {}, {}, None, None
    for line, text in enumerate(read_text(file).splitlines(), 1):
        where = f"{file}:{line}"
        reply = re.search(r"icmp_seq=(\d+) .*time=(\S+) ms", text)
        if reply and "DUP!" not in text:
            sequence = int(reply[1])
            times[sequence] = number(reply[2], where, "time", 0, 1e6) / 1000
            stamp = re.match(r"\[(\d+\.\d+)\]", text)
            if stamp:
                stamps[sequence] = float(stamp[1])
        total = re.search(r"(\d+) packets transmitted, (\d+) (packets )?received", text)
        if total:
            sent, received = int(total[1]), int(total[2])
    if not times:
        raise BadInput(f"{file}: no replies; it must be the output of ping on Linux")
    if sent is None or not 0 < received <= sent:
        raise BadInput(f"{file}: no 'N packets transmitted, M received'; let ping end by itself")
    order = sorted(times)
    begin = order[0]
    if len(stamps) == len(times):  # ping -D
        steps = [(stamps[k] - stamps[begin], times[k] / 2) for k in order]
    else:
        steps = [((k - begin) * interval, times[k] / 2) for k in order]
    if any(a[0] >= b[0] for a, b in zip(steps, steps[1:])):
        raise BadInput(f"{file}: replies out of order in time; measure again")
    return steps, 1 - math.sqrt(received / sent), steps[-1][0] + interval


def import_own(args):
    if not args.iperf3 and not (args.ping and args.rate_bps):
        raise BadInput("own: a rate is missing; --iperf3=FILE, or --ping=FILE with --rate-bps=N")
    if args.iperf3 and args.rate_bps:
        raise BadInput("own: --iperf3 and --rate-bps are two rates; give one of them")
    if args.iperf3:
        rates, end = read_iperf3(args.iperf3)
    else:
        rates, end = [(0.0, (number(args.rate_bps, "--rate-bps", "rate", 1), 0.0))], None
    delays, lost = [(0.0, 0.0)], 0.0
    if args.ping:
        interval = number(args.ping_interval_s, "--ping-interval-s", "time", 1e-3, 3600)
        delays, lost, last = read_ping(args.ping, interval)
        end = end or last
    at = lambda steps, time: [value for begin, value in steps if begin <= time][-1]  # noqa: E731
    both = sorted({time for time, _ in rates} | {time for time, _ in delays if time < end})
    steps = []
    for time in both:
        rate, loss = at(rates, time)
        steps.append((time, rate, at(delays, time), max(loss, lost)))
    return steps, end


def text_of(steps, end, scale):
    """The trace as CSV; rows that change nothing are left out."""
    lines, before = [HEADER], None
    for time, rate, delay, loss in steps:
        figures = f"{round(rate * scale)},{round(delay, 6):g},{round(loss, 6):g}"
        if figures != before:
            lines.append(f"{round(time, 6):.10g},{figures}")
        before = figures
    if all(line.split(",")[1] == "0" for line in lines[1:]):
        raise BadInput("all rates are 0, nothing would ever pass; measure again")
    if end is not None:
        lines.append(f"{round(end, 6):.10g},,,")
    return "\n".join(lines) + "\n"


def cut(steps, end, begin, length):
    """`length` seconds from `begin` on."""
    if length is None and not begin:
        return steps, end
    if end is None or begin >= end:
        raise BadInput(f"--from-s={begin:g}: the series ends before; less than {end or 0:g}")
    stop = end if length is None else min(end, begin + length)
    kept = [(max(time - begin, 0.0), *rest) for time, *rest in steps if time < stop]
    first = max(i for i, step in enumerate(kept) if step[0] == 0.0)
    return kept[first:], stop - begin


def provenance(args):
    block = {
        "format": "mdi-provenance",
        "version": 1,
        "kind": args.kind,
        "source": args.source,
        "licence": args.licence,
    }
    if args.error_band is not None:
        block["error_band"] = number(args.error_band, "--error-band", "band", 0, 1000)
    elif args.kind == "calibrated":
        raise BadInput("--kind=calibrated: the error band is missing; --error-band=0.35, say")
    notes = [args.note] if args.note else []
    if args.goodput:
        notes.append(f"TCP goodput times {MTU}/{SEGMENT}: a trace counts bits of IP packets.")
    if args.command == "phone":
        notes.append("Rows around restarts of the download bridged; delay is half an idle ping.")
    if args.from_s or args.length_s is not None:
        notes.append(f"Cut: from {args.from_s:g} s.")
    if notes:
        block["note"] = " ".join(notes)
    return json.dumps(block, indent=2) + "\n"


def parse(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("output", metavar="OUT.csv")
    common.add_argument("--source", required=True, help="citation, or what measured what where")
    common.add_argument("--licence", default="not stated", help="of the data")
    kinds = ["measured", "published", "calibrated"]
    common.add_argument("--kind", default="measured", choices=kinds)
    common.add_argument("--note", help="what a reader must know")
    common.add_argument("--error-band", help="half-width relative to the value, such as 0.35")
    common.add_argument("--goodput", action="store_true", help="rates are TCP's: add its headers")
    common.add_argument("--from-s", default=0.0, help="cut off what is before")
    common.add_argument("--length-s", help="cut off what is after so many seconds")
    common.add_argument("--force", action="store_true", help="replace files that exist")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in (("series", import_series), ("phone", import_phone)):
        first = argparse.ArgumentParser(add_help=False)
        first.add_argument("input", metavar="IN.csv")
        first.add_argument("--direction", help="keep these rows only, such as uplink")
        command = commands.add_parser(
            name, parents=[first, common], help=function.__doc__.strip().splitlines()[0]
        )
        command.set_defaults(function=function)
    command = commands.add_parser("constant", parents=[common], help="One rate, for ever")
    command.add_argument("--rate-bps", required=True)
    command.add_argument("--rtt-s", default="0")
    command.set_defaults(function=import_constant)
    command = commands.add_parser("own", parents=[common], help="Outputs of iperf3 and ping")
    command.add_argument("--iperf3", metavar="FILE")
    command.add_argument("--ping", metavar="FILE")
    command.add_argument("--rate-bps", help="where only ping was measured")
    command.add_argument("--ping-interval-s", default="1", help="ping -i, unless ping -D told it")
    command.set_defaults(function=import_own)
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    try:
        if not args.output.endswith(".csv"):
            raise BadInput(f"{args.output}: a trace is named OUT.csv; correct the name")
        beside = args.output[: -len(".csv")] + ".provenance.json"
        for file in (args.output, beside):
            if os.path.exists(file) and not args.force:
                raise BadInput(f"{file}: exists already; another name, or --force")
        scale = MTU / SEGMENT if args.goodput else 1.0
        args.from_s = number(args.from_s, "--from-s", "time", 0, 1e9)
        if args.length_s is not None:
            args.length_s = number(args.length_s, "--length-s", "time", 1e-3, 1e9)
        steps, end = cut(*args.function(args), args.from_s, args.length_s)
        texts = {args.output: text_of(steps, end, scale), beside: provenance(args)}
        for file, text in texts.items():
            try:
                with open(file, "w", encoding="utf-8") as stream:
                    stream.write(text)
            except OSError as error:
                raise BadInput(f"{file}: {error.strerror}; another place") from None
    except BadInput as error:
        print(f"import_links.py: {error}", file=sys.stderr)
        return 2
    print(args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
