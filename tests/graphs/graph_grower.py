"""Grows random ONNX graphs, node by node: every node is run by onnxruntime on some samples before it is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import onnx
import onnxruntime
from graph_case import TYPES, Array, Call, Case, Input
from onnx import helper, numpy_helper

T = TypeVar("T")

#: Samples that every tensor is known on while the graph grows; entries of a tensor at most; magnitudes that are kept.
PROBES, MOST_ENTRIES, LEAST, MOST = 3, 600, 1e-4, 1e5

EXTENTS = (1, 2, 2, 3, 3, 4, 4, 5, 6, 8)


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """One thread, and silent."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


class Grower:
    """A case under construction. `values`: of every computed tensor on the probes."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng([abs(seed), 99])
        opset = int(self.rng.choice([7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 17, 18, 19, 20, 21, 22]))
        batch = 1 if self.chance(0.85) else self.choose([2, 3, 4])
        self.case = Case(seed, opset, batch, samples=self.choose([4, 8, 16, 32, 64]))
        self.case.limb = self.choose([0, 0, 4, 6, 8, 8, 11, 13, 16])
        self.case.place = "private" if self.chance(0.85) else "public"
        self.values: dict[str, list[Array]] = {}
        self.unit_sum: list[str] = []
        self.tried: dict[str, list[int]] = {}
        self.last = ""

    # chance

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def choose(self, options: Sequence[T]) -> T:
        return options[int(self.rng.integers(len(options)))]

    def whole(self, low: int, high: int) -> int:
        """From low to high inclusive."""
        return int(self.rng.integers(low, high + 1))

    def power(self, least: int = -6, most: int = 6) -> float:
        return float(2.0 ** self.whole(least, most))

    def magnitude(self) -> float:
        return float(self.choose([1.0, 1.0, 1.0, self.power(), float(f"{10 ** self.rng.uniform(-3, 3):.3g}")]))

    def normal(self, *shape: int, scale: float = 1.0) -> Array:
        return np.asarray(self.rng.normal(size=shape) * scale, dtype=np.float32)

    # tensors

    def shape(self, name: str) -> tuple[int, ...]:
        if name in self.case.constants:
            return tuple(self.case.constants[name].shape)
        return tuple(self.values[name][0].shape)

    def dtype(self, name: str) -> np.dtype[Any]:
        return self.case.constants[name].dtype if name in self.case.constants else self.values[name][0].dtype

    def largest(self, name: str) -> float:
        return max(float(np.abs(np.asarray(v, dtype=np.float64)).max()) for v in self.values[name])

    def pick(self, kind: str = "f", where: Callable[[tuple[int, ...]], bool] = lambda shape: True) -> str | None:
        """A tensor of a NumPy kind (of float64 rarely): the newest, mostly."""
        fit = [n for n in self.values if self.dtype(n).kind in kind and where(self.shape(n))]
        fit = [n for n in fit if self.dtype(n) != np.float64 or self.chance(0.5)]
        if not fit:
            return None
        return fit[-1] if self.chance(0.55) else self.choose(fit)

    def any_float(self) -> str:
        """A float tensor; there is an input of floats always."""
        return self.pick() or next(iter(self.case.inputs))

    def partner(self, name: str) -> str | None:
        """A computed tensor of the same type whose shape broadcasts with this one's."""

        def fits(other: str) -> bool:
            try:
                shape = np.broadcast_shapes(self.shape(name), self.shape(other))
            except ValueError:
                return False
            return self.dtype(other) == self.dtype(name) and int(np.prod(shape)) <= MOST_ENTRIES

        fit = [other for other in self.values if fits(other)]
        distinct = [other for other in fit if other != name]
        return self.choose(distinct if distinct and self.chance(0.7) else fit)

    def input(self, shape: tuple[int, ...], dtype: str = "float32") -> str:
        name = f"x{len(self.case.inputs)}"
        magnitude = self.magnitude()
        columns = [magnitude]
        if self.chance(0.15) and shape:
            columns = [magnitude * (1e3 if self.chance(0.3) else 1.0) for _ in range(shape[-1])]
        offset = float(f"{magnitude * self.choose([-2.0, 1.0, 3.0]):.3g}") if self.chance(0.2) else 0.0
        noise = self.choose(["normal", "normal", "uniform", "positive", "sparse"])
        self.case.inputs[name] = Input(shape, dtype, columns, offset, noise)
        self.values[name] = list(self.case.inputs[name].draw(self.rng, PROBES))
        return name

    def constant(self, values: Any, dtype: Any = None) -> str:
        """A constant of the graph, float32 where nothing is said."""
        array = np.array(values, dtype=dtype or (np.float32 if np.asarray(values).dtype.kind == "f" else None))
        name = f"c{len(self.case.constants)}"
        self.case.constants[name] = array
        return name

    def integers(self, values: Sequence[int]) -> str:
        return self.constant(np.array(values, dtype=np.int64))

    def number(self, zero: bool = True) -> float:
        """One number: powers of two often, negative, zero where allowed."""
        kind = self.whole(0, 9)
        if kind <= 4:
            return self.power() * self.choose([1.0, 1.0, 1.0, -1.0])
        if kind == 5 and zero:
            return 0.0
        if kind == 6:
            return float(self.choose([3.0, -1.0, 1.0, 10.0, 1 / 3, 0.1]))
        return float(f"{self.rng.normal() * self.magnitude() or 1.0:.4g}")

    def operand(self, name: str, zero: bool = True) -> str:
        """A constant that broadcasts with the tensor: one number, a row, a channel, all of it, or more axes than it."""
        shape, dtype = self.shape(name), self.dtype(name)
        if dtype.kind in "iu":
            return self.constant(self.rng.integers(-4, 5, self.choose([(), (1,), shape])), dtype)
        kind = self.whole(0, 8)
        if kind <= 3 or not shape:
            rank = self.whole(0, len(shape) + 1) if self.chance(0.4) else 0
            return self.constant(np.full((1,) * rank, self.number(zero)), dtype)
        if kind == 4:
            own: tuple[int, ...] = shape[-1:]
        elif kind == 5:
            axis = self.whole(0, len(shape) - 1)
            own = (shape[axis], *(1,) * (len(shape) - axis - 1))
        elif kind == 6:
            own = tuple(n if self.chance(0.5) else 1 for n in shape)
        elif kind == 7 and int(np.prod(shape)) * 2 <= MOST_ENTRIES and len(shape) < 5:
            own = (self.choose([1, 2]), *shape)
        else:
            own = shape
        values = self.normal(*own, scale=self.magnitude())
        if self.chance(0.2):
            values = np.exp2(self.rng.integers(-4, 5, own))
        if self.chance(0.15):
            values = values * np.where(self.rng.random(own[-1:]) < 0.3, 1e3, 1.0)
        if not zero:
            values = np.where(np.abs(values) < 1e-6, 1.0, values)
        return self.constant(values, dtype)

    # nodes

    def add(self, op: str, inputs: Sequence[str], outputs: int = 1, **attrs: Any) -> str | None:
        """A node, if onnxruntime takes it and its results are worth keeping; the name of the first result."""
        names = [f"t{len(self.case.nodes)}{'abcdefgh'[i] if i else ''}" for i in range(outputs)]
        attrs = {key: value for key, value in attrs.items() if value is not None}
        tried = self.tried.setdefault(op, [0, 0])
        tried[0] += 1
        results = self.run(op, list(inputs), names, attrs)
        if results is None:
            return None
        if not all(self._worth(values) for values in results.values()):
            return None
        tried[1] += 1
        self.case.nodes.append(Call(op, list(inputs), names, attrs))
        self.values |= results
        self.last = names[0]
        return names[0]

    def run(
        self, op: str, inputs: list[str], outputs: list[str], attrs: dict[str, Any]
    ) -> dict[str, list[Array]] | None:
        """Results on every probe; None where onnxruntime refuses the node."""
        given = list(dict.fromkeys(name for name in inputs if name in self.values))
        fixed = dict.fromkeys(name for name in inputs if name in self.case.constants)
        graph = helper.make_graph(
            [helper.make_node(op, inputs, outputs, **attrs)],
            "one",
            [helper.make_tensor_value_info(n, TYPES[self.dtype(n).name], self.shape(n)) for n in given],
            [onnx.ValueInfoProto(name=name) for name in outputs],
            [numpy_helper.from_array(self.case.constants[name], name) for name in fixed],
        )
        opsets = [helper.make_opsetid("", self.case.opset)]
        try:
            model = helper.make_model(graph, opset_imports=opsets, ir_version=8 if self.case.opset < 19 else 10)
            one = session(model)
            rows = [one.run(outputs, {n: self.values[n][i] for n in given}) for i in range(PROBES)]
        except Exception:  # onnxruntime has no common exception type; a node that it refuses is none of ours
            return None
        return {name: [np.asarray(row[i]) for row in rows] for i, name in enumerate(outputs)}

    def _worth(self, values: list[Array]) -> bool:
        """A known type, not too large, finite, and moving with the input (a few that do not are kept)."""
        first = values[0]
        if first.dtype.name not in TYPES or not 1 <= first.size <= MOST_ENTRIES or first.ndim > 6:
            return False
        stacked = np.stack(values).astype(np.float64)
        if not np.isfinite(stacked).all():
            return False
        if first.dtype.kind == "f" and not LEAST <= np.abs(stacked).max() <= MOST:
            return bool(np.abs(stacked).max() == 0) and self.chance(0.1)
        return bool(np.ptp(stacked) > 0) or self.chance(0.15)

    def tamed(self, name: str) -> str:
        """The tensor, brought to a magnitude that saturating functions are used with (mostly)."""
        size = self.largest(name)
        if size <= 12 or self.chance(0.1):
            return name
        factor = float(2.0 ** -np.ceil(np.log2(size / 6)))
        return self.add("Mul", [name, self.constant(np.array(factor), self.dtype(name))]) or name
