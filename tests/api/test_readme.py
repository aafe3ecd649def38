"""README's example, word for word."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from trained_networks import Case

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_example_runs(case: Callable[..., Case], tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 1
    assert len(blocks[0].splitlines()) <= 20
    small = case()
    (tmp_path / "m.onnx").write_bytes(small.trained.onnx().SerializeToString())
    np.savez(tmp_path / "x.npz", x=small.trained.samples)
    run = subprocess.run([sys.executable, "-c", blocks[0]], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "input x" in run.stdout
    assert {path.name for path in tmp_path.iterdir()} >= {"model.secret", "model.commitment", "out.proof"}
