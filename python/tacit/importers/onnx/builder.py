"""Builds a canonical graph while the nodes of an ONNX graph are translated one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from tacit.errors import ModelError
from tacit.graph.builder import GraphBuilder
from tacit.graph.nodes import Array, Node
from tacit.graph.provenance import Given
from tacit.importers.onnx.calls import Call


def _real(values: Array) -> bool:
    return values.dtype.kind == "f"


def _reals(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], float)


class Builder(GraphBuilder):
    """The graph under construction, and what is known of the ONNX side.

    An ONNX tensor is either known (``values``: a NumPy array of its own type) or a canonical tensor (``aliases``).
    ``origins``: the weight of the file that a known tensor is, in any order; ``parts``: those that its numbers depend on. Where
    nothing is ``tracked`` there are none of either. ``stays``: names of weights that training leaves as they are; of these
    nothing is said to depend. ``read``: weights of one number that became attributes. ``weights``: values by name. ``numbers``:
    single numbers of Constant nodes that are not said to stay.
    ``integral`` has the ONNX tensors of integer type, ``unit_sum`` the canonical tensors whose last axis sums to 1,
    ``unsized`` the ONNX constants that are not computed, because their size cannot be told before.
    """

    def __init__(self, unsized: Collection[str] = (), stays: Callable[[str], bool] | None = None) -> None:
        super().__init__()
        self.tracked, self.stays = stays is not None, stays or (lambda name: True)
        self.unsized = frozenset(unsized)
        self.values: dict[str, Array] = {}
        self.aliases: dict[str, str] = {}
        self.origins: dict[str, Given] = {}
        self.parts: dict[str, frozenset[str]] = {}
        self.weights: dict[str, Array] = {}
        self.read: set[str] = set()
        self.numbers: set[str] = set()
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
        self.aliases[name] = self.constant(
            self.values[name],
            name=name,
            kind=kind,
            given=self.origins.get(name),
            made_of=self.parts.get(name, frozenset()),
        )
        return self.aliases[name]

    def weigh(self, name: str, values: Array) -> None:
        """Say that a known tensor is a weight of the model. One whole number is none: an index, or an extent."""
        if not self.tracked:
            return
        self.weights[name], self.origins[name] = values, Given.whole(name, values.shape)
        if values.dtype.kind == "f" or values.size > 1:
            self.parts[name] = self.moving(name)

    def single(self, name: str, values: Array) -> None:
        """Say that a known tensor is one number of a Constant node: the architecture's, or a weight that is not trained."""
        self.weights[name], self.origins[name] = values, Given.whole(name, values.shape)
        if not self.stays(name):
            self.numbers.add(name)

    def moving(self, name: str) -> frozenset[str]:
        """The weight of this name as what numbers depend on."""
        return frozenset() if self.stays(name) else frozenset({name})

    def stored(self, name: str, values: Array) -> str:
        """A constant that an attribute stores as a weight."""
        if not self.tracked:
            return self.constant(values, name=name)
        self.weights[name] = values
        return self.constant(values, name=name, given=Given.whole(name, values.shape), made_of=self.moving(name))

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
        if call.inputs[index] in self.origins:
            self.read.add(self.origins[call.inputs[index]].of)
        elif self.parts.get(call.inputs[index]):
            raise call.error(f"{what} is computed of weights", "store it as a number")
        return float(array.reshape(-1)[0])

    def begin(self, call: Call) -> None:
        """Start translating ``call``: names and error places refer to it."""
        self.place, self.owner, self._first = call.place, call.name, len(self.nodes)
        if self.tracked:
            own = (self.moving(f"{call.name}/{name}") for name, value in call.attrs.items() if _reals(value))
            # Whole numbers beside real ones say where these go, and how many there are.
            at_hand = (self.parts[name] for name in call.inputs if name in self.parts and _real(self.values[name]))
            self.touched = frozenset[str]().union(*at_hand, *(own if call.domain else ()))

    def bind(self, name: str, tensor: str) -> None:
        """Say that the ONNX tensor ``name`` is ``tensor``; a tensor of the current call takes the ONNX name."""
        if tensor in self.constants:
            self.values[name], self.parts[name] = self.constants[tensor], self.made_of[tensor]
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
