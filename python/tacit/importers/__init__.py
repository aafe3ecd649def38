"""From a model to a canonical float graph (:class:`tacit.graph.Graph`)."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from onnx import ModelProto

from tacit.errors import ModelError
from tacit.graph.nodes import Graph, Origin
from tacit.importers import sklearn, torch
from tacit.importers.onnx import read
from tacit.importers.onnx.labels import Labels, class_labels, possible_labels
from tacit.importers.onnx.logs import without_logs
from tacit.importers.onnx.registry import supported_operators
from tacit.importers.onnx.translate import Apart, import_model

__all__ = ["Apart", "load", "origin_of", "supported_operators"]


def load(
    model: Any,
    *,
    batch: int = 1,
    example: Any = None,
    simplified: bool = True,
    blind: bool = False,
    apart: Apart | None = None,
) -> Graph:
    """Import a model: a path or bytes of ONNX, an ``onnx.ModelProto``, a scikit-learn estimator, a ``torch.nn.Module``.

    ``batch`` fixes free batch dimensions. ``example`` is an example input, needed by ``torch.nn.Module`` only: a tensor, an
    array, a tuple of them, or those by name. ``simplified``: constants folded and nodes rewritten by a library beforehand.
    ``blind``: no library, and no rewriting that looks at weights: the nodes depend on the architecture alone.
    ``apart``: the same, and no two weights become one: each stays the weight that it is, to be trained (``Graph.provenance``).
    Raises :class:`tacit.errors.ModelError`.
    """
    if isinstance(model, Graph):
        return model
    proto, origin, labels = _read(model, batch, example, apart is not None)
    if apart is not None:
        apart = replace(apart, labels=labels[0], words=labels[1])
    if apart is not None and apart.logs and without_logs(proto):
        origin = _without_logs(proto, origin)
    if blind or apart is not None:
        return import_model(proto, batch=batch, origin=origin, simplified=False, blind=True, apart=apart)
    try:
        return import_model(proto, batch=batch, origin=origin, simplified=simplified)
    except ModelError as refused:
        if not simplified or refused.slug not in ("unsupported_operator", "shape"):
            raise
        # A simplifier may have made it so: one loses an axis where reductions follow each other.
        with contextlib.suppress(ModelError):
            return import_model(proto, batch=batch, origin=origin, simplified=False)
        raise


def origin_of(model: Any, *, batch: int = 1, example: Any = None) -> Origin:
    """What onnxruntime needs to run the model as it was given."""
    return _read(model, batch, example)[1]


def _read(
    model: Any, batch: int, example: Any, as_written: bool = False
) -> tuple[ModelProto, Origin, tuple[Labels, Labels]]:
    """The model, what onnxruntime runs, and what a file calls its classes."""
    if isinstance(model, (str, Path)):
        path = Path(model)
        proto = read.read_path(path)
        labels = _labels(proto)
        if not read.strip_maps(proto):
            return proto, Origin(None, str(path), batch, ()), labels
        return proto, Origin(_serialise(proto), None, batch, ()), labels
    if isinstance(model, (bytes, bytearray)):
        proto = read.parse(bytes(model), "model")
    elif isinstance(model, ModelProto):
        proto = ModelProto()
        proto.CopyFrom(model)
        if not proto.HasField("graph"):
            raise ModelError("this is not an ONNX model: it has no graph", slug="not_onnx", place="model")
    elif torch.is_module(model):
        proto = torch.to_onnx(model, example, as_written=as_written)
        if as_written:  # what is compared with is exported by the module's own values alone
            return proto, Origin(_serialise(torch.to_onnx(model, example)), None, batch, ()), ((), ())
    elif sklearn.is_estimator(model):
        proto = sklearn.to_onnx(model)
    else:
        raise ModelError(
            f"{type(model).__name__} is not a model",
            slug="model_type",
            place="load",
            remedy="pass a path, an onnx.ModelProto, a fitted scikit-learn estimator or a torch.nn.Module",
        )
    read.check_text(proto)
    read.load_external(proto, None)
    labels = _labels(proto)  # before the nodes that say them are gone
    read.strip_maps(proto)
    return proto, Origin(_serialise(proto), None, batch, ()), labels


def _labels(proto: ModelProto) -> tuple[Labels, Labels]:
    return class_labels(proto), possible_labels(proto)


def _without_logs(proto: ModelProto, origin: Origin) -> Origin:
    """The original without them, too. A file is what was read of it; of a module there is an export of its own."""
    if origin.content is None:
        return Origin(_serialise(proto), None, origin.batch, origin.outputs)
    original = read.parse(origin.content, "model")
    without_logs(original)
    return Origin(_serialise(original), None, origin.batch, origin.outputs)


def _serialise(proto: ModelProto) -> bytes:
    try:
        content: bytes = proto.SerializeToString()
    except (ValueError, RuntimeError) as error:
        raise ModelError(
            "the model is 2 GiB or larger", slug="too_large", place="model", remedy="save it and load it by its path"
        ) from error
    return content
