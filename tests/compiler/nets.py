"""Small seeded networks as canonical graphs, without any importer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.graph import Graph, Node

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


class Net:
    """A graph under construction; shapes are stated by the caller."""

    def __init__(self, seed: int, **inputs: Shape) -> None:
        self.rng = np.random.default_rng(seed)
        self.inputs, self.nodes = tuple(inputs), list[Node]()
        self.shapes: dict[str, Shape] = dict(inputs)
        self.constants: dict[str, Array] = {}

    def constant(self, values: Array) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(values, dtype=np.float64)
        self.shapes[name] = self.constants[name].shape
        return name

    def random(self, *shape: int, scale: float = 1.0) -> str:
        return self.constant(self.rng.normal(size=shape) * scale)

    def add(self, op: str, inputs: Sequence[str], shape: Shape, **attrs: Any) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(Node(name, op, tuple(inputs), (name,), attrs))
        self.shapes[name] = shape
        return name

    def dense(self, x: str, width: int) -> str:
        n = self.shapes[x][-1]
        shape = (*self.shapes[x][:-1], width)
        product = self.add("MatMul", [x, self.random(n, width, scale=n**-0.5)], shape)
        return self.add("Add", [product, self.random(width, scale=0.3)], shape)

    def relu(self, x: str) -> str:
        return self.add("Relu", [x], self.shapes[x])

    def conv(self, x: str, channels: int, kernel: int, pad: int = 0, stride: int = 1, group: int = 1) -> str:
        n, c, h, w = self.shapes[x]
        weight = self.random(channels, c // group, kernel, kernel, scale=(c // group * kernel * kernel) ** -0.5)
        out = [(e + 2 * pad - kernel) // stride + 1 for e in (h, w)]
        attrs = {"strides": (stride,) * 2, "dilations": (1, 1), "pads": (pad,) * 4, "group": group}
        return self.add("Conv", [x, weight, self.random(channels, scale=0.2)], (n, channels, *out), **attrs)

    def pool(self, op: str, x: str, kernel: int, stride: int, pad: int = 0) -> str:
        n, c, h, w = self.shapes[x]
        out = [(e + 2 * pad - kernel) // stride + 1 for e in (h, w)]
        attrs: dict[str, Any] = {
            "kernel_shape": (kernel,) * 2,
            "strides": (stride,) * 2,
            "dilations": (1, 1),
            "pads": (pad,) * 4,
        }
        if op == "AveragePool":
            attrs["count_include_pad"] = 1
        return self.add(op, [x], (n, c, *out), **attrs)

    def graph(self, *outputs: str) -> Graph:
        return Graph("net", self.inputs, outputs, tuple(self.nodes), self.constants, self.shapes, {})


def mlp(seed: int = 0, batch: int = 1, widths: Sequence[int] = (6, 9, 5, 3)) -> Graph:
    """Dense layers with ReLU between them."""
    net = Net(seed, x=(batch, widths[0]))
    value = "x"
    for i, width in enumerate(widths[1:]):
        value = net.dense(value, width)
        if i < len(widths) - 2:
            value = net.relu(value)
    return net.graph(value)
