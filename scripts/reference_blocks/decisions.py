"""The decisions, one line each: title and goal of every file of docs/adr."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from reference_blocks.tables import table

TITLE = re.compile(r"# (?:ADR )?(\d{4})[:.] (.+)")
#: The first sentence of the goal.
GOAL = re.compile(r"(?:\*\*Goal\.\*\*|## Goal)\s+(.+?(?:\.(?=\s)|$))", re.DOTALL)


def blocks(folder: Path) -> dict[str, Callable[[], str]]:
    return {"decisions": lambda: _table(folder)}


def _table(folder: Path) -> str:
    rows = []
    for path in sorted(folder.glob("[0-9]*.md")):
        page = path.read_text(encoding="utf-8")
        title, goal = TITLE.search(page), GOAL.search(page)
        if title is None or goal is None:
            raise ValueError(f"{path}: expected a title '# ADR 0000: ..' and a paragraph '**Goal.** ..'")
        rows.append((f"[{title[1]}]({path.name})", title[2], goal[1]))
    return table(("ADR", "decision", "what it is about"), rows)
