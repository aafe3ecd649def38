"""docs/architecture.md names every room, and no other: crates, and the parts of the Python package."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = set(
    re.findall(r"`([\w./-]+)`", "\n".join(line.split("|")[1] for line in PAGE.splitlines() if line[:3] == "| `"))
)


def test_every_crate_is_named() -> None:
    crates = {f"crates/{path.parent.name}" for path in (ROOT / "crates").glob("*/Cargo.toml")}
    assert {name for name in NAMED if name.startswith("crates/")} == crates


def test_every_package_is_named() -> None:
    packages = {f"tacit.{path.parent.name}" for path in (ROOT / "python" / "tacit").glob("*/__init__.py")}
    assert {name for name in NAMED if name.startswith("tacit.")} == packages


def test_folders_are_there() -> None:
    others = {name for name in NAMED if not name.startswith(("crates/", "tacit."))}
    assert others
    assert [name for name in sorted(others) if not (ROOT / name).is_dir()] == []
