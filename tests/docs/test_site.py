"""What the site is built with: nothing from another machine, a picture for phones, formulas that leave code alone."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REMOTE = re.compile(r"""(?:\bsrc\s*=\s*["']?|\burl\(\s*["']?|@import\s+["']|<link[^>]+href=["']?)(?:https?:)?//""")


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "scripts" / "site_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_is_fetched_from_elsewhere() -> None:
    sources = [path for path in DOCS.rglob("*") if path.suffix in (".md", ".css", ".js", ".svg")]
    assert len(sources) > 40
    assert [str(path) for path in sources if REMOTE.search(path.read_text(encoding="utf-8"))] == []
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in settings
    assert "polyfills: [assets/iframe-worker.js]" in settings, "else the plugin `offline` fetches one"


def test_the_search_for_remote_sources_finds_them() -> None:
    for line in (
        '<script src="https://x.org/a.js">',
        "url(//x.org/f.woff2)",
        '<link rel="x" href="http://x.org/a.css">',
    ):
        assert REMOTE.search(line), line
    assert not REMOTE.search("[borsh](https://borsh.io)")


def test_every_picture_has_a_form_for_phones() -> None:
    pictures = {path.stem for path in (DOCS / "assets" / "pictures").glob("*.svg")}
    assert pictures
    assert {f"{name}-tall" for name in pictures if not name.endswith("-tall")} <= pictures


def test_pictures_are_drawn_inline(hooks: ModuleType) -> None:
    frame = hooks.PICTURE.sub(
        lambda found: hooks.drawn(found[1]), '<p><img alt="x" src="../assets/pictures/flow.svg" /></p>'
    )
    assert frame.count("<svg") == 2
    assert "<style>" not in frame


@pytest.mark.parametrize(
    ("source", "set_"),
    [
        ("2^-29 and p^3", "2<sup>-29</sup> and p<sup>3</sup>"),
        ("sigma^(k+2) * form_k", "σ<sup>k+2</sup> · form<sub>k</sub>"),
        ("log_domain_(j-1) &lt;= max_fold", "log_domain<sub>j-1</sub> ≤ max_fold"),
        ("sum_i lam_i^c", "Σ<sub>i</sub> λ<sub>i</sub><sup>c</sup>"),
        ("have 2^-118.3 in all.", "have 2<sup>-118.3</sup> in all."),
        ("2^-(n - n_e)", "2<sup>-(n - n<sub>e</sub>)</sup>"),
        ("a proof_file of the_prover", "a proof_file of the_prover"),
    ],
)
def test_formulas_in_running_text(hooks: ModuleType, source: str, set_: str) -> None:
    assert hooks.typeset(f"<p>{source}</p>") == f"<p>{set_}</p>"


@pytest.mark.parametrize(
    "kept",
    [
        "<code>t_{axis_i} * 2^8</code>",
        "<pre><span>x_i = 2^3</span></pre>",
        '<span class="arithmatex">\\(x_i^2\\)</span>',
        '<a href="x_1^2.html">',
    ],
)
def test_code_is_left_alone(hooks: ModuleType, kept: str) -> None:
    assert hooks.typeset(kept) == kept


def test_cells_know_their_column(hooks: ModuleType) -> None:
    table = "<table><tr><th>a &gt; b</th><th><code>c</code></th></tr><tr><td>1</td><td>x</td></tr></table>"
    assert '<td data-label="a &gt; b" data-number>1</td><td data-label="c">x</td>' in hooks.labelled(table)
