"""`tacit check`, and what `verify` and `inspect` say of a program that was checked or was not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from tiny_network import Capture, result, tiny, verify_command

import tacit
from tacit import _native
from tacit import program as pg
from tacit.cli.app import run


def nameless(folder: Path) -> Path:
    """The same program without its layers: another digest, the same relations."""
    native = tacit.Program.load(folder / "m.tacit")._native
    bare = dataclasses.replace(pg.Program.decode(native.bytes()), architecture=pg.NO_ARCHITECTURE)
    path = folder / "bare.tacit"
    tacit.Program(_native.Program(bare.encode(), native.geometry(), native.proofs, "{}")).save(path)
    return path


def test_a_program_of_a_model(folder: Path, capsys: Capture) -> None:
    assert run(["check", str(folder / "m.tacit"), "--json"]) == 0
    found = result(capsys)
    assert (found["architecture"], [layer["operator"] for layer in found["layers"]][-1]) == ("checked", "Added")
    assert found["parameters"].keys() == {"w0", "b0", "w1", "b1"}
    assert run(["check", str(folder / "m.tacit"), "--model", str(folder / "m.onnx")]) == 0
    assert "has these layers, too" in capsys.readouterr().out


def test_other_weights_are_the_same_layers_and_another_width_is_not(folder: Path, capsys: Capture) -> None:
    (folder / "other.onnx").write_bytes(tiny(seed=7))
    options = ["--model", str(folder / "other.onnx"), "--calibration", str(folder / "x.npz")]
    assert run(["check", str(folder / "m.tacit"), *options]) == 0
    import onnx
    from onnx import helper

    other = onnx.load(str(folder / "m.onnx"))
    other.graph.node[1].CopyFrom(helper.make_node("Tanh", ["h"], ["a"]))
    onnx.save(other, str(folder / "tanh.onnx"))
    capsys.readouterr()
    assert run(["check", str(folder / "m.tacit"), "--model", str(folder / "tanh.onnx"), "--json"]) == 1
    error = result(capsys)["error"]
    assert (error["slug"], error["where"]) == ("architecture", "model")
    assert "tanh" in error["reason"]


def test_a_program_that_names_no_layers(folder: Path, capsys: Capture) -> None:
    path = str(nameless(folder))
    assert run(["check", path, "--json"]) == 1
    assert result(capsys)["error"]["slug"] == "architecture"
    assert run(["inspect", path]) == 0
    assert "nobody says which layers" in capsys.readouterr().out


@pytest.mark.parametrize("insist", [False, True])
def test_verify_says_which_it_was(folder: Path, capsys: Capture, insist: bool) -> None:
    command = verify_command(folder, "--context", "c0ffee", *(["--require-check"] if insist else []))
    assert run([*command, "--json"]) == 0
    assert result(capsys)["statement"]["architecture"] == ("checked" if insist else "not checked")
    assert run(command) == 0
    shown = capsys.readouterr().out
    assert ("checked: this program computes exactly these layers" if insist else "not checked: these are") in shown


def test_files_that_are_no_program(folder: Path, capsys: Capture) -> None:
    for name, slug in (("m.weights", "file_kind"), ("m.onnx", "magic"), ("nothing.tacit", "file")):
        assert run(["check", str(folder / name), "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["error"]["slug"] == slug
