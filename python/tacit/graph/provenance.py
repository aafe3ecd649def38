"""Where the numbers of constants come from: which weights of the model, in which order. What training rests on.

A graph is trained in the place of a model only if each weight of the model is one constant of the graph, by itself. Every
constant says what it is made of, however it came about; nothing that is made of a weight is taken for a plain number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tacit.graph.nodes import Graph

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Given:
    """A constant that has all numbers of one weight of the model, each once: sign times the weight's own.

    `places`: of every entry its place in the weight, counted row by row; `shape`: the weight's.
    """

    of: str
    shape: tuple[int, ...]
    places: Array
    sign: int = 1

    @classmethod
    def whole(cls, of: str, shape: tuple[int, ...]) -> Given:
        """The weight as it is."""
        return cls(of, shape, np.arange(prod(shape), dtype=np.int64).reshape(shape))

    def moved(self, places: Array) -> Given | None:
        """Its entries in another order; None where they are not all there."""
        whole = places.size == self.places.size
        return replace(self, places=np.asarray(places).astype(np.int64)) if whole else None

    def negated(self) -> Given:
        return replace(self, sign=-self.sign)

    def holds(self, values: Array, weight: Array) -> bool:
        """Whether these are the numbers of this weight, in this order."""
        return np.array_equal(values, self.sign * np.asarray(weight, np.float64).reshape(-1)[self.places])

    @property
    def name(self) -> str:
        """After the weight, and after what was done to it: the sign, then the order."""
        same = np.arange(self.places.size, dtype=np.int64).reshape(self.shape)
        words = ["negated"] if self.sign < 0 else []
        if not np.array_equal(self.places, same):
            words.append("transposed" if np.array_equal(self.places, same.T) else "reordered")
        return "/".join([self.of, *words])


@dataclass(frozen=True, eq=False)
class Provenance:
    """What a graph to be trained says of its constants, and the model's own graph of its weights.

    `needed`: by output, the weights that it depends on in the model as it is, which no importer and no rewriting had a part in;
    `stays`: those of them that training leaves as they are, so that anything may be made of them.
    `given`, `made_of`, `shown`: of constants the weight that each is, the weights that its numbers depend on, and the weight
    of one number whose own number, or one over it, a factor is. `read`: weights of one number that became attributes.
    `numbers`: of those that single numbers of Constant nodes are, and that nothing says to stay: factors are the architecture's.
    `declared`: the model itself says which of its weights move: then all others do.
    `labels`: names or numbers of classes, as often as the model has them; `words`: what are classes if they are as many.
    `again`: the graph of the same model with other values of some of its weights.
    """

    needed: Mapping[str, frozenset[str]]
    stays: frozenset[str]
    given: Mapping[str, Given]
    made_of: Mapping[str, frozenset[str]]
    shown: Mapping[str, str]
    read: frozenset[str]
    numbers: frozenset[str]
    declared: bool
    labels: tuple[tuple[str | float, ...], ...]
    words: tuple[tuple[str | float, ...], ...]
    again: Callable[[Mapping[str, Array]], Graph]
