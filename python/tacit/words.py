"""Lists in sentences: the first of many, and how many are not said."""

from __future__ import annotations

from collections.abc import Iterable

#: Names that a sentence lists, and characters of each.
MOST, MOST_NAME = 12, 60


def some(names: Iterable[object], most: int = MOST) -> str:
    """`a, b`; of more than `most` the first and the count of the others, `a, b and 7 more`; `none` of nothing."""
    found = [str(name) for name in names]
    shown = ", ".join(name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 2]}.." for name in found[:most])
    return f"{shown} and {len(found) - most} more" if len(found) > most else shown or "none"
