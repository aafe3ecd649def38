"""Rules: what they say, exactly, of the values as they are rounded."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_schemas import SMALL

from tacit.data import Column, Label, Rule, Schema
from tacit.errors import InputError


def test_the_terms_of_a_rule() -> None:
    rule = Rule("2 * `visits a year` - b < 3*c + 10.5 - b")
    assert rule.terms == ((3, "c"), (-2, "visits a year"))
    assert (rule.constant, rule.strict) == (Fraction(21, 2), True)
    assert str(rule) == "3 * c - 2 * `visits a year` + 10.5 > 0"


BAD = [
    "",
    "a",
    "a >",
    "> a",
    "a > b > c",
    "a == b",
    "a = b",
    "a > 2.5 * b",
    "a > 2 * 3",
    "a > b * 2",
    "a > `b",
    "a > ``",
    "a > b c",
    "a > a",
    "3 > 2",
    "a > - - b",
    "a > 1e3",
    "a > (b)",
    "a > 1_0",
    "a > " + "9" * 25,
    "a > " + "9" * 16 + " * b",
    "a > " + " + ".join(f"b{i}" for i in range(70)),
    "a > " + " " * 5000 + "b",
    7,
    None,
]


@pytest.mark.parametrize("text", BAD, ids=[str(t)[:20] for t in BAD])
def test_what_is_no_inequality_is_refused(text: Any) -> None:
    with pytest.raises(InputError) as caught:
        Rule(text)
    assert caught.value.slug == "rule"


def test_a_rule_that_no_record_meets_is_refused() -> None:
    columns = (Column.number("a", 0, 1), Column.number("b", 5, 6))
    Schema(columns, Label.flag("y"), rules=(Rule("b > a"),))
    with pytest.raises(InputError) as caught:
        Schema(columns, Label.flag("y"), rules=(Rule("a > b"),))
    assert caught.value.slug == "rule"


def test_numbers_that_would_leave_the_field_are_refused() -> None:
    columns = (
        Column.number("a", 0, 1, center=0, scale=0.123456789123),
        Column.number("b", 0, 1, center=0, scale=0.98765432191),
    )
    with pytest.raises(InputError) as caught:
        Schema(columns, Label.flag("y"), rules=(Rule("a > b"),))
    assert caught.value.slug == "rule"


decimals = st.decimals(min_value=-50, max_value=50, allow_nan=False, places=1).map(float)
scales = st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.5, 10.0])


@given(
    st.lists(st.tuples(decimals, scales, st.integers(-5, 5)), min_size=1, max_size=4),
    decimals,
    st.sampled_from([">", ">=", "<", "<="]),
    st.integers(0, 2**32),
)
@settings(max_examples=150)
def test_the_integers_say_what_the_decimals_say(
    parts: list[tuple[float, float, int]], constant: float, sign: str, seed: int
) -> None:
    """Against exact fractions of the rounded values, on random records."""
    columns = [
        Column.number(f"c{i}", center - 5 * scale, center + 5 * scale, center=center, scale=scale)
        for i, (center, scale, _) in enumerate(parts)
    ]
    factors = [factor or 1 for _, _, factor in parts]
    text = " + ".join(f"{f} * c{i}" for i, f in enumerate(factors)).replace("+ -", "- ")
    end = f"- {-constant}" if constant < 0 else f"+ {constant}"
    rule = Rule(f"{text} {end} {sign} 0")
    entries = [entry for i, column in enumerate(columns) for entry in column.entries(i, 4)]
    try:
        found, moved = rule.integers(entries)
    except InputError:  # no record meets it
        return
    rng = np.random.default_rng(seed)
    for _ in range(20):
        x = [int(rng.integers(entry.lo, entry.hi + 1)) for entry in entries]
        value = Fraction(repr(constant)) + sum(
            f * (e.offset + e.step * n) for f, e, n in zip(factors, entries, x, strict=True)
        )
        true = {">": value > 0, ">=": value >= 0, "<": value < 0, "<=": value <= 0}[sign]
        assert (moved + sum(a * x[i] for a, i in found) >= 0) == true


def test_flags_and_categories_are_columns_too() -> None:
    found, moved = Rule("`ward=a` + 1 >= smoker + `ward=b`").integers(SMALL.entries)
    assert found == ((1, 3), (-1, 2), (-1, 4))
    assert moved == 4  # one, at two fractional bits
