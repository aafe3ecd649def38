"""What an integer operator is, and the graph of them that the quantiser makes.

An operator is one small unit: `shape` and `frac` (of its result), `meaning` (its meaning, in plain NumPy, independent of
any program) and `lower` (its relations). The tests run `meaning` against the execution of what `lower` emits, and `frac`
against the operator's meaning on real numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from tacit.errors import CompilerBug, QuantizationError, WitnessError
from tacit.integer.reach import Interval, Overflow, Reach, hull
from tacit.integer.scale import EPSILON, Value, agreed, snapped
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy

#: Bits that a value is shifted by, at most.
MOST_SHIFT = 62


#: All of them, by the names that an architecture calls them.
OPERATORS: dict[str, type[Operator]] = {}


class Operator(ABC):
    """An integer function of tensors, with one result."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Registers it."""
        super().__init_subclass__(**options)
        OPERATORS[cls.__name__] = cls

    @abstractmethod
    def fits(self, *shapes: Shape) -> bool:
        """Whether its sentence says what it computes: with its attributes, for operands of these shapes and no others."""

    @abstractmethod
    def shape(self, *shapes: Shape) -> Shape:
        """The shape of the result, of operands that fit."""

    def frac(self, *fracs: float) -> float:
        """The scale of the result, from its operands'. Raises CompilerBug where they are not those it was made for.

        Here: that of the operands, which agree, as for everything that only moves, selects or sums them.
        """
        return agreed(*fracs)

    @abstractmethod
    def meaning(self, *args: Array) -> Array:
        """The result, exactly (int64). Raises WitnessError where the operator is not defined."""

    def reach(self, *args: Reach) -> Interval:
        """What the result can be, wherever it is defined, from what the operands can be.

        Here: what the operands can be, as for everything that only moves or selects them.
        """
        return hull(args)

    @property
    def moves(self) -> bool:
        """Whether it only moves entries: of a parameter it then makes another one."""
        return False

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        """Operators, one after the other, that do the same and are defined for all that the operands can be.

        Here: itself, which is defined everywhere.
        """
        return (self,)

    @abstractmethod
    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        """Relations that force the result to be `meaning`, for every witness that satisfies them."""


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

    def __str__(self) -> str:
        """What is published, in words: y[3] >= 0.5."""
        short = f"{self.value:g}"
        value = short if float(short) == self.value else repr(self.value)
        return f"{self.output}[{', '.join(map(str, self.index))}] >= {value}"

    def entry(self, exact: Array) -> Array:
        """The entry that is compared, one a batch entry."""
        for i in self.index:
            exact = exact[:, i]
        return exact

    def of(self, exact: Array) -> Array:
        """The float network's answer, one a batch entry."""
        return np.asarray(self.entry(exact) >= self.value, dtype=np.float64)


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

    `values`: every value by name. `tensors`: for a float tensor the name of its value and its axis order (its axis i is axis
    order[i] of the value). `rough`: the largest error of a table anywhere in it, relative to its results, which
    samples may not show.
    """

    name: str
    inputs: dict[str, InputSpec] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    outputs: dict[str, OutputSpec] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    tensors: dict[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    rough: float = 0.0

    def input(self, name: str, spec: InputSpec) -> Value:
        """Declare an input."""
        self.inputs[name] = spec
        self.values[name] = Value(name, spec.shape, spec.frac)
        return self.values[name]

    def parameter(self, name: str, parameter: Parameter) -> Value:
        """Add a parameter; its name is the given one, made unique."""
        name = self._unique(name)
        self.parameters[name] = parameter
        self.values[name] = Value(name, tuple(int(n) for n in parameter.real.shape), parameter.frac)
        return self.values[name]

    def emit(self, op: Operator, args: Sequence[Value], name: str) -> Value:
        """Add a step; its name is the given one, made unique, its shape and scale are what the operator says.

        Raises CompilerBug for an operand that is not as this graph made it.
        """
        for arg in args:
            if self.values.get(arg.name) != arg:
                raise CompilerBug(
                    f"{name} ({type(op).__name__}): {arg} is not what the graph made: {self.values.get(arg.name)}"
                )
        _check_size(name, op)
        if not op.fits(*(arg.shape for arg in args)):
            shapes = ", ".join(str(list(arg.shape)) for arg in args)
            raise CompilerBug(
                f"{name} ({type(op).__name__}): its attributes mean nothing for operands of shapes {shapes}"
            )
        name = self._unique(name)
        self.steps.append(Step(name, op, tuple(arg.name for arg in args)))
        self.values[name] = self._follows(self.steps[-1])
        return self.values[name]

    def _unique(self, name: str) -> str:
        base, count = name, 0
        while name in self.values:
            count += 1
            name = f"{base}~{count}"
        return name

    def _follows(self, step: Step) -> Value:
        """What a step's result is, from its operands."""
        args = [self.values[name] for name in step.inputs]
        try:
            return Value(
                step.output, step.op.shape(*(a.shape for a in args)), snapped(step.op.frac(*(a.frac for a in args)))
            )
        except CompilerBug as error:
            raise CompilerBug(f"{step.output} ({type(step.op).__name__}): {error}") from None

    def check(self) -> None:
        """Every value's scale follows from the inputs and parameters by the operators alone. Raises CompilerBug naming it."""
        for name, spec in (self.inputs | self.parameters).items():
            if abs(self.values[name].frac - spec.frac) > EPSILON:
                raise CompilerBug(f"{name}: recorded at scale 2^-{self.values[name].frac:g}, made at 2^-{spec.frac:g}")
        for step in self.steps:
            recorded, found = self.values[step.output], self._follows(step)
            if recorded.shape != found.shape or abs(recorded.frac - found.frac) > EPSILON:
                raise CompilerBug(
                    f"{step.output} ({type(step.op).__name__}): recorded as {recorded}, follows as {found}"
                )
        for name, output in self.outputs.items():
            if abs(self.values[output.value].frac - output.shift - output.frac) > EPSILON:
                raise CompilerBug(
                    f"output {name}: at scale 2^-{output.frac}, its value {output.value} less {output.shift} bits is at "
                    f"2^-{self.values[output.value].frac - output.shift:g}"
                )

    def needed(self) -> set[str]:
        """The values that an output depends on, inputs among them: what is not needed is in no program."""
        found = {output.value for output in self.outputs.values()}
        for step in reversed(self.steps):
            if step.output in found:
                found.update(step.inputs)
        return found

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every value, by the operators' meanings. Raises WitnessError naming the value that leaves its range."""
        values: dict[str, Array] = {name: parameter.values for name, parameter in self.parameters.items()}
        values |= {name: np.asarray(inputs[name], dtype=np.int64) for name in self.inputs}
        for step in self.steps:
            try:
                values[step.output] = step.op.meaning(*(values[name] for name in step.inputs))
            except WitnessError as error:
                raise WitnessError(error.reason, place=step.output, remedy=error.remedy) from None
        return values

    def real(self, tensor: str, values: Mapping[str, Array]) -> Array:
        """The real values of a float tensor, in its own order of axes, of what `run` gives."""
        name, order = self.tensors[tensor]
        return np.asarray(np.transpose(values[name], order) * 2.0 ** -self.values[name].frac)

    def results(self, values: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs' integers. Raises WitnessError when one leaves its interval."""
        out = {}
        for name, spec in self.outputs.items():
            rounded = shifted(values[spec.value], spec.shift)
            try:
                out[name] = in_range(rounded, spec.lo, spec.hi)
            except WitnessError as error:
                raise WitnessError(error.reason, place=name, remedy=error.remedy) from None
        return out


def _check_size(name: str, op: Operator) -> None:
    """Shifts and integers of an operator fit 64 bits: magnitudes that are further apart have no program."""
    for field_ in fields(op):  # type: ignore[arg-type]  # every operator is a dataclass
        value = getattr(op, field_.name)
        numbers = value if field_.name == "shifts" else (value,)
        most = MOST_SHIFT if field_.name in ("shift", "shifts") else 1 << MOST_SHIFT
        if any(isinstance(n, int) and abs(n) > most for n in numbers):
            raise QuantizationError(
                "expected magnitudes that 64 bits hold together, got a constant or a value far beyond the others",
                place=name,
                remedy="bound the constants: in a mask before a softmax -100 does what -1e38 does",
            )


def rounds(shapes: Sequence[Shape], shift: int, bits: int) -> bool:
    """Whether there is one operand, and it is rounded by so many bits to so many signed ones."""
    return len(shapes) == 1 and 0 <= shift <= MOST_SHIFT and 1 <= bits <= MOST_SHIFT


def in_range(values: Array, lo: int, hi: int) -> Array:
    """The values, all in [lo, hi]; else a WitnessError with the worst of them."""
    low, high = int(values.min()), int(values.max())
    if low < lo or high > hi:
        worst = low if lo - low > high - hi else high
        raise WitnessError(
            f"the value {worst} is out of the calibrated range [{lo}, {hi}]",
            remedy="calibrate with inputs like this one, or raise headroom",
        )
    return values


def shifted(values: Array, shift: int) -> Array:
    """round(values / 2^shift), halves up."""
    return (values + (1 << shift >> 1)) >> shift
