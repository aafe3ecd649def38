"""What a search for a second witness found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy.typing as npt

#: unique: one answer, whatever the prover does. second: two witnesses with the same givens and different outputs. none: no
#: witness at all. undecided: the time was up. out of reach: too large, or numbers that the solver has no room for.
Answer: TypeAlias = Literal["unique", "second", "none", "undecided", "out of reach"]


@dataclass(frozen=True)
class Second:
    """Two witnesses of the same givens, and the first entry of an output in which they differ.

    `witnesses`: every tensor of both by name, as int64 arrays of the tensors' shapes: each satisfies all relations.
    """

    output: str
    index: tuple[int, ...]
    values: tuple[int, int]
    witnesses: tuple[Mapping[str, npt.NDArray[Any]], Mapping[str, npt.NDArray[Any]]] = field(repr=False)


@dataclass(frozen=True)
class Verdict:
    """Whether a program's outputs are determined by its givens.

    `givens` and `outputs`: names of tensors: what was held the same in both witnesses, and what was to differ. `reason`: a
    sentence. `witness`: the one that was found where the answer is "unique", by name; `second`: where it is "second".
    """

    answer: Answer
    reason: str
    givens: tuple[str, ...]
    outputs: tuple[str, ...]
    second: Second | None = None
    witness: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict, repr=False)

    @property
    def unique(self) -> bool:
        """Whether exactly one output was shown to be possible for all the givens."""
        return self.answer == "unique"
