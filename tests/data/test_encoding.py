"""From tables to integers: every source gives the same, and what does not fit is named by row, column, value and range."""

from __future__ import annotations

import io
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_schemas import FLAG, REAL, SMALL, small_records, small_table

from tacit.data import Column, Label, Records, Schema, shards
from tacit.errors import InputError


def same(a: Records, b: Records) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_the_integers_of_records() -> None:
    found = small_records()
    assert found["id"].tolist() == [3, 10, 17, 24]
    assert found["x"].tolist() == [
        [8, 4, 0, 4, 0, 0, 4],
        [12, 2, 4, 0, 0, 4, 16],
        [16, 1, 0, 0, 4, 0, 12],
        [8, 4, 0, 4, 0, 0, 4],
    ]
    assert found["y"].tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    assert found.id_range == (3, 24)


def test_features_need_no_labels_and_keep_the_order() -> None:
    table, records = small_table(), small_records()
    order = np.argsort(table[SMALL.id])
    bare = {name: values for name, values in table.items() if name not in (SMALL.id, SMALL.label.name)}
    assert np.array_equal(SMALL.encode_features(bare)[order], records["x"])
    assert np.array_equal(SMALL.encode_features(table)[order], records["x"])
    columns = np.array([bare[column.name] for column in SMALL.columns], dtype=object).T
    assert np.array_equal(SMALL.encode_features(columns)[order], records["x"])
    image = Schema.array((2, 2), 0, 1, 2)
    assert np.array_equal(image.encode_features(np.full((3, 2, 2), 0.5)), np.full((3, 2, 2), 128))
    for wrong, slug in ((columns[:, 1:], "shape"), (columns[:0], "table"), ({}, "table")):
        with pytest.raises(InputError) as error:
            SMALL.encode_features(wrong)
        assert error.value.slug == slug


def test_every_source_gives_the_same(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table, expected = small_table(), small_records()
    frame = pandas.DataFrame(table)
    frame.to_csv(tmp_path / "t.csv", index=False)
    parquet.write_table(pyarrow.Table.from_pandas(frame), tmp_path / "t.parquet")
    np.savez(tmp_path / "t.npz", **table)
    frame["ward"] = frame["ward"].astype("category")
    shuffled = frame.sample(frac=1, random_state=1)
    x = np.array([[table[c.name][i] for c in SMALL.columns] for i in range(4)], dtype=object)
    for source in (
        frame,
        shuffled,
        pyarrow.Table.from_pandas(frame),
        tmp_path / "t.csv",
        str(tmp_path / "t.parquet"),
        tmp_path / "t.npz",
        {name: list(values) for name, values in table.items()},
        (x, table["outcome"], table["patient"]),
        (x, [0, 0, 1, 1], table["patient"]),
        expected,
    ):
        assert same(SMALL.encode(source), expected), source


def test_ids_are_given_counted_or_a_column_s() -> None:
    x, y = np.array([[1.0], [2.0], [0.0]]), [0, 1, 1]
    assert FLAG.encode((x, y))["id"].tolist() == [0, 1, 2]
    assert FLAG.encode((x, y), ids=40)["id"].tolist() == [40, 41, 42]
    found = FLAG.encode((x, y), ids=[9, 7, 8])
    assert found["id"].tolist() == [7, 8, 9]
    assert found["x"].reshape(-1).tolist() == [8, 0, 4]
    assert found["y"].reshape(-1).tolist() == [1, 1, 0]
    assert same(FLAG.encode((x, y, [9, 7, 8])), found)
    table = {"a": x.reshape(-1), "ill": ["no", "yes", "yes"]}
    assert FLAG.encode(table, ids=2**48 - 3).id_range == (2**48 - 3, 2**48 - 1)


def test_arrays_keep_their_shape() -> None:
    schema = Schema.array((2, 3), 0, 1, ["left", "right"], frac=4)
    values = np.linspace(0, 1, 12).reshape(2, 2, 3)
    found = schema.encode((values, ["right", "left"]))
    assert found["x"].shape == (2, 2, 3)
    assert found["x"].reshape(-1).tolist() == [0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16]
    assert found["y"].tolist() == [[0, 1], [1, 0]]
    assert same(schema.encode({"x": values, "y": ["right", "left"]}), found)


def test_real_targets_by_name_and_by_position() -> None:
    table = {"a": [0.25, 3], "b": [-1, 1], "s": [0.5, 1], "t": [-3, 0.2]}
    found = REAL.encode(table)
    assert found["y"].tolist() == [[2, -12], [4, 1]]
    assert same(REAL.encode((np.array([[0.25, -1], [3, 1]]), np.array([[0.5, -3], [1, 0.2]]))), found)


def test_rounding_is_to_the_nearest_halves_up_and_stays_in_range() -> None:
    schema = Schema((Column.number("a", 0.1, 0.7, center=0.1, scale=0.3),), Label.flag("y"), frac=8)
    found = schema.encode((np.array([[0.1], [0.7], [0.4]]), [0, 0, 1]))
    lo, hi = schema.entries[0].lo, schema.entries[0].hi
    assert (lo, hi) == (0, 512)
    assert found["x"].reshape(-1).tolist() == [0, 512, 256]
    halves = FLAG.encode((np.array([[0.125], [0.375], [0.124]]), [0, 0, 1]))
    assert halves["x"].reshape(-1).tolist() == [1, 2, 0]


def test_classes_are_names_or_counted() -> None:
    numbered = Schema((Column.flag("a"),), Label.classes("y", ["1", "2", "3"]))
    assert numbered.encode({"a": [0, 1], "y": [1, 3]})["y"].tolist() == [[1, 0, 0], [0, 0, 1]]
    with pytest.raises(InputError) as caught:
        numbered.encode({"a": [0, 1], "y": [0, 3]})
    assert caught.value.slug == "category"
    named = Schema((Column.flag("a"),), Label.classes("y", ["no", "yes"]))
    assert named.encode({"a": [0, 1], "y": [0.0, 1.0]})["y"].tolist() == [[1, 0], [0, 1]]


def test_flags_have_several_spellings() -> None:
    for values in ([True, False], [1, 0], [1.0, 0.0], ["yes", "no"], ["True", "false"], np.array([True, False])):
        assert FLAG_COLUMN.encode({"a": values, "y": [0, 1]})["x"].tolist() == [[256], [0]]


FLAG_COLUMN = Schema((Column.flag("a"),), Label.flag("y", ["no", "yes"]))


def broken(**changes: Any) -> dict[str, Any]:
    """The small table with one cell of a column replaced: name=(row, value)."""
    table = {name: list(values) for name, values in small_table().items()}
    for name, (row, value) in changes.items():
        table[name][row] = value
    return table


CELLS: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({"systolic": (2, 4.5)}, "range", ("row 2", "systolic", "4.5", "[0, 4]")),
    ({"systolic": (1, -0.01)}, "range", ("row 1", "-0.01")),
    ({"systolic": (1, float("nan"))}, "missing_value", ("row 1", "systolic", "NaN")),
    ({"systolic": (1, None)}, "missing_value", ("row 1", "systolic")),
    ({"systolic": (1, "")}, "missing_value", ("row 1", "systolic")),
    ({"systolic": (1, float("inf"))}, "not_finite", ("row 1", "systolic")),
    ({"systolic": (1, "high")}, "dtype", ("row 1", "systolic", "'high'")),
    ({"systolic": (1, "1_0")}, "dtype", ("row 1", "systolic", "'1_0'")),
    ({"systolic": (1, 1j)}, "dtype", ("systolic", "j")),
    ({"smoker": (3, 2)}, "category", ("row 3", "smoker", "2")),
    ({"smoker": (3, float("nan"))}, "missing_value", ("row 3", "smoker")),
    ({"ward": (0, "d")}, "category", ("row 0", "ward", "'d'", "a, b, c")),
    ({"ward": (0, None)}, "missing_value", ("row 0", "ward")),
    ({"grade": (1, 2)}, "category", ("row 1", "grade", "2", "1, 3, 4")),
    ({"grade": (1, 3.5)}, "category", ("row 1", "grade", "3.5")),
    ({"grade": (1, 99)}, "category", ("row 1", "grade", "99")),
    ({"outcome": (2, "dead")}, "category", ("row 2", "outcome", "'dead'", "well, ill")),
    ({"outcome": (2, 2)}, "category", ("row 2", "outcome", "2")),
    ({"outcome": (2, float("nan"))}, "missing_value", ("row 2", "outcome")),
    ({"patient": (1, 3)}, "ids", ("row 1", "3", "row 0")),
    ({"patient": (1, -1)}, "ids", ("row 1", "-1")),
    ({"patient": (1, 2**48)}, "ids", ("row 1", str(2**48))),
    ({"patient": (1, 0.5)}, "ids", ("row 1", "0.5")),
    ({"patient": (1, "P7")}, "ids", ("row 1", "'P7'")),
    ({"patient": (1, None)}, "missing_value", ("row 1",)),
    ({"diastolic": (0, 2.0)}, "rule_broken", ("row 0", "systolic - diastolic > 0", "systolic = 2, diastolic = 2")),
    ({"diastolic": (0, 1.95)}, "rule_broken", ("row 0", "as they are rounded")),
]


@pytest.mark.parametrize(("change", "slug", "words"), CELLS, ids=[str(c)[:40] for c, _, _ in CELLS])
def test_a_cell_that_does_not_fit_is_named(change: Any, slug: str, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        SMALL.encode(broken(**change))
    assert caught.value.slug == slug
    assert caught.value.remedy
    for word in words:
        assert word in str(caught.value)


def test_a_text_file_s_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a, ill\n1, no\n\n2, yes\n9, no\n")
    with pytest.raises(InputError) as caught:
        FLAG.encode(path)
    assert "line 5, column a" in str(caught.value)
    assert "expected a value in [0, 3], got 9" in str(caught.value)


FILES: list[tuple[str, bytes, str]] = [
    ("t.csv", b"", "table"),
    ("t.csv", b"a,ill\n", "table"),
    ("t.csv", b"a,ill\n1\n", "table"),
    ("t.csv", b"a,a\n1,2\n", "table"),
    ("t.csv", b"a,\n1,2\n", "table"),
    ("t.csv", b"\xff\xfe", "table"),
    ("t.csv", b"a,b\n1,no\n", "missing_column"),
    ("t.txt", b"a,ill\n1,no\n", "table"),
    ("t", b"", "table"),
    ("t.parquet", b"PAR1", "table"),
    ("t.npz", b"PK", "table"),
]


@pytest.mark.parametrize(("name", "data", "slug"), FILES)
def test_files_that_are_no_tables_are_refused(name: str, data: bytes, slug: str, tmp_path: Path) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        FLAG.encode(tmp_path / name)
    assert caught.value.slug == slug


def damaged(kind: str) -> bytes:
    """An archive of two columns that Python's own readers stumble over."""
    file = io.BytesIO()
    np.savez_compressed(file, a=np.zeros(1000), ill=np.zeros(1000, dtype=int))
    raw = bytearray(file.getvalue())
    listed, first = raw.find(b"PK\x01\x02"), raw.find(b"PK\x03\x04")
    if kind == "no archive":
        return b"PK\x03\x04" + bytes(100)
    if kind == "packed wrongly":
        raw[60:75] = b"\xff" * 15
    elif kind == "an unknown way of packing":
        raw[listed + 10 : listed + 12] = raw[first + 8 : first + 10] = b"\x63\x00"
    elif kind == "encrypted":
        raw[listed + 8] |= 1
    return bytes(raw)


@pytest.mark.parametrize("kind", ["no archive", "packed wrongly", "an unknown way of packing", "encrypted"])
def test_archives_that_are_damaged_are_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(damaged(kind))
    with pytest.raises(InputError) as caught:
        FLAG.encode(path)
    assert caught.value.slug == "table"
    assert caught.value.place == str(path)


def test_an_archive_unpacks_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tacit.array_files.FREE", 2**20)
    path = tmp_path / "t.npz"
    np.savez_compressed(path, a=np.zeros(2**20), ill=np.zeros(2**20, dtype=int))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="bytes unpacked") as caught:
            FLAG.encode(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert caught.value.slug == "table"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for name in ("t.csv", "t.parquet", "t.npz"):
        with pytest.raises(InputError) as caught:
            FLAG.encode(tmp_path / name)
        assert (caught.value.slug, caught.value.place) == ("file", str(tmp_path / name))


TABLES: list[tuple[Any, str]] = [
    (7, "table"),
    (None, "table"),
    ({}, "table"),
    ({"a": 3}, "table"),
    ({"a": [], "ill": []}, "table"),
    ({"a": [1, 2], "ill": ["no"]}, "table"),
    ({"a": [1, 2]}, "missing_column"),
    ({"a": [[1], [2]], "ill": ["no", "no"]}, "shape"),
    ({"a": [1, 2], "ill": [[1, 0], [0, 1]]}, "shape"),
    (([[1.0]],), "table"),
    (([[1.0]], [0], [0], [0]), "table"),
    (([[1.0, 2.0]], [0]), "shape"),
    (([1.0], [0]), "shape"),
    (([[1.0]], [0], [[0]]), "ids"),
    (([[2**53 + 1]], [0]), "inexact"),
]


@pytest.mark.parametrize(("table", "slug"), TABLES, ids=[str(t)[:30] for t, _ in TABLES])
def test_what_is_no_table_of_the_schema_is_refused(table: Any, slug: str) -> None:
    with pytest.raises(InputError) as caught:
        FLAG.encode(table)
    assert caught.value.slug == slug


@pytest.mark.parametrize("ids", [-1, 2**48, 2**48 - 1, 1.5, "x", [1], [1, 1], [[1, 2]], [1, None]])
def test_ids_that_are_none_are_refused(ids: Any) -> None:
    with pytest.raises(InputError) as caught:
        FLAG.encode(([[1.0], [2.0]], [0, 1]), ids=ids)
    assert caught.value.slug in ("ids", "missing_value")


def test_a_schema_with_an_id_column_wants_it() -> None:
    table = small_table()
    del table["patient"]
    with pytest.raises(InputError) as caught:
        SMALL.encode(table)
    assert caught.value.slug == "missing_column"
    assert SMALL.encode(table, ids=5).id_range == (5, 8)


def test_arrays_of_another_shape_are_refused() -> None:
    schema = Schema.array((2, 3), 0, 1, 2)
    for shape in ((2, 3, 2), (2, 6), (2, 1, 2, 3)):
        with pytest.raises(InputError) as caught:
            schema.encode((np.zeros(shape), [0, 1]))
        assert caught.value.slug == "shape"
    with pytest.raises(InputError) as caught:
        schema.encode((np.full((2, 2, 3), [[0], [1.5]]), [0, 1]))
    assert caught.value.slug == "range"


# --- integers that were not made by encoding --------------------------------------------------------------------------


def spoiled(name: str, at: tuple[int, ...], value: int) -> Records:
    records = Records({n: v.copy() for n, v in small_records().items()})
    records[name][at] = value
    return records


SPOILED: list[tuple[str, tuple[int, ...], int, str]] = [
    ("x", (1, 0), 17, "range"),
    ("x", (1, 0), -1, "range"),
    ("x", (1, 1), 13, "range"),
    ("x", (1, 2), 2, "category"),
    ("x", (1, 3), 4, "category"),
    ("x", (1, 5), 0, "category"),
    ("x", (1, 6), 8, "category"),
    ("x", (1, 6), 0, "range"),
    ("x", (1, 1), 12, "rule_broken"),
    ("y", (0, 1), 1, "labels"),
    ("y", (0, 0), 0, "labels"),
    ("y", (0, 0), 2, "range"),
    ("id", (1,), 3, "ids"),
    ("id", (1,), 2, "ids"),
    ("id", (3,), 2**48, "range"),
]


@pytest.mark.parametrize(("name", "at", "value", "slug"), SPOILED)
def test_integers_are_looked_at_again(name: str, at: tuple[int, ...], value: int, slug: str) -> None:
    with pytest.raises(InputError) as caught:
        SMALL.encode(spoiled(name, at, value))
    assert caught.value.slug == slug


def test_integers_of_another_shape_or_type_are_refused() -> None:
    for name, change in (("x", lambda v: v[:, :6]), ("y", lambda v: v.astype(np.int32)), ("id", lambda v: v[:0])):
        records = Records(small_records())
        records[name] = change(records[name])
        with pytest.raises(InputError) as caught:
            SMALL.encode(records)
        assert caught.value.slug in ("shape", "records")


def test_records_lack_nothing() -> None:
    for names in ((), ("x", "y"), ("x", "y", "id", "z")):
        with pytest.raises(InputError) as caught:
            SMALL.encode(Records({name: small_records()["x"] for name in names}))
        assert caught.value.slug == "shape"


def test_targets_out_of_their_own_range_are_refused() -> None:
    records = REAL.encode({"a": [1.0], "b": [0.0], "s": [1.0], "t": [0.0]})
    records["y"][0, 0] = 5  # within the tensor's interval, not within the target's range
    with pytest.raises(InputError) as caught:
        REAL.encode(records)
    assert caught.value.slug == "range"


# --- shards -----------------------------------------------------------------------------------------------------------


def test_shards_are_cut_by_ids() -> None:
    records = small_records(10)
    parts = shards(records, 5)
    assert [part.count for part in parts] == [5, 5]
    assert parts[0].id_range[1] < parts[1].id_range[0]
    assert np.array_equal(np.concatenate([part["x"] for part in parts]), records["x"])
    for part in parts:
        assert same(SMALL.encode(part), part)


def test_what_does_not_fill_a_shard_is_decided_by_the_caller() -> None:
    records = small_records(10)
    with pytest.raises(InputError) as caught:
        shards(records, 4)
    assert caught.value.slug == "records"
    assert [part.count for part in shards(records, 4, rest="keep")] == [4, 4, 2]
    assert [part.count for part in shards(records, 4, rest="drop")] == [4, 4]
    for size in (0, 11, 2.0, True):
        with pytest.raises(InputError):
            shards(records, size)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        shards(records, 5, rest="hide")
    with pytest.raises(InputError):
        shards(dict(records), 5)  # type: ignore[arg-type]


def test_more_records_than_a_commitment_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tacit.data.encoding.MOST_RECORDS", 1)
    monkeypatch.setattr("tacit.data.limits.MOST_RECORDS", 1)
    with pytest.raises(InputError) as caught:
        replace(FLAG, frac=3).encode(([[1.0], [2.0]], [0, 1]))
    assert caught.value.slug == "records"


def test_predictions_are_told_in_the_schema_s_words() -> None:
    columns = (Column.number("age", 0, 1),)
    three = Schema(columns, Label.classes("y", ["a", "b", "c, d"]))
    assert three.predictions([[0.25, 0.5, 0.25]]) == [{"a": 0.25, "b": 0.5, "c, d": 0.25}]
    flag = Schema(columns, Label.flag("y", ["no", "yes"]))
    assert flag.predictions(np.array([[0.25], [1.0]])) == [{"no": 0.75, "yes": 0.25}, {"no": 0.0, "yes": 1.0}]
    days = Schema(columns, Label.number("stay", 0, 90, unit="days", center=10, scale=4))
    assert days.predictions([[0.5]]) == [{"stay": 12.0}]
    with pytest.raises(InputError) as refused:
        three.predictions([[0.5, 0.5]])
    assert refused.value.slug == "shape"
