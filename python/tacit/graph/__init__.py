"""The canonical float graph: what the importers produce and the quantiser reads."""

from tacit.graph.nodes import Array, Graph, Node, Origin, Shape, evaluate, evaluate_samples, load, original_outputs

__all__ = [
    "Array",
    "Graph",
    "Node",
    "Origin",
    "Shape",
    "evaluate",
    "evaluate_samples",
    "load",
    "original_outputs",
]
