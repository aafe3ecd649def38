"""What an integer operator is, and the graph of them that the quantiser makes.

An operator is one small unit: `shape` (of its result), `reference` (its meaning, in plain NumPy, independent of any
program) and `lower` (its relations). The tests run `reference` against the execution of what `lower` emits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tacit.errors import WitnessError
from tacit.lowering.affine import Shape
from tacit.lowering.builder import Array, Builder, Lazy


class Operator(ABC):
    """An integer function of tensors, with one result."""

    @abstractmethod
    def shape(self, *shapes: Shape) -> Shape:
        """The shape of the result."""

    @abstractmethod
    def reference(self, *args: Array) -> Array:
        """The result, exactly (int64). Raises WitnessError where the operator is not defined."""

    @abstractmethod
    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        """Relations that force the result to be `reference`, for every witness that satisfies them."""


@dataclass(frozen=True)
class Step:
    """result `output` = op(inputs), names of values."""

    output: str
    op: Operator
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Parameter:
    """Integers of the model: round(real * 2^frac), in [lo, hi], an interval whose width is a power of two."""

    real: Array
    lo: int
    hi: int
    frac: float

    @cached_property
    def values(self) -> Array:
        """The integers, made when they are first asked for."""
        return in_range(np.floor(self.real * 2.0**self.frac + 0.5).astype(np.int64), self.lo, self.hi)


@dataclass(frozen=True)
class InputSpec:
    """An input of the integer graph: shape, interval of the integers, scale."""

    shape: Shape
    lo: int
    hi: int
    frac: int


@dataclass(frozen=True)
class Threshold:
    """Publish of an output only whether its entry `index` (axes after the first, the batch) is at least `value`."""

    output: str
    index: tuple[int, ...]
    value: float

    def of(self, exact: Array) -> Array:
        """The float network's answer, one a batch entry."""
        for i in self.index:
            exact = exact[:, i]
        return np.asarray(exact >= self.value, dtype=np.float64)


@dataclass(frozen=True)
class OutputSpec:
    """An output: round(value / 2^shift) in [lo, hi] at this frac; the answer to a threshold, if there is one."""

    value: str
    lo: int
    hi: int
    frac: int
    shift: int = 0
    threshold: Threshold | None = None

    def expected(self, exact: Array) -> Array:
        """What the float network's output means for this one."""
        return exact if self.threshold is None else self.threshold.of(exact)


@dataclass
class IntGraph:
    """An integer network: inputs, parameters, steps in order, outputs.

    `fracs`, `shapes`: of every value. `tensors`: for a float tensor its value, scale, and axis order (its axis i is axis
    order[i] of the value).
    """

    name: str
    inputs: dict[str, InputSpec] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    outputs: dict[str, OutputSpec] = field(default_factory=dict)
    fracs: dict[str, float] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    tensors: dict[str, tuple[str, float, tuple[int, ...]]] = field(default_factory=dict)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every value, by the operators' references. Raises WitnessError naming the value that leaves its range."""
        values: dict[str, Array] = {name: parameter.values for name, parameter in self.parameters.items()}
        values |= {name: np.asarray(inputs[name], dtype=np.int64) for name in self.inputs}
        for step in self.steps:
            try:
                values[step.output] = step.op.reference(*(values[name] for name in step.inputs))
            except WitnessError as error:
                raise WitnessError(error.reason, place=step.output, hint=error.hint) from None
        return values

    def results(self, values: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs' integers. Raises WitnessError when one leaves its interval."""
        out = {}
        for name, spec in self.outputs.items():
            rounded = shifted(values[spec.value], spec.shift)
            try:
                out[name] = in_range(rounded, spec.lo, spec.hi)
            except WitnessError as error:
                raise WitnessError(error.reason, place=name, hint=error.hint) from None
        return out


def in_range(values: Array, lo: int, hi: int) -> Array:
    """The values, all in [lo, hi]; else a WitnessError with the worst of them."""
    low, high = int(values.min()), int(values.max())
    if low < lo or high > hi:
        worst = low if lo - low > high - hi else high
        raise WitnessError(
            f"the value {worst} is out of the calibrated range [{lo}, {hi}]",
            hint="calibrate with inputs like this one, or raise headroom",
        )
    return values


def shifted(values: Array, shift: int) -> Array:
    """round(values / 2^shift), halves up."""
    return (values + (1 << shift >> 1)) >> shift
