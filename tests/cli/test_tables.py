"""Samples as text: tables and lists give what the same array in an .npz file gives, and a wrong entry is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_network import Capture, result

from tacit.cli import files
from tacit.cli.app import run
from tacit.errors import InputError


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# --- what is read -----------------------------------------------------------------------------------------------------


def test_a_table_is_one_array(tmp_path: Path) -> None:
    path = written(tmp_path, "x.CSV", '\ufeffage, "blood, sugar"\r\n1,-2.5e-1\r\n\r\n 3 ,"4"\r\n')
    found = files.read_inputs(path, ["input"])["input"]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[1, -0.25], [3, 4]])


def test_a_table_has_a_column_for_each_of_several_inputs(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", "age,unused,weight\n30,0,70\n40,0,80\n")
    found = files.read_inputs(path, ["weight", "age"])
    assert list(found) == ["weight", "age"]
    np.testing.assert_array_equal(found["weight"], [[70], [80]])
    with pytest.raises(InputError, match="no array for input height; the file has age, unused, weight"):
        files.read_inputs(path, ["height", "age"])


def test_counted_names_are_a_header(tmp_path: Path) -> None:
    found = files.read_arrays(written(tmp_path, "x.csv", "0,1,2\n5,6,7\n"))["x"]
    assert (found.tolist(), found.dtype) == ([[5, 6, 7]], np.int64)


def test_lists(tmp_path: Path) -> None:
    path = written(tmp_path, "x.json", "[[[1, 2]], [[3.5, 4]]]")
    np.testing.assert_array_equal(files.read_inputs(path, ["input"])["input"], [[[1, 2]], [[3.5, 4]]])
    path = written(tmp_path, "two.json", '{"b": [1, 2], "a": [[true], [false]]}')
    found = files.read_inputs(path, ["a", "b"])
    assert (found["a"].tolist(), found["b"].tolist()) == ([[True], [False]], [1, 2])


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**80])
def test_large_whole_numbers(tmp_path: Path, number: int) -> None:
    for path in (written(tmp_path, "x.csv", f"a,b\n1,{number}\n"), written(tmp_path, "x.json", f"[[1, {number}]]")):
        assert files.read_arrays(path)["x"].astype(np.float64).tolist() == [[1.0, float(number)]]


@pytest.mark.parametrize(
    ("name", "text", "labels"),
    [
        ("y.csv", "class\n0\n2\n", [0, 2]),
        ("y.csv", "x,labels\n0.5,1\n0.25,2\n", [1, 2]),
        ("y.csv", "a,b\n1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("y.json", "[0, 2]", [0, 2]),
        ("y.json", '{"x": [5, 6], "y": [0, 2]}', [0, 2]),
    ],
)
def test_labels(tmp_path: Path, name: str, text: str, labels: list[int]) -> None:
    assert files.read_labels(written(tmp_path, name, text)).tolist() == labels


# --- what is refused --------------------------------------------------------------------------------------------------

TABLES = {
    "": "expected a header, got an empty first line",
    "a,b\n": "expected lines of numbers below the header, got none",
    "0.5,1\n2,3\n": "expected a header, got numbers in line 1: 0.5, 1",
    "0\n1\n": "expected a header, got numbers in line 1: 0",
    "a;b\n1;2\n": "expected names with commas between them, got 'a;b'",
    ",a\n0,1\n": "line 1: column 1 has no name",
    "a,a\n0,1\n": "line 1: two columns have the name 'a'",
    "a,b\n1,2\n3\n": "line 3: expected 2 columns, got 1",
    "a,b\n1,2\n\n3,n/a\n": "line 4, column 2 (b): expected a finite number, got 'n/a'",
    "a,b\n,2\n": "line 2, column 1 (a): expected a finite number, got nothing",
    "a,b\n1_0,2\n": "line 2, column 1 (a): expected a finite number, got '1_0'",
    "a,b\n1,nan\n": "line 2, column 2 (b): expected a finite number, got 'nan'",
    f"a,b\n1,{'9' * 5000}\n": f"line 2, column 2 (b): expected a finite number, got '{'9' * 37}...'",
    b"a,b\n1,\xff\n": "expected text in UTF-8, got invalid start byte",
    "a\n" + "1" * 200_000: "line 2: field larger than field limit (131072)",
}
LISTS = {
    "": "not JSON: line 1, column 1: Expecting value",
    "[1,\n 2": "not JSON: line 2, column 3: Expecting ',' delimiter",
    "3": "expected a list, got 3",
    "[]": "expected numbers, got an empty list",
    "[[1, 2], [3]]": "[1]: expected a list of 2, got one of 1",
    "[[1, 2], 3]": "[1]: expected a list of 2, got 3",
    "[1, [2]]": "[1]: expected a number, got a list",
    '[[1, "2"]]': "[0][1]: expected a number, got '2'",
    "[[1, null]]": "[0][1]: expected a number, got null",
    '{"x": [1, {}]}': "x[1]: expected a number, got {}",
    '{"x": {"y": [1]}}': 'x: expected a list, got {"y": [1]}',
    "[" * 40 + "1" + "]" * 39 + ", 2]": "lists within lists, too deep",
    "[" * 100_000: "lists within lists, too deep",
    b'["\xff"]': "expected text in UTF-8, got invalid start byte",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [*(("x.csv", text) for text in TABLES), *(("x.json", text) for text in LISTS)],
    ids=lambda p: p[:24],
)
def test_wrong_entries(tmp_path: Path, name: str, text: str | bytes) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(InputError) as refused:
        files.read_arrays(path)
    want = (TABLES if name == "x.csv" else LISTS)[text]
    assert (refused.value.slug, refused.value.place, refused.value.reason) == ("arrays", str(path), want)
    assert refused.value.remedy


@pytest.mark.parametrize("name", ["none.csv", "none.json"])
def test_no_such_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_arrays(tmp_path / name)


# --- in the commands --------------------------------------------------------------------------------------------------


def test_commands_take_text(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    """The same answers from every kind of file, the same program from every kind of samples."""
    with np.load(folder / "x.npz") as content:
        x = content["x"]
    samples = x.astype(np.float64)
    np.save(tmp_path / "x.npy", x)
    table = "\n".join([",".join("abcdef"), *(",".join(map(repr, row)) for row in samples.tolist())])
    written(tmp_path, "x.csv", table)
    written(tmp_path, "x.json", json.dumps(samples.tolist()))
    written(tmp_path, "named.json", json.dumps({"x": samples.tolist()}))
    written(tmp_path, "y.csv", "\n".join(["y", *("0" for _ in x)]))
    np.savez(tmp_path / "x.npz", x=x)
    found, digests = [], []
    for name in ("x.npz", "x.npy", "x.csv", "x.json", "named.json"):
        command = ["evaluate", str(folder / "m.tacit"), "--weights", str(folder / "m.weights"), "--json"]
        assert run([*command, "--input", str(tmp_path / name), "--labels", str(tmp_path / "y.csv")]) == 0
        found.append({**result(capsys), "seconds": 0})
        command = ["compile", str(folder / "m.onnx"), "-o", str(tmp_path / "m.tacit"), "--json"]
        assert run([*command, "--calibration", str(tmp_path / name)]) == 0
        digests.append(result(capsys)["digest"])
    assert found == [found[0]] * 5
    assert found[0]["samples"] == len(x)
    assert digests == [digests[0]] * 5
