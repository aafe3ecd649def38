"""Arrays from text: tables with a header (.csv), and lists (.json). An error names the line and the column, or the entry."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from tacit.errors import InputError
from tacit.foreign_json import TooDeep, parse

Array = npt.NDArray[Any]

HEADER_REMEDY = "the first line names the columns, every further line is a sample: a,b,c"
LIST_REMEDY = 'a list of samples, or an object of lists by input name: {"x": [[1, 2], [3, 4]]}'


@dataclass(frozen=True)
class Table:
    """Numbers (rows, columns), integers where all of them are; `names`: of the columns."""

    names: tuple[str, ...]
    values: Array

    def columns(self) -> dict[str, Array]:
        """Each column by itself, (rows, 1)."""
        return {name: self.values[:, i : i + 1] for i, name in enumerate(self.names)}


# --- tables -----------------------------------------------------------------------------------------------------------


def read_table(path: Path) -> Table:
    """A .csv file: a line of names, then lines of as many numbers. Raises InputError (slug arrays), OSError."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, skipinitialspace=True)
        try:
            names = _header(path, next(lines, []))
            rows = [_row(path, lines.line_num, names, cells) for cells in lines if cells]
        except UnicodeDecodeError as error:
            _refuse(path, f"expected text in UTF-8, got {error.reason}")
        except csv.Error as error:
            _refuse(path, f"line {lines.line_num}: {error}")
    if not rows:
        _refuse(path, "expected lines of numbers below the header, got none")
    return Table(names, _numbers(rows))


def _header(path: Path, cells: list[str]) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in cells)
    if not any(names):
        _refuse(path, "expected a header, got an empty first line")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        _refuse(path, f"expected names with commas between them, got {names[0]!r}")
    for i, name in enumerate(names):
        if not name:
            _refuse(
                path,
                f"line 1: column {i + 1} has no name",
                "an index is no input: pandas leaves it out with index=False",
            )
        if name in names[:i]:
            _refuse(path, f"line 1: two columns have the name {name!r}")
    # Numbers are samples without a header, but for the names 0, 1, 2, .. that a table without names is written with.
    counted = len(names) > 1 and names == tuple(map(str, range(len(names))))
    if not counted and all(map(_is_number, names)):
        _refuse(path, f"expected a header, got numbers in line 1: {', '.join(names[:4])}")
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _row(path: Path, line: int, names: tuple[str, ...], cells: list[str]) -> list[float | int]:
    if len(cells) != len(names):
        _refuse(path, f"line {line}: expected {len(names)} columns, got {len(cells)}")
    return [_cell(path, line, i, names, cell) for i, cell in enumerate(cells)]


def _cell(path: Path, line: int, column: int, names: tuple[str, ...], text: str) -> float | int:
    try:
        value = int(text) if text.strip().lstrip("+-").isdecimal() else float(text)
        if "_" not in text and isfinite(value):  # Python would take 1_000
            return value
    except (ValueError, OverflowError):
        pass
    _refuse(path, f"line {line}, column {column + 1} ({names[column]}): expected a finite number, got {_shown(text)}")


# --- lists ------------------------------------------------------------------------------------------------------------


def read_lists(path: Path) -> Array | dict[str, Array]:
    """A .json file: nested lists of numbers as one array, or an object of such by name. Raises as `read_table` does."""
    try:
        content = parse(path.read_bytes(), parse_constant=float)
    except json.JSONDecodeError as error:
        _refuse(path, f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}", LIST_REMEDY)
    except UnicodeDecodeError as error:
        _refuse(path, f"expected text in UTF-8, got {error.reason}", LIST_REMEDY)
    except TooDeep:
        _refuse(path, "lists within lists, too deep", LIST_REMEDY)
    except ValueError as error:  # an integer of very many digits
        _refuse(path, f"not JSON: {error}", LIST_REMEDY)
    if isinstance(content, dict):
        return {name: _listed(path, name, value) for name, value in content.items()}
    return _listed(path, "", content)


def _listed(path: Path, name: str, value: Any) -> Array:
    if not isinstance(value, list):
        _refuse(path, f"{_at(name)}expected a list, got {_shown(value)}", LIST_REMEDY)
    try:
        array = np.asarray(value)
    except ValueError:  # of several lengths, or too deep
        array = np.empty(0, dtype=object)
    if array.size and array.dtype.kind in "biuf":
        return array
    for where, fault in _faults(value, name, _shape(value)):
        _refuse(path, f"{_at(where)}{fault}", LIST_REMEDY)
    return _numbers(value)


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def _shape(value: Any) -> list[int]:
    """Of nested lists, by the first of each."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def _faults(value: Any, where: str, shape: list[int]) -> Iterator[tuple[str, str]]:
    """Places that do not have the shape of the first ones, or are no numbers, in order."""
    if len(shape) > 32:
        yield where, "lists within lists, too deep"
    elif not shape:
        if isinstance(value, list):
            yield where, "expected a number, got a list"
        elif not isinstance(value, (int, float)):
            yield where, f"expected a number, got {_shown(value)}"
    elif not isinstance(value, list):
        yield where, f"expected a list of {shape[0]}, got {_shown(value)}"
    elif len(value) != shape[0]:
        yield where, f"expected a list of {shape[0]}, got one of {len(value)}"
    elif not value:
        yield where, "expected numbers, got an empty list"
    else:
        for i, item in enumerate(value):
            yield from _faults(item, f"{where}[{i}]", shape[1:])


# --- both -------------------------------------------------------------------------------------------------------------


def _numbers(values: list[Any]) -> Array:
    """Integers of 64 bits where all of them are, else float64; what is beyond that is infinite, and refused later."""
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return array
    big = np.vectorize(_real, otypes=[np.float64])
    return np.asarray(big(np.asarray(values, dtype=object)))


def _real(value: float | int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _shown(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else json.dumps(value)
    if not text:
        return "nothing"
    return repr(text if len(text) <= 40 else f"{text[:37]}...") if isinstance(value, str) else text[:40]


def _refuse(path: Path, reason: str, remedy: str = HEADER_REMEDY) -> NoReturn:
    raise InputError(reason, slug="arrays", place=str(path), remedy=remedy)
