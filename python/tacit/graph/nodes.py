"""The canonical float graph: what the importers produce and the quantiser reads.

A graph is a list of nodes in topological order over named tensors with static shapes. It knows few operators, each in
one normal form: no optional inputs, axes counted from the front, paddings explicit, weights as float64 constants. The
operators and their attributes are documented in :mod:`tacit.importers.onnx.ops`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

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


def load(model: Any, *, batch: int = 1, example: Any = None, simplified: bool = True, blind: bool = False) -> Graph:
    """Import a model: a path or bytes of ONNX, an ``onnx.ModelProto``, a scikit-learn estimator, a ``torch.nn.Module``.

    ``batch`` fixes free batch dimensions. ``example`` is an example input, needed by ``torch.nn.Module`` only: a tensor, an
    array, a tuple of them, or those by name. ``simplified``: constants folded and nodes rewritten by a library beforehand.
    ``blind``: no library, and no rewriting that looks at weights: the nodes depend on the architecture alone.
    Raises :class:`tacit.errors.ModelError`.
    """
    from tacit.importers import load_model

    return load_model(model, batch=batch, example=example, simplified=simplified, blind=blind)


def evaluate(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Evaluate every tensor of ``graph`` that is not a constant, in float64, sample by sample.

    An input of graph shape ``(b, d...)`` is given as one sample of that shape, as samples ``(n, b, d...)``, or,
    when b = 1, as ``(n, d...)``. Every result has the sample axis in front: ``(n, *graph.shapes[tensor])``.
    Raises :class:`tacit.errors.InputError`.
    """
    from tacit.graph.evaluation import evaluate_all

    return evaluate_all(graph, inputs)


def evaluate_samples(graph: Graph, inputs: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """As :func:`evaluate`, one sample at a time, arrays of shape ``graph.shapes[tensor]``: memory stays that of one."""
    from tacit.graph.evaluation import iterate_samples

    return iterate_samples(graph, inputs)


def original_outputs(model: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs of the original model by onnxruntime, float truth for reports; inputs and results as in :func:`evaluate`.

    ``model`` is a :class:`Graph` (then its origin is run) or anything that :func:`load` accepts.
    """
    from tacit.importers.original import run_original

    return run_original(model, inputs)
