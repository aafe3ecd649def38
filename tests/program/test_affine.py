"""Views by links against NumPy, and expressions against their definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from execution import Execution, dense_term, evaluate_term
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import links

from tacit import program as pg
from tacit.program import affine
from tacit.program.affine import Inexpressible, Shapes
from tacit.program.intervals import multiplicity

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
