"""What a record is made of: columns and labels with their public ranges, and the integers that real values become.

A value v of a number column is kept as x = floor((v - center) / scale * 2^frac + 1/2). Center, scale and range are exact: the
decimal numbers that stand in the schema's file, so that everybody computes the same integers from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor, inf, isfinite
from numbers import Integral, Real
from typing import Any

from tacit.data.limits import FRACS, is_whole
from tacit.errors import InputError

#: What a column may be. A category is one-hot, one entry for each; a code is one entry, a whole number of a list.
KINDS = ("number", "category", "code", "flag")
#: What a label may be: one-hot classes, one bit of two classes, or real targets.
LABEL_KINDS = ("classes", "flag", "numbers")
#: Bytes of a name, bits of an integer that stands for a value, categories of a column, and entries of a table's record.
MOST_NAME, MOST_BITS, MOST_CATEGORIES, MOST_ENTRIES = 128, 31, 1 << 12, 1 << 16


def exact(number: float) -> Fraction:
    """The decimal number that Python writes for this float."""
    return Fraction(repr(float(number)))


def half_up(value: Fraction) -> int:
    """floor(value + 1/2)."""
    return floor(value + Fraction(1, 2))


def refuse(reason: str, place: str, remedy: str = "") -> InputError:
    """The error of a schema that cannot be one."""
    return InputError(
        reason, slug="column", place=place, remedy=remedy or "correct the column's declaration in the schema"
    )


def check_name(name: Any, what: str) -> str:
    """A name that people can read and rules can quote. Raises InputError (slug column)."""
    try:
        good = isinstance(name, str) and 0 < len(name.encode()) <= MOST_NAME
    except UnicodeEncodeError:
        good = False
    if not good or not name.isprintable() or "`" in name or name != name.strip():
        raise refuse(
            f"expected a name of 1 to {MOST_NAME} bytes without ` and spaces around it, got {str(name)[:40]!r}", what
        )
    return str(name)


def check_names(names: Any, what: str, least: int) -> tuple[str, ...]:
    """Several of them, no two alike. Raises InputError (slug column)."""
    if isinstance(names, str) or not hasattr(names, "__iter__"):
        raise refuse(f"expected a list of names, got {type(names).__name__}", what)
    found = tuple(check_name(str(name) if isinstance(name, Integral) else name, what) for name in names)
    if not least <= len(found) <= MOST_CATEGORIES:
        raise refuse(f"expected {least} to {MOST_CATEGORIES} names, got {len(found)}", what)
    if len(set(found)) < len(found):
        twice = next(name for i, name in enumerate(found) if name in found[:i])
        raise refuse(f"expected names that differ, got {twice!r} twice", what)
    return found


def check_real(value: Any, what: str) -> float:
    """A finite number that float64 holds. Raises InputError (slug column)."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise refuse(f"expected a number, got {type(value).__name__}", what)
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if not isfinite(number) or (isinstance(value, Integral) and int(number) != int(value)):
        raise refuse(f"expected a finite number that float64 holds, got {str(value)[:40]}", what)
    return number + 0.0  # no -0.0: it would be another text


@dataclass(frozen=True)
class Scale:
    """Real values in [lo, hi], kept around `center` in units of `scale`; all of them public."""

    lo: float
    hi: float
    center: float
    scale: float

    @classmethod
    def of(cls, lo: Any, hi: Any, center: Any, scale: Any, place: str) -> Scale:
        """Checked. Without center and scale [lo, hi] becomes [-1, 1]. Raises InputError (slug column)."""
        low, high = check_real(lo, place), check_real(hi, place)
        if not low < high:
            raise refuse(f"expected a least value below the greatest one, got [{low:g}, {high:g}]", place)
        middle = float((exact(low) + exact(high)) / 2) if center is None else check_real(center, place)
        width = float((exact(high) - exact(low)) / 2) if scale is None else check_real(scale, place)
        if not width > 0:
            raise refuse(f"expected a scale above 0, got {width:g}", place)
        return cls(low, high, middle, width)

    def integers(self, frac: int, place: str) -> tuple[int, int]:
        """The least and the greatest integer. Raises InputError (slug column) where they have too many bits."""
        factor = Fraction(2) ** frac / exact(self.scale)
        lo, hi = (half_up((exact(end) - exact(self.center)) * factor) for end in (self.lo, self.hi))
        if max(-lo, hi).bit_length() > MOST_BITS:
            raise refuse(
                f"expected integers of at most {MOST_BITS} bits, got {max(-lo, hi).bit_length()}",
                place,
                "give a larger scale, or fewer fractional bits (frac)",
            )
        return lo, hi


@dataclass(frozen=True)
class Entry:
    """One number of a record as the program sees it: integers in [lo, hi]; value = offset + step * integer, exactly.

    `column`: the index of the column that it belongs to.
    """

    name: str
    column: int
    lo: int
    hi: int
    offset: Fraction
    step: Fraction


@dataclass(frozen=True)
class Column:
    """A column of a table; made by `number`, `category`, `code` and `flag`.

    `unit`: for people. `categories`: of a category. `codes`: of a code, ascending. `scale`: of a number.
    """

    name: str
    kind: str
    unit: str = ""
    scale: Scale | None = None
    categories: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()

    @classmethod
    def number(
        cls, name: str, lo: float, hi: float, *, unit: str = "", center: float | None = None, scale: float | None = None
    ) -> Column:
        """Real values in [lo, hi], public; kept as (value - center) / scale, by default in [-1, 1]. Raises InputError."""
        place = f"column {check_name(name, 'column')}"
        return cls(name, "number", _unit(unit, place), Scale.of(lo, hi, center, scale, place))

    @classmethod
    def category(cls, name: str, categories: Any) -> Column:
        """One of a list of names, one-hot: as many entries. Raises InputError."""
        place = f"column {check_name(name, 'column')}"
        return cls(name, "category", categories=check_names(categories, place, 2))

    @classmethod
    def code(cls, name: str, codes: Any, *, unit: str = "") -> Column:
        """A whole number of a list of such, 0 to 65535, kept as it is in one entry. Raises InputError."""
        place = f"column {check_name(name, 'column')}"
        found = list(codes) if hasattr(codes, "__iter__") and not isinstance(codes, str) else [codes]
        if not found or not all(map(is_whole, found)):
            raise refuse("expected a list of whole numbers", place)
        ordered = tuple(sorted(int(c) for c in found))
        if len(set(ordered)) < len(ordered) or ordered[0] < 0 or ordered[-1] >= 1 << 16:
            raise refuse(f"expected codes from 0 to {(1 << 16) - 1} that differ, got {str(ordered)[:60]}", place)
        return cls(name, "code", _unit(unit, place), codes=ordered)

    @classmethod
    def flag(cls, name: str) -> Column:
        """True or false. Raises InputError."""
        check_name(name, "column")
        return cls(name, "flag")

    @property
    def place(self) -> str:
        """What errors call it."""
        return f"column {self.name}"

    @property
    def width(self) -> int:
        """Entries of a record."""
        return len(self.categories) or 1

    def entries(self, index: int, frac: int) -> tuple[Entry, ...]:
        """Its entries at this scale. Raises InputError (slug column)."""
        if self.scale is not None:
            lo, hi = self.scale.integers(frac, self.place)
            step = exact(self.scale.scale) / Fraction(2) ** frac
            return (Entry(self.name, index, lo, hi, exact(self.scale.center), step),)
        if frac < 0:
            raise refuse(f"expected at least 0 fractional bits beside categories and flags, got {frac}", self.place)
        step = Fraction(1, 1 << frac)
        if self.kind == "code":
            lo, hi = self.codes[0] << frac, self.codes[-1] << frac
            if hi.bit_length() > MOST_BITS:
                raise refuse(f"expected integers of at most {MOST_BITS} bits, got {hi.bit_length()}", self.place)
            return (Entry(self.name, index, lo, hi, Fraction(0), step),)
        names = [f"{self.name}={category}" for category in self.categories] or [self.name]
        return tuple(Entry(name, index, 0, 1 << frac, Fraction(0), step) for name in names)


def _unit(unit: Any, place: str) -> str:
    if not isinstance(unit, str) or len(unit) > MOST_NAME or not unit.isprintable():
        raise refuse(f"expected a unit's name, got {str(unit)[:40]!r}", place)
    return unit


@dataclass(frozen=True)
class Label:
    """What a model is to learn; made by `classes`, `flag` and `numbers`.

    `names`: the classes of "classes" and "flag" (of a flag two: what 0 and what 1 says). `targets`: number columns.
    """

    name: str
    kind: str
    names: tuple[str, ...] = ()
    targets: tuple[Column, ...] = ()
    frac: int = 0

    @classmethod
    def classes(cls, name: str, classes: Any) -> Label:
        """One of several classes, one-hot: y has as many bits. Raises InputError."""
        place = f"label {check_name(name, 'label')}"
        return cls(name, "classes", check_names(classes, place, 2))

    @classmethod
    def flag(cls, name: str, classes: Any = ("no", "yes")) -> Label:
        """One of two classes in one bit, for a logistic loss: 0 for the first, 1 for the second. Raises InputError."""
        place = f"label {check_name(name, 'label')}"
        found = check_names(classes, place, 2)
        if len(found) != 2:
            raise refuse(f"expected two classes, got {len(found)}", place)
        return cls(name, "flag", found)

    @classmethod
    def number(
        cls,
        name: str,
        lo: float,
        hi: float,
        *,
        unit: str = "",
        center: float | None = None,
        scale: float | None = None,
        frac: int = 8,
    ) -> Label:
        """A real number in [lo, hi], kept as a number column is, at `frac` fractional bits. Raises InputError."""
        return cls.numbers(name, [Column.number(name, lo, hi, unit=unit, center=center, scale=scale)], frac=frac)

    @classmethod
    def numbers(cls, name: str, targets: Any, *, frac: int = 8) -> Label:
        """Several real targets, each a number column. Raises InputError."""
        place = f"label {check_name(name, 'label')}"
        found = tuple(targets)
        if not found or not all(isinstance(t, Column) and t.kind == "number" for t in found):
            raise refuse("expected number columns as targets", place)
        check_names([t.name for t in found], place, 1)
        return cls(name, "numbers", targets=found, frac=check_frac(frac, place))

    @property
    def place(self) -> str:
        """What errors call it."""
        return f"label {self.name}"

    @property
    def width(self) -> int:
        """Entries of a record's y."""
        return len(self.targets) if self.kind == "numbers" else 1 if self.kind == "flag" else len(self.names)

    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The integers of each entry."""
        if self.kind != "numbers":
            return ((0, 1),) * self.width
        return tuple(t.scale.integers(self.frac, t.place) for t in self.targets if t.scale is not None)


def check_frac(frac: Any, place: str) -> int:
    """Fractional bits of a scale. Raises InputError (slug column)."""
    least, most = FRACS
    if not is_whole(frac) or not least <= frac <= most:
        raise refuse(f"expected {least} to {most} fractional bits, got {str(frac)[:40]}", place)
    return int(frac)


def window(lo: int, hi: int) -> tuple[int, int]:
    """The interval of a tensor with entries in [lo, hi] that any validity program takes: at most 2^8 wide, or a power of two.

    Of the intervals of that width the one with the smallest numbers.
    """
    width = hi - lo + 1
    if width <= 1 << 8:
        return lo, hi
    whole = 1 << (width - 1).bit_length()
    least = min(max(-(whole >> 1), hi - whole + 1), lo)
    return least, least + whole - 1
