"""Index links: what they pick, at every point; what is none; what follows of intervals and of work. Docs: program.md, 2 and 5."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from test_argument import change, false_claims, slug_of
from test_steps import rust
from test_structure import refused
from toy import cases, programs
from toy.commit import Random, block
from toy.execute import Execution
from toy.programs import Build, link, picked

from tacit import program as pg
from tacit.program.intervals import derive
from tacit.reference import Refused, validate, work
from tacit.reference.field import HALF, ZERO, K, add, eq_table, lift, mul, scale
from tacit.reference.forms import Extender, split
from tacit.reference.intervals import Intervals
from tacit.reference.program import (
    Constant,
    Einsum,
    Expr,
    InSlab,
    LinearHint,
    Link,
    OfTensor,
    Program,
    Public,
    Shape,
    Tensor,
    Term,
    Witness,
    Zero,
    encode_program,
    shape_bits,
    valid_entries,
)


# ---------------------------------------------------------------- what an index picks
def random_case(seed: int) -> tuple[Program, Expr, Shape, list[list[int]]]:
    """An expression of a tensor that a public index picks from, other axes linked, broadcast or summed; all values."""
    rnd = random.Random(seed)
    target = tuple(rnd.randrange(1, 5) for _ in range(rnd.randrange(4)))
    source = tuple(rnd.randrange(1, 6) for _ in range(rnd.randrange(1, 4)))
    axes = rnd.sample(range(len(target)), rnd.randrange(len(target) + 1))
    axis, offset, turn = rnd.randrange(len(source)), rnd.randrange(-1, 2), rnd.choice((1, 1, -1))
    links = [Link(tuple((t, 1) for t in axes), ((axis, turn),), offset, 1)]
    for s in (s for s in range(len(source)) if s != axis):
        free = [t for t in range(len(target)) if not any(t == other for one in links for other, _ in one.target)]
        if free and rnd.random() < 0.7:
            links.append(link([(rnd.choice(free), 1)], [(s, 1)], rnd.randrange(-1, 2)))
    rnd.shuffle(links)
    shapes = [source, tuple(target[t] for t in axes)]
    last = source[axis]
    lo, hi = (-1, last) if turn == 1 else (-last, 1)
    values = [[rnd.randrange(-9, 10) for _ in range(valid_entries(source))]]
    values.append([rnd.randint(lo, hi) for _ in range(valid_entries(shapes[1]))])
    tensors = (Tensor("x", source, Witness(), -9, 9), Tensor("q", shapes[1], Public(), lo, hi))
    terms = (Term(rnd.choice((-3, 1, 2)), OfTensor(0), tuple(links)), Term(2, OfTensor(0), ()))
    program = Program(2, "random", (), tensors, (), (), (), (), (), (), ())
    return program, Expr(rnd.randrange(-4, 5), terms), target, values


@pytest.mark.parametrize("seed", range(150))
def test_adjoint_is_the_extension(seed: int) -> None:
    program, expr, target, values = random_case(seed)
    run = Execution(program, {"x": values[0], "q": values[1]})
    point = Random(bytes([seed])).k(shape_bits(target))
    wanted = ZERO
    for e, v in zip(eq_table(point), block(target, run.expr(expr, target)), strict=True):
        wanted = add(wanted, scale(e, v))
    shapes = [t.shape for t in program.tensors]

    hidden = Extender(shapes, {1: values[1]}).extend(expr, target, split(target, point)).value
    value: K = hidden.constant
    cells = [lift(x) for x in block(shapes[0], values[0])]
    for scalar, form in hidden.forms:
        value = add(value, mul(scalar, form.apply(cells, 0)))
    assert value == wanted
    padding = [lift(1 - ok) for ok in block(shapes[0], [1] * len(values[0]))]
    assert all(form.apply(padding, 0) == ZERO for _, form in hidden.forms)

    public = Extender(shapes, dict(enumerate(values))).extend(expr, target, split(target, point)).value
    assert (public.constant, public.forms) == (wanted, ())


def test_an_index_picks_what_it_says() -> None:
    case = cases.honest("gathered")
    case.verify()
    q, x, w, turn = (case.run.values[i] for i in range(4))
    rows = [x[4 * i : 4 * i + 4] if i < 5 else [0] * 4 for i in q]
    assert len(set(q)) < len(q)
    assert max(q) >= 5
    y = [sum(a * b for a, b in zip(row, w, strict=True)) - 2 * row[0] + 1 for row in rows]
    columns = [sum(x[i::4]) if 0 <= i < 4 else 0 for i in (turn[2 * b + a] - 1 for a in range(2) for b in range(3))]
    assert case.proof.publics == [q, y, [3 * c for c in columns]]


# ---------------------------------------------------------------- what is none
def indexed(tensor: dict | None = None, hint: bool = False, **changes) -> Program:
    """`gathered`, its first link changed, or its index."""
    program = replace(programs.gathered(), inputs=())
    at = [t.name for t in program.tensors].index("q")
    tensors = [replace(t, **(tensor or {})) if i == at else t for i, t in enumerate(program.tensors)]
    ((term,), einsum) = program.einsums[0].a.terms, program.einsums[0]
    links = (replace(term.links[0], **changes), *term.links[1:])
    a = replace(einsum.a, terms=(replace(term, links=links),))
    if hint:
        hints = (*program.hints, LinearHint(at, Expr(0, (replace(term, links=(replace(term.links[0], **changes),)),))))
        return replace(program, hints=hints)
    return replace(program, tensors=tuple(tensors), einsums=(replace(einsum, a=a),))


BAD_INDICES = {
    "none of the program": {"index": 99},
    "committed": {"index": 1},
    "in a slab": {"tensor": {"place": InSlab(1)}},
    "a witness": {"tensor": {"place": Witness()}},
    "a constant of another shape": {"index": 3},
    "turned": {"tensor": {"shape": (3, 2)}},
    "flat": {"tensor": {"shape": (6,)}},
    "with an axis of one": {"tensor": {"shape": (2, 3, 1)}},
    "axes in another order": {"target": ((1, 1), (0, 1))},
    "an axis less": {"target": ((0, 1),)},
    "no axis": {"target": ()},
    "a target stride": {"target": ((0, 1), (1, 2))},
    "a target stride of -1": {"target": ((0, -1), (1, 1))},
    "a source stride": {"source": ((0, 2),)},
    "no source axis": {"source": ()},
    "in a hint": {"hint": True, "index": 1},
}


GOOD_INDICES = {
    "as it is": {},
    "turned and far": {"source": ((0, -1),), "offset": -(2**31)},
    "a constant": {"tensor": {"place": Constant((0,) * 6)}},
    "of any number": {"tensor": {"lo": -HALF, "hi": HALF}},
    "in a hint": {"hint": True},
}


@pytest.mark.parametrize("fields", GOOD_INDICES.values(), ids=GOOD_INDICES)
def test_indices_within_the_rules(fields: dict) -> None:
    validate(indexed(**fields))
    assert rust(indexed(**fields)) == "accepted"


@pytest.mark.parametrize("fields", BAD_INDICES.values(), ids=BAD_INDICES)
def test_what_is_no_index(fields: dict) -> None:
    program = indexed(**fields)
    assert refused(program).place in ("einsum forward", "hint 2")
    assert "an index" in rust(program)


def test_an_einsum_is_not_picked() -> None:
    program = programs.gathered()
    output = next(zero for zero in program.zeros if zero.name == "y")
    (term,) = (t for t in output.expr.terms if not isinstance(t.source, OfTensor))
    index = Tensor("n", (2,), Constant((0, 1)), 0, 1)
    own = replace(term, links=(replace(term.links[0], index=len(program.tensors)), *term.links[1:]))
    zero = replace(output, expr=replace(output.expr, terms=(own, *output.expr.terms[1:])))
    changed = replace(program, tensors=(*program.tensors, index), zeros=(zero, *program.zeros[1:]))
    assert refused(changed).place == "zero y"
    assert "einsum_term" in rust(changed) or "as it is" in rust(changed)


def test_statements_of_another_index() -> None:
    """Reordered, repeated, left out, beyond the declared interval, one too many or too few."""
    case = cases.honest("gathered")
    q, *others = (list(values) for values in case.proof.publics)
    row = next(i for i in range(5) if i != q[0])
    for other in ([q[1], q[0], *q[2:]] if q[0] != q[1] else [], [row, *q[1:]], [9 - q[0] % 2, *q[1:]]):
        assert other != q
        slug = slug_of(lambda other=other: case.verify(publics=[other, *others]))
        assert slug in (("public_shape",) if not other else ("grinding", "merkle", "alpha"))
    for other, slug in (
        ([10, *q[1:]], "public_interval"),
        ([-1, *q[1:]], "public_interval"),
        ([2**64, *q[1:]], "public_interval"),
        (q[1:], "public_shape"),
        ([*q, 0], "public_shape"),
    ):
        assert slug_of(lambda other=other: case.verify(publics=[other, *others])) == slug


def test_other_rows_than_the_index_says() -> None:
    """A prover whose answers are those of other records; the statement keeps the index."""
    program = programs.gathered()
    honest = cases.honest("gathered").run.values
    other = [(i + 1) % 5 for i in honest[0]]
    lied = Execution(program, {"q": other, "x": honest[1], "w": honest[2]}).values
    y = next(i for i, t in enumerate(program.tensors) if t.name == "y")
    spoils = [
        change("y", i, new - old) for i, (new, old) in enumerate(zip(lied[y], honest[y], strict=True)) if new != old
    ]
    assert spoils

    def spoil(run: Execution) -> None:
        for each in spoils:
            each(run)

    case = cases.prove_case(program, programs.TWO_LEVELS, programs.values_for(program), spoil=spoil, max_fold=7)
    assert case.run.check() == ["zero y"]
    assert case.proof.publics[0] == honest[0]
    assert false_claims(case) == ["einsums, zeros and lookups"]
    assert slug_of(case.verify) == "final_claim"


# ---------------------------------------------------------------- intervals
@pytest.mark.parametrize(
    ("place", "ends", "offset", "stride", "exactly"),
    [
        (Public(), (0, 4), 0, 1, True),
        (Public(), (0, 5), 0, 1, False),
        (Public(), (-1, 4), 0, 1, False),
        (Public(), (1, 5), -1, 1, True),
        (Public(), (0, 5), -1, 1, False),
        (Public(), (-4, 0), 0, -1, True),
        (Public(), (0, 4), -4, -1, True),
        (Public(), (0, 4), 0, -1, False),
        (Constant((4, 0, 1, 2, 2, 3)), (-9, 9), 0, 1, True),
        (Constant((4, 0, 1, 2, 2, 5)), (-9, 9), 0, 1, False),
        (Public(), (-HALF, HALF), -(2**31), 1, False),
        (Public(), (-HALF, HALF), 2**31 - 1, -1, False),
    ],
)
def test_intervals_of_what_is_picked(place, ends: tuple[int, int], offset: int, stride: int, exactly: bool) -> None:
    p = Build("interval", [("data", True)])
    p.tensor("q", (6,), place, *ends)
    p.tensor("x", (5,), "data", 20, 30)
    p.tensor("y", (6,), Witness(), -(2**61), 2**61)
    p.zeros.append(Zero("y", (6,), p.expr(p.term("x", -2, (Link(((0, 1),), ((0, stride),), offset, 0),)), p.term("y"))))
    program = p.done()
    expected = (40 if exactly else 0, 60)
    assert Intervals(program).known[2] == expected
    tensors = (*program.tensors[:2], replace(program.tensors[2], lo=2**61))
    assert f"[{expected[0]}, {expected[1]}]" in rust(replace(program, tensors=tensors))
    # The compiler's own is coarser, never finer.
    assert derive(pg.Program.decode(encode_program(program))).known[2] == (0, 60)


def picking(*terms: str) -> Program:
    """A zero of these terms over (3,) that is to bound x; q is 0, 1, 2 in order, so that all say the same of the values."""
    p = Build("narrowed", [])
    p.tensor("q", (3,), Constant((0, 1, 2)), 0, 2)
    p.tensor("x", (3,), Witness(), -(2**61), 2**61)
    p.tensor("g", (3,), Public(), 0, 1)
    made = {
        "x": p.term("x"),
        "x before": p.term("x", -1, (link([(0, 1)], [(0, 1)], -1),)),
        "picked": p.term("x", 1, (picked([0], 0, 0),)),
        "picked before": p.term("x", -1, (picked([0], 0, 0, -1),)),
    }
    p.zeros.append(Zero("x", (3,), p.expr(*(made[name] for name in terms), p.term("g", -1))))
    return p.done()


def test_what_is_picked_is_not_narrowed() -> None:
    for terms in (["x"], ["x", "x before"]):
        validate(picking(*terms))
        assert rust(picking(*terms)) == "accepted"
    for terms in (["picked"], ["picked", "x before"], ["x", "picked before"]):
        assert Intervals(picking(*terms)).known[1] is None
        assert refused(picking(*terms)).place == "zero x"
        assert "no lookup or zero bounds" in rust(picking(*terms))


def random_program(rng: random.Random) -> Program:
    """Relations that narrow one another through links, some of which pick by a constant or a public index."""
    p = Build("random", [])
    n = rng.randint(1, 4)
    values = tuple(rng.randint(-1, n) for _ in range(n))
    p.tensor("fixed", (n,), Constant(values), -9, 9)
    p.tensor("known", (n,), Public(), *sorted(rng.choices(range(-2, n + 1), k=2)))
    names = ["a", "b", "c"]
    for name in names:
        p.tensor(name, (n,), Witness(), -(2**61), 2**61)

    def term() -> Term:
        pick = Link(((0, 1),), ((0, rng.choice([1, 1, -1])),), rng.randrange(-1, 2), rng.randrange(2))
        name = rng.choice([*names, "known", "fixed"])
        return p.term(
            name, rng.choice([1, -1, 2, -3]), rng.choice([None, (pick,), (pick,), (link([(0, 1)], [(0, 1)], 1),)])
        )

    for i, name in enumerate(names):
        own = p.term(name, rng.choice([1, -1]))
        p.zeros.append(
            Zero(f"z{i}", (n,), p.expr(own, *(term() for _ in range(rng.randint(1, 2))), constant=rng.randrange(9)))
        )
    p.einsums.append(Einsum("e", (n,), (0,), (0,), (), p.expr(term()), p.expr(term())))
    p.output("y", (), p.expr(p.term("e")), -(2**40), 2**40)
    return p.done()


def test_both_verifiers_derive_the_same() -> None:
    rng, met = random.Random(8), Counter[str]()
    for _ in range(400):
        program = random_program(rng)
        known = Intervals(program).known
        for index, interval in enumerate(known):
            if isinstance(program.tensors[index].place, Witness) and interval is not None:
                tensors = list(program.tensors)
                tensors[index] = replace(tensors[index], lo=2**61, hi=2**61)
                assert f"[{interval[0]}, {interval[1]}]" in rust(replace(program, tensors=tuple(tensors)))
                met["derived"] += 1
        try:
            validate(program)
        except Refused:
            assert rust(program) != "accepted"
            met["refused"] += 1
        else:
            assert rust(program) == "accepted"
            met["accepted"] += 1
    assert min(met[kind] for kind in ("derived", "refused", "accepted")) > 40, met


# ---------------------------------------------------------------- work
def test_entries_of_an_index_are_work() -> None:
    """Those of the link's target axes and, once more, those of the tensor that is read."""
    p = Build("work", [("data", True)])
    p.tensor("q", (7,), Public(), 0, 9)
    p.tensor("x", (5,), "data", 0, 1)
    plain, by_index = p.term("x", 1, (link([(0, 1)], [(0, 1)]),)), p.term("x", 1, (picked([0], 0, 0),))
    program = p.done()
    costs = [work.expression_work(program, p.expr(term), (7,)) for term in (plain, by_index)]
    assert costs == [8 + 5 + 7 + 5, 8 + 5 + 7 + 5 + 7]
