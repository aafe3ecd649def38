"""`tacit commit --children`, `tacit commit rotate` and `tacit verify --rotation`, file by file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_network import compile_one_layer

from tacit.cli.app import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled network, a master of two children, one child, and a proof made with it."""
    path = tmp_path_factory.mktemp("rotate")
    compile_one_layer(path, proofs=4)
    assert run([*commit(path), "-o", f"{path}/master", "--children", "2"]) == 0
    assert run(["commit", "rotate", f"{path}/master.secret", "-o", f"{path}/child", "--proofs", "2"]) == 0
    assert run(prove(path, "child")) == 0
    return path


def commit(folder: Path) -> list[str]:
    return ["commit", "model", f"{folder}/m.tacit", f"{folder}/m.weights"]


def prove(folder: Path, secret: str) -> list[str]:
    files = ["--model", f"{folder}/{secret}.secret", "--input", f"{folder}/one.npz", "-o", f"{folder}/out.proof"]
    return ["prove", f"{folder}/m.tacit", *files]


def verify(folder: Path, *more: str) -> list[str]:
    return ["verify", f"{folder}/m.tacit", f"{folder}/out.proof", *more, "--json"]


def result(capsys: Capture) -> dict[str, Any]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_a_child_is_accepted(folder: Path, capsys: Capture) -> None:
    assert run(["inspect", f"{folder}/master.commitment", "--json"]) == 0
    master = result(capsys)
    assert master["master of"] == "up to 2 children"
    assert run(verify(folder, "--model", f"{folder}/child.commitment")) == 0
    digests = result(capsys)["statement"]["digests"]
    assert digests["master of model"] == master["identity"]
    assert digests["model"] != master["identity"]
    link = ["--model", f"{folder}/master.commitment", "--rotation", f"{folder}/child.commitment"]
    assert run(verify(folder, *link)) == 0
    assert result(capsys)["statement"]["digests"] == digests
    assert run(verify(folder, "--model", f"{folder}/master.commitment")) == 1
    assert result(capsys)["error"]["kind"] == "refused"
    link[1], link[3] = link[3], link[1]
    assert run(verify(folder, *link)) == 1
    assert result(capsys)["error"]["slug"] == "rotation"


def test_what_is_left(folder: Path, capsys: Capture) -> None:
    run(["inspect", f"{folder}/master.secret", "--json"])
    assert result(capsys)["children left"] == 1
    run(["inspect", f"{folder}/child.secret", "--json"])
    child = result(capsys)
    assert child["proofs left"] == 1
    assert "child of" in child


def test_the_way_on_when_all_is_spent(folder: Path, capsys: Capture) -> None:
    assert run([*prove(folder, "child"), "--json"]) == 0
    capsys.readouterr()
    assert run([*prove(folder, "child"), "--json"]) == 1
    error = result(capsys)["error"]
    assert error["slug"] == "allowance"
    assert "tacit commit rotate MASTER.secret" in error["next"]
    assert run([*prove(folder, "master"), "--json"]) == 1
    assert "tacit commit rotate" in result(capsys)["error"]["next"]
    rotate = ["commit", "rotate", f"{folder}/master.secret", "--json", "-o"]
    assert run([*rotate, f"{folder}/second"]) == 0
    second = result(capsys)
    assert second["children_left"] == 0
    assert second["proofs"] >= 4
    assert run([*rotate, f"{folder}/third"]) == 1
    assert result(capsys)["error"]["slug"] == "allowance"
    assert not (folder / "third.secret").exists()
    assert run(prove(folder, "second")) == 0
    capsys.readouterr()
    assert run(verify(folder, "--model", f"{folder}/second.commitment")) == 0


def test_refused_before_a_cell_is_spent(folder: Path, capsys: Capture) -> None:
    assert run([*commit(folder), "-o", f"{folder}/other", "--children", "2"]) == 0
    journal = folder / "other.secret.journal"
    before = journal.read_bytes()
    rotate = ["commit", "rotate", f"{folder}/other.secret", "--json"]
    capsys.readouterr()
    assert run([*rotate, "-o", f"{folder}/other"]) == 1
    assert result(capsys)["error"]["slug"] == "exists"
    assert run([*rotate, "-o", f"{folder}/fresh", "--proofs", "1000"]) == 1
    assert result(capsys)["error"]["slug"] == "proofs"
    assert journal.read_bytes() == before
    assert run([*commit(folder), "-o", f"{folder}/plain"]) == 0
    capsys.readouterr()
    assert run(["commit", "rotate", f"{folder}/plain.secret", "-o", f"{folder}/fresh", "--json"]) == 1
    error = result(capsys)["error"]
    assert error["slug"] == "master"
    assert "--children" in error["next"]
