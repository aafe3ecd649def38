"""From a table to the integers of its records, and what integers must be to be some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tacit.data.limits import MOST_ID, MOST_RECORDS, check_records
from tacit.data.records import Ints, Records
from tacit.data.tables import Array, Table, array_of, table_of
from tacit.data.tables import refuse as refuse_table
from tacit.data.values import class_numbers, column_integers, refuse, scaled, whole

if TYPE_CHECKING:
    from tacit.data.schema import Schema

#: The column that ids get where they are given by themselves: no column of a schema has this name.
_IDS = "`ids`"


def encoded(schema: Schema, given: Any, ids: Any = None) -> Records:
    """`Schema.encode`: integers by tensor, ordered by id."""
    if isinstance(given, Records):
        return checked(schema, given)
    table = _named(schema, given) if isinstance(given, (tuple, list)) else table_of(given)
    if table.rows > MOST_RECORDS:
        check_records(table.rows)
    x = _features(schema, table)
    y = _labels(schema, table)
    numbers = _ids(schema, table, ids)
    _check_rules(schema, x, lambda row: table.at(row))
    order = np.argsort(numbers, kind="stable")
    twice = np.flatnonzero(np.diff(numbers[order]) == 0)
    if twice.size:
        a, b = (int(order[twice[0] + i]) for i in range(2))
        refuse(
            table.at(b, "id"),
            f"expected ids that differ, got {numbers[b]} as in {table.at(a)}",
            "leave the second record out, or correct its id: no record counts twice",
            slug="ids",
        )
    found = {"x": x, "y": y, "id": numbers}
    return Records({name: np.ascontiguousarray(values[order]) for name, values in found.items()})


def features(schema: Schema, given: Any) -> Ints:
    """`Schema.encode_features`: the integers of x alone, in the table's order."""
    table = table_of(_named_x(schema, given) if isinstance(given, np.ndarray) else given)
    if not 1 <= table.rows <= MOST_RECORDS:
        check_records(table.rows)
    x = np.ascontiguousarray(_features(schema, table))
    _check_rules(schema, x, lambda row: table.at(row))
    return x


def _named(schema: Schema, given: tuple[Any, ...] | list[Any]) -> Table:
    """(x, y) or (x, y, ids) by the schema's names. Raises InputError (slugs table, shape)."""
    if len(given) not in (2, 3):
        refuse_table("table", f"expected arrays (x, y) or (x, y, ids), got {len(given)} of them")
    y = array_of(given[1])
    found = _named_x(schema, array_of(given[0]))
    if schema.label.kind == "numbers":
        if y.ndim == 1:
            y = y[:, None]
        if y.ndim != 2 or y.shape[1] != schema.labels:
            refuse(
                "y",
                f"expected shape (n, {schema.labels}), got {y.shape}",
                "give a column for each target",
                slug="shape",
            )
        found |= {target.name: y[:, i] for i, target in enumerate(schema.label.targets)}
    else:
        found[schema.label.name] = y.reshape(-1) if y.ndim == 2 and y.shape[1] == 1 else y
    if len(given) == 3:
        found[_IDS] = array_of(given[2])
    return table_of(found)


def _named_x(schema: Schema, x: Array) -> dict[str, Any]:
    """x by the schema's names. Raises InputError (slug shape)."""
    if schema.shape:
        return {schema.columns[0].name: x}
    if x.ndim != 2 or x.shape[1] != len(schema.columns):
        refuse(
            "x",
            f"expected shape (n, {len(schema.columns)}), a column for each of the schema's, got {x.shape}",
            "give the columns in the schema's order, categories as their names",
            slug="shape",
        )
    return {column.name: x[:, i] for i, column in enumerate(schema.columns)}


def _features(schema: Schema, table: Table) -> Ints:
    if not schema.shape:
        parts = [column_integers(table, column, schema.frac) for column in schema.columns]
        return np.asarray(np.concatenate(parts, axis=1), dtype=np.int64)
    column = schema.columns[0]
    values, place = table.column(column.name, "schema"), column.place
    if values.shape[1:] != schema.shape:
        refuse(
            f"{table.place}: {place}",
            f"expected shape (n, {', '.join(map(str, schema.shape))}), got {values.shape}",
            "reshape the arrays to what the schema says",
            slug="shape",
        )
    assert column.scale is not None
    return scaled(table, values, column.scale, schema.frac, place, column.unit)


def _labels(schema: Schema, table: Table) -> Ints:
    label = schema.label
    if label.kind == "numbers":
        made = []
        for target in label.targets:
            assert target.scale is not None
            values = table.column(target.name, "schema")
            made.append(scaled(table, values, target.scale, label.frac, target.place, target.unit))
        return np.stack(made, axis=1)
    values = table.column(label.name, "schema")
    if values.ndim != 1:
        refuse(
            label.place, f"expected one class a record, got shape {values.shape}", "give one class each", slug="shape"
        )
    numbers = class_numbers(table, values, label.names, label.place)
    if label.kind == "flag":
        return numbers[:, None]
    return np.asarray(numbers[:, None] == np.arange(label.width), dtype=np.int64)


def _ids(schema: Schema, table: Table, ids: Any) -> Ints:
    """Of the argument, else of the third array or the id column, else counted from 0."""
    remedy = f"give whole numbers from 0 to {MOST_ID}, a different one for each record"
    name = schema.id if schema.id and schema.id in table.columns else _IDS
    if ids is None and name not in table.columns:
        if schema.id:
            table.column(schema.id, "ids")
        ids = 0
    if ids is None:
        values = table.columns[name]
    else:
        values = array_of(ids)
        if values.ndim == 0:
            first = int(whole(table, values[None], 0, MOST_ID, "ids", slug="ids")[0])
            if first + table.rows - 1 > MOST_ID:
                refuse(
                    "ids", f"expected ids up to {MOST_ID}, got {table.rows} of them from {first}", remedy, slug="ids"
                )
            return np.arange(first, first + table.rows, dtype=np.int64)
    if values.shape != (table.rows,):
        refuse(f"{table.place}: ids", f"expected {table.rows} ids, got shape {values.shape}", remedy, slug="ids")
    return whole(table, values, 0, MOST_ID, "id", slug="ids")


def _check_rules(schema: Schema, x: Ints, at: Any) -> None:
    for rule in schema.rules:
        factors, constant = rule.integers(schema.entries)
        sums = constant + sum(a * x[:, i] for a, i in factors)
        broken = np.flatnonzero(sums < 0)
        if broken.size:
            row = int(broken[0])
            told = ", ".join(
                f"{schema.entries[i].name} = {float(schema.entries[i].offset + schema.entries[i].step * int(x[row, i])):g}"
                for _, i in factors[:4]
            )
            refuse(
                at(row),
                f"expected {rule.text} of the values as they are rounded, got {told}",
                "correct the record or leave it out",
                slug="rule_broken",
            )


def checked(schema: Schema, records: Mapping[str, Array]) -> Records:
    """Integers that are records of this schema, each in its range, in the order of their ids.

    Raises InputError (slugs records, shape, range, category, labels, rule_broken, ids) naming the record.
    """
    if set(records) != {"x", "y", "id"}:
        refuse(
            "records",
            f"expected x, y and id, got {', '.join(map(str, records)) or 'nothing'}"[:80],
            "encode anew",
            slug="shape",
        )
    ids = array_of(records["id"])
    count = check_records(ids.size)
    for name, shape, lo, hi in schema.tensors(count):
        values = array_of(records[name])
        if values.shape != shape or values.dtype != np.int64:
            refuse(
                name,
                f"expected int64 of shape {shape}, got {values.dtype} of {values.shape}",
                "encode anew",
                slug="shape",
            )
        outside = (values < lo) | (values > hi)
        if outside.any():
            where = tuple(np.argwhere(outside)[0])
            _out(name, int(where[0]), f"expected integers in [{lo}, {hi}], got {values[where]}")
    steps = np.flatnonzero(np.diff(ids) <= 0)
    if steps.size:
        row = int(steps[0]) + 1
        refuse(
            f"record {row}", f"expected an id above {ids[row - 1]}, got {ids[row]}", "encode the table anew", slug="ids"
        )
    _check_entries(schema, np.asarray(records["x"]))
    _check_labels(schema, np.asarray(records["y"]))
    _check_rules(schema, np.asarray(records["x"]), lambda row: f"record {row}")
    return records if isinstance(records, Records) else Records(records)


def _out(name: str, row: int, reason: str) -> NoReturn:
    refuse(f"record {row}, {name}", reason, "encode the table anew", slug="range")


def _check_entries(schema: Schema, x: Ints) -> None:
    if schema.shape:
        x = x.reshape(len(x), -1)
    for i, entry in enumerate(schema.entries):
        values = x if schema.shape else x[:, i : i + 1]
        outside = ((values < entry.lo) | (values > entry.hi)).any(axis=1)
        if outside.any():
            row = int(np.argmax(outside))
            _out(entry.name, row, f"expected integers in [{entry.lo}, {entry.hi}], got {values[row].tolist()}"[:200])
    at = 0
    for column in schema.columns:
        group = x[:, at : at + column.width]
        at += column.width
        if column.kind == "number":
            continue
        allowed = np.array([code << schema.frac for code in column.codes or (0, 1)])
        wrong = ~np.isin(group, allowed).all(axis=1)
        if column.kind == "category":
            wrong |= group.sum(axis=1) != 1 << schema.frac
        if wrong.any():
            row = int(np.argmax(wrong))
            reason = f"expected one of {len(column.categories) or len(allowed)} values, got {group[row].tolist()}"
            refuse(f"record {row}, {column.place}", reason[:200], "encode the table anew", slug="category")


def _check_labels(schema: Schema, y: Ints) -> None:
    if schema.label.kind == "classes":
        wrong = np.flatnonzero(y.sum(axis=1) != 1)
        if wrong.size:
            row = int(wrong[0])
            reason = f"expected one class, got {int(y[row].sum())} of them"
            refuse(f"record {row}, {schema.label.place}", reason, "encode the table anew", slug="labels")
    for i, (lo, hi) in enumerate(schema.label.ranges()):
        outside = (y[:, i] < lo) | (y[:, i] > hi)
        if outside.any():
            row = int(np.argmax(outside))
            _out(schema.label.name, row, f"expected integers in [{lo}, {hi}], got {y[row, i]}")
