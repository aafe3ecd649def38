"""The pages of docs/reference say what the code says: every operator, slug, command and call, and nothing that is not there."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "reference"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        spec = importlib.util.spec_from_file_location("make_reference", ROOT / "scripts" / "make_reference.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.blocks()
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    return module


def test_no_page_is_stale(maker: ModuleType) -> None:
    assert maker.stale(write=False) == [], "run scripts/make_reference.py, and read the difference"


def test_a_changed_page_is_noticed(maker: ModuleType) -> None:
    page = (PAGES / "operators.md").read_text(encoding="utf-8")
    assert maker.filled(page, "page") == page
    changed = page.replace("| Gemm, MatMul |", "| Gemm, MatMul, LSTM |")
    assert changed != page
    assert maker.filled(changed, "page") == page


def test_a_block_that_nothing_makes_is_an_error(maker: ModuleType) -> None:
    with pytest.raises(KeyError, match="nothing makes the block 'operator'"):
        maker.filled("<!-- generated operator -->\n<!-- end operator -->\n", "page")


def test_the_page_names_every_operator() -> None:
    """Without the generator: the names on the page are those of the registry."""
    import tacit.importers  # noqa: F401  (fills the registry)
    from tacit.importers.onnx.registry import IMPORTERS

    named: list[str] = []
    for line in (PAGES / "operators.md").read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| ([A-Z][\w, ]*) \|", line)
        if row:
            named += row[1].split(", ")
    assert sorted(named) == sorted(name for _, name in IMPORTERS)


def test_an_operator_without_a_line_is_an_error(maker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from tacit.importers.onnx.registry import IMPORTERS

    monkeypatch.setitem(IMPORTERS, ("", "Sqrt"), IMPORTERS["", "Relu"])
    with pytest.raises(ValueError, match="says nothing of Sqrt"):
        maker.blocks()["operators"]()


def test_a_slug_without_a_meaning_is_an_error(maker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from tacit.errors import NEXT_STEPS

    monkeypatch.setitem(NEXT_STEPS, "unheard_of", "nothing")
    with pytest.raises(ValueError, match="unheard_of"):
        maker.blocks()["errors"]()
