"""Static shapes of a model's inputs: what is free becomes the batch, or is refused."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import ModelProto, TensorProto, ValueInfoProto

from tacit.errors import ModelError
from tacit.graph.builder import check_extents

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
INTEGERS = (
    TensorProto.INT64,
    TensorProto.INT32,
    TensorProto.INT16,
    TensorProto.INT8,
    TensorProto.UINT64,
    TensorProto.UINT32,
    TensorProto.UINT16,
    TensorProto.UINT8,
)


def free_inputs(model: ModelProto) -> list[ValueInfoProto]:
    """The inputs that have no initialiser."""
    stored = {entry.name for entry in model.graph.initializer}
    return [entry for entry in model.graph.input if entry.name not in stored]


def fix_shapes(model: ModelProto, batch: int) -> None:
    """Make every input static: a free first axis, and every axis of the same symbol, becomes ``batch``.

    A batch that no axis takes, and that no input has by itself, is refused: it would be ignored in silence.
    """
    if batch < 1:
        raise ModelError(f"batch {batch} is below 1", slug="dynamic_shape", place="option batch")
    inputs = free_inputs(model)
    for entry in inputs:
        _check_declared(entry)
    symbols = {dims[0].dim_param for entry in inputs if (dims := entry.type.tensor_type.shape.dim)} - {""}
    taken = [_fill(entry, batch, symbols) for entry in inputs]
    if inputs and batch != 1 and not any(taken):
        fixed = ", ".join(f"{entry.name} {[d.dim_value for d in entry.type.tensor_type.shape.dim]}" for entry in inputs)
        raise ModelError(
            f"batch {batch} does not fit inputs of fixed shapes: {fixed}",
            slug="batch",
            place="option batch",
            remedy="export the model with a free first axis, or leave the batch as it is",
        )
    _forget_others(model, inputs)


def _check_declared(entry: ValueInfoProto) -> None:
    """An input is a tensor of numbers with a declared shape."""
    place = f"input {entry.name}"
    if not entry.type.HasField("tensor_type"):
        raise ModelError("it is not a tensor", slug="input_type", place=place, remedy="use plain tensors as inputs")
    if entry.type.tensor_type.elem_type not in (*FLOATS, *INTEGERS, TensorProto.BOOL):
        raise ModelError("it is not a tensor of numbers", slug="input_type", place=place)
    if not entry.type.tensor_type.HasField("shape"):
        raise ModelError(
            "its shape is not declared", slug="dynamic_shape", place=place, remedy="export with static shapes"
        )


def _fill(entry: ValueInfoProto, batch: int, symbols: set[str]) -> bool:
    """The batch into an input's free axes; whether one took it, or its first axis had it already."""
    dims = entry.type.tensor_type.shape.dim
    taken = bool(dims and dims[0].dim_value == batch)
    for axis, dim in enumerate(dims):
        free = not dim.HasField("dim_value") or dim.dim_value <= 0
        if free and (axis == 0 or dim.dim_param in symbols):
            dim.dim_value = batch
            taken = True
        elif free:
            raise ModelError(
                f"axis {axis} ({dim.dim_param or 'unnamed'}) has no fixed extent",
                slug="dynamic_shape",
                place=f"input {entry.name}",
                remedy="export the model with a fixed extent there; only the batch axis may be free",
            )
    check_extents([dim.dim_value for dim in dims], f"input {entry.name}")
    return taken


def _forget_others(model: ModelProto, inputs: Sequence[ValueInfoProto]) -> None:
    """Shapes that were declared of other tensors, for another batch perhaps. An output that is an input is refused."""
    del model.graph.value_info[:]
    names = {entry.name for entry in inputs}
    for entry in model.graph.output:
        if entry.name in names:
            raise ModelError(
                "it is an input itself",
                slug="structure",
                place=f"output {entry.name}",
                remedy="remove it, or export an Identity of it under another name",
            )
        for dim in entry.type.tensor_type.shape.dim if entry.type.HasField("tensor_type") else ():
            dim.Clear()
