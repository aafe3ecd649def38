"""Samples of a graph, and whether its program computes what it should on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from execution import execute

from tacit.compiler.pipeline import CompiledProgram, Weights
from tacit.graph import Graph, evaluate
from tacit.program import Program


def samples(graph: Graph, count: int = 24, seed: int = 1) -> dict[str, Any]:
    """Random samples in the shape of the graph's inputs."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(count, *graph.shapes[name])) for name in graph.inputs}


def check(graph: Graph, compiled: CompiledProgram, weights: Weights, x: dict[str, Any], runs: int = 2) -> None:
    """Bytes round trip; execution and meaning agree bit for bit; outputs are near the float ones."""
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
