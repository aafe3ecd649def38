"""A small graph for every float operator that has a rule, in the ways that matter: what several tests of operators run over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from nets import Net

from tacit.graph import Graph, Shape


def elementwise(op: str, **attrs: Any) -> Callable[[], Graph]:
    def make() -> Graph:
        net = Net(3, x=(1, 5))
        return net.graph(net.add(op, [net.dense("x", 7)], (1, 7), **attrs))

    return make


def on_image(*build: Callable[[Net, str], str]) -> Callable[[], Graph]:
    def make() -> Graph:
        net = Net(4, x=(1, 2, 7, 6))
        value = "x"
        for step in build:
            value = step(net, value)
        return net.graph(value)

    return make


def on_rows(shape: tuple[int, ...], *build: Callable[[Net, str], str]) -> Callable[[], Graph]:
    def make() -> Graph:
        net = Net(5, x=shape)
        value = "x"
        for step in build:
            value = step(net, value)
        return net.graph(value)

    return make


def batch_of_images() -> Graph:
    net = Net(4, x=(2, 2, 7, 6))
    value = net.pool("MaxPool", net.relu(net.conv("x", 5, 3)), 2, 2)
    return net.graph(net.add("GlobalAveragePool", [value], (2, 5, 1, 1)))


def residual() -> Graph:
    net = Net(6, x=(1, 3, 5, 5))
    a = net.relu(net.conv("x", 4, 3, 1))
    b = net.conv(a, 4, 3, 1)
    return net.graph(net.relu(net.add("Add", [b, a], (1, 4, 5, 5))))


def two_branches() -> Graph:
    net = Net(7, x=(1, 4, 6, 6))
    a, b = net.conv("x", 6, 3, 1, stride=2), net.conv("x", 6, 1, 0, stride=2)
    return net.graph(net.relu(net.add("Sub", [a, b], (1, 6, 3, 3))))


def attention() -> Graph:
    net = Net(8, x=(1, 4, 6))
    q, k, v = (net.dense("x", 6) for _ in range(3))
    heads = []
    for value, perm in ((q, (0, 2, 1, 3)), (k, (0, 2, 3, 1)), (v, (0, 2, 1, 3))):
        split = net.add("Reshape", [value], (1, 4, 2, 3))
        shape = (1, 2, 3, 4) if perm == (0, 2, 3, 1) else (1, 2, 4, 3)
        heads.append(net.add("Transpose", [split], shape, perm=perm))
    scores = net.add("MatMul", heads[:2], (1, 2, 4, 4))
    scaled = net.add("Mul", [scores, net.constant(np.array(3**-0.5))], (1, 2, 4, 4))
    soft = net.add("Softmax", [scaled], (1, 2, 4, 4), axis=3)
    mixed = net.add("MatMul", [soft, heads[2]], (1, 2, 4, 3))
    back = net.add("Transpose", [mixed], (1, 4, 2, 3), perm=(0, 2, 1, 3))
    return net.graph(net.add("Reshape", [back], (1, 4, 6)))


def flat(net: Net, x: str) -> str:
    n = int(np.prod(net.shapes[x]))
    return net.add("Reshape", [x], (1, n))


def vector_product(net: Net, x: str) -> str:
    return net.add("Mul", [x, net.random(net.shapes[x][1], 1, 1)], net.shapes[x])


def divided(net: Net, x: str) -> str:
    """By numbers of both signs, one a column."""
    n = net.shapes[x][-1]
    return net.add("Div", [x, net.constant(np.linspace(0.5, 2.0, n) * (-1) ** np.arange(n))], net.shapes[x])


def joined(net: Net, x: str) -> str:
    """A layer, a ReLU and a constant, side by side."""
    rows = net.shapes[x][:-1]
    pieces = [net.dense(x, 3), net.relu(net.dense(x, 2)), net.random(*rows, 1)]
    return net.add("Concat", pieces, (*rows, 6), axis=len(rows))


def squared(net: Net, x: str) -> str:
    return net.add("Mul", [x, x], net.shapes[x])


def channel_scale(net: Net, x: str) -> str:
    """x times a value a channel that depends on x (squeeze and excite)."""
    n, c, *_ = net.shapes[x]
    mean = net.add("GlobalAveragePool", [x], (n, c, 1, 1))
    return net.add("Mul", [x, mean], net.shapes[x])


def reduce(op: str, axes: tuple[int, ...], keep: int) -> Callable[[Net, str], str]:
    def build(net: Net, x: str) -> str:
        shape = net.shapes[x]
        kept = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
        return net.add(op, [x], kept, axes=axes, keepdims=keep)

    return build


def conv(channels: int, kernel: int, **options: int) -> Callable[[Net, str], str]:
    return lambda net, x: net.conv(x, channels, kernel, **options)


def pool(op: str, kernel: int, stride: int, pad: int = 0) -> Callable[[Net, str], str]:
    return lambda net, x: net.pool(op, x, kernel, stride, pad)


def act(op: str, **attrs: Any) -> Callable[[Net, str], str]:
    return lambda net, x: net.add(op, [x], net.shapes[x], **attrs)


def shaped(op: str, shape: tuple[int, ...], **attrs: Any) -> Callable[[Net, str], str]:
    return lambda net, x: net.add(op, [x], shape, **attrs)


def broadcast_product(x: Shape, weight: Shape, out: Shape) -> Callable[[], Graph]:
    """A matrix product whose leading axes of extent one are broadcast, on either side."""

    def make() -> Graph:
        net = Net(9, x=x)
        return net.graph(net.add("MatMul", ["x", net.random(*weight, scale=0.5)], out))

    return make


def broadcast_hidden() -> Graph:
    net = Net(10, x=(1, 2, 3, 4), z=(1, 1, 4, 2))
    return net.graph(net.add("MatMul", ["x", "z"], (1, 2, 3, 2)))


CASES: dict[str, Callable[[], Graph]] = {
    "matmul_broadcast_input": broadcast_product((1, 3, 4), (2, 4, 5), (2, 3, 5)),
    "matmul_broadcast_weight": broadcast_product((1, 2, 3, 4), (1, 4, 5), (1, 2, 3, 5)),
    "matmul_broadcast_hidden": broadcast_hidden,
    "relu": elementwise("Relu"),
    "leaky": elementwise("LeakyRelu", alpha=0.01),
    "clip": elementwise("Clip", min=-0.5, max=0.75),
    "clip_low": elementwise("Clip", min=-0.5, max=float("inf")),
    "clip_high": elementwise("Clip", min=float("-inf"), max=0.5),
    "clip_relu6": elementwise("Clip", min=0.0, max=1.0),
    "clip_none": elementwise("Clip", min=float("-inf"), max=1e9),
    "sigmoid": elementwise("Sigmoid"),
    "tanh": elementwise("Tanh"),
    "erf": elementwise("Erf"),
    "gelu": elementwise("Gelu", approximate="none"),
    "gelu_tanh": elementwise("Gelu", approximate="tanh"),
    "softmax": elementwise("Softmax", axis=1),
    "conv": on_image(conv(5, 3, pad=1)),
    "conv_relu": on_image(conv(5, 3, stride=2), act("Relu")),
    "conv_relu_pool": on_image(conv(5, 3), act("Relu"), pool("MaxPool", 2, 2), conv(3, 2)),
    "conv_pool": on_image(conv(5, 2), pool("MaxPool", 3, 3)),
    "conv_pool_relu": on_image(conv(3, 3, pad=1), pool("MaxPool", 2, 2), act("Relu")),
    "conv_relu_pool_flat": on_image(conv(4, 3), act("Relu"), pool("MaxPool", 2, 2), flat, lambda n, x: n.dense(x, 3)),
    "depthwise": on_image(conv(2, 3, pad=1, group=2), act("Relu"), conv(3, 1)),
    "grouped": on_image(conv(6, 2), conv(4, 3, group=2), act("Relu")),
    "max_pool_overlapping": on_image(conv(3, 2), act("Relu"), pool("MaxPool", 3, 2, 1)),
    "max_pool_input": on_image(pool("MaxPool", 3, 1, 1)),
    "average_pool": on_image(conv(3, 3, pad=1), act("Relu"), pool("AveragePool", 2, 2)),
    "average_pool_odd": on_image(pool("AveragePool", 3, 2, 1), conv(3, 1)),
    "global_average": on_image(conv(3, 3), act("Relu"), shaped("GlobalAveragePool", (1, 3, 1, 1)), flat),
    "global_average_two": on_rows((1, 3, 4, 4), shaped("GlobalAveragePool", (1, 3, 1, 1))),
    "vector_product": on_image(vector_product, act("Relu")),
    "divided": on_rows((1, 4, 3), lambda n, x: n.dense(x, 4), divided, act("Relu")),
    "joined": on_rows((1, 4, 3), joined, lambda n, x: n.dense(x, 2)),
    "squared": on_rows((1, 4, 3), squared),
    "channel_scale": on_image(conv(3, 2), act("Relu"), channel_scale, conv(2, 1)),
    "sum": on_rows((1, 4, 3), reduce("ReduceSum", (1,), 0)),
    "mean_keep": on_rows((1, 4, 3), reduce("ReduceMean", (1, 2), 1)),
    "mean_rows": on_rows((1, 5, 3), lambda n, x: n.dense(x, 4), act("Relu"), reduce("ReduceMean", (1,), 0)),
    "softmax_middle": on_rows((1, 4, 3), act("Softmax", axis=1)),
    "transpose": on_rows((1, 4, 3), lambda n, x: n.dense(x, 5), shaped("Transpose", (5, 1, 4), perm=(2, 0, 1))),
    "slice": on_rows((1, 6, 3), shaped("Slice", (1, 3, 3), starts=(5,), ends=(0,), axes=(1,), steps=(-2,))),
    "pad": on_rows((1, 4, 3), shaped("Pad", (1, 7, 4), pads=(0, 1, 0, 0, 2, 1)), lambda n, x: n.dense(x, 2)),
    "reshape": on_rows((1, 4, 6), lambda n, x: n.dense(x, 6), shaped("Reshape", (1, 2, 12)), act("Relu")),
    "batch_of_images": batch_of_images,
    "residual": residual,
    "two_branches": two_branches,
    "attention": attention,
}


def uneven(scaler: bool = True) -> tuple[Graph, dict[str, Any]]:
    """Columns of magnitudes from 1e-3 to 1e4, standardised in the graph or not, then a dense layer."""
    net = Net(12, x=(1, 6))
    scales = np.array([1e4, 1e-3, 1.0, 35.0, 0.02, 300.0])
    value = "x"
    if scaler:
        moved = net.add("Add", [value, net.constant(-3 * scales)], (1, 6))
        value = net.add("Mul", [moved, net.constant(1 / scales)], (1, 6))
        value = net.dense(value, 5)
    else:
        product = net.add("MatMul", [value, net.constant(net.rng.normal(size=(6, 5)) / scales[:, None])], (1, 5))
        value = net.add("Add", [product, net.random(5)], (1, 5))
    x = {"x": (3 + np.random.default_rng(0).normal(size=(40, 1, 6))) * scales}
    return net.graph(net.dense(net.relu(value), 3)), x
