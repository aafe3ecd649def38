"""Compiled programs through the whole system: Rust validates, executes, proves and verifies what the compiler emits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_graphs import samples
from hypothesis import HealthCheck, given, settings
from operator_cases import CASES
from strategies import good_programs

tacit = pytest.importorskip("tacit", exc_type=ImportError)
_native = pytest.importorskip("tacit._native", exc_type=ImportError)

from tacit import program as pg  # noqa: E402
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
    "matmul_broadcast_hidden",
    "matmul_broadcast_weight",
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


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(good_programs())
def test_rust_accepts_what_the_compiler_accepts(case: tuple[pg.Program, dict[str, Any], dict[str, Any]]) -> None:
    """The same bytes, digest, validity and execution."""
    program, givens, expected = case
    encoded = program.encode()
    native = _native.Program(encoded, _native.derive([encoded], 2, 100, "time"), 2, "")
    assert native.digest == program.digest
    assert bytes(native.bytes()) == encoded
    slab = _native.commit(native, "model", [("w", flat(givens["w"]))], 2, 0)
    publics = dict(_native.prove(native, [slab], [("x", flat(givens["x"]))], b"")[0])
    assert np.array_equal(publics["y"], flat(expected["y"]))


def flat(values: Any) -> Any:
    """int64, one axis."""
    return np.ascontiguousarray(values, dtype=np.int64).reshape(-1)
