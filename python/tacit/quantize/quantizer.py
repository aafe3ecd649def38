"""From a float graph to an integer graph: every numerical decision is made here.

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
from math import ceil, floor, isfinite, log, log2
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import CompilerBug, InputError, QuantizationError
from tacit.graph import Graph, Node
from tacit.integer.graph import MOST_SHIFT, InputSpec, IntGraph, Operator, OutputSpec, Parameter, Threshold
from tacit.integer.lookups import signed
from tacit.integer.operators.layout import Added, Expand, Permute
from tacit.integer.operators.rounding import Round
from tacit.integer.scale import EPSILON, Value
from tacit.quantize.calibration import Calibration
from tacit.quantize.grids import on_grid

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


#: Bits of a weight, where more do not pay.
WEIGHT_BITS = 16


@dataclass(frozen=True)
class Options:
    """Precision. Bits count the sign; None: the compiler searches, see `tacit.compiler.search`.

    `weight_bits`: None: WEIGHT_BITS, more where nothing else helps. `input_bits`: None: as activations.
    `headroom`: room beyond the calibrated magnitudes, as a factor.
    `table_bits`: rows of a function's table, as a power of two; `interpolate`: linear between them.
    `align`: a limb width that shifts are made multiples of (0: never) while `least_weight_bits` remain.
    `spare`: bits that a weight's interval has beyond its integers; there are as many bits of a weight fewer.
    """

    activation_bits: int | None = None
    least_weight_bits: int | None = None
    table_bits: int | None = None
    interpolate: bool | None = None
    weight_bits: int | None = None
    input_bits: int | None = None
    output_bits: int = 16
    headroom: float = 1.5
    align: int = 0
    spare: int = 0


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


#: Operators whose result has the scale of their input.
KEEP_SCALE = ("Relu", "LeakyRelu", "Clip", "MaxPool", "Reshape", "Transpose", "Slice", "Pad", "Cast")

#: Bits that weights may have beyond theirs where they multiply next to nothing.
SPARED = 16
#: Bits that a rounding may lose to values that do not get through, before it takes more.
NARROWING = 3

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
class Quantizer:
    """The integer graph under construction.

    `skipped`: nodes that were fused with an earlier one; `absorbed`: tensors between them, which no value stands for.
    `plan`: the integer graph of a network of the same architecture, whose parameters' scales and intervals are taken over;
    `excess`: by what factor weights are then too large, by constant.
    """

    graph: Graph
    calibration: Calibration
    options: Options
    ints: IntGraph
    values: dict[str, QValue] = field(default_factory=dict)
    users: dict[str, list[Node]] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    skipped: set[str] = field(default_factory=set)
    absorbed: set[str] = field(default_factory=set)
    #: By tensor, found once: the frac that users ask for, and whether one tells columns apart (`columns`).
    asked: dict[str, int] = field(default_factory=dict)
    apart: dict[str, bool] = field(default_factory=dict)
    _free: dict[str, bool] = field(default_factory=dict)
    plan: IntGraph | None = None
    excess: dict[str, float] = field(default_factory=dict)

    # scales

    @property
    def bits(self) -> int:
        """Bits of an activation."""
        return self.options.activation_bits or 16

    @property
    def weight_bits(self) -> int:
        """Bits of a weight."""
        return self.options.weight_bits or WEIGHT_BITS - self.options.spare

    def target(self, tensor: str, bits: int | None = None) -> int:
        """The frac at which headroom times the tensor's calibrated magnitude fits in `bits`."""
        bits = self.bits if bits is None else bits
        room = self.calibration.room(tensor, self.options.headroom)
        return floor(log2(((1 << (bits - 1)) - 1) / room))

    def scale(self, tensor: str) -> float:
        """As `target`; the finest real one where only weights see the tensor.

        The integer of a Clip's bound is public, and tells the scale: that one then depends on the bound, but for whole bits.
        """
        if not self.free(tensor):
            return self.target(tensor)
        top = (1 << (self.bits - 1)) - 1
        finest = log2(top / self.calibration.room(tensor, self.options.headroom))
        bound = self.clipped(tensor)
        return on_grid(finest, log2(top / bound)) if bound else finest

    def free(self, tensor: str) -> bool:
        """Whether every use leads, through operators that keep the scale, to a product with weights."""
        if tensor not in self._free:
            users = self.users.get(tensor, [])
            self._free[tensor] = bool(users) and tensor not in self.outputs and all(map(self._keeps, users))
        return self._free[tensor]

    def clipped(self, tensor: str) -> float:
        """The largest bound of the first Clip that reads the tensor, through operators that keep the scale; 0 without one."""
        for node in self.users.get(tensor, []) if self.free(tensor) else []:
            bounds = [abs(float(node.attrs[key])) for key in ("min", "max")] if node.op == "Clip" else []
            found = max((b for b in bounds if isfinite(b)), default=0.0)
            if node.op in KEEP_SCALE or node.op == "Add":
                found = found or self.clipped(node.outputs[0])
            if found:
                return found
        return 0.0

    def _keeps(self, node: Node) -> bool:
        constant = any(name in self.graph.constants for name in node.inputs)
        if node.op in ("MatMul", "Conv") and constant:
            return True
        return (node.op in KEEP_SCALE or (node.op == "Add" and constant)) and self.free(node.outputs[0])

    def shift(self, frac: float, tensor: str) -> int:
        """The rounding shift that brings a value of this frac to the tensor's scale."""
        return max(0, ceil(frac - self.scale(tensor) - EPSILON))

    def narrowing(self, frac: float, tensor: str, out: str, reach: float | None = None) -> tuple[int, int]:
        """Shift and bits of a rounding of the tensor, at `frac` so far, whose result `out` is what counts.

        As for the tensor itself; but where the result is smaller by more than NARROWING bits (a ReLU of mostly negative
        numbers, a clip of large ones), at the result's scale, with as many more bits. `reach`: what the result cannot pass.
        """
        shift = self.shift(frac, tensor)
        finest = self.scale(out) if reach is None else log2(((1 << (self.bits - 1)) - 1) / reach)
        gain = floor(finest - self.scale(tensor) + EPSILON)
        more = min(shift, gain) if gain > NARROWING else 0
        return shift - more, self.bits + more

    def bound(self, tensor: str, frac: float) -> float:
        """The magnitude of the tensor's integers at this frac, headroom included."""
        return float(self.calibration.room(tensor, self.options.headroom) * 2.0**frac)

    # emission

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


def quantize(
    graph: Graph,
    calibration: Calibration,
    options: Options,
    threshold: Threshold | None = None,
    plan: IntGraph | None = None,
    excess: dict[str, float] | None = None,
) -> IntGraph:
    """The integer graph. With a threshold its only output is the answer. Raises QuantizationError naming the node.

    With a `plan`, what its weights do not fit is noted in `excess` (see `Quantizer`).
    """
    import tacit.quantize.rules  # noqa: F401  (registers the rules)

    compared = compared_tensor(graph, threshold) if threshold is not None else None
    outputs = graph.outputs if compared is None else (compared[0],)
    q = Quantizer(graph, calibration, options, IntGraph(graph.name), outputs=outputs, plan=plan)
    q.excess = q.excess if excess is None else excess
    nodes = needed(graph, outputs)
    for node in nodes:
        for tensor in dict.fromkeys(node.inputs):
            q.users.setdefault(tensor, []).append(node)
    for tensor in graph.inputs:
        _input(q, tensor)
    for node in nodes:
        if node.name in q.skipped:
            continue
        if node.op not in RULES:
            place = graph.sources.get(node.name, node.name)
            raise QuantizationError(f"the operator {node.op} has no rule", place=place, slug="unsupported_operator")
        q.values[node.outputs[0]] = RULES[node.op](q, node)
    q.ints.tensors = {t: (v.value.name, v.perm) for t, v in q.values.items() if t not in q.absorbed}
    if threshold is not None and compared is not None:
        from tacit.quantize.rules.selection import publish_threshold

        publish_threshold(q, threshold, *compared)
    else:
        for tensor in graph.outputs:
            _output(q, tensor)
    q.ints.check()
    return q.ints


def _input(q: Quantizer, tensor: str) -> None:
    """At the scale of its finest column where some user can tell columns apart, else at that of the whole."""
    from tacit.quantize.columns import input_scale

    frac, bits = input_scale(q, tensor)
    lo, hi = signed(bits)
    if tensor in q.calibration.declared:  # from its least value on, in a width that is a power of two
        least, greatest = (floor(end * 2.0**frac + 0.5) for end in q.calibration.ranges[tensor])
        lo, hi = least, least + (1 << (greatest - least).bit_length()) - 1
    q.values[tensor] = q.new(q.ints.input(tensor, InputSpec(q.graph.shapes[tensor], lo, hi, frac)), False, tensor)


def needed(graph: Graph, outputs: Sequence[str]) -> list[Node]:
    """The nodes that these tensors depend on."""
    wanted, nodes = set(outputs), list[Node]()
    for node in reversed(graph.nodes):
        if wanted & set(node.outputs):
            wanted |= set(node.inputs)
            nodes.append(node)
    return nodes[::-1]


def compared_tensor(graph: Graph, threshold: Threshold) -> tuple[str, float]:
    """The tensor to compare and the bound for it: a sigmoid's input instead of the sigmoid, which is increasing."""
    if threshold.output not in graph.outputs:
        raise InputError("no such output", place=threshold.output, hint=f"outputs: {', '.join(graph.outputs)}")
    shape = graph.shapes[threshold.output]
    if len(threshold.index) != len(shape) - 1 or any(
        not 0 <= i < n for i, n in zip(threshold.index, shape[1:], strict=True)
    ):
        raise InputError(f"index {list(threshold.index)} of an output of shape {list(shape)}", place=threshold.output)
    node = next((n for n in graph.nodes if threshold.output in n.outputs), None)
    if node is not None and node.op == "Sigmoid" and 0 < threshold.value < 1:
        return node.inputs[0], log(threshold.value / (1 - threshold.value))
    return threshold.output, threshold.value


def _output(q: Quantizer, tensor: str) -> None:
    """An output is rounded on its way out: its integers are public, so no limbs are needed."""
    if tensor in q.graph.constants:
        raise QuantizationError("a constant output", place=tensor)
    v = q.value(tensor)
    if not v.in_order:
        v = q.settled(tensor)
    frac = round(v.frac)
    if frac != v.frac:
        raise QuantizationError(
            f"expected a scale that is a power of two, got 2^{v.frac}", place=tensor, hint="report it with the model"
        )
    shift = max(0, frac - q.target(tensor, q.options.output_bits))
    if shift > MOST_SHIFT:
        raise QuantizationError(
            "expected a magnitude that 64 bits hold beside what it is made of, got one far below", place=tensor
        )
    lo, hi = signed(q.options.output_bits)
    q.ints.outputs[tensor] = OutputSpec(v.value.name, lo, hi, frac - shift, shift)
