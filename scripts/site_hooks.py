"""What mkdocs.yml asks for while the site is built: pictures drawn inline, and cells that know their column's name.

A picture in a page, `![words](../assets/pictures/NAME.svg)`, becomes the SVG itself, in the colours of the page's scheme, and
NAME-tall.svg beside it for narrow screens. On those a table's rows are shown as cards: every cell carries its heading.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "assets" / "pictures"
PICTURE = re.compile(r'<p><img alt="[^"]*" src="[^"]*assets/pictures/([a-z-]+)\.svg"\s*/?></p>')
TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
HEADING = re.compile(r"<th(?: [^>]*)?>(.*?)</th>", re.DOTALL)


def on_page_content(content: str, **_: Any) -> str:
    """mkdocs calls this with the HTML of every page."""
    return TABLE.sub(lambda table: labelled(table[0]), PICTURE.sub(lambda found: drawn(found[1]), content))


def drawn(name: str) -> str:
    """Both forms of a picture; their own colours, for readers elsewhere, are left out: the site's style sheet has them."""
    forms = []
    for kind, file in (("wide", f"{name}.svg"), ("tall", f"{name}-tall.svg")):
        source = (PICTURES / file).read_text(encoding="utf-8")
        forms.append(f'<div class="{kind}">{re.sub(r"<style>.*?</style>", "", source, flags=re.DOTALL)}</div>')
    return f'<figure class="picture-frame">{"".join(forms)}</figure>'


def labelled(table: str) -> str:
    """Each cell with the text of its column's heading as `data-label`."""
    names = [html.escape(html.unescape(re.sub(r"<[^>]+>", "", heading)).strip()) for heading in HEADING.findall(table)]

    def cells(row: re.Match[str]) -> str:
        columns = iter(names)
        return re.sub(r"<td(?=[ >])", lambda _: f'<td data-label="{next(columns, "")}"', row[0])

    return ROW.sub(cells, table)
