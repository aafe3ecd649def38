"""Random small programs: hypothesis strategies for the tests of everything that reads programs."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from tacit import program as pg
from tacit.errors import WitnessError
from tacit.integer.graph import Operator
from tacit.integer.lookups import bounded
from tacit.integer.operators.activation import RoundClip, RoundLeaky, RoundRelu
from tacit.integer.operators.layout import Cut, Join, Permute, Reshape
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.operators.reduction import Total
from tacit.integer.operators.rounding import Round, RoundDivide
from tacit.integer.operators.selection import AtLeast
from tacit.integer.operators.tables import RoundLine, RoundTable
from tacit.program import affine
from tacit.program.affine import Shape
from tacit.program.builder import Builder, Lazy, Settings

NAMES = st.text(min_size=1, max_size=8)
SMALL = st.integers(-(2**31), 2**31 - 1)
SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@st.composite
def links(
    draw: st.DrawFn, target: int, source: int, index: st.SearchStrategy[Any] | None = None
) -> tuple[pg.Link, ...]:
    """Links between axes of both sides, no axis twice; with an index of this strategy, if one is given."""
    t, s = draw(st.permutations(range(target))), draw(st.permutations(range(source)))
    out = []
    while (t or s) and draw(st.booleans()):
        a, t = t[: draw(st.integers(0, 2))], t[2:]
        b, s = s[: draw(st.integers(0, 2))], s[2:]
        if a or b:
            stride = st.sampled_from([1, 1, 1, -1, 2, 3, -2])
            pairs = [tuple((i, draw(stride)) for i in side) for side in (a, b)]
            out.append(pg.Link(pairs[0], pairs[1], draw(st.integers(-2, 2)), None if index is None else draw(index)))
    return tuple(out)


@st.composite
def terms(draw: st.DrawFn, shape: Shape, tensors: list[Shape]) -> pg.Term:
    """A term on one of the tensors."""
    index = draw(st.integers(0, len(tensors) - 1))
    coef = draw(st.integers(-5, 5).filter(bool))
    picks = st.none() | st.integers(0, 2**32 - 1)
    return pg.Term(coef, pg.FromTensor(index), draw(links(len(shape), len(tensors[index]), picks)))


@st.composite
def exprs(draw: st.DrawFn, shape: Shape, tensors: list[Shape]) -> pg.Expr:
    """An affine expression over the shape."""
    count = draw(st.integers(0, 3)) if tensors else 0
    return pg.Expr(draw(st.integers(-9, 9)), tuple(draw(terms(shape, tensors)) for _ in range(count)))


@st.composite
def any_programs(draw: st.DrawFn) -> pg.Program:
    """Programs that have an encoding; most of them mean nothing."""
    shapes = draw(st.lists(SHAPES, min_size=1, max_size=3))
    places = st.one_of(
        st.lists(SMALL, max_size=5).map(lambda v: pg.Constant(tuple(v))),
        st.just(pg.Public()),
        st.integers(0, 255).map(pg.Slab),
        st.just(pg.Witness()),
    )
    kinds = st.one_of(
        st.builds(pg.Range, SMALL, st.integers(0, 99)),
        st.builds(pg.ReluTable, SMALL, st.integers(0, 99)),
        st.builds(pg.Sign, SMALL, st.integers(0, 99)),
        st.builds(pg.Values, SMALL, st.lists(SMALL, max_size=5).map(tuple)),
        st.builds(pg.ClampTable, SMALL, st.integers(0, 99), SMALL, SMALL),
    )
    expr = SHAPES.flatmap(lambda shape: exprs(shape, shapes))
    index = st.integers(0, 9)
    pairs = st.lists(st.tuples(index, index), max_size=3).map(tuple)
    axes = st.lists(st.integers(0, 7), max_size=4).map(tuple)
    hints = st.one_of(
        st.builds(pg.LinearHint, index, expr),
        st.builds(
            pg.DigitsHint,
            SHAPES,
            expr,
            pairs,
            st.one_of(st.none(), index),
        ),
        st.builds(pg.LookupHint, index, index, expr, index),
        st.builds(pg.DivideHint, SHAPES, expr, expr, index, index),
        st.builds(pg.MaxHint, SHAPES, index, expr, index, pairs, index),
        st.builds(pg.OneHotMaxHint, SHAPES, expr, index),
        st.builds(pg.ClampHint, SHAPES, expr, index, SMALL, SMALL, st.none() | index, st.none() | index),
    )

    def some(strategy: st.SearchStrategy[Any]) -> tuple[Any, ...]:
        return tuple(draw(st.lists(strategy, max_size=2)))

    return pg.Program(
        name=draw(NAMES),
        slabs=some(st.builds(pg.SlabDecl, NAMES, st.booleans())),
        tensors=tuple(pg.Tensor(draw(NAMES), shape, draw(places), draw(SMALL), draw(SMALL)) for shape in shapes),
        tables=some(st.builds(pg.Table, NAMES, kinds)),
        einsums=some(st.builds(pg.Einsum, NAMES, SHAPES, axes, axes, axes, expr, expr)),
        lookups=some(st.builds(pg.Lookup, NAMES, index, SHAPES, expr, index, expr)),
        zeros=some(st.builds(pg.Zero, NAMES, SHAPES, expr)),
        hints=some(hints),
        inputs=some(st.builds(pg.Port, NAMES, index, st.integers(-40, 40))),
        outputs=some(st.builds(pg.Port, NAMES, index, st.integers(-40, 40))),
    )


@st.composite
def operators(draw: st.DrawFn, shape: Shape) -> Operator:
    """An integer operator that takes a tensor of this shape with at least one axis."""
    shift, bits = draw(st.integers(0, 9)), draw(st.integers(14, 18))
    choice = draw(st.integers(0, 13))
    match choice:
        case 0:
            return Round(shift, bits)
        case 1:
            return RoundRelu(shift, bits)
        case 2:
            outs = np.random.default_rng(draw(st.integers(0, 99))).integers(-99, 100, 1 << 11)
            return RoundTable(max(shift, 2), -(1 << 10), tuple(int(v) for v in outs), 0, 0)
        case 3:
            return RoundDivide(draw(st.integers(1, 40)), bits, 0)
        case 4:
            return RoundMax(shift, bits + 1, draw(st.integers(1, len(shape))), draw(st.booleans()))
        case 5:
            return AtLeast(bits)
        case 6:
            return RoundLeaky(shift, bits, draw(st.integers(0, 60)), 6)
        case 7:
            lo, hi = draw(st.sampled_from([(-5, 9), (None, 9), (-5, None), (0, 30)]))
            return RoundClip(shift, bits, lo, hi, 0)
        case 8:
            return Permute(tuple(draw(st.permutations(range(len(shape))))))
        case 9:
            return Reshape((int(np.prod(shape)),))
        case 10:
            starts = tuple(draw(st.integers(-2, n - 1)) for n in shape)
            steps = tuple(draw(st.sampled_from([1, 1, -1, 2])) for _ in shape)
            return Cut(starts, steps, tuple(draw(st.integers(1, 4)) for _ in shape))
        case 13:
            outs = np.random.default_rng(draw(st.integers(0, 99))).integers(-99, 100, (1 << 9) + 1)
            return RoundLine(shift, 4, -(1 << 8), tuple(int(v) for v in outs), 0, 0)
        case 11:
            return Join(draw(st.integers(0, len(shape) - 1)))
        case _:
            return Total((draw(st.integers(0, len(shape) - 1)),))


@st.composite
def good_programs(draw: st.DrawFn) -> tuple[pg.Program, dict[str, Any], dict[str, Any]]:
    """A valid program, its givens by tensor name, and the outputs it must give: a short chain of random operators."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
    builder = Builder("random", Settings(draw(st.integers(3, 9)), draw(st.sampled_from([8, 16]))))
    builder.slabs.append(pg.SlabDecl("model", True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = builder.tensor("x", shape, pg.Witness(), (-512, 511))
    builder.inputs.append(pg.Port("x", x, 4))
    bounded(builder, "x", builder.whole(x), -512, 511)
    w = builder.tensor("w", shape, pg.Slab(0), (-8, 7))
    given = {"x": rng.integers(-512, 512, shape), "w": rng.integers(-8, 8, shape)}
    lazy: Lazy = builder.hadamard("xw", builder.whole(x), builder.whole(w))
    value = given["x"] * given["w"]
    for step in range(draw(st.integers(1, 3))):
        if not value.ndim:
            break
        op = draw(operators(value.shape))
        count = 2 if isinstance(op, Join) else 1
        try:
            value = op.meaning(*[value] * count)
        except WitnessError:
            reject()
        lazy = op.lower(builder, f"step{step}", *[lazy] * count)
    lazy = builder.settled("last", lazy)
    lo, hi = builder.interval(lazy)
    y = builder.tensor("y", lazy.shape, pg.Public(), (lo, hi))
    builder.outputs.append(pg.Port("y", y, 4))
    builder.hints.append(pg.LinearHint(y, lazy.expr))
    builder.zero("y", lazy.shape, (1, lazy.expr), (-1, affine.plain(pg.FromTensor(y), len(lazy.shape))))
    return builder.build(), given, {"y": value}
