"""An interrupt ends a command with exit code 130 and a word, wherever it comes: also while libraries are loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("library", ["typer", "rich", "numpy"])
def test_while_libraries_are_loaded(tmp_path: Path, library: str) -> None:
    package = tmp_path / library
    package.mkdir()
    (package / "__init__.py").write_text("raise KeyboardInterrupt")
    paths = [str(tmp_path), *(path for path in sys.path if path)]
    found = subprocess.run(
        [sys.executable, "-m", "tacit.cli", "--version"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (130, "interrupted\n")
