"""Wrong input, command by command: one clear error, exit code 1, no trace, nothing written and no proof spent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from tiny_network import one_layer

from tacit.api import native
from tacit.cli.app import run

Capture = pytest.CaptureFixture[str]
X = np.linspace(-1, 1, 64).reshape(16, 4).astype(np.float32)
ARRAYS = {
    "names": {"y": X, "z": X},
    "nothing": {},
    "shape": {"x": X[:1, :3]},
    "empty": {"x": X[:0]},
    "scalar": {"x": np.float32(3)},
    "nan": {"x": X[:1] * np.nan},
    "text": {"x": np.array([["a", "b", "c", "d"]])},
    "complex": {"x": X[:1] * 1j},
    "dates": {"x": X[:1].astype("M8[s]")},
    "pickled": {"x": np.array([{"a": 1}], dtype=object)},
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network, compiled, committed and proven with; a folder of that, and files of many wrong kinds."""
    folder = tmp_path_factory.mktemp("wrong")
    weight = (np.arange(12) % 7 - 3).reshape(4, 3).astype(np.float32) / 4
    model = one_layer(weight)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        onnx.save(model, "m.onnx")
        np.savez("x.npz", x=X)
        np.savez("one.npz", x=X[:1])
        for name, arrays in ARRAYS.items():
            np.savez(f"{name}.npz", **arrays)  # type: ignore[arg-type]
        Path("void").write_bytes(b"")
        Path("junk").write_bytes(b"TACIT\0\x14" + bytes(60))
        Path("folder").mkdir()
        Path("taken.commitment").mkdir()
        Path("mine.commitment").write_text("somebody's", encoding="utf-8")
        assert run(["compile", "m.onnx", "--calibration", "x.npz", "--proofs", "4"]) == 0
        assert run(["commit", "model", "m.tacit", "m.weights"]) == 0
        assert run(["prove", "m.tacit", "--model", "model.secret", "--input", "one.npz"]) == 0
    return folder


def state(folder: Path) -> dict[str, bytes | None]:
    return {str(file): file.read_bytes() if file.is_file() else None for file in sorted(folder.rglob("*"))}


@pytest.fixture
def refused(kept: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command line that has to fail, and give its error."""
    monkeypatch.chdir(kept)

    def check(command: str | list[str]) -> dict[str, str]:
        before = state(kept)
        capsys.readouterr()
        assert run([*(command.split() if isinstance(command, str) else command), "--json"]) == 1
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "Warning" not in err
        assert state(kept) == before
        found = json.loads(out)["error"]
        assert isinstance(found, dict)
        assert not found["reason"].startswith(f"{found.get('where')}: ")  # a thing is named once
        return found

    return check


COMPILE = "compile m.onnx --calibration x.npz -o new.tacit"
PROVE = "prove m.tacit --model model.secret --input one.npz"
VERIFY = "verify m.tacit out.proof --model model.commitment"


@pytest.mark.parametrize(
    ("command", "slug", "said"),
    [
        ("compile none.onnx --calibration x.npz", "file", "none.onnx"),
        ("compile folder --calibration x.npz", "file", "folder"),
        ("compile void --calibration x.npz", "not_onnx", "void"),
        ("compile m.tacit --calibration x.npz -o new.tacit", "onnx", "m.tacit"),
        ("compile m.onnx --calibration folder -o new.tacit", "file", "folder"),
        ("compile m.onnx --calibration m.tacit -o new.tacit", "arrays", "another kind of file"),
        (f"{COMPILE} --batch 99999999999999999999", "batch", "99999999999999999999"),
        (f"{COMPILE} --security -1", "security", "got -1"),
        (f"{COMPILE} --security 99999999999999999999", "security", "128 or 100"),
        (f"{COMPILE} --proofs 4294967296", "proofs", "got 4294967296"),
        (f"{COMPILE} --threshold nan", "threshold", "got nan"),
        (f"{COMPILE} --threshold y[0]>=inf", "threshold", "got inf"),
        (f"{COMPILE} --threshold y[0]>=1e300", "threshold", "got 1e+300"),
        ("compile m.onnx --calibration x.npz -o m.onnx", "exists", "replace an input"),
        ("compile m.onnx --calibration x.npz -o x.npz", "exists", "replace an input"),
        ("compile m.onnx --calibration x.npz -o new.weights", "exists", "the weights go there"),
        ("compile m.onnx --calibration x.npz -o model.secret", "exists", "another file than a program"),
        ("compile m.onnx --calibration x.npz -o folder", "file", "folder"),
        ("compile m.onnx --calibration x.npz -o none/new.tacit", "file", "no such folder"),
        ("compile m.onnx --calibration x.npz -o x.npz/new.tacit", "file", "no such folder"),
        ("commit model m.weights m.tacit -o new", "file_kind", "expected a program file, got a weights file"),
        ("commit model junk m.weights -o new", "file_kind", "got kind 20"),
        ("commit model m.tacit m.weights -o new --proofs 99999999999999999999", "proofs", "99999999999999999999"),
        ("commit model m.tacit m.weights -o none/new", "file", "no such folder"),
        ("commit model m.tacit m.weights -o taken", "exists", "taken.commitment"),
        ("commit model m.tacit m.weights -o mine", "exists", "mine.commitment"),
        ("commit model m.tacit m.weights -o /", "file", "name of a file"),
        ("commit rotate model.secret -o new --proofs 99999999999999999999", "proofs", "1 to 4294967295"),
        ("commit rotate model.secret -o new", "master", "not made for children"),
        (f"{PROVE} -o none/new.proof", "file", "no such folder"),
        (f"{PROVE} -o folder", "file", "folder"),
        (f"{PROVE} -o model.secret", "exists", "replace an input"),
        (f"{PROVE} -o m.weights", "exists", "another file than a proof"),
        (f"{PROVE} --chart none/a.svg", "file", "no such folder"),
        (f"{PROVE} --data model.secret", "commitments", "got the model's"),
        (f"{VERIFY} --security -1", "security", "got -1"),
        (f"{VERIFY} --security 99999999999999999999", "security", "99999999999999999999"),
        ("verify m.tacit out.proof --model model.secret", "file_kind", "expected a commitment file, got a secret file"),
        ("verify m.tacit void --model model.commitment", "truncated", "40 bytes"),
    ],
)
def test_refused(refused: Any, command: str, slug: str, said: str) -> None:
    error = refused(command)
    assert error["slug"] == slug
    assert said in f"{error.get('where')} {error['reason']}"


@pytest.mark.parametrize("name", list(ARRAYS))
def test_arrays_of_no_use(refused: Any, name: str) -> None:
    for command in (COMPILE.replace("x.npz", f"{name}.npz"), PROVE.replace("one.npz", f"{name}.npz")):
        error = refused(command)
        assert error["kind"] == "error"
        assert error["where"] in ("x", "small", f"{name}.npz")
        assert error["slug"] in ("input", "input_missing", "arrays", "dtype", "shape", "not_finite")


@pytest.mark.parametrize(
    "command",
    [
        ["compile", "", "--calibration", "x.npz"],
        ["compile", "m.onnx", "--calibration", "x.npz", "-o", ""],
        ["commit", "model", "m.tacit", "m.weights", "-o", ""],
        [*PROVE.split(), "-o", ""],
        ["inspect", ""],
    ],
)
def test_no_name_at_all(refused: Any, command: list[str]) -> None:
    assert refused(command)["slug"] == "file"


def test_names_in_any_script(kept: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kept)
    assert run(["compile", "m.onnx", "--calibration", "x.npz", "-o", "\u6a21\u578b \U0001f600.tacit"]) == 0
    assert "\u6a21\u578b \U0001f600.weights" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are text")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_name_that_is_no_text(tmp_path: Path, options: list[str]) -> None:
    command = [sys.executable, "-m", "tacit.cli", "inspect", b"a\xffb", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    if options:
        assert json.loads(done.stdout)["error"]["where"] == os.fsdecode(b"a\xffb")


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "m.tacit"
    target.write_bytes(b"before")
    monkeypatch.setattr(native.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        native.write_file(target, b"after")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"m.tacit": b"before"}


def test_a_killed_proof_is_absent_or_whole(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed where the file has its bytes but not yet its name."""
    monkeypatch.chdir(kept)
    assert run(["commit", "model", "m.tacit", "m.weights", "-o", "killed"]) == 0
    script = (
        "import os, signal, sys; from tacit.api import native; from tacit.cli.app import run\n"
        "native.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "run(sys.argv[1:])"
    )
    command = "prove m.tacit --model killed.secret --input one.npz -o killed.proof"
    done = subprocess.run([sys.executable, "-c", script, *command.split()], cwd=kept, capture_output=True, check=False)
    assert done.returncode < 0
    assert not Path("killed.proof").exists()
    assert run(command.split()) == 0
    assert run(["verify", "m.tacit", "killed.proof", "--model", "killed.commitment"]) == 0
