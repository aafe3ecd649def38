"""``torch.nn.Module``, through ``torch.onnx.export``."""

from __future__ import annotations

import inspect
import io
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, numpy_helper

from tacit.errors import InputError, ModelError
from tacit.importers.onnx.read import parse

Array = npt.NDArray[Any]
OPSET = 17
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)


def is_module(model: Any) -> bool:
    """Whether the object is a ``torch.nn.Module``; torch is not imported for the question."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def example_of(samples: Any, batch: int) -> Any:
    """The first sample as an example input: by name as ``samples``, or one array. See `tacit.graph.evaluate` for shapes."""
    if isinstance(samples, Mapping):
        return {name: _first(array, batch, name) for name, array in samples.items()}
    return _first(samples, batch, "input")


def _first(samples: Any, batch: int, name: str) -> Any:
    """(1, d..) of samples (n, d..) when batch = 1, else (b, d..) of (n, b, d..) or of itself; floats as float32, torch's own."""
    array = np.asarray(samples)
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
    if batch == 1 and array.ndim > 0 and len(array) > 0:
        return array[:1]
    if array.ndim > 1 and len(array) > 0 and array.shape[1] == batch:
        return array[0]
    if array.ndim > 0 and batch > 1 and len(array) == batch:
        return array
    asked = "samples (n, ...)" if batch == 1 else f"samples (n, {batch}, ...)"
    raise InputError(f"shape {list(array.shape)} given, {asked} expected", slug="shape", place=f"input {name}")


def to_onnx(model: Any, example: Any, *, as_written: bool = False) -> ModelProto:
    """The module in evaluation mode as ONNX, traced on ``example``: a tensor, an array, a tuple of them, or those by name.

    ``as_written``: the exporter computes nothing of weights, so that each parameter is there by its own name, whatever its
    values are.

    Inputs have the names of the example, or are ``input`` (``input_0``, ..); outputs are ``output`` (``output_0``, ..).
    """
    import torch

    name = type(model).__name__
    if example is None:
        raise ModelError(
            "a torch module needs an example input", slug="example", place=name, remedy="load(module, example=tensor)"
        )
    names, parts = _inputs(model, example)
    tensors = tuple(part if isinstance(part, torch.Tensor) else torch.as_tensor(part) for part in parts)
    training = [(part, part.training) for part in model.modules()]
    buffer = io.BytesIO()
    unlike = _Unlike()
    try:
        model.eval()
        # The exporter that is asked for says that it is an old one.
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            outputs = _numbered("output", _count(model(*tensors)), model)
            with unlike.within(model) if as_written else nullcontext():
                torch.onnx.export(
                    model,
                    tensors,
                    buffer,
                    input_names=names,
                    output_names=outputs,
                    opset_version=OPSET,
                    **_exporter(torch.onnx.export),
                    **(_as_written() if as_written else {}),
                )
    except Exception as error:  # torch raises many types
        raise ModelError(f"torch.onnx cannot export it: {error}", slug="conversion", place=name) from error
    finally:
        for part, was in training:
            part.training = was
    proto = unlike.given_back(parse(buffer.getvalue(), name))
    if as_written:
        _check_names(proto, model)
    return proto


class _Unlike:
    """No two parameters or buffers of a module have the same values for a while: the exporter makes one tensor of those that do.

    Those that come later have other values meanwhile. What is one object, or one memory, stays one.
    """

    def __init__(self) -> None:
        self._own: list[tuple[Array, Array]] = []

    @contextmanager
    def within(self, model: Any) -> Iterator[None]:
        """So it is until the end of the block."""
        import torch

        taken, drawn = list[Any](), list[tuple[Any, Any, Any]]()
        generator = torch.Generator().manual_seed(0)
        # Buffers first, which keep theirs: where a module computes of numbers in Python, they are mostly buffers.
        for tensor in (*model.buffers(), *model.parameters()):
            own = values = tensor.data
            if own.dtype not in (torch.float16, torch.float32, torch.float64) or not own.numel():
                continue
            if any(own.data_ptr() == other.data_ptr() for other in taken):
                continue
            while any(_alike(values, other) for other in taken):
                # Above 1: they may be variances.
                values = (1 + torch.rand(own.shape, generator=generator)).to(own)
            taken += [own] if values is own else [own, values]
            if values is not own:
                drawn.append((tensor, own, values))
        self._own = [(own.cpu().numpy(), values.cpu().numpy()) for _, own, values in drawn]
        try:
            for tensor, _, values in drawn:
                tensor.data = values
            yield
        finally:
            for tensor, own, _ in drawn:
                tensor.data = own

    def given_back(self, proto: ModelProto) -> ModelProto:
        """The exported model with the module's own values."""
        constants = (a.t for node in proto.graph.node if node.op_type == "Constant" for a in node.attribute)
        for stored in (*proto.graph.initializer, *constants) if self._own else ():
            values = numpy_helper.to_array(stored) if stored.data_type in FLOATS else None
            for own, drawn in self._own:
                if values is not None and values.shape == drawn.shape and np.array_equal(values, drawn):
                    stored.CopyFrom(numpy_helper.from_array(own, stored.name))
        return proto


def _alike(a: Any, b: Any) -> bool:
    """As the exporter compares: 0 and -0 are one."""
    import torch

    return a.dtype == b.dtype and a.device == b.device and bool(torch.equal(a, b))


def _inputs(model: Any, example: Any) -> tuple[list[str], list[Any]]:
    """Names and values, in the order of the module's arguments."""
    if isinstance(example, Mapping):
        known = list(inspect.signature(model.forward).parameters)
        names = list(example)
        if set(names) <= set(known):
            names.sort(key=known.index)
        return names, [example[name] for name in names]
    parts = list(example) if isinstance(example, (tuple, list)) else [example]
    return _numbered("input", len(parts), model), parts


def _numbered(name: str, count: int, model: Any) -> list[str]:
    """Names of inputs or outputs that no parameter has: the exporter would call that one by another."""
    names = [name] if count == 1 else [f"{name}_{index}" for index in range(count)]
    taken = _names(model)
    while not taken.isdisjoint(names):
        names = [f"{own}_" for own in names]
    return names


def _names(model: Any) -> set[str]:
    """Of all parameters and buffers; of one that has several, each."""
    found = (named(remove_duplicate=False) for named in (model.named_parameters, model.named_buffers))
    return {name for pairs in found for name, _ in pairs}


def _check_names(proto: ModelProto, model: Any) -> None:
    """Every tensor that the exporter stored is a parameter or a buffer by its name. Raises ModelError (slug weights)."""
    known = _names(model)
    for tensor in proto.graph.initializer:
        if tensor.data_type in FLOATS and tensor.name not in known:
            raise ModelError(
                "the exporter stored it, and no parameter or buffer of the module is called so: whether it moves is not known",
                slug="weights",
                place=tensor.name,
                remedy="register it as a parameter or a buffer of a name that inputs and outputs do not have",
            )


def _count(result: Any) -> int:
    """Tensors in what a module returns."""
    if isinstance(result, Mapping):
        result = list(result.values())
    return sum(map(_count, result)) if isinstance(result, (tuple, list)) else 1


def _as_written() -> dict[str, Any]:
    """Batch normalisations stay beside their convolutions, matrices are transposed by a node."""
    import torch

    return {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}


def zeros(model: Any, shape: tuple[int, ...]) -> Any:
    """An example of this shape in the module's own type of real numbers."""
    import torch

    kinds = [tensor.dtype for tensor in model.parameters() if tensor.is_floating_point()]
    return torch.zeros(shape, dtype=kinds[0] if kinds else torch.float32)


def untrained(model: Any) -> Callable[[str], bool]:
    """Which names training leaves as they are: buffers, and parameters that ask for no gradient."""
    named = model.named_parameters(remove_duplicate=False)
    trained = {name for name, parameter in named if parameter.requires_grad}
    return lambda name: name not in trained


def _exporter(export: Any) -> dict[str, Any]:
    """The exporter that writes opset 17 into a buffer: recent versions must be asked for it."""
    return {"dynamo": False} if "dynamo" in inspect.signature(export).parameters else {}
