"""A schema as JSON (docs/protocol/data.md, section 1): the canonical text that its digest is of, and reading it strictly."""

from __future__ import annotations

import json
from typing import Any

from tacit import hashing
from tacit.data.columns import MOST_ENTRIES, Column, Label, check_real, refuse
from tacit.data.rules import Rule
from tacit.errors import InputError
from tacit.foreign_json import parse as parse_json
from tacit.foreign_json import said

VERSION = 1
#: T(12, 0): what a schema's digest starts with (docs/protocol/protocol.md, section 1).
TAG = (12 << 56).to_bytes(8, "big")
#: Bytes of a file, at most.
MOST_BYTES = 1 << 24
MOST_RULES = 1 << 10

_KEYS = ("tacit-schema", "frac", "id", "shape", "columns", "label", "rules")
_COLUMN_KEYS = {
    "number": ("name", "kind", "unit", "lo", "hi", "center", "scale"),
    "category": ("name", "kind", "categories"),
    "code": ("name", "kind", "unit", "codes"),
    "flag": ("name", "kind"),
}
_LABEL_KEYS = {
    "classes": ("name", "kind", "classes"),
    "flag": ("name", "kind", "classes"),
    "numbers": ("name", "kind", "frac", "targets"),
}


def plain_column(column: Column) -> dict[str, Any]:
    """A column in the types of JSON, its keys in order."""
    found: dict[str, Any] = {"name": column.name, "kind": column.kind}
    if column.scale is not None:
        found |= {"unit": column.unit, "lo": column.scale.lo, "hi": column.scale.hi}
        return found | {"center": column.scale.center, "scale": column.scale.scale}
    if column.kind == "category":
        return found | {"categories": list(column.categories)}
    return found | {"unit": column.unit, "codes": list(column.codes)} if column.kind == "code" else found


def plain_label(label: Label) -> dict[str, Any]:
    """A label in the types of JSON, its keys in order."""
    found: dict[str, Any] = {"name": label.name, "kind": label.kind}
    if label.kind == "numbers":
        return found | {"frac": label.frac, "targets": [plain_column(target) for target in label.targets]}
    return found | {"classes": list(label.names)}


def plain(
    frac: int, id: str, shape: tuple[int, ...], columns: tuple[Column, ...], label: Label, rules: tuple[Rule, ...]
) -> dict[str, Any]:
    """A schema in the types of JSON, its keys in order."""
    return {
        "tacit-schema": VERSION,
        "frac": frac,
        "id": id,
        "shape": list(shape),
        "columns": [plain_column(column) for column in columns],
        "label": plain_label(label),
        "rules": [rule.text for rule in rules],
    }


def canonical(values: dict[str, Any]) -> bytes:
    """The one text of a schema: no spaces, every character as itself, keys in order, numbers as Python writes them."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def digest(values: dict[str, Any]) -> bytes:
    """keccak256(T(12, 0) || canonical text)."""
    return hashing.digest(TAG, canonical(values))


def parse(data: bytes, place: str) -> dict[str, Any]:
    """Column, Label and Rule objects by the names of `Schema`'s fields. Raises InputError (slugs schema_file, column, rule)."""
    if len(data) > MOST_BYTES:
        raise wrong(f"expected at most {MOST_BYTES} bytes, got {len(data)}", place)
    try:
        values = parse_json(data, object_pairs_hook=_once, parse_constant=_no_constant)
    except InputError as error:
        raise wrong(error.reason, place) from None
    except ValueError as error:
        raise wrong(said(error), place) from None
    version = values.get("tacit-schema", VERSION) if isinstance(values, dict) else VERSION
    if type(version) is not int or version != VERSION:
        raise wrong(f"expected a schema of version {VERSION}, got {str(version)[:20]}", place)
    _keys(values, _KEYS, "schema", place)
    listed = {name: _list(values[name], name, place) for name in ("shape", "columns", "rules")}
    if len(listed["columns"]) > MOST_ENTRIES or len(listed["rules"]) > MOST_RULES:
        raise wrong(f"expected at most {MOST_ENTRIES} columns and {MOST_RULES} rules", place)
    return {
        "frac": values["frac"],
        "id": values["id"],
        "shape": tuple(listed["shape"]),
        "columns": tuple(_column(one, place) for one in listed["columns"]),
        "label": _label(values["label"], place),
        "rules": tuple(Rule(text) for text in listed["rules"]),
    }


def wrong(reason: str, place: str) -> InputError:
    """The error of a file that holds no schema."""
    return InputError(
        reason,
        slug="schema_file",
        place=place,
        remedy="write the file with Schema.save or `tacit data schema`, and change values only",
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise wrong("expected every key once, got one twice", "")
    return found


def _no_constant(text: str) -> Any:
    raise wrong(f"expected finite numbers, got {text}", "")


def _keys(values: Any, keys: tuple[str, ...], what: str, place: str) -> None:
    if not isinstance(values, dict):
        raise wrong(f"{what}: expected an object, got {type(values).__name__}", place)
    for name in keys:
        if name not in values:
            raise wrong(f"{what}: expected the key {name!r}, got none", place)
    for name in values:
        if name not in keys:
            raise wrong(f"{what}: expected the keys {', '.join(keys)}, got {name[:40]!r}", place)


def _list(values: Any, what: str, place: str) -> list[Any]:
    if not isinstance(values, list):
        raise wrong(f"{what}: expected a list, got {type(values).__name__}", place)
    return values


def _kind(values: Any, keys: dict[str, tuple[str, ...]], what: str, place: str) -> str:
    kind = values.get("kind") if isinstance(values, dict) else None
    if not isinstance(kind, str) or kind not in keys:
        raise wrong(f"{what}: expected a kind, one of {', '.join(keys)}, got {str(kind)[:40]!r}", place)
    _keys(values, keys[kind], what, place)
    return kind


def _column(values: Any, place: str) -> Column:
    kind = _kind(values, _COLUMN_KEYS, "column", place)
    name = values["name"]
    if kind == "number":
        ends = {end: values[end] for end in ("lo", "hi", "center", "scale")}
        for end, value in ends.items():
            check_real(value, f"column {str(name)[:40]}, {end}")
        return Column.number(name, unit=values["unit"], **ends)
    if kind == "category":
        return Column.category(name, _texts(values["categories"], "categories", place))
    if kind == "code":
        return Column.code(name, _list(values["codes"], "codes", place), unit=values["unit"])
    return Column.flag(name)


def _label(values: Any, place: str) -> Label:
    kind = _kind(values, _LABEL_KEYS, "label", place)
    if kind == "numbers":
        targets = [_column(one, place) for one in _list(values["targets"], "targets", place)]
        return Label.numbers(values["name"], targets, frac=values["frac"])
    make = Label.classes if kind == "classes" else Label.flag
    return make(values["name"], _texts(values["classes"], "classes", place))


def _texts(values: Any, what: str, place: str) -> list[str]:
    found = _list(values, what, place)
    if not all(isinstance(text, str) for text in found):
        raise refuse(f"expected {what} as texts", place)
    return found
