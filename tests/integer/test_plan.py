"""Two float models whose programs have the same plan are drawn alike: pairs that differ in how they are connected do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from nets import Net
from operator_cases import CASES
from test_readable_architecture import compiled

from tacit.compiler.pipeline import compile_model
from tacit.graph import Graph
from tacit.integer.graph import InputSpec, IntGraph, OutputSpec
from tacit.integer.operators import Take
from tacit.integer.plan import first_difference

SHAPE = (1, 4, 4)
Make = Callable[[Net], str]


def net(make: Make) -> Graph:
    """With the output's name the same for all."""
    one = Net(0, x=SHAPE, z=SHAPE)
    name = one.add("Add", [make(one), "z"], SHAPE)
    graph = one.graph(name)
    nodes = tuple(replace(n, outputs=tuple("y" if o == name else o for o in n.outputs)) for n in graph.nodes)
    shapes = {("y" if n == name else n): s for n, s in graph.shapes.items()}
    return replace(graph, nodes=nodes, shapes=shapes, outputs=("y",))


def flipped(n: Net, x: str) -> str:
    return n.add("Transpose", [x], SHAPE, perm=(0, 2, 1))


def skipped(n: Net, back: int) -> str:
    """Three layers, and one of the first two beside the last."""
    a = n.relu(n.dense("x", 4))
    b = n.relu(n.dense(a, 4))
    return n.add("Add", [n.relu(n.dense(b, 4)), (a, b)[back]], SHAPE)


def along(op: str, axis: int) -> Make:
    return lambda n: n.add(op, [n.dense("x", 4)], SHAPE, axis=axis)


def leaky(alpha: float) -> Make:
    return lambda n: n.add("LeakyRelu", [n.dense("x", 4)], SHAPE, alpha=alpha)


def both(op: str, first: Make, second: Make) -> Make:
    return lambda n: n.add(op, [first(n), second(n)], SHAPE)


def layer(n: Net) -> str:
    return n.dense("x", 4)


def positive(n: Net) -> str:
    return n.relu(n.dense("x", 4))


PAIRS: dict[str, tuple[Make, Make]] = {
    "a residual of another layer": (lambda n: skipped(n, 0), lambda n: skipped(n, 1)),
    "a sum or a difference": (both("Add", layer, positive), both("Sub", layer, positive)),
    "a softmax of rows or of columns": (along("Softmax", 2), along("Softmax", 1)),
    "a product with a transpose": (
        both("MatMul", layer, lambda n: flipped(n, "x")),
        both("MatMul", layer, lambda n: "x"),
    ),
    "factors in another order": (both("MatMul", layer, positive), both("MatMul", positive, layer)),
    "a transpose or none": (layer, lambda n: flipped(n, n.dense("x", 4))),
    "a relu before or after a sum": (
        both("Add", positive, lambda n: "x"),
        lambda n: n.relu(both("Add", layer, lambda n: "x")(n)),
    ),
    "a slope": (leaky(0.01), leaky(0.2)),
    "another input": (layer, lambda n: n.dense("z", 4)),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS.keys())
def test_what_is_connected_otherwise_has_another_plan(one: Make, other: Make) -> None:
    first, second = compiled(net(one)).ints, compiled(net(other)).ints
    assert first_difference(first, second) is not None
    assert first_difference(first, first) is None


@pytest.mark.parametrize(
    "name", ["attention", "residual", "conv_relu_pool_flat", "softmax_middle", "leaky", "channel_scale"]
)
def test_other_weights_and_samples_have_the_same_plan(name: str) -> None:
    graph = CASES[name]()
    base = compiled(graph).ints
    for seed, scale in ((2, 3.0), (3, 0.2)):
        rng = np.random.default_rng(seed)
        drawn = {n: c * rng.uniform(0.5, 1.5, size=c.shape) if c.size > 1 else c for n, c in graph.constants.items()}
        samples = {n: rng.normal(size=(24, *graph.shapes[n])) * scale for n in graph.inputs}
        made = compile_model(replace(graph, constants=drawn), calibration=samples, max_error=float("inf"))[0]
        assert first_difference(base, made.ints) is None


def test_long_lists_are_compared_whole() -> None:
    """Two selections of the same length, with the same ends."""

    def chosen(columns: tuple[int, ...]) -> IntGraph:
        graph = IntGraph("selection")
        x = graph.input("x", InputSpec((1, 20), -8, 7, 0))
        y = graph.emit(Take(columns), [x], "y")
        graph.outputs["y"] = OutputSpec(y.name, -8, 7, 0)
        return graph

    one, other = chosen(tuple(range(12))), chosen((0, 2, 1, *range(3, 12)))
    assert first_difference(one, chosen(tuple(range(12)))) is None
    assert "[0, 2, 1, 3" in str(first_difference(one, other))
