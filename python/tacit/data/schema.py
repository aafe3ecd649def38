"""A schema: what every record of a task looks like, in public. Programs are compiled from it, and never from samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from tacit.api.native import read_file, write_file
from tacit.api.storage import Path
from tacit.data import schema_file
from tacit.data.columns import (
    MOST_ENTRIES,
    Column,
    Entry,
    Label,
    check_frac,
    check_name,
    check_names,
    refuse,
    window,
)
from tacit.data.limits import MOST_ID, check_records, is_whole
from tacit.data.records import Ints
from tacit.data.rules import Rule
from tacit.errors import naming

if TYPE_CHECKING:
    from tacit.data.records import Records


@dataclass(frozen=True)
class Schema:
    """Columns with their ranges, a label, and rules; or, with a `shape`, arrays whose entries all have one range.

    `frac`: fx, the fractional bits of x. `id`: the column that numbers the records; "": a table has none. `shape`: () for a
    table; otherwise `columns` is one number column that says what every entry of an array is.

    Everything in it is public, and its digest names the task: whoever has the schema computes the same programs.
    Raises InputError (slugs column, rule).
    """

    columns: tuple[Column, ...]
    label: Label
    frac: int = 8
    rules: tuple[Rule, ...] = ()
    id: str = ""
    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, kind in (("columns", Column), ("rules", Rule)):
            values = getattr(self, name)
            if isinstance(values, str) or not isinstance(values, Iterable):
                raise refuse(f"expected a list of {name}, got {type(values).__name__}", name)
            values = tuple(Rule(v) if kind is Rule and isinstance(v, str) else v for v in values)
            if not all(isinstance(value, kind) for value in values):
                raise refuse(f"expected a list of {name}, got something else among them", name)
            object.__setattr__(self, name, values)
        if not isinstance(self.label, Label):
            raise refuse(f"expected a label, got {type(self.label).__name__}", "label")
        object.__setattr__(self, "frac", check_frac(self.frac, "frac"))
        object.__setattr__(self, "shape", _shape(self.shape))
        self._check_names()
        if self.shape and (len(self.columns) != 1 or self.columns[0].kind != "number" or self.rules):
            raise refuse("expected one number column and no rules for arrays", "columns", "use Schema.array")
        for rule in self.rules:
            rule.integers(self.entries)
        _ = self.interval, self.label.ranges()

    def _check_names(self) -> None:
        names = [column.name for column in self.columns]
        check_names([*names, self.label.name, *([check_name(self.id, "id")] if self.id else [])], "columns", 1)
        entries = [entry.name for entry in self.entries]
        if len(set(entries)) < len(entries):
            twice = next(name for i, name in enumerate(entries) if name in entries[:i])
            raise refuse(f"expected entries with names of their own, got two {twice!r}", "columns")
        if not 1 <= len(entries) <= MOST_ENTRIES:
            raise refuse(f"expected 1 to {MOST_ENTRIES} entries a record, got {len(entries)}", "columns")

    # --- making one ---------------------------------------------------------------------------------------------------

    @classmethod
    def array(
        cls,
        shape: Iterable[int],
        lo: float,
        hi: float,
        classes: int | Iterable[str] | Label,
        *,
        frac: int = 8,
        unit: str = "",
        center: float = 0.0,
        scale: float = 1.0,
        name: str = "x",
        label: str = "y",
        id: str = "",
    ) -> Schema:
        """Arrays (images, signals) of this shape with entries in [lo, hi], and their classes: a number, names, or a Label.

        By default values are kept as they are (center 0, scale 1). Raises InputError (slug column).
        """
        if is_whole(classes):
            classes = [str(i) for i in range(min(int(classes), 1 << 16))]
        made = classes if isinstance(classes, Label) else Label.classes(label, classes)
        column = Column.number(name, lo, hi, unit=unit, center=center, scale=scale)
        return cls((column,), made, frac, (), id, _shape(shape, least=1))

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        label: str | Label | Iterable[str],
        id: str = "",
        ranges: Mapping[str, tuple[float, float]] | None = None,
        centers: Mapping[str, float] | None = None,
        scales: Mapping[str, float] | None = None,
        units: Mapping[str, str] | None = None,
        categories: Mapping[str, Iterable[str]] | None = None,
        codes: Mapping[str, Iterable[int]] | None = None,
        flags: Iterable[str] = (),
        classes: Iterable[str] | None = None,
        rules: Iterable[Rule | str] = (),
        frac: int = 8,
        label_frac: int = 8,
        public: bool = False,
    ) -> Schema:
        """The schema of a table's columns (a DataFrame, a CSV or Parquet file, a dictionary of arrays).

        `label`: the column that is to be learned: of classes, or, where it has a range, a real target; several names are
        several targets (the label is then called "targets"); or a Label, such as `Label.flag` for a logistic loss.
        `centers`, `scales`: of number columns, as `Column.number` has them. `codes`: the whole numbers that one entry may be.
        `flags`: columns of yes and no (true, false, 1, 0), whose type does not say so, as in a text file.
        Kinds follow from the types; a single column of arrays makes a schema of arrays. What a schema says is public, so
        ranges, categories and classes are declared; only with `public=True`, which says that this very table is no secret,
        they are taken from it. Raises InputError.
        """
        from tacit.data.describing import Declared, described

        declared = Declared(ranges, centers, scales, units, categories, codes, tuple(flags), classes, bool(public))
        return described(cls, frame, label, id, declared, tuple(rules), frac, label_frac)

    # --- what programs need of it -------------------------------------------------------------------------------------

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What the numbers of one record are: one a feature of a table, one for all of an array's."""
        return tuple(entry for i, column in enumerate(self.columns) for entry in column.entries(i, self.frac))

    @property
    def features(self) -> tuple[int, ...]:
        """The shape of one record's x."""
        return self.shape or (len(self.entries),)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Of a table, one name an entry of x; a category's are `column=category`. Empty for arrays."""
        return () if self.shape else tuple(entry.name for entry in self.entries)

    @property
    def interval(self) -> tuple[int, int]:
        """The integers of the x tensor as a whole; a column's own range is narrower, and the dataset program shows it."""
        return window(min(entry.lo for entry in self.entries), max(entry.hi for entry in self.entries))

    @property
    def labels(self) -> int:
        """C, the entries of one record's y: classes, 1 for a flag, or targets."""
        return self.label.width

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes (two for a flag); None for real targets."""
        return self.label.names or None

    @property
    def label_interval(self) -> tuple[int, int]:
        """The integers of the y tensor as a whole."""
        ranges = self.label.ranges()
        return window(min(lo for lo, _ in ranges), max(hi for _, hi in ranges))

    @property
    def label_frac(self) -> int:
        """Fractional bits of y; 0 for bits."""
        return self.label.frac

    def tensors(self, records: int) -> list[tuple[str, tuple[int, ...], int, int]]:
        """(name, shape, lo, hi) of the data slab with so many records. Raises InputError (slug records)."""
        count = check_records(records)
        return [
            ("x", (count, *self.features), *self.interval),
            ("y", (count, self.labels), *self.label_interval),
            ("id", (count,), 0, MOST_ID),
        ]

    def encode(self, table: Any, *, ids: Any = None) -> Records:
        """The integers of a table's records, by tensor: x (N, *features), y (N, labels), id (N,), int64, ordered by id.

        `table`: a DataFrame, the path of a CSV or Parquet file, a dictionary of columns, or arrays (x, y) or (x, y, ids).
        `ids`: in place of an id column, numbers in [0, 2^48), or the first of consecutive ones; from 0, if there is neither.
        Raises InputError (slugs missing_value, not_finite, range, category, ids, rule, ..) naming row, column, value and range.
        """
        from tacit.data.encoding import encoded

        return encoded(self, table, ids)

    def encode_features(self, table: Any) -> Ints:
        """The integers x (n, *features), int64, of records without labels, in the table's order: for predictions.

        `table`: as for `encode`, or one array of all columns; labels and ids may be missing. Real inputs of an inference program
        are these times 2^-frac. Raises InputError as `encode` does.
        """
        from tacit.data.encoding import features

        return features(self, table)

    def predictions(self, values: Any) -> list[dict[str, float]]:
        """What a program `infer` gives for each record, in words: shares by class, or targets in their own units.

        `values`: its output `prediction`, (n, labels). Raises InputError (slug shape).
        """
        from tacit.data.answers import predictions

        return predictions(self, values)

    # --- the file -----------------------------------------------------------------------------------------------------

    @cached_property
    def digest(self) -> str:
        """Hexadecimal identity: keccak256 of a tag and the canonical text (docs/protocol/data.md, section 1)."""
        return schema_file.digest(self._plain()).hex()

    def _plain(self) -> dict[str, Any]:
        return schema_file.plain(self.frac, self.id, self.shape, self.columns, self.label, self.rules)

    def to_json(self) -> bytes:
        """The file's bytes: the canonical text, with line breaks for people."""
        import json

        return json.dumps(self._plain(), ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, *, place: str = "schema") -> Schema:
        """A schema of its file's bytes; spaces and the order of keys do not matter. Raises InputError (slug schema_file, ..)."""
        found = schema_file.parse(data, place)
        if not isinstance(found["id"], str):
            raise schema_file.wrong(f"id: expected a name or an empty text, got {type(found['id']).__name__}", place)
        return cls(**found)

    @classmethod
    def load(cls, path: Path) -> Schema:
        """Read a schema file. Raises InputError (slugs file, schema_file, column, rule)."""
        with naming(str(path)):
            return cls.from_json(read_file(path, schema_file.MOST_BYTES + 1), place=str(path))

    def save(self, path: Path) -> None:
        """Write the schema file, whole or not at all. Raises InputError."""
        write_file(path, self.to_json())

    def __repr__(self) -> str:
        what = "x".join(map(str, self.features))
        return f"<tacit.data.Schema {self.digest[:16]} features={what} labels={self.labels}>"


def _shape(shape: Any, least: int = 0) -> tuple[int, ...]:
    """The shape of one record: at most 7 axes, beside that of the records. Raises InputError (slug column)."""
    found = tuple(shape) if isinstance(shape, Iterable) and not isinstance(shape, str) else (shape,)
    good = all(is_whole(n) and n >= 1 for n in found)
    if not good or not least <= len(found) <= 7 or prod(found) > 1 << 24:
        raise refuse(f"expected a shape of {least} to 7 axes and at most 2^24 entries, got {str(shape)[:60]}", "shape")
    return tuple(int(n) for n in found)
