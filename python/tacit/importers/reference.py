"""The original model's outputs by onnxruntime: what a quantised program is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tacit.errors import InputError, MissingDependency, ModelError
from tacit.graph import Array, Graph, Origin, Shape
from tacit.importers.evaluate import split_samples

if TYPE_CHECKING:
    import onnxruntime

TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint64)": np.uint64,
    "tensor(uint32)": np.uint32,
    "tensor(uint16)": np.uint16,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


def run_reference(model: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs (samples, *shape) in float64; see :func:`tacit.graph.reference_outputs`."""
    if isinstance(model, Graph):
        if model.origin is None:
            raise ModelError("this graph was not imported from a model", slug="no_origin", place=f"graph {model.name}")
        origin = model.origin
    else:
        from tacit.importers import origin_of

        origin = origin_of(model)
    session = _session(origin)
    types: dict[str, type[np.generic]] = {}
    shapes: dict[str, Shape] = {}
    for entry in session.get_inputs():
        if entry.type not in TYPES:
            raise ModelError(
                f"type {entry.type} is not a tensor of numbers", slug="input_type", place=f"input {entry.name}"
            )
        types[entry.name] = TYPES[entry.type]
        shapes[entry.name] = tuple(extent if isinstance(extent, int) else origin.batch for extent in entry.shape)
    names = list(origin.outputs) or [entry.name for entry in session.get_outputs() if entry.type in TYPES]
    rows: list[list[Array]] = []
    for sample in split_samples(inputs, shapes):
        feeds = {name: np.ascontiguousarray(array, dtype=types[name]) for name, array in sample.items()}
        try:
            results = session.run(names, feeds)
        except Exception as error:  # onnxruntime has no common exception type
            raise InputError(f"onnxruntime: {error}", slug="reference", place="reference") from error
        rows.append([np.asarray(result, dtype=np.float64) for result in results])
    if not rows:
        raise InputError("there are no samples", slug="input_shape", place="inputs")
    return {name: np.stack([row[index] for row in rows]) for index, name in enumerate(names)}


def _session(origin: Origin) -> onnxruntime.InferenceSession:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency(
            "onnxruntime is not installed", place="reference", hint="pip install onnxruntime"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        source = origin.content if origin.content is not None else origin.path
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common exception type
        raise ModelError(f"onnxruntime refuses the model: {error}", slug="reference", place="reference") from error
