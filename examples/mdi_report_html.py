# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""The pieces of report.html: the page, tables that sort, figures inside it."""

import html
import json
import math
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS_IN_PAGE = 200  # of a long table; the others come from JSON
MOST_CHOICES = 60  # of a filter
WIDE_PT = 300  # figures that a phone scrolls, lest their text gets too small

# The page asks nobody for anything.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def text(value):
    return html.escape(str(value), quote=True)


def page(title, body):
    with open(os.path.join(HERE, "mdi_report.css"), encoding="ascii") as file:
        style = file.read()
    with open(os.path.join(HERE, "mdi_report.js"), encoding="ascii") as file:
        script = file.read()
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{text(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{text(title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
<script>
{script}</script>
</body>
</html>
"""


def section(title, *parts):
    inner = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{text(title)}</h2>\n{inner}\n</section>" if inner else ""


def note(kind, lines):
    """A box: "bad" or "good"; lines are plain text."""
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    inner = f"<ul>{items}</ul>" if len(lines) > 1 else text(lines[0])
    return f'<div class="note {kind}" role="note">{inner}</div>'


def details(title, content):
    """Collapsed: a document as JSON."""
    written = text(json.dumps(content, indent=2, ensure_ascii=False))
    return f"<details>\n<summary>{text(title)}</summary>\n<pre>{written}</pre>\n</details>"


def interval(mean, half, divisor, digits):
    """A cell: mean and half-width of its 95 % interval, sorted by the mean; empty without one.

    digits: decimals; of small numbers there are more.
    """
    if math.isnan(mean):
        return ""
    small = abs(mean / divisor)
    if 0 < small < 10.0 ** (1 - digits):
        digits = min(2 - math.floor(math.log10(small)), 12)
    written = f"{mean / divisor:.{digits}f}"
    if not math.isnan(half):
        written += f" \N{PLUS-MINUS SIGN} {half / divisor:.{digits}f}"
    return [written, float(mean)]


class Table:
    """A table that sorts. heads: (title, whether numbers); rows: cells, text or [text, number].

    named: columns that name a row; filters: columns to choose a value of.
    """

    def __init__(self, name, heads, rows, caption, named=1, filters=()):
        self.name, self.heads, self.rows = name, heads, rows
        self.caption, self.named, self.filters = caption, named, filters

    def html(self):
        long = len(self.rows) > ROWS_IN_PAGE
        heads = "".join(self._head(i, *head) for i, head in enumerate(self.heads))
        rows = "\n".join(map(self._row, self.rows[:ROWS_IN_PAGE]))
        label = f'tabindex="0" role="region" aria-label="{text(self.caption)}"'
        parts = [
            self._controls() if long else "",
            f'<div class="scroll" {label}>\n<table class="sortable grid" id="{self.name}">',
            f"<caption>{text(self.caption)}</caption>",
            f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>",
        ]
        if long:
            stored = json.dumps(self.rows, separators=(",", ":"), ensure_ascii=False)
            stored = stored.replace("<", "\\u003c")
            parts.append(
                f'<script type="application/json" id="{self.name}-rows">{stored}</script>\n'
                f"<noscript><p>The first {ROWS_IN_PAGE} of {len(self.rows)} rows; results.csv has "
                "all.</p></noscript>"
            )
        return "\n".join(part for part in parts if part)

    def _head(self, column, title, number):
        row = " data-row" if column < self.named else ""
        kind = ' class="number"' if number else ""
        return f'<th scope="col"{kind}{row}><button type="button">{text(title)}</button></th>'

    def _row(self, cells):
        return "<tr>" + "".join(map(self._cell, range(len(cells)), cells)) + "</tr>"

    def _cell(self, column, cell):
        written, value = (cell, "") if isinstance(cell, str) else (cell[0], f' data-v="{cell[1]}"')
        kind = ' class="number"' if self.heads[column][1] else ""
        if column < self.named:
            return f'<th scope="row"{kind}{value}>{text(written)}</th>'
        return f"<td{kind}{value}>{text(written)}</td>"

    def _controls(self):
        parts = []
        for column in self.filters:
            written = dict.fromkeys(c if isinstance(c, str) else c[0] for c in self._column(column))
            if not 1 < len(written) <= MOST_CHOICES:
                continue
            choices = '<option value="">any</option>' + "".join(
                f'<option value="{text(choice)}">{text(choice)}</option>'
                for choice in written
                if choice
            )
            parts.append(
                f"<label>{text(self.heads[column][0])} "
                f'<select data-column="{column}">{choices}</select></label>'
            )
        parts.append(f'<output aria-live="polite" for="{self.name}"></output>')
        parts.append('<button type="button">200 more</button><button type="button">all</button>')
        inner = "\n".join(parts)
        return f'<div class="controls" id="{self.name}-controls" hidden>\n{inner}\n</div>'

    def _column(self, column):
        return (row[column] for row in self.rows)


def plain_table(heads, rows, wide=()):
    """A table that only is looked at; wide: columns of long text."""
    marks = ['class="wide"' if i in wide else "" for i in range(len(heads))]
    above = "".join(f'<th scope="col" {m}>{text(h)}</th>' for h, m in zip(heads, marks))
    lines = []
    for first, *others in rows:
        cells = "".join(f"<td {m}>{text(cell)}</td>" for cell, m in zip(others, marks[1:]))
        lines.append(f'<tr><th scope="row">{text(first)}</th>{cells}</tr>')
    body = "\n".join(lines)
    return (
        f'<div class="scroll" tabindex="0">\n<table>\n<thead><tr>{above}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def figure(number, caption, svg):
    """matplotlib's SVG in the page; ids get a prefix, since a page has each once."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.S)
    svg = re.sub(r"\n\s*", "\n", svg)
    prefix = f"f{number}-"
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'(xlink:href="#|url\(#)', lambda found: found[1] + prefix, svg)
    width = float(re.search(r'<svg[^>]*?\bwidth="([0-9.]+)pt"', svg)[1])
    size = f"width: {1.35 * width:.0f}pt"
    if width > WIDE_PT:
        size += "; min-width: 480pt"
    style = f'style="{size}" role="img" aria-labelledby="c{number}"'
    svg = svg.replace("<svg", f"<svg {style}", 1)
    return (
        f'<figure id="figure-{number}">\n<div class="plot" tabindex="0">{svg}</div>\n'
        f'<figcaption id="c{number}"><b>Figure {number}.</b> {text(caption)}</figcaption>\n'
        "</figure>"
    )
