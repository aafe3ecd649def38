"""The canonical float graph: what the importers produce and the quantiser reads."""

from tacit.graph.evaluation import evaluate, evaluate_samples
from tacit.graph.nodes import Array, Graph, Node, Origin, Shape

__all__ = ["Array", "Graph", "Node", "Origin", "Shape", "evaluate", "evaluate_samples"]
