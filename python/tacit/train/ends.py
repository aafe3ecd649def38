"""How a model ends: what a loss reads of it. Probabilities are no scores; the loss makes them itself.

A softmax or a sigmoid that is the loss's own is cut off, also where views of its results stand behind it: entry by entry the
same is done before or after a view. Whatever else gives probabilities is refused: they would be taken for scores, and the
gradient be that of a softmax of a softmax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, prod
from typing import Any

import numpy as np

from tacit.errors import ModelError
from tacit.graph.builder import GraphBuilder
from tacit.graph.nodes import Graph, Node
from tacit.graph.registry import CANONICAL

#: Operators that make probabilities of scores, and the loss whose own each is.
ENDS = {"Softmax": "cross_entropy", "Sigmoid": "logistic"}
Interval = tuple[float, float]
#: An operator that moves entries, and its attributes.
View = tuple[str, Mapping[str, Any]]


def scores_of(graph: Graph, end: str) -> tuple[Graph, str, str]:
    """The graph, perhaps with nodes more, the tensor that the loss reads, and the output that it is part of.

    `end`: the operator that the loss does itself; "" where it takes numbers as they are. Raises ModelError (slug outputs).
    """
    made = {node.outputs[0]: node for node in graph.nodes}
    outputs = [name for name in graph.outputs if name in made]
    if end and len(outputs) > 1:  # a classifier's label beside its probabilities
        outputs = [name for name in outputs if graph.kinds.get(name, "float") == "float"]
    if len(outputs) != 1:
        raise ModelError(f"expected one output, got {', '.join(graph.outputs)}", slug="outputs", place=graph.name)
    output = outputs[0]
    last, views = made[output], list[Node]()
    while last.op in ("Reshape", "Transpose") or _times_one(graph, last):
        views.append(last)
        if last.inputs[0] not in made:
            break
        last = made[last.inputs[0]]
    if not end or last.op not in ENDS:
        _refuse_probabilities(graph, made, output, end)
        return graph, output, output
    _check_end(graph, last, end)
    if last.inputs[0] not in made:
        return graph, output, output
    kept = [(view.op, view.attrs) for view in reversed(views) if view.op != "Mul"]
    shape = graph.shapes[(views or [last])[0].outputs[0]]
    if len(shape) != 2 and len([n for n in shape[1:] if n > 1]) < 2 and views:  # a score a record, or a row of them
        kept.append(("Reshape", {"shape": (1, prod(shape))}))
    return *_behind(graph, kept, last.inputs[0], output), output


def _check_end(graph: Graph, last: Node, end: str) -> None:
    """The probabilities are those that the loss makes of scores."""
    if last.op != end:
        raise ModelError(
            f"expected scores, or {end} of them, as the loss has it, got {last.op}",
            slug="outputs",
            place=last.name,
            remedy=f"give the model without it, or train with loss={ENDS[last.op]!r}",
        )
    shape = graph.shapes[last.outputs[0]]
    axis = last.attrs["axis"] if last.op == "Softmax" else 0
    if last.op == "Softmax" and (axis == 0 or prod(shape[1:]) != shape[axis]):
        raise ModelError(
            f"expected a softmax over the classes of a record, got one over axis {axis} of {list(shape)}",
            slug="outputs",
            place=last.name,
            remedy="take the softmax over the last axis, or give the model without it",
        )


def _times_one(graph: Graph, node: Node) -> bool:
    """Whether a node is x * 1, of a number that is no weight: an output keeps its node."""
    if node.op != "Mul" or node.inputs[1] not in graph.constants or graph.provenance is None:
        return False
    plain = not graph.provenance.made_of[node.inputs[1]]
    same = graph.shapes[node.inputs[0]] == graph.shapes[node.outputs[0]]
    return plain and same and bool((graph.constants[node.inputs[1]] == 1.0).all())


def _behind(graph: Graph, views: Sequence[View], tensor: str, output: str) -> tuple[Graph, str]:
    """Views of another tensor, beside the nodes that are there; the last of them."""
    builder = GraphBuilder()
    builder.reserve([*graph.shapes])
    nodes, shapes, kinds, sources = list(graph.nodes), dict(graph.shapes), dict(graph.kinds), dict(graph.sources)
    names = {node.name for node in nodes}
    for op, attrs in views:
        out = builder.fresh(f"{output}/scores")
        name = out if out not in names else builder.fresh(f"{out}/view")
        nodes.append(Node(name, op, (tensor,), (out,), attrs))
        shapes[out], kinds[out] = CANONICAL[op].shape(attrs, [shapes[tensor]]), "float"
        sources[name], tensor = output, out
    return replace(graph, nodes=tuple(nodes), shapes=shapes, kinds=kinds, sources=sources), tensor


def _refuse_probabilities(graph: Graph, made: Mapping[str, Node], output: str, end: str) -> None:
    """What lies between 0 and 1 whatever the record is, is no score."""
    found = dict[str, Interval]()
    for node in graph.nodes:
        found[node.outputs[0]] = _interval(graph, node, found)
    lo, hi = found[output]
    if end and lo >= 0 and hi <= 1:
        raise ModelError(
            f"expected scores, got results between {lo:g} and {hi:g}, as probabilities are",
            slug="outputs",
            place=made[output].name,
            remedy="end the model with the scores before its last softmax or sigmoid (of two classes in one score a flag)",
        )


def _interval(graph: Graph, node: Node, found: Mapping[str, Interval]) -> Interval:
    """Where a node's results lie, as far as that follows from its operands and single numbers."""
    operator = node.operator
    if operator.gives is not None:
        return operator.gives
    if operator.limits is not None:
        return float(node.attrs[operator.limits[0]]), float(node.attrs[operator.limits[1]])
    ranges = [_known(graph, name, found) for name in node.inputs]
    if operator.keeps_range:
        return ranges[0]
    if operator.moves:  # or zeros
        return min(0.0, *(lo for lo, _ in ranges)), max(0.0, *(hi for _, hi in ranges))
    if node.op not in ("Add", "Sub", "Mul"):
        return -inf, inf
    (a, b), (c, d) = ranges
    if node.op == "Add":
        return a + c, b + d
    if node.op == "Sub":
        return a - d, b - c
    with np.errstate(invalid="ignore"):
        ends = np.nan_to_num(np.multiply.outer([a, b], [c, d]), nan=0.0, posinf=inf, neginf=-inf)
    return float(ends.min()), float(ends.max())


def _known(graph: Graph, name: str, found: Mapping[str, Interval]) -> Interval:
    constant = graph.constants.get(name)
    if constant is None:
        return found.get(name, (-inf, inf))
    return (float(constant.min()), float(constant.max())) if constant.size == 1 else (-inf, inf)
