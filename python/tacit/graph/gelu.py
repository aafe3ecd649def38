"""Recognises GELU however it is written, by its values.

A region of elementwise nodes that reads one tensor x and single numbers is a function of one variable. When that
function is GELU on a dense grid, the region is GELU: exporters write it in many orders, with rounded constants, and all
are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tacit.graph.nodes import Array, Node
from tacit.graph.registry import CANONICAL

if TYPE_CHECKING:
    from tacit.graph.rewriting import Rewriter

GRID = np.linspace(-12.0, 12.0, 2401)
TOLERANCE = 1e-6  # of the function's values, absolute and relative; exporters round constants to float32 or to 7 digits
ABOVE, BELOW = 8, 5  # nodes between x and the Erf or Tanh, and between that and the result


def find_gelu(rewriter: Rewriter, node: Node) -> None:
    """If ``node`` is the Erf or Tanh of a GELU, put a Gelu node in the place of the region's last node."""
    if node.op not in ("Erf", "Tanh"):
        return
    approximate = "none" if node.op == "Erf" else "tanh"
    wanted = CANONICAL["Gelu"].evaluate({"approximate": approximate}, [GRID])
    for last in _below(rewriter, node):
        for x in _above(rewriter, node):
            if rewriter.shape(x) != rewriter.shape(last.outputs[0]):
                continue
            found = _values(rewriter, last.outputs[0], {x: GRID}, ABOVE + BELOW)
            if found is None or np.shape(found) != GRID.shape:
                continue
            if np.allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE):
                gelu = Node(last.name, "Gelu", (x,), last.outputs, {"approximate": approximate})
                rewriter.replace(last, gelu)
                rewriter.builder.sources[last.name] += f", {rewriter.builder.sources[node.name]}"
                return


def _above(rewriter: Rewriter, node: Node) -> list[str]:
    """Tensors that the node depends on through elementwise nodes, nearest first."""
    found: dict[str, None] = {}
    layer = [node]
    for _ in range(ABOVE):
        names = [name for member in layer for name in member.inputs if rewriter.constant(name) is None]
        found.update(dict.fromkeys(names))
        producers = [rewriter.nodes[rewriter.producer[name]] for name in names if name in rewriter.producer]
        layer = [producer for producer in producers if producer.operator.elementwise]
    return list(found)


def _below(rewriter: Rewriter, node: Node) -> list[Node]:
    """Elementwise nodes that depend on the node, farthest first."""
    found: dict[str, Node] = {}
    layer = [node]
    for _ in range(BELOW):
        names = [reader for member in layer for reader in rewriter.readers.get(member.outputs[0], [])]
        layer = [rewriter.nodes[name] for name in dict.fromkeys(names)]
        layer = [member for member in layer if member.operator.elementwise]
        for member in layer:
            found.pop(member.name, None)
            found[member.name] = member
    return list(reversed(found.values()))


def _values(rewriter: Rewriter, tensor: str, known: dict[str, Array | None], depth: int) -> Array | None:
    """The tensor's values when x runs over the grid, or None when it depends on more than x and single numbers."""
    if tensor in known:
        return known[tensor]
    result: Array | None = None
    value = rewriter.constant(tensor)
    if value is not None:
        # A weight of one number that is trained is no number of the function, whatever it starts at.
        plain = value.size == 1 and not (rewriter.apart and rewriter.builder.made_of[tensor])
        result = value.reshape(-1)[0] if plain else None
    elif depth > 0 and tensor in rewriter.producer:
        node = rewriter.nodes[rewriter.producer[tensor]]
        if node.operator.elementwise:
            inputs = [_values(rewriter, name, known, depth - 1) for name in node.inputs]
            if all(entry is not None for entry in inputs):
                with np.errstate(all="ignore"):
                    result = node.operator.evaluate(node.attrs, inputs)  # type: ignore[arg-type]
    known[tensor] = result
    return result
