"""Builds a canonical graph while the nodes of an ONNX graph are translated one after the other."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from tacit.errors import ModelError
from tacit.graph.builder import GraphBuilder
from tacit.graph.nodes import Array, Node
from tacit.importers.onnx.calls import Call


class Builder(GraphBuilder):
    """The graph under construction, and what is known of the ONNX side.

    An ONNX tensor is either known (``values``: a NumPy array of its own type) or a canonical tensor (``aliases``).
    ``origins``: the weight of the file whose numbers a known tensor is made of, in any order.
    ``integral`` has the ONNX tensors of integer type, ``unit_sum`` the canonical tensors whose last axis sums to 1,
    ``unsized`` the ONNX constants that are not computed, because their size cannot be told before.
    """

    def __init__(self, unsized: Collection[str] = ()) -> None:
        super().__init__()
        self.unsized = frozenset(unsized)
        self.values: dict[str, Array] = {}
        self.aliases: dict[str, str] = {}
        self.origins: dict[str, str] = {}
        self.integral: set[str] = set()
        self.unit_sum: set[str] = set()
        self._bound: set[str] = set()  # canonical tensors that carry an ONNX name
        self._first = 0  # index of the current call's first node

    # Reading: what an importer rule asks of the ONNX side.

    def tensor(self, name: str) -> str:
        """The canonical tensor of an ONNX tensor; a known value becomes a float64 constant."""
        if name in self.aliases:
            return self.aliases[name]
        if name not in self.values:
            raise ModelError(f"tensor {name} is not defined", slug="missing_input", place=self.place)
        kind = {"b": "bool", "i": "int", "u": "int"}.get(self.values[name].dtype.kind, "float")
        self.aliases[name] = self.constant(self.values[name], name=name, kind=kind, of=self.origins.get(name))
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

    def begin(self, call: Call) -> None:
        """Start translating ``call``: names and error places refer to it."""
        self.place, self.owner, self._first = call.place, call.name, len(self.nodes)

    def bind(self, name: str, tensor: str) -> None:
        """Say that the ONNX tensor ``name`` is ``tensor``; a tensor of the current call takes the ONNX name."""
        if tensor in self.constants:
            self.values[name] = self.constants[tensor]
            if tensor in self.given:
                self.origins[name] = self.given[tensor]
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
