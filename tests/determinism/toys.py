"""Every integer operator at toy width, by the name of its class: what the search for a second witness is run on.

A new operator needs a case here; test_every_operator.py names the one that has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

import tacit.quantize.rules  # noqa: F401  (defines every operator)
from tacit import program as pg
from tacit.integer.graph import Operator
from tacit.integer.operators import normalisation, pooling, saturation
from tacit.integer.operators.activation import RoundClip, RoundLeaky, RoundRelu, Within
from tacit.integer.operators.arithmetic import Added, Offset, Times
from tacit.integer.operators.convolution import Windows, WindowSum
from tacit.integer.operators.layout import Cut, Expand, Join, Permute, Reshape, Spread, View
from tacit.integer.operators.linear import Contract, Take
from tacit.integer.operators.normalisation import SoftmaxLast
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.operators.reduction import Total
from tacit.integer.operators.rounding import Commit, Round, RoundDivide
from tacit.integer.operators.saturation import Saturate
from tacit.integer.operators.selection import ArgMaxLast, AtLeast, OneHotMaxLast
from tacit.integer.operators.tables import RoundLine, RoundTable
from tacit.program.builder import Builder, Settings

#: Digits of two bits; an activation is one lookup up to two bits, or up to six.
SETTINGS = {"narrow": Settings(2, 2), "wide": Settings(2, 6)}


@dataclass(frozen=True)
class Toy:
    """An operator on symbols: shapes and signed bits of its operands.

    `form`: the one of several ways to lower a clamp, by its name. `after`: an operator whose result is the operand, so that it
    is a sum of products. `thorough`: each of its relations is left out once, too.
    """

    op: Operator
    shapes: tuple[tuple[int, ...], ...]
    bits: int
    form: str | None = None
    after: Operator | None = None
    thorough: bool = False

    def program(self, settings: Settings, patch: pytest.MonkeyPatch) -> pg.Program:
        """The operator's relations: public inputs, and the result, committed, as the output."""
        if self.form is not None:
            for module in (saturation, pooling):
                patch.setattr(module, "cheapest", lambda builder, shape, forms: _called(forms, self.form))
        patch.setattr(normalisation, "LOW", 2)
        patch.setattr(normalisation, "HIGH", 3)
        builder, given = Builder("toy", settings), []
        for i, shape in enumerate(self.shapes):
            x = builder.tensor(f"x{i}", shape, pg.Public(), (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1))
            builder.inputs.append(pg.Port(f"x{i}", x, 0))
            given.append(builder.whole(x))
        if self.after is not None:
            given = [self.after.lower(builder, "before", *given)]
        builder.commit("y", self.op.lower(builder, "op", *given))
        builder.outputs.append(pg.Port("y", len(builder.tensors) - 1, 0))
        return builder.build()


def _called(forms: list[saturation.Form], name: str | None) -> saturation.Form:
    """The form of this name; with the least cut, so that most is beyond it."""
    return min((form for form in forms if form.name == name), key=lambda form: form.clamp.cut)


def _roundings() -> Iterator[Toy]:
    outs = (5, -1, 4, 0, 2, 7, 7)
    for shift in (0, 1, 3):
        once = shift == 1
        yield Toy(Round(shift, 4), ((1,),), 8, thorough=once)
        yield Toy(RoundRelu(shift, 4), ((1,),), 8, thorough=once)
        yield Toy(RoundRelu(shift, 7), ((1,),), 9, thorough=once)
        yield Toy(RoundTable(shift, -3, outs, 0, 0), ((1,),), 7, thorough=once)
        yield Toy(RoundLine(shift, 2, -3, outs, 0, 0), ((1,),), 8, thorough=once)
        yield Toy(RoundLeaky(shift, 5, -3, 2), ((1,),), 8, thorough=once)
        for lo, hi in ((-2, 3), (0, 6), (None, 2), (1, None), (-9, -4)):
            yield Toy(RoundClip(shift, 5, lo, hi, 0), ((1,),), 8, thorough=once and lo in (-2, None, 1))
    for divisor in (3, 5, 6):
        yield Toy(RoundDivide(divisor, 5, 0), ((1,),), 7, thorough=divisor == 3)


def _clamps() -> Iterator[Toy]:
    bounds = {
        "whole": ((0, 3), (-4, 3), (-8, -3)),
        "again": ((0, 3), (-4, 3), (-3, 2), (1, 6), (-8, -3)),
        "select": ((0, 3), (-4, 3), (0, 7)),
        "gated": ((0, 7), (-8, 7), (-3, 6)),
        "signs": ((0, 3), (-4, 3), (1, 6), (-8, -3)),
    }
    for form, chosen in bounds.items():
        for shift in (0, 1):
            for lo, hi in chosen:
                yield Toy(Saturate(shift, lo, hi, 6), ((1,),), 6 + shift, form, thorough=shift == 1 and lo < 0)
    for form in ("whole", "again", "select", "signs"):
        for relu in (False, True):
            toy = Toy(RoundMax(1, 6, 1, relu, most=4), ((1, 3),), 6, form, thorough=True)
            yield from (toy, replace(toy, shapes=((1, 2),), thorough=False))


def _maxima() -> Iterator[Toy]:
    for shift in (0, 1, 3):
        for axes, window in ((1, (1,)), (1, (2,)), (1, (3,)), (1, (4,)), (2, (2, 2)), (2, (3, 2))):
            for relu in (False, True):
                once = shift == 1 and window in ((3,), (4,))
                yield Toy(RoundMax(shift, 4, axes, relu), ((1, *window),), 5 + shift, thorough=once)
    for n in (1, 2, 3, 5):
        yield Toy(ArgMaxLast(5), ((1, n),), 4, thorough=n == 3)
        yield Toy(OneHotMaxLast(5), ((1, n),), 4, thorough=n == 3)
    for n in (1, 2, 3):
        yield Toy(SoftmaxLast(1.0, 4, 3), ((1, n),), 4, thorough=n == 2)
    yield Toy(SoftmaxLast(1.0, 5, 2, most=4, cut=2), ((1, 2),), 5, "again")
    yield Toy(AtLeast(5), ((1,),), 5, thorough=True)


def _views() -> Iterator[Toy]:
    pair = ((2, 3), (2, 3))
    yield Toy(Contract("ak", "ck", "ac"), ((2, 3), (2, 3)), 4, thorough=True)
    yield Toy(Contract("ak", "ak", "ak"), pair, 4)
    yield Toy(Commit(), pair, 4, after=Contract("ak", "ak", "ak"), thorough=True)
    yield Toy(Within(-4, 3, 0), ((2,),), 3)
    yield Toy(Take((2, 0, 0)), ((2, 3),), 4, thorough=True)
    yield Toy(WindowSum(1), ((2, 3),), 4, thorough=True)
    yield Toy(Permute((1, 0)), ((2, 3),), 4)
    yield Toy(Permute((1, 0)), pair, 3, after=Contract("ak", "ak", "ak"), thorough=True)
    yield Toy(Reshape((3, 2)), ((2, 3),), 4)
    yield Toy(Reshape((6,)), pair, 3, after=Contract("ak", "ak", "ak"), thorough=True)
    yield Toy(Expand((2, 2, 3)), ((2, 3),), 4)
    yield Toy(Cut((1, 2), (1, -1), (2, 3)), ((2, 3),), 4)
    yield Toy(Join(1), ((2, 3), (2, 1)), 4)
    yield Toy(View((((1, 1),), ((0, 2), (2, -1))), (0, 1), (2, 2, 3)), ((2, 3),), 4)
    yield Toy(Spread(1, 2), ((2, 3),), 4)
    yield Toy(Windows((2,), (1,), (1,), (1,), (4,), fill=-5), ((1, 1, 3),), 4)
    yield Toy(Total((0,)), ((2, 3),), 4)
    yield Toy(Total((1,)), pair, 3, after=Contract("ak", "ak", "ak"), thorough=True)
    yield Toy(Added((1, -1), (0, 3)), pair, 4)
    yield Toy(Offset(-1, 5, 0), ((3,),), 4)
    yield Toy(Times(-3, 2), ((3,),), 4, thorough=True)


def _label(toy: Toy, setting: str) -> str:
    shapes = " ".join("x".join(map(str, shape)) for shape in toy.shapes)
    return " ".join(filter(None, (f"{toy.op}", toy.form, shapes, setting)))


#: All of them, by what they are.
TOYS: dict[str, tuple[Toy, Settings]] = {
    _label(toy, name): (toy, settings)
    for name, settings in SETTINGS.items()
    for make in (_roundings, _clamps, _maxima, _views)
    for toy in make()
}


def operators(kind: type[Operator] = Operator) -> set[type[Operator]]:
    """The package's integer operators: classes that have no further one below them."""
    below = kind.__subclasses__()
    found = {kind} if kind.__module__.startswith("tacit.") and not below else set[type[Operator]]()
    return found.union(*map(operators, below))
