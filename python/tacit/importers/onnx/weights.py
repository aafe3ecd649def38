"""The weights of an ONNX model, by the model's own graph: what is stored in it, and what each output depends on.

No importer and no rewriting has a part in this: it is what a graph that is trained is held against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, numpy_helper

from tacit.importers.onnx.read import DOMAIN_ALIASES, node_name, node_reads
from tacit.importers.onnx.shapes import FLOATS

Array = npt.NDArray[Any]
ML = "ai.onnx.ml"
#: Of these operators no result depends on the numbers of an input, or on those from one on; inputs are numbers always.
SHAPES_ONLY, FIRST_ONLY, NO_NUMBERS = ("Shape", "Size"), ("Dropout",), ("Imputer",)


def weight_attributes(node: NodeProto, index: int) -> Iterator[tuple[str, AttributeProto]]:
    """Attributes of classical models that hold weights, by the names that these have: `node/coefficients`."""
    if DOMAIN_ALIASES.get(node.domain, node.domain) == ML and node.op_type not in NO_NUMBERS:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.FLOATS and len(attribute.floats):
                yield f"{node_name(node, index)}/{attribute.name}", attribute


def many_numbers(node: NodeProto) -> Iterator[AttributeProto]:
    """Several real numbers in a Constant node: some exporters keep weights there. Single ones are the architecture's."""
    if node.op_type != "Constant" or node.domain not in ("", "ai.onnx"):
        return
    for attribute in node.attribute:
        many = attribute.name == "value_floats" and len(attribute.floats) > 1
        tensor = attribute.t if attribute.name == "value" else None
        if many or (tensor is not None and tensor.data_type in FLOATS and int(np.prod(tensor.dims)) > 1):
            yield attribute


def needed_weights(model: ModelProto) -> dict[str, frozenset[str]]:
    """By output, the weights that it depends on."""
    own = {tensor.name: {tensor.name} for tensor in model.graph.initializer if tensor.data_type in FLOATS}
    found: dict[str, set[str]] = dict(own)
    for index, node in enumerate(model.graph.node):
        reads = node_reads(node)
        if node.domain in ("", "ai.onnx"):
            reads = set() if node.op_type in SHAPES_ONLY else {node.input[0]} if node.op_type in FIRST_ONLY else reads
        depends = set[str]().union(*(found.get(name, ()) for name in reads))
        depends.update(name for name, _ in weight_attributes(node, index))
        if next(many_numbers(node), None) is not None:
            depends.add(node.output[0])
        for name in node.output:
            found[name] = depends
    return {entry.name: frozenset(found.get(entry.name, ())) for entry in model.graph.output}


def with_weights(model: ModelProto, values: Mapping[str, Array]) -> ModelProto:
    """The same model with other numbers in some of its weights, each in the order in which the model stores it."""
    made = ModelProto()
    made.CopyFrom(model)
    for tensor in made.graph.initializer:
        if tensor.name in values:
            _store(tensor, values[tensor.name])
    for index, node in enumerate(made.graph.node):
        for name, attribute in weight_attributes(node, index):
            if name in values:
                attribute.floats[:] = values[name].reshape(-1).tolist()
        for attribute in many_numbers(node):
            given = values.get(node.output[0])
            if given is not None and attribute.name == "value":
                _store(attribute.t, given)
            elif given is not None:
                attribute.floats[:] = given.reshape(-1).tolist()
    return made


def _store(tensor: TensorProto, values: Array) -> None:
    kind = np.asarray(numpy_helper.to_array(tensor)).dtype
    tensor.CopyFrom(numpy_helper.from_array(values.reshape(tuple(tensor.dims)).astype(kind), tensor.name))
