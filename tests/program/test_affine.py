"""Views by links against NumPy, and expressions against their definition."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from execution import Execution, dense_term, evaluate_term, execute
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import links

from tacit import program as pg
from tacit.errors import ProgramError
from tacit.program import affine
from tacit.program.affine import Inexpressible, Shapes
from tacit.program.builder import Builder, Lazy, Settings
from tacit.program.intervals import multiplicity, validate
from tacit.reference import decode_program
from tacit.reference import validate as validate_bytes

QUICK = settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))


@QUICK
@given(st.data())
def test_terms_by_definition(data: st.DataObject) -> None:
    target = data.draw(st.lists(st.integers(1, 4), max_size=3).map(tuple))
    shape = data.draw(st.lists(st.integers(1, 4), max_size=3).map(tuple))
    source = np.arange(1, 1 + int(np.prod(shape))).reshape(shape)
    term = pg.Term(1, pg.FromTensor(0), data.draw(links(len(target), len(shape))))
    result = evaluate_term(term, source, target)
    assert np.array_equal(result, dense_term(term, source, target))
    # The bound on how many entries one index meets.
    assert evaluate_term(term, np.ones(shape, dtype=np.int64), target).max() <= multiplicity(term, shape)


@QUICK
@given(st.data())
def test_picked_terms_by_definition(data: st.DataObject) -> None:
    """An index link beside others: target axes in any order, entries beyond either end, either direction."""
    target = data.draw(st.lists(st.integers(1, 4), max_size=3).map(tuple))
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
    axes = data.draw(st.permutations(range(len(target))))[: data.draw(st.integers(0, len(target)))]
    axis, stride = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.sampled_from([1, 1, -1]))
    pick = pg.Link(tuple((i, 1) for i in axes), ((axis, stride),), data.draw(st.integers(-2, 2)), 7)
    others = tuple(
        link
        for link in data.draw(links(len(target), len(shape)))
        if not {i for i, _ in link.target} & set(axes) and axis not in {j for j, _ in link.source}
    )
    term = pg.Term(1, pg.FromTensor(0), data.draw(st.permutations((pick, *others)).map(tuple)))
    extents = tuple(target[i] for i in axes)
    index = np.array(data.draw(st.lists(st.integers(-5, 5), min_size=prod(extents), max_size=prod(extents)))).reshape(
        extents
    )
    source, tensors = np.arange(1, 1 + prod(shape)).reshape(shape), {7: index.astype(np.int64)}
    assert np.array_equal(evaluate_term(term, source, target, tensors), dense_term(term, source, target, tensors))
    ones = np.ones(shape, dtype=np.int64)
    assert evaluate_term(term, ones, target, tensors).max() <= multiplicity(term, shape)


@QUICK
@given(st.data())
def test_chains_of_views_of_what_an_index_picks(data: st.DataObject) -> None:
    """Permutations of its axes, and any view of the others, are links; what is none is committed first, and says the same."""
    shape = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple))
    picks = data.draw(st.lists(st.integers(1, 3), max_size=2).map(tuple))
    axis = data.draw(st.integers(0, len(shape) - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, q = rng.integers(-9, 9, shape), rng.integers(-1, shape[axis] + 1, picks)
    b = Builder("picked", Settings())
    tensor, index = b.tensor("x", shape, pg.Public(), (-9, 9)), b.tensor("q", picks, pg.Public(), (-1, 3))
    b.inputs += [pg.Port("x", tensor, 0), pg.Port("q", index, 0)]
    lazy = b.gathered(tensor, index, axis)
    padded = np.pad(x, [(0, 2 if i == axis else 0) for i in range(x.ndim)])
    value = np.take(padded, np.where((q < 0) | (q >= shape[axis]), shape[axis], q), axis)
    for _ in range(data.draw(st.integers(0, 3))):
        match data.draw(st.integers(0, 5)):
            case 0:
                perm = tuple(data.draw(st.permutations(range(value.ndim))))
                lazy, value = b.transpose("t", lazy, perm), value.transpose(perm)
            case 1:
                lazy, value = b.reshape("r", lazy, (value.size,)), value.reshape(-1)
            case 2:
                wide = (2, *value.shape)
                lazy, value = b.broadcast(lazy, wide), np.broadcast_to(value, wide)
            case 3 if value.ndim and value.size < 500:
                at = data.draw(st.integers(0, value.ndim - 1))
                wide = (*value.shape[:at], 2 * value.shape[at] - 1, *value.shape[at + 1 :])
                lazy = b.view("w", lazy, wide, lambda e, s, v=value, at=at: affine.spread(e, v.shape, at, 2, s))
                spread = np.zeros(wide, dtype=np.int64)
                spread[(*[slice(None)] * at, slice(None, None, 2))] = value
                value = spread
            case 4 if value.ndim:
                at = data.draw(st.integers(0, value.ndim - 1))
                lazy, value = b.entry(lazy, at, value.shape[at] - 1), value.take(-1, at)
            case _ if value.ndim:
                at = data.draw(st.integers(0, value.ndim - 1))
                summed = (*value.shape[:at], *value.shape[at + 1 :])
                lazy = b.view("s", lazy, summed, lambda e, s, v=value, at=at: affine.total(e, v.shape, at, s))
                value = value.sum(at)
    y = b.commit("y", lazy)
    program = b.build()
    validate(program)
    validate_bytes(decode_program(program.encode()))
    (term,) = y.expr.terms
    assert np.array_equal(execute(program, {"x": x, "q": q}).tensors[term.source.index], value)


def test_which_views_of_an_index_are_links() -> None:
    b = Builder("picked", Settings())
    x, q = b.tensor("x", (5, 2, 3), pg.Public(), (-9, 9)), b.tensor("q", (2, 4), pg.Public(), (0, 4))
    rows = b.gathered(x, q)
    assert rows.shape == (2, 4, 2, 3)
    assert b.transpose("t", rows, (3, 1, 0, 2)).expr.terms[0].links[0] == pg.Link(((2, 1), (1, 1)), ((0, 1),), 0, q)
    assert b.reshape("flat", rows, (2, 4, 6)).expr.terms[0].links[0] == pg.Link(((0, 1), (1, 1)), ((0, 1),), 0, q)
    assert b.at_step(rows, 0, 3, 1).expr.terms[0].links[1] == pg.Link(((1, 1), (2, 1)), ((0, 1),), 0, q)
    assert b.gathered(x, q, 2).expr.terms[0].links == (
        pg.Link(((2, 1), (3, 1)), ((2, 1),), 0, q),
        pg.Link(((0, 1),), ((0, 1),)),
        pg.Link(((1, 1),), ((1, 1),)),
    )
    assert not b.zeros
    for n, view in enumerate(
        [
            lambda: b.reshape("merged", rows, (8, 2, 3)),
            lambda: b.reshape("split", rows, (2, 2, 2, 2, 3)),
            lambda: b.entry(rows, 0, 1),
            lambda: b.view("sum", rows, (2, 2, 3), lambda e, s: affine.total(e, rows.shape, 1, s)),
            lambda: b.view("spread", rows, (2, 7, 2, 3), lambda e, s: affine.spread(e, rows.shape, 1, 2, s)),
        ],
        start=1,
    ):
        view()
        assert len(b.zeros) == n
    with pytest.raises(ProgramError, match="constant or a public tensor") as caught:
        b.gathered(x, b.witness("r", (2,)))
    assert (caught.value.slug, caught.value.place) == ("program", "r")
    b.zeros.clear()
    b.hints.clear()
    b.commit("y", Lazy(rows.expr, (2, 3, 2, 3)))
    with pytest.raises(ProgramError, match=r"y reads by q of shape \[2, 4\], not one known of \[2, 3\]"):
        validate(b.build())


@QUICK
@given(st.data())
def test_chains_of_views(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
    values = np.random.default_rng(0).integers(-9, 9, shape)
    shapes = Shapes()
    shapes.tensors.append(shape)
    expr = affine.plain(pg.FromTensor(0), len(shape))
    run = Execution(pg.Program("p"), {0: values})
    for _ in range(data.draw(st.integers(1, 4))):
        try:
            expr, values = _step(data, expr, values, shapes)
        except Inexpressible:
            return
        assume(values.ndim <= 6)
        assert np.array_equal(run.expr(expr, values.shape), values)


def _step(data: st.DataObject, expr: pg.Expr, values: Any, shapes: Shapes) -> tuple[pg.Expr, Any]:
    shape = values.shape
    kind = data.draw(st.sampled_from(["transpose", "reshape", "cut", "total", "expand"]))
    axis = data.draw(st.integers(0, len(shape) - 1)) if shape else 0
    if kind == "transpose":
        perm = data.draw(st.permutations(range(len(shape))))
        return affine.transpose(expr, shape, perm, shapes), np.transpose(values, perm)
    if kind == "reshape":
        size = values.size
        factors = [n for n in range(1, size + 1) if size % n == 0]
        first = data.draw(st.sampled_from(factors))
        second = data.draw(st.sampled_from([n for n in factors if (size // first) % n == 0]))
        new = data.draw(st.sampled_from([(first, size // first), (first, second, size // first // second), (size,)]))
        return affine.reshape(expr, shape, new, shapes), values.reshape(new)
    if kind == "cut" and shape:
        start, step, extent = (
            data.draw(s) for s in (st.integers(-2, 3), st.sampled_from([1, 2, -1]), st.integers(1, 4))
        )
        rows: list[affine.Row] = [
            (((i, step if i == axis else 1),), start if i == axis else 0) for i in range(len(shape))
        ]
        new = tuple(extent if i == axis else n for i, n in enumerate(shape))
        index = start + step * np.arange(extent)
        inside = (index >= 0) & (index < shape[axis])
        taken = np.take(values, np.where(inside, index, 0), axis)
        mask = inside.reshape([-1 if i == axis else 1 for i in range(len(shape))])
        return affine.substitute(expr, shape, new, rows, shapes), taken * mask
    if kind == "total" and shape:
        return affine.total(expr, shape, axis, shapes), np.asarray(values.sum(axis))
    rows = [(((i + 1, 1),), 0) for i in range(len(shape))]
    return affine.substitute(expr, shape, (3, *shape), rows, shapes), np.broadcast_to(values, (3, *shape))
