"""Models that end with the logarithms of probabilities: a softmax of these is the softmax of the scores before them."""

from __future__ import annotations

from onnx import ModelProto


def without_logs(model: ModelProto) -> bool:
    """Take a LogSoftmax over the classes (n, classes) at the end away; whether there was one.

    Cross-entropy is the same of the scores before it, entry by entry and in its gradient.
    """
    ranks = {entry.name: len(entry.type.tensor_type.shape.dim) for entry in model.graph.output}
    found = [
        node
        for node in model.graph.node
        if (node.domain, node.op_type) == ("", "LogSoftmax") and ranks.get(node.output[0]) == 2
    ]
    for node in found:
        axes = [attribute.i for attribute in node.attribute if attribute.name == "axis"]
        if axes not in ([], [1], [-1]):  # by default the last one, or all from the second on
            return False
        node.op_type = "Identity"
        del node.attribute[:]
    return bool(found)
