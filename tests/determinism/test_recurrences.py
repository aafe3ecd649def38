"""A tensor that a zero carries along an axis has one witness: nobody chooses a step."""

from __future__ import annotations

from dataclasses import replace

import pytest
from judge import without

from tacit import program as pg
from tacit.program import affine
from tacit.program.builder import Builder, Settings
from tacit.uniqueness import second_witness


def carried(axis: int) -> pg.Program:
    """x[t] = x[t-1] + g[t] along an axis of three steps, from a base, its last step the output."""
    b = Builder("carried", Settings())
    shape = (3, 2) if axis == 0 else (2, 3)
    base = b.whole(b.tensor("base", (2,), pg.Public(), (-8, 7)))
    tensor = b.tensor("g", shape, pg.Public(), (-2, 1))
    b.inputs += [pg.Port("base", 0, 0), pg.Port("g", tensor, 0)]
    x = b.recurrent("x", shape, (-99, 99))
    start = b.at_step(base, axis, 3, 0)
    earlier = [b.along(tensor, axis, 3, -k).expr for k in range(3)]
    every = b.broadcast(base, shape) if axis == 0 else b.transpose("base", b.broadcast(base, (3, 2)), (1, 0))
    b.hints.append(pg.LinearHint(x, affine.add((1, every.expr), *((1, expr) for expr in earlier))))
    now, before = b.along(x, axis, 3), b.along(x, axis, 3, -1)
    b.lookup("x", pg.Range(-16, 32), b.whole(x))
    b.zero("step", shape, (1, now.expr), (-1, before.expr), (-1, start.expr), (-1, b.whole(tensor).expr))
    b.commit("y", b.entry(b.whole(x), axis, 2))
    b.outputs.append(pg.Port("y", len(b.tensors) - 1, 0))
    return b.build()


@pytest.mark.parametrize("axis", [0, 1])
def test_one_witness(axis: int) -> None:
    program = carried(axis)
    x = next(t for t in program.tensors if t.name == "x")
    assert (x.lo, x.hi) == (-14, 10)
    verdict = second_witness(program)
    assert verdict.unique, verdict.reason


def test_without_the_first_step_every_chain_is_free() -> None:
    """x[0] in no relation, bounded by a lookup alone: two chains, and the output tells them apart."""
    program = carried(0)
    wide = {"x": (-16, 15), "y": (-16, 15)}  # what the lookup says
    ends = (wide.get(t.name, (t.lo, t.hi)) for t in program.tensors)
    tensors = tuple(replace(t, lo=lo, hi=hi) for t, (lo, hi) in zip(program.tensors, ends, strict=True))
    program = replace(program, tensors=tensors)
    (step,) = (zero for zero in program.zeros if zero.name == "step")

    def later(link: pg.Link) -> pg.Link:
        return replace(link, offset=link.offset + 1) if 0 in dict(link.target) else link

    terms = tuple(replace(term, links=tuple(map(later, term.links))) for term in step.expr.terms)
    loose = replace(step, shape=(2, 2), expr=replace(step.expr, terms=terms))
    attack = replace(program, zeros=tuple(loose if zero is step else zero for zero in program.zeros))
    assert second_witness(attack).answer == "second"
    assert second_witness(without(program, "zero step")).answer == "second"
