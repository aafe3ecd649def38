"""The registry of float operators: what each means, and all that the rest of the package knows of it.

An operator is one small unit: a shape rule, a float rule, a kind rule and its *traits* (``@canonical``). Whoever treats
operators differently asks a trait and never a list of names: so a new operator is described in one place, and forgotten in
none. To add one, write it in the module of its family in :mod:`tacit.graph.operators`; its integer form is a rule in
:mod:`tacit.quantize.rules`, and the ONNX operators that become it are in :mod:`tacit.importers.onnx.ops`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Attrs = Mapping[str, Any]
ShapeRule = Callable[[Attrs, Sequence[Shape]], Shape]
FloatRule = Callable[[Attrs, Sequence[Array]], Array]
#: Of attributes, inputs, the result and the gradient of a loss by the result: its gradients by the inputs, one each.
GradientRule = Callable[[Attrs, Sequence[Array], Array, Array], Sequence[Array]]
KindRule = Callable[[Sequence[str]], str]
#: Of attributes and, for each operand, the entries of a constant (None: it is computed).
Condition = Callable[[Attrs, Sequence["int | None"]], bool]


def kind_same(kinds: Sequence[str]) -> str:
    """Moving values does not change what they are; a mixture of kinds is the wider one."""
    return max(kinds, key=("bool", "int", "float").index)


def kind_arithmetic(kinds: Sequence[str]) -> str:
    """Sums and products of bools are integers; anything with a float is a float."""
    return "float" if "float" in kinds else "int"


def kind_float(kinds: Sequence[str]) -> str:
    return "float"


def kind_int(kinds: Sequence[str]) -> str:
    return "int"


def kind_bool(kinds: Sequence[str]) -> str:
    return "bool"


def always(attrs: Attrs, sizes: Sequence[int | None]) -> bool:
    """The condition that always holds."""
    return True


def never(attrs: Attrs, sizes: Sequence[int | None]) -> bool:
    """The condition that never holds."""
    return False


@dataclass(frozen=True)
class Shown:
    """Which numbers of a node stand in the public program as they are.

    ``attributes``: by name. ``one_number``: a constant operand of one entry, as a coefficient or a bound; larger ones are
    weights, and hidden.
    """

    attributes: tuple[str, ...] = ()
    one_number: bool = False


#: No number of the node is public.
HIDDEN = Shown()


@dataclass(frozen=True)
class Attribute:
    """What an attribute is: a whole number from ``least`` to ``most``, or ``many``; a ``real`` one; or one of some ``words``.

    ``distinct``, ``ascending``: of many, none is there twice; each is larger than the one before it.
    """

    least: int = 0
    most: int = (1 << 31) - 1
    many: bool = False
    distinct: bool = False
    ascending: bool = False
    real: bool = False
    words: tuple[str, ...] = ()

    def has(self, value: Any) -> bool:
        """Whether this is a value of it, by its exact type: true is no number, and 1.0 no whole one."""
        if self.words:
            return isinstance(value, str) and value in self.words
        if self.real:
            return isinstance(value, float)
        if not self.many:
            return self._whole(value)
        if not isinstance(value, tuple) or not all(map(self._whole, value)):
            return False
        if self.ascending:
            return all(a < b for a, b in pairwise(value))
        return not self.distinct or len(set(value)) == len(value)

    def _whole(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most


#: An axis, counted from the front, or several; a flag; numbers from 0, from 1, of any sign.
AXIS, FLAG = Attribute(), Attribute(most=1)
AXES, ASCENDING = Attribute(many=True, distinct=True), Attribute(many=True, ascending=True)
COUNTS, EXTENTS, WHOLES = Attribute(many=True), Attribute(least=1, many=True), Attribute(-(1 << 31), many=True)
REAL = Attribute(real=True)


@dataclass(frozen=True)
class Operator:
    """A canonical operator with one output.

    ``shape(attrs, input_shapes)`` raises ``ValueError`` with a sentence when the inputs do not fit.
    ``evaluate(attrs, inputs)`` is the meaning, in float64. The traits:

    - ``shown``: which of its numbers are public. It has no default: whoever adds an operator says so.
    - ``elementwise``: entry i of the output depends only on entries i of the (broadcast) inputs.
    - ``moves``: each entry of the output is an entry of an input, or a zero: nothing is computed.
    - ``sums``: it adds or subtracts its operands, entry by entry.
    - ``product``: a constant operand is a weight: "sums" of products with many (MatMul, Conv), or "entries" one by one.
    - ``added``: constants among the operands from this one on are added to the result or become part of it: in its units.
    - ``homogeneous``: where it holds, g times all computed operands (and added constants) is g times the result, g > 0.
    - ``scale_free``: g times the operand gives the same result.
    - ``keeps_scale``: the result can have the integers' scale of its operand.
    - ``keeps_range``: the results lie where the first operand's entries do.
    - ``keeps_errors``: the result is no better known than its operands: no error becomes small beside the result.
    - ``gives``: where the results lie, whatever the inputs; ``limits``: the same by two attributes, which may be infinite.
    - ``flat``: the function is constant beyond this magnitude, to within 2^-17.
    - ``tabulated``: it becomes a table of values.
    - ``jumps``: a small change of an input can change the result by a whole step.
    - ``shares``: the results are parts of a whole: what matters is how large they are beside each other.
    - ``columns``: what it does with the entries along the last axis: "reads" each by itself, "weighs" each with a weight of
      its own where there is more than one, "keeps" them as columns of the result; any of these.
    - ``inverse``: of an increasing function, where it is used for thresholds: the number that gives this one; None where
      none does.
    - ``attributes``: its attributes by name, in order (:class:`Attribute`): nodes have these and no others.
    - ``unimported``: why no importer makes it; empty where one does.
    - ``gradient``: the chain rule, in float64 (``@gradient``); None for what jumps.
    """

    name: str
    shape: ShapeRule
    evaluate: FloatRule
    shown: Shown
    kind: KindRule = kind_same
    elementwise: bool = False
    moves: bool = False
    sums: bool = False
    product: Literal["", "sums", "entries"] = ""
    added: int | None = None
    homogeneous: Condition = never
    scale_free: bool = False
    keeps_scale: bool = False
    keeps_range: bool = False
    keeps_errors: bool = False
    gives: tuple[float, float] | None = None
    limits: tuple[str, str] | None = None
    flat: float | None = None
    tabulated: bool = False
    jumps: bool = False
    shares: bool = False
    columns: frozenset[str] = frozenset()
    inverse: Callable[[float], float | None] | None = None
    unimported: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    gradient: GradientRule | None = None
    doc: str = ""

    @property
    def compares(self) -> bool:
        """Whether it is a comparison: it jumps, entry by entry."""
        return self.jumps and self.elementwise


CANONICAL: dict[str, Operator] = {}


def canonical(name: str, shape: ShapeRule, *, shown: Shown, **traits: Any) -> Callable[[FloatRule], FloatRule]:
    """Register the decorated float rule as the canonical operator ``name``; its docstring documents the attributes.

    ``traits``: see :class:`Operator`.
    """

    def register(rule: FloatRule) -> FloatRule:
        assert name not in CANONICAL, name
        CANONICAL[name] = Operator(name, shape, rule, shown, doc=(rule.__doc__ or "").strip(), **traits)
        return rule

    return register


def gradient(name: str) -> Callable[[GradientRule], GradientRule]:
    """Register the decorated rule as the chain rule of the canonical operator ``name``, which stands above it."""

    def register(rule: GradientRule) -> GradientRule:
        assert CANONICAL[name].gradient is None, name
        CANONICAL[name] = replace(CANONICAL[name], gradient=rule)
        return rule

    return register
