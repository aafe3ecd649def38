"""What an index picks is determined, by numbers that stand in the program or are given; else the search has no answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from judge import holds, without

from tacit import program as pg
from tacit.program.builder import Builder, Settings
from tacit.uniqueness import second_witness


def batches(place: pg.Place) -> pg.Program:
    """y[t, b] = x[q[t, b]] w, x private, one entry of q beyond the rows."""
    b = Builder("batches", Settings())
    b.slabs += [pg.SlabDecl("data", True)]
    x = b.tensor("x", (3, 2), pg.Slab(0), (-2, 1))
    q = b.tensor("q", (2, 2), place, (0, 3))
    w = b.whole(b.tensor("w", (2,), pg.Slab(0), (-2, 1)))
    rows = b.gathered(x, q)
    raw = b.einsum("products", (2, 2, 2), ((0, 1, 2), (2,), (0, 1)), rows.expr, w.expr)
    b.commit("y", raw)
    b.outputs.append(pg.Port("y", len(b.tensors) - 1, 0))
    if isinstance(place, pg.Public):
        b.inputs.append(pg.Port("q", q, 0))
    return b.build()


def test_a_constant_index() -> None:
    program = batches(pg.Constant((2, 0, 0, 3)))
    verdict = second_witness(program)
    assert verdict.unique, verdict.reason
    assert holds(program, verdict.witness)
    # y tied by no relation, but bounded.
    b = replace(program, tables=(pg.Table("range", pg.Range(-4, 13)),))
    lookup = pg.Lookup("y", 0, (2, 2), pg.Expr(0, (pg.Term(1, pg.FromTensor(3), pg.identity_links(2)),)), 0, pg.Expr())
    assert second_witness(without(replace(b, lookups=(lookup,)), "zero y")).answer == "second"


@pytest.mark.parametrize("order", [(2, 0, 0, 3), (1, 1, 1, 1)])
def test_an_index_that_is_given(order: tuple[int, ...]) -> None:
    program = batches(pg.Public())
    verdict = second_witness(program, givens={"q": np.array(order).reshape(2, 2)})
    assert verdict.unique, verdict.reason
    assert holds(program, verdict.witness)


def test_an_index_that_is_not_given() -> None:
    verdict = second_witness(batches(pg.Public()))
    assert verdict.answer == "out of reach"
    assert verdict.reason == "y: the index q is not given as numbers"
