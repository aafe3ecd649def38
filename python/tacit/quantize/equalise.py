"""The same float network in other units: hidden tensors rescaled, the weights on both sides making up for it.

For t' = g_t t with one g > 0 a tensor, a layer y = x W + b is y' = x' (W g_y / g_x) + b g_y, and a ReLU, a pool, a view or
a sum gives g times what it gave when all that it reads has the same g. So tensors fall into *classes* that share a factor,
and a class has a free factor unless it meets the outside or something that is not homogeneous: an input, an output, a
table, a bound, a product of two computed tensors. Nothing of this is seen: the factors are absorbed by hidden weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tacit.errors import QuantizationError
from tacit.graph import Graph, Node
from tacit.quantize.calibration import Calibration


@dataclass
class Classes:
    """Tensors by the factor that they share. `fixed`: those whose factor is 1."""

    parent: dict[str, str] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)

    def of(self, tensor: str) -> str:
        """The tensor that stands for the class."""
        while (up := self.parent.setdefault(tensor, tensor)) != tensor:
            self.parent[tensor] = self.parent[up]
            tensor = up
        return tensor

    def join(self, *tensors: str) -> None:
        for tensor in tensors[1:]:
            self.parent[self.of(tensor)] = self.of(tensors[0])


def classes(graph: Graph) -> Classes:
    """The classes of a graph's computed tensors and inputs."""
    found = Classes()
    fixed = [*graph.inputs, *graph.outputs]
    uses: dict[str, tuple[str, str]] = {}
    for node in graph.nodes:
        computed = [name for name in node.inputs if name not in graph.constants]
        out = node.outputs[0]
        if _homogeneous(graph, node):
            found.join(*computed, out)
        elif node.operator.product and len(computed) == 1:
            (weight,) = (name for name in node.inputs[:2] if name in graph.constants)
            before = uses.setdefault(weight, (computed[0], out))
            found.join(before[0], computed[0])  # one weight in two places has one ratio
            found.join(before[1], out)
        elif node.operator.scale_free:
            fixed.append(out)
        else:
            fixed += [*computed, out]
        for name in node.inputs:
            if name in graph.constants and name in node.added:
                found.join(uses.setdefault(f"{name}+", (out, out))[0], out)
    roots = {found.of(name) for name in fixed}
    found.fixed = {name for name in list(found.parent) if found.of(name) in roots}
    return found


def _homogeneous(graph: Graph, node: Node) -> bool:
    """Whether g times the computed operands give g times the result."""
    sizes = [graph.constants[name].size if name in graph.constants else None for name in node.inputs]
    return node.operator.homogeneous(node.attrs, sizes)


def factors(graph: Graph, wanted: Calibration, seen: Calibration) -> dict[str, float]:
    """By class the factor that brings what was seen of its tensors within what is wanted; 1 where it is fixed."""
    known = classes(graph)
    found: dict[str, float] = {}
    for tensor in (name for node in graph.nodes for name in node.outputs):
        root = known.of(tensor)
        own = 1.0 if tensor in known.fixed else wanted.magnitude(tensor) / seen.magnitude(tensor)
        found[root] = min(found.get(root, own), own)
    return found | {known.of(name): 1.0 for name in graph.inputs}


def rescaled(graph: Graph, by: Mapping[str, float]) -> Graph:
    """The graph with every class multiplied by its factor; its outputs are as they were."""
    known = classes(graph)
    constants = dict(graph.constants)

    def put(name: str, factor: float, node: Node) -> None:
        value = graph.constants[name] * factor
        if constants[name] is not graph.constants[name] and not np.array_equal(constants[name], value):
            raise QuantizationError(
                "expected a constant with one use, got a weight that is also added",
                slug="architecture_only",
                place=graph.sources.get(node.name, node.name),
                remedy="export the model with a copy of it for each use",
            )
        constants[name] = value

    for node in graph.nodes:
        out = by[known.of(node.outputs[0])]
        computed = [name for name in node.inputs if name not in graph.constants]
        weighted = node.operator.product and not _homogeneous(graph, node)
        for place, name in enumerate(node.inputs):
            if name not in graph.constants:
                continue
            if weighted and place < 2:
                ratio = out / by[known.of(computed[0])]
                put(name, 1 / ratio if node.op == "Div" else ratio, node)
            elif name in node.added:
                put(name, out, node)
    return replace(graph, constants=constants)
