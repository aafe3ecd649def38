"""Builds a canonical graph while the nodes of an ONNX graph are translated one after the other."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tacit.errors import ModelError
from tacit.exact import inexact
from tacit.graph import Array, Node, Shape
from tacit.graph.registry import CANONICAL, Operator, unsupported

# A tensor of 2^31 entries or more is refused before anything of its size is allocated (a program's limit is 2^30).
MAX_ENTRIES = 2**31
# Constants are computed while importing only up to this many entries.
MAX_FOLDED = 2**28


def check_extents(shape: Sequence[int], place: str) -> Shape:
    """The shape as a tuple of Python integers; refuses zero-size tensors and tensors of 2^31 entries or more."""
    extents = tuple(int(extent) for extent in shape)
    if any(extent < 1 for extent in extents):
        raise ModelError(
            f"a tensor of shape {list(extents)} has no entries",
            slug="zero_size",
            place=place,
            hint="every extent must be at least 1",
        )
    if math.prod(extents) >= MAX_ENTRIES:
        raise ModelError(
            f"a tensor of shape {list(extents)} has {math.prod(extents)} entries, 2^31 or more",
            slug="too_large",
            place=place,
            hint="use a smaller batch or split the model",
        )
    return extents


@dataclass(frozen=True)
class Call:
    """One ONNX node to translate. ``version`` is the opset of its domain; an omitted optional input is ``""``."""

    name: str
    op: str
    domain: str
    version: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any]

    @property
    def place(self) -> str:
        return f"node {self.name} ({self.op})"

    def has(self, index: int) -> bool:
        """Whether the optional input ``index`` is given."""
        return index < len(self.inputs) and self.inputs[index] != ""

    def wants(self, index: int) -> bool:
        """Whether the optional output ``index`` is asked for."""
        return index < len(self.outputs) and self.outputs[index] != ""

    def error(self, why: str, hint: str = "") -> ModelError:
        return unsupported(self.op, self.place, why, hint)


class Builder:
    """The graph under construction.

    An ONNX tensor is either known (``values``: a NumPy array of its own type) or a canonical tensor (``aliases``).
    ``integral`` has the ONNX tensors of integer type, ``unit_sum`` the canonical tensors whose last axis sums to 1,
    ``unsized`` the ONNX constants that are not computed, because their size cannot be told before.
    """

    def __init__(self, unsized: Collection[str] = ()) -> None:
        self.unsized = frozenset(unsized)
        self.nodes: list[Node] = []
        self.constants: dict[str, Array] = {}
        self.shapes: dict[str, Shape] = {}
        self.kinds: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.notes: list[str] = []
        self.values: dict[str, Array] = {}
        self.aliases: dict[str, str] = {}
        self.integral: set[str] = set()
        self.unit_sum: set[str] = set()
        self._names: set[str] = set()
        self._counts: dict[str, int] = {}  # where to go on looking for a free number
        self._bound: set[str] = set()  # canonical tensors that carry an ONNX name
        self._call: Call | None = None
        self._first = 0  # index of the current call's first node

    # Reading: what an importer rule asks of the ONNX side.

    def tensor(self, name: str) -> str:
        """The canonical tensor of an ONNX tensor; a known value becomes a float64 constant."""
        if name in self.aliases:
            return self.aliases[name]
        if name not in self.values:
            raise ModelError(f"tensor {name} is not defined", slug="missing_input", place=self._place())
        kind = {"b": "bool", "i": "int", "u": "int"}.get(self.values[name].dtype.kind, "float")
        self.aliases[name] = self.constant(self.values[name], name=name, kind=kind)
        return self.aliases[name]

    def value(self, call: Call, index: int, what: str) -> Array:
        """The known value of an input that must be constant; ``what`` names it in the error."""
        name = call.inputs[index]
        if name not in self.values:
            raise call.error(f"{what} must be a constant", "export the model with fixed parameters")
        return self.values[name]

    def integers(self, call: Call, index: int, what: str) -> tuple[int, ...]:
        """As :meth:`value`, flattened to Python integers."""
        return tuple(int(entry) for entry in np.asarray(self.value(call, index, what)).reshape(-1))

    def scalar(self, call: Call, index: int, what: str) -> float:
        """As :meth:`value`, a single number (infinities allowed)."""
        array = np.asarray(self.value(call, index, what))
        if array.size != 1 or np.isnan(array).any():
            raise call.error(f"{what} must be one number")
        return float(array.reshape(-1)[0])

    def is_constant(self, tensor: str) -> bool:
        return tensor in self.constants

    # Writing: what an importer rule emits.

    def constant(self, array: Any, *, name: str | None = None, kind: str = "float") -> str:
        """Add a float64 constant and return its tensor name; refuses NaN, infinities and empty arrays."""
        values = np.asarray(array)
        place = self._place() or f"tensor {name}"
        if values.dtype.kind not in "fiub":
            raise ModelError(
                f"constant {name} has type {values.dtype}, not a number", slug="constant_type", place=place
            )
        check_extents(values.shape, place)
        wrong = inexact(values)
        if wrong is not None:
            raise ModelError(
                f"constant {name} has the whole number {wrong}, expected a magnitude of at most 2^53",
                slug="inexact",
                place=place,
            )
        result = np.array(values, dtype=np.float64)  # a copy: never a view of the model's bytes
        if not np.isfinite(result).all():
            raise ModelError(
                f"weight {name or 'constant'} has a NaN or an infinite entry",
                slug="not_finite",
                place=place,
                hint="retrain or repair the weights; a proof is about finite numbers",
            )
        tensor = self.fresh(name or self._stem("constant"))
        result.setflags(write=False)
        self.constants[tensor] = result
        self.shapes[tensor] = result.shape
        self.kinds[tensor] = kind
        return tensor

    def emit(self, op: str, inputs: Sequence[str], **attrs: Any) -> str:
        """Append a canonical node and return its output; a node of constants alone is computed at once."""
        operator = CANONICAL[op]
        shape = self._infer(operator, [self.shapes[name] for name in inputs], attrs)
        if all(name in self.constants for name in inputs):
            return self._fold(operator, inputs, shape, attrs)
        tensor = self.fresh(self._stem(op))
        node = self.fresh(self._stem(op), node=True)
        self.nodes.append(Node(node, op, tuple(inputs), (tensor,), dict(attrs)))
        self.shapes[tensor] = shape
        self.kinds[tensor] = operator.kind([self.kinds[name] for name in inputs])
        self.sources[node] = self._call.name if self._call else ""
        return tensor

    def fresh(self, stem: str, *, node: bool = False) -> str:
        """A name that is not in use: ``stem``, or ``stem`` with a number. Nodes and tensors have separate names."""
        prefix = "node:" if node else "tensor:"
        name, count = stem, self._counts.get(prefix + stem, 1)
        while prefix + name in self._names:
            count += 1
            name = f"{stem}.{count}"
        self._counts[prefix + stem] = count
        self._names.add(prefix + name)
        return name

    def reserve(self, names: Sequence[str]) -> None:
        """Keep the given tensor names from being used for anything else (the ONNX tensors own theirs)."""
        self._names.update("tensor:" + name for name in names)

    def begin(self, call: Call) -> None:
        """Start translating ``call``: names and error places refer to it."""
        self._call, self._first = call, len(self.nodes)

    def bind(self, name: str, tensor: str) -> None:
        """Say that the ONNX tensor ``name`` is ``tensor``; a tensor of the current call takes the ONNX name."""
        if tensor in self.constants:
            self.values[name] = self.constants[tensor]
        for index in range(self._first, len(self.nodes)):
            node = self.nodes[index]
            if tensor in node.outputs and tensor not in self._bound:
                self._rename(tensor, name)
                tensor = name
                break
        self._bound.add(tensor)
        self.aliases[name] = tensor

    def rename_everywhere(self, old: str, new: str) -> None:
        """Give a computed tensor another name, in all nodes."""
        self._first = 0
        self._rename(old, new)
        self.aliases = {name: new if tensor == old else tensor for name, tensor in self.aliases.items()}

    def _rename(self, old: str, new: str) -> None:
        def swap(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(new if name == old else name for name in names)

        if old == new:
            return
        for index in range(self._first, len(self.nodes)):
            node = self.nodes[index]
            self.nodes[index] = Node(node.name, node.op, swap(node.inputs), swap(node.outputs), node.attrs)
        self.shapes[new] = self.shapes.pop(old)
        self.kinds[new] = self.kinds.pop(old)
        if old in self.unit_sum:
            self.unit_sum.add(new)

    def _infer(self, operator: Operator, shapes: Sequence[Shape], attrs: Mapping[str, Any]) -> Shape:
        try:
            shape = operator.shape(attrs, shapes)
        except ValueError as error:
            raise ModelError(
                f"{error} (input shapes {[list(shape) for shape in shapes]})",
                slug="shape",
                place=self._place(),
                hint="the model's shapes do not fit together; check the export",
            ) from error
        return check_extents(shape, self._place())

    def _fold(self, operator: Operator, inputs: Sequence[str], shape: Shape, attrs: Mapping[str, Any]) -> str:
        if math.prod(shape) > MAX_FOLDED:
            raise ModelError(
                f"a constant of shape {list(shape)} would be computed", slug="too_large", place=self._place()
            )
        with np.errstate(all="ignore"):  # NaN and infinities are refused by constant()
            value = operator.evaluate(attrs, [self.constants[name] for name in inputs])
        return self.constant(value, kind=operator.kind([self.kinds[name] for name in inputs]))

    def _stem(self, word: str) -> str:
        return f"{self._call.name}/{word}" if self._call else word

    def _place(self) -> str:
        return self._call.place if self._call else ""
