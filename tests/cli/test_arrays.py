"""Files of arrays by somebody else: looked at by their headers, and only what is asked for is unpacked."""

from __future__ import annotations

import io
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tacit.array_files import FREE_PER_BYTE, MOST_HEADER, MOST_MEMBERS
from tacit.cli import files
from tacit.errors import InputError

Members = list[tuple[str, bytes, int]]


def header(shape: str, descr: str = "'<f8'", version: int = 1) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (118 - len(text)) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text


def packed(path: Path, members: Members) -> Path:
    """An archive of members: name, what they begin with, zeros after that."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is there twice
        for name, start, zeros in members:
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(start)
                for left in range(zeros, 0, -(2**20)):
                    file.write(bytes(min(left, 2**20)))
    return path


def refused(path: Path, most: int = 2**22) -> InputError:
    """The error for the array `x`; what was allocated meanwhile is little."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            files.pick(files.read_arrays(path), ["x"], place=str(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most
    assert (caught.value.slug, caught.value.place) == ("arrays", str(path))
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("start", "zeros", "said"),
    [
        (header("(4294967296,)"), 100, "expected 34359738368 bytes for shape (4294967296,), got 100"),
        (header("(2,)"), 8, "expected 16 bytes for shape (2,), got 8"),
        (header("(2,)"), 24, "expected 16 bytes for shape (2,), got 24"),
        (header("(-1,)"), 8, "expected a shape, got (-1,)"),
        (header("(True,)"), 8, "expected a shape, got (True,)"),
        (header("(1.5,)"), 8, "shape is not valid"),
        (header("(1,)", "'|O'"), 8, "pickled objects"),
        (header("(1,)", "'|V1000'"), 1000, "expected numbers, got |V1000"),
        (header("(1,)", "[('a', '<f8')]"), 8, "expected numbers, got [('a'"),
        (header("(1099511627776,)", "'|S0'"), 0, "expected a shape, got (1099511627776,)"),
        (header("(1,)", "'nonsense'"), 8, "descr is not a valid dtype descriptor"),
        (header("(1,)", version=3), 8, "pickled objects, or another kind of file"),
        (b"\x80\x04K\x01.", 0, "pickled objects, or another kind of file"),
        (b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1), 2**20, f"at most {MOST_HEADER} bytes, got 4294967295"),
        (b"\x93NUMPY\x01\x00" + struct.pack("<H", 1), 2**24, "Cannot parse header"),
        (b"\x93NUMPY\x01\x00" + struct.pack("<H", 100) + b"(" * 100, 8, "expected a header, got b'((((("),
    ],
)
def test_headers(tmp_path: Path, start: bytes, zeros: int, said: str) -> None:
    assert said in refused(packed(tmp_path / "x.npz", [("x.npy", start, zeros)])).reason
    single = tmp_path / "x.npy"
    single.write_bytes(start + bytes(zeros))
    assert refused(single).reason


def test_what_is_not_asked_for_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tacit.array_files.FREE", 2**20)
    good = io.BytesIO()
    np.save(good, np.arange(3.0))
    bomb = (header(str((2**26,)), "'|u1'"), 2**26)
    path = packed(tmp_path / "x.npz", [("x.npy", good.getvalue(), 0), ("other.npy", *bomb)])
    arrays = files.read_arrays(path)
    assert list(arrays) == ["x", "other"]
    tracemalloc.start()
    try:
        assert files.pick(arrays, ["x"], place="")["x"].tolist() == [0, 1, 2]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**20
    path = packed(tmp_path / "y.npz", [("x.npy", *bomb)])
    assert (
        f"expected at most {FREE_PER_BYTE * path.stat().st_size} bytes unpacked from {path.stat().st_size}, got {2**26}"
        in refused(path).reason
    )


def test_bounds_count_all_that_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tacit.array_files.FREE", 2**17)
    path = packed(tmp_path / "x.npz", [(f"{name}.npy", header("(8192,)"), 2**16) for name in "abc"])
    assert FREE_PER_BYTE * path.stat().st_size < 3 * 2**16
    arrays = files.read_arrays(path)
    assert list(files.pick(arrays, ["a", "b"], place="")) == ["a", "b"]
    with pytest.raises(InputError, match=f"at most {2**17} bytes unpacked"):
        files.pick(arrays, ["c"], place="")
    plain = tmp_path / "plain.npz"
    np.savez(plain, **{name: np.zeros(2**14) for name in "abcd"})
    assert len(files.pick(files.read_arrays(plain), list("abcd"), place="")) == 4


def test_names(tmp_path: Path) -> None:
    one = header("(1,)")
    many = packed(tmp_path / "many.npz", [(f"{i}.npy", b"", 0) for i in range(MOST_MEMBERS + 1)])
    assert f"at most {MOST_MEMBERS} arrays, got {MOST_MEMBERS + 1}" in refused(many, 2**24).reason
    twice = packed(tmp_path / "twice.npz", [("x.npy", one, 8), ("x.npy", one, 8)])
    assert "the array x is there twice" in refused(twice).reason


def test_a_member_that_says_less_than_it_unpacks_to(tmp_path: Path) -> None:
    """The directory's size is a promise that unpacking is held to."""
    start = header("(1,)")
    path = packed(tmp_path / "x.npz", [("x.npy", start, 2**24)])
    data = path.read_bytes()
    said = struct.pack("<I", len(start) + 8)
    at = data.rindex(struct.pack("<I", len(start) + 2**24))
    path.write_bytes(data[:at] + said + data[at + 4 :])
    assert "Bad CRC-32" in refused(path).reason
