"""Values in boxes: a program pads every axis to a power of two, and 12 x 12 entries are 8 + 4 by 8 + 4 instead of 16 x 16.

What is done entry by entry is done box by box; what looks further joins the boxes, which are committed by then and so are a sum
of views. Integers are the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from tacit.errors import CompilerBug
from tacit.integer import storage
from tacit.integer.operators.arithmetic import Added
from tacit.integer.operators.layout import Cut
from tacit.integer.scale import Value

if TYPE_CHECKING:
    from tacit.train.tape import Tape

Shape = tuple[int, ...]
Box = tuple[tuple[int, int], ...]
#: Boxes of a value, at most; and the padded entries that one more of them must save.
MOST_BOXES, LEAST_SAVED = 6, 1 << 15


@dataclass(frozen=True)
class Signal:
    """A value; `raw`: it holds sums of products, so it is no operand and has no view until it is rounded or committed."""

    value: Value
    raw: bool = False

    @property
    def shape(self) -> Shape:
        return self.value.shape

    @property
    def frac(self) -> float:
        return self.value.frac


@dataclass(frozen=True)
class Pieces:
    """A value of this shape in boxes."""

    shape: Shape
    boxes: tuple[Box, ...]
    parts: tuple[Signal, ...]

    @property
    def raw(self) -> bool:
        return any(part.raw for part in self.parts)

    @property
    def frac(self) -> float:
        return self.parts[0].frac


Held = Signal | Pieces


def boxes_of(shape: Shape, lead: int) -> tuple[Box, ...]:
    """The boxes of a value whose first `lead` axes stay whole."""
    width = prod(1 << (n - 1).bit_length() for n in shape[:lead])
    found = storage.boxes(shape[lead:], width=width, most=MOST_BOXES, piece=LEAST_SAVED)
    return tuple((*((0, n) for n in shape[:lead]), *box) for box in found)


def cut(tape: Tape, x: Signal, box: Box, name: str) -> Signal:
    """The entries of one box."""
    if x.raw:
        raise CompilerBug(f"{name}: what is raw has no views")
    shape = tuple(b - a for a, b in box)
    return tape.emit(Cut(tuple(a for a, _ in box), (1,) * len(shape), shape), [x], f"{name}.cut")


def boxed(tape: Tape, x: Signal, name: str) -> Held:
    """A committed value in its boxes, where they save something."""
    boxes = tape.boxes(x.shape)
    return x if len(boxes) == 1 else Pieces(x.shape, boxes, tuple(cut(tape, x, box, name) for box in boxes))


def joined(tape: Tape, x: Held, name: str) -> Signal:
    """The whole value: a sum of views."""
    if isinstance(x, Signal):
        return x
    parts = []
    for box, part in zip(x.boxes, x.parts, strict=True):
        if part.raw:
            raise CompilerBug(f"{name}: what is raw has no views")
        starts = tuple(-a for a, _ in box)
        parts.append(tape.emit(Cut(starts, (1,) * len(x.shape), x.shape), [part], f"{name}.box"))
    return tape.emit(Added((1,) * len(parts), (0,) * len(parts)), parts, f"{name}.whole")


def each(tape: Tape, make: Callable[[Sequence[Signal], str], Signal], args: Sequence[Held], name: str) -> Held:
    """What is done entry by entry, of values of one shape: box by box where one of them is in boxes."""
    first = next((x for x in args if isinstance(x, Pieces)), None)
    if first is None:
        return make([x for x in args if isinstance(x, Signal)], name)
    parts = []
    same = [x if isinstance(x, Pieces) and x.boxes == first.boxes else joined(tape, x, name) for x in args]
    for i, box in enumerate(first.boxes):
        own = [x.parts[i] if isinstance(x, Pieces) else cut(tape, x, box, name) for x in same]
        parts.append(make(own, f"{name}#{i}"))
    return Pieces(first.shape, first.boxes, tuple(parts))


def in_boxes(tape: Tape, shape: Shape, make: Callable[[Box, str], Signal], name: str) -> Held:
    """A value that is made box by box."""
    boxes = tape.boxes(shape)
    if len(boxes) == 1:
        return make(boxes[0], name)
    return Pieces(shape, boxes, tuple(make(box, f"{name}#{i}") for i, box in enumerate(boxes)))
