"""What stands behind a constant of a graph in the file that it was imported from: for errors, which name what people can find."""

from __future__ import annotations

from dataclasses import dataclass

import onnx
from onnx import GraphProto

from tacit.graph.nodes import Graph
from tacit.importers.onnx.read import node_name


@dataclass(frozen=True)
class Behind:
    """`nodes`: of the file, those that read the constant, by name and operator. `weights`: the initializers it is made of."""

    nodes: tuple[str, ...] = ()
    operators: frozenset[str] = frozenset()
    weights: tuple[str, ...] = ()


def behind(graph: Graph, tensor: str) -> Behind:
    """Of a constant; empty where the file is not there any more, or has other names (a module is exported anew)."""
    found = _file(graph)
    if found is None:
        return Behind()
    wanted = {
        name.strip()
        for node in graph.nodes
        if tensor in node.inputs
        for name in graph.sources.get(node.name, "").split(",")
    }
    fixed = _fixed(found)
    nodes, operators, weights = [], set(), dict[str, None]()
    for index, node in enumerate(found.node):
        if node_name(node, index) not in wanted:
            continue
        behind = [name for own in node.input for name in fixed.get(own, ())]
        if behind:
            nodes.append(f"{node_name(node, index)} ({node.op_type})")
            operators.add(node.op_type)
            weights.update(dict.fromkeys(behind))
    return Behind(tuple(nodes), frozenset(operators), tuple(weights))


def _file(graph: Graph) -> GraphProto | None:
    origin = graph.origin
    if origin is None:
        return None
    try:
        if origin.content is not None:
            return onnx.ModelProto.FromString(origin.content).graph
        return onnx.load(str(origin.path), load_external_data=False).graph
    except Exception:  # for the sake of an error's words only
        return None


def _fixed(graph: GraphProto) -> dict[str, tuple[str, ...]]:
    """Tensors that no input reaches, each with the initializers that it is made of."""
    found: dict[str, tuple[str, ...]] = {tensor.name: (tensor.name,) for tensor in graph.initializer}
    for node in graph.node:
        if node.input and all(name in found for name in node.input if name):
            made = tuple(dict.fromkeys(own for name in node.input if name for own in found[name]))
            found.update(dict.fromkeys(node.output, made))
    return found
