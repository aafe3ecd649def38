"""`tacit commit renew`, `check-renewal` and `--counter`, file by file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_network import compile_one_layer

from tacit.cli.app import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network for two proofs, its weights and an input."""
    path = tmp_path_factory.mktemp("renew")
    compile_one_layer(path, proofs=2)
    return path


@pytest.fixture
def folder(compiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with a commitment `old`; the working folder."""
    for name in ("m.tacit", "m.weights", "one.npz"):
        shutil.copy(compiled / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert run([*COMMIT, "-o", "old"]) == 0
    return tmp_path


COMMIT = ["commit", "model", "m.tacit", "m.weights"]


def prove(secret: str, *more: str) -> list[str]:
    return ["prove", "m.tacit", "--model", f"{secret}.secret", "--input", "one.npz", "-o", "out.proof", *more]


def refused(capsys: Capture, command: list[str]) -> dict[str, Any]:
    """What a command that ends in an error prints as JSON."""
    capsys.readouterr()
    assert run([*command, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["error"]
    assert isinstance(found, dict)
    return found


def test_renewed_twice_in_a_row(folder: Path, capsys: Capture) -> None:
    assert run(["commit", "renew", "old.secret", "-o", "new"]) == 0
    assert run(["commit", "renew", "new.secret", "-o", "newer"]) == 0
    assert run(["commit", "check-renewal", "old.commitment", "new.renewal", "newer.renewal"]) == 0
    capsys.readouterr()
    assert run(["commit", "check-renewal", "old.commitment", "new.renewal", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert run(["inspect", "new.commitment", "--json"]) == 0
    assert found["newest"] == json.loads(capsys.readouterr().out)["identity"]
    for wrong in (["new.commitment"], ["newer.renewal"], ["newer.renewal", "new.renewal"]):
        assert refused(capsys, ["commit", "check-renewal", "old.commitment", *wrong])["slug"] == "rotation"
    assert run(prove("newer")) == 0
    proof = ["verify", "m.tacit", "out.proof", "--model"]
    assert run([*proof, "newer.commitment"]) == 0
    assert run([*proof, "new.commitment", "--rotation", "newer.renewal"]) == 0
    assert refused(capsys, prove("old"))["slug"] == "renewed"


def test_nothing_is_replaced(folder: Path, capsys: Capture) -> None:
    for name in ("new.secret", "new.commitment", "new.renewal"):
        (folder / name).write_bytes(b"mine")
        assert refused(capsys, ["commit", "renew", "old.secret", "-o", "new"])["slug"] == "exists"
        assert (folder / name).read_bytes() == b"mine"
        (folder / name).unlink()
    # And nothing was counted.
    assert run(prove("old")) == 0
    assert refused(capsys, ["commit", "renew", "missing.secret"])["slug"] == "file"


def test_a_counter_notices(folder: Path, capsys: Capture) -> None:
    counter = ["--counter", f"file:{folder}/counts"]
    assert run([*COMMIT, "-o", "counted", *counter]) == 0
    shutil.copy("counted.secret.journal", "backup")
    assert run(prove("counted", *counter)) == 0
    assert refused(capsys, prove("counted"))["slug"] == "counter"
    shutil.copy("backup", "counted.secret.journal")
    error = refused(capsys, prove("counted", *counter))
    assert error["slug"] == "restored"
    assert "tacit commit renew" in error["next"]
    assert run(["commit", "renew", "counted.secret", "-o", "new", *counter]) == 0
    assert run(prove("new", *counter)) == 0
    shutil.copy("backup", "counted.secret.journal")
    assert refused(capsys, ["commit", "renew", "counted.secret", "-o", "other", *counter])["slug"] == "renewed"


def test_counters_that_are_none(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ([*COMMIT, "-o", "more"], prove("old"), ["commit", "renew", "old.secret"]):
        assert refused(capsys, [*command, "--counter", "here"])["slug"] == "counter"
    monkeypatch.setenv("TACIT_COUNTER", f"file:{folder}/no/folder")
    assert refused(capsys, prove("old"))["slug"] == "counter_io"
