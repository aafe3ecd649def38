"""What changes nothing in a float graph changes nothing in the program, beyond rounding.

Every canonical operator stands in a small graph (`graph_bases`), as it is and with something idle put in: the two programs
must agree with each other and with the float graph. Graphs are compiled in canonical form, so that no simplifier takes
out what was put in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from graph_bases import AXES, BASES, CHAINS, DEGREES, base_graph, inserted, times
from nets import Net

from tacit.compiler.pipeline import CompiledProgram, compile_model
from tacit.compiler.ties import Doubts
from tacit.graph import Graph, evaluate
from tacit.graph.registry import CANONICAL
from tacit.importers.onnx import ops as _ops  # noqa: F401 - fills the registries
from tacit.program.builder import Settings
from tacit.quantize import Options

Arrays = Mapping[str, Any]
#: Relative to an output's largest entry; 16 bits and large tables are far below.
AIM = 1e-3
OPTIONS = Options(activation_bits=16, least_weight_bits=13, table_bits=11, interpolate=True)
SAMPLES = 12


def compiled(graph: Graph, x: Any) -> CompiledProgram:
    return compile_model(graph, calibration={"x": x}, options=OPTIONS, settings=Settings(8, 8))[0]


def samples(op: str) -> Any:
    """(SAMPLES, *shape without the batch)."""
    rng = np.random.default_rng(7)
    return rng.normal(size=(SAMPLES, *base_graph(op).shapes["x"][1:]))


def outputs(program: CompiledProgram, x: Any) -> dict[str, Any]:
    """Real values of every output, all samples in a row; x: (SAMPLES, ..)."""
    batch = program.graph.shapes["x"][0]
    rows: dict[str, list[Any]] = {name: [] for name in program.ints.outputs}
    for i in range(0, len(x), batch):
        results = program.ints.results(program.ints.run({"x": program.quantize("x", x[i : i + batch])}))
        for name, integers in results.items():
            rows[name].append(program.dequantize(name, integers))
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def truth(graph: Graph, x: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The float graph's outputs, and which entries of them are in doubt (a comparison near a tie)."""
    doubts = Doubts(graph, compiled_ranges(graph, x))
    exact = evaluate(graph, {"x": x[:, None]})
    unsure = [doubts.of({"x": sample[None]}) for sample in x]
    return (
        {name: exact[name][:, 0] for name in graph.outputs},
        {name: np.concatenate([one[name] for one in unsure]) for name in graph.outputs},
    )


def compiled_ranges(graph: Graph, x: Any) -> Any:
    from tacit.quantize.calibration import calibrate

    return calibrate(graph, {"x": x[:, None]})


def agree(found: Arrays, wanted: Arrays, unsure: Arrays, what: str) -> None:
    """Every entry that is not in doubt, relative to the output's largest."""
    for name, y in wanted.items():
        assert found[name].shape == y.shape
        gap = np.where(unsure[name], 0.0, np.abs(found[name] - y))
        scale = max(float(np.abs(y).max()), 1e-9)
        assert gap.max() <= AIM * scale, f"{what}: output {name} is {gap.max() / scale:.1e} away"
        assert unsure[name].mean() < 0.2, "a base graph whose answer is in doubt tests nothing"


def test_every_operator_has_a_base_graph() -> None:
    """A canonical operator that is new needs one in `graph_bases`."""
    assert set(BASES) == set(CANONICAL)
    assert set(DEGREES) <= set(BASES)
    assert set(AXES) <= set(BASES)
    for op in BASES:
        assert op in {node.op for node in base_graph(op).nodes}


@pytest.mark.parametrize("op", BASES)
def test_something_idle(op: str) -> None:
    """On every tensor of the base graph, one after the other."""
    graph, x = base_graph(op), samples(op)
    exact, unsure = truth(graph, x)
    plain = outputs(compiled(graph, x), x)
    agree(plain, exact, unsure, f"{op} itself")
    for tensor in ("x", *(name for node in graph.nodes for name in node.outputs)):
        for name, chain in CHAINS.items():
            changed = inserted(graph, tensor, chain)
            found = outputs(compiled(changed, x), x)
            agree(found, exact, unsure, f"{op} with {name} on {tensor}")
            agree(found, plain, unsure, f"{op} with {name} on {tensor}, against {op} itself")


@pytest.mark.parametrize("exponent", [-6, 5])
@pytest.mark.parametrize("op", DEGREES)
def test_a_power_of_two_through_the_operator(op: str, exponent: int) -> None:
    """x times 2^k, the outputs times 2^-(k degree): the scale moves at one end and comes back at the other."""
    graph, x = base_graph(op), samples(op)
    exact, unsure = truth(graph, x)
    changed = inserted(graph, "x", lambda net, name: times(net, name, exponent))
    # The second output, the square, reads the first: it is brought back by as much again.
    for name in graph.outputs:
        changed = inserted(changed, name, lambda net, y: times(net, y, -exponent * DEGREES[op]))
    agree(outputs(compiled(changed, x), x), back(exact, graph, op, exponent), unsure, f"{op} around 2^{exponent}")


def back(exact: Arrays, graph: Graph, op: str, exponent: int) -> dict[str, Any]:
    """The square is made of what was brought back already, and then divided once more."""
    first, second = graph.outputs
    return {first: exact[first], second: exact[second] * 2.0 ** (-exponent * DEGREES[op])}


@pytest.mark.parametrize("batch", [2, 3])
@pytest.mark.parametrize("op", BASES)
def test_a_batch_is_its_samples(op: str, batch: int) -> None:
    """Of the same ranges, 2 or 3 samples at once and one after the other."""
    x = samples(op)
    exact, unsure = truth(base_graph(op), x)
    one, many = compiled(base_graph(op), x), compiled(base_graph(op, batch), x)
    assert many.ints.inputs["x"].shape == (batch, *x.shape[1:])
    agree(outputs(many, x), exact, unsure, f"{op}, {batch} at once")
    agree(outputs(many, x), outputs(one, x), unsure, f"{op}, {batch} at once, against one by one")


def test_what_is_inserted_changes_no_float() -> None:
    """The chains are idle, wherever they stand."""
    graph, x = base_graph("Concat"), samples("Concat")
    exact = evaluate(graph, {"x": x[:, None]})
    for tensor in ("x", *(name for node in graph.nodes for name in node.outputs)):
        for name, chain in CHAINS.items():
            changed = inserted(graph, tensor, chain)
            found = evaluate(changed, {"x": x[:, None]})
            assert len(changed.nodes) > len(graph.nodes), name
            assert all(np.allclose(found[out], exact[out], rtol=1e-12) for out in graph.outputs), (tensor, name)


def test_the_order_of_operands_does_not_matter() -> None:
    """a @ b and (b' @ a')', a * b and b * a, of computed tensors whose scales moved."""
    x = np.random.default_rng(3).normal(size=(SAMPLES, 3, 4))
    found = []
    for swapped in (False, True):
        net = Net(1, x=(1, 3, 4))
        half = times(net, "x", -1)
        mean = net.add("ReduceMean", [half], (1, 3, 1), axes=(2,), keepdims=1)
        pair = [half, mean][:: -1 if swapped else 1]
        gated = net.add("Mul", pair, (1, 3, 4))
        turned = net.add("Transpose", [half], (1, 4, 3), perm=(0, 2, 1))
        if swapped:
            left = net.add("Transpose", [gated], (1, 4, 3), perm=(0, 2, 1))
            result = net.add("MatMul", [half, left], (1, 3, 3))
            result = net.add("Transpose", [result], (1, 3, 3), perm=(0, 2, 1))
        else:
            result = net.add("MatMul", [gated, turned], (1, 3, 3))
        graph = net.graph(result)
        exact = evaluate(graph, {"x": x[:, None]})[result][:, 0]
        y = outputs(compiled(graph, x), x)[result]
        agree({"y": y}, {"y": exact}, {"y": np.zeros(exact.shape, dtype=bool)}, f"swapped {swapped}")
        found.append(y)
    assert np.abs(found[0] - found[1]).max() <= AIM * np.abs(found[0]).max()
