"""Weights within local functions of a model that is to be trained: each call has a copy of them, and the copies would part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from onnx import FunctionProto, GraphProto, ModelProto

from tacit.errors import ModelError
from tacit.importers.onnx.functions import Key, key_of
from tacit.importers.onnx.read import all_graphs
from tacit.importers.onnx.shapes import FLOATS
from tacit.importers.onnx.weights import many_numbers


def check_functions(model: ModelProto) -> None:
    """Functions that are called more than once have no weights of their own. Raises ModelError (slug weights)."""
    functions = {key_of(function.domain, function.name, function): function for function in model.functions}
    within = {name: [call for call in _calls(part) if call in functions] for name, part in functions.items()}
    sites = Counter(call for calls in (_calls(model.graph), *within.values()) for call in calls)
    often = {name for name in functions if sites[name] > 1}
    waiting = list(often)
    while waiting:  # what is called within them is called as often
        new = set(within[waiting.pop()]) - often
        often |= new
        waiting.extend(new)
    for name in functions:
        weight = next(_weights(functions[name]), None) if name in often else None
        if weight is not None:
            raise ModelError(
                "it stands in a function that is called more than once, and each call would train a copy of its own",
                slug="weights",
                place=f"{weight} of function {name[1]}",
                remedy="store it as an initializer of the graph and give it to the function as an input, one for each call",
            )


def _calls(part: GraphProto | FunctionProto) -> list[Key]:
    return [key_of(node.domain, node.op_type, node) for graph in all_graphs(part) for node in graph.node]


def _weights(function: FunctionProto) -> Iterator[str]:
    for part in all_graphs(function):
        yield from (node.output[0] for node in part.node if next(many_numbers(node), None) is not None)
        if isinstance(part, GraphProto):
            yield from (tensor.name for tensor in part.initializer if tensor.data_type in FLOATS)
