"""The Python of docs/guides/flower.md, block after block, in a folder with a task and three hospitals."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("flwr")

from example import module

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "guides" / "flower.md"
BLOCK = re.compile(r"^```py\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_code_runs(tmp_path: Path) -> None:
    module("prepare").main(tmp_path, 3)
    code = "\n".join(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    environment = os.environ | {"PYTHONPATH": str(ROOT / "python"), "FLWR_TELEMETRY_ENABLED": "0"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "{'verified': 3, 'missing': 0, 'round': 3}" in run.stdout


def test_every_slug_of_the_page_has_a_meaning() -> None:
    """The table of refusals names slugs that there are."""
    table = PAGE.read_text(encoding="utf-8").partition("## What is refused")[2].partition("Numbers of examples")[0]
    slugs = set(re.findall(r"`([a-z_]+)`", table))
    said = (ROOT / "scripts" / "reference_blocks" / "meanings.py").read_text(encoding="utf-8")
    assert {"flower_record", "node_failed", "undelivered"} <= slugs
    assert [slug for slug in sorted(slugs) if f'"{slug}":' not in said] == []
