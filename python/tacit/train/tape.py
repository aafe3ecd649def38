"""The integer graph of a training step while it is made: values forward, error signals backward, one scale each.

Every value has the leading axes (t, b), step and record; weights have t alone. Scales (fractional bits): fx of the inputs,
fa of activations, fd of error signals. A weight's gradient is a sum of products a * d, so at frac(a) + fd, and the weight itself
is kept at that and k more, so that

    W[t+1] = W[t] - c G[t]

is exact: c * 2^-k is the rate over the batch, and nothing of a weight is ever rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tacit.errors import CompilerBug, QuantizationError
from tacit.graph.nodes import Node
from tacit.integer.graph import InputSpec, IntGraph, Operator
from tacit.integer.operators.arithmetic import Added, Offset, Times
from tacit.integer.operators.layout import Expand, Reshape
from tacit.integer.operators.linear import Contract
from tacit.integer.operators.reduction import Total
from tacit.integer.operators.rounding import Commit, Round
from tacit.integer.operators.tables import RoundTable
from tacit.program.room import Room
from tacit.train.pieces import Box, Held, Signal, boxed, boxes_of, each, joined

if TYPE_CHECKING:
    from tacit.train.network import Network

Shape = tuple[int, ...]
#: First words of names that steps have for themselves: inputs, and what a step takes off a weight.
RESERVED = ("x", "y", "before", "speed", "part")


def before_of(name: str) -> str:
    """A step's input that holds a weight before the step."""
    return f"before {name}"


def speed_of(name: str) -> str:
    """A step's input that holds a weight's momentum before the step."""
    return f"speed before {name}"


#: Operators whose results hold sums of products that nobody committed; those that only pass such on.
MAKES_RAW, PASSES = (Contract,), (Added, Times, Offset)


@dataclass(frozen=True)
class Scales:
    """Fractional bits and bits of a step's values. `weights`: signed bits of a weight; 0: chosen from the scale."""

    inputs: int = 8
    activations: int = 8
    activation_bits: int = 13
    errors: int = 11
    error_bits: int = 14
    weights: int = 0

    @property
    def logit_bits(self) -> int:
        """Scores before a softmax may be larger than activations."""
        return self.activation_bits + 2


#: Takes the error signal of a node's result, hands on those of its operands and parameters.
Backward = Callable[[Held], None]
Rule = Callable[["Tape", Node], Backward]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Registers how a float operator is trained through: it makes the result and returns the way back."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return register


@dataclass
class Tape:
    """One step's integer graph under construction, for `steps` steps at once of `batch` records.

    `power`: k. `boxing`: whether values are made in boxes (`pieces`), as programs have them. `values`: what a float tensor is;
    `errors`: the error signals that have come back to it so far; `gradients`:
    those of parameters, raw. `bounds`: intervals of inputs, by their names. `room`: what may be made of a description that
    somebody else wrote. `fracs`: the scale of every parameter, fixed where it is used first.
    """

    network: Network
    scales: Scales
    steps: int
    batch: int
    power: int
    boxing: bool = False
    bounds: dict[str, tuple[int, int]] = field(default_factory=dict)
    room: Room | None = None
    ints: IntGraph = field(default_factory=lambda: IntGraph("step"))
    values: dict[str, Held] = field(default_factory=dict)
    errors: dict[str, list[Held]] = field(default_factory=dict)
    gradients: dict[str, Signal] = field(default_factory=dict)
    fracs: dict[str, int] = field(default_factory=dict)

    @property
    def lead(self) -> Shape:
        """(t, b)."""
        return self.steps, self.batch

    # --- values

    def emit(self, op: Operator, args: Sequence[Signal], name: str) -> Signal:
        """One more step of the graph. Inputs are addressed by name, so no tensor of the network is called like one."""
        if name.split(" ")[0] in RESERVED:
            name = f"value {name}"
        if self.room is not None:
            self.room.take(terms=1, numbers=len(op.outs) // 2 if isinstance(op, RoundTable) else 0)
        value = self.ints.emit(op, [arg.value for arg in args], name)
        raw = isinstance(op, MAKES_RAW) or (isinstance(op, PASSES) and any(arg.raw for arg in args))
        return Signal(value, raw)

    def entrywise(self, op: Operator, args: Sequence[Held], name: str) -> Held:
        """The same entry by entry, in boxes where an operand is."""
        return each(self, lambda own, label: self.emit(op, own, label), args, name)

    def boxes(self, shape: Shape) -> tuple[Box, ...]:
        """Those of a value; its steps and records stay together."""
        return boxes_of(shape, len(self.lead)) if self.boxing else (tuple((0, n) for n in shape),)

    def shape(self, tensor: str) -> Shape:
        """Of a tensor's value: its shape in the graph, of one record, behind (t, b)."""
        return (*self.lead, *self.network.graph.shapes[tensor][1:])

    def labels(self, targets: int, interval: tuple[int, int], frac: int) -> Signal:
        """The input y, (t, b, targets)."""
        return Signal(self.ints.input("y", InputSpec((*self.lead, targets), *interval, frac)))

    def settled(self, tensor: str) -> Signal:
        """The value of a tensor as an operand: rounded to an activation if it is raw."""
        found = self.values[tensor]
        if found.raw:
            found = self.rounded(found, self.scales.activations, self.scales.activation_bits, f"{tensor}.rounded")
        whole = self.values[tensor] = joined(self, found, tensor)
        return whole

    def rounded(self, x: Held, frac: int, bits: int, name: str) -> Held:
        """round(x) at `frac` fractional bits, signed in `bits` bits."""
        x = self.at_least(x, frac, name)
        return self.entrywise(Round(self.shift(x, frac, name), bits), [x], name)

    def at_least(self, x: Held, frac: int, name: str) -> Held:
        """x with this many fractional bits or more."""
        if x.frac >= frac:
            return x
        more = self.whole(frac - x.frac, name)
        return self.entrywise(Times(1 << more, more), [x], f"{name}.wide")

    def shift(self, x: Held, frac: int, name: str) -> int:
        """Bits that a rounding to `frac` cuts off."""
        return self.whole(x.frac - frac, name)

    def whole(self, bits: float, name: str) -> int:
        """Scales differ by whole bits: divisors are powers of two, or were rounded away. Raises QuantizationError."""
        if abs(bits - round(bits)) > 1e-6:
            raise QuantizationError(
                "expected a divisor that is a power of two",
                place=name,
                remedy="use pools and means over 2, 4, 8, .. entries",
            )
        return round(bits)

    def shared(self, summed: Signal, share: Times, name: str) -> Held:
        """A mean of activations, at their scale again: bits that it keeps would be bits of every weight behind it."""
        mean = boxed(self, self.emit(share, [summed], f"{name}.exact"), name)
        return self.rounded(mean, self.scales.activations, self.scales.activation_bits, name)

    def added(self, parts: Sequence[tuple[int, Held]], name: str) -> Held:
        """sum sign * x at the finest of the scales."""
        finest = max(x.frac for _, x in parts)
        shifts = tuple(self.whole(finest - x.frac, name) for _, x in parts)
        signs = tuple(sign for sign, _ in parts)
        if shifts == (0,) and signs == (1,):
            return parts[0][1]
        return self.entrywise(Added(signs, shifts), [x for _, x in parts], name)

    # --- parameters

    def is_parameter(self, tensor: str) -> bool:
        """Whether it is a constant of the network: a weight, or a coefficient."""
        return tensor in self.network.graph.constants

    def parameter(self, name: str, frac: int) -> Signal:
        """The weight before each step, (t, ...), at this scale. Raises QuantizationError for one that is used in two places."""
        if name in self.fracs:
            raise QuantizationError(
                "expected every weight to be used once, got one that is used twice",
                place=name,
                remedy="give each place its own weight",
            )
        self.fracs[name] = frac
        shape = (self.steps, *self.network.graph.shapes[name])
        lo, hi = self.bounds.get(before_of(name), (-1, 0))
        return Signal(self.ints.input(before_of(name), InputSpec(shape, lo, hi, frac)))

    def weight(self, name: str, operand: Signal) -> Signal:
        """A weight whose gradient is a sum of products of the operand and an error signal."""
        return self.parameter(name, self.whole(operand.frac, name) + self.scales.errors + self.power)

    def bias(self, name: str) -> Signal:
        """A weight whose gradient is a sum of error signals."""
        return self.parameter(name, self.scales.errors + self.power)

    def trains(self, name: str) -> bool:
        """Whether the parameter is one that training moves."""
        return self.is_parameter(name) and name not in self.network.frozen

    def spread(self, parameter: Signal, shape: Shape, name: str) -> Signal:
        """A parameter (t, ...) as numpy broadcasts it against a value (t, b, ...)."""
        own = parameter.shape[1:]
        own = (1,) * (len(shape) - 1 - len(own)) + own
        wide = self.emit(Reshape((shape[0], *own)), [parameter], f"{name}.row")
        return self.emit(Expand(shape), [wide], f"{name}.rows")

    def summed_like(self, error: Signal, parameter: str, name: str) -> Signal:
        """The transpose of `spread`: an error signal (t, b, ...) summed over the axes along which a parameter was repeated."""
        own = self.network.graph.shapes[parameter]
        lead = len(error.shape) - 1 - len(own)
        axes = [1 + i for i in range(lead)]
        axes += [1 + lead + i for i, n in enumerate(own) if n == 1 and error.shape[1 + lead + i] != 1]
        if axes:
            error = self.emit(Total(tuple(axes)), [error], f"{name}.sum")
        return self.emit(Reshape((self.steps, *own)), [error], f"{name}.gradient")

    # --- backward

    def error(self, d: Held, name: str) -> Held:
        """The error signal as an operand: rounded to fd unless it is that already."""
        if not d.raw and d.frac == self.scales.errors:
            return d
        return self.rounded(d, self.scales.errors, self.scales.error_bits, f"{name}.error")

    def whole_error(self, d: Held, name: str) -> Signal:
        """The same as one value, which has views."""
        return joined(self, self.error(d, name), f"{name}.error")

    def viewed(self, d: Held, name: str) -> Signal:
        """An error signal that has views: rounded if it is raw."""
        return self.whole_error(d, name) if d.raw else joined(self, d, name)

    def flow(self, tensor: str, d: Held) -> None:
        """An error signal comes back to a tensor; nothing that is trained stands before some, which need none."""
        if self.network.needs(tensor):
            self.errors.setdefault(tensor, []).append(d)

    def arrived(self, tensor: str) -> Held | None:
        """The sum of all error signals of a tensor."""
        found = self.errors.get(tensor)
        return None if not found else self.added([(1, d) for d in found], f"{tensor}.errors")

    def gradient(self, name: str, raw: Signal) -> None:
        """The gradient of a parameter, summed over the batch, as it comes: its scale is the parameter's less k."""
        if name in self.gradients:
            raise CompilerBug(f"{name}: a second gradient")
        if abs(raw.frac + self.power - self.fracs[name]) > 1e-6:
            raise CompilerBug(
                f"{name}: its gradient is at 2^-{raw.frac:g}, it at 2^-{self.fracs[name]} with k {self.power}"
            )
        self.gradients[name] = raw

    def product(self, a: Held, b: Held, name: str) -> Held:
        """a * b entry by entry, raw."""
        labels = LABELS[: len(a.shape)]
        return self.entrywise(Contract(labels, labels, labels), [a, b], name)

    def gated(self, d: Held, gate: Held, name: str) -> Held:
        """d * gate entry by entry, gate of zeros and ones: committed as it is."""
        return self.entrywise(Commit(), [self.product(d, gate, f"{name}.gate")], f"{name}.gated")


#: Labels of contractions.
LABELS = "tbcdefghijklmnopqrsuvwxyz"
