"""Whole networks: the program's execution equals the integer reference, and both are close to the float network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nets import mlp

from tacit.compiler import CompiledProgram, Weights, compile_model
from tacit.errors import InputError
from tacit.execution import execute
from tacit.graph import Graph, evaluate
from tacit.program import Program
from tacit.quantize import Options


def samples(graph: Graph, count: int = 24, seed: int = 1) -> dict[str, Any]:
    """Random samples in the shape of the graph's inputs."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(count, *graph.shapes[name])) for name in graph.inputs}


def check(graph: Graph, compiled: CompiledProgram, weights: Weights, x: dict[str, Any], runs: int = 2) -> None:
    """Bytes round trip; execution and reference agree bit for bit; outputs are near the float ones."""
    assert Program.decode(compiled.program.encode()) == compiled.program
    for i in range(runs):
        given = {name: compiled.quantize(name, values[i]) for name, values in x.items()}
        run = execute(compiled.program, dict(weights.tensors) | given)
        expected = compiled.ints.results(compiled.ints.run(given))
        exact = evaluate(graph, {name: values[i : i + 1] for name, values in x.items()})
        for port in compiled.program.outputs:
            assert np.array_equal(run.tensors[port.tensor], expected[port.name])
            scale = max(1.0, float(np.abs(exact[port.name]).max()))
            assert (
                np.abs(compiled.dequantize(port.name, expected[port.name]) - exact[port.name][0]).max() < 0.02 * scale
            )


@pytest.mark.parametrize("inputs", ["private", "committed", "public"])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_mlp(inputs: str, bits: int) -> None:
    graph = mlp()
    x = samples(graph)
    options = Options(activation_bits=bits) if bits > 8 else Options(activation_bits=11)
    compiled, weights = compile_model(graph, calibration=x, inputs=inputs, options=options)
    check(graph, compiled, weights, x)


def test_batch() -> None:
    graph = mlp(batch=3)
    x = samples(graph, 8)
    compiled, weights = compile_model(graph, calibration=x)
    check(graph, compiled, weights, x)


def test_input_out_of_range_is_named() -> None:
    graph = mlp()
    compiled, _ = compile_model(graph, calibration=samples(graph))
    with pytest.raises(InputError, match="x: the value 1000 is out of the calibrated range"):
        compiled.quantize("x", np.full((1, 6), 1000.0))
