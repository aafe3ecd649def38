"""A schema of a table's columns: kinds follow from the types; ranges, categories and classes are declared, or public."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tacit.data.columns import Column, Label
from tacit.data.rules import Rule
from tacit.data.tables import Array, Table, table_of
from tacit.data.values import missing, reals, refuse, text_of

if TYPE_CHECKING:
    from tacit.data.schema import Schema

Ranges = Mapping[str, tuple[float, float]]


def described(
    cls: type[Schema],
    frame: Any,
    label: str | Label,
    id: str,
    ranges: Ranges | None,
    units: Mapping[str, str] | None,
    categories: Mapping[str, Iterable[str]] | None,
    classes: Iterable[str] | None,
    rules: tuple[Rule | str, ...],
    frac: int,
    public: bool,
) -> Schema:
    """`Schema.from_frame`."""
    table = table_of(frame)
    name = label.name if isinstance(label, Label) else label
    targets = [target.name for target in label.targets] if isinstance(label, Label) else []
    for one in targets or [name]:
        table.column(one, "label")
    if id:
        table.column(id, "id")
    known = _Declared(dict(ranges or {}), dict(units or {}), dict(categories or {}), bool(public))
    for one in [*known.ranges, *known.units, *known.categories]:
        table.column(str(one), "what is declared")
    columns = [known.column(table, one) for one in table.columns if one not in (name, id, *targets)]
    if isinstance(label, Label):
        made = label
    elif name in known.ranges:
        lo, hi = known.pair(name)
        made = Label.number(name, lo, hi, unit=known.units.get(name, ""))
    else:
        made = Label.classes(name, known.names(table, name, classes, "classes"))
    return cls(tuple(columns), made, frac, tuple(Rule(r) if isinstance(r, str) else r for r in rules), id)


class _Declared:
    """What the caller says of the columns, and whether the table may say the rest."""

    def __init__(self, ranges: Any, units: dict[str, str], categories: dict[str, Any], public: bool) -> None:
        self.ranges, self.units, self.categories, self.public = ranges, units, categories, public

    def column(self, table: Table, name: str) -> Column:
        values = table.columns[name]
        if name in self.categories:
            return Column.category(name, self.categories[name])
        if name in self.ranges:
            lo, hi = self.pair(name)
            return Column.number(name, lo, hi, unit=self.units.get(name, ""))
        if values.dtype.kind == "b":
            return Column.flag(name)
        if not _numeric(values):
            return Column.category(name, self.names(table, name, None, "categories"))
        self._ask(name, "ranges", "its least and greatest value")
        found = reals(table, values, f"column {name}")
        return Column.number(name, float(found.min()), float(found.max()), unit=self.units.get(name, ""))

    def pair(self, name: str) -> tuple[float, float]:
        ends = self.ranges[name]
        if not isinstance(ends, (tuple, list)) or len(ends) != 2:
            refuse(
                f"column {name}",
                f"expected a range (least, greatest), got {str(ends)[:40]}",
                "(0.0, 1.0)",
                slug="column",
            )
        return ends[0], ends[1]

    def names(self, table: Table, name: str, declared: Iterable[str] | None, option: str) -> list[str]:
        if declared is not None:
            return list(declared)
        self._ask(name, option, "the names of its values")
        return sorted({text_of(value) for value in table.columns[name] if not missing(value)}, key=_order)

    def _ask(self, name: str, option: str, what: str) -> None:
        if not self.public:
            refuse(
                f"column {name}",
                f"expected {option} to say {what}, got nothing",
                f"give {option}=.., for a schema is public; or public=True, if this very table is no secret",
                slug="undeclared",
            )


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
