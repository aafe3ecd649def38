"""Tables as people have them (DataFrames, CSV and Parquet files, dictionaries, arrays) as columns of as many values."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from tacit.array_files import ArrayFile
from tacit.errors import InputError, MissingDependency
from tacit.words import some

Array = npt.NDArray[Any]

REMEDY = (
    "give a DataFrame, the path of a .csv or .parquet file, a dictionary of columns, or arrays (x, y) or (x, y, ids)"
)


@dataclass(frozen=True)
class Table:
    """Columns by name, each with `rows` values in front. `lines`: of a text file, the line of each row."""

    columns: Mapping[str, Array]
    rows: int
    place: str = "table"
    lines: Sequence[int] = ()

    def at(self, row: int, column: str = "") -> str:
        """What errors call a cell: by the line of its file, else by the row's number from 0."""
        where = f"{self.place}: line {self.lines[row]}" if self.lines else f"{self.place}: row {row}"
        return f"{where}, {column}" if column else where

    def column(self, name: str, what: str, remedy: str = "") -> Array:
        """`what`: whose column it is, for the error. Raises InputError (slug missing_column)."""
        if name not in self.columns:
            raise InputError(
                f"expected a column {name!r}, got the columns {some(self.columns)}",
                slug="missing_column",
                place=f"{self.place}: {what}",
                remedy=remedy or "name the columns as the schema does (`tacit data schema FILE` prints it)",
            )
        return self.columns[name]


def table_of(given: Any) -> Table:
    """A table with named columns; raises InputError (slugs table, file), MissingDependency."""
    if isinstance(given, Table):
        return given
    if isinstance(given, (str, os.PathLike)):
        try:
            return _file(Path(given))
        except OSError as error:
            raise InputError(error.strerror or str(error), slug="file", place=str(given)) from None
    if isinstance(given, Mapping):
        return _columns({str(name): values for name, values in given.items()}, "table")
    if hasattr(given, "column_names") and hasattr(given, "column"):  # of Arrow
        return _columns({name: given.column(name).to_pandas() for name in given.column_names}, "table")
    if hasattr(given, "columns") and hasattr(given, "__getitem__"):  # of pandas and its like
        names = [str(name) for name in given.columns]
        if len(set(names)) < len(names):
            refuse("table", "expected columns with names of their own, got one twice")
        return _columns({str(name): given[name] for name in given.columns}, "table")
    refuse("table", f"expected a table, got {type(given).__name__}")


def refuse(place: str, reason: str, remedy: str = REMEDY) -> NoReturn:
    raise InputError(reason, slug="table", place=place, remedy=remedy)


def array_of(values: Any) -> Array:
    """An array; a masked value of NumPy's becomes None, a value that is missing: its fill is nobody's value."""
    if np.ma.is_masked(values):
        found = np.ma.getdata(values).astype(object)
        found[np.ma.getmaskarray(values)] = None
        return found
    return np.asarray(values)


def _columns(given: Mapping[str, Any], place: str) -> Table:
    arrays = dict[str, Array]()
    for name, values in given.items():
        try:
            arrays[name] = array_of(values)
            if arrays[name].dtype.kind in "US":  # a NaN among texts is not the text "nan"
                arrays[name] = np.asarray(values, dtype=object)
        except (TypeError, ValueError) as error:
            refuse(f"{place}: column {name}", f"not an array: {error}")
        if arrays[name].ndim == 0:
            refuse(f"{place}: column {name}", "expected a list of values, got one value")
    sizes = {len(values) for values in arrays.values()}
    if len(sizes) > 1:
        told = some(f"{len(values)} of {name}" for name, values in arrays.items())
        refuse(place, f"expected as many values in each column, got {told}")
    if not sizes or not sizes.copy().pop():
        refuse(place, "expected at least one row, got none")
    return Table(arrays, sizes.pop(), place)


def _file(path: Path) -> Table:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv(path)
    if suffix in (".parquet", ".pq"):
        return _parquet(path)
    if suffix == ".npz":
        return _npz(path)
    refuse(str(path), f"expected a .csv, .parquet or .npz file, got {suffix or 'no suffix'}")


def _csv(path: Path) -> Table:
    """A line of names, then a line a record; cells are texts until a schema says what they are."""
    place = str(path)
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, skipinitialspace=True)
        try:
            names = [cell.strip() for cell in next(lines, [])]
            rows, numbers = list[list[str]](), list[int]()
            for cells in lines:
                if not cells:
                    continue
                if len(cells) != len(names):
                    reason = f"expected {len(names)} columns, got {len(cells)}"
                    refuse(f"{place}: line {lines.line_num}", reason, _separated(names) or _UNEQUAL)
                rows.append(cells)
                numbers.append(lines.line_num)
        except UnicodeDecodeError:
            refuse(place, "expected text in UTF-8", "save the table as UTF-8")
        except csv.Error as error:
            refuse(f"{place}: line {lines.line_num}", f"not a table: {error}")
    for i, name in enumerate(names):
        if not name or name in names[:i]:
            refuse(
                f"{place}: line 1", f"expected names that differ, got {name or 'an empty name'!r} for column {i + 1}"
            )
    if not rows:
        refuse(place, "expected lines below the header, got none")
    if remedy := _separated(names):
        refuse(
            f"{place}: line 1", f"expected names with commas between them, got one column, {names[0][:60]!r}", remedy
        )
    columns = {name: np.array([row[i].strip() for row in rows], dtype=object) for i, name in enumerate(names)}
    return Table(columns, len(rows), place, numbers)


_UNEQUAL = "give every line as many cells as the header has; a cell with a comma stands in double quotes"


def _separated(names: list[str]) -> str:
    """What to do about a header that is one cell with other separators in it; nothing of any other."""
    signs = {";": "';'", "\t": "a tab", "|": "'|'"}
    found = [what for sign, what in signs.items() if len(names) == 1 and sign in names[0]]
    return f"the separator seems to be {found[0]}: save the table with commas (and decimal points)" if found else ""


def _parquet(path: Path) -> Table:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingDependency(
            "reading Parquet files needs pyarrow", place="pyarrow", remedy="pip install 'tacit[data]'"
        ) from None
    path.stat()  # an absent file is named as all are
    try:
        table = parquet.read_table(path)
        found = {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names}
    except (pyarrow.ArrowException, OSError) as error:
        refuse(str(path), f"not a Parquet file: {str(error)[:80]}")
    return _columns(found, str(path))


def _npz(path: Path) -> Table:
    try:
        archive = ArrayFile(path)
        if archive.alone:
            refuse(str(path), "expected several arrays by name, got one")
        found = {name: archive[name] for name in archive}
    except InputError as error:
        refuse(str(path), error.reason, error.remedy or REMEDY)
    return _columns(found, str(path))
