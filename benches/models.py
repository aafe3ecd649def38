"""What is measured: the models of a folder (`TACIT_MODELS`), or networks made here by seeded scripts.

A folder holds one folder a model, with `network.onnx` and `samples.npz` (an array for every input; `x` will do for a
single one).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from tacit.demo import models as demo

OPSET = 17


@dataclass(frozen=True)
class Subject:
    """A model to measure."""

    name: str
    network: Path
    samples: Path


def find(folder: Path) -> list[Subject]:
    """The models of a folder, smallest file first."""
    found = [
        Subject(path.parent.name, path, path.parent / "samples.npz")
        for path in folder.glob("*/network.onnx")
        if (path.parent / "samples.npz").is_file()
    ]
    return sorted(found, key=lambda subject: subject.network.stat().st_size)


def make(folder: Path) -> list[Subject]:
    """The demo's two trained networks and two larger ones with seeded random weights, written to a folder."""
    rng = np.random.default_rng(0)
    clinic, digits = demo.clinic(), demo.digits()
    made = [
        ("clinic_mlp", clinic.onnx, clinic.calibration[:64]),
        ("digits_cnn", digits.onnx, digits.calibration[:64]),
        ("dense_256x4", dense([256, 256, 256, 256, 10], rng), rng.normal(size=(64, 256))),
        ("cnn_28x28", convolutional(28, (6, 16), 84, rng), rng.random((64, 1, 28, 28))),
    ]
    subjects = []
    for name, onnx, samples in made:
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        (target / "network.onnx").write_bytes(onnx)
        np.savez(target / "samples.npz", x=np.asarray(samples, dtype=np.float32))
        subjects.append(Subject(name, target / "network.onnx", target / "samples.npz"))
    return subjects


def dense(widths: Sequence[int], rng: np.random.Generator) -> bytes:
    """Dense layers with ReLU between them, of random weights scaled so that activations keep their size."""
    nodes, constants = _head("x", widths, rng)
    return _model(nodes, constants, ["n", widths[0]], widths[-1])


def convolutional(side: int, filters: Sequence[int], hidden: int, rng: np.random.Generator) -> bytes:
    """5 x 5 convolutions with ReLU and 2 x 2 averages, then two dense layers; one grey image of side x side."""
    nodes, constants, last, channels, extent = [], [], "x", 1, side
    for index, count in enumerate(filters):
        kernels = rng.normal(0, np.sqrt(2 / (25 * channels)), (count, channels, 5, 5)).astype(np.float32)
        constants.append(numpy_helper.from_array(kernels, f"kernels{index}"))
        names = [f"conv{index}", f"active{index}", f"pooled{index}"]
        nodes += [
            helper.make_node("Conv", [last, f"kernels{index}"], names[:1], kernel_shape=[5, 5], strides=[1, 1]),
            helper.make_node("Relu", names[:1], names[1:2]),
            helper.make_node("AveragePool", names[1:2], names[2:], kernel_shape=[2, 2], strides=[2, 2]),
        ]
        last, channels, extent = names[2], count, (extent - 4) // 2
    nodes.append(helper.make_node("Flatten", [last], ["flat"]))
    more_nodes, more_constants = _head("flat", [channels * extent * extent, hidden, 10], rng)
    return _model(nodes + more_nodes, constants + more_constants, ["n", 1, side, side], 10)


def _head(first: str, widths: Sequence[int], rng: np.random.Generator) -> tuple[list, list]:
    nodes, constants, last = [], [], first
    for index, (fan_in, fan_out) in enumerate(itertools.pairwise(widths)):
        weight = rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out)).astype(np.float32)
        bias = rng.normal(0, 0.1, fan_out).astype(np.float32)
        constants += [
            numpy_helper.from_array(weight, f"weight{index}"),
            numpy_helper.from_array(bias, f"bias{index}"),
        ]
        final = index == len(widths) - 2
        out = "y" if final else f"dense{index}"
        nodes.append(helper.make_node("Gemm", [last, f"weight{index}", f"bias{index}"], [out]))
        if not final:
            nodes.append(helper.make_node("Relu", [out], [f"layer{index}"]))
        last = f"layer{index}"
    return nodes, constants


def _model(nodes: list, constants: list, shape: list, outputs: int) -> bytes:
    graph = helper.make_graph(
        nodes,
        "bench",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", outputs])],
        constants,
    )
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
