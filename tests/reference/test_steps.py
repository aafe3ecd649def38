"""Work that follows the bytes: how many steps intervals may take to settle, the same for every verifier.

Docs: program.md, section 5.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from toy.programs import SECURE, Build, link

from tacit import _native
from tacit import program as pg
from tacit.program.intervals import OutOfField, UnknownInterval, check_program
from tacit.reference import Refused, validate
from tacit.reference.commitment import GEOMETRY_CODEC
from tacit.reference.intervals import STEPS, STEPS_EACH, Intervals
from tacit.reference.program import (
    Constant,
    Einsum,
    Expr,
    Lookup,
    Program,
    Public,
    Range,
    Relu,
    Table,
    Term,
    Values,
    Witness,
    Zero,
    encode_program,
)

#: x_0 = y_1 and the like: index 1 meets no entry, so the term's interval holds 0.
NEXT = (link([(0, 1)], [(0, 1)], 1),)


def creep(reach: int, copies: int, padding: int = 0) -> Program:
    """x <= y - 1 and y <= x, in turn, from `reach` down to 0: two looks narrow by 1. There it ends, and the program is valid.

    `copies` of each relation read x and y, as do an einsum, its zero and a lookup's output. `padding` terms only add looks.
    """
    p = Build("creep", [])
    p.tables += [Table("range", Range(-8, reach + 9)), Table("relu", Relu(-8, 16))]
    for name in "xy":
        p.tensor(name, (2,), Witness(), -8, reach)
        p.range_check(name, 0)
    for name in ("square", "moved"):
        p.tensor(name, (2,), Witness(), -(2**60), 2**60)
    p.tensor("known", (2,), Public(), 0, 1)
    p.lookups.append(Lookup("moved", 1, (2,), p.of("known"), 0, p.expr(p.term("moved"), p.term("y", -1))))
    p.einsums.append(Einsum("yy", (2,), (0,), (0,), (0,), p.of("y"), p.of("y")))
    p.zeros.append(Zero("square", (2,), p.expr(p.term("square"), p.term("yy", -1))))
    for _ in range(copies):
        p.zeros.append(Zero("x", (2,), p.expr(p.term("x"), p.term("y", -1, NEXT), constant=1)))
        p.zeros.append(Zero("y", (2,), p.expr(p.term("y"), p.term("x", -1, NEXT))))
    p.zeros.append(Zero("padding", (2,), p.expr(*[p.term("known")] * padding)))
    return p.done()


def rust(program: Program) -> str:
    """What Rust says."""
    try:
        _native.Program(encode_program(program), GEOMETRY_CODEC.write(SECURE), 1, "")
    except _native.Failure as failure:
        return " ".join(map(str, failure.args))
    return "accepted"


def verdicts(program: Program) -> tuple[str, str, str]:
    """Rust, the second verifier, the compiler's own check."""
    second = third = "accepted"
    try:
        validate(program)
    except Refused as refusal:
        second = str(refusal)
    try:
        check_program(pg.Program.decode(encode_program(program)))
    except (OutOfField, UnknownInterval) as error:
        third = str(error)
    return rust(program), second, third


def uncounted(program: Program, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """The steps to the end, and the limit."""
    with monkeypatch.context() as patch:
        patch.setattr("tacit.reference.intervals.STEPS", 2**40)
        found = Intervals(program)
    return found.steps, found.limit - 2**40 + STEPS


def test_the_last_step_and_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    last, beyond = creep(11814, 20, 27), creep(11897, 20, 145)
    steps, limit = uncounted(last, monkeypatch)
    assert steps == limit
    assert verdicts(last) == ("accepted",) * 3
    steps, limit = uncounted(beyond, monkeypatch)
    assert steps == limit + 1
    one, two, three = verdicts(beyond)
    assert f"intervals that settle within {limit} steps" in one
    assert f"do not settle within {limit} steps" in two
    assert f"do not settle within {limit} steps" in three


@pytest.mark.parametrize("copies", [50, 2000])
def test_creeping_is_refused_after_counted_steps(copies: int) -> None:
    """Each look wakes as many readers as there are copies: they count, whether they wait already or not."""
    program = creep(2**19, copies)
    for verdict in verdicts(program):
        assert "settle within" in verdict
    limit = STEPS + STEPS_EACH * (6 * copies + 12)
    with pytest.raises(Refused, match=f"within {limit} steps"):
        Intervals(program)


def test_long_sums_are_looked_at_once() -> None:
    """Every rest comes from one total: steps grow with the terms, not with their square."""
    p = Build("long", [])
    p.tables.append(Table("range", Range(0, 4)))
    names = [f"t{i}" for i in range(1000)]
    for name in names:
        p.tensor(name, (2,), Witness(), 0, 3)
        p.range_check(name, 0)
    p.zeros.append(Zero("sum", (2,), p.expr(*(p.term(name) for name in names), constant=-5)))
    program = p.done()
    # Outputs are empty sums; the one zero is looked at once and narrows nothing.
    assert Intervals(program).steps == 1000 + 1001
    assert verdicts(program) == ("accepted",) * 3


def test_chain_of_einsums_counts_both_operands() -> None:
    p = Build("squares", [])
    p.tensor("t0", (2,), Public(), -1, 1)
    for i in range(3):
        p.tensor(f"t{i + 1}", (2,), Witness(), -1, 1)
        p.einsums.append(Einsum(f"e{i}", (2,), (0,), (0,), (0,), p.of(f"t{i}"), p.of(f"t{i}")))
    for i in range(3):
        p.zeros.append(Zero(f"z{i}", (2,), p.expr(p.term(f"t{i + 1}"), p.term(f"e{i}", -1))))
    # A look at an einsum or a zero is 3 steps. t_i has 3 readers (its einsum twice, its zero), e_i has one.
    # Looks: e0 e1 e2 z0 z1 z2, e1 z0 z1, e2 z1 z2, z2. Changes: e0 t1, e1 t2, e2 t3 (which only its zero reads).
    assert Intervals(p.done()).steps == 3 * 13 + (1 + 3) + (1 + 3) + (1 + 1)


@pytest.mark.parametrize("count", [1, 2])
def test_sums_beyond_128_bits_are_refused_by_all(count: int) -> None:
    """Terms beyond 2^96 count as unknown, even where they cancel: no order of the sum matters."""
    p = Build("cancel", [])
    p.tensor("huge", (2,), Constant((2**62, 2**62)), 2**62, 2**62)
    terms = [p.term("huge", 2**62)] * count + [p.term("huge", -(2**62))] * count
    p.zeros.append(Zero("cancel", (2,), p.expr(*terms)))
    one, two, three = verdicts(p.done())
    assert "beyond 2^96" in one
    assert "2^96" in two
    assert "beyond the field" in three


def test_many_lookups_of_one_long_table() -> None:
    """The ends of a table's outputs are found once a table, whatever the number of its lookups."""
    p = Build("long table", [])
    p.tables.append(Table("values", Values(0, (0, *range(2**14 - 1)))))
    p.tensor("x", (2,), Public(), 0, 9)
    p.lookups += [Lookup(f"l{i}", 0, (2,), p.of("x"), 0, p.of("x")) for i in range(300)]
    looked_at = 0

    class Counting(tuple[int, ...]):
        def __iter__(self):
            nonlocal looked_at
            looked_at += 1
            return super().__iter__()

    p.tables[0] = Table("values", Values(0, Counting(p.tables[0].kind.outs)))
    validate(p.done())
    assert looked_at < 10


def random_program(rng: random.Random) -> Program:
    """Tensors, tables and relations that narrow one another, through links that meet all, some or none."""
    p = Build("random", [])
    p.tables += [Table("range", Range(-9, 20)), Table("relu", Relu(-4, 12))]
    p.tensor("known", (3,), Public(), *sorted(rng.sample(range(-9, 10), 2)))
    names = [f"t{i}" for i in range(5)]
    for name in names:
        p.tensor(name, (3,), Witness(), -(2**61), 2**61)

    def term() -> Term:
        links = rng.choice(
            [None, None, None, (link([(0, 1)], [(0, rng.choice([1, -1, 2]))], rng.randrange(-3, 9)),), ()]
        )
        return p.term(rng.choice([*names, "known"]), rng.choice([1, 1, -1, -1, 2, -3]), links)

    def expr(most: int) -> Expr:
        return p.expr(*(term() for _ in range(rng.randint(1, most))), constant=rng.randrange(-4, 5))

    for i in range(2):
        p.einsums.append(Einsum(f"e{i}", (3,), (0,), (0,), (0,), expr(2), expr(2)))
    for name in rng.sample(names, 2):
        p.range_check(name, 0)
    p.lookups.append(Lookup("l", 1, (3,), p.of("known"), 0, expr(2)))
    for i in range(5):
        own = p.term(names[i], rng.choice([1, -1]))
        more = [p.term(f"e{rng.randrange(2)}")] if rng.random() < 0.4 else []
        p.zeros.append(Zero(f"z{i}", (3,), p.expr(own, *expr(2).terms, *more, constant=rng.randrange(-4, 5))))
    return p.done()


def test_both_verifiers_derive_the_same() -> None:
    """Random programs: accepted by both, or one interval named by both, or empty, unknown or too wide for both."""
    rng, met = random.Random(3), Counter[str]()
    for _ in range(1000):
        program = random_program(rng)
        try:
            known = Intervals(program).known
        except Refused:
            assert "a value that all relations allow" in rust(program)
            met["empty"] += 1
            continue
        # A declaration that holds nothing makes Rust say what it derived.
        for index, interval in enumerate(known):
            if index == 0 or interval is None:
                continue
            tensors = list(program.tensors)
            tensors[index] = replace(tensors[index], lo=2**61, hi=2**61)
            said = rust(replace(program, tensors=tuple(tensors)))
            assert "to contain what follows" in said
            assert f"[{interval[0]}, {interval[1]}]" in said
            met["derived"] += 1
        try:
            validate(program)
        except Refused:
            assert rust(program) != "accepted"
            met["refused"] += 1
        else:
            assert rust(program) == "accepted"
            met["accepted"] += 1
    assert min(met[kind] for kind in ("empty", "derived", "refused", "accepted")) > 20
