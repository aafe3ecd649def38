"""Fixtures: a small network with its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_network import prove_command, tiny

from tacit.cli.app import run

pytest.register_assert_rewrite("shots")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled and committed network with a proof for the context c0ffee."""
    path = tmp_path_factory.mktemp("commands")
    (path / "m.onnx").write_bytes(tiny())
    samples = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    np.savez(path / "x.npz", x=samples, labels=np.zeros(40))
    np.savez(path / "one.npz", x=samples[:1])
    here = str(path)
    assert run(["compile", f"{here}/m.onnx", "--calibration", f"{here}/x.npz", "--proofs", "8"]) == 0
    assert run(["commit", "model", f"{here}/m.tacit", f"{here}/m.weights", "-o", f"{here}/model"]) == 0
    assert run([*prove_command(path), "--context", "c0ffee"]) == 0
    return path
