"""A lineage as a picture: SVG, a column for each step back, colours for what is shown, hidden and refused; or a page around it.

Everything in it that came from others is escaped, and control characters are replaced. Nothing is loaded from anywhere.
"""

from __future__ import annotations

from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from tacit.console import one_line
from tacit.network.lineage.graph import FOLDED, HIDDEN, HIDES, REFUSED, SHOWN, Box, Graph, graph
from tacit.network.lineage.report import Lineage

_WIDTH, _LINE, _PAD, _ACROSS, _DOWN, _MARGIN = 216, 17, 10, 64, 16, 24
#: Widths of letters at 12 px, rather too wide: which font a reader has is not known. Of wide ones, capitals, narrow ones, others.
_BROAD, _CAPITAL, _NARROW, _LETTER, _BOLD = 12.5, 9.5, 4.5, 7.7, 1.08
#: Of the legend: each of its parts, and all.
_ENTRY = 170
#: fill, edge, text
_COLOURS = {
    SHOWN: ("#e6f0fa", "#4a7aa8", "#16324d"),
    HIDDEN: ("#f6ecd6", "#a9802f", "#4a3710"),
    REFUSED: ("#fae3e1", "#b3443c", "#5c1b16"),
    FOLDED: ("#eeeeee", "#888888", "#333333"),
}
_NAMES = {SHOWN: "public, verified", HIDDEN: "hidden", REFUSED: "refused or left out", FOLDED: "folded"}


def picture(found: Lineage) -> str:
    """An SVG of the lineage."""
    made = graph(found)
    places, width, height = _places(made)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 30}" width="{width}" height="{height + 30}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{_text(found.task.name)}: lineage of model {found.model.hex()[:16]}</title>",
        f'<rect width="{width}" height="{height + 30}" fill="#ffffff"/>',
    ]
    parts += [_arrow(made, places, before, behind) for before, behind in made.arrows]
    parts += [_box(box, *places[key]) for key, box in made.boxes.items()]
    parts += _legend(height)
    return "\n".join([*parts, "</svg>"]) + "\n"


def page(found: Lineage) -> str:
    """An HTML page: the picture, what is hidden from whom, and what is not shown. Nothing in it is a script."""
    rows = "".join(f"<tr><th>{_text(what)}</th><td>{_text(whom)}</td></tr>" for what, whom in HIDES)
    notes = "".join(f"<li>{_text(note)}</li>" for note in found.notes)
    verdict = "every proof verified" if found.refusal is None else f"refused: {found.refusal}"
    facts = (("task", found.digest.hex()), ("link", found.link.hex()), ("model", found.model.hex()))
    listed = "".join(f"<tr><th>{name}</th><td><code>{value}</code></td></tr>" for name, value in facts)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{_text(found.task.name)}: lineage</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font-family:system-ui,sans-serif;margin:2rem;color:#222;background:#fff}}th{{text-align:left;padding-right:1.5rem;
font-weight:600;vertical-align:top}}.drawn{{overflow-x:auto}}code{{word-break:break-all}}</style></head>
<body><h1>{_text(found.task.name)}</h1><p>{_text(verdict)}; beacon: {_text(found.beacon)}</p>
<table>{listed}</table>
<div class="drawn">{picture(found)}</div>
<h2>Hidden from whom</h2><table>{rows}</table>
{f"<h2>Not shown by it</h2><ul>{notes}</ul>" if notes else ""}
</body></html>
"""


def _places(made: Graph) -> tuple[dict[str, tuple[int, int, int]], int, int]:
    """(x, y, height) of every box, and the size of all: columns are centred."""
    columns: dict[int, list[str]] = {}
    for key, box in made.boxes.items():
        columns.setdefault(box.column, []).append(key)
    heights = {key: _PAD * 2 + _LINE * len(box.lines) - 4 for key, box in made.boxes.items()}
    totals = {at: sum(heights[key] + _DOWN for key in keys) - _DOWN for at, keys in columns.items()}
    tall = max(totals.values())
    places = {}
    for order, at in enumerate(sorted(columns)):
        y = _MARGIN + (tall - totals[at]) // 2
        for key in columns[at]:
            places[key] = (_MARGIN + order * (_WIDTH + _ACROSS), y, heights[key])
            y += heights[key] + _DOWN
    drawn = max(len(columns) * (_WIDTH + _ACROSS) - _ACROSS, len(_NAMES) * _ENTRY)
    return places, 2 * _MARGIN + drawn, 2 * _MARGIN + tall


def _arrow(made: Graph, places: dict[str, tuple[int, int, int]], before: str, behind: str) -> str:
    (x1, y1, h1), (x2, y2, h2) = places[before], places[behind]
    dashed = ' stroke-dasharray="4 3"' if REFUSED in (made.boxes[before].kind, made.boxes[behind].kind) else ""
    if x1 == x2:
        way = f"M{x1 + _WIDTH // 2} {y1 + h1} L{x2 + _WIDTH // 2} {y2}"
    else:
        left, right = (x1 + _WIDTH, x2) if x1 < x2 else (x1, x2 + _WIDTH)
        start, end, middle = y1 + h1 // 2, y2 + h2 // 2, (left + right) // 2
        way = f"M{left} {start} C{middle} {start} {middle} {end} {right} {end}"
    return f'<path d="{way}" fill="none" stroke="#8a97a5"{dashed}/>'


def _box(box: Box, x: int, y: int, height: int) -> str:
    fill, edge, ink = _COLOURS[box.kind]
    dashed = ' stroke-dasharray="4 3"' if box.kind == REFUSED else ""
    lines = []
    for at, line in enumerate(box.lines):
        weight = "" if at else ' font-weight="600"'
        place = f'x="{x + _PAD}" y="{y + _PAD + 10 + _LINE * at}"'
        lines.append(f'<text {place} fill="{ink}"{weight}>{_text(_cut(line, bold=not at))}</text>')
    tip = "\n".join([*box.lines, box.tip])
    return (
        f'<g><title>{_text(tip)}</title><rect x="{x}" y="{y}" width="{_WIDTH}" height="{height}" rx="6" fill="{fill}" '
        f'stroke="{edge}"{dashed}/>{"".join(lines)}</g>'
    )


def _legend(top: int) -> list[str]:
    parts = []
    for at, (kind, name) in enumerate(_NAMES.items()):
        x, (fill, edge, _) = _MARGIN + at * _ENTRY, _COLOURS[kind]
        parts.append(f'<rect x="{x}" y="{top}" width="14" height="14" rx="3" fill="{fill}" stroke="{edge}"/>')
        parts.append(f'<text x="{x + 20}" y="{top + 11}" fill="#444444">{name}</text>')
    return parts


def _cut(line: str, *, bold: bool = False) -> str:
    """As much of a line as is sure to fit its box; all of it stands in the box's title."""
    line = one_line(line)
    room, used = (_WIDTH - 2 * _PAD) / (_BOLD if bold else 1.0), 0.0
    ends = [used := used + _across(letter) for letter in line]
    if used <= room:
        return line
    return line[: sum(end <= room - _BROAD for end in ends)] + "…"


def _across(letter: str) -> float:
    """About how wide a letter is drawn."""
    if east_asian_width(letter) in "WF" or letter in "mwMW@%—…":
        return _BROAD
    if letter in "ijltfrI.,:;|'!()[] ":
        return _NARROW
    return _CAPITAL if letter.isupper() else _LETTER


def _text(text: str) -> str:
    """Text for XML, which has no room for two of Unicode's characters."""
    return escape(one_line(text).translate({0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}), {'"': "&quot;"})
