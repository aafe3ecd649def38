"""Rule 3: zeros that carry a witness tensor along an axis, what looks like one and is none, and that what it says is true.

Docs: program.md, section 5.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import product
from math import prod

import pytest
from test_steps import rust, verdicts
from toy.execute import Execution, indices
from toy.programs import Build, link, same

from tacit import program as pg
from tacit.program.intervals import derive
from tacit.reference import Refused, validate
from tacit.reference.field import P
from tacit.reference.intervals import Intervals
from tacit.reference.program import (
    Einsum,
    Expr,
    Link,
    Lookup,
    OfTensor,
    Program,
    Public,
    Range,
    Shape,
    Table,
    Tensor,
    Term,
    Witness,
    Zero,
    encode_program,
)
from tacit.reference.recurrences import recurrence_of

HALF = P // 2


def axis(number: int, offset: int = 0) -> Link:
    return link([(number, 1)], [(number, 1)], offset)


def carry(*, shape: Shape = (4, 3), known: tuple[int, int] = (-7, 5)) -> Build:
    """w (3) in [-100, 90], g (5, 3) in [-7, 5], and x, of which nothing is known yet."""
    p = Build("carry", [("model", True)])
    p.tensor("w", (3,), "model", -100, 90)
    p.tensor("g", (5, 3), Public(), *known)
    p.tensor("x", shape, Witness(), -HALF, HALF)
    return p


def x(p: Build, coef: int, offset: int) -> Term:
    return p.term("x", coef, (axis(0, offset), axis(1)))


def w(p: Build, coef: int, step: int) -> Term:
    return p.term("w", coef, (link([(0, 1)], [], -step), link([(1, 1)], [(0, 1)])))


def found(p: Build, *terms: Term, constant: int = 0) -> tuple[int, int] | None:
    """x's interval, the same for all three."""
    p.zeros.append(Zero("update", (5, 3), p.expr(*terms, constant=constant)))
    program = p.done()
    known = Intervals(program).known[2]
    assert derive(pg.Program.decode(encode_program(program))).known.get(2) == known
    tensors = (*program.tensors[:2], replace(program.tensors[2], lo=HALF, hi=HALF), *program.tensors[3:])
    said = rust(replace(program, tensors=tensors))
    if known is None:
        assert "no lookup or zero bounds" in said
    else:
        assert "to contain what follows" in said
        assert str(list(known)) in said
    return known


def test_a_recurrence_bounds_what_it_carries() -> None:
    for e, ends in ((1, (-120, 118)), (-1, (-90 - 28, 100 + 20))):
        p = carry()
        assert found(p, x(p, e, 0), x(p, -e, -1), w(p, -1, 0), p.term("g")) == ends
        p = carry()
        assert found(p, p.term("g"), w(p, -1, 0), x(p, -e, -1), x(p, e, 0)) == ends
    p = carry()
    assert found(p, x(p, 1, 0), x(p, -1, -1), p.term("g"), constant=-2) == (-20, 28 + 8)


@pytest.mark.parametrize("step", [4, 5, -1, 2**31 - 1, 1 - 2**31])
def test_a_step_beyond_the_last_does_not_count(step: int) -> None:
    p = carry()
    assert found(p, x(p, 1, 0), x(p, -1, -1), w(p, -1, step), p.term("g")) == (-20, 28)


@pytest.mark.parametrize(
    "fixed", [link([(0, 1)], [(0, -1)], 3), link([(0, 2)], [(0, 1)], 4), link([], [(0, 1)], 1), link([(0, -1)], [], 1)]
)
def test_steps_fixed_otherwise_count_each_time(fixed: Link) -> None:
    p = carry()
    summed = 1 if fixed.source else 3
    assert found(p, x(p, 1, 0), x(p, -1, -1), p.term("w", 1, (fixed,))) == (-4 * 90 * summed, 4 * 100 * summed)


OWN = {
    "coefficients 2, -1": lambda p: [x(p, 2, 0), x(p, -1, -1)],
    "coefficients 2, -2": lambda p: [x(p, 2, 0), x(p, -2, -1)],
    "coefficients 1, -3": lambda p: [x(p, 1, 0), x(p, -3, -1)],
    "coefficients 1, 1": lambda p: [x(p, 1, 0), x(p, 1, -1)],
    "coefficients -1, -1": lambda p: [x(p, -1, 0), x(p, -1, -1)],
    "a shift of two": lambda p: [x(p, 1, 0), x(p, -1, -2)],
    "a shift ahead": lambda p: [x(p, 1, 0), x(p, -1, 1)],
    "no shift": lambda p: [x(p, 1, 0), x(p, -1, 0)],
    "both shifted": lambda p: [x(p, 1, -1), x(p, -1, -2)],
    "x three times": lambda p: [x(p, 1, 0), x(p, -1, -1), x(p, 5, -3)],
    "x three times, the same": lambda p: [x(p, 1, 0), x(p, -1, -1), x(p, -1, -1)],
    "x before alone": lambda p: [x(p, 1, -1)],
    "both axes": lambda p: [x(p, 1, 0), p.term("x", -1, (axis(0, -1), axis(1, -1)))],
    "the other axis turned": lambda p: [x(p, 1, 0), p.term("x", -1, (axis(0, -1), link([(1, -1)], [(1, 1)], 2)))],
    "a target stride": lambda p: [x(p, 1, 0), p.term("x", -1, (link([(0, 2)], [(0, 1)], -1), axis(1)))],
    "a source stride": lambda p: [x(p, 1, 0), p.term("x", -1, (link([(0, 1)], [(0, 2)], -1), axis(1)))],
    "a minus": lambda p: [x(p, 1, 0), p.term("x", -1, (link([(0, -1)], [(0, -1)], 1), axis(1)))],
    "summed": lambda p: [x(p, 1, 0), p.term("x", -1, (axis(0, -1),))],
    "one link for both": lambda p: [x(p, 1, 0), p.term("x", -1, (link([(0, 1), (1, 1)], [(0, 1)], -1),))],
    "links in another order": lambda p: [x(p, 1, 0), p.term("x", -1, (axis(1), axis(0, -1)))],
    "now in another order": lambda p: [p.term("x", 1, (axis(1), axis(0))), x(p, -1, -1)],
}


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_what_is_no_recurrence(own) -> None:
    p = carry()
    assert found(p, *own(p), w(p, -1, 0), p.term("g")) is None


@pytest.mark.parametrize(("shape", "bounds"), [((5, 3), True), ((1, 3), True), ((6, 3), False), ((4, 4), False)])
def test_shapes_that_leave_entries_free(shape: Shape, bounds: bool) -> None:
    p = carry(shape=shape)
    ends = found(p, x(p, 1, 0), x(p, -1, -1), w(p, -1, 0), p.term("g"))
    assert ends == ((-100 - 5 * shape[0], 90 + 7 * shape[0]) if bounds else None)


def test_rests_that_leave_the_field() -> None:
    part = HALF // 4
    for most, constant, ends in (
        (part // 2, 0, (-4 * (part // 2), 0)),
        (part + 1, 0, None),
        (0, part + 1, None),
        (0, -(2**63), None),
    ):
        p = carry(known=(0, most))
        assert found(p, x(p, 1, 0), x(p, -1, -1), p.term("g"), constant=constant) == ends
    p = carry()
    assert found(p, x(p, 1, 0), x(p, -1, -1), p.term("g", 2**63 - 1)) is None


def test_a_rest_that_reads_x() -> None:
    p = carry()
    p.einsums.append(Einsum("square", (4, 3), (0, 1), (0, 1), (0, 1), p.of("x"), p.of("x")))
    p.zeros.append(Zero("update", (4, 3), p.expr(x(p, 1, 0), x(p, -1, -1), p.term("square"))))
    assert "accepted" not in verdicts(p.done())
    p = carry()
    p.tensor("y", (4, 3), Witness(), -HALF, HALF)
    p.zeros.append(Zero("copy", (4, 3), p.expr(p.term("y"), p.term("x", -1))))
    p.zeros.append(Zero("update", (4, 3), p.expr(x(p, 1, 0), x(p, -1, -1), p.term("y"))))
    assert "accepted" not in verdicts(p.done())


# ---------------------------------------------------------------- what it says is true
def random_term(p: Build, rng: random.Random, name: str, zero: Shape, along: int) -> Term:
    """A new public tensor: each axis of the zero shows it, is one of its axes, shifted, turned or doubled, or fixes a step."""
    extents = [rng.randint(1, 3) for _ in range(rng.randint(0, len(zero)))]
    p.tensor(name, tuple(extents), Public(), *sorted(rng.choices(range(-9, 10), k=2)))
    targets = rng.sample(range(len(zero)), len(extents))
    links = [link([(t, rng.choice([1, 1, -1, 2]))], [(s, 1)], rng.randrange(-2, 4)) for s, t in enumerate(targets)]
    links = [one for one in links if rng.random() < 0.8]
    if along not in targets and rng.random() < 0.5:
        links.append(link([(along, 1)], [], -rng.randrange(-1, 5)))
    return p.term(name, rng.choice([1, -1, 2, -3]), tuple(links))


def random_recurrence(rng: random.Random) -> tuple[Program, int]:
    """x, tensor 0, carried along an axis of one or two, beside terms that meet all, some or none, and a constant; the axis."""
    p = Build("random", [])
    rank = rng.choice([1, 1, 2])
    zero = tuple(rng.randint(1, 4) for _ in range(rank))
    along, e = rng.randrange(rank), rng.choice([1, -1])
    p.tensor("x", tuple(rng.randint(1, n) if i == along else n for i, n in enumerate(zero)), Witness(), -(2**61), 2**61)
    before = p.term("x", -e, tuple(axis(i, -1 if i == along else 0) for i in range(rank)))
    rest = [random_term(p, rng, f"g{i}", zero, along) for i in range(rng.randint(1, 3))]
    terms = [p.term("x", e), before, *rest]
    rng.shuffle(terms)
    p.zeros.append(Zero("update", zero, p.expr(*terms, constant=rng.choice([0, 0, 3, -2]))))
    return p.done(), along


def solved(program: Program, along: int, values: dict[str, list[int]]) -> list[int]:
    """x for these values of the others, in integers, one step after the other."""
    (zero,) = program.zeros
    (e,) = (t.coef for t in zero.expr.terms if t.source.index == 0 and t.links[along].offset == 0)
    others = tuple(term for term in zero.expr.terms if term.source.index != 0)
    rest = Execution(program, values).expr(replace(zero.expr, terms=others), zero.shape)
    by_index = dict(zip(indices(zero.shape), rest, strict=True))
    out: dict[tuple[int, ...], int] = {}
    for at in indices(program.shape_of(0)):
        last = out.get((*at[:along], at[along] - 1, *at[along + 1 :]), 0)
        out[at] = last - e * by_index[at]
    return list(out.values())


def test_extremes_lie_within_what_is_derived() -> None:
    """Every corner of what the other tensors may be: the recurrence, solved in integers, stays inside, and all three agree."""
    rng, tight, met = random.Random(12), 0, 0
    for _ in range(300):
        program, along = random_recurrence(rng)
        free = program.tensors[1:]
        if sum(prod(t.shape) for t in free) > 8:
            continue
        met += 1
        (lo, hi) = Intervals(program).known[0]
        assert derive(pg.Program.decode(encode_program(program))).known[0] == (lo, hi)
        tensors = (replace(program.tensors[0], lo=2**61, hi=2**61), *free)
        assert f"[{lo}, {hi}]" in rust(replace(program, tensors=tensors))
        reached = set[int]()
        for corner in product(*(sorted({t.lo, t.hi}) for t in free for _ in range(prod(t.shape)))):
            values, at = {}, 0
            for t in free:
                values[t.name] = list(corner[at : at + prod(t.shape)])
                at += prod(t.shape)
            reached |= set(solved(program, along, values))
        assert lo <= min(reached)
        assert max(reached) <= hi
        tight += (lo, hi) == (min(0, *reached), max(0, *reached))
    # It is no gross bound: in many programs both ends are reached.
    assert met > 100
    assert tight > met // 8


def random_program(rng: random.Random) -> Program:
    """Recurrences of one another's tensors, some of them broken in one place, beside lookups and sums."""
    p = Build("random", [])
    p.tables += [Table("range", Range(-9, 20)), Table("high", Range(6, 9))]
    p.tensor("known", (3,), Public(), *sorted(rng.sample(range(-9, 10), 2)))
    names = [f"t{i}" for i in range(4)]
    for name in names:
        p.tensor(name, (rng.choice([3, 3, 3, 2, 4]),), Witness(), -(2**61), 2**61)

    def other() -> Term:
        links = rng.choice([None, None, (link([(0, 1)], [], -rng.randrange(-1, 4)),), (axis(0, rng.randrange(-2, 3)),)])
        return p.term(rng.choice([*names, "known", "known"]), rng.choice([1, -1, 2]), links)

    def zero(name: str) -> Expr:
        e = rng.choice([1, -1])
        own = [
            p.term(name, e),
            p.term(name, rng.choice([-e, -e, -e, e, 2]), (axis(0, rng.choice([-1] * 6 + [1, -2])),)),
        ]
        terms = [*own, *(other() for _ in range(rng.randint(0, 2)))]
        if rng.random() < 0.3:
            again = rng.choice(names)
            terms += [p.term(again), p.term(again, -1, (axis(0, -1),))]
        rng.shuffle(terms)
        return p.expr(*terms, constant=rng.randrange(-2, 3))

    for name in rng.sample(names, rng.randint(0, 2)):
        p.range_check(name, rng.choice([0, 0, 1]))
    for i in range(4):
        p.zeros.append(Zero(f"z{i}", (3,), zero(rng.choice(names))))
    p.lookups.append(Lookup("l", 0, (3,), p.of("known"), 0, zero(names[0])))
    return p.done()


def test_all_three_derive_the_same() -> None:
    """Random programs: what one verifier derives, refuses or counts, the other does; the compiler's own check never says more."""
    rng, met = random.Random(5), Counter[str]()
    for _ in range(600):
        program = random_program(rng)
        try:
            known = Intervals(program).known
        except Refused:
            assert "a value that all relations allow" in rust(program)
            met["empty"] += 1
            continue
        for index, interval in enumerate(known):
            if index and interval is not None:
                tensors = list(program.tensors)
                tensors[index] = replace(tensors[index], lo=2**61, hi=2**61)
                assert f"[{interval[0]}, {interval[1]}]" in rust(replace(program, tensors=tuple(tensors)))
                met["derived"] += 1
        coarse = derive(pg.Program.decode(encode_program(program))).known
        for index, (lo, hi) in coarse.items():
            assert lo <= known[index][0]
            assert known[index][1] <= hi
        try:
            validate(program)
        except Refused:
            assert rust(program) != "accepted"
            met["refused"] += 1
        else:
            assert rust(program) == "accepted"
            met["accepted"] += 1
    assert min(met[kind] for kind in ("empty", "derived", "refused", "accepted")) > 20, met


def test_a_zero_of_many_pairs_is_searched_once() -> None:
    """Each of 2^15 tensors twice: partners are found by tensor, not by trying all pairs of terms."""
    p = Build("many", [])
    tensors = [Tensor(f"t{i}", (2,), Witness(), 0, 0) for i in range(2**15)]
    terms = [Term(coef, OfTensor(i), same([(0, 0)])) for coef in (2, -2) for i in range(len(tensors))]
    zero = Zero("none", (2,), Expr(0, tuple(terms)))
    p.tensors = tensors
    program = p.done()
    assert recurrence_of(program, zero) is None
    assert "no lookup or zero bounds" in rust(replace(program, zeros=(zero,)))
