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


#: Folders whose pages have formulas in running text, as plain as their sources are.
FORMULAS = ("protocol/", "adr/")
#: Tags, code, and what KaTeX sets: left alone.
KEPT = re.compile(
    r"(<(pre|code|script)\b.*?</\2>|<(?:span|div) class=\"arithmatex\">.*?</(?:span|div)>|<[^>]+>)", re.DOTALL
)
GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "lambda": "λ",
    "lam": "λ",
    "zeta": "ζ",
    "sigma": "σ",
    "rho": "ρ",
    "tau": "τ",
    "mu": "μ",
    "xi": "ξ",
}
#: What follows ^ or _: a number, a word, or something in brackets.
INDEX = r"(?:-?\d+\.\d+|-?\w+|-?\([^()]*\)|\{[^{}]*\})"


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """mkdocs calls this with the HTML of every page."""
    content = TABLE.sub(lambda table: labelled(table[0]), PICTURE.sub(lambda found: drawn(found[1]), content))
    return typeset(content) if page.file.src_uri.startswith(FORMULAS) else content


def typeset(content: str) -> str:
    """Formulas in running text: powers and indices are raised and lowered, Greek letters and signs are themselves."""
    pieces, end = [], 0
    for kept in KEPT.finditer(content):
        pieces += [_formulas(content[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*pieces, _formulas(content[end:])])


def _formulas(text: str) -> str:
    def lowered(found: re.Match[str]) -> str:
        return f"{GREEK.get(found[1], found[1])}<sub>{_bare(found[2])}</sub>"

    def raised(found: re.Match[str]) -> str:
        return f"{found[1]}<sup>{_bare(found[2])}</sup>"

    text = re.sub(rf"\bsum_({INDEX})", lambda found: f"Σ<sub>{_bare(found[1])}</sub>", text)
    text = re.sub(rf"\b([A-Za-z]|{'|'.join(GREEK)})_({INDEX})", lowered, text)
    text = re.sub(r"\b(\w*[A-Za-z])_([a-z0-9]|\([^()]*\))(?!\w)", lowered, text)
    text = re.sub(rf"([\w)\]>|])\^({INDEX})", raised, text)
    text = re.sub(rf"\b({'|'.join(GREEK)})(\d?)\b", lambda found: GREEK[found[1]] + _digit(found[2]), text)
    text = re.sub(r"\blog2\b", "log<sub>2</sub>", text)
    return text.replace("&lt;=", "≤").replace("&gt;=", "≥").replace(" * ", " · ")


def _bare(index: str) -> str:
    """An index without the brackets that only hold it together in plain text."""
    inner = index[1:-1] if index[0] in "({" else index
    return _formulas(inner)


def _digit(text: str) -> str:
    return f"<sub>{text}</sub>" if text else ""


def drawn(name: str) -> str:
    """Both forms of a picture; their own colours, for readers elsewhere, are left out: the site's style sheet has them."""
    forms = []
    for kind, file in (("wide", f"{name}.svg"), ("tall", f"{name}-tall.svg")):
        source = (PICTURES / file).read_text(encoding="utf-8")
        forms.append(f'<div class="{kind}">{re.sub(r"<style>.*?</style>", "", source, flags=re.DOTALL)}</div>')
    return f'<figure class="picture-frame" data-search-exclude>{"".join(forms)}</figure>'


def labelled(table: str) -> str:
    """Each cell with the text of its column's heading as `data-label`; numbers, which say little alone, are marked."""
    names = [html.escape(html.unescape(re.sub(r"<[^>]+>", "", heading)).strip()) for heading in HEADING.findall(table)]

    def cells(row: re.Match[str]) -> str:
        columns = iter(names)
        return re.sub(r"<td(?=[ >])", lambda _: f'<td data-label="{next(columns, "")}"', row[0])

    marked = re.sub(r'(<td data-label="[^"]*")(?=[^>]*>[\d.,]+</td>)', r"\1 data-number", ROW.sub(cells, table))
    return marked
