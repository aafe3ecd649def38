"""``torch.nn.Module``, through ``torch.onnx.export``."""

from __future__ import annotations

import io
import sys
from typing import Any

from onnx import ModelProto

from tacit.errors import ModelError
from tacit.importers.read import parse

OPSET = 17


def is_module(model: Any) -> bool:
    """Whether the object is a ``torch.nn.Module``; torch is not imported for the question."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def to_onnx(model: Any, example: Any) -> ModelProto:
    """The module in evaluation mode as ONNX, traced on ``example``: a tensor, an array, or a tuple of them."""
    import torch

    name = type(model).__name__
    if example is None:
        raise ModelError(
            "a torch module needs an example input", slug="example", place=name, hint="load(module, example=tensor)"
        )
    parts = example if isinstance(example, (tuple, list)) else (example,)
    tensors = tuple(part if isinstance(part, torch.Tensor) else torch.as_tensor(part) for part in parts)
    names = ["input"] if len(tensors) == 1 else [f"input_{index}" for index in range(len(tensors))]
    training = model.training
    buffer = io.BytesIO()
    try:
        model.eval()
        with torch.no_grad():
            torch.onnx.export(
                model, tensors, buffer, input_names=names, opset_version=OPSET, **_exporter(torch.onnx.export)
            )
    except Exception as error:  # torch raises many types
        raise ModelError(f"torch.onnx cannot export it: {error}", slug="conversion", place=name) from error
    finally:
        model.train(training)
    return parse(buffer.getvalue(), name)


def _exporter(export: Any) -> dict[str, Any]:
    """The exporter that writes opset 17 into a buffer: recent versions must be asked for it."""
    import inspect

    return {"dynamo": False} if "dynamo" in inspect.signature(export).parameters else {}
