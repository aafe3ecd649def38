"""The chain rule of every float operator against differences of its meaning."""

from __future__ import annotations

import numpy as np
import pytest
from operator_cases import CASES

from tacit.graph.evaluation import evaluate_sample
from tacit.graph.nodes import Node
from tacit.graph.registry import CANONICAL, Array

STEP = 1e-6


def test_all_but_what_jumps_has_a_gradient() -> None:
    assert {name for name, op in CANONICAL.items() if op.gradient is None} == {
        name for name, op in CANONICAL.items() if op.jumps
    }


@pytest.mark.parametrize("name", CASES)
def test_gradient(name: str) -> None:
    graph, rng = CASES[name](), np.random.default_rng(1)
    values = evaluate_sample(graph, {n: rng.normal(size=graph.shapes[n]) for n in graph.inputs}) | graph.constants
    for node in graph.nodes:
        if node.operator.gradient is not None:
            # A maximum has a slope where no two entries are equal.
            fresh = node.op == "MaxPool"
            inputs = [rng.normal(size=values[n].shape) if fresh else values[n].astype(float) for n in node.inputs]
            _check(node, inputs, rng)


def _check(node: Node, inputs: list[Array], rng: np.random.Generator) -> None:
    operator, attrs = node.operator, node.attrs
    assert operator.gradient is not None
    output = operator.evaluate(attrs, inputs)
    grad = rng.normal(size=output.shape)
    found = operator.gradient(attrs, inputs, output, grad)
    assert [x.shape for x in found] == [x.shape for x in inputs]
    for i, x in enumerate(inputs):
        way = rng.normal(size=x.shape)
        ends = [
            operator.evaluate(attrs, [y + sign * STEP * way if j == i else y for j, y in enumerate(inputs)])
            for sign in (1, -1)
        ]
        slope = float(((ends[0] - ends[1]) * grad).sum() / (2 * STEP))
        assert float((found[i] * way).sum()) == pytest.approx(slope, rel=1e-4, abs=1e-4), (node.op, i)
