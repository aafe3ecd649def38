"""The budget in plain Python against the numbers of the Rust crate, and against exact arithmetic."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tacit.reference import soundness
from tacit.reference.commitment import Geometry, Level

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "soundness.json").read_text())


def geometry_of(raw: dict[str, Any]) -> Geometry:
    return Geometry(**{**raw, "levels": tuple(Level(*level) for level in raw["levels"])})


def shape_of(raw: dict[str, Any]) -> soundness.Shape:
    return soundness.Shape(**{**raw, "slab_cells": tuple(raw["slab_cells"])})


def ids(case: dict[str, Any]) -> str:
    return str(case.get("name", ""))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=ids)
def test_budgets_agree_to_the_unit(case: dict[str, Any]) -> None:
    terms = soundness.budget(geometry_of(case["geometry"]), shape_of(case["shape"]))
    assert [[t.name, t.units, t.rounds] for t in terms] == case["terms"]
    weakest = soundness.minimum(terms)
    assert (weakest.units, weakest.name) == (case["minimum"], case["binding"])
    assert soundness.reaches(terms, 100) is case["reaches_100"]
    assert soundness.reaches(terms, 128) is case["reaches_128"]


@pytest.mark.parametrize("point", VECTORS["codes"])
def test_codes_agree_and_claim_no_more_than_exact_arithmetic(point: dict[str, Any]) -> None:
    rows, log_domain, expected = point["rows"], point["log_domain"], point["code"]
    found = soundness.code(rows, log_domain, point["target"])
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert found.multiplicity == expected["multiplicity"]
    assert found.query_units == expected["query_units"]
    assert soundness.error_units(found.exceptional) == expected["error_units"]
    assert soundness.log2_units(found.list_size) == expected["list_units"]
    assert soundness.exact_excess(rows, log_domain, found) == (True, True, True)


def test_some_cases_are_accepted_and_some_refused() -> None:
    """A vector file in which every verdict is the same would test nothing."""
    assert {case["reaches_128"] for case in VECTORS["cases"]} == {True, False}
    assert {case["reaches_100"] for case in VECTORS["cases"]} == {True, False}


@pytest.mark.parametrize("entry", VECTORS["blinding"])
def test_blinding_agrees(entry: list[int]) -> None:
    n, t, k0, rows = entry
    assert soundness.blinding(n, t, k0) == rows


@pytest.mark.parametrize("entry", VECTORS["hiding"])
def test_hiding_agrees_and_claims_no_more_than_exact_arithmetic(entry: list[int]) -> None:
    n, k0, units = entry
    assert soundness.hiding_units(n, k0) == units
    if units:
        assert soundness.at_least(1 / soundness.hide(n, k0), units)
        assert not soundness.at_least(1 / soundness.hide(n, k0), units + 16)


def test_the_exact_check_can_fail() -> None:
    """One multiplicity's error claimed at half its size, or one more unit a position, is noticed."""
    honest = soundness.code(5632, 16, 128)
    assert honest is not None
    half = soundness.Code(honest.multiplicity, honest.exceptional / 2, honest.list_size / 2, honest.query_units + 8)
    assert soundness.exact_excess(5632, 16, half) == (False, False, False)


@pytest.mark.parametrize(("rows", "log_domain"), [(4, 3), (100, 8), (5632, 16), (700, 13), (1 << 20, 23)])
def test_johnson_bound_on_the_list(rows: int, log_domain: int) -> None:
    """L = h / (2 s) is above (a - rho) / (a^2 - rho) at every multiplicity, as security.md proves."""
    rho = Fraction(rows - 1, 1 << log_domain)
    root = math.sqrt(rho)
    for m in (3, 4, 10, 100, 1000):
        agreement = root * (1 + 1 / m)
        listed = (agreement - float(rho)) / (agreement**2 - float(rho))
        assert listed <= (m + 0.5) / (2 * root)


def test_logarithm_is_rounded_down() -> None:
    for i in range(1, 3000):
        x = 0.013 * i
        assert soundness.log2_units(x) <= math.log2(x) * soundness.UNITS + 1e-3
        assert soundness.log2_units(x) > math.log2(x) * soundness.UNITS - 1.001


def test_at_least_is_exact_at_powers_of_two() -> None:
    for k in (-7, 0, 1, 30):
        value = Fraction(2) ** k
        assert soundness.at_least(value, k * soundness.UNITS)
        assert not soundness.at_least(value, k * soundness.UNITS + 1)
