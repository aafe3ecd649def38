"""A small canonical graph for every canonical operator, of any batch: x, a product with weights, the operator, its square."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from nets import Net, Shape

from tacit.graph import Graph

Build = Callable[[Net, int], str]
BASES: dict[str, Build] = {}

#: y(2^k x) = 2^(k degree) y(x) for the bases below; other operators have no such rule.
DEGREES = {
    **dict.fromkeys(
        ("Relu", "LeakyRelu", "Add", "Sub", "Div", "Conv", "AveragePool", "MaxPool", "GlobalAveragePool"), 1
    ),
    **dict.fromkeys(("ReduceMean", "ReduceSum", "Concat", "Pad", "Reshape", "Slice", "Transpose"), 1),
    **dict.fromkeys(("Mul", "MatMul"), 2),
    "ArgMax": 0,
}


def base_graph(op: str, batch: int = 1) -> Graph:
    """Outputs: the operator's result and its square. The weights do not depend on the batch."""
    shape = {1: (batch, 6), 2: (batch, 3, 6), 3: (batch, 3, 4, 4)}[AXES.get(op, 1)]
    net = Net(len(op), x=shape)
    y = BASES[op](net, batch)
    return net.graph(y, net.add("Mul", [y, y], net.shapes[y]))


#: Axes after the batch, where not 1.
AXES = {
    **dict.fromkeys(("MatMul", "Reshape", "Transpose", "ReduceMean", "ReduceSum"), 2),
    **dict.fromkeys(("Conv", "AveragePool", "MaxPool", "GlobalAveragePool", "Pad"), 3),
}


def base(*names: str) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Registers `build(net, batch, op)`."""

    def register(build: Callable[..., str]) -> Callable[..., str]:
        for name in names:
            BASES[name] = lambda net, batch, op=name: build(net, batch, op)  # type: ignore[misc]
        return build

    return register


def product(net: Net, width: int = 5) -> str:
    """x times weights: a value that is not rounded yet."""
    shape = net.shapes["x"]
    return net.add("MatMul", ["x", net.random(shape[-1], width, scale=0.5)], (*shape[:-1], width))


@base("Relu", "Sigmoid", "Tanh", "Erf")
def plain(net: Net, batch: int, op: str) -> str:
    return net.add(op, [product(net)], (batch, 5))


@base("LeakyRelu", "Clip", "Gelu", "Softmax", "Slice", "ArgMax")
def with_attributes(net: Net, batch: int, op: str) -> str:
    attrs: dict[str, Any] = {
        "LeakyRelu": {"alpha": 0.25},
        "Clip": {"min": -0.5, "max": 0.75},
        "Gelu": {"approximate": "none"},
        "Softmax": {"axis": 1},
        "Slice": {"starts": (4,), "ends": (0,), "axes": (1,), "steps": (-2,)},
        "ArgMax": {"axis": 1, "keepdims": 1, "select_last_index": 0},
    }[op]
    return net.add(op, [product(net)], (batch, {"Slice": 2, "ArgMax": 1}.get(op, 5)), **attrs)


@base("Add", "Sub", "Mul")
def of_two(net: Net, batch: int, op: str) -> str:
    return net.add(op, [product(net), product(net)], (batch, 5))


@base("Div")
def divided(net: Net, batch: int, op: str) -> str:
    return net.add(op, [product(net), net.constant(np.array([2.0, 0.5, 3.0, -1.0, 0.7]))], (batch, 5))


@base("Greater", "Less", "GreaterOrEqual", "LessOrEqual")
def compared(net: Net, batch: int, op: str) -> str:
    return net.add(op, [product(net), net.constant(np.array(0.25))], (batch, 5))


@base("Concat")
def concat(net: Net, batch: int, op: str) -> str:
    return net.add(op, [product(net), "x"], (batch, 11), axis=1)


@base("MatMul")
def matmul(net: Net, batch: int, op: str) -> str:
    turned = net.add("Transpose", [product(net)], (batch, 5, 3), perm=(0, 2, 1))
    return net.add(op, [turned, product(net, 2)], (batch, 5, 2))


@base("Reshape")
def reshape(net: Net, batch: int, op: str) -> str:
    return net.add(op, [product(net)], (batch, 15))


@base("Transpose")
def transpose(net: Net, batch: int, op: str) -> str:
    return net.add(op, [product(net)], (batch, 5, 3), perm=(0, 2, 1))


@base("ReduceMean", "ReduceSum")
def reduce(net: Net, batch: int, op: str) -> str:
    return net.add(op, [product(net, 4)], (batch, 3, 1), axes=(2,), keepdims=1)


@base("Conv")
def conv(net: Net, batch: int, op: str) -> str:
    weight = net.random(5, 3, 3, 3, scale=0.2)
    attrs = {"strides": (1, 1), "dilations": (1, 1), "pads": (1, 1, 1, 1), "group": 1}
    return net.add(op, ["x", weight], (batch, 5, 4, 4), **attrs)


@base("AveragePool", "MaxPool")
def pool(net: Net, batch: int, op: str) -> str:
    return net.pool(op, conv(net, batch, "Conv"), 2, 2)


@base("GlobalAveragePool")
def global_average(net: Net, batch: int, op: str) -> str:
    return net.add(op, [conv(net, batch, "Conv")], (batch, 5, 1, 1))


@base("Pad")
def pad(net: Net, batch: int, op: str) -> str:
    return net.add(op, [conv(net, batch, "Conv")], (batch, 5, 7, 5), pads=(0, 0, 1, 0, 0, 0, 2, 1))


def inserted(graph: Graph, tensor: str, chain: Callable[[Net, str], str]) -> Graph:
    """The graph with what `chain` makes of the tensor in the tensor's place, for all that reads it."""
    net = Net(0)
    net.constants, net.shapes = dict(graph.constants), dict(graph.shapes)
    inside = tensor if tensor in graph.inputs else f"{tensor}/inner"
    net.shapes[inside] = graph.shapes[tensor]
    nodes, net.nodes = list(graph.nodes), list(graph.nodes)  # new names count on from these
    position = next((i + 1 for i, node in enumerate(nodes) if tensor in node.outputs), 0)
    last = chain(net, inside)
    added = net.nodes[len(nodes) :]
    if tensor in graph.inputs:
        nodes = [_renamed(node, {tensor: last}, {}) for node in nodes]
    else:
        nodes[position - 1] = _renamed(nodes[position - 1], {}, {tensor: inside})
        added = [_renamed(node, {}, {last: tensor}) for node in added]
    nodes[position:position] = added
    return Graph("net", graph.inputs, graph.outputs, tuple(nodes), net.constants, net.shapes, {})


def _renamed(node: Any, inputs: dict[str, str], outputs: dict[str, str]) -> Any:
    return type(node)(
        f"{node.name}",
        node.op,
        tuple(inputs.get(name, name) for name in node.inputs),
        tuple(outputs.get(name, name) for name in node.outputs),
        node.attrs,
    )


# Chains that do nothing.


def reshaped(net: Net, x: str, to: Shape) -> str:
    return net.add("Reshape", [x], to)


def identity(net: Net, x: str) -> str:
    return reshaped(net, x, net.shapes[x])


def times(net: Net, x: str, exponent: int, op: str = "Mul") -> str:
    """x * 2^exponent, or x / 2^exponent."""
    return net.add(op, [x, net.constant(np.array(2.0**exponent))], net.shapes[x])


def flat_and_back(net: Net, x: str) -> str:
    shape = net.shapes[x]
    return reshaped(net, reshaped(net, x, (int(np.prod(shape)),)), shape)


def turned_and_back(net: Net, x: str) -> str:
    shape = net.shapes[x]
    perm = tuple(reversed(range(len(shape))))
    turned = net.add("Transpose", [x], tuple(shape[i] for i in perm), perm=perm)
    return net.add("Transpose", [turned], shape, perm=perm)


CHAINS: dict[str, Callable[[Net, str], str]] = {
    "identity": identity,
    "mul_mul": lambda net, x: times(net, times(net, x, 3), -3),
    "mul_mul_down": lambda net, x: times(net, times(net, x, -5), 5),
    "div_mul": lambda net, x: times(net, times(net, x, 4, "Div"), 4),
    "mul_div": lambda net, x: times(net, times(net, x, -2), -2, "Div"),
    "mul_apart": lambda net, x: times(net, turned_and_back(net, times(net, x, 3)), -3),
    "mul_apart_down": lambda net, x: times(net, flat_and_back(net, times(net, x, -5)), 5),
    "reshape": flat_and_back,
    "transpose": turned_and_back,
}
