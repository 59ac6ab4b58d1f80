#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""Makes bursty.csv and bursty.provenance.json: synthetic arrivals in bursts, always the same ones.

    python3 traces/arrivals/make_bursty.py             # writes them
    python3 traces/arrivals/make_bursty.py --check     # exit 1 if they differ from what it computes

Each source is a Poisson process whose rate alternates between quiet and burst; how long each phase
lasts is exponential, too (a Markov-modulated Poisson process). No measurement stands behind it.
"""

import json
import math
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = ["ts", "nts"]
ITEMS = 100  # of each source
SEED = 1
RATES_HZ = {"quiet": 15.0, "burst": 80.0}
MEAN_LENGTHS_S = {"quiet": 1.5, "burst": 0.5}


def exponential(rng, mean):
    """By inversion, so that the numbers do not depend on the version of Python."""
    return -mean * math.log(1 - rng.random())


def arrivals(rng):
    """Times of one source in seconds."""
    times = []
    phase, now = "quiet", 0.0
    while len(times) < ITEMS:
        end = now + exponential(rng, MEAN_LENGTHS_S[phase])
        while len(times) < ITEMS:
            now += exponential(rng, 1 / RATES_HZ[phase])
            if now >= end:
                break
            times.append(now)
        # The process has no memory: what was drawn beyond the end is drawn anew.
        phase, now = ("burst" if phase == "quiet" else "quiet"), end
    return times


def files():
    """Content by file name."""
    rows = []
    for number, source in enumerate(SOURCES):
        rows += [(f"{t:.6f}", source) for t in arrivals(random.Random(100 * SEED + number))]
    rows.sort(key=lambda row: float(row[0]))
    phases = ", ".join(
        f"{phase} {RATES_HZ[phase]:g}/s for {MEAN_LENGTHS_S[phase]:g} s" for phase in RATES_HZ
    )
    provenance = {
        "format": "mdi-provenance",
        "version": 1,
        "kind": "synthetic",
        "source": "traces/arrivals/make_bursty.py",
        "licence": "GPL-2.0-only, as the script",
        "note": f"Markov-modulated Poisson process per source, seed {SEED}; {phases} on average",
    }
    return {
        "bursty.csv": "time_s,source\n" + "".join(f"{t},{s}\n" for t, s in rows),
        "bursty.provenance.json": json.dumps(provenance, indent=2) + "\n",
    }


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.stderr.write("usage: make_bursty.py [--check]\n")
        return 2
    status = 0
    for name, text in files().items():
        path = os.path.join(HERE, name)
        if sys.argv[1:]:
            with open(path, encoding="ascii") as file:
                if file.read() != text:
                    sys.stderr.write(f"{path}: differs from what make_bursty.py computes\n")
                    status = 1
        else:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
