"""Exit codes and messages: 0 fine, 1 the user's or the proof's fault, 2 a bug."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tacit.cli import files, proving
from tacit.cli.app import run
from tacit.errors import InputError, InvalidProof, ModelError, TacitError

Capture = pytest.CaptureFixture[str]


def raising(error: BaseException) -> Callable[[Path], None]:
    def body(*_: object) -> None:
        raise error

    return body


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the first thing that `tacit prove` does end in an error."""
    monkeypatch.setattr(proving.files, "read_context", raising(error))


@pytest.mark.parametrize("arguments", [[], ["--help"], ["prove", "--help"], ["commit", "--help"]])
def test_help_is_on_stdout(arguments: list[str], capsys: Capture) -> None:
    assert run(arguments) == 0
    out, err = capsys.readouterr()
    assert "Usage" in out
    assert err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["commit"],
        ["verify"],
        ["prove", "m.tacit", "--nonsense"],
        ["compile", "m.onnx"],
        ["compile", "m.onnx", "--calibration", "x.npz", "--batch", "0"],
        ["compile", "m.onnx", "--calibration", "x.npz", "--weights", "secret"],
    ],
)
def test_usage_errors_are_the_users(arguments: list[str], capsys: Capture) -> None:
    assert run(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "[usage]" in err
    assert "next" in err


def test_missing_file(capsys: Capture, tmp_path: Path) -> None:
    assert run(["compile", str(tmp_path / "m.onnx"), "--calibration", str(tmp_path / "x.npz"), "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["where"] == str(tmp_path / "m.onnx")
    assert "no such file" in err


def test_error_says_where_and_what_next(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, TacitError("it broke", slug="some_slug", place="node Conv_3", remedy="mend it"))
    assert run(["prove", "m.tacit"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    for part in ("error: it broke", "[some_slug]", "node Conv_3", "mend it"):
        assert part in err


def test_details_are_for_programs(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    details = {"unsupported": [{"operator": "Sin", "nodes": ["wave"]}]}
    fail_with(monkeypatch, ModelError("operator Sin is not supported", slug="unsupported_operator", details=details))
    assert run(["prove", "m.tacit", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["details"] == details
    assert "wave" not in err


def test_refusal_as_json(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = InvalidProof("the root differs", slug="merkle", place="witness slab")
    fail_with(monkeypatch, refusal)
    assert run(["prove", "m.tacit", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == "refused"
    assert (error["slug"], error["where"]) == ("merkle", "witness slab")


def test_bug_has_a_trace_and_exit_code_two(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, AttributeError("unexpected"))
    assert run(["prove", "m.tacit"]) == 2
    err = capsys.readouterr().err
    assert "a bug in tacit: AttributeError: unexpected" in err
    assert "Traceback" in err


def test_panic_of_native_code_is_a_bug(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """What PyO3 raises: not an Exception."""

    fail_with(monkeypatch, PanicException("index out of bounds"))
    assert run(["prove", "m.tacit"]) == 2
    assert "PanicException" in capsys.readouterr().err


def test_interrupt(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    assert run(["prove", "m.tacit"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_closed_pipe_is_quiet() -> None:
    """Whoever reads stops reading (`tacit ... | head`): no trace, exit code 1."""
    script = "import sys; from tacit.cli.app import run; sys.exit(run(['--help']))"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        command = [sys.executable, "-c", script]
        finished = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    assert finished.returncode in (0, 1)
    assert "Traceback" not in finished.stderr


def test_context() -> None:
    assert files.read_context("") == b""
    assert files.read_context("0xC0ffee") == b"\xc0\xff\xee"
    for text in ("c0f", "hello"):
        with pytest.raises(InputError) as caught:
            files.read_context(text)
        assert caught.value.slug == "context"


def test_threshold(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    assert files.read_threshold("y[1]>=0.5", model) == ("y", (1,), 0.5)
    assert files.read_threshold(" scores[2, 3] >= -1e-3", model)[1:] == ((2, 3), -1e-3)
    assert files.read_threshold("p>=2", model) == ("p", (0,), 2.0)
    assert files.read_threshold("y[]>=1", model) == ("y", (0,), 1.0)
    wrong = (
        "",
        "y",
        "y[1]",
        "y[a]>=1",
        "y[1]>=x",
        "y>0.5",
        ">=1",
        "[1]>=1",
        "y]>=1",
        "y[1]]>=1",
        "y[1]z>=1",
        "y>=1>=2",
    )
    for text in (*wrong, "y[-1]>=1", " " * 2**20, "y" + " " * 2**15 + ">1"):
        with pytest.raises(InputError) as caught:
            files.read_threshold(text, model)
        assert caught.value.slug == "threshold"


def test_arrays(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.ones(3), y=np.zeros(2))
    arrays = files.read_arrays(path)
    assert list(arrays) == ["x", "y"]
    assert list(files.pick(arrays, ["y"], place="")) == ["y"]
    assert files.pick(arrays, ["input"], place="")["input"].tolist() == [1, 1, 1]
    with pytest.raises(InputError) as caught:
        files.pick(arrays, ["a", "b"], place="")
    assert caught.value.slug == "input_missing"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\x93NUMPY\x01\x00", b"not an archive"])
def test_broken_arrays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        files.pick(files.read_arrays(path), ["x"], place="")
    assert caught.value.slug == "arrays"


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="pickled objects") as caught:
        files.pick(files.read_arrays(path), ["x"], place="")
    assert caught.value.slug == "arrays"


def test_names_beside() -> None:
    assert files.beside(Path("a/m.tacit"), ".weights") == Path("a/m.weights")
    assert files.beside(Path("a/model"), ".secret") == Path("a/model.secret")
    assert files.beside(Path("a/model.v2"), ".secret") == Path("a/model.v2.secret")


def test_a_secret_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "model.secret"
    assert files.fresh(path) == path
    path.write_bytes(b"journal")
    with pytest.raises(InputError) as caught:
        files.fresh(path)
    assert caught.value.slug == "exists"
