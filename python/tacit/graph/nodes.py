"""The canonical float graph: what the importers produce and the quantiser reads.

A graph is a list of nodes in topological order over named tensors with static shapes. It knows few operators, each in
one normal form: no optional inputs, axes counted from the front, paddings explicit, weights as float64 constants. The
operators and their attributes are documented in :mod:`tacit.graph.operators`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from tacit.graph.provenance import Provenance
from tacit.graph.registry import CANONICAL, Operator

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One application of a canonical operator.

    ``name`` is unique in its graph. ``inputs`` name graph inputs, constants or outputs of earlier nodes, none optional.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any]

    @property
    def operator(self) -> Operator:
        """What is known of the operator."""
        return CANONICAL[self.op]

    @property
    def added(self) -> tuple[str, ...]:
        """The inputs whose constants are added to the result, or become part of it."""
        first = self.operator.added
        return () if first is None else self.inputs[first:]


@dataclass(frozen=True)
class Origin:
    """The model a graph was imported from, to run it as it was given: serialised ONNX, or the path of a file.

    ``batch`` fixes free batch dimensions; ``outputs`` are the names of the outputs that the graph kept.
    """

    content: bytes | None
    path: str | None
    batch: int
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A float network in canonical form.

    ``nodes`` are in topological order. ``constants`` are float64 arrays (shapes and other integers are in attributes).
    ``shapes`` has every tensor (inputs, constants, node outputs), all extents at least 1.
    ``sources`` maps a node's name to the name of the ONNX node(s) it came from, for messages.
    ``kinds`` maps a tensor to ``"float"``, ``"int"`` or ``"bool"`` (0 or 1); evaluation is in float64 for all of them.
    ``notes`` are remarks for the user, such as an output that was dropped.
    ``provenance``: what its constants are made of, where it was imported to be trained; None: each is a weight.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    shapes: Mapping[str, Shape]
    sources: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    origin: Origin | None = field(default=None, repr=False, compare=False)
    provenance: Provenance | None = field(default=None, repr=False, compare=False)
