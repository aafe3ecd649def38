"""Real values to integers and back."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tacit.api.objects import Port
from tacit.errors import InputError

BIG = 1 << 40


@st.composite
def ports(draw: st.DrawFn) -> Port:
    shape = tuple(draw(st.lists(st.integers(1, 4), max_size=3)))
    lo, hi = sorted(draw(st.tuples(st.integers(-BIG, BIG), st.integers(-BIG, BIG))))
    return Port("x", "x", shape, draw(st.integers(-8, 24)), lo, hi, "private")


def entries(port: Port) -> int:
    return int(np.prod(port.shape))


def inside(port: Port) -> np.ndarray[Any, Any]:
    """Values that the port takes: zero, or what is nearest to it."""
    return np.array(np.clip(np.zeros(port.shape), *port.range))


@st.composite
def port_and_integers(draw: st.DrawFn) -> tuple[Port, np.ndarray[Any, Any]]:
    port = draw(ports())
    integers = draw(st.lists(st.integers(port.lo, port.hi), min_size=entries(port), max_size=entries(port)))
    return port, np.array(integers, dtype=np.int64)


@settings(max_examples=60, deadline=None)
@given(port_and_integers())
def test_integers_come_back(drawn: tuple[Port, np.ndarray[Any, Any]]) -> None:
    port, integers = drawn
    real = port.dequantize(integers)
    assert real.shape == port.shape
    back = port.quantize(real)
    assert back.dtype == np.int64
    assert back.flags.c_contiguous
    assert back.ndim == 1
    assert back.tolist() == integers.tolist()


@settings(max_examples=60, deadline=None)
@given(ports(), st.data())
def test_the_nearest_integer_halves_up(port: Port, data: st.DataObject) -> None:
    low, high = port.range
    values = data.draw(hnp.arrays(np.float64, port.shape, elements=st.floats(low, high, allow_nan=False)))
    integers = port.quantize(values)
    for value, integer in zip(values.reshape(-1), integers, strict=True):
        exact = Fraction(float(value)) * Fraction(2) ** port.frac
        # floor(x + 1/2), in exact arithmetic
        assert integer == (exact + Fraction(1, 2)).__floor__()
        assert port.lo <= integer <= port.hi
    error = np.abs(port.dequantize(integers) - values)
    assert np.all(error <= 2.0**-port.frac * (0.5 + 1e-9))


@settings(max_examples=60, deadline=None)
@given(ports(), st.data())
def test_larger_values_give_larger_integers(port: Port, data: st.DataObject) -> None:
    low, high = port.range
    a, b = sorted(data.draw(st.tuples(st.floats(low, high), st.floats(low, high))))
    full = np.ones(port.shape)
    assert np.all(port.quantize(a * full) <= port.quantize(b * full))


@settings(max_examples=60, deadline=None)
@given(ports(), st.data())
def test_outside_the_range(port: Port, data: st.DataObject) -> None:
    low, high = port.range
    step = 2.0**-port.frac
    beyond = data.draw(
        st.one_of(
            st.floats(max(high + step, high * 1.001 + step), 1e300),
            st.floats(-1e300, min(low - step, low * 1.001 - step)),
        )
    )
    values = inside(port)
    at = data.draw(st.integers(0, entries(port) - 1))
    values.reshape(-1)[at] = beyond
    with pytest.raises(InputError) as caught:
        port.quantize(values)
    assert caught.value.slug == "range"
    assert caught.value.place == "x"
    assert f"{beyond:g}" in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(ports(), st.data())
def test_shapes(port: Port, data: st.DataObject) -> None:
    values = inside(port)
    want = port.quantize(values).tolist()
    # Axes of one entry may be missing or further ones there, nothing else.
    assert port.quantize(values.reshape(1, *port.shape)).tolist() == want
    assert port.quantize(values.reshape([n for n in port.shape if n != 1])).tolist() == want
    other = tuple(data.draw(st.lists(st.integers(1, 4), max_size=3)))
    if [n for n in other if n != 1] != [n for n in port.shape if n != 1]:
        with pytest.raises(InputError) as caught:
            port.quantize(np.zeros(other))
        assert caught.value.slug == "shape"
        assert str(port.shape) in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(ports(), st.sampled_from([np.nan, np.inf, -np.inf]), st.data())
def test_not_finite(port: Port, bad: float, data: st.DataObject) -> None:
    values = inside(port)
    values.reshape(-1)[data.draw(st.integers(0, entries(port) - 1))] = bad
    with pytest.raises(InputError) as caught:
        port.quantize(values)
    assert caught.value.slug == "not_finite"


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.uint32, np.int64, bool])
def test_number_types(dtype: Any) -> None:
    port = Port("x", "x", (3,), 4, -100, 100, "private")
    assert port.quantize(np.array([0, 1, 1], dtype=dtype)).tolist() == [0, 16, 16]


@pytest.mark.parametrize(
    "values",
    [
        ["1", "2", "3"],
        np.array([1 + 2j, 0, 0]),
        [1 + 2j, 0, 0],
        {"a": 1},
        [[1, 2], [3]],
        np.ma.array([1, 2, 3], mask=[1, 0, 0]),
        np.array(["2020-01-01"] * 3, dtype="datetime64[D]"),
    ],
)
def test_what_is_no_array_of_real_numbers(values: Any) -> None:
    port = Port("x", "x", (3,), 4, -100, 100, "private")
    with pytest.raises(InputError) as caught:
        port.quantize(values)
    assert caught.value.slug == "dtype"


def test_a_value_just_below_a_half() -> None:
    """0.49999999999999994 + 0.5 is 1.0 in floating point."""
    port = Port("x", "x", (2,), 0, -10, 10, "private")
    assert port.quantize(np.array([0.49999999999999994, 0.5])).tolist() == [0, 1]
    assert port.quantize(np.array([-0.5, -0.50000000000000011])).tolist() == [0, -1]
