"""A constraint solver in the prover's place: of data that is none there is no witness at all, whatever the digits are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_schemas import SMALL, small_records

from tacit.data import program
from tacit.uniqueness import second_witness

pytest.importorskip("ortools")

SECONDS = 600.0


def verdict(histogram: Any = None, ids: tuple[int, int] = (0, 100), **changes: Any) -> Any:
    records = {name: values.copy() for name, values in small_records().items()}
    for name, cells in changes.items():
        for at, value in cells.items():
            records[name][at] = value
    given = {**records, "id_lo": np.array([ids[0]]), "id_hi": np.array([ids[1]])}
    return second_witness(program(SMALL, 4, histogram=histogram, limb=6), givens=given, seconds=SECONDS)


def test_records_have_one_histogram() -> None:
    found = verdict("public")
    assert found.unique, found.reason
    assert found.outputs == ("histogram",)
    assert found.witness["histogram"].tolist() == [2, 2]


LIES: list[dict[str, Any]] = [
    {"x": {(2, 1): 13}},
    {"x": {(1, 2): 2}},
    {"x": {(1, 3): 4}},
    {"x": {(1, 3): 2, (1, 5): 2}},
    {"x": {(1, 6): 8}},
    {"x": {(1, 0): 4, (1, 1): 4}},
    {"y": {(0, 1): 1}},
    {"y": {(0, 0): 0}},
    {"id": {2: 10}},
    {"id": {2: 9}},
    {"ids": (4, 100)},
    {"ids": (0, 23)},
    {"histogram": {"ill": (3, 4)}},
    {"histogram": {"ill": (0, 1)}},
]


@pytest.mark.parametrize("changes", LIES, ids=str)
def test_data_that_is_none_has_no_witness(changes: dict[str, Any]) -> None:
    found = verdict(**changes)
    assert found.answer == "none", found.reason
