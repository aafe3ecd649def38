"""What is trained: a float network's architecture, its weights by name, and which of them move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import ModelError
from tacit.graph.nodes import Graph, Node, Shape
from tacit.train.ends import scores_of
from tacit.train.weights import fixed_numbers, named

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Network:
    """A canonical graph of one record (batch extent 1) whose constants are the weights.

    `scores`: the tensor that the loss reads: logits, or predictions; one softmax or sigmoid behind it is the loss's own.
    `frozen`: constants that training does not move.
    """

    graph: Graph
    scores: str
    frozen: frozenset[str]

    @property
    def input(self) -> str:
        return self.graph.inputs[0]

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """What the scores depend on, in order."""
        needed = {self.scores}
        for node in reversed(self.graph.nodes):
            if node.outputs[0] in needed:
                needed.update(node.inputs)
        return tuple(node for node in self.graph.nodes if node.outputs[0] in needed)

    @cached_property
    def coefficients(self) -> frozenset[str]:
        """Constants of one number that the program shows: factors (`graph.registry.Shown`)."""
        return frozenset(
            name
            for node in self.nodes
            for name in node.inputs
            if node.operator.shown.one_number and name in self.graph.constants and prod(self.graph.shapes[name]) == 1
        )

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The weights that these nodes read, in order of use."""
        used = dict.fromkeys(name for node in self.nodes for name in node.inputs)
        return tuple(name for name in used if name in self.graph.constants and name not in self.coefficients)

    @property
    def weights(self) -> dict[str, Array]:
        """Their values in the model as it was given."""
        return {name: self.graph.constants[name] for name in self.parameters}

    @cached_property
    def _needing(self) -> frozenset[str]:
        found = {name for name in self.parameters if name not in self.frozen}
        for node in self.nodes:
            if any(name in found for name in node.inputs):
                found.update(node.outputs)
        return frozenset(found)

    def needs(self, tensor: str) -> bool:
        """Whether a weight that moves stands before a tensor: then error signals go back to it."""
        return tensor in self._needing

    def shapes(self) -> dict[str, Shape]:
        """Of the parameters."""
        return {name: self.graph.shapes[name] for name in self.parameters}


def network(graph: Graph, *, frozen: Sequence[str] = (), end: str) -> Network:
    """The network of a graph with one input and one output.

    `end`: the operator that the loss does itself (`Loss.end`): where it is the last one, once, it is cut off (`ends`).
    `frozen`: names of weights that stay, here or in the model, with * for any part. Every other one is a weight of the model as
    it was given, by itself: a step down the gradient of a product or a sum of two would be another step (`weights`).
    Raises ModelError (slugs inputs, outputs, frozen, batch, weights).
    """
    if len(graph.inputs) != 1:
        raise ModelError(
            f"expected one input, got {', '.join(graph.inputs)}", slug="inputs", place=graph.name, remedy="join them"
        )
    graph, scores, output = scores_of(graph, end)
    if graph.shapes[graph.inputs[0]][0] != 1 or graph.shapes[scores][0] != 1:
        raise ModelError("expected the first axis of input and output to count records", slug="batch", place=graph.name)
    made = Network(graph, scores, frozenset())
    chosen = fixed_numbers(graph, output, made.nodes)
    names = named(graph)
    for pattern in frozen:
        found = [
            name for name in made.parameters if any(fnmatchcase(own, pattern) for own in (name, names.get(name, name)))
        ]
        if not found and not any(fnmatchcase(name, pattern) for name in names.values()):
            raise ModelError(
                f"no weight is called {pattern}",
                slug="frozen",
                place="frozen",
                remedy=f"weights: {', '.join(made.parameters)}",
            )
        chosen.update(found)
    if len(chosen) == len(made.parameters):
        raise ModelError("expected a weight that training moves, got none", slug="frozen", place="frozen")
    return Network(graph, scores, frozenset(chosen))


def float_weights(network: Network, integers: Mapping[str, Array], fracs: Mapping[str, int]) -> dict[str, Array]:
    """The real weights that integers stand for."""
    return {
        name: np.asarray(integers[name], dtype=np.float64).reshape(network.graph.shapes[name]) * 2.0 ** -fracs[name]
        for name in network.parameters
    }
