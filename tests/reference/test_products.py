"""Bare products: zeros that are one product, whose factors alone are bounded. Docs: program.md, section 5."""

from __future__ import annotations

import pytest
from toy import cases, programs
from toy.programs import Build, link

from tacit.reference import Refused, validate
from tacit.reference.field import HALF, P
from tacit.reference.program import (
    Einsum,
    Expr,
    Link,
    Lookup,
    Place,
    Program,
    Public,
    Range,
    Shape,
    Table,
    Witness,
    Zero,
)

FOUR: Shape = (4,)


def product(out: tuple[int, ...] = (0,), coef: int = 1) -> Build:
    """x * y of 41 bits each; coef: of x in its operand."""
    p = Build("product", [("data", True)])
    p.tensor("x", FOUR, "data", -(2**40), 2**40)
    p.tensor("y", FOUR, "data", -(2**40), 2**40)
    p.einsums.append(Einsum("xy", FOUR, (0,), (0,), out, p.expr(p.term("x", coef)), p.of("y")))
    return p


def zero(p: Build, *others, coef: int = 1, constant: int = 0, shape: Shape = FOUR) -> Program:
    p.zeros.append(Zero("xy", shape, p.expr(p.term("xy", coef), *others, constant=constant)))
    return p.done()


def judged(program: Program) -> str:
    try:
        validate(program)
    except Refused as refused:
        return refused.place if refused.slug == "program" else refused.slug
    return "accept"


def test_alone() -> None:
    assert judged(zero(product())) == "accept"
    assert judged(zero(product(), coef=-1)) == "accept"
    p = product()
    zero(p)
    assert judged(zero(p, coef=-1)) == "accept"


def test_with_anything_else() -> None:
    p = product()
    for program in (
        zero(product(), coef=2),
        zero(product(), coef=-(2**63)),
        zero(product(), constant=1),
        zero(product(), p.term("x")),
        zero(product(), p.term("xy")),
        zero(product(), p.term("xy", -1)),
    ):
        assert judged(program) == "zero xy"


def test_summed() -> None:
    assert judged(zero(product(()), shape=())) == "zero xy"
    one = Build("one", [("data", True)])
    one.tensor("x", (1,), "data", -(2**40), 2**40)
    one.einsums.append(Einsum("xy", (1,), (0,), (0,), (), one.of("x"), one.of("x")))
    assert judged(zero(one, shape=())) == "zero xy"


def test_read_elsewhere() -> None:
    assert judged(product().done()) == "einsum xy"
    for place in ("input", "output"):
        p = product()
        zero(p)
        p.tables.append(Table("t", Range(0, 1)))
        sides = {"input": Expr(0, ()), "output": Expr(0, ()), place: p.of("xy")}
        p.lookups.append(Lookup("l", 0, FOUR, sides["input"], 0, sides["output"]))
        assert judged(p.done()) == "lookup l"
    p = product()
    zero(p)
    p.zeros.append(Zero("other", FOUR, p.expr(p.term("xy"), p.term("x"))))
    assert judged(p.done()) == "zero other"


@pytest.mark.parametrize(
    ("place", "reach", "constant", "expected"),
    [
        ("data", HALF, 0, "accept"),
        ("data", HALF, 1, "einsum xx"),
        ("data", HALF, -1, "einsum xx"),
        (Public(), HALF, 0, "accept"),
        (Witness(), 1, 0, "einsum xx"),
    ],
)
def test_factors(place: Place | str, reach: int, constant: int, expected: str) -> None:
    p = Build("factors", [("data", True)])
    p.tensor("x", FOUR, place, -reach, reach)
    p.einsums.append(Einsum("xx", FOUR, (0,), (0,), (0,), p.expr(p.term("x"), constant=constant), p.of("x")))
    p.zeros.append(Zero("xx", FOUR, p.of("xx")))
    assert judged(p.done()) == expected


def test_factors_with_coefficients_and_sums() -> None:
    assert judged(zero(product(coef=2**22))) == "accept"
    assert judged(zero(product(coef=2**23))) == "einsum xy"
    # Both entries of a pair meet at one index: 2 * 2^62 leaves the field.
    for reach, expected in ((2**61, "accept"), (2**62, "einsum xy")):
        p = Build("sums", [("data", True)])
        p.tensor("x", (4, 2), "data", -reach, reach)
        p.tensor("y", FOUR, "data", -(2**60), 2**60)
        pairs: tuple[Link, ...] = (link([(0, 1)], [(0, 1)]),)
        p.einsums.append(Einsum("xy", FOUR, (0,), (0,), (0,), p.expr(p.term("x", links=pairs)), p.of("y")))
        assert judged(zero(p)) == expected


def given(x: list[int], y: list[int]) -> cases.Case:
    p = product()
    p.tensor("z", (), Public(), 0, 0)
    p.zeros.append(Zero("z", (), p.of("z")))
    return cases.prove_case(zero(p), programs.TWO_LEVELS, {"x": x, "y": y, "z": [0]}, max_fold=6)


def test_proofs() -> None:
    """A product that leaves 64 bits, or is 2^32 - 1 modulo p, is not 0; one with a factor 0 is."""
    case = given([2**40, 0, -(2**40), 0], [0, 2**40, 0, 0])
    assert case.run.check() == []
    case.verify()
    assert 2**32 * 2**32 % P == 2**32 - 1
    for x, y in ((2**32, 2**32), (2**40, -(2**40)), (1, 1)):
        lying = given([0, x, 0, 0], [0, y, 0, 0])
        assert lying.run.check() == ["zero xy"]
        with pytest.raises(Refused) as caught:
            lying.verify()
        assert caught.value.slug == "final_claim"
