"""What links say, axis by axis. Docs: program.md, section 2.

A link sum stride_i t_i + offset = sum stride_j s_j is read through the values its two sides take:
a weight for each value of the target side, and the source entries that have this value. Both sides
are built one axis after the other, so nothing larger than the link's own source block appears.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .program import Link, Shape

Axis = tuple[int, int]


def value_counts(axes: Sequence[Axis], shape: Shape, start: int) -> dict[int, int]:
    """value -> how many valid index tuples of the axes have start + sum stride * index = value."""
    counts = {start: 1}
    for axis, stride in axes:
        grown: dict[int, int] = {}
        for value, count in counts.items():
            for i in range(shape[axis]):
                at = value + stride * i
                grown[at] = grown.get(at, 0) + count
        counts = grown
    return counts


def linked_axes(links: Sequence[Link], side: str) -> set[int]:
    return {axis for link in links for axis, _ in getattr(link, side)}


def entries_by_value(axes: Sequence[Axis], shape: Shape, steps: Mapping[int, int]) -> dict[int, list[int]]:
    """value -> the offsets (sum of steps[axis] * index) of the index tuples with this value."""
    found = {0: [0]}
    for axis, stride in axes:
        grown: dict[int, list[int]] = {}
        for value, offsets in found.items():
            for i in range(shape[axis]):
                more = [o + steps[axis] * i for o in offsets]
                grown.setdefault(value + stride * i, []).extend(more)
        found = grown
    return found


def link_multiplicity(link: Link, target: Shape, source: Shape) -> tuple[int, bool]:
    """(most source tuples that one valid target tuple meets, whether each meets exactly one)."""
    met = value_counts(link.source, source, 0)
    asked = value_counts(link.target, target, link.offset)
    counts = [met.get(value, 0) for value in asked]
    return max(counts), all(c == 1 for c in counts)


def row_major(extents: Sequence[int], size: Callable[[int], int]) -> list[int]:
    """The step of each axis in a row-major block whose axes take size(extent) places each."""
    steps = [1] * len(extents)
    for axis in range(len(extents) - 2, -1, -1):
        steps[axis] = steps[axis + 1] * size(extents[axis + 1])
    return steps
