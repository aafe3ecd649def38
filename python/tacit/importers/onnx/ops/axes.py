"""Axes in the attributes and inputs of ONNX nodes: counted from the front, none twice."""

from __future__ import annotations

from collections.abc import Sequence

from tacit.importers.onnx.calls import Call


def axis_of(call: Call, axis: int, rank: int) -> int:
    """An axis counted from the front: 0 <= axis < rank."""
    if not -rank <= axis < rank:
        raise call.error(f"axis {axis} is out of range for {rank} axes")
    return axis % rank


def axes_of(call: Call, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Axes counted from the front, ascending, none twice."""
    found = sorted(axis_of(call, axis, rank) for axis in axes)
    if len(set(found)) != len(found):
        raise call.error(f"axes {list(axes)} name an axis twice")
    return tuple(found)


def integers(call: Call, name: str, default: Sequence[int]) -> tuple[int, ...]:
    """An attribute that is a list of integers."""
    return tuple(int(entry) for entry in call.attrs.get(name, default))
