"""Local functions of a model, put in place of their calls; bounded before it is done."""

from __future__ import annotations

import onnx
import onnx.inliner
from onnx import AttributeProto, FunctionProto, ModelProto, NodeProto

from tacit.errors import ModelError

#: Functions that call one another, at most so deep.
MOST_CALLS = 64

Key = tuple[str, str, str]


def inline_functions(model: ModelProto, most_nodes: int) -> None:
    """Replace every call of a local function by its nodes. Raises :class:`ModelError`: recursion, or too many nodes."""
    if not model.functions:
        return
    functions = {key_of(f.domain, f.name, f): f for f in model.functions}
    sizes: dict[Key, int] = {}
    total = sum(_size(node, functions, sizes, (), most_nodes) for node in model.graph.node)
    if total > most_nodes:
        raise ModelError(
            f"expected at most {most_nodes} nodes with the functions in place, got {total}",
            slug="too_large",
            place="functions",
            remedy="split the model",
        )
    try:
        model.CopyFrom(onnx.inliner.inline_local_functions(model))
    except Exception as error:  # the library has no common exception type
        reason = str(error).strip().split("\n")[0]
        raise ModelError(
            f"ONNX cannot put the local functions in place: {reason}",
            slug="structure",
            place="functions",
            remedy="export the model again without local functions",
        ) from error


def key_of(domain: str, name: str, item: NodeProto | FunctionProto) -> Key:
    return ("" if domain == "ai.onnx" else domain, name, getattr(item, "overload", ""))


def _size(
    node: NodeProto, functions: dict[Key, FunctionProto], sizes: dict[Key, int], calls: tuple[Key, ...], most: int
) -> int:
    """Nodes that this one becomes, those of its subgraphs included. Each function is counted once."""
    count = 1
    for attribute in node.attribute:
        for graph in [*attribute.graphs, *([attribute.g] if attribute.type == AttributeProto.GRAPH else [])]:
            count += sum(_size(inner, functions, sizes, calls, most) for inner in graph.node)
    key = key_of(node.domain, node.op_type, node)
    function = functions.get(key)
    if function is None:
        return count
    if key in calls or len(calls) >= MOST_CALLS:
        raise ModelError(
            "it calls itself" if key in calls else f"functions call one another more than {MOST_CALLS} deep",
            slug="structure",
            place=f"function {function.name}",
            remedy="ONNX has no recursion: export the model again",
        )
    if key not in sizes:
        inner = sum(_size(part, functions, sizes, (*calls, key), most) for part in function.node)
        sizes[key] = min(inner, most + 1)
    return count + sizes[key]
