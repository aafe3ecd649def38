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


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_example_runs(case: Callable[..., Case], tmp_path: Path) -> None:
    example, _ = blocks()
    assert len(example.splitlines()) <= 20
    small = case()
    (tmp_path / "m.onnx").write_bytes(small.trained.onnx().SerializeToString())
    np.savez(tmp_path / "x.npz", x=small.trained.samples)
    run = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "input x" in run.stdout
    assert {path.name for path in tmp_path.iterdir()} >= {"model.secret", "model.commitment", "out.proof"}


#: What the reader of the section on training has already: a schema of six columns, a seed.
TRAINING = """
from tacit import data
columns = [data.Column.number(f"c{i}", -4, 4) for i in range(6)]
schema = data.Schema(tuple(columns), data.Label.classes("kind", ["a", "b"]))
seed = bytes(32)
"""


def test_the_example_of_training_runs(tmp_path: Path) -> None:
    _, example = blocks()
    assert len(example.splitlines()) <= 20
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(256, 6)).clip(-4, 4)
    kinds = np.where(rows.sum(1) > 0, "a", "b")
    lines = [",".join([*(f"{v:.4f}" for v in row), kind]) for row, kind in zip(rows, kinds, strict=True)]
    (tmp_path / "cells.csv").write_text("\n".join([",".join([*(f"c{i}" for i in range(6)), "kind"]), *lines]) + "\n")
    code = TRAINING + example + "print(len(update.proof), secret.remaining)\n"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout.split()[-1]) == 63
