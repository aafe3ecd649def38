"""From a float graph to an integer graph: every numerical decision is made here.

A value is integer * 2^-frac, one frac a tensor: an integer where scales must agree (inputs, outputs, sums of tensors,
tables), any real number where only weights see it, which then absorb the rest. Weights take `weight_bits`, activations
`activation_bits`; an activation's frac leaves room for `headroom` times the largest magnitude seen in calibration. Between
roundings everything is exact: products and sums carry the sum of their scales, and a `Round` (alone, or fused with the
operator after it) brings them back. A *raw* value has not been rounded since the last contraction.

The rules for float operators are in `tacit.lowering.rules`; the integer operators in the other modules there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor, log, log2
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.calibration import Calibration
from tacit.errors import InputError, QuantizationError
from tacit.graph import Graph, Node
from tacit.lowering.columns import RoundColumns, column_shifts
from tacit.lowering.core import InputSpec, IntGraph, Operator, OutputSpec, Parameter, Step, Threshold
from tacit.lowering.rounding import Round, signed
from tacit.lowering.signs import Commit
from tacit.lowering.views import Affine, Expand, Permute

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Options:
    """Precision. Bits count the sign; None: the compiler searches, see `tacit.lowering.search`.

    `input_bits`: None: as activations. `headroom`: room beyond the calibrated magnitudes, as a factor.
    `table_bits`: rows of a function's table, as a power of two; `interpolate`: linear between them.
    `align`: a limb width that shifts are made multiples of (0: never) while `least_weight_bits` remain.
    """

    activation_bits: int | None = None
    least_weight_bits: int | None = None
    table_bits: int | None = None
    interpolate: bool | None = None
    weight_bits: int = 16
    input_bits: int | None = None
    output_bits: int = 16
    headroom: float = 1.5
    align: int = 0


def snapped(frac: float) -> float:
    """The scale, whole where only rounding errors of its own arithmetic keep it from being so (x + (24 - x) and the like)."""
    whole = round(frac)
    return whole if abs(frac - whole) < 1e-9 else frac


@dataclass(frozen=True)
class QValue:
    """A graph tensor as an integer value: its name there, scale, and whether it is raw.

    Logical axis i is axis perm[i] of the integer value. `bound`: of its integers' magnitude, headroom included.
    `columns`: a further exponent for every entry of the last axis, which the weights after it absorb:
    real value = integer * 2^(column - frac).
    """

    name: str
    frac: float
    raw: bool
    perm: tuple[int, ...]
    bound: float
    columns: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "frac", snapped(self.frac))

    def absorb(self, values: Array, axis: int = -1) -> Array:
        """Weights that multiply this value along an axis of theirs, columns included."""
        if self.columns is None:
            return values
        factors = 2.0 ** np.array(self.columns)
        return np.asarray(values * np.expand_dims(factors, tuple(range(1, -axis))))


#: Operators whose result has the scale of their input.
KEEP_SCALE = ("Relu", "LeakyRelu", "Clip", "MaxPool", "Reshape", "Transpose", "Slice", "Pad", "Cast")

#: Columns whose magnitudes differ by more than this factor get scales of their own, up to so many columns.
UNEVEN, MOST_COLUMNS = 16.0, 4096

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
    _free: dict[str, bool] = field(default_factory=dict)

    # scales

    @property
    def bits(self) -> int:
        """Bits of an activation."""
        return self.options.activation_bits or 16

    def target(self, tensor: str, bits: int | None = None) -> int:
        """The frac at which headroom times the tensor's calibrated magnitude fits in `bits`."""
        bits = self.bits if bits is None else bits
        room = self.calibration.magnitude(tensor) * self.options.headroom
        return max(-16, min(40, floor(log2(((1 << (bits - 1)) - 1) / room))))

    def scale(self, tensor: str) -> float:
        """As `target`; the finest real one where only weights see the tensor."""
        if not self.free(tensor):
            return self.target(tensor)
        room = self.calibration.magnitude(tensor) * self.options.headroom
        return max(-16.0, min(40.0, log2(((1 << (self.bits - 1)) - 1) / room)))

    def free(self, tensor: str) -> bool:
        """Whether every use leads, through operators that keep the scale, to a product with weights."""
        if tensor not in self._free:
            users = self.users.get(tensor, [])
            self._free[tensor] = bool(users) and tensor not in self.outputs and all(map(self._keeps, users))
        return self._free[tensor]

    def _keeps(self, node: Node) -> bool:
        constant = any(name in self.graph.constants for name in node.inputs)
        if node.op in ("MatMul", "Conv") and constant:
            return True
        return (node.op in KEEP_SCALE or (node.op == "Add" and constant)) and self.free(node.outputs[0])

    def shift(self, v: QValue, tensor: str) -> int:
        """The rounding shift that brings v to the tensor's scale."""
        return max(0, ceil(v.frac - self.scale(tensor) - 1e-6))

    def bound(self, tensor: str, frac: float) -> float:
        """The magnitude of the tensor's integers at this frac, headroom included."""
        return float(self.calibration.magnitude(tensor) * self.options.headroom * 2.0**frac)

    # emission

    def emit(self, op: Operator, args: Sequence[str], frac: float, name: str) -> str:
        """Adds a step; the value's name in the integer graph is the given one, made unique."""
        base, count = name, 0
        while name in self.ints.shapes:
            count += 1
            name = f"{base}~{count}"
        self.ints.steps.append(Step(name, op, tuple(args)))
        self.ints.shapes[name] = op.shape(*(self.ints.shapes[arg] for arg in args))
        self.ints.fracs[name] = snapped(frac)
        return name

    def parameter(self, name: str, values: Array, frac: float, least_bits: int = 0) -> str:
        """Integers of the model at this scale, in an interval of a power-of-two width."""
        values = np.asarray(values, dtype=np.float64)
        if not np.all(np.isfinite(values)):
            raise QuantizationError("a weight that is not finite", place=name)
        high, low = (int(np.floor(x * 2.0**frac + 0.5)) for x in (values.max(initial=0), values.min(initial=0)))
        widest = max(high, -low - 1)
        if widest >= 1 << 46:
            raise QuantizationError("a weight too large for its scale", place=name)
        bits = max(least_bits, 8 * -(-(widest.bit_length() + 1) // 8))
        base, count = name, 0
        while name in self.ints.shapes:
            count += 1
            name = f"{base}~{count}"
        self.ints.parameters[name] = Parameter(values, *signed(bits), frac)
        self.ints.shapes[name] = tuple(int(n) for n in values.shape)
        self.ints.fracs[name] = frac
        return name

    def weight(self, name: str, values: Array, x: QValue, tensor: str) -> str:
        """A weight that multiplies x; the product is rounded at `tensor`'s scale.

        Its frac is the finest that `weight_bits` allow and that makes the shift of the rounding whole; with `align` a
        multiple of it, as long as `least_weight_bits` remain.
        """
        o, target = self.options, self.scale(tensor)
        weight_bits = o.weight_bits if x.columns is None else o.weight_bits + 8
        largest = max(float(np.abs(values).max(initial=0)), 2.0**-30)
        finest = min(log2(((1 << (weight_bits - 1)) - 1) / largest), 46 - x.frac)
        room = x.frac + finest - target
        shift = floor(room)
        if (
            o.align
            and shift >= o.align
            and o.weight_bits - (room - shift + shift % o.align) >= (o.least_weight_bits or 9)
        ):
            shift -= shift % o.align
        bits = max(2, weight_bits - floor(room - shift))
        return self.parameter(name, values, target + shift - x.frac, bits)

    # values of graph tensors

    def value(self, tensor: str) -> QValue:
        if tensor not in self.values:
            raise QuantizationError("a constant where a computed tensor is expected", place=tensor)
        return self.values[tensor]

    def new(self, name: str, frac: float, raw: bool, tensor: str, perm: tuple[int, ...] | None = None) -> QValue:
        """The QValue of an emitted value that stands for this graph tensor."""
        identity = tuple(range(len(self.ints.shapes[name])))
        return QValue(name, frac, raw, identity if perm is None else perm, self.bound(tensor, frac))

    def settled(self, tensor: str, *, narrow: bool = False) -> QValue:
        """The tensor rounded, in its own axis order: fit for views and operands. Shared by all users.

        A sum of rounded tensors may have a few bits more than an activation, unless `narrow` is asked for.
        """
        v = self.value(tensor)
        if v.columns is not None:
            return v
        limit = 2.0 ** (self.bits - 1) if narrow else 2.0 ** (self.bits + 3)
        if v.raw or v.bound > limit:
            v = self.rounded(v, tensor)
        if v.perm != tuple(range(len(v.perm))):
            v = replace(v, name=self.emit(Permute(v.perm), [v.name], v.frac, tensor), perm=tuple(range(len(v.perm))))
        self.values[tensor] = v
        return v

    def rounded(self, v: QValue, tensor: str) -> QValue:
        """v at the tensor's target scale."""
        shift = self.shift(v, tensor)
        frac = v.frac - shift
        if v.frac == 0 and v.bound < 2.0**self.bits:
            name = self.emit(Commit(), [v.name], 0, f"{tensor}.commit")
            return replace(v, name=name, raw=False)
        name = self.emit(Round(shift, self.bits), [v.name], frac, f"{tensor}.round")
        return replace(v, name=name, frac=frac, raw=False, bound=self.bound(tensor, frac))

    def scaled(self, v: QValue, frac: float, name: str) -> str:
        """The integer value at a finer scale."""
        if v.frac == frac:
            return v.name
        return self.emit(Affine((1 << round(frac - v.frac),)), [v.name], frac, name)

    def expanded(self, name: str, shape: Shape) -> str:
        """The integer value broadcast."""
        if self.ints.shapes[name] == shape:
            return name
        return self.emit(Expand(shape), [name], self.ints.fracs[name], f"{name}.expand")

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


def quantize(graph: Graph, calibration: Calibration, options: Options, threshold: Threshold | None = None) -> IntGraph:
    """The integer graph. With a threshold its only output is the answer. Raises QuantizationError naming the node."""
    import tacit.lowering.rules  # noqa: F401  (registers the rules)

    compared = compared_tensor(graph, threshold) if threshold is not None else None
    outputs = graph.outputs if compared is None else (compared[0],)
    q = Quantizer(graph, calibration, options, IntGraph(graph.name), outputs=outputs)
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
    known = {t: v for t, v in q.values.items() if t not in q.absorbed and v.columns is None}
    q.ints.tensors = {t: (v.name, v.frac, v.perm) for t, v in known.items()}
    if threshold is not None and compared is not None:
        from tacit.lowering.rules_select import publish_threshold

        publish_threshold(q, threshold, *compared)
        return q.ints
    for tensor in graph.outputs:
        _output(q, tensor)
    return q.ints


def uneven(magnitudes: Array) -> bool:
    """Whether a quarter of the columns that are not all zero would hardly be seen at the scale of the largest."""
    seen = magnitudes[magnitudes > 0]
    return 1 < seen.size <= MOST_COLUMNS and bool(magnitudes.max() > UNEVEN * np.quantile(seen, 0.25))


def _input(q: Quantizer, tensor: str) -> None:
    """One scale; or, where only weights and addends see columns of very different magnitudes, one a column inside."""
    shape, name = q.graph.shapes[tensor], tensor
    magnitudes = q.calibration.columns.get(tensor, np.ones(1)) * q.options.headroom
    columns = None
    if uneven(magnitudes) and _absorbed(q, tensor) and q.options.input_bits is None:
        frac, columns, bits = column_shifts(magnitudes, q.bits)
    else:
        bits = q.options.input_bits or q.bits
        frac = q.target(tensor, bits)
    q.ints.inputs[tensor] = InputSpec(shape, *signed(bits), frac)
    q.ints.shapes[tensor], q.ints.fracs[tensor] = shape, frac
    if columns is not None:
        name = q.emit(RoundColumns(columns), [tensor], frac, f"{tensor}.columns")
    v = q.new(name, frac, False, tensor)
    q.values[tensor] = v if columns is None else replace(v, columns=columns, bound=2.0**23)


def _absorbed(q: Quantizer, tensor: str) -> bool:
    """Whether every use adds constants or multiplies with weights along the last axis."""
    users = q.users.get(tensor, [])

    def one(node: Node) -> bool:
        constant = node.inputs[-1] in q.graph.constants
        if node.op == "MatMul":
            return constant and len(q.graph.shapes[node.inputs[1]]) == 2
        if node.op == "Mul" and constant and q.graph.constants[node.inputs[1]].size > 1:
            return q.graph.shapes[node.outputs[0]] == q.graph.shapes[tensor]
        same = q.graph.shapes[node.outputs[0]] == q.graph.shapes[tensor]
        return ((node.op == "Add" and constant) or node.op == "Cast") and same and _absorbed(q, node.outputs[0])

    return bool(users) and tensor not in q.outputs and all(map(one, users))


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
    if v.perm != tuple(range(len(v.perm))):
        v = q.settled(tensor)
    frac = round(v.frac)
    if frac != v.frac:
        raise QuantizationError(
            f"expected a scale that is a power of two, got 2^{v.frac}", place=tensor, hint="report it with the model"
        )
    shift = max(0, frac - q.target(tensor, q.options.output_bits))
    lo, hi = signed(q.options.output_bits)
    q.ints.outputs[tensor] = OutputSpec(v.name, lo, hi, frac - shift, shift)
