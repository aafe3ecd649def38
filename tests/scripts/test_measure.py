"""What a benchmark runs in a process of its own works: it builds a network's files and proves with them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from tiny_network import tiny

MEASURE = Path(__file__).resolve().parents[2] / "benches" / "measure.py"


def measured(*arguments: str) -> dict[str, float]:
    run = subprocess.run([sys.executable, str(MEASURE), *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, float] = json.loads(run.stdout)
    return found


def test_a_network_is_built_and_proven(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(tiny())
    np.savez(
        tmp_path / "x.npz", x=np.random.default_rng(1).normal(size=(30, 6)).astype(np.float32), labels=np.zeros(30)
    )
    files = ["--network", str(tmp_path / "m.onnx"), "--samples", str(tmp_path / "x.npz")]
    built = measured("build", str(tmp_path), *files)
    assert built["program_bytes"] == (tmp_path / "m.tacit").stat().st_size
    proven = measured("prove", str(tmp_path), "--runs", "1")
    assert proven["proof_bytes"] > 0
