"""A schema of a table's columns: kinds follow from the types; ranges, categories and classes are declared, or public."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tacit.data.columns import Column, Label
from tacit.data.limits import MOST_ID
from tacit.data.rules import Rule
from tacit.data.tables import Array, Table, table_of
from tacit.data.values import missing, reals, refuse, text_of, whole

if TYPE_CHECKING:
    from tacit.data.schema import Schema


@dataclass(frozen=True)
class Declared:
    """What the caller says of the columns, and whether the table may say the rest."""

    ranges: Mapping[str, tuple[float, float]] | None = None
    centers: Mapping[str, float] | None = None
    scales: Mapping[str, float] | None = None
    units: Mapping[str, str] | None = None
    categories: Mapping[str, Iterable[str]] | None = None
    codes: Mapping[str, Iterable[int]] | None = None
    flags: Iterable[str] = ()
    classes: Iterable[str] | None = None
    public: bool = False

    def of(self, what: str) -> dict[str, Any]:
        """One of the mappings, by column; empty where there is none."""
        return dict(getattr(self, what) or {})

    @property
    def names(self) -> list[str]:
        """Columns of which anything is said."""
        found = [self.of(what) for what in ("ranges", "centers", "scales", "units", "categories", "codes")]
        return list(dict.fromkeys([*(str(name) for mapping in found for name in mapping), *self.flags]))

    def column(self, table: Table, name: str) -> Column:
        """A feature's column. Raises InputError (slugs column, undeclared, shape)."""
        values = table.columns[name]
        if values.ndim > 1:
            refuse(
                f"{table.place}: column {name}",
                f"expected one value a row, got shape {values.shape}",
                "give arrays of several axes as the only column beside label and ids, or a column for each feature",
                slug="shape",
            )
        kinds = [what for what in ("ranges", "categories", "codes") if name in self.of(what)]
        kinds += ["flags"] if name in self.flags else []
        if len(kinds) > 1:
            refuse(
                f"column {name}",
                f"expected one kind of values, got {' and '.join(kinds)} of it",
                f"leave out {' or '.join(OPTIONS[what] for what in kinds)}",
                slug="column",
            )
        made = self._made(table, name, values)
        for what in ("centers", "scales", "ranges"):
            if name in self.of(what) and made.kind != "number":
                refuse(
                    f"column {name}",
                    f"expected {what} of number columns, got one of a {made.kind}",
                    f"leave out its {OPTIONS[what]}, or what makes it a {made.kind}",
                    slug="column",
                )
        return made

    def _made(self, table: Table, name: str, values: Array) -> Column:
        if name in (categories := self.of("categories")):
            return Column.category(name, categories[name])
        if name in (codes := self.of("codes")):
            return Column.code(name, codes[name], unit=self.of("units").get(name, ""))
        if name in self.of("ranges"):
            return self.number(name, *self.pair(name))
        if name in self.flags or values.dtype.kind == "b":
            return Column.flag(name)
        if not _numeric(values):
            return Column.category(name, self.class_names(table, name, None, "categories"))
        self._ask(name, "ranges", "its least and greatest value")
        found = reals(table, values, f"column {name}")
        return self.number(name, float(found.min()), float(found.max()))

    def number(self, name: str, lo: float, hi: float, center: Any = None, scale: Any = None) -> Column:
        """A number column; `center` and `scale` are taken where nothing is declared."""
        center, scale = self.of("centers").get(name, center), self.of("scales").get(name, scale)
        return Column.number(name, lo, hi, unit=self.of("units").get(name, ""), center=center, scale=scale)

    def array(self, table: Table, name: str) -> Column:
        """What every entry of an array is: kept as it is unless declared otherwise, as by `Schema.array`."""
        if name in self.of("ranges"):
            return self.number(name, *self.pair(name), 0.0, 1.0)
        self._ask(name, "ranges", "the least and greatest value of its entries")
        found = reals(table, table.columns[name], f"column {name}")
        return self.number(name, float(found.min()), float(found.max()), 0.0, 1.0)

    def pair(self, name: str) -> tuple[float, float]:
        """The declared range. Raises InputError (slugs column, undeclared)."""
        ends = self.of("ranges").get(name)
        if ends is None:
            self._ask(name, "ranges", "its least and greatest value", always=True)
        if not isinstance(ends, (tuple, list)) or len(ends) != 2:
            refuse(
                f"column {name}",
                f"expected a range (least, greatest), got {str(ends)[:40]}",
                "(0.0, 1.0)",
                slug="column",
            )
        return ends[0], ends[1]

    def class_names(self, table: Table, name: str, declared: Iterable[str] | None, option: str) -> list[str]:
        """As declared, or, of a public table, those that are there, in order."""
        if declared is not None:
            return list(declared)
        self._ask(name, option, "the names of its values")
        return sorted({text_of(value) for value in table.columns[name] if not missing(value)}, key=_order)

    def _ask(self, name: str, option: str, what: str, *, always: bool = False) -> None:
        if not self.public or always:
            refuse(
                f"column {name}",
                f"expected {option} to say {what}, got nothing",
                f"give {option}=.. ({OPTIONS[option]}), for a schema is public"
                + ("" if always else "; or public=True (--public), if this very table is no secret"),
                slug="undeclared",
            )


NAMED = "name a column of the table as its first line does: label, id, ranges, .. (--label, --id, --range, ..)"
#: What the command line calls it.
OPTIONS = {
    "ranges": "--range",
    "centers": "--center",
    "scales": "--scale",
    "categories": "--categories",
    "codes": "--codes",
    "flags": "--flag",
    "classes": "--classes",
}


def described(
    cls: type[Schema],
    frame: Any,
    label: str | Label | Iterable[str],
    id: str,
    declared: Declared,
    rules: tuple[Rule | str, ...],
    frac: int,
    label_frac: int,
) -> Schema:
    """`Schema.from_frame`."""
    table = table_of(frame)
    if id:
        # Here, and not only where records are encoded: a schema with an id that no record can have helps nobody.
        whole(table, table.column(id, "id", NAMED), 0, MOST_ID, f"id column {id}", slug="ids")
    made, used = _label_of(table, label, declared, label_frac)
    for one in declared.names:
        table.column(one, "what is declared", NAMED)
    features = [name for name in table.columns if name not in (*used, id)]
    told = tuple(Rule(r) if isinstance(r, str) else r for r in rules)
    if len(features) == 1 and table.columns[features[0]].ndim > 1:
        shape = table.columns[features[0]].shape[1:]
        return cls((declared.array(table, features[0]),), made, frac, told, id, shape)
    return cls(tuple(declared.column(table, name) for name in features), made, frac, told, id)


def _label_of(table: Table, label: Any, declared: Declared, frac: int) -> tuple[Label, list[str]]:
    """The label, and the columns that it takes."""
    if isinstance(label, Label):
        used = [target.name for target in label.targets] or [label.name]
        for one in used:
            table.column(one, "label", NAMED)
        return label, used
    names = [label] if isinstance(label, str) else [str(name) for name in label]
    for one in names:
        table.column(one, "label", NAMED)
    if len(names) > 1 or names[0] in declared.of("ranges"):
        targets = [declared.number(name, *declared.pair(name)) for name in names]
        return Label.numbers(names[0] if len(names) == 1 else "targets", targets, frac=frac), names
    return Label.classes(names[0], declared.class_names(table, names[0], declared.classes, "classes")), names


def _order(text: str) -> tuple[bool, int, str]:
    number = text.lstrip("-").isdecimal()
    return not number, int(text) if number else 0, text


def _numeric(values: Array) -> bool:
    """Whether all that is there is a number, or a text of one."""
    if values.dtype.kind in "iuf":
        return True
    try:
        _ = [float(value) for value in values if not missing(value)]
    except (TypeError, ValueError):
        return False
    return not any(isinstance(value, (bool, np.bool_)) for value in values)
