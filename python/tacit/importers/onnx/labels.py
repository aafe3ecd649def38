"""What an ONNX model calls its classes: read of the file as it was given, before anything is put in other words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper

from tacit.importers.onnx.read import DOMAIN_ALIASES, all_parts

Array = npt.NDArray[Any]
Row = tuple[str | float, ...]
Labels = tuple[Row, ...]
ML = "ai.onnx.ml"


def class_labels(model: ModelProto) -> Labels:
    """Names or numbers of classes by the nodes that say so: attributes of classifiers, tensors that labels are picked from."""
    found = list[Row]()
    for part in all_parts(model):
        stored = _stored(part)
        for node in part.node:
            if DOMAIN_ALIASES.get(node.domain, node.domain) != ML:
                continue
            found.extend(_row(_numbers(entry)) for entry in node.attribute if entry.name.startswith("classlabels"))
            if node.op_type == "ArrayFeatureExtractor" and node.input[0] in stored:
                found.append(_row(stored[node.input[0]]))
    return tuple(labels for labels in found if len(labels) > 1)


def possible_labels(model: ModelProto) -> Labels:
    """Rows that are labels if they have as many entries as there are classes: any of texts, and what numbers are encoded as."""
    found = list[Row]()
    for part in all_parts(model):
        found.extend(_row(values) for values in _stored(part).values() if values.dtype.kind in "OSU")
        found.extend(_encoded(node) for node in part.node if node.op_type == "LabelEncoder")
    return tuple(labels for labels in found if len(labels) > 1)


def _stored(part: Any) -> Mapping[str, Array]:
    """Initialisers and Constant nodes of texts, and of so few numbers that they may be classes."""
    tensors = list(part.initializer) if isinstance(part, GraphProto) else []
    small = [tensor for tensor in tensors if tensor.data_type == TensorProto.STRING or np.prod(tensor.dims) <= 1 << 12]
    found = {tensor.name: _values(tensor) for tensor in small if tensor.data_location != TensorProto.EXTERNAL}
    for node in part.node:
        if node.op_type == "Constant" and len(node.output) == 1:
            found.update((node.output[0], _numbers(entry)) for entry in node.attribute)
    return found


def _values(tensor: TensorProto) -> Array:
    try:
        return np.asarray(numpy_helper.to_array(tensor)).reshape(-1)
    except Exception:  # what is damaged is refused by who reads the model
        return np.zeros(0)


def _numbers(entry: AttributeProto) -> Array:
    """What an attribute holds, in a row."""
    if entry.type == AttributeProto.TENSOR:
        return _values(entry.t)
    if len(entry.strings):
        return np.array(list(entry.strings), object)
    return np.array(entry.ints if len(entry.ints) else entry.floats)


def _encoded(node: NodeProto) -> Row:
    """What a LabelEncoder makes of whole numbers, in their order; of texts it makes what the model reads."""
    attributes = {entry.name: _numbers(entry) for entry in node.attribute}
    if "classes_strings" in attributes:
        return _row(attributes["classes_strings"])
    keys = next((values for name, values in attributes.items() if name.startswith("keys_")), np.zeros(0))
    values = next((values for name, values in attributes.items() if name.startswith("values_")), np.zeros(0))
    if keys.dtype.kind not in "iuf" or len(keys) != len(values):
        return ()
    return _row(values[np.argsort(keys, kind="stable")])


def _row(values: Array) -> Row:
    return tuple(map(_label, values.tolist()))


def _label(value: Any) -> str | float:
    """As the schema would have it: whole numbers without a point."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    return int(value) if float(value).is_integer() else float(value)
