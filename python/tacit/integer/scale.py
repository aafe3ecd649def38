"""What an integer means: its real value is integer * 2^-frac, one frac a value.

There is one record of a scale: the `frac` of a `Value`, and only an integer graph makes values. A step's frac is what its
operator says of its operands' (`Operator.frac`); nothing else can move it. An operator that holds integers in the units of
one scale (a table's rows, the bounds of a clip) holds that scale too, and takes no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan

from tacit.errors import CompilerBug

Shape = tuple[int, ...]

#: Scales are sums of a few real numbers: equal up to the rounding errors of that.
EPSILON = 1e-6
#: A scale is 2^-frac with |frac| at most this, as a port's is.
MOST_SCALE = 512
#: A scale that a program's readers do not know: it is an architecture's, of a value that only weights see.
HIDDEN = nan


@dataclass(frozen=True)
class Value:
    """A value of an integer graph: its name there, its shape, its scale."""

    name: str
    shape: Shape
    frac: float


def snapped(frac: float) -> float:
    """The scale, whole where only rounding errors of its own arithmetic keep it from being so (x + (24 - x) and the like)."""
    if isnan(frac):
        return HIDDEN
    whole = round(frac)
    return whole if abs(frac - whole) < 1e-9 else frac


def agreed(*fracs: float) -> float:
    """The one scale that all of these are, as far as they are known. Raises CompilerBug."""
    fracs = tuple(frac for frac in fracs if not isnan(frac)) or (HIDDEN,)
    if max(fracs) - min(fracs) > EPSILON:
        raise CompilerBug(f"scales that must agree are 2^-({', '.join(f'{frac:g}' for frac in fracs)})")
    return fracs[0]
