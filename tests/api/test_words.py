"""Errors in words: lists are not cut in silence, no name of a Python class leaks, files are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tacit
from tacit import data, network, train
from tacit.errors import InputError, InvalidProof, TacitError
from tacit.words import some


def raised(action: Any, kind: type[TacitError] = InputError) -> Any:
    with pytest.raises(kind) as caught:
        action()
    return caught.value


def test_lists_say_how_many_are_left_out() -> None:
    assert some([]) == "none"
    assert some("abc") == "a, b, c"
    assert some(range(15)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more"
    schema = data.Schema((data.Column.number("age", 0, 1),), data.Label.classes("y", ["a", "b"]))
    wide = {f"c{i}": [1.0] for i in range(20)}
    assert "c11 and 8 more" in raised(lambda: schema.encode(wide)).reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"tacit-deployment":\xff', "UTF-8"),
        (b'{"tacit-deployment":1}', "the key 'description'"),
        (b'{"tacit-deployment":', "not JSON"),
        (b"[]", "another type"),
    ],
)
def test_a_deployment_s_file_is_named_and_no_class(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "d.train"
    path.write_bytes(content)
    error = raised(lambda: train.Deployment.load(path))
    assert str(path) in error.place
    assert said in error.reason
    assert "Error" not in error.reason


def test_files_of_every_reader_are_named(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"TACIT\0\x06\x01 and no manifest")
    assert str(path) in raised(lambda: data.Manifest.load(path), InvalidProof).place
    assert str(path) in raised(lambda: train.TrainingProof.load(path), InvalidProof).place
    path.write_text('{"tacit-issuers": 1, "issuers": [{"key": "00"}]}')
    error = raised(lambda: data.Issuers.load(path))
    assert str(path) in error.place
    assert "got key" in error.reason
    schema = data.Schema((data.Column.number("age", 0, 1),), data.Label.classes("y", ["a", "b"]))
    path.write_bytes(schema.to_json().replace(b'"hi": 1.0', b'"hi": -1.0'))
    error = raised(lambda: data.Schema.load(path))
    assert str(path) in error.place
    assert "column age" in error.place


@pytest.mark.parametrize(("sign", "said"), [(";", "';'"), ("\t", "a tab"), ("|", "'|'")])
def test_other_separators_are_told(tmp_path: Path, sign: str, said: str) -> None:
    schema = data.Schema((data.Column.number("age", 0, 1),), data.Label.classes("y", ["a", "b"]))
    path = tmp_path / "t.csv"
    for cells in (["0.5", "a"], ["0,5", "a"]):  # a decimal comma makes cells of another number
        path.write_text(f"age{sign}y\n{sign.join(cells)}\n", encoding="utf-8")
        error = raised(lambda: schema.encode(path))
        assert f"separator seems to be {said}" in error.remedy


def test_masked_values_are_missing_ones() -> None:
    schema = data.Schema((data.Column.number("age", 0, 120),), data.Label.classes("y", ["a", "b"]))
    ages = np.ma.array([40.0, 50.0, 60.0], mask=[False, True, False])
    for given in ({"age": ages, "y": ["a", "b", "a"]}, (ages[:, None], np.array([0, 1, 0]))):
        error = raised(lambda given=given: schema.encode(given))
        assert error.slug == "missing_value"
        assert "row 1" in error.place
    assert raised(lambda: schema.encode_features(ages[:, None])).slug == "missing_value"
    labels = np.ma.array([0, 1, 0], mask=[False, False, True])
    assert raised(lambda: schema.encode((np.ones((3, 1)), labels))).slug == "missing_value"
    ids = np.ma.array([0, 1, 2], mask=[True, False, False])
    table = {"age": [1.0, 2.0, 3.0], "y": ["a", "b", "a"]}
    assert raised(lambda: schema.encode(table, ids=ids)).slug == "missing_value"
    whole = np.ma.array([40.0, 50.0], mask=False)
    assert schema.encode({"age": whole, "y": ["a", "b"]}).count == 2


def test_masked_weights_and_samples_are_refused() -> None:
    from tacit.exact import unmasked

    assert raised(lambda: unmasked(np.ma.array([1, 2], mask=[1, 0]), "x")).slug == "missing_value"
    assert unmasked(np.ones(2), "x").sum() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"rounds": 0},
        {"least": 0},
        {"server": b"short"},
        {"name": ""},
        {"deployments": ()},
        {"source": None},
        {"rounds": "5"},
    ],
)
def test_a_task_that_nobody_would_read_is_not_made(fields: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        **{"name": "a", "server": b"s" * 32, "deployments": (b"d" * 32,), "base": b"b" * 32, "rule": network.Rule()},
        **{"source": network.Reveals(), "rounds": 1, "least": 1, "issuers": (b"i" * 32,)},
    }
    network.Task(**good)
    error = raised(lambda: network.Task(**{**good, **fields}))
    assert error.slug == "message"
    assert error.remedy == "correct the fields of network.Task"
    assert raised(lambda: network.Times(window=-1)).slug == "seconds"


def test_times_are_told_as_people_write_them() -> None:
    from tacit.data.manifest import date

    assert date(0) == "1970-01-01T00:00:00Z"
    assert date(1 << 60) == "9999-12-31T23:59:59Z"


def test_issuers_say_what_is_wrong() -> None:
    pytest.importorskip("cryptography")
    key = data.Key.generate().public
    known = data.Issuers().adding(key, "A")
    assert "as 'A'" in raised(lambda: known.adding(key, "B")).reason
    error = raised(lambda: known.adding("00ff", "B"), tacit.InvalidProof)
    assert "64 hexadecimal digits" in error.reason
    assert "tacit data key" in error.remedy
    other = data.Key.generate().public
    assert "2027-01-01T00:00:00Z" in raised(lambda: known.adding(other, "B", since=1_798_761_600, until=0)).reason
