"""Values of an integer graph under construction: what rules for float operators are made with.

A value is integer * 2^-frac, one frac a value: an integer where scales must agree (inputs, outputs, sums of tensors,
tables), any real number where only weights see it, which then absorb the rest. The integer graph records it, and nothing
else does (`tacit.integer.scale`). Weights take `weight_bits`, activations
`activation_bits`; an activation's frac leaves room for `headroom` times the largest magnitude seen in calibration. Between
roundings everything is exact: products and sums carry the sum of their scales, and a `Round` (alone, or fused with the
operator after it) brings them back. A *raw* value has not been rounded since the last contraction; a *wide* one has more bits
than an activation (an input whose columns differ by magnitudes, a sum), and is rounded where it is used.

The rules for float operators are in `tacit.quantize.rules`; the integer operators in the other modules there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor, log2
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import CompilerBug, QuantizationError
from tacit.graph import Node
from tacit.integer.graph import IntGraph, Operator, Parameter
from tacit.integer.lookups import signed
from tacit.integer.operators.arithmetic import Added
from tacit.integer.operators.layout import Expand, Permute
from tacit.integer.operators.rounding import Round
from tacit.integer.scale import Value
from tacit.quantize.scales import NARROWING, Scales

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class QValue:
    """A graph tensor as an integer value, and whether that is raw.

    Logical axis i is axis perm[i] of the integer value. `bound`: of its integers' magnitude, headroom included.
    """

    value: Value
    raw: bool
    perm: tuple[int, ...]
    bound: float

    @property
    def frac(self) -> float:
        """Its scale: the value's, which is the only record of it."""
        return self.value.frac

    @property
    def in_order(self) -> bool:
        """Whether the integer value's axes are the tensor's."""
        return self.perm == tuple(range(len(self.perm)))


#: Bits that weights may have beyond theirs where they multiply next to nothing.
SPARED = 16

#: Bits of a parameter's magnitude, at most.
MOST_PARAMETER = 54

#: A value that has more bits than this is rounded before it is laid out anew.
WIDEST = 2.0**44

Rule = Callable[["Quantizer", Node], QValue]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Registers how a float operator becomes integer ones."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return register


@dataclass
class Quantizer(Scales):
    """The integer graph under construction.

    `skipped`: nodes that were fused with an earlier one; `absorbed`: tensors between them, which no value stands for.
    `plan`: the integer graph of a network of the same architecture, whose parameters' scales and intervals are taken over;
    `excess`: by what factor weights are then too large, by constant.
    """

    ints: IntGraph
    values: dict[str, QValue] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    absorbed: set[str] = field(default_factory=set)
    #: By tensor, found once: the frac that users ask for, and whether one tells columns apart (`columns`).
    asked: dict[str, int] = field(default_factory=dict)
    apart: dict[str, bool] = field(default_factory=dict)
    plan: IntGraph | None = None
    excess: dict[str, float] = field(default_factory=dict)

    def emit(self, op: Operator, args: Sequence[Value], name: str) -> Value:
        """Adds a step; the value's name in the integer graph is the given one, made unique."""
        return self.ints.emit(op, args, name)

    def parameter(self, name: str, values: Array, frac: float, least_bits: int = 0) -> Value:
        """Integers of the model at this scale, in an interval of whole bytes."""
        values = np.asarray(values, dtype=np.float64)
        if not np.all(np.isfinite(values)):
            raise QuantizationError("a weight that is not finite", place=name)
        if self.plan is not None:
            return self._planned(name, values, self.plan)
        high, low = (int(np.floor(x * 2.0**frac + 0.5)) for x in (values.max(initial=0), values.min(initial=0)))
        widest = max(high, -low - 1)
        if widest >= 1 << MOST_PARAMETER:
            raise QuantizationError("a weight too large for its scale", place=name)
        least = widest.bit_length() + 1
        bits = 8 * -(-max(least_bits, least, min(least + self.options.spare, MOST_PARAMETER)) // 8)
        return self.ints.parameter(name, Parameter(values, *signed(bits), frac))

    def _planned(self, name: str, values: Array, plan: IntGraph) -> Value:
        """As the plan's parameter of this place; what is too large for it is cut off there, and noted as excess."""
        places = list(plan.parameters)
        at = len(self.ints.parameters)
        if at >= len(places) or places[at].split("~")[0] != name.split("~")[0]:
            raise CompilerBug(f"{name}: the plan has {places[at] if at < len(places) else 'no parameter'} here")
        like = plan.parameters[places[at]]
        top = like.hi * 2.0**-like.frac
        beyond = float(np.abs(values).max(initial=0)) / top
        if beyond > 1:
            self.excess[name] = max(beyond, self.excess.get(name, 1.0))
        return self.ints.parameter(name, Parameter(np.clip(values, -top, top), like.lo, like.hi, like.frac))

    def offset_bits(self, tensor: str, frac: float) -> int:
        """Bits of what is added to make the tensor: with `spare`, all that its range has room for."""
        return min(MOST_PARAMETER, ceil(log2(self.bound(tensor, frac) + 1)) + 1) if self.options.spare else 0

    def weight(self, name: str, values: Array, x: QValue, tensor: str, seen: Array | None = None) -> Value:
        """A weight that multiplies x; the product is rounded at `tensor`'s scale.

        Its frac is the finest that `weight_bits` allow and that makes the shift of the rounding whole; with `align` a
        multiple of it, as long as `least_weight_bits` remain. `seen`: the same entries, less by what they multiply, where
        that is little: an entry that multiplies zeros asks for no bits, up to SPARED of them.
        """
        target = self.scale(tensor)
        largest = float(np.abs(values).max(initial=0)) or 1.0
        if seen is not None and (counts := float(np.abs(seen).max(initial=0))) < largest * 2.0**-NARROWING:
            largest = max(counts, largest * 2.0**-SPARED)
        finest = log2(((1 << (self.weight_bits - 1)) - 1) / largest)
        room = x.frac + finest - target
        shift = self.aligned(floor(room), room)
        return self.parameter(name, values, target + shift - x.frac, max(2, self.weight_bits - floor(room - shift)))

    def aligned(self, shift: int, room: float) -> int:
        """The shift, or a multiple of `align` below it, as long as `least_weight_bits` remain of the `room` for it."""
        o = self.options
        if (
            o.align
            and shift >= o.align
            and self.weight_bits - (room - shift + shift % o.align) >= (o.least_weight_bits or 9)
        ):
            shift -= shift % o.align
        return shift

    # values of graph tensors

    def value(self, tensor: str) -> QValue:
        if tensor not in self.values:
            raise QuantizationError("a constant where a computed tensor is expected", place=tensor)
        return self.values[tensor]

    def new(self, value: Value, raw: bool, tensor: str, perm: tuple[int, ...] | None = None) -> QValue:
        """The QValue of an emitted value that stands for this graph tensor."""
        identity = tuple(range(len(value.shape)))
        return QValue(value, raw, identity if perm is None else perm, self.bound(tensor, value.frac))

    def settled(self, tensor: str, *, narrow: bool = False) -> QValue:
        """The tensor rounded, in its own axis order: fit for operands. Shared by all users.

        A sum of rounded tensors may have a few bits more than an activation, unless `narrow` is asked for.
        """
        return self._laid(tensor, 2.0 ** (self.bits - 1) if narrow else 2.0 ** (self.bits + 3))

    def laid(self, tensor: str) -> QValue:
        """The tensor in its own axis order and not raw, but perhaps wide: fit for views, which its users round."""
        return self._laid(tensor, WIDEST)

    def _laid(self, tensor: str, limit: float) -> QValue:
        v = self.value(tensor)
        if v.raw or v.bound > limit:
            v = self.rounded(v, tensor)
        if not v.in_order:
            v = replace(v, value=self.emit(Permute(v.perm), [v.value], tensor), perm=tuple(range(len(v.perm))))
        self.values[tensor] = v
        return v

    def rounded(self, v: QValue, tensor: str) -> QValue:
        """v at the tensor's target scale."""
        if v.frac == 0 and v.bound < 2.0**self.bits:  # whole numbers: nothing is cut off, but their range becomes known
            bits = ceil(log2(v.bound + 1)) + 2
            return replace(v, value=self.emit(Round(0, bits), [v.value], f"{tensor}.round"), raw=False)
        value = self.emit(Round(self.shift(v.frac, tensor), self.bits), [v.value], f"{tensor}.round")
        return replace(v, value=value, raw=False, bound=self.bound(tensor, value.frac))

    def finer(self, value: Value, frac: float, name: str) -> Value:
        """The same real value at a finer scale."""
        power = round(frac - value.frac)
        return value if not power else self.emit(Added((1,), (power,)), [value], name)

    def fine(self, v: QValue, out: str) -> QValue:
        """v at a scale that is fine enough for `out`, which a constant goes into: whole numbers, say, less a half."""
        power = floor(self.target(out) - v.frac)
        return v if power < 2 else replace(v, value=self.finer(v.value, v.frac + power, f"{out}.scale"))

    def expanded(self, value: Value, shape: Shape) -> Value:
        """The integer value broadcast."""
        return value if value.shape == shape else self.emit(Expand(shape), [value], f"{value.name}.expand")

    def sole_user(self, tensor: str, *ops: str) -> Node | None:
        """The only node that reads the tensor, when it is one of these operators and the tensor is no output."""
        users = self.users.get(tensor, [])
        if tensor in self.outputs or len(users) != 1 or users[0].op not in ops:
            return None
        return users[0]

    def rounding_tensor(self, tensor: str) -> str:
        """The tensor at which a raw value of this one will be rounded: behind additions of constants."""
        while user := self.sole_user(tensor, "Add"):
            if user.inputs[1] not in self.graph.constants:
                break
            tensor = user.outputs[0]
        return tensor
