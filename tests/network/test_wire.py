"""Arrays of others: only the header that must stand there, whatever it claims."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tacit.errors import InvalidProof
from tacit.network.wire import MOST_HEADER, most_bytes, read_array, read_model, write_array, write_model

RANGE = (-(1 << 40), 1 << 40)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (2, 3), (3, 1, 4), (2,) * 12])
def test_what_numpy_writes_is_read(shape: tuple[int, ...]) -> None:
    array = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape) - 5
    assert write_array(array) == npy(array)
    assert np.array_equal(np.load(io.BytesIO(write_array(array))), array)
    if array.size:
        found = read_array(npy(array), shape, RANGE, "w")
        assert np.array_equal(found, array)
        assert found.dtype == np.int64
        assert not found.flags.writeable


def slug_of(data: bytes, shape: tuple[int, ...] = (3,), interval: tuple[int, int] = RANGE) -> str:
    with pytest.raises(InvalidProof) as refusal:
        read_array(data, shape, interval, "w")
    return refusal.value.slug


GOOD = npy(np.array([1, 2, 3]))


def test_a_header_of_eight_terabytes_costs_nothing() -> None:
    huge = GOOD.replace(b"(3,), }" + b" " * 14, b"(1099511627776,), }  ", 1)
    assert len(huge) == len(GOOD)
    tracemalloc.start()
    assert slug_of(huge) == "array"
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [
        npy(np.array([1.0, float("nan"), 3.0])),
        npy(np.array([1, 2, 3], dtype=">i8")),
        npy(np.array([1, 2, 3], dtype=np.uint64)),
        npy(np.asfortranarray([[1, 2, 3]])),
        npy(np.array([[1, 2, 3]])),
        GOOD.replace(b"\x01\x00v\x00", b"\x02\x00v\x00", 1),
        GOOD.replace(b"\x01\x00v\x00", b"\x01\x00u\x00", 1),
        GOOD.replace(b"NUMPY", b"NUMPX", 1),
        GOOD.replace(b" }    ", b" } x  ", 1),
        GOOD.replace(b"\n", b" ", 1),
        b"\x93NUMPY\x01\x00" + b"{" * 120 + GOOD[-24:],
    ],
)
def test_other_headers_are_refused(data: bytes) -> None:
    assert slug_of(data) == "array"


@pytest.mark.parametrize(
    "data", [b"", GOOD[:-1], GOOD[-24:], GOOD[-34:], GOOD + bytes(MOST_HEADER + 1), npy(np.array([None]))[:20]]
)
def test_other_sizes_are_refused(data: bytes) -> None:
    assert slug_of(data) in ("array_size", "array")


def test_objects_are_never_unpickled() -> None:
    assert slug_of(npy(np.array([None, None, None], dtype=object))) in ("array_size", "array")


@pytest.mark.parametrize("value", [-11, 11, -(1 << 63), (1 << 63) - 1])
def test_values_outside_are_refused(value: int) -> None:
    assert slug_of(npy(np.array([0, value, 0])), (3,), (-10, 10)) == "interval"


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    assert slug_of(data) in ("array_size", "array", "interval")


@given(st.data())
def test_any_byte_of_a_good_one(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 25))
    changed = bytearray(GOOD)
    changed[at] ^= data.draw(st.integers(1, 255))
    assert slug_of(bytes(changed)) == "array"


def test_models() -> None:
    parameters = [("w", (2, 2), -9, 9), ("b", (2,), -9, 9)]
    model = {"w": np.ones((2, 2), np.int64), "b": np.zeros(2, np.int64)}
    arrays = write_model(model)
    assert sum(map(len, arrays.values())) <= most_bytes(parameters)
    found = read_model(arrays, parameters)
    assert all(np.array_equal(found[name], model[name]) for name in model)
    for wrong in ({"w": arrays["w"]}, {**arrays, "more": arrays["b"]}, {}):
        with pytest.raises(InvalidProof) as refusal:
            read_model(wrong, parameters)
        assert refusal.value.slug == "tensors"
