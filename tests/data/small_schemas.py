"""Schemas and tables that the tests of this folder share."""

from __future__ import annotations

from typing import Any

import numpy as np

from tacit.data import Column, Label, Records, Rule, Schema

#: Every kind of column, rules of two kinds, at a scale of few bits: its programs are small enough for the toy prover.
SMALL = Schema(
    (
        Column.number("systolic", 0, 4, center=0, scale=1),
        Column.number("diastolic", 0, 3, center=0, scale=1),
        Column.flag("smoker"),
        Column.category("ward", ["a", "b", "c"]),
        Column.code("grade", [1, 3, 4]),
    ),
    Label.classes("outcome", ["well", "ill"]),
    frac=2,
    rules=(Rule("systolic > diastolic"), Rule("`ward=a` + 1 >= smoker + `ward=b`")),
    id="patient",
)


def small_table(count: int = 4) -> dict[str, Any]:
    """Records of SMALL, not in the order of their ids."""
    at = np.arange(count)
    return {
        "patient": (7 * at + 3) % 101,
        "systolic": 2.0 + at % 3,
        "diastolic": np.array([1.0, 0.5, 0.25])[at % 3],
        "smoker": at % 3 == 1,
        "ward": np.array(["a", "c", "b"])[at % 3],
        "grade": np.array([1, 4, 3])[at % 3],
        "outcome": np.array(["well", "ill"])[(at // 2) % 2],
    }


def small_records(count: int = 4) -> Records:
    """The same as integers."""
    return SMALL.encode(small_table(count))


#: Real targets whose ranges differ, and number columns whose ranges differ: inequalities in place of tables.
REAL = Schema(
    (Column.number("a", 0, 3, center=0, scale=1), Column.number("b", -1, 1, center=0, scale=1)),
    Label.numbers(
        "targets",
        [Column.number("s", 0, 1, center=0, scale=1), Column.number("t", -3, 3, center=0, scale=1)],
        frac=2,
    ),
    frac=2,
)

#: A category of more names than are summed term by term, and arrays whose range is narrower than their interval.
WIDE = Schema((Column.category("region", [f"r{i}" for i in range(20)]),), Label.flag("ill", ["no", "yes"]), frac=2)
ARRAYS = Schema.array((2, 3), 0, 70, ["left", "right"], frac=2)

#: One bit a record.
FLAG = Schema((Column.number("a", 0, 3, center=0, scale=1),), Label.flag("ill", ["no", "yes"]), frac=2)
