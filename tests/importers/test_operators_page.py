"""docs/reference/operators.md names every operator that is imported, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tacit.importers.onnx.registry import IMPORTERS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "operators.md"


def test_the_page_names_every_operator() -> None:
    named: set[tuple[str, str]] = set()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| (ai\.onnx\.ml )?([A-Z][\w, ]*) \|", line)
        if row:
            named |= {((row[1] or "").strip(), name) for name in row[2].split(", ")}
    assert named == set(IMPORTERS)
