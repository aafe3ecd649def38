"""Schemas: what they say of tensors, their file, and what they refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from Crypto.Hash import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from small_schemas import FLAG, REAL, SMALL

from tacit.data import Column, Label, Rule, Schema
from tacit.data.columns import window
from tacit.errors import InputError


def slug(action: Any) -> str:
    with pytest.raises(InputError) as caught:
        action()
    assert caught.value.place, caught.value
    assert caught.value.remedy, caught.value
    return caught.value.slug


def test_the_tensors_of_a_table() -> None:
    assert SMALL.features == (7,)
    assert SMALL.feature_names == ("systolic", "diastolic", "smoker", "ward=a", "ward=b", "ward=c", "grade")
    assert (SMALL.labels, SMALL.classes, SMALL.label_interval, SMALL.label_frac) == (2, ("well", "ill"), (0, 1), 0)
    assert SMALL.tensors(9) == [("x", (9, 7), 0, 16), ("y", (9, 2), 0, 1), ("id", (9,), 0, 2**48 - 1)]


def test_the_tensors_of_arrays() -> None:
    schema = Schema.array((1, 28, 28), 0, 1, 10)
    assert schema.features == (1, 28, 28)
    assert schema.classes == tuple("0123456789")
    # 257 integers: the interval is the power of two that holds them and has the smallest numbers.
    assert schema.interval == (-255, 256)
    assert schema.feature_names == ()


def test_the_tensors_of_other_labels() -> None:
    assert (FLAG.labels, FLAG.classes, FLAG.label_interval) == (1, ("no", "yes"), (0, 1))
    assert (REAL.labels, REAL.classes, REAL.label_interval, REAL.label_frac) == (2, None, (-12, 12), 2)


def test_a_range_becomes_one_around_zero() -> None:
    column = Column.number("age", 20, 120, unit="years")
    assert column.scale is not None
    assert (column.scale.center, column.scale.scale) == (70.0, 50.0)
    assert column.scale.integers(8, "age") == (-256, 256)


@given(st.integers(-(2**31), 2**31), st.integers(0, 2**31))
def test_an_interval_is_one_that_validity_programs_take(lo: int, width: int) -> None:
    least, most = window(lo, lo + width)
    assert least <= lo <= lo + width <= most
    span = most - least + 1
    assert span <= 256 or span & (span - 1) == 0
    assert span < 2 * (width + 1) or span <= 256
    # No other of this width has smaller numbers, up to the one step by which signed numbers reach further down.
    for moved in (least - 1, least + 1):
        if moved <= lo and moved + span - 1 >= lo + width and span > 256:
            assert max(-moved, moved + span - 1) >= max(-least, most) - 1


@pytest.mark.parametrize("schema", [SMALL, REAL, FLAG, Schema.array((3, 8), -1, 1, 4, frac=6)])
def test_a_file_holds_all_of_it(schema: Schema, tmp_path: Path) -> None:
    schema.save(tmp_path / "a.schema")
    found = Schema.load(tmp_path / "a.schema")
    assert found == schema
    assert found.digest == schema.digest
    # Spaces and the order of keys are for people.
    values = json.loads((tmp_path / "a.schema").read_bytes())
    turned = json.dumps(dict(reversed(values.items())))
    assert Schema.from_json(turned.encode()).digest == schema.digest


def test_every_part_changes_the_digest() -> None:
    seen = {SMALL.digest}
    others = [
        replace(SMALL, frac=3),
        replace(SMALL, id="visit"),
        replace(SMALL, rules=()),
        replace(SMALL, label=Label.classes("outcome", ["ill", "well"])),
        replace(SMALL, label=Label.flag("outcome", ["well", "ill"])),
        replace(SMALL, columns=(Column.number("systolic", 0, 4, center=0, scale=2), *SMALL.columns[1:])),
        replace(SMALL, columns=(Column.number("systolic", 0, 4, center=0, scale=1, unit="mmHg"), *SMALL.columns[1:])),
        replace(SMALL, columns=(*SMALL.columns[:4], Column.code("grade", [1, 3]))),
    ]
    for schema in others:
        assert schema.digest not in seen
        seen.add(schema.digest)


def test_the_digest_is_what_the_page_says() -> None:
    """The text by hand: another one would change the identity of every task."""
    column = '{"name":"a","kind":"number","unit":"","lo":0.0,"hi":3.0,"center":0.0,"scale":1.0}'
    label = '{"name":"ill","kind":"flag","classes":["no","yes"]}'
    text = f'{{"tacit-schema":1,"frac":2,"id":"","shape":[],"columns":[{column}],"label":{label},"rules":[]}}'
    assert FLAG.digest == keccak.new(digest_bits=256, data=bytes([12, *bytes(7)]) + text.encode()).hexdigest()


BROKEN: list[tuple[str, Any]] = [
    ("not JSON", b"{"),
    ("not UTF-8", b"\xff{}"),
    ("a list", b"[]"),
    ("deep", b"[" * 100_000),
    ("a long number", b'{"frac":' + b"9" * 5000 + b"}"),
]


@pytest.mark.parametrize("data", [data for _, data in BROKEN], ids=[name for name, _ in BROKEN])
def test_what_is_no_schema_is_refused(data: bytes) -> None:
    assert slug(lambda: Schema.from_json(data)) == "schema_file"


def changed(**values: Any) -> bytes:
    return json.dumps(json.loads(SMALL.to_json()) | values).encode()


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"tacit-schema": 2}, "schema_file"),
    ({"tacit-schema": True}, "schema_file"),
    ({"more": 1}, "schema_file"),
    ({"columns": {}}, "schema_file"),
    ({"columns": [{"name": "a", "kind": "text"}]}, "schema_file"),
    ({"columns": [{"name": "a", "kind": "flag", "unit": ""}]}, "schema_file"),
    ({"columns": [{"name": "a", "kind": ["flag"]}]}, "schema_file"),
    ({"columns": [7]}, "schema_file"),
    ({"columns": [], "rules": []}, "column"),
    ({"columns": [{"name": 3, "kind": "flag"}]}, "column"),
    ({"columns": [{"name": "a", "kind": "category", "categories": "xyz"}]}, "schema_file"),
    ({"columns": [{"name": "a", "kind": "category", "categories": [1, 2]}]}, "column"),
    ({"id": 5}, "schema_file"),
    ({"id": None}, "schema_file"),
    ({"frac": 8.0}, "column"),
    ({"frac": "8"}, "column"),
    ({"frac": 99}, "column"),
    ({"frac": 10**30}, "column"),
    ({"shape": [2]}, "column"),
    ({"shape": [0]}, "column"),
    ({"rules": ["systolic"]}, "rule"),
    ({"rules": ["systolic > nothing"]}, "rule"),
    ({"rules": [4]}, "rule"),
    ({"label": {"name": "outcome", "kind": "classes", "classes": ["a"]}}, "column"),
    ({"label": {"name": "systolic", "kind": "flag", "classes": ["a", "b"]}}, "column"),
]


@pytest.mark.parametrize(("values", "expected"), CHANGES, ids=[str(v)[:60] for v, _ in CHANGES])
def test_a_file_is_read_strictly(values: dict[str, Any], expected: str) -> None:
    assert slug(lambda: Schema.from_json(changed(**values))) == expected


def test_numbers_that_are_none_are_refused() -> None:
    text = SMALL.to_json().decode()
    for number in ("NaN", "Infinity", "-Infinity"):
        assert slug(lambda n=number: Schema.from_json(text.replace("4.0", n, 1).encode())) == "schema_file"
    assert slug(lambda: Schema.from_json(text.replace("4.0", "1e999", 1).encode())) == "column"
    assert slug(lambda: Schema.from_json(text.replace("4.0", "true", 1).encode())) == "column"
    assert slug(lambda: Schema.from_json(text.replace("4.0", "1" + "0" * 400, 1).encode())) == "column"
    assert slug(lambda: Schema.from_json(text.replace('"frac"', '"frac": 1, "frac"', 1).encode())) == "schema_file"


@given(st.binary(max_size=200))
@settings(max_examples=50)
def test_any_bytes_end_in_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(InputError):
        Schema.from_json(data)


@given(st.data())
@settings(max_examples=100)
def test_any_json_value_in_a_key_s_place_is_read_or_refused(data: st.DataObject) -> None:
    values = json.loads(SMALL.to_json())
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=5,
    )
    key = data.draw(st.sampled_from(sorted(values)))
    values[key] = data.draw(anything)
    try:
        found = Schema.from_json(json.dumps(values).encode())
    except InputError:
        return
    assert Schema.from_json(found.to_json()) == found


COLUMNS: list[Any] = [
    lambda: Column.number("a", 1, 1),
    lambda: Column.number("a", 2, 1),
    lambda: Column.number("a", 0, float("nan")),
    lambda: Column.number("a", 0, float("inf")),
    lambda: Column.number("a", 0, "1"),
    lambda: Column.number("a", 0, True),
    lambda: Column.number("a", 0, 2**53 + 1),
    lambda: Column.number("a", 0, 1, scale=0),
    lambda: Column.number("a", 0, 1, scale=-1),
    lambda: Column.number("a", 0, 1, unit="a\nb"),
    lambda: Column.number("", 0, 1),
    lambda: Column.number(" a", 0, 1),
    lambda: Column.number("a`b", 0, 1),
    lambda: Column.number("a\nb", 0, 1),
    lambda: Column.number("\ud800", 0, 1),
    lambda: Column.number("a" * 129, 0, 1),
    lambda: Column.category("a", "xyz"),
    lambda: Column.category("a", ["x"]),
    lambda: Column.category("a", ["x", "x"]),
    lambda: Column.category("a", [str(i) for i in range(5000)]),
    lambda: Column.code("a", []),
    lambda: Column.code("a", [1.5]),
    lambda: Column.code("a", [1, 1]),
    lambda: Column.code("a", [-1]),
    lambda: Column.code("a", [1 << 16]),
    lambda: Label.classes("y", ["only"]),
    lambda: Label.flag("y", ["a", "b", "c"]),
    lambda: Label.numbers("y", []),
    lambda: Label.numbers("y", [Column.flag("a")]),
    lambda: Schema((), Label.flag("y")),
    lambda: Schema((Column.flag("a"), Column.flag("a")), Label.flag("y")),
    lambda: Schema((Column.flag("y"),), Label.flag("y")),
    lambda: Schema((Column.flag("a"),), Label.flag("y"), id="a"),
    lambda: Schema((Column.flag("a=b"), Column.category("a", ["b", "c"])), Label.flag("y")),
    lambda: Schema((Column.flag("a"),), "y"),  # type: ignore[arg-type]
    lambda: Schema("ab", Label.flag("y")),  # type: ignore[arg-type]
    lambda: Schema((1,), Label.flag("y")),  # type: ignore[arg-type]
    lambda: Schema((Column.flag("a"),), Label.flag("y"), frac=-1),
    lambda: Schema((Column.number("a", 0, 1e9, center=0, scale=1),), Label.flag("y")),
    lambda: Schema((Column.code("a", [60000]),), Label.flag("y"), frac=24),
    lambda: Schema.array((0,), 0, 1, 2),
    lambda: Schema.array((), 0, 1, 2),
    lambda: Schema.array((1,) * 8, 0, 1, 2),
    lambda: Schema.array((1 << 13, 1 << 13), 0, 1, 2),
    lambda: Schema.array((2,), 0, 1, 1),
    lambda: Schema.array((2,), 0, 1, 10**12),
]


@pytest.mark.parametrize("make", COLUMNS)
def test_what_cannot_be_declared_is_refused(make: Any) -> None:
    assert slug(make) == "column"


def test_the_number_of_records_is_bounded() -> None:
    for records in (0, -1, 1.5, True, 1 << 25, "7"):
        assert slug(lambda n=records: SMALL.tensors(n)) == "records"


def frame() -> Any:
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    return pandas.DataFrame(
        {
            "record": np.arange(6),
            "age": rng.integers(20, 90, 6),
            "smoker": [True, False] * 3,
            "ward": ["b", "a", "c"] * 2,
            "outcome": ["ill", "well", "ill"] * 2,
        }
    )


def test_a_frame_says_names_and_kinds_and_the_caller_what_is_public() -> None:
    schema = Schema.from_frame(
        frame(),
        label="outcome",
        id="record",
        ranges={"age": (0, 120)},
        units={"age": "years"},
        categories={"ward": ["a", "b", "c", "d"]},
        classes=["well", "ill"],
    )
    assert [column.kind for column in schema.columns] == ["number", "flag", "category"]
    assert schema.feature_names == ("age", "smoker", "ward=a", "ward=b", "ward=c", "ward=d")
    assert schema.columns[0].unit == "years"


def test_nothing_is_taken_from_a_frame_that_is_not_said_to_be_public() -> None:
    everything = {"ranges": {"age": (0, 120)}, "categories": {"ward": ["a", "b", "c"]}, "classes": ["well", "ill"]}
    Schema.from_frame(frame(), label="outcome", id="record", **everything)  # type: ignore[arg-type]
    for name in everything:
        rest = {other: value for other, value in everything.items() if other != name}
        assert slug(lambda rest=rest: Schema.from_frame(frame(), label="outcome", id="record", **rest)) == "undeclared"
    public = Schema.from_frame(frame(), label="outcome", id="record", public=True)
    assert public.classes == ("ill", "well")
    assert public.columns[2].categories == ("a", "b", "c")


def test_a_label_with_a_range_is_a_real_target() -> None:
    schema = Schema.from_frame(frame()[["age", "smoker"]], label="age", ranges={"age": (0, 120)})
    assert (schema.labels, schema.classes) == (1, None)


def test_a_frame_takes_all_that_a_column_may_say() -> None:
    """Centers, scales, codes, several targets: what `Column` and `Label` have, `from_frame` has, too."""
    table = {"age": [40, 50], "stage": [0, 2], "smoker": ["yes", "no"], "dose": [1.0, 2.0], "stay": [3.0, 4.0]}
    schema = Schema.from_frame(
        table,
        label=["dose", "stay"],
        ranges={"age": (0, 120), "dose": (0, 4), "stay": (0, 90)},
        centers={"age": 50, "stay": 5},
        scales={"age": 10},
        codes={"stage": [0, 1, 2]},
        flags=["smoker"],
        label_frac=6,
    )
    numbers = Column.number("age", 0, 120, center=50, scale=10), Column.code("stage", [0, 1, 2])
    assert schema.columns == (*numbers, Column.flag("smoker"))
    targets = [Column.number("dose", 0, 4), Column.number("stay", 0, 90, center=5)]
    assert schema.label == Label.numbers("targets", targets, frac=6)
    assert schema.encode(table).count == 2


@pytest.mark.parametrize(
    "twice",
    [
        {"ranges": {"ward": (0, 1)}, "categories": {"ward": ["a", "b"]}},
        {"categories": {"ward": ["a", "b"]}, "codes": {"ward": [0, 1]}},
        {"ranges": {"ward": (0, 1)}, "flags": ["ward"]},
    ],
    ids=str,
)
def test_a_column_has_one_kind_of_values(twice: dict[str, Any]) -> None:
    """One of them was passed over in silence."""
    table = {"id": np.arange(2), "ward": np.array([0, 1]), "y": np.array(["no", "yes"])}
    with pytest.raises(InputError, match="one kind of values"):
        Schema.from_frame(table, label="y", id="id", classes=["no", "yes"], **twice)


def test_a_frame_of_arrays_is_a_schema_of_arrays() -> None:
    table = {"pixels": np.zeros((4, 3, 2)), "y": ["a", "b", "a", "b"]}
    schema = Schema.from_frame(table, label="y", ranges={"pixels": (0, 1)}, classes=["a", "b"])
    assert schema == Schema.array((3, 2), 0, 1, ["a", "b"], name="pixels")
    assert schema.encode(table)["x"].shape == (4, 3, 2)
    beside = {**table, "age": [1, 2, 3, 4]}
    ranges = {"pixels": (0.0, 1.0), "age": (0.0, 9.0)}
    assert slug(lambda: Schema.from_frame(beside, label="y", ranges=ranges, classes=["a", "b"])) == "shape"


def test_what_is_declared_of_another_kind_of_column_is_refused() -> None:
    told: dict[str, Any] = {"label": "outcome", "id": "record", "classes": ["well", "ill"], "ranges": {"age": (0, 120)}}
    for more in ({"centers": {"ward": 1.0}}, {"scales": {"smoker": 2.0}}):
        with pytest.raises(InputError, match="number columns") as refused:
            Schema.from_frame(frame(), categories={"ward": ["a", "b", "c"]}, **told, **more)
        assert refused.value.slug == "column"


def test_ids_that_are_no_whole_numbers_are_refused_before_a_schema_is_made() -> None:
    told: dict[str, Any] = {"label": "y", "classes": ["a", "b"], "ranges": {"age": (0.0, 120.0)}}
    table = {"age": [40, 50], "weight": [70.5, 80.0], "y": ["a", "b"]}
    assert slug(lambda: Schema.from_frame(table, id="weight", **told)) == "ids"


def test_a_label_may_be_given_whole() -> None:
    given = {"ranges": {"age": (0, 120)}, "categories": {"ward": ["a", "b", "c"]}}
    schema = Schema.from_frame(frame(), label=Label.flag("outcome", ["well", "ill"]), id="record", **given)  # type: ignore[arg-type]
    assert (schema.labels, schema.classes) == (1, ("well", "ill"))
    targets = Label.numbers("both", [Column.number("age", 0, 120)])
    schema = Schema.from_frame(frame()[["age", "smoker"]], label=targets)
    assert (schema.feature_names, schema.labels) == (("smoker",), 1)


def test_a_frame_without_the_columns_that_are_named_is_refused() -> None:
    assert slug(lambda: Schema.from_frame(frame(), label="nothing", public=True)) == "missing_column"
    assert slug(lambda: Schema.from_frame(frame(), label="outcome", id="nothing", public=True)) == "missing_column"
    ranges = {"agee": (0.0, 1.0)}
    assert slug(lambda: Schema.from_frame(frame(), label="outcome", ranges=ranges, public=True)) == "missing_column"


def test_rules_are_read_once_and_told_alike() -> None:
    assert Rule("systolic > diastolic") == Rule("diastolic < systolic")
    assert Rule("2*a+3 >= `b c` - 1.50").text == "2 * a - `b c` + 4.5 >= 0"
    assert Rule(Rule("a < 3*b - 0.25").text) == Rule("a < 3*b - 0.25")
