"""One case: an ONNX graph, how its samples are drawn, and how it is compiled. Written to and read from JSON."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]

#: The element types that a case knows, by NumPy's names.
TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "bool": TensorProto.BOOL,
}


@dataclass
class Input:
    """A graph input. Samples are `offset + columns * noise`, with one factor for every entry of the last axis, or one for all.

    `noise`: "normal", "uniform" in [-1, 1), "positive" in [0, 1), or "sparse" (normal, half of the entries zero).
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    columns: list[float] = field(default_factory=lambda: [1.0])
    offset: float = 0.0
    noise: str = "normal"

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """(count, *shape)."""
        shape = (count, *self.shape)
        if self.dtype == "bool":
            return rng.random(shape) < 0.5
        if self.dtype.startswith("int"):
            return rng.integers(-9, 10, shape).astype(self.dtype)
        x = rng.normal(size=shape) if self.noise in ("normal", "sparse") else rng.random(shape)
        if self.noise == "uniform":
            x = 2 * x - 1
        if self.noise == "sparse":
            x = x * (rng.random(shape) < 0.5)
        return np.asarray(self.offset + x * np.array(self.columns)).astype(self.dtype)


@dataclass
class Call:
    """An ONNX node of the standard domain; an input that is left out is ""."""

    op: str
    inputs: list[str]
    outputs: list[str]
    attrs: dict[str, Any] = field(default_factory=dict)


@dataclass
class Case:
    """`batch` above 1: the first axis of every input is free, and is given when the model is compiled.

    `limb`: the limb width of the lowering; 0: the compiler searches. `outputs`: element types by name; `ranks`: of outputs
    that declare their number of axes.
    """

    seed: int
    opset: int = 17
    batch: int = 1
    samples: int = 16
    limb: int = 0
    place: str = "private"
    inputs: dict[str, Input] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    nodes: list[Call] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)

    def model(self) -> onnx.ModelProto:
        """The graph as ONNX."""
        ranks = {name: [None] * self.ranks[name] if name in self.ranks else None for name in self.outputs}
        graph = helper.make_graph(
            [helper.make_node(n.op, n.inputs, n.outputs, **n.attrs) for n in self.nodes],
            f"case{self.seed}",
            [helper.make_tensor_value_info(k, TYPES[v.dtype], self._declared(v.shape)) for k, v in self.inputs.items()],
            [helper.make_tensor_value_info(name, TYPES[dtype], ranks[name]) for name, dtype in self.outputs.items()],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8 if self.opset < 19 else 10)

    def _declared(self, shape: tuple[int, ...]) -> list[int | str]:
        return ["N", *shape[1:]] if self.batch > 1 else list(shape)

    def draw(self, count: int, part: int) -> dict[str, Array]:
        """Samples by input, (count, *shape). Part 0 is for calibration, others are fresh."""
        rng = np.random.default_rng([abs(self.seed), part])
        return {name: spec.draw(rng, count) for name, spec in self.inputs.items()}

    def pruned(self) -> Case:
        """Without nodes, constants and inputs that no output needs."""
        wanted, kept = set(self.outputs), list[Call]()
        for node in reversed(self.nodes):
            if wanted & set(node.outputs):
                wanted |= set(node.inputs)
                kept.append(node)
        small = deepcopy(self)
        small.nodes = deepcopy(kept[::-1])
        small.ranks = {name: rank for name, rank in self.ranks.items() if name in self.outputs}
        small.constants = {name: value for name, value in self.constants.items() if name in wanted}
        small.inputs = {name: value for name, value in small.inputs.items() if name in wanted}
        return small

    def operators(self) -> list[str]:
        return [node.op for node in self.nodes]

    def to_json(self) -> str:
        plain = asdict(self)
        plain["constants"] = {
            name: {"dtype": value.dtype.name, "shape": list(value.shape), "values": value.reshape(-1).tolist()}
            for name, value in self.constants.items()
        }
        return json.dumps(plain, indent=1)

    @staticmethod
    def from_json(text: str) -> Case:
        plain = json.loads(text)
        plain["inputs"] = {k: Input(**{**v, "shape": tuple(v["shape"])}) for k, v in plain["inputs"].items()}
        plain["nodes"] = [Call(**node) for node in plain["nodes"]]
        plain["constants"] = {
            k: np.array(v["values"], dtype=v["dtype"]).reshape(v["shape"]) for k, v in plain["constants"].items()
        }
        plain.pop("verdict", None)
        return Case(**plain)

    @staticmethod
    def load(path: Path) -> Case:
        return Case.from_json(path.read_text())

    def to_python(self) -> str:
        """The model as a few lines of Python, for people."""
        lines = []
        for node in self.nodes:
            attrs = "".join(f", {k}={v!r}" for k, v in node.attrs.items())
            lines.append(f"helper.make_node({node.op!r}, {node.inputs}, {node.outputs}{attrs})")
        for name, value in self.constants.items():
            lines.append(f"{name} = np.array({value.tolist()}, dtype=np.{value.dtype.name})")
        lines += [f"# input {name}: {spec}" for name, spec in self.inputs.items()]
        lines.append(
            f"# outputs {list(self.outputs)}, opset {self.opset}, batch {self.batch}, {self.samples} samples, "
            f"seed {self.seed}, limb {self.limb}"
        )
        return "\n".join(lines)
