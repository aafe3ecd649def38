"""A small network, and commands about it; the fixture `folder` has it compiled, committed and proven."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

Capture = pytest.CaptureFixture[str]


def tiny(seed: int = 0) -> bytes:
    """A 6-8-2 network of random weights."""
    rng = np.random.default_rng(seed)
    shapes = {"w0": (6, 8), "b0": (8,), "w1": (8, 2), "b1": (2,)}
    constants = [numpy_helper.from_array(rng.normal(size=s).astype(np.float32), n) for n, s in shapes.items()]
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w0", "b0"], ["h"]),
            helper.make_node("Relu", ["h"], ["a"]),
            helper.make_node("Gemm", ["a", "w1", "b1"], ["y"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        constants,
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def one_layer(weight: Any) -> Any:
    """y = x W as a model, W of four rows and three columns."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(np.asarray(weight, dtype=np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def compile_one_layer(folder: Path, proofs: int) -> None:
    """m.onnx of random weights, x.npz of thirty inputs and one.npz of the first, m.tacit for so many proofs, m.weights."""
    from tacit.cli.app import run

    onnx.save(one_layer(np.random.default_rng(0).normal(size=(4, 3))), folder / "m.onnx")
    samples = np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32)
    np.savez(folder / "x.npz", x=samples)
    np.savez(folder / "one.npz", x=samples[:1])
    options = ["--calibration", f"{folder}/x.npz", "--proofs", f"{proofs}"]
    assert run(["compile", f"{folder}/m.onnx", *options, "-o", f"{folder}/m.tacit"]) == 0


def prove_command(folder: Path, out: str = "out.proof") -> list[str]:
    files = {"--model": "model.secret", "--input": "one.npz", "-o": out}
    return ["prove", str(folder / "m.tacit"), *(text for k, v in files.items() for text in (k, str(folder / v)))]


def verify_command(folder: Path, *more: str, proof: str = "out.proof", model: str = "model.commitment") -> list[str]:
    return ["verify", str(folder / "m.tacit"), str(folder / proof), "--model", str(folder / model), *more]


def result(capsys: Capture) -> dict[str, Any]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found
