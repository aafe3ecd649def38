"""The original model by onnxruntime: what a quantised program is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tacit.errors import InputError, MissingDependency, ModelError
from tacit.graph import Array, Graph, Origin, Shape
from tacit.graph.evaluation import split_samples
from tacit.importers import origin_of

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


def run_original(model: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs of the model as it was given, by onnxruntime: float truth for reports; (samples, *shape) in float64.

    ``model`` is a :class:`Graph` (then its origin is run) or anything that :func:`tacit.importers.load` accepts; ``inputs``
    as in :func:`tacit.graph.evaluate`. Raises InputError, ModelError.
    """
    if isinstance(model, Graph):
        if model.origin is None:
            raise ModelError("this graph was not imported from a model", slug="no_origin", place=f"graph {model.name}")
        origin = model.origin
    else:
        origin = origin_of(model)
    model = Original(origin)
    rows = [model.run(sample) for sample in split_samples(inputs, model.shapes)]
    return {name: np.stack([row[name] for row in rows]) for name in model.outputs}


class Original:
    """A model as it was given, in onnxruntime. `shapes`: of its inputs, batch included; `outputs`: names.

    Raises ModelError when onnxruntime refuses it.
    """

    def __init__(self, origin: Origin) -> None:
        self._session = _session(origin)
        self._types: dict[str, type[np.generic]] = {}
        self.shapes: dict[str, Shape] = {}
        for entry in self._session.get_inputs():
            if entry.type not in TYPES:
                raise ModelError(
                    f"type {entry.type} is not a tensor of numbers", slug="input_type", place=f"input {entry.name}"
                )
            self._types[entry.name] = TYPES[entry.type]
            self.shapes[entry.name] = tuple(e if isinstance(e, int) else origin.batch for e in entry.shape)
        known = [entry.name for entry in self._session.get_outputs() if entry.type in TYPES]
        self.outputs = list(origin.outputs) or known

    def run(self, sample: Mapping[str, Array]) -> dict[str, Array]:
        """One sample, arrays of `shapes`, to its outputs in float64. Raises InputError."""
        feeds = {name: _typed(name, sample[name], kind) for name, kind in self._types.items()}
        try:
            results = self._session.run(self.outputs, feeds)
        except Exception as error:  # onnxruntime has no common exception type
            raise InputError(f"onnxruntime: {error}", slug="onnxruntime", place="original") from error
        return {name: np.asarray(x, dtype=np.float64) for name, x in zip(self.outputs, results, strict=True)}


def _typed(name: str, values: Array, kind: type[np.generic]) -> Array:
    """The values in an input's own type. Raises InputError where an integer type would make others of them."""
    array = np.asarray(values)
    if issubclass(kind, np.integer) and array.dtype != kind:
        ends = np.iinfo(kind)
        wrong = array[(array < float(ends.min)) | (array >= float(ends.max) + 1) | (array != np.floor(array))]
        if wrong.size:
            raise InputError(
                f"expected whole numbers from {ends.min} to {ends.max}, got {wrong.flat[0]}",
                slug="range",
                place=f"input {name}",
                remedy=f"the model takes {ends.dtype}: give numbers of that type",
            )
    return np.ascontiguousarray(array, dtype=kind)


def _readable(path: str | None) -> str | bytes | None:
    """The path, which the library may want for data beside it; the file's bytes where the name is no text."""
    try:
        (path or "").encode()
    except UnicodeEncodeError:
        return Path(path or "").read_bytes()
    return path


def _session(origin: Origin) -> onnxruntime.InferenceSession:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency(
            "onnxruntime is not installed", place="original", remedy="pip install onnxruntime"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        source = origin.content if origin.content is not None else _readable(origin.path)
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common exception type
        raise ModelError(f"onnxruntime refuses the model: {error}", slug="onnxruntime", place="original") from error
