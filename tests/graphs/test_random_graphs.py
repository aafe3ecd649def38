"""Random graphs by fixed seeds: what the compiler makes of them is what onnxruntime computes.

The long run over other seeds is `make fuzz-graphs`. A case that fails there is copied to `found`, where it stays.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graph_case import Case
from graph_check import PRECISION, check
from graph_random import random_case

FOUND = sorted((Path(__file__).parent / "found").glob("*.json"))
#: About a minute on one core.
SEEDS, BLOCK = 200, 20


@pytest.mark.parametrize("block", range(SEEDS // BLOCK))
def test_random_graphs(block: int) -> None:
    failures, refused = [], 0
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        case = random_case(seed)
        verdict = check(case)
        refused += verdict.outcome in ("refused", "invalid", "unclear")
        if verdict.failed:
            failures.append(f"seed {seed}: {verdict.outcome}: {verdict.reason}: {verdict.detail}\n{case.to_python()}")
    assert not failures, "\n\n".join(failures)
    assert refused <= BLOCK // 5, "most graphs of documented operators compile"


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_found(path: Path) -> None:
    """Cases that were wrong once. What 16 bits cannot hold may be refused, if the refusal says so."""
    case = Case.load(path)
    verdict = check(case)
    needs_more = json.loads(path.read_text())["verdict"]["reason"] == PRECISION
    if needs_more and verdict.outcome == "refused":
        assert verdict.reason.startswith("quantization: ")
        return
    assert verdict.outcome in ("ok", "inaccurate"), f"{verdict}\n{case.to_python()}"
