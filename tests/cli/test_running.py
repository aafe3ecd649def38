"""`tacit run` and `tacit evaluate`: files and exit codes; what they print is in the snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_network import Capture, result

import tacit
from tacit.cli.app import run


def command(folder: Path, name: str = "run", weights: str = "--weights=m.weights", file: str = "x.npz") -> list[str]:
    option, _, value = weights.partition("=")
    return [name, str(folder / "m.tacit"), option, str(folder / value), "--input", str(folder / file)]


def test_outputs_in_a_file(folder: Path, capsys: Capture) -> None:
    out = folder / "answers.npz"
    assert run([*command(folder), "-o", str(out), "--json"]) == 0
    found = result(capsys)
    assert (found["out"], found["samples"], found["refused"]) == (str(out), 40, [])
    assert "outputs" not in found
    program, weights = tacit.Program.load(folder / "m.tacit"), tacit.Weights.load(folder / "m.weights")
    with np.load(folder / "x.npz") as samples, np.load(out) as answers:
        expected = tacit.run(program, weights, {"x": samples["x"]}).outputs["y"]
        assert answers.files == ["y"]
        np.testing.assert_array_equal(answers["y"], expected, strict=True)
    assert out.stat().st_mode & 0o077 == 0
    assert run([*command(folder), "-o", str(out)]) == 0, "an older file is replaced"
    assert run([*command(folder), "--json"]) == 0
    capsys.readouterr()


def test_the_secret_serves_and_keeps_its_budget(folder: Path, capsys: Capture) -> None:
    journal = (folder / "model.secret.journal").read_bytes()
    answers = []
    for weights in ("--model=model.secret", "--weights=m.weights"):
        assert run([*command(folder, weights=weights, file="one.npz"), "--json"]) == 0
        answers.append(result(capsys)["outputs"]["y"])
        assert run([*command(folder, "evaluate", weights), "--json"]) == 0
        assert result(capsys)["samples"] == 40
    assert answers[0] == answers[1]
    assert (folder / "model.secret.journal").read_bytes() == journal


def test_labels_and_the_original(folder: Path, capsys: Capture) -> None:
    labels = ["--labels", str(folder / "x.npz"), "--original", str(folder / "m.onnx")]
    assert run([*command(folder, "evaluate"), *labels, "--json"]) == 0
    figures = result(capsys)["outputs"]["y"]
    with np.load(folder / "x.npz") as samples:
        program, weights = tacit.Program.load(folder / "m.tacit"), tacit.Weights.load(folder / "m.weights")
        got = tacit.run(program, weights, {"x": samples["x"]}).outputs["y"]
        assert figures["accuracy"] == (got.argmax(1) == samples["labels"]).mean()
    assert figures["agreement"] is not None
    assert run([*command(folder, "evaluate"), *labels[2:], "--threshold", "0.5", "--json"]) == 0
    assert result(capsys)["outputs"]["y"]["accuracy"] is None


@pytest.mark.parametrize(
    ("more", "slug"),
    [
        (["-o", "x.npz"], "exists"),
        (["-o", "out.csv"], "file"),
        (["-o", "none/out.npz"], "file"),
        (["--model", "model.secret"], "commitments"),
        (["--data", "model.secret"], "commitments"),
    ],
)
def test_refused(folder: Path, capsys: Capture, more: list[str], slug: str) -> None:
    before = (folder / "x.npz").read_bytes()
    assert run([*command(folder), more[0], str(folder / more[1]), "--json"]) == 1
    assert result(capsys)["error"]["slug"] == slug
    assert (folder / "x.npz").read_bytes() == before


def test_labels_that_are_not_there(folder: Path, capsys: Capture) -> None:
    np.savez(folder / "two.npz", a=np.zeros(40), b=np.zeros(40))
    assert run([*command(folder, "evaluate"), "--labels", str(folder / "two.npz"), "--json"]) == 1
    assert result(capsys)["error"]["slug"] == "labels"
