"""Builds a canonical graph node by node: names, shapes, kinds; a node of constants alone is computed at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tacit.errors import ModelError
from tacit.exact import inexact
from tacit.graph.nodes import Array, Node, Shape
from tacit.graph.provenance import Given
from tacit.graph.registry import CANONICAL, Operator

# A tensor of 2^31 entries or more is refused before anything of its size is allocated (a program's limit is 2^30).
MAX_ENTRIES = 2**31
# Constants are computed while importing only up to this many entries.
MAX_COMPUTED = 2**28


def check_extents(shape: Sequence[int], place: str) -> Shape:
    """The shape as a tuple of Python integers; refuses zero-size tensors and tensors of 2^31 entries or more."""
    extents = tuple(int(extent) for extent in shape)
    if any(extent < 1 for extent in extents):
        raise ModelError(
            f"a tensor of shape {list(extents)} has no entries",
            slug="zero_size",
            place=place,
            remedy="every extent must be at least 1",
        )
    if math.prod(extents) >= MAX_ENTRIES:
        raise ModelError(
            f"a tensor of shape {list(extents)} has {math.prod(extents)} entries, 2^31 or more",
            slug="too_large",
            place=place,
            remedy="use a smaller batch or split the model",
        )
    return extents


class GraphBuilder:
    """The graph under construction.

    ``given``: constants that are the model's own numbers, all of one of its weights, in another order perhaps or negated.
    ``made_of``: of every constant the weights that its numbers depend on. A constant that says nothing of itself depends on
    all that is at hand: ``touched``. ``shown``: constants of one number that are a weight's own, or one over it.
    ``place`` is where errors say that they happened, ``owner`` the name of what nodes and constants are made for.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, Array] = {}
        self.given: dict[str, Given] = {}
        self.made_of: dict[str, frozenset[str]] = {}
        self.touched: frozenset[str] = frozenset()
        self.shown: dict[str, str] = {}
        self.shapes: dict[str, Shape] = {}
        self.kinds: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.notes: list[str] = []
        self.place = ""
        self.owner = ""
        self._names: set[str] = set()
        self._counts: dict[str, int] = {}  # where to go on looking for a free number

    def is_constant(self, tensor: str) -> bool:
        return tensor in self.constants

    def constant(
        self,
        array: Any,
        *,
        name: str | None = None,
        kind: str = "float",
        given: Given | None = None,
        made_of: frozenset[str] | None = None,
    ) -> str:
        """Add a float64 constant and return its tensor name; refuses NaN, infinities and empty arrays.

        ``given``: the model's weight whose numbers these are; ``made_of``: the weights that they depend on.
        """
        values = np.asarray(array)
        place = self.place or f"tensor {name}"
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
                remedy="retrain or repair the weights; a proof is about finite numbers",
            )
        tensor = self.fresh(name or self._stem("constant"))
        result.setflags(write=False)
        self.constants[tensor] = result
        self.made_of[tensor] = self.touched if made_of is None else made_of
        if given is not None:
            self.given[tensor] = given
        self.shapes[tensor] = result.shape
        self.kinds[tensor] = kind
        return tensor

    def emit(self, op: str, inputs: Sequence[str], **attrs: Any) -> str:
        """Append a canonical node and return its output; a node of constants alone is computed at once."""
        operator = CANONICAL[op]
        shape = self._infer(operator, [self.shapes[name] for name in inputs], attrs)
        if all(name in self.constants for name in inputs):
            return self._computed(operator, inputs, shape, attrs)
        tensor = self.fresh(self._stem(op))
        node = self.fresh(self._stem(op), node=True)
        self.nodes.append(Node(node, op, tuple(inputs), (tensor,), dict(attrs)))
        self.shapes[tensor] = shape
        self.kinds[tensor] = operator.kind([self.kinds[name] for name in inputs])
        self.sources[node] = self.owner
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

    def _infer(self, operator: Operator, shapes: Sequence[Shape], attrs: Mapping[str, Any]) -> Shape:
        try:
            shape = operator.shape(attrs, shapes)
        except ValueError as error:
            raise ModelError(
                f"{error} (input shapes {[list(shape) for shape in shapes]})",
                slug="shape",
                place=self.place,
                remedy="the model's shapes do not fit together; check the export",
            ) from error
        return check_extents(shape, self.place)

    def _computed(self, operator: Operator, inputs: Sequence[str], shape: Shape, attrs: Mapping[str, Any]) -> str:
        if math.prod(shape) > MAX_COMPUTED:
            raise ModelError(f"a constant of shape {list(shape)} would be computed", slug="too_large", place=self.place)
        with np.errstate(all="ignore"):  # NaN and infinities are refused by constant()
            value = operator.evaluate(attrs, [self.constants[name] for name in inputs])
        kind = operator.kind([self.kinds[name] for name in inputs])
        made_of = frozenset[str]().union(*(self.made_of[name] for name in inputs))
        given = self.given.get(inputs[0]) if operator.moves and len(inputs) == 1 else None
        # The same numbers in another order, if all of them are there: nothing was computed.
        moved = None if given is None else given.moved(operator.evaluate(attrs, [given.places.astype(np.float64)]))
        return self.constant(value, kind=kind, given=moved, made_of=made_of)

    def _stem(self, word: str) -> str:
        return f"{self.owner}/{word}" if self.owner else word
