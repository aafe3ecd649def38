"""What a command writes: never two results in one file, nothing half-written, and a way on where something is missing."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tiny_network import Capture, prove_command, result, tiny, verify_command

from tacit.cli.app import run

SAMPLES = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose outputs are committed."""
    path = tmp_path_factory.mktemp("sealed")
    (path / "m.onnx").write_bytes(tiny())
    np.savez(path / "x.npz", x=SAMPLES)
    np.savez(path / "one.npz", x=SAMPLES[:1])
    here = str(path)
    command = [
        "compile",
        f"{here}/m.onnx",
        "--calibration",
        f"{here}/x.npz",
        "--outputs",
        "committed",
        "--proofs",
        "20",
    ]
    assert run(command) == 0
    assert run(["commit", "model", f"{here}/m.tacit", f"{here}/m.weights", "-o", f"{here}/model"]) == 0
    return path


@pytest.mark.parametrize("out", ["answer.commitment", "answer.secret", "answer.secret.journal", "./answer.secret"])
def test_a_proof_replaces_none_of_its_output_files(sealed: Path, capsys: Capture, out: str) -> None:
    before = sorted(sealed.iterdir())
    command = [*prove_command(sealed, out), "--output-commitment", str(sealed / "answer"), "--json"]
    assert run(command) == 1
    error = result(capsys)["error"]
    assert (error["slug"], "name of its own" in error["next"]) == ("exists", True)
    assert sorted(sealed.iterdir()) == before


def test_a_chart_does_not_replace_the_proof(folder: Path, capsys: Capture) -> None:
    spent = (folder / "model.secret.journal").read_bytes()
    assert run([*prove_command(folder, "same.svg"), "--chart", str(folder / "same.svg"), "--json"]) == 1
    assert result(capsys)["error"]["slug"] == "exists"
    assert not (folder / "same.svg").exists()
    assert (folder / "model.secret.journal").read_bytes() == spent


def test_a_proof_that_cannot_be_written_is_said_to_be_spent(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tacit.api.native.os.replace", full)
    assert run([*prove_command(folder, "lost.proof"), "--json"]) == 1
    error = result(capsys)["error"]
    assert "counted as spent" in error["reason"]
    assert "prove again" in error["next"]
    assert not list(folder.glob("*lost.proof*"))


def test_a_journal_alone_is_named(folder: Path, capsys: Capture) -> None:
    (folder / "left.secret.journal").write_bytes(b"from a command that was killed")
    command = ["commit", "model", f"{folder}/m.tacit", f"{folder}/m.weights", "-o", f"{folder}/left", "--json"]
    assert run(command) == 1
    error = result(capsys)["error"]
    assert error["where"] == f"{folder}/left.secret.journal"
    assert "remove the journal" in error["next"]
    (folder / "left.secret.journal").unlink()
    assert run(command) == 0


def test_the_commitment_of_a_secret_is_written_again(folder: Path, capsys: Capture) -> None:
    lost = (folder / "model.commitment").read_bytes()
    budget = (folder / "model.secret.journal").read_bytes()
    (folder / "model.commitment").unlink()
    assert run(["commit", "export", f"{folder}/model.secret", "--json"]) == 0
    assert (folder / "model.commitment").read_bytes() == lost
    assert (folder / "model.secret.journal").read_bytes() == budget
    assert result(capsys)["commitment"] == f"{folder}/model.commitment"
    assert run(verify_command(folder, "--context", "c0ffee")) == 0
    assert run(["commit", "export", f"{folder}/model.secret", "-o", f"{folder}/m.weights"]) == 1


def test_names_need_not_be_text(folder: Path, capsys: Capture) -> None:
    odd = os.fsdecode(os.fsencode(folder) + b"/n\xfe")
    command = ["commit", "model", f"{folder}/m.tacit", f"{folder}/m.weights", "-o", odd]
    try:
        assert run(command) == 0
    except OSError:
        pytest.skip("a file system of text only")
    proof = f"{odd}.proof"
    assert (
        run(["prove", f"{folder}/m.tacit", "--model", f"{odd}.secret", "--input", f"{folder}/one.npz", "-o", proof])
        == 0
    )
    assert run(["verify", f"{folder}/m.tacit", proof, "--model", f"{odd}.commitment"]) == 0
    for kind in ("secret", "commitment", "proof", "secret.journal"):
        assert run(["inspect", f"{odd}.{kind}", "--json"]) == 0, kind
    capsys.readouterr()


@pytest.mark.parametrize("damage", ["encrypted", "method", "body", "bzip2", "lzma"])
def test_damaged_archives(folder: Path, capsys: Capture, damage: str) -> None:
    path = folder / f"{damage}.npz"
    if damage in ("bzip2", "lzma"):
        np.save(folder / "x.npy", np.zeros((1, 6)))
        with zipfile.ZipFile(path, "w", getattr(zipfile, f"ZIP_{damage.upper()}")) as archive:
            archive.write(folder / "x.npy", "x.npy")
    else:
        np.savez_compressed(path, x=np.zeros((1, 6)))
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.start_dir
    if damage == "encrypted":
        data[6] |= 1
        data[at + 8] |= 1
    elif damage == "method":
        data[8] = data[at + 10] = 77
    else:
        data[60:90] = bytes(30)
    path.write_bytes(bytes(data))
    command = prove_command(folder, "never.proof")
    command[command.index(str(folder / "one.npz"))] = str(path)
    assert run([*command, "--json"]) == 1
    error = result(capsys)["error"]
    assert (error["slug"], error["where"]) == ("arrays", str(path))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
def test_a_file_without_an_end(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tacit.api.native.MOST_PIPED", 1000)
    assert run(["inspect", "/dev/zero", "--json"]) == 1
    assert result(capsys)["error"]["expected"] == "at most 1000 bytes from what is no file"


def test_the_report_is_private(folder: Path, capsys: Capture) -> None:
    """The public file holds no figure of the weights; the report is written where it is asked for, for its owner only."""
    command = ["compile", f"{folder}/m.onnx", "--calibration", f"{folder}/x.npz", "-o", f"{folder}/again.tacit"]
    assert run([*command, "--report", f"{folder}/report.json", "--json"]) == 0
    printed = result(capsys)["report"]
    assert json.loads((folder / "report.json").read_text()) == printed
    assert stat.S_IMODE((folder / "report.json").stat().st_mode) == 0o600
    public = (folder / "again.tacit").read_bytes()
    for word in (b"relative", b"noise", b"top1", str(printed["outputs"]["y"]["relative"]).encode()):
        assert word not in public
    assert run([*command, "--report", f"{folder}/again.tacit"]) == 1
    assert run([*command, "--report", f"{folder}/report.txt"]) == 1


@pytest.mark.parametrize("ending", [".svg", ".png"])
def test_the_report_as_a_picture(folder: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    command = ["compile", f"{folder}/m.onnx", "--calibration", f"{folder}/x.npz", "-o", f"{folder}/drawn.tacit"]
    picture = folder / f"report{ending}"
    assert run([*command, "--report", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG" if ending == ".png" else b"<?xml")
    assert stat.S_IMODE(picture.stat().st_mode) == 0o600
