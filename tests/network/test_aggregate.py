"""Aggregation against Python's integers and fractions, at sizes where floats and int64 go wrong."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tacit.errors import InputError, InvalidProof
from tacit.network.aggregate import RULE, Bound, Mean, Median, Rule, Trimmed, aggregate, bounded
from tacit.program.borsh import decode, encode

WIDTHS = st.sampled_from([3, 8, 31, 33, 50, 61])


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, list[int], list[list[int]]]:
    width = draw(WIDTHS)
    nodes, entries = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    value = st.integers(-(1 << width), (1 << width) - 1)
    counts = draw(st.lists(st.integers(1, 1 << draw(st.sampled_from([1, 10, 40]))), min_size=nodes, max_size=nodes))
    rows = draw(st.lists(st.lists(value, min_size=entries, max_size=entries), min_size=nodes, max_size=nodes))
    return width, counts, rows


def run(rule: Rule, width: int, counts: list[int], rows: list[list[int]]) -> list[int]:
    parameters = [("w", (len(rows[0]),), -(1 << width), (1 << width) - 1)]
    models = [(count, {"w": np.array(row, np.int64)}) for count, row in zip(counts, rows, strict=True)]
    found = aggregate(rule, models, parameters)
    again = aggregate(rule, models[::-1], parameters)
    assert np.array_equal(found["w"], again["w"])
    return [int(value) for value in found["w"]]


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


@given(cases())
def test_the_mean_is_exact(case: tuple[int, list[int], list[list[int]]]) -> None:
    width, counts, rows = case
    exact = [
        half_up(Fraction(sum(c * v for c, v in zip(counts, column, strict=True)), sum(counts)))
        for column in zip(*rows, strict=True)
    ]
    assert run(Rule(Mean()), width, counts, rows) == exact


@given(cases())
def test_the_median_is_exact(case: tuple[int, list[int], list[list[int]]]) -> None:
    width, counts, rows = case
    for column, found in zip(zip(*rows, strict=True), run(Rule(Median()), width, counts, rows), strict=True):
        ordered, middle = sorted(column), len(column) // 2
        low = ordered[middle] if len(column) % 2 else ordered[middle - 1]
        assert found == half_up(Fraction(low + ordered[middle], 2))


@given(cases(), st.integers(0, 3))
def test_the_trimmed_mean_is_exact(case: tuple[int, list[int], list[list[int]]], cut: int) -> None:
    width, counts, rows = case
    if 2 * cut >= len(rows):
        with pytest.raises(InputError) as refusal:
            run(Rule(Trimmed(cut)), width, counts, rows)
        assert refusal.value.slug == "aggregate"
        return
    kept = [sorted(column)[cut : len(rows) - cut] for column in zip(*rows, strict=True)]
    assert run(Rule(Trimmed(cut)), width, counts, rows) == [half_up(Fraction(sum(k), len(k))) for k in kept]


def test_where_floats_are_off_by_one() -> None:
    big = (1 << 60) + 1
    assert run(Rule(), 61, [1, 1], [[big], [big]]) == [big]
    assert round(np.average([float(big), float(big)])) != big


def test_halves_go_up() -> None:
    assert run(Rule(), 8, [1, 1], [[1, -1, -2], [2, -2, -3]]) == [2, -1, -2]


def test_parts_of_many_entries() -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(-(1 << 60), 1 << 60, (3, 70_000))
    found = run(Rule(), 60, [5, 7, 9], rows.tolist())
    assert found[-1] == half_up(Fraction(int(rows[:, -1].astype(object) @ np.array([5, 7, 9], object)), 21))
    assert found[65_536] == half_up(Fraction(int(rows[:, 65_536].astype(object) @ np.array([5, 7, 9], object)), 21))


@pytest.mark.parametrize("counts", [[], [0], [3, -1]])
def test_nothing_to_average(counts: list[int]) -> None:
    models = [(count, {"w": np.zeros(1, np.int64)}) for count in counts]
    with pytest.raises(InputError) as refusal:
        aggregate(Rule(), models, [("w", (1,), -1, 1)])
    assert refusal.value.slug == "aggregate"


def test_a_contribution_outside_the_interval_never_enters() -> None:
    with pytest.raises(InputError) as refusal:
        aggregate(Rule(), [(1, {"w": np.array([2])})], [("w", (1,), -1, 1)])
    assert refusal.value.slug == "interval"


@given(
    st.lists(st.integers(-(1 << 61), 1 << 61), min_size=1, max_size=6),
    st.lists(st.integers(-(1 << 61), 1 << 61), min_size=6, max_size=6),
    st.integers(1, 1 << 62),
)
def test_norm_bounds_are_exact(base: list[int], other: list[int], norm: int) -> None:
    parameters = [("w", (len(base),), -(1 << 61), 1 << 61)]
    start = {"w": np.array(base)}
    end = {"w": np.array(other[: len(base)])}
    square = sum((a - b) ** 2 for a, b in zip(base, other, strict=False))
    scaled = bounded(Rule(bound=Bound(norm, scale=True)), start, end, parameters)["w"]
    if square <= norm * norm:
        assert np.array_equal(scaled, end["w"])
        assert np.array_equal(bounded(Rule(bound=Bound(norm)), start, end, parameters)["w"], end["w"])
        return
    with pytest.raises(InvalidProof) as refusal:
        bounded(Rule(bound=Bound(norm)), start, end, parameters)
    assert refusal.value.slug == "update_norm"
    found = [int(a) - b for a, b in zip(scaled, base, strict=False)]
    assert sum(value**2 for value in found) <= norm * norm
    for value, a, b in zip(found, other, base, strict=False):
        ideal = (a - b) * norm / square**0.5
        assert abs(value - ideal) <= abs(a - b) / (1 << 20) + 1 + abs(ideal) * 1e-9


def test_an_update_is_scaled_at_ordinary_sizes() -> None:
    parameters = [("w", (3,), -(1 << 31), 1 << 31)]
    base, end = {"w": np.array([10, 10, 10])}, {"w": np.array([3010, -3990, 10])}
    scaled = bounded(Rule(bound=Bound(500, scale=True)), base, end, parameters)["w"]
    assert scaled.tolist() == [309, -389, 10]


@pytest.mark.parametrize("rule", [Rule(), Rule(Median()), Rule(Trimmed(2)), Rule(Mean(), Bound(7, True))])
def test_rules_have_bytes(rule: Rule) -> None:
    assert decode(RULE, encode(RULE, rule)) == rule
