"""Compiled programs through the whole system: Rust validates, executes, proves and verifies what the compiler emits."""

from __future__ import annotations

import numpy as np
import pytest
from test_operators import CASES
from test_pipeline import samples

tacit = pytest.importorskip("tacit", exc_type=ImportError)

from tacit.graph import evaluate  # noqa: E402
from tacit.quantize import Options  # noqa: E402

PROVEN = [
    "attention",
    "average_pool_odd",
    "channel_scale",
    "clip",
    "conv_relu_pool_flat",
    "depthwise",
    "gelu",
    "grouped",
    "leaky",
    "max_pool_overlapping",
    "mean_rows",
    "residual",
    "slice",
    "softmax_middle",
]


@pytest.mark.parametrize("name", PROVEN)
def test_proof(name: str) -> None:
    graph = CASES[name]()
    x = samples(graph, 8)
    options = Options(activation_bits=14, least_weight_bits=11, table_bits=10)
    program, weights = tacit.compile(graph, calibration=x, options=options, proofs=4, security=100)
    model = tacit.commit_model(program, weights)
    inputs = {key: values[0] for key, values in x.items()}
    proof = tacit.prove(program, model, inputs, context=b"test")
    statement = tacit.verify(program, proof, model=model.commitment, context=b"test", security=100)
    exact = evaluate(graph, {key: values[:1] for key, values in x.items()})
    for output, found in statement.outputs.items():
        scale = max(1.0, float(np.abs(exact[output]).max()))
        assert np.abs(found - exact[output][0]).max() < 0.02 * scale
