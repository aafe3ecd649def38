"""Cells to numbers, bits and categories. An error names the row, the column, the value, what was expected, and a next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from tacit.data.columns import Column, Scale
from tacit.data.limits import is_whole
from tacit.data.tables import Array, Table
from tacit.errors import InputError
from tacit.exact import inexact, rounded
from tacit.words import some

#: How a flag is written.
FLAGS = {"0": 0, "1": 1, "false": 0, "true": 1, "no": 0, "yes": 1}


def refuse(place: str, reason: str, remedy: str, *, slug: str) -> NoReturn:
    raise InputError(reason, slug=slug, place=place, remedy=remedy)


def shown(value: Any) -> str:
    """A cell as an error prints it."""
    if isinstance(value, np.generic):
        value = value.item()
    return repr(value)[:40]


def missing(value: Any) -> bool:
    """Nothing, a NaN, or an empty cell."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _missing(table: Table, row: int, place: str) -> NoReturn:
    refuse(
        table.at(row, place),
        "expected a value, got none (NaN or empty)",
        "leave the record out, or fill the value in before encoding: a record has every value",
        slug="missing_value",
    )


def reals(table: Table, values: Array, place: str) -> Array:
    """Finite float64 numbers. Raises InputError (slugs missing_value, not_finite, dtype, inexact)."""
    if values.dtype.kind not in "biuf":
        values = np.array([_real(table, row, value, place) for row, value in enumerate(values.reshape(-1))]).reshape(
            values.shape
        )
    wrong = inexact(values)
    if wrong is not None:
        row = int(np.argwhere(values == wrong)[0][0])
        refuse(
            table.at(row, place),
            f"expected at most 2^53, got {wrong}",
            "give numbers that a float64 holds",
            slug="inexact",
        )
    array = values.astype(np.float64)
    if not np.all(np.isfinite(array)):
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        if np.isnan(array[row]).any():
            _missing(table, row, place)
        refuse(
            table.at(row, place),
            "expected a finite number, got an infinite one",
            "correct the record",
            slug="not_finite",
        )
    return array


def _real(table: Table, row: int, value: Any, place: str) -> float:
    if missing(value):
        _missing(table, row, place)
    try:
        if (isinstance(value, str) and "_" in value) or isinstance(value, (complex, np.complexfloating)):
            raise ValueError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        refuse(table.at(row, place), f"expected a number, got {shown(value)}", "correct the cell", slug="dtype")


def scaled(table: Table, values: Array, scale: Scale, frac: int, place: str, unit: str = "") -> Array:
    """Integers of real values in the scale's range. Raises InputError (slug range, and those of `reals`)."""
    array = reals(table, values, place)
    outside = (array < scale.lo) | (array > scale.hi)
    if outside.any():
        where = np.argwhere(outside)[0]
        value = array[tuple(where)]
        refuse(
            table.at(int(where[0]), place),
            f"expected a value in [{scale.lo:g}, {scale.hi:g}]{' ' + unit if unit else ''}, got {value:g}",
            "correct the record or leave it out; a wider range is another schema, for every node",
            slug="range",
        )
    lo, hi = scale.integers(frac, place)
    # In range, so at the ends only float64's own rounding could step outside.
    return np.clip(rounded((array - scale.center) / scale.scale, frac), lo, hi).astype(np.int64)


def text_of(value: Any) -> str:
    """A category as its name is written: whole floats as integers."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def positions(table: Table, values: Array, names: Sequence[str], place: str) -> Array:
    """The number of each value's name. Raises InputError (slugs missing_value, category)."""
    places = {name: i for i, name in enumerate(names)}
    found = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        text = "" if missing(value) else text_of(value)
        if not text:
            _missing(table, row, place)
        if text not in places:
            refuse(
                table.at(row, place),
                f"expected one of {some(names)}, got {shown(value)}",
                "correct the record or leave it out; a further category is another schema, for every node",
                slug="category",
            )
        found[row] = places[text]
    return found


def class_numbers(table: Table, values: Array, names: Sequence[str], place: str) -> Array:
    """As `positions`; where no class has a number for its name, whole numbers (and false, true) count the classes from 0."""
    if any(name.lstrip("-").isdecimal() for name in names):
        return positions(table, values, names, place)
    counted = {str(i): name for i, name in enumerate(names)}
    if "True" not in names and "False" not in names:
        counted |= {str(bool(i)): name for i, name in enumerate(names[:2])}
    texts = np.array([v if missing(v) else counted.get(text_of(v), text_of(v)) for v in values], dtype=object)
    return positions(table, texts, names, place)


def whole(table: Table, values: Array, least: int, most: int, place: str, *, slug: str) -> Array:
    """Whole numbers in [least, most], most < 2^63. Raises InputError (`slug`, and missing_value)."""
    if values.dtype.kind in "iu":
        outside = (values < least) | (values > most)
        if not outside.any():
            return values.astype(np.int64)
        _not_whole(table, int(np.argmax(outside)), values[outside][0], least, most, slug, place)
    found = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        if missing(value):
            _missing(table, row, place)
        number = _whole(value)
        if number is None or not least <= number <= most:
            _not_whole(table, row, value, least, most, slug, place)
        found[row] = number
    return found


def _not_whole(table: Table, row: int, value: Any, least: int, most: int, slug: str, place: str) -> NoReturn:
    reason = f"expected a whole number in [{least}, {most}], got {shown(value)}"
    raise InputError(reason, slug=slug, place=table.at(row, place), remedy="correct the record or leave it out")


def _whole(value: Any) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.lstrip("-").isdecimal() and len(text) < 20 and text.isascii() else None
    if is_whole(value):
        return int(value)
    number = float(value) if isinstance(value, (float, np.floating)) else 0.5
    return int(number) if number.is_integer() and abs(number) <= 2**53 else None


def flags(table: Table, values: Array, place: str) -> Array:
    """Bits. Raises InputError (slugs missing_value, category)."""
    texts = np.array([v if missing(v) else text_of(v).lower() for v in values], dtype=object)
    numbers = positions(table, texts, list(FLAGS), place)
    return np.array(list(FLAGS.values()), dtype=np.int64)[numbers]


def column_integers(table: Table, column: Column, frac: int) -> Array:
    """(N, width) integers of a column. Raises InputError."""
    values, place = table.column(column.name, "schema"), column.place
    if values.ndim != 1:
        refuse(
            f"{table.place}: {place}",
            f"expected one value a row, got shape {values.shape}",
            "give a column",
            slug="shape",
        )
    if column.scale is not None:
        return scaled(table, values, column.scale, frac, place, column.unit)[:, None]
    if column.kind == "code":
        found = whole(table, values, column.codes[0], column.codes[-1], place, slug="category")
        unknown = ~np.isin(found, column.codes)
        if unknown.any():
            row = int(np.argmax(unknown))
            reason = f"expected one of the codes {some(column.codes)}, got {found[row]}"
            refuse(table.at(row, place), reason, "correct the record or leave it out", slug="category")
        return (found << frac)[:, None]
    if column.kind == "flag":
        return (flags(table, values, place) << frac)[:, None]
    numbers = positions(table, values, column.categories, place)
    return np.asarray(numbers[:, None] == np.arange(column.width), dtype=np.int64) << frac
