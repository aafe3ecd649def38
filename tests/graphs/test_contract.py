"""The contract of every ONNX operator that is imported, made from the registry: random shapes, attributes and settings.

Each is grown alone, behind a product with weights at times, and checked as a whole graph is: its float meaning is
onnxruntime's, its integers are near and reported truly, the program is made again from its layers, NumPy and Rust execute
it alike, and a proof of it verifies. An operator that is new is in here without a word, and without a maker
`test_generator` refuses it.
"""

from __future__ import annotations

import pytest
from graph_case import Case
from graph_check import check
from graph_grower import Grower
from graph_makers import MAKERS, SINCE
from graph_random import NOT_MADE, _inputs, _with_outputs

#: Cases of an operator, and seeds that may be tried for one: some inputs fit no form of it.
CASES, TRIES = 3, 60


def alone(op: str, seed: int) -> Case | None:
    """The operator on fresh inputs, or on the product of one with weights; None where these inputs fit no form of it."""
    g = Grower(seed)
    if SINCE.get(op, 1) > g.case.opset:
        return None
    _inputs(g)
    for before in ("MatMul",) if g.chance(0.5) else ():
        MAKERS[before](g, before)
    for _ in range(4):
        if op in {node.op for node in g.case.nodes} or MAKERS[op](g, op) is not None:
            break
    else:
        return None
    case = _with_outputs(g)
    return case if op in case.operators() else None


@pytest.mark.parametrize("op", [op for op in MAKERS if op not in NOT_MADE])
def test_contract(op: str) -> None:
    judged, refused = 0, []
    for seed in range(TRIES):
        case = alone(op, 7_000 + seed)
        if case is None:
            continue
        verdict = check(case)
        assert not verdict.failed, f"{verdict.outcome}: {verdict.reason}: {verdict.detail}\n{case.to_python()}"
        if verdict.outcome in ("ok", "inaccurate"):
            judged += 1
        else:
            refused.append(verdict.reason)
        if judged >= CASES:
            return
    assert judged >= CASES, f"{judged} cases were judged; the others: {refused}"
